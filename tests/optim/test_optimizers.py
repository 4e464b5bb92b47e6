"""One line per optimizer, against its formula in plain Python floats; every check on every line.

An optimizer of te.optim without a line here fails the suite.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import pytest

import tinygrad_edu as te
from tinygrad_edu import optim

# One parameter, a number: given θ and g, the next θ. State is kept inside.
Rule = Callable[[float, float], float]


class Line(NamedTuple):
    """An optimizer with options, and its rule for a single number."""

    name: str  # as in te.optim; words after a blank tell variants apart
    options: dict[str, Any]
    rule: Callable[..., Rule]  # made from the options
    golden: list[float] | None = None  # θ₁ … θ₅ for J = ½ θ², θ₀ = 1, α = 0.1


def sgd(
    lr: float, momentum: float = 0.0, nesterov: bool = False, weight_decay: float = 0.0
) -> Rule:
    b = 0.0

    def step(theta: float, g: float) -> float:
        nonlocal b
        g = g + weight_decay * theta
        b = momentum * b + g
        return theta - lr * (g + momentum * b if nesterov else b)

    return step


def adam(
    lr: float = 1e-3,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    bias_correction: bool = True,
    decoupled: bool = False,
) -> Rule:
    """Document 002 §4.2.3; without the correction document 003 §4.1.3."""
    m, v, t = 0.0, 0.0, 0

    def step(theta: float, g: float) -> float:
        nonlocal m, v, t
        t += 1
        if decoupled:
            theta = theta - lr * weight_decay * theta
        else:
            g = g + weight_decay * theta
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g * g
        m_hat = m / (1 - betas[0] ** t) if bias_correction else m
        v_hat = v / (1 - betas[1] ** t) if bias_correction else v
        return theta - lr * m_hat / (math.sqrt(v_hat) + eps)

    return step


def adamw(weight_decay: float = 0.01, **options: Any) -> Rule:
    return adam(weight_decay=weight_decay, decoupled=True, **options)


def adagrad(lr: float = 1e-2, eps: float = 1e-10, weight_decay: float = 0.0) -> Rule:
    squares = 0.0

    def step(theta: float, g: float) -> float:
        nonlocal squares
        g = g + weight_decay * theta
        squares += g * g
        return theta - lr * g / (math.sqrt(squares) + eps)

    return step


def rmsprop(
    lr: float = 1e-2, rho: float = 0.99, eps: float = 1e-8, weight_decay: float = 0.0
) -> Rule:
    v = 0.0

    def step(theta: float, g: float) -> float:
        nonlocal v
        g = g + weight_decay * theta
        v = rho * v + (1 - rho) * g * g
        return theta - lr * g / (math.sqrt(v) + eps)

    return step


ALL = {"lr": 0.02, "betas": (0.5, 0.75), "eps": 0.3, "weight_decay": 0.25}
UNCORRECTED = {"bias_correction": False}
LINES = [
    Line("SGD", {"lr": 0.1}, sgd, [0.9, 0.81, 0.729, 0.6561, 0.59049]),
    Line("SGD slow", {"lr": 1e-4}, sgd),
    Line("SGD momentum", {"lr": 0.01, "momentum": 0.9}, sgd),
    Line("SGD nesterov", {"lr": 0.01, "momentum": 0.9, "nesterov": True}, sgd),
    Line("SGD options", {"lr": 0.01, "momentum": 0.5, "weight_decay": 0.25}, sgd),
    Line(
        "Adam 002", {"lr": 0.1}, adam,
        [0.9000000010, 0.8004122297, 0.7015862745, 0.6039390627, 0.5079636619],
    ),
    Line(
        "Adam 003", {"lr": 0.1, **UNCORRECTED}, adam,
        [0.6837723340, 0.2702061691, -0.1621412074, -0.5071458862, -0.6760725629],
    ),
    Line("Adam defaults", {}, adam),
    Line("Adam options", ALL, adam),
    Line("Adam options 003", {**ALL, **UNCORRECTED}, adam),
    Line("Adam without memory", {"lr": 0.02, "betas": (0, 0)}, adam),
    Line("AdamW defaults", {}, adamw),
    Line("AdamW options", ALL, adamw),
    Line("AdamW options 003", {**ALL, **UNCORRECTED}, adamw),
    Line("Adagrad defaults", {}, adagrad),
    Line("Adagrad options", {"lr": 0.1, "eps": 0.3, "weight_decay": 0.25}, adagrad),
    Line("RMSprop defaults", {}, rmsprop),
    Line("RMSprop options", {"lr": 0.1, "rho": 0.5, "eps": 0.3, "weight_decay": 0.25}, rmsprop),
]  # fmt: skip
OPTIMIZERS = {line.name.split()[0] for line in LINES}
lines = pytest.mark.parametrize("line", LINES, ids=[line.name for line in LINES])
dtypes = pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
W = te.ones(2, requires_grad=True)
RATE = "learning rate lr is at least 0, not"
SHAPES = [(3, 2), (4,), (), (1, 1, 2), (0, 2)]


def make(line: Line, params: list[te.Tensor]) -> optim.Optimizer:
    return getattr(optim, line.name.split()[0])(params, **line.options)


def parameters(dtype: Any = np.float64, device: str = "cpu") -> list[te.Tensor]:
    rng = np.random.default_rng(11)
    values = [np.asarray(rng.standard_normal(shape)).astype(dtype) for shape in SHAPES]
    return [te.tensor(a, requires_grad=True, device=device) for a in values]


def give(params: list[te.Tensor], rng: np.random.Generator) -> list[np.ndarray]:
    """Every parameter gets a random gradient; large and small ones, of either sign."""
    arrays = []
    for x in params:
        g = rng.standard_normal(x.shape) * 10.0 ** rng.integers(-2, 2, x.shape)
        arrays.append(np.asarray(g).astype(x.dtype))
        x.grad = te.tensor(arrays[-1], device=x.device)
    return arrays


def test_every_public_name_is_tested():
    """Schedules and clipping have tests of their own, test_schedules.py and test_clip.py."""
    others = {name for name in optim.__all__ if name.endswith("Schedule") or "clip" in name}
    assert OPTIMIZERS | others | {"Optimizer"} == set(optim.__all__)
    assert all(issubclass(getattr(optim, name), optim.Optimizer) for name in OPTIMIZERS)


@pytest.mark.parametrize(
    ("kind", "wrong", "words"),
    [
        (optim.SGD, {"momentum": 1.0}, "momentum is at least 0 and below 1, not 1.0"),
        (optim.SGD, {"nesterov": True}, "nesterov=True needs a momentum"),
        (optim.Adam, {"betas": (0.9, 1.0)}, "each of betas is at least 0 and below 1, not 1.0"),
        (optim.Adam, {"betas": (0.9,)}, "betas are two numbers"),
        (optim.Adam, {"eps": -1.0}, "eps is at least 0, not -1.0"),
        (optim.RMSprop, {"rho": -0.1}, "rho is at least 0 and below 1, not -0.1"),
    ],
)
def test_options_of_a_group_are_checked_too(kind, wrong, words):
    a, b = te.zeros(2, requires_grad=True), te.zeros(2, requires_grad=True)
    with pytest.raises(ValueError, match=words):
        kind([{"params": [a]}, {"params": [b], **wrong}], lr=0.1)


def test_lr_reads_the_first_group_and_sets_all():
    a, b = te.zeros(2, requires_grad=True), te.zeros(2, requires_grad=True)
    optimizer = optim.SGD([{"params": [a], "lr": 0.5}, {"params": [b]}], lr=0.1)
    assert optimizer.lr == 0.5
    optimizer.lr = 0.25
    assert [group["lr"] for group in optimizer.groups] == [0.25, 0.25]
    with pytest.raises(ValueError, match="the learning rate lr is at least 0, not -1"):
        optimizer.lr = -1


# --- the formulas


@lines
def test_twenty_steps_against_plain_numbers(line, device):
    params, rng = parameters(device=device), np.random.default_rng(12)
    optimizer = make(line, params)
    numbers = [x.detach().numpy().ravel().tolist() for x in params]
    rules = [[line.rule(**line.options) for _ in entries] for entries in numbers]
    for _ in range(20):
        gradients = give(params, rng)
        optimizer.step()
        for entries, own, g in zip(numbers, rules, gradients, strict=True):
            for i, slope in enumerate(g.ravel().tolist()):
                entries[i] = own[i](entries[i], slope)
        for x, entries in zip(params, numbers, strict=True):
            np.testing.assert_allclose(x.detach().numpy().ravel(), entries, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(
    "line", [line for line in LINES if line.golden], ids=lambda line: line.name
)
def test_golden_values(line, device):
    theta = te.tensor(np.float64(1), requires_grad=True, device=device)
    optimizer = make(line, [theta])
    found = []
    for _ in range(5):
        optimizer.zero_grad()
        (theta * theta / 2).backward()
        optimizer.step()
        found.append(theta.item())
    np.testing.assert_allclose(found, line.golden, rtol=0, atol=1e-10)


# θ₀ = 1, α = 1 and the gradients 2, 5, −4, by hand. Adam with β = (1/2, 3/4), ε = 1:
#   t    m      v      m̂              v̂                √v̂    corrected step
#   1    1      1      1/(1/2)  = 2   1/(1/4)     = 4   2    2/(2 + 1) = 2/3
#   2    3      7      3/(3/4)  = 4   7/(7/16)    = 16  4    4/(4 + 1) = 4/5
#   3   −1/2   37/4  −(1/2)/(7/8)     (37/4)/(37/64)    4    −(4/7)/5 = −4/35
#              with v₂ = 3/4 + 25/4, v₃ = 21/4 + 16/4;  uncorrected: m / (√v + 1)
# AdamW with λ = 1/2 halves θ before each step. Momentum 1/2: b = 2, 6, −1, Nesterov g + b/2.
# Weight decay 1/2: g = 2 + 1/2, 5 − 3/4, −4 − 23/8. Adagrad: G = 4, 29, 45. RMSprop: v as above.
BY_HAND = {
    "SGD": (optim.SGD, {}, [-1, -6, -2]),
    "SGD momentum": (optim.SGD, {"momentum": 0.5}, [-1, -7, -6]),
    "SGD nesterov": (optim.SGD, {"momentum": 0.5, "nesterov": True}, [-2, -10, -5.5]),
    "SGD weight decay": (optim.SGD, {"weight_decay": 0.5}, [-1.5, -5.75, 1.125]),
    "AdamW": (
        optim.AdamW, {"betas": (0.5, 0.75), "eps": 1.0, "weight_decay": 0.5},
        [Fraction(-1, 6), Fraction(-53, 60), Fraction(-53, 120) + Fraction(4, 35)],
    ),
    "Adagrad": (
        optim.Adagrad, {"eps": 1.0},
        [
            1 - 2 / 3,
            1 - 2 / 3 - 5 / (math.sqrt(29) + 1),
            1 - 2 / 3 - 5 / (math.sqrt(29) + 1) + 4 / (math.sqrt(45) + 1),
        ],
    ),
    "RMSprop": (
        optim.RMSprop, {"rho": 0.75, "eps": 1.0},
        [
            0,
            -5 / (math.sqrt(7) + 1),
            -5 / (math.sqrt(7) + 1) + 4 / (math.sqrt(9.25) + 1),
        ],
    ),
    "Adam 002": (
        optim.Adam, {"betas": (0.5, 0.75), "eps": 1.0},
        [Fraction(1, 3), Fraction(-7, 15), Fraction(-37, 105)],
    ),
    "Adam 003": (
        optim.Adam, {"betas": (0.5, 0.75), "eps": 1.0, "bias_correction": False},
        [
            1 / 2,
            1 / 2 - 3 / (math.sqrt(7) + 1),
            1 / 2 - 3 / (math.sqrt(7) + 1) + 0.5 / (math.sqrt(9.25) + 1),
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BY_HAND)
def test_three_steps_by_hand(name, device):
    make, options, wanted = BY_HAND[name]
    theta = te.tensor(np.float64([1]), requires_grad=True, device=device)
    optimizer = make([theta], lr=1.0, **options)
    for g, after in zip((2.0, 5.0, -4.0), wanted, strict=True):
        theta.grad = te.tensor(np.float64([g]), device=device)
        optimizer.step()
        np.testing.assert_allclose(theta.item(), float(after), rtol=1e-14, atol=1e-15)


def test_by_hand_covers_every_optimizer():
    assert {name.split()[0] for name in BY_HAND} == OPTIMIZERS


# --- gradients as small as ε

EPS = 1e-8
ALPHA = 0.1


def beside_uncorrected_root(t: int, m: float, v: float) -> float:
    """The step of several libraries: α √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√v + ε)."""
    return ALPHA * math.sqrt(1 - 0.999**t) / (1 - 0.9**t) * m / (math.sqrt(v) + EPS)


# (bias_correction, gradients / ε) -> three steps / α, by hand:
# constant g = ε gives m̂ = ε and √v̂ = ε at every t, so ε/(ε + ε) = 1/2; and −3ε gives −3/4
TINY = [
    (True, (1, 1, 1), [1 / 2, 1 / 2, 1 / 2]),
    (True, (-3, -3, -3), [-3 / 4, -3 / 4, -3 / 4]),
    (
        # m = .1, .29, .161; 1 − β₁ᵗ = .1, .19, .271; v = .001, .004999, .005994001 (in ε, ε²)
        True, (1, 2, -1),
        [
            1 / (1 + 1),
            (0.29 / 0.19) / (math.sqrt(0.004999 / 0.001999) + 1),
            (0.161 / 0.271) / (math.sqrt(0.005994001 / 0.002997001) + 1),
        ],
    ),
    (
        False, (1, 1, 1),
        [
            0.1 / (math.sqrt(0.001) + 1),
            0.19 / (math.sqrt(0.001999) + 1),
            0.271 / (math.sqrt(0.002997001) + 1),
        ],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("dtype", "rtol"), [("float64", 1e-12), ("float32", 2e-6)])
@pytest.mark.parametrize(("bias_correction", "gradients", "wanted"), TINY)
def test_adam_with_gradients_as_small_as_epsilon(
    bias_correction, gradients, wanted, dtype, rtol, device
):
    """ε stands beside the root of the corrected v̂, where it stands in the documents."""
    theta = te.zeros(1, dtype=dtype, requires_grad=True, device=device)
    optimizer = optim.Adam([theta], lr=ALPHA, eps=EPS, bias_correction=bias_correction)
    m = v = 0.0
    for t, (g, step) in enumerate(zip(gradients, wanted, strict=True), start=1):
        theta.data = te.zeros_like(theta.detach())
        theta.grad = te.full((1,), g * EPS, dtype=dtype, device=device)
        optimizer.step()
        np.testing.assert_allclose(-theta.item(), ALPHA * step, rtol=rtol)
        m, v = 0.9 * m + 0.1 * g * EPS, 0.999 * v + 0.001 * (g * EPS) ** 2
        if bias_correction:  # this test can tell the other form
            other = beside_uncorrected_root(t, m, v)
            assert abs(other - ALPHA * step) > 0.1 * abs(ALPHA * step)


def test_adam_steps_for_a_constant_gradient():
    """Corrected α at every t; uncorrected α (1 − β₁ᵗ) / √(1 − β₂ᵗ), longest at t = 12."""
    printed = {
        1: 3.1622767, 2: 4.2495907, 5: 5.7971394, 10: 6.5278801, 12: 6.5685197, 100: 3.2407988,
        1000: 1.2575835,
    }  # fmt: skip
    for corrected in (True, False):
        theta = te.tensor(np.float64([0]), requires_grad=True)
        theta.grad = te.tensor(np.float64([1]))
        optimizer = optim.Adam([theta], lr=1.0, eps=1e-8, bias_correction=corrected)
        steps, before = [], 0.0
        for _ in range(1000):
            optimizer.step()
            steps.append(before - theta.item())
            before = theta.item()
        if corrected:
            np.testing.assert_allclose(steps, np.full(1000, 1 / (1 + 1e-8)), rtol=1e-12)
        else:
            for t, wanted in printed.items():
                np.testing.assert_allclose(steps[t - 1], wanted, rtol=0, atol=6e-8)
            assert np.argmax(steps) == 11


# --- dtypes and devices


@dtypes
@lines
def test_dtype_is_kept(line, dtype, device):
    params, rng = parameters(dtype, device), np.random.default_rng(13)
    optimizer = make(line, params)
    for _ in range(2):
        give(params, rng)
        optimizer.step()
    assert [x.dtype for x in params] == [dtype] * len(SHAPES)
    assert [x.shape for x in params] == SHAPES and {x.device for x in params} == {device}


@lines
def test_options_that_are_numpy_numbers_widen_nothing(line, device):
    params, plain = parameters(np.float32, device), parameters(np.float32, device)
    options = {**line.options, "lr": 0.01}
    for xs, numbers in ((params, {**options, "lr": np.float64(0.01)}), (plain, options)):
        give(xs, np.random.default_rng(14))
        make(line._replace(options=numbers), xs).step()
    assert {x.dtype for x in params} == {np.dtype(np.float32)}
    for one, other in zip(params, plain, strict=True):
        np.testing.assert_allclose(one.detach().numpy(), other.detach().numpy(), rtol=1e-5)


@dtypes
@lines
def test_same_on_every_device(line, dtype, device):
    found = []
    for name in ("cpu", device):
        params, rng = parameters(dtype, name), np.random.default_rng(13)
        optimizer = make(line, params)
        for _ in range(5):
            give(params, rng)
            optimizer.step()
        found.append([x.detach().numpy() for x in params])
    rtol = 0 if device != "cuda" else {"float16": 1e-2, "float32": 1e-5, "float64": 1e-12}[dtype]
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=rtol, atol=rtol)


@dtypes
@lines
def test_state_is_float32_or_wider(line, dtype, device):
    params = parameters(dtype, device)
    optimizer = make(line, params)
    give(params, np.random.default_rng(13))
    optimizer.step()
    wanted = "float64" if dtype == "float64" else "float32"
    assert bool(optimizer.state) == (line.name not in ("SGD", "SGD slow"))
    for arrays in optimizer.state.values():
        for x, array in zip(params, arrays, strict=True):
            assert array.dtype == wanted
            assert type(array) is type(x.data) and array.shape == x.shape


@pytest.mark.parametrize("g", [1e-7, 1e-4, 1.0, 300.0, 60000.0])
@pytest.mark.parametrize("sign", [1, -1])
@lines
def test_float16_is_squared_in_float32(line, g, sign, device):
    """g² of 10⁻⁴ is 0 in float16 and of 300 is infinite: the step would be huge, or nothing."""
    theta = te.tensor(np.float16([0]), requires_grad=True, device=device)
    theta.grad = te.tensor(np.float16([sign * g]), device=device)
    make(line, [theta]).step()
    wanted = line.rule(**line.options)(0.0, sign * float(np.float16(g)))
    np.testing.assert_allclose(theta.item(), wanted, rtol=1e-3, atol=1e-7)


# --- what step() does and does not touch


@lines
def test_parameters_without_a_gradient_are_skipped(line, device):
    """They keep their values, their state and their own count of steps."""
    learned, idle = (te.tensor(np.float64([1]), requires_grad=True, device=device) for _ in "ab")
    optimizer = make(line, [idle, learned])
    rules = [line.rule(**line.options) for _ in "ab"]
    numbers = [1.0, 1.0]
    for step in range(6):
        idle.grad = None if step < 3 else te.tensor(np.float64([2]), device=device)
        learned.grad = te.tensor(np.float64([0.5]), device=device)
        optimizer.step()
        if step >= 3:
            numbers[0] = rules[0](numbers[0], 2.0)
        numbers[1] = rules[1](numbers[1], 0.5)
        np.testing.assert_allclose([idle.item(), learned.item()], numbers, rtol=1e-12)


@lines
def test_gradients_and_grad_mode_are_left_alone(line, device):
    params, rng = parameters(device=device), np.random.default_rng(13)
    optimizer = make(line, params)
    gradients = give(params, rng)
    with te.no_grad():
        optimizer.step()
        assert not te.is_grad_enabled()
    for x, g in zip(params, gradients, strict=True):
        np.testing.assert_array_equal(x.grad.numpy(), g)
        assert x.requires_grad and x.op is None and x.inputs == ()


@lines
def test_a_graph_from_before_the_step_is_refused(line, device):
    w = te.ones((2, 2), requires_grad=True, device=device)
    x = te.ones((3, 2), device=device)
    optimizer = make(line, [w])
    old, loss = ((x @ w) ** 2).sum(), ((x @ w) ** 2).sum()
    loss.backward()
    before = w.grad.numpy().copy()
    optimizer.step()
    with pytest.raises(RuntimeError, match=r"matmul\(\).*\(2, 2\).*changed.*optimizer step"):
        old.backward()
    np.testing.assert_array_equal(w.grad.numpy(), before)
    ((x @ w) ** 2).sum().backward()  # a new graph is fine


@lines
def test_a_graph_of_a_skipped_parameter_still_works(line, device):
    idle, learned = (te.ones(2, requires_grad=True, device=device) for _ in "ab")
    optimizer = make(line, [idle, learned])
    loss = (idle * idle).sum()
    learned.grad = te.ones(2, device=device)
    optimizer.step()
    loss.backward()
    assert idle.grad.tolist() == [2, 2]


@lines
def test_zero_grad(line, device):
    params = parameters(device=device)
    optimizer = make(line, params)
    give(params, np.random.default_rng(13))
    before = [x.detach().numpy().copy() for x in params]
    optimizer.zero_grad()
    assert all(x.grad is None for x in params)
    optimizer.step()
    for x, values in zip(params, before, strict=True):
        np.testing.assert_array_equal(x.detach().numpy(), values)


@lines
def test_the_learning_rate_may_change_between_steps(line):
    theta = te.tensor(np.float64([1]), requires_grad=True)
    theta.grad = te.tensor(np.float64([3]))
    optimizer = make(line, [theta])
    optimizer.groups[0]["lr"] = 0.0
    optimizer.step()
    assert theta.item() == 1
    optimizer.groups[0]["lr"] = 0.5
    optimizer.step()
    assert theta.item() < 0.9


@lines
def test_parameters_may_come_from_a_generator_or_a_model(line):
    params = parameters()
    optimizer = make(line, (x for x in params))
    assert all(one is other for one, other in zip(optimizer.params, params, strict=True))


@lines
@pytest.mark.parametrize("moved", [("a", "b"), ("b",), ("a",)], ids="+".join)
def test_the_state_follows_a_model_that_moves(line, moved):
    """There and back between steps, whole or in part, all goes on as if nothing had moved."""
    found = []
    for places in (["cpu"] * 4, ["cpu", "pretend-gpu", "pretend-gpu", "cpu"]):
        model = te.nn.Module()
        for name, value in (("a", [[1.0, 2.0]]), ("b", [3.0]), ("c", 4.0)):
            setattr(model, name, te.nn.Parameter(value))
        optimizer = make(line, model.parameters())
        for step, place in enumerate(places):
            for name in moved:
                parameter = getattr(model, name)
                parameter._data = parameter.detach().to(place).data
            for x in model.parameters():
                x.grad = te.full(x.shape, 0.5 + step, device=x.device)
            optimizer.step()
            for arrays in optimizer.state.values():
                for x, array in zip(model.parameters(), arrays, strict=True):
                    assert type(array) is type(x.data) and array.shape == x.shape
        kept = [a for a in optimizer.state_dict().values() if isinstance(a, np.ndarray)]
        found.append([*model.state_dict().values(), *kept])
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)


@lines
def test_a_gradient_on_another_device_is_refused(line):
    theta = te.tensor([1.0, 2.0], requires_grad=True)
    optimizer = make(line, [theta])
    theta.grad = te.ones(2, device="pretend-gpu")
    with pytest.raises(ValueError, match=r"on 'cpu' and its .grad on 'pretend-gpu'.*\.to\('cpu'"):
        optimizer.step()
    assert theta.tolist() == [1, 2]


# --- groups and saving


@lines
def test_groups_have_options_of_their_own(line):
    """Two groups do what two optimizers would; a schedule's new rate reaches its own group."""
    together, apart = parameters(), parameters()
    faster = {**line.options, "lr": 0.3}
    optimizer = make(
        line, [{"params": together[:2], "lr": 0.3}, {"params": (x for x in together[2:])}]
    )
    pair = [make(line._replace(options=faster), apart[:2]), make(line, apart[2:])]
    for step in range(4):
        if step == 2:
            optimizer.groups[0]["lr"] = pair[0].groups[0]["lr"] = 0.05
        for xs in (together, apart):
            give(xs, np.random.default_rng(step))
        optimizer.step()
        for one in pair:
            one.step()
    for x, y in zip(together, apart, strict=True):
        np.testing.assert_array_equal(x.detach().numpy(), y.detach().numpy())


@pytest.mark.parametrize(
    ("groups", "words"),
    [
        ([{"lr": 0.1}], '"params"'),
        ([{"params": [W], "momentun": 0.9}], "some of.*momentun"),
        ([{"params": [W]}, W], "a group is a dict"),
        ([{"params": [W], "lr": -1}], RATE),
        ([{"params": [W]}, {"params": [W]}], "given twice"),
    ],
)
def test_bad_groups_give_a_sentence(groups, words):
    with pytest.raises(ValueError, match=words):
        optim.SGD(groups, lr=0.1)


@lines
def test_a_saved_state_goes_on_to_the_bit(line, device):
    """Three steps, then three more by a new optimizer with the state: as six by one."""
    whole, halves = parameters(np.float32, device), parameters(np.float32, device)
    one, first = make(line, whole), make(line, halves)
    second = make(line._replace(options={**line.options, "lr": 99.0}), halves)
    for step in range(6):
        if step == 3:
            state = first.state_dict()
            second.load_state_dict(state)
        for xs in (whole, halves):
            give(xs, np.random.default_rng(step))
        one.step()
        (first if step < 3 else second).step()
    for x, y in zip(whole, halves, strict=True):
        np.testing.assert_array_equal(x.detach().numpy(), y.detach().numpy())


@lines
def test_a_saved_state_is_a_copy_in_both_directions(line, device):
    params = parameters(device=device)
    optimizer = make(line, params)
    for step in range(2):
        give(params, np.random.default_rng(step))
        optimizer.step()
        if step == 0:
            state, kept = optimizer.state_dict(), optimizer.state_dict()
    np.testing.assert_equal(state, kept)
    optimizer.load_state_dict(state)
    for array in state.values():
        if isinstance(array, np.ndarray):
            array += 1
    np.testing.assert_equal(optimizer.state_dict(), kept)


@lines
def test_a_state_of_other_parameters_is_refused(line):
    optimizer = make(line, parameters())
    give(optimizer.params, np.random.default_rng(0))
    optimizer.step()
    before = optimizer.state_dict()
    other = make(line, [te.ones(9, requires_grad=True) for _ in SHAPES])
    wrong = [make(line, parameters()[:4]).state_dict()]
    wrong += [{**before, "extra.0": np.zeros(2)}, {}]
    wrong += [other.state_dict()] if optimizer.state else []
    wrong += [{**before, "optimizer": "Adam" if line.name[:5] != "Adam " else "AdamW"}]
    wrong += [{**before, "steps": ["a"] * 5}, {**before, "steps": [1]}, {**before, "steps": None}]
    wrong += [{**before, "groups": [{"lr": 0.1, "speed": 2}]}, {**before, "groups": []}]
    options = before["groups"][0]
    wrong += [{**before, "groups": [{**options, "lr": lr}]} for lr in (-1, "x", None)]
    wrong += [{**before, "steps": [True] * 5}]
    wrong += [{**before, name: a.astype(int)} for name, a in before.items() if name[-2:] == ".0"]
    wrong += [None, [before]]
    for state in wrong:
        with pytest.raises(ValueError, match="this state does not fit the optimizer"):
            optimizer.load_state_dict(state)
        np.testing.assert_equal(optimizer.state_dict(), before)


# --- arguments

BAD_PARAMETERS = [
    ([], ValueError, "at least one parameter.*model.parameters"),
    (iter([]), ValueError, "at least one parameter.*anew"),
    (W, TypeError, r"list of parameters, as in \[w\].*not one Tensor"),
    (te.nn.ReLU(), TypeError, r"model.parameters\(\), not one ReLU"),
    (3, TypeError, "not one int"),
    ([W, te.ones(2)], ValueError, "parameter 1 is no leaf tensor with requires_grad=True"),
    ([W * 2], ValueError, "parameter 0 is no leaf"),
    ([W, np.ones(2)], ValueError, "parameter 1 is no leaf"),
    ([("weight", W)], ValueError, "parameter 0 is no leaf"),
    ([W, te.ones(2, requires_grad=True), W], ValueError, "given twice"),
]
TWO = "betas are two numbers of at least 0 and below 1, not"
BETAS = "each of betas is at least 0 and below 1, not"
BAD_OPTIONS = [
    ("SGD", {"lr": -0.1}, RATE), ("SGD", {"lr": math.nan}, RATE), ("Adam", {"lr": -1}, RATE),
    ("Adam", {"lr": math.nan}, RATE), ("Adam", {"betas": (0.9, 1.0)}, BETAS),
    ("Adam", {"betas": (-0.1, 0.9)}, BETAS), ("Adam", {"betas": (math.nan, 0.9)}, BETAS),
    ("Adam", {"betas": 0.9}, TWO), ("Adam", {"betas": (0.9,)}, TWO),
    ("Adam", {"betas": (0.9, 0.9, 0.9)}, TWO), ("AdamW", {"betas": (0.9, 1.0)}, BETAS),
    ("SGD", {"lr": 1, "momentum": 1.0}, "momentum is at least 0 and below 1, not 1.0"),
    ("SGD", {"lr": 1, "momentum": -0.1}, "momentum is at least 0"),
    ("SGD", {"lr": 1, "nesterov": True}, "nesterov=True needs a momentum"),
    ("RMSprop", {"rho": 1.0}, "rho is at least 0 and below 1, not 1.0"),
    *(
        (name, {"lr": 1, "weight_decay": -0.1}, "weight_decay is at least 0, not -0.1")
        for name in sorted(OPTIMIZERS)
    ),
    *(
        (name, {"eps": eps}, "eps is at least 0, not")
        for name in sorted(OPTIMIZERS - {"SGD"}) for eps in (-1e-8, math.nan)
    ),
]  # fmt: skip


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
@pytest.mark.parametrize(("params", "error", "words"), BAD_PARAMETERS)
def test_bad_parameters_give_a_sentence(name, params, error, words):
    with pytest.raises(error, match=words):
        getattr(optim, name)(params, lr=0.1)


@pytest.mark.parametrize(("name", "options", "words"), BAD_OPTIONS)
def test_bad_options_give_a_sentence(name, options, words):
    with pytest.raises(ValueError, match=words):
        getattr(optim, name)([W], **options)


def test_sgd_has_no_default_learning_rate():
    with pytest.raises(TypeError, match="lr"):
        optim.SGD([W])


def test_an_optimizer_of_ones_own():
    """A subclass defines update() and nothing else."""

    class Signs(optim.Optimizer):
        def update(self, theta, g, t, group):
            theta -= group["lr"] * (2.0 * (g > 0) - 1.0)

    w = te.tensor([1.0, 1.0], requires_grad=True)
    w.grad = te.tensor([5.0, -7.0])
    Signs([w], lr=0.25).step()
    assert w.tolist() == [0.75, 1.25]
    with pytest.raises(TypeError, match=r"Optimizer does not define update\(self, theta, g, t, g"):
        optim.Optimizer([w], lr=0.1).step()


# --- small parameters go together


def alone(monkeypatch):
    """From now on every parameter is changed by itself."""
    monkeypatch.setattr("tinygrad_edu.optim.places.SMALL", 0)


@dtypes
@lines
def test_parameters_together_get_what_they_get_alone(line, dtype, device, monkeypatch):
    found = []
    for how in (lambda _: None, alone):
        how(monkeypatch)
        params, rng = parameters(dtype, device), np.random.default_rng(13)
        optimizer = make(line, params)
        for _ in range(5):
            give(params, rng)
            optimizer.step()
        found.append((len(optimizer.places), optimizer.state_dict(), params))
    (together, state, params), (one_each, other_state, other_params) = found
    assert (together, one_each) == (1, len(SHAPES))
    assert state.keys() == other_state.keys()
    for name, array in state.items():
        np.testing.assert_array_equal(array, other_state[name])
    for x, y in zip(params, other_params, strict=True):
        np.testing.assert_array_equal(x.detach().numpy(), y.detach().numpy())


@lines
def test_together_or_not_where_a_gradient_is_missing(line, device, monkeypatch):
    """A parameter without a gradient stays, with its state; from then on it has its own count."""
    found = []
    for how in (lambda _: None, alone):
        how(monkeypatch)
        params, rng = parameters(device=device), np.random.default_rng(13)
        optimizer = make(line, params)
        for left_out in (None, 1, 0, None, None):
            give(params, rng)
            if left_out is not None:
                params[left_out].grad = None
                before = params[left_out].detach().numpy().copy()
            optimizer.step()
            if left_out is not None:
                np.testing.assert_array_equal(params[left_out].detach().numpy(), before)
        assert optimizer.steps == [4, 4, 5, 5, 5]
        found.append([x.detach().numpy() for x in params])
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)


def test_what_goes_together_shares_options_and_dtype_and_is_small(monkeypatch):
    monkeypatch.setattr("tinygrad_edu.optim.places.SMALL", 4)
    sizes = [3, 4, 2, 1, 3, 2]
    dtypes = ["float64" if n == 1 else "float32" for n in sizes]
    params = [te.zeros(n, t, True) for n, t in zip(sizes, dtypes, strict=True)]
    groups = [{"params": params[:4]}, {"params": params[4:], "lr": 0.5}]
    optimizer = optim.SGD(groups, lr=0.1)
    assert [place.positions for place in optimizer.places] == [[0, 2], [1], [3], [4, 5]]
    for x in params:
        x.grad = te.ones_like(x.detach())
    optimizer.step()
    found = [x.detach().numpy()[0] for x in params]
    np.testing.assert_allclose(found, [-0.1, -0.1, -0.1, -0.1, -0.5, -0.5], rtol=1e-6)


def test_a_gradient_that_does_not_fit_changes_nothing():
    params = parameters()
    optimizer = optim.Adam(params)
    give(params, np.random.default_rng(13))
    params[-1].grad = te.ones(7)
    before = [x.detach().numpy().copy() for x in params]
    with pytest.raises(ValueError, match=r"\.grad of parameter 4"):
        optimizer.step()
    assert optimizer.steps == [0] * len(params)
    for x, array in zip(params, before, strict=True):
        np.testing.assert_array_equal(x.detach().numpy(), array)


@pytest.mark.parametrize(("before", "after"), [("float32", "float64"), ("float16", "float32")])
def test_numbers_of_another_dtype_are_not_rounded_to_the_old(before, after):
    params = [te.tensor(np.ones(n, before), requires_grad=True) for n in (3, 2)]
    optimizer = optim.SGD(params, lr=1.0)
    start = np.asarray(1 + 4 * np.finfo(after).eps, after)
    for x in params:
        x.data = np.full(x.shape, start)
        x.grad = te.full(x.shape, np.finfo(after).eps, dtype=after)
    optimizer.step()
    for x in params:
        assert x.dtype == after
        np.testing.assert_array_equal(x.detach().numpy(), start - np.finfo(after).eps)


@lines
def test_a_deep_copy_goes_on_by_itself(line):
    params, rng = parameters(), np.random.default_rng(13)
    optimizer = make(line, params)
    give(params, rng)
    optimizer.step()
    twin = copy.deepcopy(optimizer)
    gradients = give(params, rng)
    for x, g in zip(twin.params, gradients, strict=True):
        x.grad = te.tensor(g)
    optimizer.step()
    before = [x.detach().numpy().copy() for x in params]
    twin.step()
    for x, y, array in zip(params, twin.params, before, strict=True):
        np.testing.assert_array_equal(x.detach().numpy(), array)
        np.testing.assert_array_equal(y.detach().numpy(), array)
    for name, array in optimizer.state_dict().items():
        np.testing.assert_array_equal(array, twin.state_dict()[name])

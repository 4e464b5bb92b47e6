"""gradcheck, gradgradcheck, check_vjp: they pass what is right and raise on every planted fault."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as te
from tinygrad_edu.gradcheck import GradientError
from tinygrad_edu.nn import functional as F

RNG = np.random.default_rng(3)
X, W, B = RNG.normal(size=(5, 3)), RNG.normal(size=(3, 4)), RNG.normal(size=4)
SQUARE = list(RNG.normal(size=(2, 3, 3)))
METHODS = ("differences", "complex")
methods = pytest.mark.parametrize("method", METHODS)


@te.op
def own_sigmoid(xp: Any, a: Any, /) -> Any:
    y = 1 / (1 + xp.exp(-a))
    return y, lambda g: g * y * (1 - y)


# name -> (function of Tensors, inputs); smooth, and without abs, max or comparisons
RIGHT: dict[str, tuple[Any, Any]] = {
    "square": (lambda x: x * x, X),
    "product": (lambda x, w, b: x @ w + b, [X, W, B]),
    "linear": (F.linear, [X, W, B]),
    "softmax": (te.softmax, X),
    "own op": (own_sigmoid, X),
    "scalar": (lambda x: te.exp(x) * te.sin(x), 0.7),
    "0-d array": (te.log, np.array(2.0)),
    "two scalars": (te.mul, [2.0, 3.0]),
    "size 0": (lambda x: te.exp(x), np.zeros((0, 3))),
    "size 0 summed": (lambda x: x.sum(), np.zeros((2, 0))),
    "an input that is not used": (lambda x, y: x * 2, [X, B]),
    "the input itself": (lambda x: x, X),
    "broadcast": (te.div, [X, np.abs(B[:3]) + 1]),
    "many axes": (lambda x: x.transpose().reshape(-1).cumsum(axis=0), RNG.normal(size=(2, 1, 3))),
}


@methods
@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.parametrize("check", [te.gradcheck, te.gradgradcheck])
def test_right_gradients_pass(check, name, method):
    assert check(*RIGHT[name], method=method) is None


def test_integers_are_passed_through():
    seen = []

    def loss(z, labels):
        seen.append(labels.dtype)
        return F.cross_entropy(z, labels)

    labels = np.array([0, 2, 1, 1, 0])
    te.gradcheck(loss, [X, labels])
    te.gradgradcheck(loss, (te.tensor(X), labels))
    te.gradcheck(lambda x, mask: te.where(mask, x, 0.0), [X, X > 0])
    assert set(seen) == {np.dtype(np.int64)}
    with pytest.raises(ValueError, match="none of the inputs is a float"):
        te.gradcheck(loss, labels)


def test_inputs_become_float64_and_stay_what_they_were(device):
    for dtype in (np.float16, np.float32, np.float64):
        x = te.tensor(X.astype(dtype), device=device, requires_grad=True)

        def fn(a):
            assert a.dtype == np.float64 and a.device == device
            return te.tanh(a)

        te.gradcheck(fn, x)
        te.gradgradcheck(fn, [x])
        assert x.grad is None
        np.testing.assert_array_equal(x.numpy(), X.astype(dtype))


def test_nothing_of_the_library_is_touched():
    """The conftest compares generator, seed and grad mode; here the mode is off around it."""
    with te.no_grad():
        te.gradcheck(te.exp, X)
        te.gradgradcheck(te.exp, X)
        with pytest.raises(GradientError):
            te.gradcheck(FAULTY["factor 2"][0], X)
        with pytest.raises(GradientError, match="by its twin"):
            te.gradgradcheck(twin(right_twin, in_place_slope, lambda a: a * a), X)


def test_first_derivatives_taken_inside():
    def slope(x):
        return te.grad(te.sin(x).sum(), x, create_graph=True)

    te.gradcheck(slope, X)
    te.gradcheck(slope, X, method="complex")
    with pytest.raises(GradientError):  # without the graph it is cut off from x
        te.gradcheck(lambda x: te.grad(te.sin(x).sum(), x, retain_graph=True), X)


# --- faults that are found

joint = te.op(joint=True)


def faulty_product(dx: Any, dw: Any) -> Any:
    """x @ w with given VJPs."""

    @te.op
    def product(xp: Any, x: Any, w: Any, /) -> Any:
        return x @ w, lambda g: dx(xp, g, x, w), lambda g: dw(xp, g, x, w)

    return product


def faulty(value: Any, vjp: Any) -> Any:
    """An operation of one array with a given VJP."""

    @te.op
    def operation(xp: Any, a: Any, /) -> Any:
        return value(xp, a), lambda g: vjp(xp, g, a)

    return operation


def softmax_of(xp: Any, a: Any) -> Any:
    e = xp.exp(a)
    return e / e.sum(axis=-1, keepdims=True)


def add_bias(vjp: Any) -> Any:
    @te.op
    def add(xp: Any, x: Any, b: Any, /) -> Any:
        return x + b, lambda g: g, vjp

    return add


def right_dx(xp, g, x, w):
    return g @ w.T


def right_dw(xp, g, x, w):
    return x.T @ g


FAULTY: dict[str, tuple[Any, Any, str]] = {
    "wrong sign": (faulty(lambda xp, a: -a, lambda xp, g, a: g), X, "input 0 at index (0, 0)"),
    "missing transpose of x": (
        faulty_product(right_dx, lambda xp, g, x, w: x @ g), SQUARE, "input 1 at index (0, 0)",
    ),
    "missing transpose of w": (
        faulty_product(lambda xp, g, x, w: g @ w, right_dw), SQUARE, "input 0 at index (0, 0)",
    ),
    "transposed gradient": (
        faulty_product(right_dx, lambda xp, g, x, w: g.T @ x), SQUARE, "input 1 at index (0, 1)",
    ),
    "one row for the sum over the batch": (
        add_bias(lambda g: g[0]), [X, B[:3]], "input 1 at index (0,)",
    ),
    "mean over the batch": (
        add_bias(lambda g: g.mean(axis=0)), [X, B[:3]], "input 1 at index (0,)",
    ),
    "factor 2": (faulty(lambda xp, a: a * a, lambda xp, g, a: g * a), X, "input 0 at index (0, 0)"),
    "factor 1/N": (
        faulty(lambda xp, a: (a * a).mean(), lambda xp, g, a: g * 2 * a), X,
        "input 0 at index (0, 0)",
    ),
    "softmax, right for a gradient of ones": (
        faulty(softmax_of, lambda xp, g, a: xp.zeros_like(a)), X, "input 0 at index (0, 0)",
    ),
    "softmax without its sum": (
        faulty(softmax_of, lambda xp, g, a: g * softmax_of(xp, a) * (1 - softmax_of(xp, a))), X,
        "input 0 at index (0, 0)",
    ),
    "NaN": (faulty(lambda xp, a: a * a, lambda xp, g, a: g * math.nan), X, "pass gives nan"),
    "a single wrong entry": (
        faulty(lambda xp, a: a * 3, lambda xp, g, a: xp.where(a == X[4, 2], 2.0, 3.0) * g), X,
        "input 0 at index (4, 2)",
    ),
    "a detached path": (lambda x: x * x.detach(), X, "input 0 at index (0, 0)"),
    "an input cut off": (lambda x, y: x * y.detach(), [X, X], "input 1 at index (0, 0)"),
    "cut off altogether": (lambda x: x.detach() * 1, X, "the backward pass gives 0,"),
    "no VJP": (
        te.op(lambda xp, a, b, /: (a * b, lambda g: g * b, None)), [X, X], "input 1 at index (0, 0)"
    ),
    "the sign of g": (faulty(lambda xp, a: a * 3, lambda xp, g, a: 3 * abs(g)), X, "pass gives"),
    "a mask of g for one of a": (  # "guided" backpropagation
        faulty(lambda xp, a: xp.exp(a), lambda xp, g, a: xp.exp(a) * g * (g > 0)), X, "pass gives",
    ),
    "the sign of g, of a scalar": (
        faulty(lambda xp, a: a.sum(), lambda xp, g, a: abs(g) * xp.ones_like(a)), X, "pass gives",
    ),
    "of a scalar": (faulty(lambda xp, a: a * 3, lambda xp, g, a: g), 2.0, "input 0 at index ():"),
    "joint": (joint(lambda xp, a, /: (a * 3, lambda g, needs: [g])), X, "input 0 at index (0, 0)"),
}  # fmt: skip


@methods
@pytest.mark.parametrize("name", FAULTY)
def test_a_planted_fault_is_found(name, method):
    fn, inputs, words = FAULTY[name]
    with pytest.raises(GradientError, match=re.escape(words)):
        te.gradcheck(fn, inputs, method=method)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", FAULTY)
def test_a_planted_fault_is_found_with_any_seed(name, seed):
    fn, inputs, _ = FAULTY[name]
    with pytest.raises(GradientError):
        te.gradcheck(fn, inputs, seed=seed)


def test_softmax_without_its_sum_is_right_for_ones():
    """What the fault above is about: a test whose gradient at the output is all ones passes it."""
    x = te.tensor(X, requires_grad=True)
    FAULTY["softmax, right for a gradient of ones"][0](x).sum().backward()
    right = te.tensor(X, requires_grad=True)
    te.softmax(right).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), right.grad.numpy(), atol=1e-15)


def test_the_error_names_input_index_numbers_and_tolerance():
    wrong = faulty(lambda xp, a: a * 3, lambda xp, g, a: g * 2)
    with pytest.raises(AssertionError) as caught:
        te.gradcheck(lambda a, b: a + wrong(b), [X, np.array([[0.0, 1.0, 2.0]])], atol=0, rtol=1e-3)
    number = r"-?[\d.e-]+"
    match = re.fullmatch(
        rf"gradient of input 1 at index \(0, 0\): the backward pass gives ({number}), the slope is "
        rf"({number}); they differ by ({number}) where ({number}) is allowed",
        str(caught.value),
    )
    given, slope, difference, allowed = map(float, match.groups())
    assert given / slope == pytest.approx(2 / 3)
    assert difference == pytest.approx(abs(given - slope), rel=1e-2)
    assert allowed == pytest.approx(1e-3 * abs(slope), rel=1e-2)


def test_tolerances_are_kept():
    off = faulty(lambda xp, a: a * 3, lambda xp, g, a: g * (3 + 3e-4))
    te.gradcheck(off, X, rtol=2e-4)
    te.gradcheck(off, X, atol=1e-3, rtol=0)
    for tolerance in ({}, {"rtol": 5e-5}, {"atol": 1e-5, "rtol": 0}):
        with pytest.raises(GradientError):
            te.gradcheck(off, X, **tolerance)


def test_an_infinite_slope_is_no_excuse():
    """∞ would be within any tolerance of rtol · ∞."""
    pole = faulty(lambda xp, a: xp.where(a > 1e-7, math.inf, 0.0), lambda xp, g, a: g)
    with pytest.raises(GradientError, match="the slope is -?inf"):
        te.gradcheck(pole, np.zeros(2))
    both = faulty(lambda xp, a: a * 0 + math.inf, lambda xp, g, a: g)
    with pytest.raises(GradientError, match="the slope is nan"):
        te.gradcheck(both, np.zeros(2))


def test_the_complex_step_is_exact_to_rounding():
    off = faulty(lambda xp, a: a * 3, lambda xp, g, a: g * (3 + 1e-11))
    te.gradcheck(off, X, atol=1e-10, rtol=0, method="complex")
    with pytest.raises(GradientError):
        te.gradcheck(off, X, atol=1e-12, rtol=0, method="complex")
    te.gradcheck(te.sigmoid, X, atol=1e-14, rtol=1e-13, method="complex")
    te.gradgradcheck(te.sigmoid, X, atol=1e-14, rtol=1e-13, method="complex")


def test_off_the_complex_plane():
    te.gradcheck(te.abs, X)
    with pytest.raises(TypeError, match="leaves the complex plane.*differences"):
        te.gradcheck(te.abs, X, method="complex")
    with pytest.raises(GradientError, match="true only without abs and comparisons"):
        te.gradcheck(lambda x: x + te.abs(x), X, method="complex")


# --- second derivatives


def twin(value: Any, vjp: Any, composed: Any) -> Any:
    @te.op(composed=composed)
    def operation(xp: Any, a: Any, /) -> Any:
        return value(a), lambda g: vjp(g, a)

    return operation


def in_place_slope(g: Any, a: Any) -> Any:
    slope = 3 * a
    slope *= a  # why it needs a twin
    return slope * g


def right_twin(a):
    return a * a * a


def test_a_right_twin_passes():
    cube = twin(lambda a: a * a * a, in_place_slope, right_twin)
    te.gradcheck(cube, X)
    te.gradgradcheck(cube, X)


@pytest.mark.parametrize(
    "composed",
    [
        lambda a: a * a, lambda a: 2 * (a * a * a), lambda a: a * a * a + a,
        lambda a: (a * a * a).detach() + 0 * a, lambda a: -(a * a * a),
    ],
)  # fmt: skip
def test_a_wrong_twin_is_found(composed):
    """Differences of the twin's own gradients would agree with themselves."""
    cube = twin(lambda a: a * a * a, in_place_slope, composed)
    te.gradcheck(cube, X)
    with pytest.raises(GradientError, match="with create_graph=True, by its twin"):
        te.gradgradcheck(cube, X)


def test_a_wrong_second_derivative_is_found():
    """The slope of this VJP is cut off: right to first order, wrong to second."""

    @te.op
    def cube(xp: Any, a: Any, /) -> Any:
        return a * a * a, lambda g: g * 3 * (a * np.asarray(getattr(a, "_data", a)))

    te.gradcheck(cube, X)
    with pytest.raises(GradientError, match="the slope is"):
        te.gradgradcheck(cube, X)


def test_second_derivatives_without_a_graph():
    """sign has none at all; of x ↦ 2 x they are 0."""
    te.gradgradcheck(te.sign, X)
    te.gradgradcheck(lambda x: 2 * x, X)


@pytest.mark.parametrize("check", [te.gradcheck, te.gradgradcheck])
def test_a_constant_has_no_slope_and_no_gradient(check):
    check(lambda x: te.ones(2, dtype=np.float64), X)


# --- backward passes by hand


def mse(p, y):
    return ((p - y) ** 2).mean()


def relu_of(a):
    return np.where(a > 0, a, 0)


def with_labels(z, labels):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return -np.log(e / e.sum(axis=1, keepdims=True))[np.arange(len(z)), labels].mean()


def labels_slope(g, z, labels):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return g * (e / e.sum(axis=1, keepdims=True) - np.eye(z.shape[1])[labels]) / len(z), None


# name -> (function of arrays, right gradients, inputs, {fault: gradients})
BY_HAND: dict[str, tuple[Any, Any, Any, dict[str, Any]]] = {
    "product": (
        lambda x, w: x @ w, lambda g, x, w: (g @ w.T, x.T @ g), SQUARE,
        {
            "missing transpose of x": lambda g, x, w: (g @ w.T, x @ g),
            "missing transpose of w": lambda g, x, w: (g @ w, x.T @ g),
            "transposed result": lambda g, x, w: (g @ w.T, (x.T @ g).T),
            "the other way round": lambda g, x, w: (x.T @ g, g @ w.T),
            "wrong sign": lambda g, x, w: (g @ w.T, -x.T @ g),
            "g left out": lambda g, x, w: (np.ones_like(g) @ w.T, x.T @ np.ones_like(g)),
            "nothing for w": lambda g, x, w: (g @ w.T, None),
        },
    ),
    "bias": (
        lambda x, b: x + b, lambda g, x, b: (g, g.sum(axis=0)), [X, B[:3]],
        {
            "missing sum": lambda g, x, b: (g, g),
            "a row": lambda g, x, b: (g, g[0]),
            "mean": lambda g, x, b: (g, g.mean(axis=0)),
            "kept axis": lambda g, x, b: (g, g.sum(axis=0, keepdims=True)),
            "one too few": lambda g, x, b: g,
        },
    ),
    "bias of one sample": (  # here even the shapes agree
        lambda x, b: x + b, lambda g, x, b: (g, g.sum(axis=0, keepdims=True)), [X[:3], X[:1]],
        {"other axis": lambda g, x, b: (g, g.sum(axis=1, keepdims=True).T)},
    ),
    "mean square": (
        mse, lambda g, p, y: (2 * g * (p - y) / p.size, -2 * g * (p - y) / p.size), [X, X[::-1]],
        {
            "factor 2": lambda g, p, y: (g * (p - y) / p.size, -g * (p - y) / p.size),
            "factor 1/N": lambda g, p, y: (2 * g * (p - y), -2 * g * (p - y)),
            "1/N of rows": lambda g, p, y: (2 * g * (p - y) / len(p), -2 * g * (p - y) / len(p)),
            "wrong sign": lambda g, p, y: (2 * g * (p - y) / p.size, 2 * g * (p - y) / p.size),
            "g left out": lambda g, p, y: (2 * (p - y) / p.size, -2 * (p - y) / p.size),
        },
    ),
    "relu": (
        relu_of, lambda g, a: g * (a > 0), X,
        {"mask of g": lambda g, a: g * (g > 0), "no mask": lambda g, a: g},
    ),
    "labels": (
        with_labels, labels_slope, [X, np.array([0, 2, 1, 1, 0])],
        {"sum for mean": lambda g, z, labels: (len(z) * labels_slope(g, z, labels)[0], None)},
    ),
    "scalar": (math.exp, lambda g, a: g * math.exp(a), 0.5, {"constant": lambda g, a: g}),
    "list": (lambda a, b: a * b, lambda g, a, b: [g * b, g * a], [X, X], {}),
    "size 0": (lambda a: 2 * a, lambda g, a: 2 * g, np.zeros((0, 2)), {}),
}  # fmt: skip


@pytest.mark.parametrize("name", BY_HAND)
def test_a_right_backward_by_hand_passes(name):
    function, gradients, inputs, _ = BY_HAND[name]
    assert te.check_vjp(function, gradients, inputs) is None


@pytest.mark.parametrize(
    ("name", "fault"), [(name, fault) for name, line in BY_HAND.items() for fault in line[3]]
)
def test_a_wrong_backward_by_hand_is_found(name, fault):
    function, _, inputs, faults = BY_HAND[name]
    with pytest.raises(GradientError):
        te.check_vjp(function, faults[fault], inputs)


def test_a_backward_by_hand_takes_arrays_and_options(device):
    def product(x, w):
        assert type(x) is type(w) is np.ndarray and x.dtype.kind in "fc"
        return x @ w

    x = te.tensor(X.astype(np.float32), device=device)
    te.check_vjp(product, lambda g, x, w: (g @ w.T, x.T @ g), [x, W])
    te.check_vjp(product, lambda g, x, w: (g @ w.T, x.T @ g), [x, W], method="complex", rtol=1e-13)


@pytest.mark.parametrize(
    ("function", "gradients", "inputs", "words"),
    [
        (np.add, lambda g, a, b: g, [X, X], "returned 1 gradients for 2 inputs"),
        (np.matmul, lambda g, a, b: (g @ b.T, g.T @ a), [X, W],
         r"input 1 has shape \(4, 3\); it needs the input's own, \(3, 4\): perhaps a transpose"),
        (np.matmul, lambda g, a, b: (None, a.T @ g), [X, W], "input 0 has shape None"),
    ],
)  # fmt: skip
def test_gradients_of_wrong_number_or_shape_are_told(function, gradients, inputs, words):
    with pytest.raises(GradientError, match=words):
        te.check_vjp(function, gradients, inputs)


# --- functions that cannot be checked


def test_writing_to_an_input_is_told():
    def forward(a):
        a *= a
        return a.copy()

    with pytest.raises(GradientError, match="wrote to input 0.*copy"):
        te.check_vjp(forward, lambda g, a: 2 * g * a, X)

    def backward(g, a, b):
        b *= 0
        return g, g

    with pytest.raises(GradientError, match="wrote to input 1"):
        te.check_vjp(lambda a, b: a + b, backward, [X, X])

    def into_g(g, a):
        g[a < 0] = 0
        return g

    with pytest.raises(GradientError, match="wrote to g"):
        te.check_vjp(relu_of, into_g, X)


@pytest.mark.usefixtures("seeded")
def test_a_function_that_draws_is_told():
    with pytest.raises(GradientError, match="different values for the same inputs.*eval"):
        te.gradcheck(lambda x: F.dropout(x, 0.5), X)

    def seeded(x):
        te.manual_seed(0)
        return F.dropout(x, 0.5)

    te.gradcheck(seeded, X)
    te.gradgradcheck(lambda x: seeded(x * x), X)


@pytest.mark.parametrize("check", [te.gradcheck, te.gradgradcheck])
@pytest.mark.parametrize(
    ("fn", "error", "words"),
    [
        (lambda x: x.numpy(), TypeError, "must return a Tensor, not a ndarray"),
        (lambda x: (x, x), TypeError, "must return a Tensor, not a tuple"),
        (lambda x: None, TypeError, "must return a Tensor, not a NoneType"),
        (lambda x: x.astype(np.float32), TypeError, "made float32 out of float64"),
        (lambda x: x.argmax(), TypeError, "made int64 out of float64"),
    ],
)
def test_other_misuse_gives_a_sentence(check, fn, error, words):
    with pytest.raises(error, match=words):
        check(fn, X)


def test_an_unknown_method_gives_a_sentence():
    with pytest.raises(ValueError, match='"differences" or "complex", not \'exact\''):
        te.gradcheck(te.exp, X, method="exact")


def test_the_examples_in_the_docstrings():
    def test_my_softmax(my_softmax=te.softmax):
        te.gradcheck(my_softmax, np.random.default_rng(0).normal(size=(2, 3)))

    def test_my_layer():
        x, w = np.random.default_rng(0).normal(size=(2, 3, 3))
        te.check_vjp(lambda x, w: x @ w, lambda g, x, w: (g @ w.T, x.T @ g), [x, w])

    for example in (test_my_softmax, test_my_layer):
        example()
    with pytest.raises(AssertionError):
        test_my_softmax(lambda x: te.softmax(x).detach() + x)

"""The engine: what is recorded, how gradients flow back, and what is refused with a sentence."""

from __future__ import annotations

import gc
import itertools
import math
import operator
import subprocess
import sys
import weakref
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as te
from tinygrad_edu.autograd import backpropagate


def leaf(*values: float, device: str = "cpu", dtype: Any = np.float64) -> te.Tensor:
    return te.tensor(np.array(values, dtype), requires_grad=True, device=device)


# --- backward


def test_gradients_of_an_expression(device: str) -> None:
    a, b = leaf(2, 3, device=device), leaf(5, 7, device=device)
    (a * b + a).sum().backward()
    assert a.grad.tolist() == [6, 8]
    assert b.grad.tolist() == [2, 3]
    assert a.grad.device == b.grad.device == device
    assert not a.grad.requires_grad


def test_backward_adds_to_grad_and_never_in_place(device: str) -> None:
    x = leaf(2, device=device)
    (x * 3).backward()
    first = x.grad
    (x * 4).backward()
    assert (first.item(), x.grad.item()) == (3, 7)


def test_a_tensor_used_many_times_gets_every_part(device: str) -> None:
    x = leaf(1, 2, device=device)
    y = x * x + x * 2 - x + x / 2 + x
    z = (y * y + y).sum()
    z.backward()
    values = x.numpy()
    expected = (2 * (values**2 + 2.5 * values) + 1) * (2 * values + 2.5)
    np.testing.assert_allclose(x.grad.numpy(), expected)


def test_each_tensor_is_visited_once_where_paths_multiply() -> None:
    """Without an order of the graph this would take 2⁶⁰ steps."""
    x = leaf(1)
    y = x
    for _ in range(60):
        y = y + y
    y.backward()
    assert x.grad.item() == 2.0**60


def test_a_diamond_of_unequal_arms(device: str) -> None:
    """The long arm must arrive before the short one's end is passed."""
    x = leaf(2, device=device)
    y = x * x
    long = te.exp(te.log(y) * 2)  # y²
    (long + y * 3).backward()
    assert x.grad.item() == pytest.approx(2 * 2 * 4 * 2 + 3 * 4)


def test_an_earlier_tensor_may_be_used_after_a_later_one() -> None:
    x = leaf(3)
    early, late = x * 2, x * 5
    (late * early + early).backward()
    assert x.grad.item() == 2 * 10 * 3 + 2


def test_output_and_grad_shapes(device: str) -> None:
    x = leaf(1, 2, 3, device=device)
    (x * 2).backward([1.0, 10.0, 100.0])
    assert x.grad.tolist() == [2, 20, 200]
    for one in (leaf(2, device=device), leaf(2, device=device).reshape(()), leaf(2).reshape(1, 1)):
        (one * 1).backward()


def test_backward_of_a_leaf_is_the_gradient_itself(device: str) -> None:
    x = leaf(4, device=device)
    x.backward()
    assert x.grad.tolist() == [1]
    upstream = te.tensor(np.array([5.0]), device=device)
    y = leaf(4, device=device)
    y.backward(upstream)
    upstream.data += 1
    assert y.grad.tolist() == [5]


def test_inputs_that_need_no_gradient_get_none_and_cost_nothing() -> None:
    called = []

    @te.op
    def product(xp: Any, a: Any, b: Any, /) -> Any:
        return a * b, lambda g: called.append("a") or g * b, lambda g: called.append("b") or g * a

    a, b = te.tensor([2.0]), leaf(3)
    product(a, b).backward()
    assert (a.grad, b.grad.item()) == (None, 2)
    assert called == ["b"]


def test_grad_calls_only_the_products_on_the_way_to_its_inputs() -> None:
    called = []

    @te.op
    def marked(xp: Any, a: Any, /, name: str) -> Any:
        return a * 1, lambda g: called.append(name) or g

    x, y = leaf(1), leaf(1)
    both = marked(x, "x") * marked(y, "y")
    te.grad(both, x)
    assert called == ["x"]


# --- freed, retained


def test_a_second_backward_says_that_the_graph_was_freed(device: str) -> None:
    x = leaf(2, device=device)
    y = te.exp(x) * x
    y.backward()
    with pytest.raises(RuntimeError, match=r"from mul\(\)\) was freed .* retain_graph=True"):
        y.backward()
    with pytest.raises(RuntimeError, match="freed"):
        te.grad(y, x, create_graph=True)


def test_a_part_of_a_freed_graph_says_so_too() -> None:
    x = leaf(2)
    shared = te.exp(x)
    (shared * 2).backward()
    with pytest.raises(RuntimeError, match=r"from exp\(\)\) was freed"):
        (shared * 3).backward()


def test_grad_through_a_freed_part_gives_no_part_of_the_gradient(device: str) -> None:
    """What led from the freed part to x is gone; the other ways alone would be a wrong answer."""
    x = leaf(2, device=device)
    shared = te.exp(x)
    (shared * 2).backward()
    for allow_unused in (False, True):
        with pytest.raises(RuntimeError, match=r"from exp\(\)\) was freed"):
            te.grad(shared * 3 + x * 2, x, allow_unused=allow_unused)


def test_retain_graph_lets_backward_run_again(device: str) -> None:
    x = leaf(2, device=device)
    y = x * x
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.item() == 8
    with pytest.raises(RuntimeError, match="freed"):
        y.backward()


def test_create_graph_retains_unless_told_otherwise() -> None:
    x = leaf(2)
    y = x * x
    te.grad(y, x, create_graph=True)
    te.grad(y, x, create_graph=True, retain_graph=False)
    with pytest.raises(RuntimeError, match="freed"):
        te.grad(y, x)


# --- te.grad


def test_grad_writes_no_grad(device: str) -> None:
    x, y = leaf(2, device=device), leaf(3, device=device)
    z = x * y
    gx, gy = te.grad(z, [x, y])
    assert (gx.item(), gy.item()) == (3, 2)
    assert x.grad is None and y.grad is None and z.grad is None


def test_grad_of_one_input_is_one_tensor_and_of_several_a_tuple() -> None:
    x, y = leaf(2), leaf(3)
    assert isinstance(te.grad(x * y, x), te.Tensor)
    assert isinstance(te.grad(x * y, (x, y)), tuple)
    assert len(te.grad(x * y, [x])) == 1


def test_grad_with_respect_to_intermediates(device: str) -> None:
    x = leaf(2, device=device)
    h = x * x
    y = h * h
    gh, gx, gy = te.grad(y, [h, x, y])
    assert (gh.item(), gx.item(), gy.item()) == (8, 32, 1)


def test_grad_beyond_an_intermediate_is_whole(device: str) -> None:
    """The gradient of h counts both ways, h itself and what follows from it."""
    x = leaf(2, device=device)
    h = x * 3
    y = h * h + x
    gx, gh = te.grad(y, [x, h], create_graph=True)
    assert (gx.item(), gh.item()) == (37, 12)


def test_an_input_without_influence(device: str) -> None:
    x, other = leaf(2, device=device), leaf(3, device=device)
    y = x * 2
    with pytest.raises(ValueError, match=r"does not depend on input 1 \(shape \(1,\)"):
        te.grad(y, [x, other], retain_graph=True)
    gx, none = te.grad(y, [x, other], allow_unused=True)
    assert (gx.item(), none) == (2, None)


def test_an_input_that_requires_no_gradient_is_named() -> None:
    x, constant = leaf(2), te.tensor([1.0])
    with pytest.raises(ValueError, match="requires_grad=False"):
        te.grad(x * constant, [constant])


def test_grad_output(device: str) -> None:
    x = leaf(1, 2, device=device)
    g = te.grad(x * x, x, grad_output=te.tensor([10.0, 100.0], device=device))
    assert g.tolist() == [20, 400]
    with pytest.raises(ValueError, match=r"grad= has shape \(3,\); it needs the output's \(2,\)"):
        te.grad(x * x, x, grad_output=[1.0, 2.0, 3.0])


# --- higher order


def test_hessian_vector_product_against_differences(device: str) -> None:
    rng = np.random.default_rng(0)
    start, v = rng.normal(size=(3, 2)), rng.normal(size=(3, 2))
    weight = te.tensor(rng.normal(size=(2, 4)), device=device)

    def loss(x: te.Tensor) -> te.Tensor:
        return te.logsumexp(te.tanh(x @ weight) * te.sigmoid(x).sum(), axis=-1).sum()

    def slope(at: np.ndarray) -> np.ndarray:
        x = te.tensor(at, None, True, device)
        return np.array(te.grad(loss(x), x).numpy())

    x = te.tensor(start, None, True, device)
    g = te.grad(loss(x), x, create_graph=True)
    product = te.grad((g * te.tensor(v, device=device)).sum(), x)
    h = 1e-4
    expected = (
        8 * (slope(start + h * v) - slope(start - h * v))
        - (slope(start + 2 * h * v) - slope(start - 2 * h * v))
    ) / (12 * h)
    np.testing.assert_allclose(product.numpy(), expected, rtol=1e-9, atol=1e-10)


def test_fourth_derivative(device: str) -> None:
    x = leaf(0.3, device=device)
    y = te.exp(x * x)
    for _ in range(4):
        y = te.grad(y, x, create_graph=True)
    t = 0.3
    assert y.item() == pytest.approx((16 * t**4 + 48 * t**2 + 12) * math.exp(t * t), rel=1e-12)


def test_backward_with_create_graph_gives_a_grad_with_a_graph(device: str) -> None:
    x = leaf(3, device=device)
    (x * x * x).backward(create_graph=True)
    assert x.grad.requires_grad
    assert te.grad(x.grad, x).item() == 18
    x.grad = None


def test_a_gradient_penalty_trains(device: str) -> None:
    w, x = leaf(2, device=device), leaf(5, device=device)
    (slope,) = te.grad(w * w * x, [x], create_graph=True)  # w²
    (slope * slope).backward()  # w⁴
    assert w.grad.item() == 32
    assert x.grad is None


def test_create_graph_within_no_grad_records() -> None:
    x = leaf(3)
    y = x * x * x
    with te.no_grad():
        (g,) = te.grad(y, [x], create_graph=True)
    assert te.grad(g, x).item() == 18


def test_plain_gradients_need_no_gradient_themselves() -> None:
    x = leaf(3)
    assert not te.grad(x * x, x).requires_grad


# --- no_grad


def test_no_grad_and_enable_grad_as_contexts() -> None:
    x = leaf(2)
    with te.no_grad():
        assert not te.is_grad_enabled()
        y = x * 2
        with te.enable_grad():
            assert te.is_grad_enabled()
            z = x * 2
        assert not (x * 2).requires_grad
    assert te.is_grad_enabled()
    assert (y.requires_grad, y.op, y.inputs) == (False, None, ())
    assert z.requires_grad


def test_no_grad_keeps_no_input_alive(device: str) -> None:
    x = leaf(2, device=device)
    with te.no_grad():
        y = x * x
    array = weakref.ref(x.data)
    del x
    assert array() is None
    assert y.item() == 4


def test_no_grad_and_enable_grad_as_decorators() -> None:
    x = leaf(2)

    @te.no_grad()
    def plain(depth: int) -> te.Tensor:
        return plain(depth - 1) if depth else x * 2

    @te.enable_grad()
    def recorded() -> te.Tensor:
        return x * 2

    assert not plain(3).requires_grad
    with te.no_grad():
        assert recorded().requires_grad
    assert te.is_grad_enabled()


def test_grad_mode_comes_back_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError), te.no_grad():
        _ = 1 / 0
    assert te.is_grad_enabled()


def test_leaves_made_within_no_grad_may_ask_for_gradients() -> None:
    with te.no_grad():
        x = leaf(2)
    (x * 3).backward()
    assert x.grad.item() == 3


# --- retain_grad, detach, requires_grad_


def test_retain_grad_keeps_grad_of_a_computed_tensor(device: str) -> None:
    x = leaf(2, 3, device=device)
    h = x * x
    h.retain_grad()
    (h * 3).sum().backward()
    assert h.grad.tolist() == [3, 3]
    assert x.grad.tolist() == [12, 18]
    assert not np.shares_memory(h.grad.numpy(), x.grad.numpy())


def test_gradients_of_computed_tensors_share_no_memory() -> None:
    """Addition hands both its inputs the very array that arrived."""
    x = leaf(2, 3)
    h, k = x * 2, x * 3
    y = h + k
    for computed in (h, k, y):
        computed.retain_grad()
    y.backward([1.0, 1.0], retain_graph=True)
    kept = [h.grad, k.grad, y.grad]
    for gradients in (kept, te.grad(y, [h, k, y], [1.0, 1.0])):
        for one, other in itertools.combinations(gradients, 2):
            assert not np.shares_memory(one.data, other.data)


def test_computed_tensors_keep_no_grad_unasked() -> None:
    x = leaf(2)
    h = x * x
    h.backward()
    assert h.grad is None


def test_retain_grad_needs_a_gradient() -> None:
    with pytest.raises(ValueError, match="requires gradients"):
        te.tensor([1.0]).retain_grad()


def test_detach_shares_memory_and_leaves_the_graph(device: str) -> None:
    x = leaf(2, device=device)
    y = x * 3
    d = y.detach()
    assert d.data is y.data
    assert (d.requires_grad, d.op) == (False, None)
    (y * d).backward()
    assert x.grad.item() == 18


def test_requires_grad_is_for_floats_only(device: str) -> None:
    for data in ([1, 2], [True]):
        with pytest.raises(TypeError, match=r"only floating-point .* \.astype\(te.float32\)"):
            te.tensor(data, requires_grad=True, device=device)
        with pytest.raises(TypeError, match="only floating-point"):
            te.tensor(data, device=device).requires_grad_()


def test_requires_grad_can_be_taken_back_from_leaves_only() -> None:
    x = leaf(2)
    y = x * 2
    with pytest.raises(ValueError, match=r"\.detach\(\)"):
        y.requires_grad_(False)
    assert not x.requires_grad_(False).requires_grad
    assert not (x * 2).requires_grad


# --- refused


def test_backward_of_many_entries_needs_grad(device: str) -> None:
    y = leaf(1, 2, device=device) * 2
    with pytest.raises(RuntimeError, match=r"shape \(2,\); reduce it with .sum\(\)"):
        y.backward()
    with pytest.raises(ValueError, match=r"grad= has shape \(3,\)"):
        y.backward(te.ones(3, device=device))


def test_backward_without_a_graph_says_why() -> None:
    with pytest.raises(RuntimeError, match=r"nothing to do.*requires_grad=True.*no_grad\(\)"):
        (te.tensor([1.0]) * 2).backward()


def test_two_devices_are_both_named() -> None:
    here, there = te.ones((2, 3)), te.ones(3, device="pretend-gpu")
    for f in (operator.add, operator.matmul, te.maximum, lambda a, b: te.where(a > 0, a, b)):
        with pytest.raises(ValueError, match=r"\(2, 3\) on 'cpu' and .*\(3,\) on 'pretend-gpu'"):
            f(here, there)
    with pytest.raises(ValueError, match=r"Move one of them, for example with .to\('pretend-gpu'"):
        te.concatenate([here, there])


def test_a_gradient_on_another_device_is_moved_to_the_output() -> None:
    x = leaf(2, device="pretend-gpu")
    (x * 3).backward(te.tensor([2.0]))
    assert (x.grad.device, x.grad.item()) == ("pretend-gpu", 6)


# --- making operations


def test_a_joint_operation_gives_all_gradients_at_once(device: str) -> None:
    seen = []

    @te.op(joint=True)
    def product(xp: Any, a: Any, b: Any, /) -> Any:
        def backward(g: Any, needs: Any) -> Any:
            seen.append(list(needs))
            return (g * b if needs[0] else None), (g * a if needs[1] else None)

        return a * b, backward

    a, b = leaf(2, device=device), leaf(3, device=device)
    product(a, b).backward()
    assert (a.grad.item(), b.grad.item()) == (3, 2)
    product(a.detach(), b).backward()
    assert (a.grad.item(), b.grad.item()) == (3, 4)
    te.grad(product(a, b), [a])
    assert seen == [[True, True], [False, True], [True, False]]
    g = te.grad(product(a, b), a, create_graph=True)
    assert te.grad(g, b).item() == 1


def test_an_operation_with_a_twin_is_replayed_by_it(device: str) -> None:
    @te.op(composed=lambda a, b: te.exp(a) * b)
    def scaled(xp: Any, a: Any, b: Any, /) -> Any:
        y = xp.exp(a)
        out = y * b

        def wrt_a(g: Any) -> Any:
            product = g * y
            product *= b
            return product

        return out, wrt_a, lambda g: g * y

    a, b = leaf(0.5, device=device), leaf(3, device=device)
    ga, gb = te.grad(scaled(a, b), [a, b], create_graph=True)
    e = math.exp(0.5)
    assert (ga.item(), gb.item()) == (pytest.approx(3 * e), pytest.approx(e))
    assert te.grad(ga, b).item() == pytest.approx(e)
    ga = te.grad(scaled(a, 3.0), a, create_graph=True)
    assert te.grad(ga, a).item() == pytest.approx(3 * e)


def test_a_twin_that_uses_an_input_twice_or_not_at_all(device: str) -> None:
    @te.op(composed=lambda a, b: a * a)
    def square(xp: Any, a: Any, b: Any, /) -> Any:
        return a * a, lambda g: 2 * g * a, lambda g: xp.zeros_like(b)

    a, b = leaf(3, device=device), leaf(5, device=device)
    ga = te.grad(square(a, b), a, create_graph=True)
    assert te.grad(ga, a).item() == 2
    assert te.grad(te.grad(square(a, a), a, create_graph=True), a).item() == 2


def test_variadic_operations_and_options() -> None:
    @te.op
    def weighted(xp: Any, /, *arrays: Any, weight: float = 1.0) -> Any:
        total = weight * sum(arrays)
        return total, *((lambda g: weight * g),) * len(arrays)

    a, b, c = leaf(1), leaf(2), leaf(3)
    weighted(a, b, c, weight=2.0).backward()
    assert [x.grad.item() for x in (a, b, c)] == [2, 2, 2]


def test_a_vjp_of_a_wrong_shape_is_named() -> None:
    @te.op
    def faulty(xp: Any, a: Any, /) -> Any:
        return a * 2, lambda g: xp.zeros((3, 5))

    x = te.tensor(np.ones((2, 5)), requires_grad=True)
    sentence = r"faulty\(\) gave a gradient of shape \(3, 5\) to an input of shape \(2, 5\)"
    with pytest.raises(ValueError, match=sentence):
        faulty(x).sum().backward()
    with pytest.raises(ValueError, match=sentence):
        te.grad(faulty(x).sum(), x, create_graph=True)


def test_a_vjp_with_too_few_axes_is_named() -> None:
    @te.op
    def faulty(xp: Any, a: Any, /) -> Any:
        return a * 2, lambda g: g.sum()

    with pytest.raises(ValueError, match=r"shape \(\) to an input of shape \(2, 2\)"):
        faulty(te.tensor(np.ones((2, 2)), requires_grad=True)).sum().backward()


def test_a_wrong_count_of_vjps_is_named() -> None:
    @te.op
    def faulty(xp: Any, a: Any, b: Any, /) -> Any:
        return a * b, lambda g: g

    with pytest.raises(TypeError, match="given 2 inputs but returned 1 VJPs"):
        faulty(leaf(1), leaf(2)).backward()


def test_an_operation_without_vjps_is_named() -> None:
    @te.op
    def faulty(xp: Any, a: Any, /) -> Any:
        return a * 2

    with pytest.raises(TypeError, match=r"faulty\(\) must return its value and then one VJP"):
        faulty(leaf(1))


def test_an_operation_keeps_name_docstring_and_signature() -> None:
    assert te.exp.__name__ == "exp"
    assert te.exp.__doc__.startswith("eᵃ")
    assert "axis" in str(__import__("inspect").signature(te.sum))
    assert "xp" not in str(__import__("inspect").signature(te.sum))


# --- the visit hook


def test_visit_sees_each_step_newest_first(device: str) -> None:
    x = leaf(2, device=device)
    y = te.exp(x)
    z = y * x
    steps = []
    backpropagate(z, visit=lambda result, g, pairs: steps.append((result, g.item(), pairs)))
    assert [step[0] for step in steps] == [z, y]
    assert steps[0][1] == 1
    assert [(source, g.item()) for source, g in steps[0][2]] == [
        (y, 2.0),
        (x, pytest.approx(math.exp(2))),
    ]
    assert steps[1][1] == 2


def test_visit_leaves_the_gradients_as_they_are() -> None:
    x = leaf(2)
    found = backpropagate(x * x + x, visit=lambda *step: None)
    assert found[x].item() == 5


# --- long graphs


def test_a_chain_of_50000_operations_goes_back() -> None:
    x = leaf(1)
    y = x
    for _ in range(50_000):
        y = y + 1.0
    y.backward()
    assert x.grad.item() == 1


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("end", ["del y", "y.backward()"])
def test_dropping_a_graph_of_300000_tensors_does_not_crash(end: str) -> None:
    """Freed one inside the other, tensors could overflow the stack of the interpreter."""
    done = run_python(
        "import tinygrad_edu as te\n"
        "x = te.tensor([1.0], requires_grad=True)\n"
        "y = x\n"
        "for _ in range(300_000): y = y + 1.0\n"
        f"{end}\n"
        "y = None\n"
        "print('alive')"
    )
    assert (done.returncode, done.stdout) == (0, "alive\n"), done.stderr[-500:]


def test_a_training_step_leaves_no_tensor_behind() -> None:
    w = leaf(1, 2)

    def step() -> None:
        loss = (te.tanh(w * 3) * w).sum()
        loss.backward()
        w.grad = None

    def tensors() -> int:
        return sum(type(x) is te.Tensor for x in gc.get_objects())

    step()
    gc.collect()
    gc.disable()
    try:
        before = tensors()
        for _ in range(5):
            step()
        assert tensors() == before
    finally:
        gc.enable()

"""debug_mode(): finds what autograd does not see, and costs nothing when it is off."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_edu as te
from tinygrad_edu import nn, recording

A = np.array([[1.0, 2.0], [3.0, 4.0]])


def leaf(values: Any = A, device: str = "cpu") -> te.Tensor:
    return te.tensor(np.array(values, np.float64), requires_grad=True, device=device)


joint = te.op(joint=True)


@te.op
def masked(xp: Any, a: Any, mask: Any, /) -> Any:
    """a · mask, with no gradient for the mask."""
    return a * mask, lambda g: g * mask, None


@joint
def twice_and_sum(xp: Any, a: Any, b: Any, /) -> Any:
    """2 a + b, its gradients computed together."""
    return 2 * a + b, lambda g, needs: (2 * g if needs[0] else None, g if needs[1] else None)


# --- numbers written behind the library's back


# name -> (operation of two tensors, whether the first, second or its result is written to)
WRITES = {
    "first input": (te.mul, 0), "second input": (te.mul, 1), "result": (te.exp, 2),
    "input of a product": (te.matmul, 0), "input of a joint operation": (twice_and_sum, 1),
    "result of a joint operation": (twice_and_sum, 2), "mask": (lambda a, b: te.where(b, a, 0), 1),
    "input of the fused layer": (lambda a, b: nn.functional.linear(a, b, b[0]), 0),
}  # fmt: skip


def written(name: str, device: str) -> None:
    """Record, write one entry, and call backward."""
    operation, which = WRITES[name]
    a = leaf(device=device)
    b = te.tensor(A > 2, device=device) if name == "mask" else leaf(A + 1, device)
    inputs = (a,) if operation is te.exp else (a, b)
    y = operation(*inputs)
    loss = (y * 1).sum()
    target = (a, b, y)[which]
    target.data[0, 1] = 77 if target.dtype.kind == "f" else True
    loss.backward()


@pytest.mark.parametrize("name", WRITES)
def test_writes_to_single_entries_are_found(name, device):
    with te.debug_mode(), pytest.raises(RuntimeError, match=r"entries of an array of shape \(2, 2"):
        written(name, device)


@pytest.mark.parametrize("name", WRITES)
def test_without_it_they_go_unseen(name, device):
    """The documented limit: this is what the mode is for."""
    written(name, device)


def test_a_result_written_to_before_its_first_use_is_found(device):
    """The gradient of exp is made of its result, which nothing else has seen yet."""
    x = leaf(device=device)
    with te.debug_mode():
        y = te.exp(x)
        y.data[0, 1] = 77
        with pytest.raises(RuntimeError, match=r"that exp\(\) used"):
            y.sum().backward()


def test_a_wrong_gradient_is_what_it_saves_one_from():
    a = leaf()
    loss = (a * a).sum()
    a.data[0, 0] = 100
    loss.backward()
    assert a.grad[0, 0].item() == 200  # and not 2: of a value that the loss was not computed from


def test_the_message_names_the_operation_and_what_to_do():
    a = leaf()
    with te.debug_mode():
        loss = te.tanh(a).sum()
    a.data[1, 1] += 1
    with pytest.raises(RuntimeError) as caught:
        loss.backward()
    for words in ("tanh()", "(2, 2)", "written to before backward()", "Write to a copy"):
        assert words in str(caught.value)


def test_what_is_right_goes_through(device):
    """Writes before use, after backward, and by the library itself; views, parts, zero entries."""
    with te.debug_mode():
        a, b = leaf(device=device), leaf(device=device)
        a.data[0, 0] = 3
        y = (te.exp(a[:1]) @ b.T).sum() + a[0, 1] * te.zeros((0, 2), device=device).sum()
        y.backward()
        a.data[0, 0] = 5
        b.data = b.data * 2
        te.optim.SGD([a, b], lr=0.1).step()
        (twice_and_sum(a, 3.0) + twice_and_sum(b, a) + masked(a, b)).sum().backward()
    assert np.isfinite(a.grad.numpy()).all() and (a.grad.numpy() != 0).all()


@pytest.mark.usefixtures("seeded")
def test_gradients_are_the_same_bits(device):
    found = []
    for watched in (False, True):
        te.manual_seed(3)
        model = nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Dropout(0.5), nn.Linear(5, 3))
        model.to(device)
        x = te.tensor(np.arange(8, dtype=np.float32).reshape(2, 4), device=device)

        def gradients(model: nn.Module = model, x: te.Tensor = x) -> list[bytes]:
            nn.CrossEntropyLoss()(model(x), te.tensor([0, 2], device=device)).backward()
            return [p.grad.numpy().tobytes() for p in model.parameters()]

        found.append(te.debug_mode()(gradients)() if watched else gradients())
    assert found[0] == found[1]


# --- where a NaN is born

NAN, INF = float("nan"), float("inf")
BIRTHS = {
    "div": lambda x: (x - x) / (x - x), "log": lambda x: te.log(-x), "sqrt": lambda x: te.sqrt(-x),
    "sub": lambda x: (x * INF) - (x * INF), "mul": lambda x: (x - x) * INF,
    "power": lambda x: te.power(-x, 0.5), "softmax": lambda x: te.softmax(x * INF),
}  # fmt: skip


@pytest.mark.parametrize("name", BIRTHS)
def test_the_operation_that_makes_the_first_nan_is_named(name, device):
    x = leaf(device=device)
    with te.debug_mode(), np.errstate(all="ignore"):
        with pytest.raises(RuntimeError, match=rf"^{name}\(\) made a NaN out of inputs that have"):
            te.tanh(BIRTHS[name](x)).sum()
    with np.errstate(all="ignore"):
        assert np.isnan(te.tanh(BIRTHS[name](x)).numpy()).any()


def test_a_nan_that_was_there_is_nobodys_fault(device):
    with te.debug_mode():
        x = leaf([[NAN, 1.0], [2.0, 3.0]], device)
        (te.exp(x) * 2).sum().backward()
        (leaf(device=device) * NAN).sum().backward()
        te.where(te.tensor(A > 2, device=device), leaf(device=device), NAN).sum().backward()
    assert np.isnan(x.grad.numpy()).any()


def test_a_nan_born_in_a_gradient_is_named(device):
    """√x has the slope ∞ at 0; times a gradient of 0 that is NaN, as in √(Σ x²) of a zero row."""
    x = leaf(np.zeros((2, 2)), device)
    with np.errstate(all="ignore"):
        loss = (te.sqrt(x) * 0).sum()
        loss.backward()
        assert np.isnan(x.grad.numpy()).all()
        with te.debug_mode():
            loss = (te.sqrt(x) * 0).sum()
            with pytest.raises(RuntimeError, match=r"^the gradient of sqrt\(\) made a NaN"):
                loss.backward()


def test_a_nan_that_arrives_is_passed_on(device):
    x = leaf(device=device)
    with te.debug_mode():
        (te.exp(x) * 2).backward(np.full((2, 2), NAN))
    assert np.isnan(x.grad.numpy()).all()


def test_a_nan_born_in_a_joint_gradient_is_named(device):
    @joint
    def faulty(xp: Any, a: Any, b: Any, /) -> Any:
        return a + b, lambda g, needs: (None, g * NAN)

    with te.debug_mode():
        y = faulty(te.ones(2, device=device), leaf([1.0, 2.0], device)).sum()
        with pytest.raises(RuntimeError, match=r"the gradient of faulty\(\)"):
            y.backward()


# --- on and off


def test_it_costs_nothing_when_off():
    """Off, an operation records the very objects that its function returned."""
    made = []

    @te.op
    def double(xp: Any, a: Any, /) -> Any:
        made.append((2 * a, lambda g: 2 * g))
        return made[-1]

    assert recording.guard is None
    off = double(leaf())
    with te.debug_mode():
        on = double(leaf())
    after = double(leaf())
    assert off._products is made[0] and after._products is made[2]
    assert on._products[0] is made[1][0] and on._products[1] is not made[1][1]


def test_what_is_not_recorded_is_not_watched():
    with te.debug_mode(), te.no_grad(), np.errstate(all="ignore"):
        assert np.isnan(te.log(-leaf()).numpy()).all()


def test_it_nests_and_is_put_back_after_exceptions():
    mode = te.debug_mode()
    with mode:
        first = recording.guard
        assert first is not None
        with mode, te.debug_mode():
            assert recording.guard is first
        with pytest.raises(ZeroDivisionError), mode:
            raise ZeroDivisionError
        assert recording.guard is first
    assert recording.guard is None
    with pytest.raises(ZeroDivisionError), te.debug_mode():
        raise ZeroDivisionError
    assert recording.guard is None


def test_as_a_decorator_even_of_a_function_that_calls_itself():
    seen = []

    @te.debug_mode()
    def down(n: int) -> None:
        seen.append(recording.guard is not None)
        if n:
            down(n - 1)
        assert recording.guard is not None

    down(3)
    assert seen == [True] * 4 and recording.guard is None


def test_a_graph_stays_watched_after_the_mode_has_ended():
    a = leaf()
    with te.debug_mode():
        loss = (a * a).sum()
    a.data[0, 0] = 9
    with pytest.raises(RuntimeError, match="written to before"):
        loss.backward()


def test_operations_that_return_plain_numbers_work_in_it():
    @te.op
    def total(xp: Any, a: Any, /) -> Any:
        return float(a.sum()), lambda g: g * xp.ones_like(a)

    x = leaf()
    with te.debug_mode():
        total(x * 2).backward()
    assert x.grad.tolist() == [[2, 2], [2, 2]]


def test_second_derivatives_work_in_it():
    """With create_graph=True the pass runs on recorded operations, which are watched in turn."""
    with te.debug_mode():
        te.gradgradcheck(lambda x: te.tanh(x) @ x, A)
        x = leaf()
        (slope,) = te.grad((x * x * x).sum(), [x], create_graph=True)
        loss = slope.sum()
        x.data[0, 0] = 9
        with pytest.raises(RuntimeError, match="written to before"):
            loss.backward()


def test_the_documented_limit_of_passes_with_create_graph():
    """They run the operation again, on the numbers as they are now: the write goes unseen."""
    x = leaf()
    with te.debug_mode():
        loss = (x * x).sum()
        x.data[0, 0] = 9
        (slope,) = te.grad(loss, [x], create_graph=True)
    assert slope[0, 0].item() == 18

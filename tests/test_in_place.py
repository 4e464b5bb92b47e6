"""Never a silent wrong gradient: what is changed after its use is found, or cannot be changed."""

from __future__ import annotations

import copy
import gc
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as te

CHANGED = "was changed after it was used"
WRITTEN = "was written to after it was computed"


def leaf(*values: float, device: str = "cpu") -> te.Tensor:
    return te.tensor(np.array(values, float), requires_grad=True, device=device)


# --- there are no in-place operators


@pytest.mark.parametrize(
    ("of", "slopes"),
    [
        (operator.iadd, (1, 1)),
        (operator.isub, (1, -1)),
        (operator.imul, (5, 2)),
        (operator.itruediv, (1 / 5, -2 / 25)),
        (operator.ipow, (5 * 2**4, 2**5 * np.log(2))),
    ],
)
def test_x_op_y_with_equals_makes_a_new_node(of: Any, slopes: Any, device: str) -> None:
    x, y = leaf(2, device=device), leaf(5, device=device)
    z = of(x, y)
    assert z is not x
    assert x.item() == 2
    z.backward()
    assert (x.grad.item(), y.grad.item()) == pytest.approx(slopes)


def test_a_sum_may_be_gathered_with_plus_equals(device: str) -> None:
    x = leaf(2, 3, device=device)
    total = x * 0
    for _ in range(3):
        total += x * x
    total.sum().backward()
    assert x.grad.tolist() == [12, 18]


def test_another_name_of_the_tensor_keeps_its_value() -> None:
    x = leaf(2)
    kept = x
    x += 1
    assert (kept.item(), x.item()) == (2, 3)


@pytest.mark.parametrize("key", [0, slice(None), [0, 1], None])
def test_assignment_to_entries_names_where_and_scatter_add(key: Any, device: str) -> None:
    x = te.tensor([1.0, 2.0], device=device)
    with pytest.raises(TypeError, match=r"te\.where.*te\.scatter_add"):
        x[key] = 5.0
    assert x.tolist() == [1, 2]


def test_augmented_assignment_to_entries_is_refused_too(device: str) -> None:
    x = leaf(1, 2, device=device)
    with pytest.raises(TypeError, match=r"te\.scatter_add"):
        x[0] += 5.0
    assert x.tolist() == [1, 2]


def test_a_wrong_key_of_an_assignment_says_so_first() -> None:
    with pytest.raises(IndexError):
        te.tensor([1.0, 2.0])[2] = 5.0


# --- numbers given out


def test_numpy_gives_a_view_that_cannot_be_written_to() -> None:
    x = leaf(1, 2)
    view = x.numpy()
    assert np.shares_memory(view, x.data)
    with pytest.raises(ValueError, match="read-only"):
        view[0] = 5
    with pytest.raises(ValueError, match="read-only"):
        x.reshape(2, 1).numpy()[0] = 5
    assert x.data.flags.writeable


def test_an_array_made_of_a_tensor_cannot_be_written_back() -> None:
    x = te.tensor([1.0, 2.0])
    with pytest.raises(ValueError, match="read-only"):
        np.asarray(x)[0] = 5
    copied = np.array(x)
    copied[0] = 5
    assert x.tolist() == [1, 2]


def test_numpy_of_a_device_is_a_copy() -> None:
    x = te.tensor([1.0, 2.0], device="pretend-gpu")
    before = x.numpy()
    x.data += 1
    assert (before.tolist(), x.tolist()) == ([1, 2], [2, 3])


# --- changes between forward and backward


def subtract_in_place(w: te.Tensor) -> None:
    w.data -= 0.1


def give_an_array(w: te.Tensor) -> None:
    w.data = w.data * 2


def give_a_tensor(w: te.Tensor) -> None:
    w.data = te.ones_like(w)


def write_and_mark(w: te.Tensor) -> None:
    """As an optimizer does."""
    array = w.data
    array[...] = 0.5
    w.mark_changed()


# each way to change the values of a tensor
changes = pytest.mark.parametrize(
    "change",
    [subtract_in_place, give_an_array, give_a_tensor, write_and_mark],
    ids=lambda change: change.__name__,
)

# how the pass runs
PASSES: dict[str, Callable[[te.Tensor, te.Tensor], Any]] = {
    "backward": lambda y, w: y.backward(),
    "create_graph": lambda y, w: y.backward(create_graph=True),
    "grad": te.grad,
    "grad with create_graph": lambda y, w: te.grad(y, w, create_graph=True),
}
passes = pytest.mark.parametrize("go_back", PASSES.values(), ids=PASSES)


@changes
@passes
def test_a_change_between_forward_and_backward_is_found(
    change: Any, go_back: Any, device: str
) -> None:
    w = leaf(2, 3, device=device)
    y = te.exp(w * 2).sum()
    change(w)
    with pytest.raises(RuntimeError, match=rf"an input of mul\(\), of shape \(2,\), {CHANGED}"):
        go_back(y, w)
    assert w.grad is None


@changes
def test_a_step_while_an_idle_graph_is_alive_is_no_error(change: Any, device: str) -> None:
    w = leaf(2, 3, device=device)
    idle = (w * w).sum()
    (w * 3).sum().backward()
    change(w)
    w.grad = None
    (w * w).sum().backward()
    np.testing.assert_allclose(w.grad.numpy(), 2 * w.numpy())
    assert idle.item() == 13


def test_a_training_loop_changes_between_passes(device: str) -> None:
    w = leaf(4, device=device)
    for _ in range(3):
        loss = w * w
        loss.backward()
        w.data -= 0.25 * w.grad.data
        w.grad = None
    assert w.item() == 0.5


def test_a_change_of_an_input_that_needs_no_gradient_is_found(device: str) -> None:
    """Its values are what the other input's gradient is made of."""
    w, x = leaf(2, device=device), te.tensor(np.array([5.0]), device=device)
    y = w * x
    x.data += 1
    with pytest.raises(RuntimeError, match=CHANGED):
        y.backward()


def test_a_change_elsewhere_is_no_error(device: str) -> None:
    w, other = leaf(2, device=device), leaf(5, device=device)
    y = w * w
    other.data += 1
    y.backward()
    assert w.grad.item() == 4


def test_a_change_before_the_use_is_no_error(device: str) -> None:
    w = leaf(2, device=device)
    w.data += 1
    y = w * w
    y.backward()
    assert w.grad.item() == 6


def test_the_sentence_names_the_first_operation_that_is_harmed() -> None:
    w = leaf(2)
    y = te.tanh(te.exp(w) * 3)
    w.data += 1
    with pytest.raises(RuntimeError, match=r"exp\(\)"):
        y.backward()


def test_a_change_after_a_retained_pass_is_found() -> None:
    w = leaf(2)
    y = w * w
    y.backward(retain_graph=True)
    w.data += 1
    with pytest.raises(RuntimeError, match=CHANGED):
        y.backward()


def test_a_change_is_found_by_the_second_derivative_too(device: str) -> None:
    w = leaf(2, device=device)
    slope = te.grad(w * w * w, w, create_graph=True)
    w.data += 1
    with pytest.raises(RuntimeError, match=CHANGED):
        te.grad(slope, w)


def test_a_change_within_no_grad_is_found(device: str) -> None:
    w = leaf(2, device=device)
    y = w * w
    with te.no_grad():
        w.data += 1
    with pytest.raises(RuntimeError, match=CHANGED):
        y.backward()


# --- changes through another tensor in the same memory

VIEWS: dict[str, Callable[[te.Tensor], te.Tensor]] = {
    "detach": te.Tensor.detach,
    "detach of a detach": lambda x: x.detach().detach(),
    "reshape": lambda x: x.reshape(3, 2),
    "flatten": te.flatten,
    "transpose": lambda x: x.T,
    "swapaxes": lambda x: x.swapaxes(0, 1),
    "slice": lambda x: x[1:],
    "row": lambda x: x[0],
    "new axis": lambda x: x[None],
    "expand_dims": lambda x: x.expand_dims(0),
    "squeeze": lambda x: x.expand_dims(0).squeeze(0),
    "flip": lambda x: x.flip(),
    "to the same device": lambda x: x.to(x.device),
    "reshape of a slice": lambda x: x[0].reshape(3, 1),
    "slice of a detached transpose": lambda x: x.detach().T[:2],
}
views = pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)


def write(x: te.Tensor) -> None:
    """All entries of x, in their memory."""
    x.data += 1.0


@views
@pytest.mark.parametrize("recorded", [True, False], ids=["recorded", "no_grad"])
@passes
def test_a_change_through_a_view_is_found(
    view: Any, recorded: bool, go_back: Any, device: str
) -> None:
    w = te.tensor(np.ones((2, 3)), None, True, device)
    y = (w * w).sum()
    if recorded:
        seen = view(w)
    else:
        with te.no_grad():
            seen = view(w)
    write(seen)
    assert w.numpy().max() == 2
    with pytest.raises(RuntimeError, match=CHANGED):
        go_back(y, w)


@views
def test_a_change_of_the_tensor_is_found_by_what_used_a_view(view: Any, device: str) -> None:
    w = te.tensor(np.ones((2, 3)), None, True, device)
    used = view(w)
    if not used.requires_grad:
        used.requires_grad_()
    y = (used * used).sum()
    write(w)
    with pytest.raises(RuntimeError, match=CHANGED):
        y.backward()


def test_a_change_through_one_view_is_found_by_another(device: str) -> None:
    w = te.tensor(np.ones((2, 3)), None, True, device)
    y = (w.T * 2).exp().sum()
    write(w.reshape(6))
    with pytest.raises(RuntimeError, match=CHANGED):
        y.backward()


@pytest.mark.parametrize("other", [lambda x: x.copy(), lambda x: x * 1, lambda x: x[[0, 1]]])
def test_a_change_of_a_copy_is_no_error(other: Any, device: str) -> None:
    w = te.tensor(np.ones((2, 3)), None, True, device)
    y = (w * w).sum()
    write(other(w.detach()))
    y.backward()
    np.testing.assert_array_equal(w.grad.numpy(), np.full((2, 3), 2.0))


def test_new_data_leaves_earlier_views_their_own_memory(device: str) -> None:
    w = te.tensor(np.ones(3), None, True, device)
    seen = w.detach()
    w.data = w.data + 1
    assert (seen.tolist(), w.tolist()) == ([1, 1, 1], [2, 2, 2])


# --- results written to


@changes
@passes
def test_a_result_written_to_is_found(change: Any, go_back: Any, device: str) -> None:
    """exp keeps its result for the gradient."""
    w = leaf(2, 3, device=device)
    h = te.exp(w)
    y = h.sum()
    change(h)
    with pytest.raises(RuntimeError, match=rf"(result of exp.*{WRITTEN}|input of sum.*{CHANGED})"):
        go_back(y, w)


def test_a_result_that_is_the_end_of_the_graph_is_found(device: str) -> None:
    w = leaf(2, device=device)
    y = te.exp(w)
    write(y)
    with pytest.raises(RuntimeError, match=rf"result of exp\(\), of shape \(1,\), {WRITTEN}"):
        y.backward()


def test_a_result_written_to_through_a_view_is_found(device: str) -> None:
    w = leaf(2, 3, device=device)
    for view in (te.Tensor.detach, lambda h: h[:1], lambda h: h.reshape(2, 1)):
        h = te.exp(w)
        y = h.sum()
        write(view(h))
        with pytest.raises(RuntimeError, match=rf"{WRITTEN}|{CHANGED}"):
            y.backward()


def test_an_untouched_part_of_the_graph_still_works(device: str) -> None:
    w = leaf(2, device=device)
    h, k = te.exp(w), w * 3
    write(h)
    k.backward()
    assert w.grad.item() == 3


# --- what .data takes


def test_data_keeps_shape_and_device() -> None:
    w = leaf(2, 3)
    for wrong in (np.ones(3), np.ones((2, 1)), te.ones(2, device="pretend-gpu").data, [1.0, 2.0]):
        with pytest.raises(ValueError, match=r"\.data holds a ndarray of shape \(2,\)"):
            w.data = wrong
    assert w.tolist() == [2, 3]


def test_data_of_a_tensor_on_a_device_takes_no_host_array() -> None:
    w = leaf(2, 3, device="pretend-gpu")
    with pytest.raises(ValueError, match=r"\.data holds a PretendArray of shape \(2,\)"):
        w.data = np.ones(2)


def test_data_of_a_single_number_may_be_computed_anew(device: str) -> None:
    """NumPy gives scalars, not arrays, where the shape is ()."""
    w = te.tensor(2.0, requires_grad=True, device=device)
    (w * w).backward()
    w.data = w.data - 0.25 * w.grad.data
    assert (w.item(), w.shape, w.dtype) == (1, (), np.float32)
    w.data -= 0.5
    assert w.item() == 0.5
    assert type(w.data) is type(te.zeros(1, device=device).data)


# --- the limit that is documented


def test_entries_written_behind_the_librarys_back_go_unseen(device: str) -> None:
    """w.data[0] = … reaches no code of ours: debug mode alone can find it."""
    w = leaf(2, 3, device=device)
    y = (w * w).sum()
    w.data[0] = 100.0
    y.backward()
    assert w.grad.tolist() == [200, 6]


# --- gradients and upstream are not shared either


def test_grad_may_be_written_to_without_harm(device: str) -> None:
    a, b = leaf(1, 2, device=device), leaf(3, 4, device=device)
    upstream = te.tensor(np.ones(2), device=device)
    y = a + b
    y.backward(upstream, retain_graph=True)
    a.grad.data *= 10
    assert b.grad.tolist() == upstream.tolist() == [1, 1]
    y.backward(upstream)
    assert a.grad.tolist() == [11, 11]


# --- memory and time, apart from the graph


def written_after(write) -> tuple[te.Tensor, te.Tensor]:
    """x and a loss in which a result of exp was written to after its use."""
    x = te.tensor([1.0, 2.0], requires_grad=True)
    y = x.exp()
    loss = (y * y + x).sum()
    write(y)
    return x, loss


def through_detach(y: te.Tensor) -> None:
    d = y.detach()
    d.data *= 2


def through_data(y: te.Tensor) -> None:
    y.data -= 1


@pytest.mark.parametrize("write", [through_data, through_detach])
@pytest.mark.parametrize("allow_unused", [False, True])
def test_grad_refuses_as_backward_does(write, allow_unused):
    """The order of the walk is that of recording, not of writing: no branch may fall out."""
    x, loss = written_after(write)
    with pytest.raises(RuntimeError, match=rf"{WRITTEN}|{CHANGED}"):
        te.grad(loss, x, allow_unused=allow_unused)


def test_detach_lets_the_graph_go():
    """A recurrent state that is detached at every step keeps no step before it alive."""
    w = te.tensor(np.eye(3, dtype=np.float32), requires_grad=True)

    def tensors() -> int:
        return sum(isinstance(o, te.Tensor) for o in gc.get_objects())

    gc.collect()
    gc.disable()
    try:
        state = te.ones(3)
        state = (state.detach() @ w).tanh()
        before = tensors()
        for _ in range(50):
            state = (state.detach() @ w).tanh()
        assert tensors() == before
    finally:
        gc.enable()


def test_data_takes_over_values_not_memory():
    a, b = te.tensor([1.0, 2.0], requires_grad=True), te.tensor([3.0, 4.0])
    a.data = b.data
    loss = (a * a).sum()
    b.data -= 1
    loss.backward()
    np.testing.assert_array_equal(a.grad.numpy(), [6, 8])


def test_a_detached_tensor_that_gets_new_numbers_is_on_its_own():
    x = te.tensor([1.0, 2.0], requires_grad=True)
    y = x.exp()
    d = y.detach()
    d.data = np.zeros(2, np.float32)
    y.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), np.exp([1, 2]), rtol=1e-6)


def test_a_shallow_copy_shares_the_mark_of_writes():
    w = te.tensor([1.0, 2.0], requires_grad=True)
    shallow = copy.copy(w)
    loss = (w * w).sum()
    shallow.data -= 1
    with pytest.raises(RuntimeError, match=CHANGED):
        loss.backward()

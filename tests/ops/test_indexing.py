"""x[key] for every key NumPy knows, against NumPy; wrong indices are refused on every device."""

from __future__ import annotations

from typing import Any

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

import tinygrad_edu as te
from tinygrad_edu.backend.pretend import count_transfers

SHAPES = hnp.array_shapes(min_dims=0, max_dims=3, min_side=1, max_side=4)


def basic_keys(shape: tuple[int, ...]) -> Any:
    return hnp.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True, max_dims=6)


@st.composite
def mixed_keys(draw: Any, shape: tuple[int, ...]) -> tuple[Any, ...]:
    """For each axis a slice, number, index array (indices may repeat) or mask; None in between."""
    together = draw(hnp.array_shapes(min_dims=1, max_dims=2, max_side=3))
    key: list[Any] = []
    for n in shape:
        if draw(st.integers(0, 4)) == 0:
            key.append(None)
        places = hnp.arrays(np.int64, together, elements=st.integers(-n, n - 1))
        as_lists = places.map(lambda a: a.tolist())
        number = st.integers(-n, n - 1)
        key.append(draw(st.one_of(st.slices(n), number, places, as_lists)))
    cut = draw(st.integers(0, len(key)))
    return (*key[:cut], ...) if draw(st.booleans()) and cut == len(key) else tuple(key)


def arange(shape: tuple[int, ...]) -> np.ndarray:
    return np.arange(float(np.prod(shape))).reshape(shape) + 1


def check(x: np.ndarray, key: Any, device: str, with_graph: bool = True) -> None:
    """Value, gradient and recorded gradient of x[key]."""
    expected = x[key]
    a = te.tensor(x, None, True, device)
    y = a[key]
    assert (y.device, y.dtype) == (device, x.dtype)
    np.testing.assert_array_equal(y.numpy(), expected)
    upstream = np.random.default_rng(0).uniform(-1, 1, np.shape(expected))
    slope = np.zeros_like(x)
    np.add.at(slope, key, upstream)
    for create_graph in (False, True):
        found = te.grad(y, a, upstream, retain_graph=True, create_graph=create_graph)
        np.testing.assert_allclose(found.numpy(), slope, rtol=1e-13, atol=1e-15)


@given(data=st.data())
def test_slices_numbers_none_and_ellipsis(data: Any, device: str) -> None:
    shape = data.draw(SHAPES)
    check(arange(shape), data.draw(basic_keys(shape)), device)


@given(data=st.data())
def test_mixtures_with_index_arrays(data: Any, device: str) -> None:
    shape = data.draw(hnp.array_shapes(min_dims=1, max_dims=3, max_side=4))
    check(arange(shape), data.draw(mixed_keys(shape)), device)


@given(data=st.data())
def test_masks(data: Any, device: str) -> None:
    shape = data.draw(hnp.array_shapes(min_dims=1, max_dims=3, max_side=3))
    axes = data.draw(st.integers(1, len(shape)))
    mask = data.draw(hnp.arrays(np.bool_, shape[:axes]))
    key = data.draw(st.sampled_from([mask, (mask, ...), (None, mask), mask.tolist()]))
    check(arange(shape), key, device)


@given(data=st.data())
def test_masks_made_by_comparison(data: Any, device: str) -> None:
    shape = data.draw(hnp.array_shapes(min_dims=1, max_dims=3, max_side=3))
    x = data.draw(hnp.arrays(np.float64, shape, elements=st.integers(-2, 2)))
    a = te.tensor(x, device=device)
    np.testing.assert_array_equal(a[a > 0].numpy(), x[x > 0])


TENSOR_KEYS = [
    lambda i: i,
    lambda i: (i, i),
    lambda i: (slice(None), i),
    lambda i: (i, slice(1, None)),
    lambda i: (..., i),
    lambda i: (None, i, 0),
]


@pytest.mark.parametrize("key_of", TENSOR_KEYS)
def test_keys_may_hold_tensors(key_of: Any, device: str) -> None:
    x, places = arange((3, 3)), np.array([2, 0, -1, 2])
    a = te.tensor(x, None, True, device)
    y = a[key_of(te.tensor(places, device=device))]
    np.testing.assert_array_equal(y.numpy(), x[key_of(places)])
    y.sum().backward()
    slope = np.zeros_like(x)
    np.add.at(slope, key_of(places), 1)
    np.testing.assert_array_equal(a.grad.numpy(), slope)


@pytest.mark.parametrize("index_type", [np.int8, np.int32, np.uint8, np.int64])
def test_whole_numbers_of_any_type(index_type: Any, device: str) -> None:
    check(arange((3, 2)), np.array([1, 0, 1], index_type), device)


@pytest.mark.parametrize("number", [np.int64(1), np.int8(-1), np.array(1)])
def test_numpy_numbers_as_keys(number: Any, device: str) -> None:
    check(arange((3, 2)), number, device)


def test_second_gradient_through_an_index(device: str) -> None:
    x = te.tensor(arange((3,)), None, True, device)
    y = (x[[0, 2, 2]] ** 3).sum()
    g = te.grad(y, x, create_graph=True)
    np.testing.assert_allclose(g.numpy(), [3, 0, 2 * 27])
    np.testing.assert_allclose(te.grad(g.sum(), x).numpy(), [6, 0, 2 * 18])


# --- indices outside


OUTSIDE = [
    3,
    -4,
    (0, 2),
    (0, -3),
    [0, 3],
    [-4],
    ([0], [2]),
    (slice(None), [0, 2]),
    (..., [2]),
    (None, [3]),
    ([[1, 0], [0, 7]], 0),
    np.array([0, 3]),
    (np.array([True, False, True]), [0, 2]),
]


@pytest.mark.parametrize("key", OUTSIDE, ids=repr)
def test_an_index_outside_raises(key: Any, device: str) -> None:
    """On a GPU an index array would wrap around without a word."""
    x = te.tensor(arange((3, 2)), device=device)
    with pytest.raises(IndexError):
        x[key]


@pytest.mark.parametrize("i", [[5], [[-4, 0, 0]]])
def test_take_refuses_an_index_outside(i: Any, device: str) -> None:
    x = te.tensor(arange((3, 2)), device=device)
    for f in (lambda: te.take(x, i, axis=0), lambda: te.scatter_add(x, i, 1.0)):
        with pytest.raises(IndexError, match="axis 0 of a tensor of shape"):
            f()
    with pytest.raises(IndexError):
        te.take_along_axis(x, [[0, 3]], axis=0)


def test_the_sentence_names_axis_shape_and_index(device: str) -> None:
    x = te.tensor(arange((3, 2)), device=device)
    with pytest.raises(IndexError, match=r"axis 1 of a tensor of shape \(3, 2\): index 5"):
        x[:, [0, 5]]


def test_an_index_computed_on_the_device_is_checked_too(device: str) -> None:
    x = te.tensor(arange((3, 2)), device=device)
    places = te.tensor([1, 2], device=device) * 2
    with pytest.raises(IndexError):
        x[places]


def test_an_index_changed_after_it_was_made_is_checked_afresh(device: str) -> None:
    x = te.tensor(arange((3,)), device=device)
    places = te.tensor([0, 1], device=device)
    seen = places.reshape(2, 1)
    places.data += 2
    for changed in (places, seen, seen.reshape(-1), places[1:]):
        with pytest.raises(IndexError):
            x[changed]
    places.data -= 1
    assert x[places].tolist() == [2, 3]


def test_a_copy_of_a_changed_index_is_checked_afresh(device: str) -> None:
    """A transposed tensor takes on another shape in new memory."""
    x = te.tensor(arange((3,)), device=device)
    places = te.tensor([[0, 1], [2, 0]], device=device)
    turned = places.T
    places.data += 2
    for copied in (places.T.reshape(-1), turned.reshape(-1), turned.to("cpu").to(device)):
        with pytest.raises(IndexError):
            x[copied]


def test_a_part_of_some_indices_is_judged_by_itself(device: str) -> None:
    x = te.tensor(arange((3,)), device=device)
    places = te.tensor([0, 2, 9], device=device)
    assert x[places[:2]].tolist() == [1, 3]
    with pytest.raises(IndexError, match="index 9"):
        x[places[1:]]


def test_indices_of_the_host_are_checked_without_a_copy_from_the_device() -> None:
    x = te.tensor(arange((3, 2)), device="pretend-gpu")
    places = te.tensor([0, 2, 1], device="pretend-gpu")
    moved = te.tensor([0, 2, 1]).to("pretend-gpu")
    with count_transfers() as transfers:
        for key in (places, moved, moved.reshape(3, 1), [2, 0], np.array([1, 1]), (1, [0])):
            x[key]
        te.one_hot(places, 3)
        te.take(x, [[1, 2]], axis=0)
    assert transfers.count == 0


@pytest.mark.parametrize("key", [1.0, [0.5], "a", (0, 0, 0), te.tensor([1.0])], ids=repr)
def test_keys_of_another_kind_are_refused(key: Any) -> None:
    with pytest.raises(IndexError):
        te.tensor(arange((3, 2)))[key]


def test_a_key_on_another_device_is_refused_or_moved() -> None:
    x = te.tensor(arange((3, 2)), device="pretend-gpu")
    with pytest.raises((ValueError, IndexError)):
        te.tensor(arange((3, 2)))[te.tensor([0], device="pretend-gpu")]
    assert x[[0]].device == "pretend-gpu"


# --- the families that index


@given(data=st.data())
def test_take_is_numpys(data: Any, device: str) -> None:
    shape = data.draw(hnp.array_shapes(min_dims=1, max_dims=3, max_side=3))
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    n = shape[axis]
    places = data.draw(
        hnp.arrays(
            np.int64, hnp.array_shapes(min_dims=0, max_dims=2), elements=st.integers(-n, n - 1)
        )
    )
    x = arange(shape)
    found = te.take(te.tensor(x, device=device), places, axis=axis)
    np.testing.assert_array_equal(found.numpy(), np.take(x, places, axis))


@given(data=st.data())
def test_scatter_add_is_numpys(data: Any, device: str) -> None:
    shape = data.draw(hnp.array_shapes(min_dims=1, max_dims=3, max_side=3))
    key = data.draw(st.one_of(basic_keys(shape), mixed_keys(shape)))
    x = arange(shape)
    values = np.random.default_rng(0).uniform(size=x[key].shape)
    expected = x.copy()
    np.add.at(expected, key, values)
    a, v = te.tensor(x, None, True, device), te.tensor(values, None, True, device)
    y = te.scatter_add(a, key, v)
    np.testing.assert_allclose(y.numpy(), expected, rtol=1e-14)
    upstream = np.random.default_rng(1).uniform(size=shape)
    y.backward(upstream)
    np.testing.assert_array_equal(a.grad.numpy(), upstream)
    np.testing.assert_array_equal(v.grad.numpy(), upstream[key])


def test_scatter_add_is_the_gradient_of_indexing(device: str) -> None:
    x = te.zeros((3, 2), device=device)
    y = te.scatter_add(x, [0, 2, 0], te.ones((3, 2), device=device))
    assert y.tolist() == [[2, 2], [0, 0], [1, 1]]
    assert x.tolist() == [[0, 0]] * 3

"""xp.masked(g, mask): g where the mask holds, else 0; on the CPU by a product of bits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tinygrad_edu import backend

SPECIAL = [np.inf, -np.inf, np.nan, -0.0, 0.0, 1e-45, -3.5]


def bits(a: np.ndarray) -> bytes:
    return np.ascontiguousarray(a).tobytes()


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int64", "complex128"])
def test_it_is_where_to_the_last_bit(dtype: str, device: str) -> None:
    there = backend.backend(device)
    numbers = SPECIAL if dtype != "int64" else range(7)
    g = np.array([numbers, numbers]).astype(dtype)
    mask = np.arange(14).reshape((2, 7)) % 3 > 0
    given = there.from_host(g), there.from_host(mask)
    assert bits(there.to_host(there.xp.masked(*given))) == bits(np.where(mask, g, 0).astype(dtype))


@given(
    shapes=arrays.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=4),
    transposed=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_any_shapes(shapes: arrays.BroadcastableShapes, transposed: bool, seed: int) -> None:
    random = np.random.default_rng(seed)
    g, mask = (np.asarray(random.normal(size=shape)) for shape in shapes.input_shapes)
    if transposed:
        g, mask = g.T.copy().T, mask.T.copy().T
    found = backend.backend("cpu").xp.masked(g, mask > 0)
    np.testing.assert_array_equal(found, np.where(mask > 0, g, 0))
    assert found.shape == shapes.result_shape


def test_a_mask_of_whole_numbers_is_true_where_it_is_not_0() -> None:
    g = np.array([1.5, 2.5, 3.5])
    found = backend.backend("cpu").xp.masked(g, np.array([0, 2, -1]))
    np.testing.assert_array_equal(found, [0.0, 2.5, 3.5])


def test_nothing_is_written_to() -> None:
    g, mask = np.ones(4), np.array([True, False, True, False])
    result = backend.backend("cpu").xp.masked(g, mask)
    assert not np.shares_memory(result, g)
    assert g.tolist() == [1.0] * 4 and mask.tolist() == [True, False] * 2

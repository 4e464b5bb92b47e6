"""Attention: the document's example, its gradients in closed form, masks, and what must not leak.

Values, first and second gradients over many shapes are in the table, against plain loops.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as te
from tinygrad_edu.ops import attention

F = te.nn.functional
attend = F.scaled_dot_product_attention


def drawn(*shape: int, seed: int = 0, dtype: Any = np.float64) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def leaf(array: np.ndarray, device: str) -> te.Tensor:
    return te.tensor(array, requires_grad=True, device=device)


# --- document 000 §4.2

ROWS = [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]  # Q = K = V, d = 2
WEIGHTS = [
    [0.4011120927, 0.1977758146, 0.4011120927],
    [0.1977758146, 0.4011120927, 0.4011120927],
    [0.2482550783, 0.2482550783, 0.5034898435],
]
OUTPUT = [
    [0.8022241854, 0.5988879073],
    [0.5988879073, 0.8022241854],
    [0.7517449217, 0.7517449217],
]
CAUSAL = [[1, 0, 0], [0.3302384507, 0.6697615493, 0], WEIGHTS[2]]


def test_the_example_of_the_document(device: str) -> None:
    x = te.tensor(ROWS, te.float64, device=device)
    close = {"rtol": 0, "atol": 1e-10}
    np.testing.assert_allclose(F.attention_weights(x, x).numpy(), WEIGHTS, **close)
    np.testing.assert_allclose(attend(x, x, x).numpy(), OUTPUT, **close)
    np.testing.assert_allclose(F.attention_weights(x, x, is_causal=True).numpy(), CAUSAL, **close)
    np.testing.assert_allclose(attend(x, x, x, is_causal=True).numpy(), CAUSAL @ x.numpy(), **close)


@pytest.mark.parametrize("is_causal", [False, True])
def test_gradients_in_closed_form(is_causal: bool, device: str) -> None:
    """dV = AᵀG, dA = GVᵀ, dS = A ⊙ (dA − rowsum(dA ⊙ A)), dQ = dS K / √d, dK = dSᵀ Q / √d."""
    q, k, v, g = drawn(5, 3), drawn(7, 3, seed=1), drawn(7, 4, seed=2), drawn(5, 4, seed=3)
    scores = np.where(np.tri(5, 7, 2) if is_causal else True, q @ k.T / np.sqrt(3), -np.inf)
    a = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    da = g @ v.T
    ds = a * (da - (da * a).sum(axis=1, keepdims=True))
    wanted = [ds @ k / np.sqrt(3), ds.T @ q / np.sqrt(3), a.T @ g]
    for function in (attend, attention._plain_attention):
        inputs = [leaf(x, device) for x in (q, k, v)]
        function(*inputs, is_causal=is_causal).backward(te.tensor(g, device=device))
        for x, gradient in zip(inputs, wanted, strict=True):
            np.testing.assert_allclose(x.grad.numpy(), gradient, rtol=1e-12, atol=1e-12)


def test_gradients_of_gradients(device: str) -> None:
    inputs = [leaf(drawn(2, 3, 2, seed=i), device) for i in range(3)]
    mask = te.tensor([[True, True, False], [True, False, True], [True, True, True]], device=device)
    for options in ({}, {"mask": mask}, {"is_causal": True}):
        te.gradgradcheck(lambda *x, how=options: attend(*x, **how), inputs)


# --- masks


def test_rows_of_weights_add_up_to_one(device: str) -> None:
    q, k = (te.tensor(drawn(4, 6, 8, seed=i), device=device) for i in range(2))
    for is_causal in (False, True):
        sums = F.attention_weights(q, k, is_causal=is_causal).sum(axis=-1)
        np.testing.assert_allclose(sums.numpy(), 1, rtol=0, atol=1e-15)


def test_a_triangle_as_mask_is_causal(device: str) -> None:
    q, k, v = (te.tensor(drawn(2, 5, 3, seed=i), device=device) for i in range(3))
    triangle = np.tri(5, dtype=bool)
    for mask in (triangle, te.tensor(triangle, device=device)):
        found = attend(q, k, v, mask)
        np.testing.assert_array_equal(found.numpy(), attend(q, k, v, is_causal=True).numpy())
    everything = np.ones((5, 5), bool)
    np.testing.assert_array_equal(attend(q, k, v, everything).numpy(), attend(q, k, v).numpy())


def test_fewer_queries_than_keys_are_the_last_positions(device: str) -> None:
    """What a key/value cache relies on: with all keys, the last queries give the last rows."""
    q, k, v = (te.tensor(drawn(2, 6, 3, seed=i), device=device) for i in range(3))
    whole = attend(q, k, v, is_causal=True).numpy()
    for n in (1, 2, 6):
        last = attend(q[:, -n:], k, v, is_causal=True).numpy()
        np.testing.assert_allclose(last, whole[:, -n:], rtol=1e-12, atol=1e-15)


def test_a_query_that_may_look_at_nothing_gets_zeros_and_gives_no_gradient(device: str) -> None:
    q, k, v = (leaf(drawn(3, 2, seed=i), device) for i in range(3))
    mask = te.tensor([[True, True, False], [False, False, False], [True, True, False]])
    mask = mask.to(device)
    y = attend(q, k, v, mask)
    y.backward(te.tensor(drawn(3, 2, seed=5), device=device))
    assert y.numpy()[1].tolist() == q.grad.numpy()[1].tolist() == [0, 0]
    assert k.grad.numpy()[2].tolist() == v.grad.numpy()[2].tolist() == [0, 0]
    for x in (y.detach(), q.grad, k.grad, v.grad):
        assert np.isfinite(x.numpy()).all()
    assert F.attention_weights(q, k, mask).numpy()[1].tolist() == [0, 0, 0]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("time", "d"), [(5, 3), (16, 8), (64, 32), (67, 20)])
def test_a_later_token_changes_no_bit_of_earlier_outputs(time: int, d: int, dtype: str) -> None:
    q, k, v = (drawn(3, time, d, seed=i, dtype=dtype) for i in range(3))
    before = attend(te.tensor(q), te.tensor(k), te.tensor(v), is_causal=True).numpy()
    for j in {1, time // 2, time - 1}:
        moved = [x.copy() for x in (q, k, v)]
        for i, x in enumerate(moved):
            x[:, j] = 100 * drawn(3, d, seed=10 + i)
        after = attend(*(te.tensor(x) for x in moved), is_causal=True).numpy()
        assert (after[:, :j] == before[:, :j]).all()
        assert (after[:, j:] != before[:, j:]).any(axis=-1).all()  # those that see it all change


def test_large_scores_do_not_overflow(device: str) -> None:
    for dtype in ("float16", "float32"):
        q = leaf(np.array([[200.0, 0.0], [0.0, -200.0]], dtype), device)
        y = attend(q, q, te.tensor(np.eye(2, dtype=dtype), device=device))
        y.sum().backward()
        np.testing.assert_array_equal(y.numpy(), np.eye(2))
        assert np.isfinite(q.grad.numpy()).all()


# --- refused


@pytest.mark.parametrize(
    ("shapes", "options", "words"),
    [
        (((3, 2), (3, 4), (3, 2)), {}, r"q \(3, 2\), k \(3, 4\).*equally long"),
        (((3, 2), (4, 2), (3, 2)), {}, r"k \(4, 2\) and v \(3, 2\).*each has its value"),
        (((2,), (3, 2), (3, 2)), {}, r"q \(…, queries, d\).*q \(2,\)"),
        (((2, 2), (0, 2), (0, 2)), {}, "at least one key"),
        (((4, 3, 2), (5, 3, 2), (3, 2)), {}, r"\(batch, heads\).*equal or 1.*\(4, 3, 2\)"),
        (((4, 2), (3, 2), (3, 2)), {"is_causal": True}, "more queries than keys"),
        (((3, 2),) * 3, {"mask": np.ones((3, 4), bool)}, r"here \(3, 3\); it was given \(3, 4\)"),
        (((3, 2),) * 3, {"mask": np.ones((2, 3, 3), bool)}, r"here \(3, 3\).*\(2, 3, 3\)"),
    ],
)
def test_shapes_that_do_not_fit(shapes: Any, options: Any, words: str, device: str) -> None:
    inputs = [te.zeros(shape, device=device) for shape in shapes]
    with pytest.raises(ValueError, match=re.compile(words, re.DOTALL)):
        attend(*inputs, **options)


def test_a_mask_of_numbers_is_refused() -> None:
    """0 for "look" and −∞ for "do not" is what other libraries add to the scores."""
    x = te.zeros((3, 2))
    with pytest.raises(TypeError, match="boolean, True where a query may look.*float32"):
        attend(x, x, x, te.zeros((3, 3)))

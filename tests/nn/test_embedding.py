"""Embedding: rows of a table by token, and where their gradients go."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_edu as te
from tinygrad_edu import nn

F = nn.functional


def table(rows, size, device, dtype=np.float64):
    values = np.random.default_rng(rows).standard_normal((rows, size)).astype(dtype)
    return te.tensor(values, requires_grad=True, device=device)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("shape", [(), (5,), (4, 7), (0,), (2, 0), (2, 3, 4)])
def test_it_is_the_product_with_one_hot_rows(shape, dtype, device):
    """Value and gradient, with tokens that stand there several times."""
    rng = np.random.default_rng(1)
    tokens = rng.integers(0, 6, shape)
    upstream = rng.integers(-8, 8, (*shape, 3)).astype(dtype)  # sums of them are exact
    weight = table(6, 3, device, dtype)
    rows = F.embedding(te.tensor(tokens, device=device), weight)
    rows.backward(te.tensor(upstream, device=device))
    hot = np.eye(6, dtype=dtype)[tokens]
    assert rows.dtype == weight.grad.dtype == dtype and rows.device == device
    np.testing.assert_array_equal(rows.numpy(), hot @ weight.detach().numpy())
    wanted = hot.reshape(-1, 6).T @ upstream.reshape(-1, 3)
    np.testing.assert_array_equal(weight.grad.numpy(), wanted)


@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64"])
@pytest.mark.parametrize("rows", [1, 2, 50, 1000])
def test_gradient_of_many_tokens(rows, dtype, device):
    tokens = np.random.default_rng(0).integers(0, min(rows, 256), (16, 20)).astype(dtype)
    upstream = np.random.default_rng(1).standard_normal((16, 20, 4))
    weight = table(rows, 4, device)
    F.embedding(te.tensor(tokens, device=device), weight).backward(
        te.tensor(upstream, device=device)
    )
    wanted = np.zeros((rows, 4))
    for place in np.ndindex(tokens.shape):
        wanted[tokens[place]] += upstream[place]
    np.testing.assert_allclose(weight.grad.numpy(), wanted, rtol=1e-12, atol=1e-13)


def test_scatter_add_of_rows_counted_from_the_back(device):
    """−1 and n − 1 are the same row: the fast sum over rows may not tell them apart."""
    a = te.zeros((3, 2), device=device)
    found = te.scatter_add(
        a, [-1, 0, 2, -3], te.tensor([[1.0, 2], [4, 8], [16, 32], [64, 128]]).to(device)
    )
    assert found.tolist() == [[68, 136], [0, 0], [17, 34]]


def test_the_padding_row_gets_no_gradient(device):
    tokens = te.tensor([[1, 0, 2], [0, 0, 1]], device=device)
    weight = table(3, 2, device)
    upstream = te.tensor(np.random.default_rng(0).standard_normal((2, 3, 2)), device=device)
    found = {}
    for padding in (None, 0, 1):
        rows = F.embedding(tokens, weight, padding_index=padding)
        for create_graph in (False, True):
            g = te.grad(rows, weight, upstream, retain_graph=True, create_graph=create_graph)
            found[padding, create_graph] = g.detach().numpy()
    for (padding, _), gradient in found.items():
        wanted = found[None, False].copy()
        if padding is not None:
            wanted[padding] = 0
        np.testing.assert_allclose(gradient, wanted, rtol=1e-14)  # exact at 0
    assert (found[None, False][0] != 0).all()


@pytest.mark.usefixtures("seeded")
def test_the_padding_row_stays_zero_in_training(device):
    layer = nn.Embedding(4, 3, padding_index=2).to(device)
    optimizer = te.optim.SGD(layer.parameters(), lr=0.5)
    (layer(te.tensor([0, 2, 2, 3], device=device)) + 1).sum().backward()
    optimizer.step()
    assert layer.weight.numpy()[2].tolist() == [0, 0, 0]
    assert repr(layer) == "Embedding(4, 3, padding_index=2)"


@pytest.mark.usefixtures("seeded")
def test_the_layer(device):
    layer = nn.Embedding(2000, 30).to(device)
    values = layer.weight.numpy()
    assert abs(values.mean()) < 0.02 and abs(values.std() - 1) < 0.02  # N(0, 1)
    assert repr(layer) == "Embedding(2000, 30)"
    for tokens in ([[3, 1999], [0, 3]], np.array([[3, 1999], [0, 3]], np.uint16)):
        np.testing.assert_array_equal(layer(tokens).numpy(), values[[[3, 1999], [0, 3]]])


@pytest.mark.usefixtures("seeded")
def test_what_is_refused(device):
    layer = nn.Embedding(24, 3).to(device)
    for tokens, wrong in (([0, 24], 24), ([-1, 3], -1)):
        for given in (tokens, te.tensor(tokens, device=device)):
            with pytest.raises(IndexError, match=f"embedding.*index {wrong} is outside 0 … 23"):
                layer(given)
    with pytest.raises(TypeError, match=r"whole numbers.*float32.*astype"):
        layer(te.tensor([1.0, 2.0], device=device))
    with pytest.raises(ValueError, match=r"table of shape \(rows, size\).*\(3,\)"):
        F.embedding([1], te.ones(3))
    for padding in (24, -1, 1.5, True, "0"):
        for attempt in (
            lambda: nn.Embedding(24, 3, padding),  # noqa: B023
            lambda: F.embedding([0], layer.weight, padding_index=padding),  # noqa: B023
        ):
            with pytest.raises(ValueError, match=f"padding_index={padding!r} names none.*0 to 23"):
                attempt()
    with pytest.raises(ValueError, match="num_embeddings is a whole number of at least 1"):
        nn.Embedding(0, 3)

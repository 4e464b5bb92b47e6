"""Dropout beyond its line in the table: its statistics, its gradient, its draws and its misuse."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tinygrad_edu as te
from tinygrad_edu import nn
from tinygrad_edu.nn import functional as F

from .numeric import leaf

pytestmark = pytest.mark.usefixtures("seeded")
N = 40_000


@pytest.mark.parametrize("p", [0.01, 0.2, 0.5, 0.8, 0.95])
def test_mean_and_variance(p, device):
    """E y = x and Var y = x² p / (1 − p), in each entry: dropped independently of x."""
    x = np.random.default_rng(0).normal(size=N)
    y = F.dropout(te.tensor(x, device=device), p).numpy()
    noise = math.sqrt(p / (1 - p) / N)
    assert abs((y - x).mean()) < 5 * noise * np.sqrt((x**2).mean())
    variance = ((y - x) ** 2).mean() / (x**2).mean()
    assert variance == pytest.approx(p / (1 - p), rel=0.2)
    kept = y != 0
    np.testing.assert_allclose(y[kept], x[kept] / (1 - p))
    assert abs(np.corrcoef(kept, x)[0, 1]) < 5 / math.sqrt(N)  # the draw does not look at x
    assert abs(np.corrcoef(kept[1:], kept[:-1])[0, 1]) < 5 / math.sqrt(N)  # nor at its neighbours


def test_the_gradient_is_the_mask_times_the_upstream_gradient(device):
    rng = np.random.default_rng(1)
    values, upstream = rng.normal(size=(2, 30, 4))
    x = leaf(values, device)
    y = F.dropout(x, 0.4)
    y.backward(te.tensor(upstream, device=device))
    mask = y.numpy() / values  # 0 or 1 / 0.6
    np.testing.assert_allclose(np.unique(mask.round(9)), [0, round(1 / 0.6, 9)])
    np.testing.assert_allclose(x.grad.numpy(), mask * upstream, rtol=1e-12)


def test_gradcheck_with_the_draw_held_still():
    def seeded(x):
        te.manual_seed(2)
        return F.dropout(x, 0.3) * x

    x = np.random.default_rng(3).normal(size=(4, 5))
    te.gradcheck(seeded, x)
    te.gradgradcheck(seeded, x)


@pytest.mark.parametrize("p", [0, 0.0, 0.5, 1, 1.0])
def test_in_use_it_is_the_identity_and_draws_nothing(p, device):
    layer = nn.Dropout(p).eval()
    x = leaf(np.random.default_rng(0).normal(size=(3, 4)), device)
    before = te.random_state()
    y = layer(x)
    assert y.numpy().tobytes() == x.numpy().tobytes() and te.random_state() == before
    (y * 2).sum().backward()
    assert (x.grad.numpy() == 2).all()


@pytest.mark.parametrize(("p", "wanted"), [(0, 1), (1, 0)])
def test_dropping_nothing_or_all(p, wanted, device):
    before = te.random_state()
    for dtype in ("float16", "float32", "float64"):
        x = te.ones((2, 3), dtype=dtype, device=device, requires_grad=True)
        y = nn.Dropout(p)(x)
        (y * 3).sum().backward()
        assert y.dtype == x.grad.dtype == dtype and y.device == x.grad.device == device
        assert (y.numpy() == wanted).all() and (x.grad.numpy() == 3 * wanted).all()
    assert te.random_state() == before


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_dtype_and_device(dtype, device):
    x = te.ones((5, 8), dtype=dtype, device=device, requires_grad=True)
    y = nn.Dropout(0.25)(x)
    y.backward(te.ones((5, 8), dtype=dtype, device=device))
    assert y.dtype == x.grad.dtype == dtype and y.device == x.grad.device == device
    wanted = np.array(1 / 0.75, dtype)
    assert set(y.numpy().ravel()) == set(x.grad.numpy().ravel()) == {0, wanted.item()}


def test_shapes_and_draws():
    """Size 0 and 0-d; each entry its own draw; a call draws once for each entry."""
    assert F.dropout(te.zeros((0, 3)), 0.5).shape == (0, 3)
    assert F.dropout(te.tensor(2.0), 0.5).item() in (0.0, 4.0)
    te.manual_seed(4)
    whole = F.dropout(te.ones((4, 10)), 0.5).numpy()
    te.manual_seed(4)
    parts = [F.dropout(te.ones((2, 10)), 0.5).numpy() for _ in "ab"]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    assert len({row.tobytes() for row in whole}) == 4
    rows = te.ones((10, 4)).T  # the memory order does not matter
    te.manual_seed(4)
    np.testing.assert_array_equal(F.dropout(rows, 0.5).numpy(), whole)


def test_inside_a_network_it_follows_the_mode(device):
    model = nn.Sequential(nn.Linear(4, 50), nn.Dropout(0.5), nn.Sequential(nn.Dropout(0.5)))
    model.to(device)
    x = te.ones((2, 4), device=device)
    assert (model(x).numpy() == 0).mean() > 0.5
    model.eval()
    np.testing.assert_array_equal(model(x).numpy(), model[0](x).numpy())
    model.train()
    assert (model(x).numpy() == 0).mean() > 0.5
    assert list(model[1].parameters()) == [] and model[1].state_dict() == {}
    assert repr(model[1]) == "Dropout(p=0.5)"


def test_only_floats_can_be_dropped(device):
    """1 / (1 − p) is no whole number: whole numbers would come out unscaled."""
    for x in (te.tensor([1, 2, 3], device=device), te.tensor([True], device=device), [1, 2]):
        for training in (True, False):
            with pytest.raises(TypeError, match=r"needs floats.*astype\(te.float32\)"):
                F.dropout(x, 0.3, training)
    assert set(F.dropout([1.0, 1.0], 0.5).tolist()) <= {0.0, 2.0}
    assert F.dropout(np.ones(3, np.float32), 1).tolist() == [0, 0, 0]

"""Batch normalisation: the running values by hand, both modes, and what must not change them."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_edu as te
from tinygrad_edu import nn
from tinygrad_edu.nn import functional as F


def test_running_values_by_hand(device: str) -> None:
    """Batch 1, 3, 5, 7: mean 4, variance 5 over n and 20/3 over n − 1."""
    layer = nn.BatchNorm1d(1).to(device)
    x = te.tensor([[1.0], [3.0], [5.0], [7.0]], device=device)
    y = layer(x)
    np.testing.assert_allclose(y.numpy()[:, 0], np.array([-3, -1, 1, 3]) / np.sqrt(5), rtol=1e-5)
    assert layer.running_mean.item() == pytest.approx(0.9 * 0 + 0.1 * 4)
    assert layer.running_var.item() == pytest.approx(0.9 * 1 + 0.1 * 20 / 3)
    layer(x)
    assert layer.running_mean.item() == pytest.approx(0.9 * 0.4 + 0.4)
    assert layer.running_var.item() == pytest.approx(0.9 * (0.9 + 2 / 3) + 2 / 3)


def test_running_values_of_images(device: str) -> None:
    """Over batch, rows and columns; several batches; another momentum."""
    layer = nn.BatchNorm2d(3, momentum=0.25).to(device)
    rng = np.random.default_rng(0)
    mean, var = np.zeros(3), np.ones(3)
    for _ in range(4):
        x = rng.normal([1, -2, 5], [1, 3, 0.5], (4, 2, 5, 3)).transpose(0, 3, 1, 2)
        layer(te.tensor(x.astype(np.float32), device=device))
        mean = 0.75 * mean + 0.25 * np.array([x[:, k].mean() for k in range(3)])
        var = 0.75 * var + 0.25 * np.array([x[:, k].var(ddof=1) for k in range(3)])
    np.testing.assert_allclose(layer.running_mean.numpy(), mean, rtol=1e-5)
    np.testing.assert_allclose(layer.running_var.numpy(), var, rtol=1e-5)
    assert layer.running_mean.dtype == layer.running_var.dtype == np.float32


def worn(device: str) -> nn.Module:
    """A layer whose four tensors are all different from what it starts with."""
    layer = nn.BatchNorm2d(2).to(device)
    values = {
        "weight": [2, -1], "bias": [0.5, 3], "running_mean": [1, -2], "running_var": [4, 0.25]
    }  # fmt: skip
    layer.load_state_dict({name: np.float32(v) for name, v in values.items()})
    return layer


def test_in_use_the_running_values_count(device: str) -> None:
    """Whatever the batch is; and they stay as they are."""
    layer = worn(device).eval()
    before = layer.state_dict()
    x = np.random.default_rng(1).random((3, 2, 2, 4)).astype(np.float32) * 50
    y = layer(te.tensor(x, device=device)).numpy()
    np.testing.assert_allclose(y[:, 0], 2 * (x[:, 0] - 1) / np.sqrt(4 + 1e-5) + 0.5, rtol=1e-5)
    np.testing.assert_allclose(y[:, 1], -(x[:, 1] + 2) / np.sqrt(0.25 + 1e-5) + 3, rtol=1e-5)
    one = layer(te.tensor(x[:1, :, :1, :1], device=device)).numpy()  # a single value will do
    np.testing.assert_allclose(one, y[:1, :, :1, :1], rtol=1e-6)
    np.testing.assert_equal(layer.state_dict(), before)


def test_gradient_in_use_treats_the_running_values_as_constants(device: str) -> None:
    layer = worn(device).eval()
    x = te.tensor(np.random.default_rng(2).random((2, 2, 3, 3)), None, True, device)
    layer(x).sum().backward()
    slope = np.array([2 / np.sqrt(4 + 1e-5), -1 / np.sqrt(0.25 + 1e-5)])
    np.testing.assert_allclose(
        x.grad.numpy(), np.broadcast_to(slope[:, None, None], x.shape), rtol=1e-6
    )
    assert layer.running_mean.grad is None and not layer.running_var.requires_grad


def test_gradients_of_gradients_change_no_running_value(device: str) -> None:
    """create_graph runs the operation again; the module's part is not run again."""
    layer = nn.BatchNorm2d(2).to(device)
    x = te.tensor(np.random.default_rng(3).random((2, 2, 3, 3)), None, True, device)
    y = layer(x)
    after = layer.state_dict()
    slope = te.grad((y * y * y).sum(), x, create_graph=True)
    te.grad((slope * slope).sum(), x)
    np.testing.assert_equal(layer.state_dict(), after)


@pytest.mark.parametrize("shape", [(4, 2), (2, 2, 3), (2, 2, 2, 2)])
def test_differences_agree(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(4)
    inputs = [te.tensor(rng.uniform(-1, 1, s), requires_grad=True) for s in (shape, (2,), (2,))]
    running = te.zeros(2, dtype=te.float64), te.ones(2, dtype=te.float64)
    for training in (True, False):

        def norm(x: te.Tensor, w: te.Tensor, b: te.Tensor, mode: bool = training) -> te.Tensor:
            return F.batch_norm(x, *running, w, b, training=mode, momentum=0)

        te.gradcheck(norm, inputs)
        te.gradgradcheck(norm, inputs)


def test_a_shift_of_the_batch_changes_nothing(device: str) -> None:
    """So Σ ∂/∂x = 0 in each channel, and Σ x̂ ∂/∂x = 0 but for ε."""
    x = te.tensor(np.random.default_rng(5).random((4, 3, 2, 2)), None, True, device)
    layer = nn.BatchNorm2d(3).to(device)
    y, moved = layer(x), layer(x + 5)
    np.testing.assert_allclose(y.numpy(), moved.numpy(), atol=1e-9)
    y.backward(te.tensor(np.random.default_rng(6).random(y.shape), device=device))
    slope = x.grad.numpy()
    np.testing.assert_allclose(slope.sum(axis=(0, 2, 3)), 0, atol=1e-12)
    np.testing.assert_allclose((slope * y.detach().numpy()).sum(axis=(0, 2, 3)), 0, atol=1e-2)


def test_far_from_zero_two_digits_are_left(device: str) -> None:
    """Mean 10,000, spread 1, in float32, whose steps there are 0.001, and so is the mean's error.

    Σx²/n − mean² would be nothing but rounding errors.
    """
    x = np.random.default_rng(7).normal(10_000, 1, (512, 4)).astype(np.float32)
    y = nn.BatchNorm1d(4).to(device)(te.tensor(x, device=device)).numpy()
    wide = x.astype(np.float64)
    np.testing.assert_allclose(y, (wide - wide.mean(0)) / wide.std(0), atol=5e-3)


def test_state_goes_round(device: str) -> None:
    layer, other = worn(device), nn.BatchNorm2d(2)
    layer(te.tensor(np.random.default_rng(8).random((2, 2, 3, 3)), device=device))
    state = layer.state_dict()
    assert list(state) == ["weight", "bias", "running_mean", "running_var"]
    other.load_state_dict(state)
    np.testing.assert_equal(other.state_dict(), state)
    assert [name for name, _ in layer.named_parameters()] == ["weight", "bias"]


def test_memory_stays_channels_last() -> None:
    x = te.tensor(np.random.default_rng(9).random((2, 3, 5, 5)), requires_grad=True)
    hidden = F.conv2d(x, te.ones((4, 3, 2, 2), dtype=te.float64))
    for layer in (nn.BatchNorm2d(4), nn.BatchNorm2d(4).eval()):
        assert layer(hidden).data.transpose((0, 2, 3, 1)).flags.c_contiguous


@pytest.mark.parametrize("dtype", ["uint8", "int64"])
def test_whole_numbers_become_float32(dtype: str, device: str) -> None:
    pixels = (np.arange(24).reshape(4, 6) * 10).astype(dtype)
    layer = nn.BatchNorm1d(6).to(device)
    for mode in (True, False):
        y = layer.train(mode)(te.tensor(pixels, device=device))
        wide = layer(te.tensor(pixels.astype(np.float32), device=device))
        assert y.dtype == np.float32
        if mode:
            np.testing.assert_allclose(y.numpy(), wide.numpy(), rtol=1e-6)


@pytest.mark.parametrize(
    ("attempt", "words"),
    [
        (lambda: nn.BatchNorm1d(3)(te.ones((1, 3))), r"\(1, 3\) has 1: take a larger batch"),
        (lambda: nn.BatchNorm2d(3)(te.ones((1, 3, 1, 1))), "more than one value for each channel"),
        (lambda: nn.BatchNorm1d(3)(te.ones((0, 3))), r"\(0, 3\) has 0"),
        (lambda: nn.BatchNorm1d(3)(te.ones((2, 3, 4, 4))), "For 4 axes there is BatchNorm2d"),
        (lambda: nn.BatchNorm2d(3)(te.ones((2, 3))), "For 2 axes there is BatchNorm1d"),
        (lambda: nn.BatchNorm2d(0), "BatchNorm2d: num_features is a whole number.*not 0"),
        (lambda: nn.BatchNorm1d(True), "BatchNorm1d: num_features is a whole number.*not True"),
        (lambda: nn.BatchNorm1d(3, eps=-5), "BatchNorm1d: eps is a small number above 0, not -5"),
        (lambda: nn.BatchNorm1d(3, eps=0), "eps is a small number above 0, not 0"),
        (lambda: nn.LayerNorm(True), "LayerNorm: size is a whole number of at least 1, not True"),
        (lambda: nn.LayerNorm(3, eps=float("nan")), "LayerNorm: eps is a small number.*not nan"),
        (
            lambda: F.layer_norm(te.ones((2, 3)), te.ones(3), te.zeros(3), eps=-5),
            r"layer_norm\(\): eps is a small number above 0, not -5; 1e-5 is usual",
        ),
        (
            lambda: F.batch_norm(te.ones((2, 3)), *[te.ones(3)] * 4, eps=-5),
            r"batch_norm\(\): eps is a small number above 0, not -5",
        ),
        (lambda: nn.BatchNorm2d(3, momentum=2), r"momentum lies in \[0, 1\], not 2"),
    ],
)
def test_what_does_not_fit_is_said(attempt, words):
    with pytest.raises(ValueError, match=words):
        attempt()


def test_a_refused_batch_leaves_the_running_values() -> None:
    layer = nn.BatchNorm1d(3)
    before = layer.state_dict()
    with pytest.raises(ValueError, match="more than one value"):
        layer(te.ones((1, 3)))
    np.testing.assert_equal(layer.state_dict(), before)


def test_repr_shows_what_is_not_usual() -> None:
    assert repr(nn.BatchNorm2d(8, 1e-3, 0.5)) == "BatchNorm2d(8, eps=0.001, momentum=0.5)"
    assert repr(nn.LayerNorm(8, 1e-3)) == "LayerNorm(8, eps=0.001)"


def test_tensors_on_two_devices_are_told_by_the_name_that_was_called() -> None:
    with pytest.raises(ValueError, match=r"^batch_norm\(\) needs its tensors on one device"):
        nn.BatchNorm1d(3)(te.ones((4, 3), device="pretend-gpu"))

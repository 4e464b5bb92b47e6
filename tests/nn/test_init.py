"""Starting values: in the right range, from the one seeded generator, noticed by autograd."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tinygrad_edu as te
from tinygrad_edu import nn
from tinygrad_edu.nn import init

N = 200_000
# name of the function -> (call on a tensor of N entries, mean, standard deviation, low, high)
DRAWS = {
    "zeros_": (init.zeros_, 0, 0, 0, 0),
    "ones_": (init.ones_, 1, 0, 1, 1),
    "constant_": (lambda x: init.constant_(x, -2.5), -2.5, 0, -2.5, -2.5),
    "uniform_": (lambda x: init.uniform_(x, -1.0, 3.0), 1, 4 / math.sqrt(12), -1, 3),
    "normal_": (lambda x: init.normal_(x, 2.0, 0.5), 2, 0.5, -math.inf, math.inf),
    # 500 · 400 entries: r = √(6 / 900), standard deviation r / √3 = √(2 / 900)
    "xavier_uniform_": (
        init.xavier_uniform_, 0, math.sqrt(2 / 900), -math.sqrt(6 / 900), math.sqrt(6 / 900),
    ),
    "xavier_normal_": (init.xavier_normal_, 0, math.sqrt(2 / 900), -math.inf, math.inf),
    # fan_in 500, gain √2: r = √(6 / 500), standard deviation √(2 / 500)
    "kaiming_uniform_": (
        init.kaiming_uniform_, 0, math.sqrt(2 / 500), -math.sqrt(6 / 500), math.sqrt(6 / 500),
    ),
    "kaiming_normal_": (init.kaiming_normal_, 0, math.sqrt(2 / 500), -math.inf, math.inf),
    "pytorch_linear_": (
        init.pytorch_linear_, 0, math.sqrt(1 / 1500), -math.sqrt(1 / 500), math.sqrt(1 / 500),
    ),
}  # fmt: skip


def test_every_function_is_tested():
    assert {name for name in vars(init) if name.endswith("_") and name[0] != "_"} == set(DRAWS)


@pytest.mark.usefixtures("seeded")
@pytest.mark.parametrize("name", DRAWS)
def test_distribution(name):
    draw, mean, deviation, low, high = DRAWS[name]
    values = draw(te.full((500, 400), 9.0)).numpy().astype(np.float64)
    error = 6 * deviation / math.sqrt(N)
    assert abs(values.mean() - mean) <= error and abs(values.std() - deviation) <= error
    rounding = 1e-6
    assert low - rounding <= values.min() and values.max() <= high + rounding
    if -math.inf < low < high:
        assert (
            values.min() < low + (high - low) / 1000 and values.max() > high - (high - low) / 1000
        )


@pytest.mark.usefixtures("seeded")
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("name", DRAWS)
def test_in_place_with_dtype_device_and_seed(name, dtype, device):
    found = []
    for place in ("cpu", device):
        te.manual_seed(7)
        x = te.ones((30, 20), dtype=dtype, device=place)
        assert DRAWS[name][0](x) is x
        assert x.dtype == dtype and x.device == place
        found.append(x.numpy())
    np.testing.assert_array_equal(*found)


@pytest.mark.usefixtures("seeded")
@pytest.mark.parametrize("name", DRAWS)
def test_a_graph_that_used_the_old_values_is_refused(name, device):
    w = te.ones((3, 2), requires_grad=True, device=device)
    loss = (w * w).sum()
    DRAWS[name][0](w)
    with pytest.raises(RuntimeError, match="changed"):
        loss.backward()


def test_fans():
    assert init.fans((3, 4)) == (3, 4)  # (in, out)
    assert init.fans((8, 2, 3, 5)) == (2 * 15, 8 * 15)  # (out, in, height, width)
    for shape in ((), (3,)):
        with pytest.raises(ValueError, match="fan_in and fan_out.*two axes.*zeros_"):
            init.fans(shape)


@pytest.mark.usefixtures("seeded")
def test_gain():
    """The same draws, times the gain."""
    for draw in (
        init.xavier_uniform_, init.xavier_normal_, init.kaiming_uniform_, init.kaiming_normal_,
    ):  # fmt: skip
        found = []
        for gain in (1.0, 3.0):
            te.manual_seed(2)
            found.append(draw(te.zeros((40, 40), dtype="float64"), gain).numpy())
        np.testing.assert_allclose(found[1], 3 * found[0], rtol=1e-12)


@pytest.mark.usefixtures("seeded")
def test_pytorch_linear_draws_the_bias_too():
    weight, bias = te.zeros((16, 5000)), te.zeros(5000)
    assert init.pytorch_linear_(weight, bias) is weight
    for x in (weight, bias):
        assert 0.249 < np.abs(x.numpy()).max() <= 0.25 and abs(x.numpy().mean()) < 0.02


@pytest.mark.usefixtures("seeded")
def test_linear_starts_as_glorot_says():
    layer = nn.Linear(200, 100)
    limit, weight = math.sqrt(6 / 300), layer.weight.detach().numpy()
    assert 0.999 * limit < np.abs(weight).max() <= limit * (1 + 1e-6)
    assert abs(weight.mean()) < 6 * limit / math.sqrt(3 * 20_000)
    np.testing.assert_array_equal(layer.bias.detach().numpy(), np.zeros(100))
    assert weight.dtype == np.float32

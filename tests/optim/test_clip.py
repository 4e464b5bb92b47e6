"""Gradients held within limits."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tinygrad_edu as te
from tinygrad_edu.optim import clip_grad_norm_, clip_grad_value_

G = [np.array([[3.0, 0.0], [0.0, -4.0]]), np.array([12.0])]  # norm √(9 + 16 + 144) = 13


def given(device: str = "cpu", dtype: str = "float64") -> list[te.Tensor]:
    """Two parameters with gradients, and one without."""
    params = [te.zeros(s, dtype, requires_grad=True, device=device) for s in ((2, 2), (1,), (3,))]
    for x, g in zip(params, G, strict=False):
        x.grad = te.tensor(g, dtype=dtype, device=device)
    return params


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize(("limit", "scale"), [(6.5, 0.5), (1.0, 1 / 13), (13.0, 1.0), (99.0, 1.0)])
def test_norm_of_all_gradients_together(limit, scale, dtype, device):
    params = given(device, dtype)
    assert math.isclose(clip_grad_norm_(iter(params), limit), 13, rel_tol=1e-12)
    rtol = 1e-3 if dtype == "float16" else 1e-6
    for x, g in zip(params, G, strict=False):
        assert x.grad.dtype == dtype and x.grad.device == device
        np.testing.assert_allclose(x.grad.numpy(), g * scale, rtol=rtol)
    assert params[2].grad is None


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_values(dtype, device):
    params = given(device, dtype)
    clip_grad_value_(iter(params), 3.5)
    assert [x.grad.tolist() for x in params[:2]] == [[[3, 0], [0, -3.5]], [3.5]]
    assert {x.grad.dtype for x in params[:2]} == {np.dtype(dtype)} and params[2].grad is None


def test_large_float16_gradients_have_a_finite_norm(device):
    """300² is beyond float16: the norm is computed wider."""
    w = te.zeros(2, "float16", requires_grad=True, device=device)
    w.grad = te.tensor([300.0, 400.0], dtype="float16", device=device)
    assert clip_grad_norm_([w], 5.0) == 500
    np.testing.assert_allclose(w.grad.numpy(), [3, 4], rtol=1e-3)


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_a_norm_that_is_no_number_is_told_and_nothing_changed(wrong, device):
    params = given(device)
    params[1].grad = te.tensor(np.float64([wrong]), device=device)
    with pytest.raises(ValueError, match="infinite or NaN"):
        clip_grad_norm_(params, 1.0)
    np.testing.assert_array_equal(params[0].grad.numpy(), G[0])


@pytest.mark.parametrize("clip", [clip_grad_norm_, clip_grad_value_])
def test_bad_arguments_give_a_sentence(clip):
    for wrong in (0, -1, math.nan):
        with pytest.raises(ValueError, match="is above 0, not"):
            clip(given(), wrong)
    with pytest.raises(TypeError, match="list of parameters.*not one tensor"):
        clip(given()[0], 1.0)


@pytest.mark.parametrize("clip", [clip_grad_norm_, clip_grad_value_])
def test_nothing_to_clip(clip):
    params = given()
    for x in params:
        x.grad = None
    assert clip(params, 1.0) in (None, 0)

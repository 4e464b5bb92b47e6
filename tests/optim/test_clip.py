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


# --- between backward and step


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_the_step_takes_the_clipped_gradients(dtype, device):
    """SGD with lr 1 goes by just max_norm, in the direction of the gradient; by values likewise."""
    params = given(device, dtype)
    clip_grad_norm_(params, 2.0)
    te.optim.SGD(params, lr=1.0).step()
    steps = np.concatenate([x.detach().numpy().ravel() for x in params[:2]]).astype(np.float64)
    wanted = -2 / 13 * np.concatenate([g.ravel() for g in G])
    np.testing.assert_allclose(steps, wanted, rtol=1e-3 if dtype == "float16" else 1e-6)
    params = given(device, dtype)
    clip_grad_value_(params, 3.5)
    te.optim.SGD(params, lr=1.0).step()
    assert [x.tolist() for x in params[:2]] == [[[-3, 0], [0, 3.5]], [-3.5]]


@pytest.mark.usefixtures("seeded")
def test_clipping_a_loss_of_a_network(device):
    model = te.nn.Sequential(te.nn.Linear(3, 4), te.nn.Tanh(), te.nn.Linear(4, 1)).to(device)
    for i, p in enumerate(model.parameters()):
        p.data = te.full(p.shape, 0.1 * (i + 1), device=device)
    (model(te.ones((5, 3), device=device)) * 100).sum().backward()
    before = [p.grad.numpy().copy() for p in model.parameters()]
    norm = clip_grad_norm_(model.parameters(), 1.0)
    assert norm == pytest.approx(math.sqrt(sum(float((g**2).sum()) for g in before)), rel=1e-6)
    after = [p.grad.numpy() for p in model.parameters()]
    assert math.sqrt(sum(float((g**2).sum()) for g in after)) == pytest.approx(1, rel=1e-6)
    for g, scaled in zip(before, after, strict=True):
        np.testing.assert_allclose(scaled, g / norm, rtol=1e-5)
    assert clip_grad_norm_(model.parameters(), 1.1) == pytest.approx(1, rel=1e-6)  # and stays


def test_a_gradient_that_is_met_twice_is_clipped_once(device):
    params = given(device)
    assert clip_grad_norm_([*params, *params], 6.5) == 13
    np.testing.assert_allclose(params[0].grad.numpy(), G[0] / 2)
    shared = [te.zeros(1, requires_grad=True, device=device) for _ in "ab"]
    shared[0].grad = shared[1].grad = te.tensor([4.0], device=device)
    assert clip_grad_norm_(shared, 2.0) == 4
    assert shared[0].grad.item() == 2


@pytest.mark.parametrize("clip", [clip_grad_norm_, clip_grad_value_])
def test_a_graph_that_needs_the_old_gradient_refuses_to_run(clip, device):
    """The version of a gradient that was changed in place tells."""
    x = te.tensor([3.0], requires_grad=True, device=device)
    (x * x * x).sum().backward(create_graph=True)
    penalty = (x.grad * x.grad).sum()
    clip([x], 0.5)
    assert x.grad.item() == 0.5
    with pytest.raises(RuntimeError, match="(changed|written to) after"):
        penalty.backward()


def test_one_number_leaves_the_device_however_many_parameters():
    from tinygrad_edu.backend.pretend import count_transfers

    params = given("pretend-gpu") + given("pretend-gpu")
    with count_transfers() as counted:
        clip_grad_norm_(params, 1.0)
    assert counted.count == 1
    with count_transfers() as counted:
        clip_grad_value_(params, 1.0)
    assert counted.count == 0


def test_limits_that_are_numpys_numbers(device):
    """They keep float16 and float32 from being widened."""
    for dtype in ("float16", "float32"):
        params = given(device, dtype)
        assert type(clip_grad_norm_(params, np.float64(6.5))) is float
        clip_grad_value_(params, np.float64(1.0))
        assert {x.grad.dtype for x in params[:2]} == {np.dtype(dtype)}
        assert [x.grad.tolist() for x in params[:2]] == [[[1, 0], [0, -1]], [1]]

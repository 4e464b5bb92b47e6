"""What the tests of layers and losses share: differences, parameters in any dtype, gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import tinygrad_edu as te

CLOSE = {"rtol": 1e-7, "atol": 1e-8}  # central differences in float64
EQUAL = {"rtol": 1e-12, "atol": 1e-12}  # the same computation in float64, in another order


def differences(function: Callable[..., float], arrays: list[np.ndarray]) -> list[np.ndarray]:
    """∂function/∂entry, for every entry of every float64 array: (f(x + h) − f(x − h)) / 2h."""
    h = 1e-6
    gradients = []
    for position, array in enumerate(arrays):
        gradient = np.zeros(array.shape)
        for place in np.ndindex(array.shape):
            values = []
            for change in (h, -h):
                moved = array.copy()
                moved[place] += change
                values.append(float(function(*arrays[:position], moved, *arrays[position + 1 :])))
            gradient[place] = (values[0] - values[1]) / (2 * h)
        gradients.append(gradient)
    return gradients


def leaf(array: np.ndarray, device: str) -> te.Tensor:
    return te.tensor(array, requires_grad=True, device=device)


def fill(module: te.nn.Module, rng: np.random.Generator, dtype: Any, device: str) -> te.nn.Module:
    """Random values for every parameter, biases too; the same ones on every device."""
    module.to(device)
    for parameter in module.parameters():
        values = rng.uniform(-1, 1, parameter.shape).astype(dtype)
        parameter.data = te.tensor(values, device=device)
    return module


def gradients(
    output: te.Tensor, inputs: list[te.Tensor], upstream: np.ndarray, **options: Any
) -> tuple[Any, ...]:
    """te.grad with a given gradient at the output."""
    g = te.tensor(upstream, device=output.device)
    return te.grad(output, inputs, g, **options)


def second_gradients(
    compute: Callable[..., te.Tensor], arrays: list[np.ndarray], device: str, rng: Any
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """∂φ/∂arrays by backward through a create_graph pass and by differences of plain passes.

    φ is the sum of random weights times all first gradients, those for a random upstream gradient,
    which counts as one of the arrays: then φ depends on something, of straight functions too.
    """
    shape = compute(*(te.tensor(a, device=device) for a in arrays)).shape
    arrays = [*arrays, rng.standard_normal(shape)]
    weights = [rng.standard_normal(a.shape) for a in arrays[:-1]]

    def phi(tensors: list[te.Tensor], create_graph: bool) -> Any:
        *inputs, g = tensors
        first = te.grad(compute(*inputs), inputs, g, create_graph=create_graph)
        return sum(
            (x * te.tensor(w, device=device)).sum() for x, w in zip(first, weights, strict=True)
        )

    tensors = [leaf(a, device) for a in arrays]
    found = te.grad(phi(tensors, True), tensors, allow_unused=True)
    by_backward = [
        np.zeros(x.shape) if g is None else g.numpy() for x, g in zip(tensors, found, strict=True)
    ]
    by_differences = differences(
        lambda *moved: phi([leaf(a, device) for a in moved], False).item(), arrays
    )
    return by_backward, by_differences

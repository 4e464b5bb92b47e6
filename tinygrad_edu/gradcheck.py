"""Gradients held against differences: gradcheck() and gradgradcheck() raise where they differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from .autograd import grad
from .recording import enable_grad
from .tensor import Tensor, op, tensor

Function = Callable[..., Tensor]
_COMPLEX_SLOPE = "the slope by complex step (true only without abs and comparisons)"
_REPLAYED = "with create_graph=True, by its twin or its second run, it"


class GradientError(AssertionError):
    """A gradient differs from the slope of the function it belongs to."""


@enable_grad()
def gradcheck(
    fn: Function,
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-7,
    rtol: float = 1e-5,
    method: str = "differences",
    seed: int = 0,
) -> None:
    """Compare autograd's gradient of fn with its slope, for every entry of every float input.

        def test_my_softmax():
            te.gradcheck(my_softmax, np.random.default_rng(0).normal(size=(2, 3)))

    The scalar checked is Σ u ⊙ fn(inputs) with random u of both signs: with all ones, mistakes in
    softmax and in normalisation would cancel.

    Args:
        fn: takes the inputs as Tensors and returns one Tensor.
        inputs: an array, Tensor, or list of them. Floats are checked in float64; integers are
            passed through.
        eps: the step of the central difference (f(x + eps) − f(x − eps)) / 2 eps.
        atol, rtol: allowed is a difference of atol + rtol · |slope|.
        method: "differences", or "complex" for Im f(x + ih) / h with h = 1e-20, exact to rounding,
            for functions without abs, max, comparisons or other steps off the complex plane.
        seed: for u.

    Raises:
        GradientError: names the input, the index, both numbers and the tolerance; or says that fn
            draws random numbers or writes to its inputs, so that it has no slope.
    """
    if method not in ("differences", "complex"):
        raise ValueError(f'method is "differences" or "complex", not {method!r}')
    step, words = (eps, "the slope") if method == "differences" else (1e-20j, _COMPLEX_SLOPE)
    places = _float64(inputs)
    before = [x.numpy().copy() for x in places]
    output = _called(fn, places)
    upstream = _random(seed, output.shape)
    gradients = _gradients(output, places, upstream)
    for position, (x, values) in enumerate(zip(places, before, strict=True)):
        if x.numpy().tobytes() != values.tobytes():
            raise GradientError(
                f"fn or its backward pass wrote to input {position}; whoever uses that array next "
                "gets other numbers. Write to a copy"
            )
    if not np.allclose(output.numpy(), fn(*places).numpy(), rtol=1e-9, equal_nan=True):
        raise GradientError(
            "fn gives different values for the same inputs, so it has no slope to compare with; "
            "for dropout call model.eval(), for other draws te.manual_seed() inside fn"
        )
    for position, gradient in gradients.items():
        for index in np.ndindex(gradient.shape):
            slope = _slope(partial(_moved, fn, places, position, index), upstream, step)
            _compare(position, index, gradient, slope, atol + rtol * abs(slope), words)


@enable_grad()
def gradgradcheck(fn: Function, inputs: Any, **options: Any) -> None:
    """gradcheck() of the gradient itself: the second derivatives of fn against its slope.

    That needs create_graph=True, where an operation runs again on Tensors or its twin in its place;
    so the first gradients are compared with and without it.

    Args: as for gradcheck.
    """
    places = _float64(inputs)
    output = _called(fn, places)
    seed = options.get("seed", 0)
    upstream = _random(seed + 1, output.shape)
    replayed = _gradients(output, places, upstream, create_graph=True)
    for position, plain in _gradients(fn(*places), places, upstream).items():
        for index in np.ndindex(plain.shape):
            wanted = float(replayed[position][index])
            _compare(position, index, plain, wanted, 1e-7 + 1e-5 * abs(wanted), _REPLAYED)

    def gradient(*given: Tensor) -> Tensor:
        wanted = [x.requires_grad_() for x in given if x.dtype.kind in "fc"]
        total, output = tensor(0.0, dtype=np.float64, device=places[0].device), fn(*given)
        if not output.requires_grad:
            return total
        found = grad(output, wanted, upstream, create_graph=True, allow_unused=True)
        for i, g in enumerate(found):
            if g is not None:
                weights = tensor(_random(seed + 2 + i, g.shape), device=g.device)
                total = total + (g * weights).sum()
        return total

    gradcheck(gradient, places, **options)


def check_vjp(
    function: Callable[..., Any], gradients: Callable[..., Any], inputs: Any, **options: Any
) -> None:
    """gradcheck() of a backward pass written by hand on NumPy arrays.

        def test_my_layer():
            x, w = np.random.default_rng(0).normal(size=(2, 3, 3))
            te.check_vjp(lambda x, w: x @ w, lambda g, x, w: (g @ w.T, x.T @ g), [x, w])

    Args:
        function: takes arrays, returns one array or number.
        gradients: takes the gradient g of that array and then the same arrays; returns the gradient
            for each array (a tuple where there are several; None for one of integers).
        inputs, options: as for gradcheck.
    """

    def run(xp: Any, /, *arrays: Any) -> Any:
        def backward(g: Any, needs: list[bool]) -> Any:
            given = np.array(g)
            found = gradients(given, *arrays)
            if not np.array_equal(given, g):
                raise GradientError("the backward pass wrote to g; others use it too, so copy it")
            found = found if isinstance(found, tuple | list) else (found,)
            _check_shapes(found, arrays)
            return tuple(None if a is None else np.asarray(a, np.float64) for a in found)

        return np.asarray(function(*arrays)), backward

    places = [tensor(x.numpy(), device="cpu") for x in _float64(inputs)]
    gradcheck(op(joint=True)(run), places, **options)


def _check_shapes(found: Sequence[Any], arrays: Sequence[np.ndarray]) -> None:
    if len(found) != len(arrays):
        raise GradientError(
            f"the backward pass returned {len(found)} gradients for {len(arrays)} inputs"
        )
    for position, (gradient, a) in enumerate(zip(found, arrays, strict=True)):
        if gradient is None and a.dtype.kind not in "fc":
            continue
        shape = None if gradient is None else np.shape(gradient)
        if shape != a.shape:
            raise GradientError(
                f"the gradient for input {position} has shape {shape}; it needs the input's own, "
                f"{a.shape}: perhaps a transpose or a sum over the batch is missing"
            )


def _float64(inputs: Any) -> list[Tensor]:
    """The inputs as fresh tensors: floats in float64, requiring gradients."""
    several = [inputs] if not isinstance(inputs, list | tuple) else inputs
    places = []
    for x in several:
        host = np.array(x.numpy() if isinstance(x, Tensor) else x)
        floats = host.dtype.kind == "f"
        device = x.device if isinstance(x, Tensor) else None
        host = host.astype(np.float64) if floats else host
        places.append(tensor(host, requires_grad=floats, device=device))
    if not any(x.requires_grad for x in places):
        raise ValueError("gradcheck: none of the inputs is a float, so there is nothing to check")
    return places


def _random(seed: int, shape: tuple[int, ...]) -> np.ndarray:
    """Random numbers away from 0, every second one negative."""
    numbers = np.random.default_rng(seed).uniform(0.5, 1.5, shape)
    signs = 1 - 2 * (np.arange(1, np.size(numbers) + 1) % 2)
    return np.asarray(numbers * signs.reshape(shape))


def _called(fn: Function, places: Sequence[Tensor]) -> Tensor:
    output = fn(*places)
    if not isinstance(output, Tensor):
        raise TypeError(f"gradcheck: fn must return a Tensor, not a {type(output).__name__}")
    if output.dtype != np.float64:
        raise TypeError(
            f"gradcheck: fn made {output.dtype} out of float64, too coarse to measure slopes in; "
            "leave out .astype() and let constants be float64 arrays"
        )
    return output


def _gradients(
    output: Tensor, places: Sequence[Tensor], upstream: np.ndarray, create_graph: bool = False
) -> dict[int, np.ndarray]:
    """The gradient of each float input by its position; 0 where output does not depend on it."""
    wanted = {i: x for i, x in enumerate(places) if x.requires_grad}
    found: Sequence[Any] = [None] * len(wanted)
    if output.requires_grad:
        several = list(wanted.values())
        found = grad(output, several, upstream, create_graph=create_graph, allow_unused=True)
    return {
        i: np.zeros(x.shape) if g is None else g.detach().numpy()
        for (i, x), g in zip(wanted.items(), found, strict=True)
    }


def _moved(
    fn: Function, places: Sequence[Tensor], position: int, index: Any, step: complex
) -> np.ndarray:
    """The output of fn where one entry of one input is moved by step."""
    given = []
    for i, x in enumerate(places):
        array = x.numpy()
        if x.requires_grad:  # all of them complex, so that no operation drops Im
            array = array.astype(np.complex128 if isinstance(step, complex) else np.float64)
            if i == position:
                array[index] += step
        given.append(tensor(array, None, x.requires_grad, x.device))
    return fn(*given).numpy()


def _slope(move: Callable[[complex], np.ndarray], upstream: np.ndarray, step: complex) -> float:
    if not isinstance(step, complex):
        with np.errstate(invalid="ignore"):  # ∞ − ∞
            return float(((move(step) - move(-step)) * upstream).sum() / (2 * step))
    output = move(step)
    if output.dtype.kind != "c":
        raise TypeError(
            "this function leaves the complex plane (abs, max and comparisons do); use "
            'method="differences"'
        )
    return float((output.imag * upstream).sum() / step.imag)


def _compare(
    position: int, index: Any, gradient: np.ndarray, wanted: float, allowed: float, what: str
) -> None:
    given = float(gradient[index])
    if not abs(given - wanted) <= allowed < np.inf:  # a NaN fails too
        raise GradientError(
            f"gradient of input {position} at index {index}: the backward pass gives {given:.9g}, "
            f"{what} is {wanted:.9g}; they differ by {abs(given - wanted):.3g} where {allowed:.3g} "
            "is allowed"
        )

"""The sentences in which the engine refuses: what was met, why it stops, the call that mends it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def mixed_devices(operation: str, tensors: Sequence[Any]) -> Exception:
    """The tensors of one operation lie on several devices."""
    met = [f"{x.shape} on {x.device!r}" for x in tensors]
    device = next(x.device for x in tensors if x.device != "cpu")
    return ValueError(
        f"{operation}() needs its tensors on one device; it was given {' and '.join(met)}. "
        f"Move one of them, for example with .to({device!r}); model.to(device) moves a whole model"
    )


def no_gradient_wanted() -> Exception:
    """backward() of a tensor that depends on nothing that requires gradients."""
    return RuntimeError(
        "backward() has nothing to do: no input of this tensor was made with "
        "requires_grad=True, or it was computed under no_grad()"
    )


def not_one_number(shape: tuple[int, ...]) -> Exception:
    """backward() of several numbers, without a gradient to start from."""
    return RuntimeError(
        f"backward() starts from a single number, and this tensor has shape "
        f"{shape}; reduce it with .sum() or .mean(), or pass grad= of that shape"
    )


def other_shape(given: tuple[int, ...], wanted: tuple[int, ...]) -> Exception:
    """A gradient to start from that has not the output's shape."""
    return ValueError(
        f"grad= has shape {given}; it needs the output's {wanted}, as te.ones_like(output) has"
    )


def unused(position: int, shape: tuple[int, ...], requires_grad: bool) -> Exception:
    """te.grad() with respect to something that the output was not computed from."""
    return ValueError(
        f"the output does not depend on input {position} (shape {shape}, requires_grad="
        f"{requires_grad}); leave it out, or pass allow_unused=True to get None for it"
    )


def graph_freed(operation: str) -> Exception:
    """A second pass through a graph that the first one freed."""
    return RuntimeError(
        f"the graph of this tensor (from {operation}) was freed by an earlier backward(); "
        "compute the loss again, or pass retain_graph=True to the earlier call"
    )


def result_written(operation: str, shape: tuple[int, ...]) -> Exception:
    """The result of an operation was changed, and its gradient may rest on it."""
    return RuntimeError(
        f"a result of {operation}, of shape {shape}, was written to after it was "
        "computed; its gradient would be wrong. Write to a .detach().copy() instead"
    )


def input_written(operation: str, shape: tuple[int, ...]) -> Exception:
    """An input of an operation was changed before the gradient that rests on it was computed."""
    return RuntimeError(
        f"an input of {operation}, of shape {shape}, was changed after it was used "
        "(by an optimizer step, an initialiser or an assignment to .data); its gradient "
        "would be wrong. Call backward() before the change, or compute the loss again"
    )


def number_of_vjps(operation: str, inputs: int, given: int) -> Exception:
    """An operation returned too few or too many VJPs."""
    return TypeError(
        f"{operation} was given {inputs} inputs but returned {given} VJPs; return the value and "
        "then one VJP per array, None where an array carries no gradient"
    )

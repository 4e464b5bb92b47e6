"""What explain() and draw_graph() know of a graph: its order, its names, its gradients.

The pass back through the graph is one of their own: it writes no .grad and frees nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any

import numpy as np

from ..autograd import backpropagate, grad
from ..backend import to_host
from ..recording import enable_grad
from ..tensor import Tensor

FEW = 6  # as many numbers are shown in full


def graph_of(
    output: Tensor, names: Mapping[str, Tensor] | None = None
) -> tuple[list[Tensor], dict[Tensor, str], list[str]]:
    """Every tensor of the graph, inputs before results; a name for each; remarks on the names."""
    for x in (output, *(names or {}).values()):
        if not isinstance(x, Tensor):
            raise TypeError(
                "explain() and draw_graph() take a tensor, and names={'w': w} with a tensor for "
                f"each name; they do not take a {type(x).__name__}"
            )
    order: dict[Tensor, None] = {}
    stack = [(output, False)]
    while stack:
        x, inputs_are_in = stack.pop()
        if inputs_are_in:
            order[x] = None
        elif x not in order:
            stack.append((x, True))
            stack += [(y, False) for y in reversed(x.inputs) if isinstance(y, Tensor)]
    called: dict[Tensor, str] = {}
    for name, x in (names or {}).items():
        called.setdefault(x, " ".join(str(name).split()))
    unknown = [name for x, name in called.items() if x not in order]
    taken = set(called.values())
    usual = "loss" if output.size == 1 else "output"
    if output.op is not None and usual not in taken:
        called.setdefault(output, usual)
    free = (name for i in count() if (name := f"x{i}") not in taken)
    for x in order:
        if x not in called:
            called[x] = next(free)
    return list(order), called, [f"Not in this graph: {', '.join(unknown)}."] * bool(unknown)


def without_middle(order: list[Tensor], limit: int) -> list[Tensor]:
    """The first and the last of them, where they are more than limit."""
    half = max(limit // 2, 1)
    return order if len(order) <= max(limit, 2) else order[:half] + order[-half:]


Use = tuple[Tensor, int, Any]  # a result, which of its inputs it is, the gradient sent to that


def own_pass(
    output: Tensor,
) -> tuple[dict[Tensor, np.ndarray], dict[Tensor, list[Use]], list[str]]:
    """The gradient of each tensor, the uses of each, and a remark where the pass was stopped."""
    gradients: dict[Tensor, np.ndarray] = {}
    uses: dict[Tensor, list[Use]] = {}

    def visit(result: Tensor, g: Any, sent: list[tuple[Tensor, Any]]) -> None:
        gradients[result] = on_host(g)
        left = list(sent)  # in the order of the inputs, without those that need no gradient
        for position, x in enumerate(result.inputs):
            if left and left[0][0] is x:
                uses.setdefault(x, []).append((result, position, left.pop(0)[1]))

    if output.op is None and output.requires_grad:
        return {}, {}, ["This is a leaf: it was made from data, and no operation computed it."]
    if output.op is None:
        return {}, {}, [
            "How this was computed is not known: it was made from data, or computed under "
            "no_grad() or from tensors of which none has requires_grad=True."
        ]  # fmt: skip
    try:
        with np.errstate(all="ignore"):  # ∞ and NaN are shown
            found = backpropagate(output, retain_graph=True, visit=visit)
    except RuntimeError as error:
        return (
            gradients,
            uses,
            [f"{'Not all' if gradients else 'No'} gradients are known: {error}."],
        )
    return gradients | {x: g.numpy() for x, g in found.items()}, uses, []


def local_derivative(result: Tensor, position: int) -> np.ndarray | None:
    """∂result/∂input of its last operation, run alone; None where that is too many numbers.

    The Jacobian matrix; of an operation that goes entry by entry its diagonal alone.
    """
    x = result.inputs[position]
    if not (0 < result.size <= FEW and 0 < x.size <= FEW):
        return None
    places = [y.detach() if isinstance(y, Tensor) else y for y in result.inputs]
    place = places[position].requires_grad_()
    starts = np.eye(result.size, dtype=result.dtype).reshape((-1, *result.shape))
    with enable_grad(), np.errstate(all="ignore"):
        alone: Any = result.op(*places, **result.options)  # type: ignore[misc]
        rows = [grad(alone, place, start, retain_graph=True).numpy() for start in starts]
    jacobian = np.stack([row.reshape(-1) for row in rows])  # (entries out, entries in)
    if 1 in jacobian.shape:
        return jacobian.reshape(x.shape if result.size == 1 else result.shape)
    others = jacobian[np.eye(*jacobian.shape) == 0]
    if result.shape == x.shape and not np.nan_to_num(others).any():  # 0 · ∞ is NaN
        return jacobian.diagonal().reshape(x.shape)
    return jacobian if jacobian.size <= FEW else None


def on_host(array: Any) -> np.ndarray:
    return np.array(array if isinstance(array, np.generic) else to_host(array))

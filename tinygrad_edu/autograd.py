"""Going backward: backward(), grad(), and the walk through the graph that both share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from heapq import heappop, heappush
from typing import Any

from . import refusals
from .backend import namespaces
from .recording import enable_grad, is_grad_enabled
from .tensor import Tensor, asarray, identity

Pairs = Iterable[tuple[Tensor, Any]]  # inputs with their gradients

FREED: Any = ("freed",)  # stands in a result's products once backward() has passed it
replay_namespace: Any = None  # this library's own functions as an xp; set by ops/__init__


def backward(
    output: Tensor,
    grad: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
) -> None:
    """Add ∂output/∂leaf · grad to the .grad of every leaf that output was computed from.

    Args:
        grad: the gradient that arrives at output, of its shape; 1 where it has one entry.
        retain_graph: keep the graph for another pass (default: as create_graph).
        create_graph: record this pass too, so that .grad can be differentiated again.

    Raises:
        RuntimeError: where the graph was freed by an earlier pass, or a tensor it needs was
            changed since it was used.
    """
    found = backpropagate(output, grad, retain_graph=retain_graph, create_graph=create_graph)
    for tensor, gradient in found.items():
        tensor.grad = gradient if tensor.grad is None else tensor.grad + gradient


def grad(
    output: Tensor,
    inputs: Tensor | Sequence[Tensor],
    grad_output: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool = False,
) -> Any:
    """∂output/∂input for one input, or a tuple of them for several. Writes to no .grad.

    Args:
        grad_output: the gradient that arrives at output; 1 where it has one entry.
        create_graph: record the pass, so that the gradients can be differentiated again.
        allow_unused: give None, not an error, for an input that output does not depend on.
    """
    several = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    found = backpropagate(
        output, grad_output, targets=several, retain_graph=retain_graph, create_graph=create_graph
    )
    for position, x in enumerate(several):
        if x not in found and not allow_unused:
            raise refusals.unused(position, x.shape, x.requires_grad)
    gradients = tuple(found.get(x) for x in several)
    return gradients[0] if isinstance(inputs, Tensor) else gradients


def backpropagate(
    output: Tensor,
    grad: Any = None,
    *,
    targets: Sequence[Tensor] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    visit: Callable[[Tensor, Any, list[tuple[Tensor, Any]]], None] | None = None,
) -> dict[Tensor, Tensor]:
    """The gradient of output for each target; where none are named, for each leaf.

    A result is newer than its inputs, so taking the newest first, off a heap, meets every tensor
    after all of its uses, its gradient complete. visit(result, gradient, pairs) sees every step.
    """
    if create_graph and not is_grad_enabled():
        with enable_grad():
            return backpropagate(
                output, grad, targets=targets, retain_graph=retain_graph, create_graph=True,
                visit=visit,
            )  # fmt: skip
    wanted = None if targets is None else set(targets)
    path = None if wanted is None else _leading_to(output, wanted)
    carry = _replayed_gradients if create_graph else _recorded_gradients
    keep = create_graph if retain_graph is None else retain_graph
    pending = {output: _first_gradient(output, grad, create_graph)}
    queue = [(-output._time, output)] if output.op is not None else []
    ours: set[Tensor] = set()  # whose pending gradient is an array made here, safe to add to
    found = {}
    while queue:
        result = heappop(queue)[1]
        written = result._written  # None, unless something could write
        if result._products is FREED or (written is not None and written[0] > result._time):
            raise _unusable(result)
        g = pending.pop(result)
        if result._keeps_grad if wanted is None else result in wanted:
            found[result] = g if create_graph else g.copy()
        pairs = carry(result, g, path)
        if visit is not None:
            visit(result, g, pairs := list(pairs))
        for x, gx in pairs:
            if gx.shape != x._data.shape:
                gx = summed_to(gx, x._data.shape, result)
            if gx.dtype is not x._data.dtype:
                gx = gx.astype(_float(x))
            if x not in pending:
                if x.op is not None:
                    heappush(queue, (-x._time, x))
                elif create_graph or gx is g or gx.base is not None:
                    gx = gx.copy()  # a leaf's gradient shares no memory with another's
                pending[x] = gx
            elif x in ours:
                pending[x] += gx
            else:
                pending[x] = pending[x] + gx
                ours.add(x)
        if not keep:
            result.inputs, result._products = (), FREED
    found.update(pending)
    if not create_graph:
        found = {x: Tensor(namespaces[type(x._data)].asarray(g)) for x, g in found.items()}
    return found


def _float(x: Tensor) -> Any:
    """x's dtype, if it can hold a gradient."""
    if x.dtype.kind not in "fc":
        raise TypeError(
            f"a tensor of shape {x.shape} and dtype {x.dtype} cannot hold a gradient; make it with "
            "dtype=te.float32 before it requires one"
        )
    return x.dtype


def _first_gradient(output: Tensor, grad: Any, as_tensor: bool) -> Any:
    if not output.requires_grad:
        raise refusals.no_gradient_wanted()
    _float(output)
    if grad is None:
        if output.size != 1:
            raise refusals.not_one_number(output.shape)
        one = namespaces[type(output._data)].ones(output.shape, output.dtype)
        return Tensor(one) if as_tensor else one
    first = asarray(grad, device=output.device)
    if first.dtype != output.dtype:
        first = first.astype(output.dtype)
    if first.shape != output.shape:
        raise refusals.other_shape(first.shape, output.shape)
    return first if as_tensor else first._data.copy()


def _recorded_gradients(result: Tensor, g: Any, path: set[Tensor] | None) -> Pairs:
    """Each input that needs a gradient, with its gradient, by the recorded VJPs."""
    return _pairs(result, result._products, g, path)


def _replayed_gradients(result: Tensor, g: Tensor, path: set[Tensor] | None) -> Pairs:
    """The same gradients as Tensors that remember how they were computed.

    The function runs once more, on Tensors and with this library in place of NumPy, so that its
    VJPs are recorded too. Where it has a twin, that is differentiated instead.
    """
    call: Any = result.op
    if call.composed is None:
        products = call.function(replay_namespace, *result.inputs, **result.options)
        return _pairs(result, products, g, path)
    places = [identity(x) if isinstance(x, Tensor) else x for x in result.inputs]
    twin = call.composed(*places, **result.options)
    needs = _needs(result, path)
    targets = [place for place, needed in zip(places, needs, strict=True) if needed]
    found = backpropagate(twin, g, targets=targets, create_graph=True)
    pairs = zip(result.inputs, places, strict=True)
    return ((x, found[place]) for x, place in pairs if place in found)


def _pairs(result: Tensor, products: Any, g: Any, path: set[Tensor] | None) -> Pairs:
    if result.op.joint:  # type: ignore[union-attr]
        needs = _needs(result, path)
        gradients = zip(result.inputs, products[1](g, needs), needs, strict=True)
        return [(x, gx) for x, gx, needed in gradients if needed and gx is not None]
    if len(products) != 1 + len(result.inputs):
        raise refusals.number_of_vjps(_name(result), len(result.inputs), len(products) - 1)
    pairs = []
    for position, needed in enumerate(_needs(result, path), 1):
        if needed and products[position] is not None:
            pairs.append((result.inputs[position - 1], products[position](g)))
    return pairs


def _needs(result: Tensor, path: set[Tensor] | None) -> list[bool]:
    """Which inputs need a gradient. Refuses one that was changed after it was used."""
    needs, time = [], result._time
    for x in result.inputs:
        if not isinstance(x, Tensor):
            needs.append(False)
            continue
        if x._written is not None and x._written[0] > time:
            raise refusals.input_written(_name(result), x.shape)
        needs.append(x.requires_grad and (path is None or x in path))
    return needs


def _unusable(result: Tensor) -> Exception:
    if result._products is FREED:
        return refusals.graph_freed(_name(result))
    return refusals.result_written(_name(result), result.shape)


def _name(result: Tensor) -> str:
    return f"{result.op.__name__}()"  # type: ignore[union-attr]


def summed_to(g: Any, shape: tuple[int, ...], result: Tensor) -> Any:
    """g summed over the axes along which an input of this shape was broadcast."""
    lead = g.ndim - len(shape)
    axes = tuple(range(lead)) + tuple(
        lead + i for i, n in enumerate(shape) if n == 1 and g.shape[lead + i] != 1
    )
    if lead < 0 or any(n not in (1, m) for n, m in zip(shape, g.shape[lead:], strict=True)):
        raise ValueError(
            f"{_name(result)} gave a gradient of shape {g.shape} to an input of shape {shape}; "
            "a VJP returns the input's shape, or one that broadcasting made of it"
        )
    return (g.sum(axis=axes) if axes else g).reshape(shape)


def _leading_to(output: Tensor, targets: set[Tensor]) -> set[Tensor]:
    """The tensors between output and the targets: all that a gradient has to pass through."""
    seen, stack = {output}, [output]
    while stack:
        result = stack.pop()
        if result._products is FREED:  # where it leads is no longer known
            raise _unusable(result)
        for x in result.inputs:
            if isinstance(x, Tensor) and x.requires_grad and x not in seen:
                seen.add(x)
                stack.append(x)
    path = set(targets)
    for x in sorted(seen, key=lambda x: x._time):  # inputs before results
        if any(isinstance(y, Tensor) and y in path for y in x.inputs):
            path.add(x)
    return path

"""summary(): the layers of a network with their output shapes and parameters, as a table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..backend import random_state, set_random_state
from ..recording import no_grad
from ..tensor import Tensor, tensor
from .module import Module, Parameter


def summary(model: Module, input_shape: int | tuple[int, ...], dtype: Any = np.float32) -> str:
    """A table to print: every layer with its output shapes and number of parameters.

    A layer that is used in several places stands there once, with each output shape it had; a
    parameter that several layers hold is counted with the first, so the rows add up to the total.

    Args:
        input_shape: that of one sample, without the batch axis: (784,).
        dtype: of the input: te.int64 for a network that begins with an Embedding.

    The model is run once, in eval(), on a batch of one sample of zeros; its training mode and the
    random generator are put back.
    """
    shape = (input_shape,) if isinstance(input_shape, int) else input_shape
    layers = _layers(model)
    shapes: list[list[str]] = [[] for _ in layers]
    modes = [(m, m.training) for _, m in model.named_modules()]
    own_forwards = [vars(m).get("forward") for _, m in layers]
    drawn = random_state()
    first = next(model.parameters(), None)
    sample = tensor(
        np.zeros((1, *shape), dtype), device=None if first is None else first.device
    )  # (1, …)
    try:
        for (_, module), noted in zip(layers, shapes, strict=True):
            module.forward = _noting(module.forward, noted)  # type: ignore[method-assign]
        with no_grad():
            model.eval()(sample)
    finally:
        for (_, module), forward in zip(layers, own_forwards, strict=True):
            if forward is None:
                vars(module).pop("forward", None)
            else:
                module.forward = forward  # type: ignore[method-assign]
        for module, mode in modes:
            module.training = mode
        set_random_state(drawn)
    counted: set[Parameter] = set()
    rows = []
    for (name, module), noted in zip(layers, shapes, strict=True):
        kind = type(module).__name__
        new = set(_parameters(module)) - counted
        counted |= new
        shown = " ".join(dict.fromkeys(noted)) or "not used"
        rows.append((f"{name} ({kind})" if name else kind, shown, sum(p.size for p in new)))
    return _table(rows, sum(p.size for p in model.parameters()))


def _layers(model: Module) -> list[tuple[str, Module]]:
    """Every module, once, that has no modules inside it or parameters of its own."""
    found: dict[Module, str] = {}
    for name, module in model.named_modules():
        inner = next(module.children(), None) is not None
        if module not in found and not (inner and next(_parameters(module), None) is None):
            found[module] = name
    return [(name, module) for module, name in found.items()]


def _parameters(module: Module) -> Iterator[Parameter]:
    """Those that are attributes of the module itself."""
    return (value for value in vars(module).values() if isinstance(value, Parameter))


def _noting(forward: Any, noted: list[str]) -> Any:
    def run(*inputs: Any, **options: Any) -> Any:
        output = forward(*inputs, **options)
        noted.append(_shown(output))
        return output

    return run


def _shown(output: Any) -> str:
    """The shape of an output with N for the one sample, or those of several."""
    if isinstance(output, Tensor):
        sizes = ["N" if i == 0 and n == 1 else str(n) for i, n in enumerate(output.shape)]
        return f"({', '.join(sizes)}{',' * (len(sizes) == 1)})"
    if isinstance(output, dict):
        output = list(output.values())
    return " ".join(map(_shown, output)) if isinstance(output, list | tuple) else "no tensor"


def _table(rows: list[tuple[str, str, int]], total: int) -> str:
    head = ("layer", "output shape", "parameters")
    body = [(name, shape, f"{count:,}") for name, shape, count in rows]
    last = ("total", "", f"{total:,}")
    widths = [max(len(row[i]) for row in [head, *body, last]) for i in range(3)]
    line = "-" * (sum(widths) + 4)

    def laid_out(row: tuple[str, str, str]) -> str:
        return f"{row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]:>{widths[2]}}"

    return "\n".join([laid_out(head), line, *map(laid_out, body), line, laid_out(last)])

"""Sentences in place of the array library's own words, where an operation does not fit its inputs.

Each says what was given, what is needed, and what would mend it. tensor.py asks for one only after
an operation has failed, so operations carry no checks for what the array library checks itself.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

Shape = tuple[int, ...]


def explained(
    name: str,
    arrays: Sequence[Any],
    options: Mapping[str, Any],
    known: Sequence[str],
    error: Exception,
) -> Exception:
    """What to raise instead of an operation's error; itself where it is a sentence already.

    Args:
        name: of the operation.
        arrays: what it was given: arrays and numbers.
        known: the names of its options.
    """
    shapes = [tuple(getattr(a, "shape", ())) for a in arrays]
    unknown = [option for option in options if option not in known]
    if unknown and isinstance(error, TypeError):
        own = ", ".join(known) or "none"
        return TypeError(f"{name}() has no option {unknown[0]!r}; the options it has: {own}")
    if isinstance(error, np.exceptions.AxisError):
        return no_axis(name, error.axis, shapes[0], error.ndim)
    if isinstance(error, IndexError):
        return _outside(shapes[0], str(error)) if name in ("getitem", "scatter_add") else error
    if name in _SENTENCES:
        return ValueError(f"{name}(): {_SENTENCES[name](shapes, options)}")
    if "broadcast" not in str(error):
        return error
    where = f"{name}()"
    if name == "matmul":
        where, shapes = "matmul, in the axes before the last two", [s[:-2] for s in shapes]
    elif not _met(str(error)) <= set(shapes):  # of other arrays, made inside the operation
        return error
    clash = _clash(shapes)
    return error if clash is None else ValueError(f"{where}: {_unfit(shapes, *clash)}")


def no_axis(name: str, axis: Any, shape: Shape, ndim: int | None = None) -> ValueError:
    """An axis was named that is not there. ndim: the number of axes, where it is not shape's."""
    ndim = len(shape) if ndim is None else ndim
    mend = f"give one of {-ndim} … {ndim - 1}" if ndim else "a single number has none, leave it out"
    return ValueError(f"{name}(): axis {axis} does not exist for shape {shape}; {mend}")


def _met(words: str) -> set[Shape]:
    """The shapes that the array library's words name, such as (3,) and (2,4)."""
    return {
        tuple(int(n) for n in re.findall(r"\d+", text)) for text in re.findall(r"\([\d,]*\)", words)
    }


def _clash(shapes: Sequence[Shape]) -> tuple[int, int] | None:
    """Two lengths that keep the shapes from being broadcast together, the rightmost such pair."""
    for lengths in itertools.zip_longest(*(reversed(shape) for shape in shapes), fillvalue=1):
        differing = [n for n in dict.fromkeys(lengths) if n != 1]
        if len(differing) > 1:
            return differing[0], differing[1]
    return None


def _unfit(shapes: Sequence[Shape], m: int, n: int) -> str:
    met = [shape for shape in shapes if shape]
    return (
        f"the shapes {_listed(met)} do not fit together. To be broadcast, lengths compared from "
        f"the right must be equal or one of them 1; here {m} meets {n}. Give one of the tensors "
        "another shape with .reshape(…) or .T; x[:, None] makes a column"
    )


def _outside(shape: Shape, words: str) -> IndexError:
    """An index of a tensor of this shape that is not there; NumPy's words name it well."""
    mend = "places count from 0, or from -1 backwards"
    if "boolean" in words:
        mend = "a mask has the shape of what it picks from, as x > 0 has"
    return IndexError(f"a tensor of shape {shape}: {words}; {mend}")


def _listed(shapes: Sequence[Shape]) -> str:
    return " and ".join(map(str, shapes))


def _reshape(shapes: Sequence[Shape], options: Mapping[str, Any]) -> str:
    size = math.prod(shapes[0])
    return (
        f"a tensor of shape {shapes[0]} has {size} entries, which do not fill the shape "
        f"{options['shape']}; give whole numbers whose product is {size}, one of which may be -1"
    )


def _transpose(shapes: Sequence[Shape], options: Mapping[str, Any]) -> str:
    return (
        f"{options['axes']} is no order of the {len(shapes[0])} axes of shape {shapes[0]}; name "
        f"each once, as in {tuple(range(len(shapes[0])))[::-1]}"
    )


def _squeeze(shapes: Sequence[Shape], options: Mapping[str, Any]) -> str:
    return (
        f"axis {options['axis']} of shape {shapes[0]} is not of length 1; name axes that are, or "
        "none for all of them"
    )


def _broadcast_to(shapes: Sequence[Shape], options: Mapping[str, Any]) -> str:
    return (
        f"shape {shapes[0]} cannot be repeated to {options['shape']}: compared from the right, "
        "each of its lengths must be that one or 1; reshape it first"
    )


def _concatenate(shapes: Sequence[Shape], options: Mapping[str, Any]) -> str:
    axis = options.get("axis", 0)
    return (
        f"the shapes {_listed(shapes)} must be equal but for axis {axis}, along which the tensors "
        "are joined; name another axis= or reshape them"
    )


def _stack(shapes: Sequence[Shape], options: Mapping[str, Any]) -> str:
    return (
        f"the shapes {_listed(shapes)} must all be equal, as a new axis is made; to join along an "
        "axis they have use te.concatenate"
    )


_SENTENCES: dict[str, Callable[[Sequence[Shape], Mapping[str, Any]], str]] = {
    "reshape": _reshape,
    "transpose": _transpose,
    "squeeze": _squeeze,
    "broadcast_to": _broadcast_to,
    "concatenate": _concatenate,
    "stack": _stack,
}

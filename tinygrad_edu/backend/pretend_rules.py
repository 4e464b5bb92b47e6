"""What CuPy 14 accepts: which names, which arguments, which indices.

The stand-in for a GPU (pretend.py) and the recorder of the tests both ask here. What CuPy's own
package can be asked for stands in cupy_table.json, written by tests/tools/make_cupy_table.py; what
only its source tells (read at v14.2.0) stands in the sets below. Where CuPy and NumPy differ, only
what both accept passes, so that code which runs on the stand-in runs on either.
"""

from __future__ import annotations

import ast
import functools
import inspect
import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

# Keywords that functions with **kwargs take (cupy/linalg/_einsum.py, _creation/ranges.py, ...).
OPEN_KEYWORDS = {
    "einsum": {"dtype", "optimize"},
    "meshgrid": {"copy", "indexing", "sparse"},
    "pad": {"constant_values", "end_values", "reflect_type", "stat_length"},
}
# The dtypes that each ufunc's `at` can handle (cupy/_core/_routines_indexing.pyx).
AT_DTYPES = {
    "add": "int32 int64 uint32 uint64 float16 float32 float64".split(),
    "subtract": "int32 uint32".split(),
    "maximum": "int32 int64 uint32 uint64 float32 float64".split(),
    "minimum": "int32 int64 uint32 uint64 float32 float64".split(),
    "bitwise_and": "int32 int64 uint32 uint64".split(),
    "bitwise_or": "int32 int64 uint32 uint64".split(),
    "bitwise_xor": "int32 int64 uint32 uint64".split(),
}
# Parameters that CuPy has, but takes few values for.
ALLOWED_VALUES: dict[str, tuple[Any, ...]] = {
    "argsort.kind": (None, "stable"),
    "pad.mode": tuple(
        "constant edge empty linear_ramp maximum mean minimum reflect symmetric wrap".split()
    ),
    "sliding_window_view.writeable": (False,),
    "sort.kind": (None, "stable"),
}
# NumPy gives a Python number or bool here, CuPy an array without axes.
ARRAY_RESULTS = {"allclose", "array_equal", "array_equiv", "count_nonzero"}
# These copy a number to the host inside, though their documentation does not say so.
SILENT_COPIES = {
    *("argwhere", "array_repr", "array_str", "array2string", "asnumpy", "intersect1d", "isin"),
    *("setdiff1d", "setxor1d", "union1d", "unique_all", "unique_counts", "unique_inverse"),
    *("unique_values", "ndarray.tobytes", "lib.stride_tricks.sliding_window_view"),
}
# These call back with parts of the array, read files or default otherwise than NumPy.
NOT_IMITATED = {
    *("apply_along_axis", "apply_over_axes", "choose", "frombuffer", "from_dlpack", "fromfile"),
    *("c_", "disable_experimental_feature_warning", "mgrid", "ogrid", "r_", "vectorize"),
    *("fromfunction", "fromiter", "fromstring", "genfromtxt", "load", "loadtxt", "mask_indices"),
    *("piecewise", "place", "poly1d", "put", "putmask", "ravel_multi_index", "save", "savetxt"),
    *("savez", "savez_compressed"),
}
# Creation takes numbers, lists and host arrays; these alone may also keep a layout other than C.
FROM_HOST = {"array", "asarray", "asanyarray", "ascontiguousarray", "asfortranarray"}
KEEP_LAYOUT = FROM_HOST | {"copy", "astype", "require", "view", "empty_like", "full_like"}
KEEP_LAYOUT |= {"ones_like", "zeros_like", "matmul"}
ANY_INPUT = FROM_HOST | {
    *("allclose", "array_equal", "broadcast_shapes", "diag", "isclose", "iscomplexobj"),
    *("isrealobj", "nan_to_num", "ndim", "result_type", "shape", "size"),
}
ARRAY_PARAMETERS = set("A B a b x y v m ar arr array ary args condition prototype".split())
INDEX_PARAMETERS = {"indices", "ind", "obj"}
# An array of the device has no __index__, so it cannot be any of these.
NUMBER_PARAMETERS = {
    *("axes", "axis", "axis1", "axis2", "ddof", "decimals", "destination", "dtype", "keepdims"),
    *("indices_or_sections", "k", "minlength", "N", "n", "ndmin", "new_shape", "newshape", "num"),
    *("order", "pad_width", "reps", "shape", "source", "start", "step", "stop"),
}


class Parameters(NamedTuple):
    """The parameters of a function: `required` of the `positional` ones have no default."""

    positional: tuple[str, ...]
    required: tuple[str, ...]
    keywords: frozenset[str]
    many: str | None  # the name of *args


@functools.cache
def table() -> dict[str, Any]:
    """The committed table, read when it is first needed."""
    text = Path(__file__).with_name("cupy_table.json").read_text(encoding="ascii")
    return dict(json.loads(text))


def entry(name: str) -> dict[str, Any] | None:
    """What the table holds on a dotted name below `cupy`; None if CuPy lacks the name."""
    found: dict[str, Any] | None = table()["names"].get(name)
    return found


def kind(name: str) -> str:
    """'function', 'ufunc', 'dtype', 'constant', ...; 'missing' if CuPy lacks the name."""
    return str((entry(name) or {"kind": "missing"})["kind"])


@functools.cache
def parameters(name: str) -> Parameters | None:
    """The parameters CuPy gives a function; None if its package does not tell."""
    text = (entry(name) or {}).get("parameters")
    if text is None:
        return None
    function = ast.parse(f"def f({text}): ...").body[0]
    assert isinstance(function, ast.FunctionDef)
    found = function.args
    only_positional = [argument.arg for argument in found.posonlyargs]
    named = [argument.arg for argument in found.args]
    positional = (*only_positional, *named)
    keywords = {*named, *(argument.arg for argument in found.kwonlyargs)}
    required = positional[: len(positional) - len(found.defaults)]
    many = found.vararg.arg if found.vararg else None
    return Parameters(
        positional, required, frozenset(keywords | OPEN_KEYWORDS.get(name, set())), many
    )


@functools.cache
def numpy_order(name: str) -> tuple[str, ...]:
    """The positional parameters NumPy gives the function of this name, as far as it tells."""
    function: Any = np
    try:
        for part in name.split("."):
            function = getattr(function, part)
        signature = inspect.signature(function)
    except (AttributeError, ValueError, TypeError):
        return ()
    names = [p.name for p in signature.parameters.values() if p.kind <= p.POSITIONAL_OR_KEYWORD]
    return tuple(names[1:] if name.startswith(("ndarray.", "ufunc.")) else names)


@functools.cache
def complaint(name: str, count: int, keywords: tuple[str, ...]) -> str | None:
    """What CuPy holds against a call with `count` positional arguments and these keywords."""
    if kind(name) == "missing":
        return f"numpy.{name} is missing in CuPy {table()['cupy']}"
    accepted = parameters(name)
    if accepted is None:
        return None
    for keyword in keywords:
        if keyword not in accepted.keywords:
            return f"{name}() got the keyword {keyword}=, which CuPy's {name} lacks"
    names = accepted.positional
    if count > len(names) and accepted.many is None:
        return f"{name}() got {count} positional arguments, CuPy's {name} takes {len(names)}"
    for parameter in accepted.required[count:]:
        if parameter not in keywords:
            return f"{name}() needs the argument {parameter}, which CuPy's {name} requires"
    for i, (ours, theirs) in enumerate(zip(names[:count], numpy_order(name), strict=False)):
        if ours != theirs and (ours in numpy_order(name) or theirs in names):
            return f"{name}(): argument {i + 1} is {ours}= in CuPy and {theirs}= in NumPy; name it"
    return None


def method_complaint(ufunc: str, method: str) -> str | None:
    """What CuPy holds against calling a ufunc's method, as in maximum.reduce."""
    known = entry(ufunc)
    if known is None or method in known.get("methods", ()):
        return None
    return f"{ufunc}.{method} is not implemented in CuPy {table()['cupy']}"


@functools.cache
def copies_to_host(name: str, count: int, keywords: tuple[str, ...]) -> bool:
    """Whether CuPy's function waits for the device and copies something to the host."""
    if name == "where":  # only the form that gives indices does
        return count + len(keywords) == 1
    if name == "average":
        return count > 2 or "weights" in keywords
    return name in SILENT_COPIES or bool((entry(name) or {}).get("synchronises"))


@functools.cache
def parameter_name(name: str, i: int) -> str:
    """The name CuPy gives the positional argument i of a function."""
    accepted = parameters(name)
    if accepted is None:
        return ""
    return accepted.positional[i] if i < len(accepted.positional) else accepted.many or ""


def device_index(
    items: tuple[Any, ...], shape: tuple[int, ...]
) -> tuple[tuple[Any, ...], bool, bool]:
    """The index as CuPy takes it, whether it holds arrays, and whether it holds masks.

    Integer arrays wrap around where they leave their axis, as they do on a GPU; single integers
    are checked.
    """
    items = tuple(_index_item(item) for item in items)
    arrays = [item for item in items if isinstance(item, np.ndarray)]
    masks = [item for item in arrays if item.dtype == bool]
    used = len([item for item in items if item is not None and item is not Ellipsis])
    used += sum(mask.ndim - 1 for mask in masks)
    key, axis = [], 0
    for item in items:
        if item is Ellipsis:
            axis += len(shape) - used
        elif isinstance(item, np.ndarray) and item.dtype == bool:
            axis += item.ndim
        elif item is not None:
            if isinstance(item, np.ndarray) and axis < len(shape):
                item = wrapped(item, shape[axis])
            axis += 1
        key.append(item)
    return tuple(key), bool(arrays), bool(masks)


def wrapped(indices: np.ndarray, size: int) -> np.ndarray:
    """Integer indices brought into 0 .. size - 1, as a GPU does without a word."""
    return indices.astype(np.int64) % size if size and indices.dtype.kind in "iu" else indices


def _index_item(item: Any) -> Any:
    if isinstance(item, list | tuple):
        array = np.asarray(item)
        return array if array.size else array.astype(np.int64)
    return np.asarray(item) if isinstance(item, bool | np.bool) else item

"""Calls of NumPy functions on arrays of the pretend device, allowed where CuPy allows them."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from . import pretend_rules as rules
from .pretend_array import PretendArray
from .pretend_counts import count_call, count_transfer, count_upload


def device_copy(array: np.ndarray) -> PretendArray:
    """A copy of a host array on the pretend device."""
    if array.dtype.char not in "?bhilqBHILQefdFD":
        raise ValueError(f"Unsupported dtype {array.dtype}: a GPU holds numbers of up to 16 bytes")
    count_upload(array.nbytes)
    only_fortran = array.flags.f_contiguous and not array.flags.c_contiguous
    return PretendArray(np.array(array, order="F" if only_fortran else "C"))


def run(
    name: str,
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    own: tuple[PretendArray, ...] = (),
) -> Any:
    """function(*own, *args, **kwargs) under CuPy's rules for `name`; a method has its `own` array.

    Raises:
        TypeError: where CuPy lacks an argument, or an argument is on the host.
    """
    keywords = tuple(kwargs)
    fault = rules.complaint(name, len(args), keywords)
    if fault:
        raise TypeError(fault)
    sources = list(own)
    host_args = [
        _operand(name, rules.parameter_name(name, i), value, sources, i == 0 and not own)
        for i, value in enumerate(args)
    ]
    host_kwargs = {key: _operand(name, key, value, sources) for key, value in kwargs.items()}
    count_call()
    if rules.copies_to_host(name, len(args), keywords):
        count_transfer()
    short_name = name.rpartition(".")[2]
    with np.errstate(all="ignore"), _without_warnings(short_name):
        result = function(*(array._array for array in own), *host_args, **host_kwargs)
    if short_name in rules.ARRAY_RESULTS and isinstance(result, bool | int):
        return PretendArray(np.asarray(result))
    return wrap(result, sources, short_name in rules.KEEP_LAYOUT)


def _operand(
    name: str, parameter: str, value: Any, sources: list[PretendArray], is_first: bool = False
) -> Any:
    """The argument as NumPy gets it; raises where CuPy would not take it there."""
    needs_array = parameter in rules.ARRAY_PARAMETERS and name not in rules.ANY_INPUT
    if isinstance(value, PretendArray):
        if parameter in rules.NUMBER_PARAMETERS:
            raise TypeError(
                f"{name}(): {parameter}= takes Python numbers, and an array of the device cannot "
                "stand for one (it has no __index__); int(...) copies it to the host"
            )
        sources.append(value)
        return value._array
    if isinstance(value, np.ndarray):
        if name in rules.FROM_HOST or parameter in rules.INDEX_PARAMETERS:
            return device_copy(value)._array
        raise TypeError(
            f"Unsupported type {type(value)}: {name}() got a NumPy array on the device "
            '"pretend-gpu"; copy it there first with to_device()'
        )
    if isinstance(value, list | tuple) and not needs_array:
        items = [_operand(name, parameter, item, sources) for item in value]
        if parameter == "tup" and not all(isinstance(item, PretendArray) for item in value):
            raise TypeError(f"Only cupy arrays can be joined: {name}() got other things as well")
        return type(value)(items)
    if needs_array and (is_first or isinstance(value, list | tuple)):
        raise TypeError(
            f"Unsupported type {type(value)}: {name}() takes an array of the device as {parameter}"
        )
    place = f"{name.rpartition('.')[2]}.{parameter}"
    if place in rules.ALLOWED_VALUES and value not in rules.ALLOWED_VALUES[place]:
        raise ValueError(f"{name}(): {parameter}={value!r} is not supported by CuPy")
    return value


def _without_warnings(name: str) -> contextlib.AbstractContextManager[Any]:
    """NumPy warns in Python of means of nothing, where np.errstate does not reach; CuPy never."""
    if name.startswith("nan") or name in ("average", "mean", "median", "std", "var"):
        return warnings.catch_warnings(action="ignore", category=RuntimeWarning)
    return contextlib.nullcontext()


def wrap(value: Any, sources: list[PretendArray], keep_layout: bool = True) -> Any:
    """What NumPy computed from the sources, as CuPy gives it: arrays, also where NumPy has scalars.

    A source that comes back is itself, a view of it has it as `base`. Anything else lies in C
    order in memory on a GPU, unless keep_layout.
    """
    if isinstance(value, np.generic):
        return PretendArray(np.asarray(value))
    if isinstance(value, tuple | list):
        items = [wrap(item, sources, keep_layout) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    if not isinstance(value, np.ndarray):
        return value
    for source in sources:
        if value is source._array:
            return source
        if _owner(value) is _owner(source._array):
            return PretendArray(value, source if source._base is None else source._base)
    return PretendArray(value if keep_layout else np.asarray(value, order="C"))


def _owner(array: Any) -> Any:
    while getattr(array, "base", None) is not None:
        array = array.base
    return array

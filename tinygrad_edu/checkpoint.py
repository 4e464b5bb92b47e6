"""Saving and loading in the safetensors format: names, shapes and numbers, no code."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .backend import Array, namespaces, to_host

FilePath = str | os.PathLike[str]
_ABOUT = "tinygrad_edu"  # the metadata key for all that is no array


def save(state: Mapping[str, Any], path: FilePath) -> None:
    """Write a state_dict, or a dict of several with plain values beside them, to a file.

        te.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(),
                 "loader": loader.state_dict(), "random": te.random_state(), "epoch": 3},
                "run.safetensors")

    Saved so at the end of an epoch, training goes on from there to the same bits as without a
    break. The file is written under another name and then renamed: a crash leaves the old one.

    Raises:
        TypeError: where a value is neither an array nor a number, string, list or dict of them.
            Nothing is written then.
    """
    from safetensors.numpy import save as to_bytes

    if not isinstance(state, Mapping):
        raise TypeError(
            f"save() takes first a dict such as model.state_dict() and then a path; the first was "
            f"a {type(state).__name__}. Write te.save(model.state_dict(), path)"
        )
    arrays: dict[str, np.ndarray] = {}
    plain: dict[str, Any] = {}
    for name, value in _flattened(state):
        array = getattr(value, "_data", value)
        if type(array) in namespaces or isinstance(array, np.ndarray):
            arrays[name] = _storable(name, array)
        else:
            plain[name] = _plain(name, value)
    target = Path(path)
    if target.is_dir():
        raise IsADirectoryError(f"{target} is a folder; te.save() needs the name of a file in it")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {target.parent} to put {target.name} in")
    draft = target.with_name(f".{target.name[:50]}.{os.getpid()}.part")
    try:
        draft.write_bytes(to_bytes(arrays, metadata={_ABOUT: json.dumps(plain)}))
        os.replace(draft, target)
    finally:
        draft.unlink(missing_ok=True)


def load(path: FilePath) -> dict[str, Any]:
    """Read a file that save() wrote: the same dict, with NumPy arrays, and lists for tuples.

    Such a file holds numbers and text alone, so reading it runs no code, wherever it came from.

    Raises:
        FileNotFoundError: where there is none.   ValueError: where it is damaged or no checkpoint.
    """
    from safetensors import SafetensorError, safe_open

    target = Path(path)
    if target.is_dir():
        raise IsADirectoryError(f"{target} is a folder; te.load() needs the name of a file in it")
    if not target.is_file():
        raise FileNotFoundError(f"there is no file {target}; te.save(state, path) makes one")
    try:
        with safe_open(target, framework="numpy") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            plain = json.loads((file.metadata() or {}).get(_ABOUT, "{}"))
        if not isinstance(plain, dict) or arrays.keys() & plain.keys():
            raise ValueError("its plain values are no dict with names of their own")
        return _nested({**arrays, **plain})
    except (SafetensorError, ValueError, TypeError, RecursionError) as error:
        raise ValueError(
            f"{target} is no whole checkpoint ({error}); it may be cut short or damaged. "
            "Copy or save it again"
        ) from None


def _flattened(state: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of nested dicts under one name: {"model": {"weight": w}} gives "model/weight"."""
    for name, value in state.items():
        if not isinstance(name, str) or "/" in name or name == "__metadata__":
            raise TypeError(
                "names in a checkpoint are strings without a slash and not safetensors' own "
                f"'__metadata__'; {prefix + str(name)!r} is none such"
            )
        if isinstance(value, Mapping) and value:
            yield from _flattened(value, f"{prefix}{name}/")
        else:
            yield prefix + name, value


def _nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    """The dicts again from names with slashes."""
    state: dict[str, Any] = {}
    for name, value in flat.items():
        *outer, last = name.split("/")
        place = state
        for part in outer:
            place = place.setdefault(part, {})
            if type(place) is not dict:
                raise ValueError(f"{name!r} lies inside another value")
        if last in place:
            raise ValueError(f"{name!r} has another value inside it")
        place[last] = value
    return state


def _storable(name: str, array: Array) -> np.ndarray:
    """A host array in row order: safetensors writes memory as it lies, transposed ones wrongly."""
    host = np.asarray(to_host(array) if type(array) in namespaces else array, order="C")
    if host.dtype.kind not in "biufc" or host.dtype.itemsize > 8:
        raise TypeError(
            f"{name!r} is an array of {host.dtype}, which safetensors does not hold; booleans, "
            "integers, floats to float64 and complex64 it does"
        )
    return host


def _plain(name: str, value: Any) -> Any:
    """A value as JSON gives it back: NumPy's numbers as Python's, tuples as lists."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return [_plain(f"{name}[{i}]", part) for i, part in enumerate(value)]
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {key: _plain(f"{name}/{key}", part) for key, part in value.items()}
    raise TypeError(
        f"{name!r} is a {type(value).__name__}: a checkpoint holds arrays, Tensors, numbers, "
        "strings, and dicts of them by name; lists hold no arrays"
    )

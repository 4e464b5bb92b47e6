"""Devices: which array library computes where, copies between host and device, random numbers.

A device is a name ("cpu", "cuda", "pretend-gpu"), one type of array, and one namespace `xp`: the
array library's own functions plus the few that every library here defines under one name
(`scatter_add`, `masked`, `to_device`) and the size of a block, `block_bytes`. Operations are
written against `xp` alone, so they run on any device.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from .allocator import keep_freed_memory

freed_memory = keep_freed_memory()  # what happens to it, as a sentence

Array = Any  # a numpy.ndarray, a cupy.ndarray or a PretendArray


class Backend(NamedTuple):
    """One device: its name, array type, namespace, copies from and to the host, and waiting."""

    name: str
    array_type: type
    xp: SimpleNamespace
    from_host: Callable[[np.ndarray], Array]
    to_host: Callable[[Array], np.ndarray]
    synchronize: Callable[[], None]


def _namespace(library: Any, names: list[str], **own: Any) -> SimpleNamespace:
    """The library's functions with our own beside them."""
    return SimpleNamespace(**{name: getattr(library, name) for name in names}, **own)


def _own(library: Any, block_bytes: int = 1 << 22) -> dict[str, Any]:
    """What every library here has under one name."""
    return {
        "scatter_add": _adder(library),
        "masked": _masker(library),
        "to_device": to_device,
        "block_bytes": block_bytes,  # of what is used up at once: 4 MiB suit a CPU's caches
    }


def _adder(library: Any) -> Callable[..., Array]:
    def scatter_add(a: Array, key: Any, values: Array) -> Array:
        """A copy of a with values added at a[key]; a place named twice gets both."""
        result = library.array(a)
        if _is_basic(key):
            result[key] += values
        elif library is np and _names_rows(a, key, values):
            _add_rows(result, key, values)
        else:
            library.add.at(result, key, values)
        return result

    return scatter_add


def _masker(library: Any) -> Callable[..., Array]:
    def masked(g: Array, mask: Array) -> Array:
        """g where the mask holds, else 0. Not g * mask, which makes NaN of ∞ · 0."""
        return library.where(mask, g, 0)

    return masked


_WHOLE = {np.dtype(f"f{size}"): np.dtype(f"i{size}") for size in (2, 4, 8)}


def _masked_by_product(g: Array, mask: Array) -> Array:
    """The same for floats of NumPy, whose where() took 2 to 18 times as long."""
    kind = _WHOLE.get(g.dtype)
    if kind is None or mask.dtype != bool:
        return np.where(mask, g, 0)
    return (g.view(kind) * mask.astype(kind)).view(g.dtype)  # as whole numbers 0 · anything is 0


def _is_basic(key: Any) -> bool:
    """True where key names no place twice: slices, integers, None and Ellipsis only."""
    parts = key if isinstance(key, tuple) else (key,)
    return all(part is None or part is ... or isinstance(part, slice | int) for part in parts)


def _names_rows(a: np.ndarray, key: Any, values: np.ndarray) -> bool:
    """True where key gives the row of the matrix a for each row of values."""
    if not isinstance(key, np.ndarray):
        return False
    return a.ndim == 2 and key.dtype.kind in "iu" and values.shape == (*key.shape, a.shape[1])


def _add_rows(a: np.ndarray, key: np.ndarray, values: np.ndarray) -> None:
    """np.add.at(a, key, values), up to ten times as fast: rows of one place are summed first."""
    if key.size:
        places = key.reshape(-1).astype(np.int64) % len(a)  # −1 is the last row
        order = np.argsort(places, kind="stable")
        places = places[order]
        starts = np.flatnonzero(np.diff(places, prepend=-1))  # where a new place begins
        rows = values.reshape((key.size, a.shape[1]))[order]
        a[places[starts]] += np.add.reduceat(rows, starts, axis=0)


def _nothing() -> None:
    """NumPy returns when it has computed: there is nothing to wait for."""


def _open_cpu() -> Backend:
    names = [name for name in vars(np) if not name.startswith("_")]
    xp = _namespace(np, names, **_own(np) | {"masked": _masked_by_product})
    return Backend("cpu", np.ndarray, xp, np.array, np.asarray, _nothing)


def _open_pretend() -> Backend:
    from . import pretend

    names = [name for name in dir(pretend.xp) if not name.startswith("_")]
    xp = _namespace(pretend.xp, names, **_own(pretend.xp))
    array_type = pretend.PretendArray
    return Backend("pretend-gpu", array_type, xp, pretend.to_device, pretend.to_host, _nothing)


def _open_cuda() -> Backend:
    from . import cuda

    cupy = cuda.load()
    names = [name for name in dir(cupy) if not name.startswith("_")]
    xp = _namespace(cupy, names, **_own(cupy, block_bytes=1 << 28))
    return Backend("cuda", cupy.ndarray, xp, cupy.array, cupy.asnumpy, cuda.synchronize)


_openers = {"cpu": _open_cpu, "cuda": _open_cuda, "pretend-gpu": _open_pretend}
_backends: dict[str, Backend] = {}  # device name -> its backend, once opened
namespaces: dict[type, SimpleNamespace] = {}  # type of array -> namespace xp
_names: dict[type, str] = {}  # type of array -> device name


def backend(device: str) -> Backend:
    """The backend of a device, opened if this is the first time it is asked for."""
    if device not in _backends:
        if device not in _openers:
            known = ", ".join(repr(name) for name in _openers)
            name = device.__name__ if isinstance(device, type) else repr(device)
            mend = "" if isinstance(device, str) else "; a dtype is changed by x.astype(dtype)"
            raise ValueError(f"there is no device {name}; this library knows {known}{mend}")
        opened = _openers[device]()
        _backends[device] = opened
        namespaces[opened.array_type] = opened.xp
        _names[opened.array_type] = device
    return _backends[device]


def device_of(array: Array) -> str:
    """The name of the device an array lives on."""
    return _names[type(array)]


def to_host(array: Array) -> np.ndarray:
    """The array as a NumPy array: itself on the CPU, a copy from any other device."""
    return _backends[_names[type(array)]].to_host(array)


def to_device(a: Any, device: str) -> Any:
    """A copy of a on the device; a itself if it is there already. Tensors go through their own."""
    if isinstance(a, np.generic):  # NumPy gives scalars where the shape is ()
        a = np.asarray(a)
    if type(a) not in _names:
        return a.to(device)
    target = backend(device)
    return a if isinstance(a, target.array_type) else target.from_host(to_host(a))


def synchronize(device: str | None = None) -> None:
    """Wait until a device, the default one if none is named, has done all it was asked to do.

    A GPU is given its work and computes it later; whoever reads a clock calls this first. On
    "cpu" and "pretend-gpu", which compute at once, it does nothing.
    """
    backend(_default_device if device is None else device).synchronize()


backend("cpu")

_default_device = "cpu"


def default_device() -> str:
    """The device on which new tensors are made where none is named."""
    return _default_device


def set_default_device(device: str) -> None:
    """Make new tensors on this device from now on. Raises where the device cannot be used."""
    global _default_device
    _default_device = backend(device).name


_generator = np.random.default_rng()


def manual_seed(seed: int) -> None:
    """Start the one random generator afresh from a whole number.

    Every draw is made by it on the CPU and then copied, so a seed gives the same numbers on every
    device.
    """
    global _generator
    _generator = generator(seed)


def random_state() -> dict[str, Any]:
    """Where the random generator stands, as plain values that te.save can keep."""
    return dict(_generator.bit_generator.state)


def set_random_state(state: dict[str, Any]) -> None:
    """Put the random generator where random_state() found it."""
    _generator.bit_generator.state = state


def generator(seed: int | None = None) -> np.random.Generator:
    """The random generator that initialisation, dropout, shuffling and `randn` all draw from.

    With a seed, a new one that starts from it.
    """
    if seed is None:
        return _generator
    if not isinstance(seed, int | np.integer) or seed < 0:
        raise ValueError(f"a seed is a whole number of at least 0, such as 42, not {seed!r}")
    return np.random.default_rng(seed)

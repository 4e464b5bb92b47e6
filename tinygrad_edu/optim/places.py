"""Where an update rule is applied: to one parameter, or to many small ones as if they were one.

For a small parameter a call to NumPy costs more than its arithmetic. So small parameters that share
options and dtype are copied into one array, changed there with one call, and copied back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from ..backend import Array, namespaces
from ..tensor import Tensor

Params = Iterable[Tensor] | Iterable[dict[str, Any]]

SMALL = 16_384  # entries; from about here on, the copying costs what the joining saves


class Place:
    """One parameter, or several small ones, with their positions in the optimizer."""

    def __init__(self, positions: Sequence[int], params: Sequence[Tensor]) -> None:
        self.positions = list(positions)
        self.params = list(params)
        ends = list(accumulate(x.size for x in params))
        self.slices = [slice(end - x.size, end) for end, x in zip(ends, params, strict=True)]
        if len(self.params) > 1:
            self.g = self.zeros()
            self.theta = self.g.astype(self.params[0].dtype)
            self.parts_of_theta, self.parts_of_g = self.parts(self.theta), self.parts(self.g)

    def __reduce__(self) -> Any:
        """A copy is made anew, so that its parts look into memory of its own."""
        return Place, (self.positions, self.params)

    def zeros(self) -> Array:
        """Zeros for all its entries; float32 where the parameters are float16."""
        first = self.params[0]
        xp: Any = namespaces[type(first._data)]
        shape = first.shape if len(self.params) == 1 else self.slices[-1].stop
        return xp.zeros(shape, xp.float32 if first.dtype == xp.float16 else first.dtype)

    def gathered(self) -> tuple[Array, Array]:
        """θ and g: the parameters and their gradients, as one array each."""
        if len(self.params) == 1:
            x = self.params[0]
            g = x.grad._data  # type: ignore[union-attr]
            # as its state: in float16 g² is soon 0 or infinite
            return x._data, g.astype(np.float32) if g.dtype == np.float16 else g
        for x, theta, g in zip(self.params, self.parts_of_theta, self.parts_of_g, strict=True):
            theta[...] = x._data
            g[...] = x.grad._data  # type: ignore[union-attr]
        return self.theta, self.g

    def put_back(self) -> None:
        """Copy the changed θ into its parameters."""
        if len(self.params) > 1:
            for x, theta in zip(self.params, self.parts_of_theta, strict=True):
                x._data[...] = theta

    def parts(self, whole: Array) -> list[Array]:
        """The part of each parameter in an array for all of them, in that parameter's shape."""
        if len(self.params) == 1:
            return [whole]
        pairs = zip(self.slices, self.params, strict=True)
        return [whole[entries].reshape(x.shape) for entries, x in pairs]


def joined(arrays: Sequence[Array]) -> Array:
    """The entries of all arrays one after another; a single array as it is."""
    if len(arrays) == 1:
        return arrays[0]
    return namespaces[type(arrays[0])].concatenate([array.ravel() for array in arrays])


def places(groups: Iterable[dict[str, Any]]) -> list[Place]:
    """Every parameter in its place: large ones alone, small ones with those of their kind."""
    found: list[Place] = []
    position = 0
    for group in groups:
        kinds: dict[Any, list[int]] = {}
        params: list[Tensor] = group["params"]
        for i, x in enumerate(params):
            kind = (type(x._data), x.dtype) if x.size < SMALL else i
            kinds.setdefault(kind, []).append(i)
        for several in kinds.values():
            found.append(Place([position + i for i in several], [params[i] for i in several]))
        position += len(params)
    return found


def option_groups(params: Params, options: dict[str, Any]) -> list[dict[str, Any]]:
    """The parameters as groups: dicts with the tensors under "params", beside their options."""
    if isinstance(params, Tensor) or not isinstance(params, Iterable):
        raise TypeError(
            "an optimizer takes a list of parameters, as in [w] or model.parameters(), not one "
            f"{type(params).__name__}"
        )
    given: list[Any] = list(params)
    if not given:
        raise ValueError(
            "an optimizer needs at least one parameter; pass model.parameters(), and pass it anew "
            "for each optimizer"
        )
    if not isinstance(given[0], dict):
        return [{**options, "params": given}]
    groups: list[dict[str, Any]] = []
    for group in given:
        unknown = set(group) - set(options) - {"params"} if isinstance(group, dict) else {"?"}
        if unknown or "params" not in group:
            raise ValueError(
                f'a group is a dict with "params" and some of {sorted(options)}; this has '
                + (str(sorted(group)) if isinstance(group, dict) else f"a {type(group).__name__}")
            )
        tensors = [group["params"]] if isinstance(group["params"], Tensor) else group["params"]
        groups.append({**options, **group, "params": list(tensors)})
    return groups

"""What every optimizer shares: parameters in groups, weight decay, state that can be saved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import inf
from typing import Any

import numpy as np

from ..backend import Array, namespaces, to_device, to_host
from ..tensor import Tensor

Params = Iterable[Tensor] | Iterable[dict[str, Any]]


_NUMBERS = (int, float, np.integer, np.floating)
_NAMES = {"lr": "the learning rate lr", "betas": "each of betas"}
_BELOW = {"lr": inf, "weight_decay": inf, "eps": inf, "momentum": 1, "rho": 1, "betas": 1}


def _check_options(group: dict[str, Any]) -> None:
    """Refuse options outside their range: each number is at least 0, the decay rates below 1."""
    if "betas" in group and np.shape(group["betas"]) != (2,):
        raise ValueError(f"betas are two numbers of at least 0 and below 1, not {group['betas']!r}")
    for name, below in _BELOW.items():
        for value in group.get("betas", ()) if name == "betas" else [group.get(name, 0)]:
            if not isinstance(value, _NUMBERS) or not 0 <= value < below:
                end = "" if below == inf else f" and below {below}"
                mend = "; step() itself goes down, so 0.01 is a usual rate" if name == "lr" else ""
                raise ValueError(
                    f"{_NAMES.get(name, name)} is at least 0{end}, not {value!r}{mend}"
                )


class Optimizer:
    """Keeps parameters in order; step() changes each by the update rule of its subclass.

    Args:
        params: the parameters, or groups of them with options of their own:
            [{"params": [w], "lr": 0.1}, {"params": [b]}].
        options: every option of the rule, for the groups that do not name their own.
    """

    def __init__(self, params: Params, **options: Any) -> None:
        self.groups = _groups(params, options)
        for group in self.groups:
            _check_options(group)
        self.params = [x for group in self.groups for x in group["params"]]
        self.options = [group for group in self.groups for _ in group["params"]]  # one a parameter
        self.steps = [0] * len(self.params)
        self.state: dict[str, list[Array]] = {}  # name → one array a parameter
        for position, x in enumerate(self.params):
            if not isinstance(x, Tensor) or not x.requires_grad or x.op is not None:
                raise ValueError(
                    f"parameter {position} is no leaf tensor with requires_grad=True, so it cannot "
                    f"be learned; it is {_told(x)}. Pass model.parameters(), or tensors made with "
                    "te.tensor(…, requires_grad=True)"
                )
        self._types = [type(x._data) for x in self.params]
        if len(set(self.params)) != len(self.params):
            raise ValueError(
                "a parameter was given twice; it would be changed twice in each step. Name it "
                "once, as model.parameters() does also where two layers share it"
            )

    @property
    def lr(self) -> float:
        """The learning rate of the first group; setting it sets that of every group."""
        return float(self.groups[0]["lr"])

    @lr.setter
    def lr(self, value: float) -> None:
        for group in self.groups:
            _check_options({"lr": value})
            group["lr"] = value

    def zero_grad(self) -> None:
        """Forget all gradients. backward() adds to them, so this comes before each new one."""
        for x in self.params:
            x.grad = None

    def step(self) -> None:
        """Change every parameter that has a gradient by the update rule."""
        for position, x in enumerate(self.params):
            if x.grad is None:
                continue
            if not isinstance(x.grad, Tensor) or x.grad.shape != x.shape:
                raise ValueError(
                    f"the .grad of parameter {position}, of shape {x.shape}, is {_told(x.grad)}; "
                    "loss.backward() makes one that fits, by hand it is a tensor of that shape"
                )
            theta, g = x._data, x.grad._data
            if type(theta) is not self._types[position] and self.state:
                raise ValueError(
                    f"parameter {position} moved to {x.device!r} after this optimizer was made; "
                    "call model.to(device) first and make the optimizer after it"
                )
            if g.dtype == np.float16:
                g = g.astype(np.float32)  # as its state: in float16 g² is soon 0 or infinite
            self.steps[position] += 1
            self.update(position, theta, self.decayed(position, theta, g))
            x.mark_changed()

    def decayed(self, position: int, theta: Array, g: Array) -> Array:
        """g + λ θ: the gradient with that of the weight decay ½ λ |θ|² (L2)."""
        weight_decay = self.options[position].get("weight_decay", 0)
        return g + weight_decay * theta if weight_decay else g

    def update(self, position: int, theta: Array, g: Array) -> None:
        """Change the array theta of one parameter in place, g being its gradient."""
        raise TypeError(f"{type(self).__name__} does not define update(self, position, theta, g)")

    def zeros(self) -> list[Array]:
        """One array of zeros for each parameter; float32 where the parameter is float16."""
        result = []
        for x in self.params:
            xp: Any = namespaces[type(x._data)]
            dtype = xp.float32 if x.dtype == xp.float16 else x.dtype
            result.append(xp.zeros_like(x._data, dtype=dtype))
        return result

    # --- saving

    def state_dict(self) -> dict[str, Any]:
        """A copy of all it needs to go on: arrays by name and number, steps, options of groups."""
        arrays = {
            f"{name}.{position}": np.array(to_host(array))
            for name, several in self.state.items()
            for position, array in enumerate(several)
        }
        groups = [{k: v for k, v in g.items() if k != "params"} for g in self.groups]
        kind = type(self).__name__
        return {**arrays, "optimizer": kind, "steps": list(self.steps), "groups": groups}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a state_dict() of the same kind of optimizer over the same parameters.

        Raises:
            ValueError: where it does not fit; nothing is loaded then.
        """
        own = self.state_dict()
        if wrong := _misfits(own, state):
            raise ValueError(
                f"this state does not fit the optimizer {type(self).__name__}: {'; '.join(wrong)}. "
                "Make the same optimizer over the same model as when it was saved"
            )
        for name, several in self.state.items():
            for position, x in enumerate(self.params):
                several[position] = to_device(np.array(state[f"{name}.{position}"]), x.device)
        self.steps = list(state["steps"])
        for group, options in zip(self.groups, state["groups"], strict=True):
            group.update({k: tuple(v) if isinstance(v, list) else v for k, v in options.items()})


def _misfits(own: Mapping[str, Any], state: Any) -> list[str]:
    """How a state differs in kind from an optimizer's own, in words."""
    if not isinstance(state, Mapping):
        return [f"it is a {type(state).__name__}, not a state_dict()"]
    if state.get("optimizer") != own["optimizer"]:
        return [f"it is that of {state.get('optimizer')!r}"]
    if names := sorted(map(str, state.keys() ^ own.keys())):
        return [f"they differ in {names}"]
    wrong = []
    for name, array in own.items():
        given = state[name]
        kind = (getattr(given, "shape", None), getattr(given, "dtype", None))
        if isinstance(array, np.ndarray) and kind != (array.shape, array.dtype):
            wrong.append(f"{name} is {kind}, and should be {(array.shape, array.dtype)}")
    steps, groups = state["steps"], state["groups"]
    whole = isinstance(steps, list) and all(isinstance(n, int) and n >= 0 for n in steps)
    if not whole or len(steps) != len(own["steps"]):
        wrong.append(f"steps is no list of {len(own['steps'])} whole numbers")
    if not isinstance(groups, list) or [set(g) for g in groups] != [set(g) for g in own["groups"]]:
        wrong.append("the groups have other options")
    return wrong


def _told(x: Any) -> str:
    """What a thing is that should be a parameter or a gradient."""
    if not isinstance(x, Tensor):
        return f"a {type(x).__name__}"
    how = " computed by an operation" if x.op is not None else ""
    return f"a tensor of shape {x.shape}{how}, with requires_grad={x.requires_grad}"


def _groups(params: Params, options: dict[str, Any]) -> list[dict[str, Any]]:
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

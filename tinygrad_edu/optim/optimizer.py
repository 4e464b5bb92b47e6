"""What every optimizer shares: parameters in groups, weight decay, state that can be saved."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import Any

import numpy as np

from ..backend import Array, device_of, to_device, to_host
from ..tensor import Tensor
from .places import Params, Place, joined, option_groups, places

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
        self.groups = option_groups(params, options)
        for group in self.groups:
            _check_options(group)
        self.params = [x for group in self.groups for x in group["params"]]
        self.options = [group for group in self.groups for _ in group["params"]]  # one a parameter
        self.steps = [0] * len(self.params)
        for position, x in enumerate(self.params):
            if not isinstance(x, Tensor) or not x.requires_grad or x.op is not None:
                raise ValueError(
                    f"parameter {position} is no leaf tensor with requires_grad=True, so it cannot "
                    f"be learned; it is {_told(x)}. Pass model.parameters(), or tensors made with "
                    "te.tensor(…, requires_grad=True)"
                )
        self._kinds = self._kinds_now()
        if len(set(self.params)) != len(self.params):
            raise ValueError(
                "a parameter was given twice; it would be changed twice in each step. Name it "
                "once, as model.parameters() does also where two layers share it"
            )
        self.places = places(self.groups)
        self._arrays: dict[str, list[Array]] = {}  # of the state: name → one array a place

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

    def add_state(self, *names: str) -> None:
        """Keep arrays of zeros beside the parameters; update() is given them in this order."""
        for name in names:
            self._arrays[name] = [place.zeros() for place in self.places]

    @property
    def state(self) -> dict[str, list[Array]]:
        """What it keeps: name → one array for each parameter, in the memory that is used."""
        found: dict[str, list[Array]] = {}
        for name, arrays in self._arrays.items():
            parts: dict[int, Array] = {}
            for place, whole in zip(self.places, arrays, strict=True):
                parts.update(zip(place.positions, place.parts(whole), strict=True))
            found[name] = [parts[position] for position in range(len(self.params))]
        return found

    def step(self) -> None:
        """Change every parameter that has a gradient by the update rule."""
        self._follow()
        for position, x in enumerate(self.params):
            if x.grad is not None:
                self._check(position, x, x.grad)
        for number, place in enumerate(self.places):
            state = [arrays[number] for arrays in self._arrays.values()]
            if self._can_go_together(place):
                self._change(place, state)
                continue
            for i, position in enumerate(place.positions):
                if place.params[i].grad is not None:
                    alone = Place([position], [place.params[i]])
                    self._change(alone, [place.parts(array)[i] for array in state])

    def _can_go_together(self, place: Place) -> bool:
        """Whether all its parameters have gradients now, and had as many before."""
        return all(
            x.grad is not None and self.steps[position] == self.steps[place.positions[0]]
            for position, x in zip(place.positions, place.params, strict=True)
        )

    def _kinds_now(self) -> list[tuple[type, Any]]:
        """Type and dtype of the array of each parameter."""
        return [(type(x._data), x._data.dtype) for x in self.params]

    def _follow(self) -> None:
        """Move the state to where the parameters are now, if model.to(device) moved them.

        Places are also made anew where a parameter was given numbers of another dtype.
        """
        kinds = self._kinds_now()
        if kinds == self._kinds:
            return
        state, self.places, self._kinds = self.state, places(self.groups), kinds
        for name, arrays in state.items():
            moved = [to_device(a, x.device) for a, x in zip(arrays, self.params, strict=True)]
            self._arrays[name] = [joined([moved[i] for i in p.positions]) for p in self.places]

    def _change(self, place: Place, state: list[Array]) -> None:
        """Apply the rule to the parameters of a place, joined, and to their state."""
        group = self.options[place.positions[0]]
        theta, g = place.gathered()
        t = self.steps[place.positions[0]] + 1
        self.update(theta, self.decayed(theta, g, group), t, group, *state)
        place.put_back()
        for position, x in zip(place.positions, place.params, strict=True):
            self.steps[position] = t
            x.mark_changed()

    def _check(self, position: int, x: Tensor, grad: Tensor) -> None:
        """Refuse a gradient that does not fit, before anything is changed."""
        if not isinstance(grad, Tensor) or grad.shape != x.shape:
            raise ValueError(
                f"the .grad of parameter {position}, of shape {x.shape}, is {_told(grad)}; "
                "loss.backward() makes one that fits, by hand it is a tensor of that shape"
            )
        if type(grad._data) is not type(x._data):
            raise ValueError(
                f"parameter {position} is on {x.device!r} and its .grad on {grad.device!r}; "
                f"model.to(device) moves both, one gradient moves by .to({x.device!r})"
            )

    def decayed(self, theta: Array, g: Array, group: dict[str, Any]) -> Array:
        """g + λ θ: the gradient with that of the weight decay ½ λ |θ|² (L2)."""
        weight_decay = group.get("weight_decay", 0)
        return g + weight_decay * theta if weight_decay else g

    def update(self, theta: Array, g: Array, t: int, group: dict[str, Any], *state: Array) -> None:
        """Change θ and the state in place: step number t with the gradient g.

        θ and g may be arrays that the next step uses again: copy what is to be kept.
        """
        raise TypeError(f"{type(self).__name__} does not define update(self, theta, g, t, group)")

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
        self._follow()
        own = self.state_dict()
        if wrong := _misfits(own, state):
            raise ValueError(
                f"this state does not fit the optimizer {type(self).__name__}: {'; '.join(wrong)}. "
                "Make the same optimizer over the same model as when it was saved"
            )
        for name, several in self.state.items():
            for position, array in enumerate(several):
                array[...] = to_device(np.array(state[f"{name}.{position}"]), device_of(array))
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
    whole = isinstance(steps, list) and all(type(n) is int and n >= 0 for n in steps)
    if not whole or len(steps) != len(own["steps"]):
        wrong.append(f"steps is no list of {len(own['steps'])} whole numbers")
    if not isinstance(groups, list) or [set(g) for g in groups] != [set(g) for g in own["groups"]]:
        return [*wrong, "the groups have other options"]
    for group in groups:
        try:
            _check_options(group)
        except ValueError as error:
            wrong.append(str(error))
    return wrong


def _told(x: Any) -> str:
    """What a thing is that should be a parameter or a gradient."""
    if not isinstance(x, Tensor):
        return f"a {type(x).__name__}"
    how = " computed by an operation" if x.op is not None else ""
    return f"a tensor of shape {x.shape}{how}, with requires_grad={x.requires_grad}"

"""Stochastic gradient descent, plain and with momentum."""

from __future__ import annotations

from typing import Any

from ..backend import Array
from .optimizer import Optimizer
from .places import Params


class SGD(Optimizer):
    """θ ← θ − α g.   Document 002 §4.2.3, 003 §4.1.3

    With a momentum μ a velocity collects the gradients, b ← μ b + g, and θ ← θ − α b (Polyak 1964).
    nesterov: θ ← θ − α (g + μ b), as if the step were taken already (Sutskever et al. 2013).

    Args:
        params: the parameters θ, or groups of them.
        lr: the learning rate α.
        momentum: μ in [0, 1).
        nesterov: use Nesterov's form of momentum.
        weight_decay: λ in g ← g + λ θ.
    """

    def __init__(
        self,
        params: Params,
        lr: float,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(
            params, lr=lr, momentum=momentum, nesterov=nesterov, weight_decay=weight_decay
        )
        if any(group["nesterov"] and not group["momentum"] for group in self.groups):
            raise ValueError("nesterov=True needs a momentum above 0, such as momentum=0.9")
        if any(group["momentum"] for group in self.groups):
            self.add_state("velocity")

    def update(
        self, theta: Array, g: Array, t: int, group: dict[str, Any], *velocity: Array
    ) -> None:
        """One step of the rule above."""
        momentum = group["momentum"]
        if momentum:
            (b,) = velocity
            b *= momentum
            b += g
            g = g + momentum * b if group["nesterov"] else b
        theta -= group["lr"] * g

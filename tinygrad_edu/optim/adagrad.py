"""Adagrad and RMSprop: steps divided by the size that gradients had so far."""

from __future__ import annotations

from typing import Any

from ..backend import Array, namespaces
from .optimizer import Optimizer
from .places import Params


class Adagrad(Optimizer):
    """G ← G + g²,   θ ← θ − α g / (√G + ε).   Duchi et al. 2011; named in document 001 §9.2

    G only grows, so steps only shrink: a parameter that was changed often is changed less.

    Args:
        params: the parameters θ, or groups of them.
        lr: the learning rate α.
        eps: ε.
        weight_decay: λ in g ← g + λ θ.
    """

    def __init__(
        self, params: Params, lr: float = 1e-2, eps: float = 1e-10, weight_decay: float = 0.0
    ) -> None:
        super().__init__(params, lr=lr, eps=eps, weight_decay=weight_decay)
        self.add_state("sums")

    def update(self, theta: Array, g: Array, t: int, group: dict[str, Any], *state: Array) -> None:
        """One step of the rule above."""
        xp, (sums,) = namespaces[type(theta)], state
        sums += g * g
        theta -= group["lr"] * (g / (xp.sqrt(sums) + group["eps"]))


class RMSprop(Optimizer):
    """v ← ρ v + (1 − ρ) g²,   θ ← θ − α g / (√v + ε).   Hinton's lecture 6e, 2012

    Adagrad with a mean that forgets, so that steps do not die out.

    Args:
        params: the parameters θ, or groups of them.
        lr: the learning rate α.
        rho: ρ in [0, 1).
        eps: ε.
        weight_decay: λ in g ← g + λ θ.
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        rho: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, lr=lr, rho=rho, eps=eps, weight_decay=weight_decay)
        self.add_state("v")

    def update(self, theta: Array, g: Array, t: int, group: dict[str, Any], *state: Array) -> None:
        """One step of the rule above."""
        xp, (v,) = namespaces[type(theta)], state
        v *= group["rho"]
        v += (1 - group["rho"]) * (g * g)
        theta -= group["lr"] * (g / (xp.sqrt(v) + group["eps"]))

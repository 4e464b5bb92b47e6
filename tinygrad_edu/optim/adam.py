"""Adam, in the forms of both documents, and AdamW."""

from __future__ import annotations

import math

from ..backend import Array, namespaces
from .optimizer import Optimizer, Params


class Adam(Optimizer):
    """Steps of about α in every direction: the mean gradient over the root of its mean square.

        m ← β₁ m + (1 − β₁) g             v ← β₂ v + (1 − β₂) g²
        m̂ = m / (1 − β₁ᵗ)                 v̂ = v / (1 − β₂ᵗ)
        θ ← θ − α m̂ / (√v̂ + ε)

    That is document 002 §4.2.3 and Kingma and Ba 2015, algorithm 1. bias_correction=False leaves
    the second line out, m̂ = m and v̂ = v: document 003 §4.1.3. Its first steps are longer, by
    (1 − β₁ᵗ) / √(1 − β₂ᵗ).

    Args:
        params: the parameters θ, or groups of them.
        lr: the learning rate α.
        betas: the decay rates β₁ and β₂ of the two means, each in [0, 1).
        eps: ε, which keeps the division finite.
        weight_decay: λ in g ← g + λ θ (L2).
        bias_correction: divide the means by 1 − βᵗ, since they start at zero.
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        bias_correction: bool = True,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            betas=betas,
            eps=eps,
            weight_decay=weight_decay,
            bias_correction=bias_correction,
        )
        self.state["m"], self.state["v"] = self.zeros(), self.zeros()

    def update(self, position: int, theta: Array, g: Array) -> None:
        """One step of the rule above."""
        xp, group, t = namespaces[type(theta)], self.options[position], self.steps[position]
        m, v = self.state["m"][position], self.state["v"][position]
        beta1, beta2 = group["betas"]
        m *= beta1
        m += (1 - beta1) * g
        v *= beta2
        v += (1 - beta2) * (g * g)
        size, root = group["lr"], 1.0
        if group["bias_correction"]:
            size, root = size / (1 - beta1**t), math.sqrt(1 - beta2**t)
        denominator = xp.sqrt(v)
        denominator /= root  # √v̂
        denominator += group["eps"]
        theta -= size * (m / denominator)


class AdamW(Adam):
    """Adam with decoupled weight decay: θ ← θ − α λ θ first, and g stays the loss's own gradient.

    In Adam the decay λ θ is divided by √v̂ like the rest of g, so large gradients weaken it; here it
    is not.   Loshchilov and Hutter 2019

    Args: as for Adam, with weight_decay 0.01.
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
        bias_correction: bool = True,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, bias_correction)

    def decayed(self, position: int, theta: Array, g: Array) -> Array:
        """g itself: the decay goes straight to θ."""
        group = self.options[position]
        theta *= 1 - group["lr"] * group["weight_decay"]
        return g

"""Functions as layers, to stand in a Sequential."""

from __future__ import annotations

from ..ops import elementwise, reduce, shape, special
from ..tensor import Tensor, asarray
from .module import Module


class ReLU(Module):
    """max(0, x), entry by entry.   Document 003 §4.1.1"""

    def forward(self, x: Tensor) -> Tensor:
        """max(0, x)."""
        return elementwise.relu(x)


class Sigmoid(Module):
    """σ(x) = 1 / (1 + e⁻ˣ), entry by entry.   Document 003 §4.1.1"""

    def forward(self, x: Tensor) -> Tensor:
        """σ(x)."""
        return elementwise.sigmoid(x)


class Tanh(Module):
    """tanh x, entry by entry.   Document 003 §4.1.1"""

    def forward(self, x: Tensor) -> Tensor:
        """tanh x."""
        return elementwise.tanh(x)


class Softplus(Module):
    """ln(1 + eˣ), a smooth ReLU, entry by entry."""

    def forward(self, x: Tensor) -> Tensor:
        """ln(1 + eˣ)."""
        return special.softplus(x)


class GELU(Module):
    """x · Φ(x), entry by entry; approximate="tanh" for GPT-2's form.   Hendrycks and Gimpel 2016"""

    def __init__(self, approximate: str = "none") -> None:
        if approximate not in ("none", "tanh"):
            raise ValueError(f'GELU: approximate is "none" or "tanh", not {approximate!r}')
        self.approximate = approximate

    def forward(self, x: Tensor) -> Tensor:
        """x · Φ(x)."""
        return special.gelu(x, approximate=self.approximate)


class Softmax(Module):
    """eˣ / Σ eˣ along an axis.

    cross_entropy() has its softmax inside: a network trained with it ends in logits, without this.
    """

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def forward(self, x: Tensor) -> Tensor:
        """eˣ / Σ eˣ."""
        return reduce.softmax(x, axis=self.axis)


class Flatten(Module):
    """(N, a, b, …) → (N, a·b·…): each sample as one row.

    Args:
        input_shape: the shape of one sample; others are refused. None takes any.
    """

    def __init__(self, *, input_shape: tuple[int, ...] | None = None) -> None:
        self.input_shape = None if input_shape is None else tuple(input_shape)

    def forward(self, x: Tensor) -> Tensor:
        """Each sample as one row."""
        x = asarray(x)
        if self.input_shape is not None and x.shape[1:] != self.input_shape:
            raise ValueError(
                f"Flatten(input_shape={self.input_shape}) needs a batch of shape "
                f"(N, {', '.join(map(str, self.input_shape))}); it was given {x.shape}. "
                "Reshape the batch, or declare the shape that it has"
            )
        if x.ndim < 2:
            raise ValueError(
                f"Flatten needs a batch of samples, of shape (N, …); it was given {x.shape}. "
                "For a single sample write x[None]"
            )
        return shape.flatten(x, start_axis=1)

    def extra_repr(self) -> str:
        """The shape it wants, where one was declared."""
        return "" if self.input_shape is None else f"input_shape={self.input_shape}"

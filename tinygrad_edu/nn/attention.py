"""Multi-head attention: several attentions side by side, each with its own projections."""

from __future__ import annotations

from typing import Any

from ..ops.attention import attention_weights, scaled_dot_product_attention
from ..ops.create import zeros
from ..ops.matrix import matmul
from ..ops.shape import concatenate, reshape, swapaxes
from ..tensor import Tensor, asarray
from .dropout import Dropout
from .linear import Linear
from .module import Module, check_sizes


class KeyValueCache:
    """The keys and values of earlier positions, so that a longer text need not compute them again.

    A causal attention that is given one puts new keys and values behind those it holds.
    """

    def __init__(self, nothing: Tensor) -> None:
        self.keys = self.values = nothing  # (batch, heads, 0, d) at first

    def __len__(self) -> int:
        return self.keys.shape[-2]

    def extended(self, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """All keys and all values up to now, the new ones last."""
        self.keys = concatenate([self.keys, k], axis=-2)
        self.values = concatenate([self.values, v], axis=-2)  # (batch, heads, positions, d)
        return self.keys, self.values


class MultiHeadAttention(Module):
    """Concat(head_1 … head_H) W_O, with head_h = Attention(x W_Qʰ, c W_Kʰ, c W_Vʰ) (多头注意力).

    x asks and the context c answers: attention(x) looks at x itself, attention(x, context) at
    another text. Shapes: x (…, time, embed_dim), context (…, keys, embed_dim), result
    (…, time, embed_dim). Each of the four products has a bias. Head h has the columns
    h·d … (h + 1)·d − 1 of W_Q, W_K and W_V, with d = embed_dim / num_heads.
    Vaswani et al. 2017; document 000 §4.3

    Args:
        dropout: the probability that an attention weight is dropped in training.
        causal: no position looks at a later one.

    Raises:
        ValueError: where num_heads does not divide embed_dim, or a shape does not fit.
    """

    def __init__(
        self, embed_dim: int, num_heads: int, dropout: float = 0.0, causal: bool = False
    ) -> None:
        check_sizes("MultiHeadAttention", embed_dim=embed_dim, num_heads=num_heads)
        if embed_dim % num_heads:
            raise ValueError(
                f"MultiHeadAttention: {num_heads} heads cannot share {embed_dim} columns evenly. "
                "embed_dim is a multiple of num_heads, for example "
                f"embed_dim={(embed_dim // num_heads + 1) * num_heads}"
            )
        self.num_heads = num_heads
        self.causal = causal
        self.query = Linear(embed_dim, embed_dim)
        self.key = Linear(embed_dim, embed_dim)
        self.value = Linear(embed_dim, embed_dim)
        self.output = Linear(embed_dim, embed_dim)
        self.dropout = Dropout(dropout)

    def forward(
        self, x: Any, context: Any = None, mask: Any = None, cache: KeyValueCache | None = None
    ) -> Tensor:
        """What each position of x gathers from the context, by default from x itself.

        Args:
            mask: booleans that broadcast to (…, heads, time, keys): True where a position may look.
            cache: the keys and values of the positions before x, which x sees too; it gets x's own.
        """
        q, k, v = self._projected(x, context)
        if cache is not None:
            k, v = cache.extended(k, v)
        if self.training and self.dropout.p:
            kept = self.dropout(attention_weights(q, k, mask, is_causal=self.causal))
            return self._joined(matmul(kept, v))
        return self._joined(scaled_dot_product_attention(q, k, v, mask, is_causal=self.causal))

    def extra_repr(self) -> str:
        """How many heads, and whether they look back only."""
        return f"num_heads={self.num_heads}" + (", causal=True" if self.causal else "")

    def empty_cache(self, batch_size: int) -> KeyValueCache:
        """For a text that forward() will be given piece by piece: (batch_size, time, embed_dim)."""
        w = self.key.weight
        shape = (batch_size, self.num_heads, 0, w.shape[1] // self.num_heads)
        return KeyValueCache(zeros(shape, w.dtype, device=w.device))

    def weights(self, x: Any, context: Any = None, mask: Any = None) -> Tensor:
        """How much each position looks at each key: (…, heads, time, keys), each row of sum 1."""
        q, k, _ = self._projected(x, context)
        return attention_weights(q, k, mask, is_causal=self.causal)

    def _projected(self, x: Any, context: Any) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values, each (…, heads, positions, d)."""
        x = asarray(x)
        context = x if context is None else asarray(context)
        for given in (x, context):
            if given.ndim < 2:
                raise ValueError(
                    "MultiHeadAttention needs inputs of shape (…, time, embed_dim), a row for each "
                    f"position; it was given {given.shape}. For a single position write x[None]"
                )
        return (
            self._heads(self.query(x)),
            self._heads(self.key(context)),
            self._heads(self.value(context)),
        )

    def _heads(self, x: Tensor) -> Tensor:
        *lead, time, size = x.shape
        x = reshape(x, (*lead, time, self.num_heads, size // self.num_heads))
        return swapaxes(x, -2, -3)  # (…, heads, time, d)

    def _joined(self, y: Tensor) -> Tensor:
        """The heads side by side again, through W_O: (…, time, embed_dim)."""
        *lead, heads, time, d = y.shape
        result: Tensor = self.output(reshape(swapaxes(y, -2, -3), (*lead, time, heads * d)))
        return result

"""The transformer: blocks of attention, and what language models of such blocks share."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backend import to_host
from ..ops.create import zeros
from ..ops.index import check_indices
from ..tensor import Tensor, asarray
from . import functional as F
from . import init
from .activations import GELU
from .attention import KeyValueCache, MultiHeadAttention
from .dropout import Dropout
from .embedding import Embedding
from .linear import Linear
from .module import Module, ModuleList, Parameter, Sequential, check_sizes
from .norm import LayerNorm


class TransformerBlock(Module):
    """x ← x + attention(norm(x)), then x ← x + feed_forward(norm(x)).

    feed_forward is Linear(embed_dim, hidden_dim), GELU (tanh form), Linear(hidden_dim, embed_dim),
    for each position by itself. The norm stands before each part (pre-norm), so that x itself runs
    through all blocks untouched. Shapes: (…, time, embed_dim) in and out.
    Vaswani et al. 2017, pre-norm as in GPT-2; document 000 §2.2

    Args:
        hidden_dim: 4 · embed_dim unless given.
        dropout: for the attention weights, and for what each part adds to x.
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        hidden_dim: int | None = None,
        dropout: float = 0.0,
        causal: bool = False,
    ) -> None:
        check_sizes("TransformerBlock", embed_dim=embed_dim)
        hidden_dim = 4 * embed_dim if hidden_dim is None else hidden_dim
        self.attention_norm = LayerNorm(embed_dim)
        self.attention = MultiHeadAttention(embed_dim, num_heads, dropout, causal)
        self.feed_forward_norm = LayerNorm(embed_dim)
        self.feed_forward = Sequential(
            Linear(embed_dim, hidden_dim), GELU(approximate="tanh"), Linear(hidden_dim, embed_dim)
        )
        self.dropout = Dropout(dropout)

    def forward(self, x: Any, mask: Any = None, cache: KeyValueCache | None = None) -> Tensor:
        """x with what its positions gathered from each other, and what each made of that."""
        x = asarray(x)
        x = x + self.dropout(self.attention(self.attention_norm(x), mask=mask, cache=cache))
        y: Tensor = x + self.dropout(self.feed_forward(self.feed_forward_norm(x)))
        return y

    def attention_weights(self, x: Any, mask: Any = None) -> Tensor:
        """How much each position looks at each: (…, heads, time, time), each row of sum 1."""
        return self.attention.weights(self.attention_norm(asarray(x)), mask=mask)


class LanguageModel(Module):
    """Tokens → a score (logit) for every word of the vocabulary at every position.

    Token embedding + position embedding, dropout, blocks, a last LayerNorm, and the head, a Linear
    with bias. Shapes: tokens (…, time) of whole numbers, result (…, time, vocab_size). GPT and
    MaskedLanguageModel are this with and without the causal mask.
    """

    def __init__(
        self,
        vocab_size: int,
        context_length: int,
        embed_dim: int,
        num_heads: int,
        num_layers: int,
        hidden_dim: int | None,
        dropout: float,
        tie_weights: bool,
        causal: bool,
    ) -> None:
        name = type(self).__name__
        check_sizes(name, vocab_size=vocab_size, context_length=context_length)
        check_sizes(name, embed_dim=embed_dim, num_layers=num_layers)
        self.tokens = Embedding(vocab_size, embed_dim)
        self.positions = Embedding(context_length, embed_dim)
        self.dropout = Dropout(dropout)
        self.blocks: Any = ModuleList(  # of TransformerBlocks, which have more than a Module
            TransformerBlock(embed_dim, num_heads, hidden_dim, dropout, causal)
            for _ in range(num_layers)
        )
        self.norm = LayerNorm(embed_dim)
        self.head = TiedHead(self.tokens) if tie_weights else Linear(embed_dim, vocab_size)
        for _, module in self.named_modules():
            if isinstance(module, Linear | Embedding):
                init.normal_(module.weight, 0.0, 0.02)

    @property
    def context_length(self) -> int:
        """The most positions that the model can look at."""
        return self.positions.weight.shape[0]

    def forward(self, tokens: Any, mask: Any = None) -> Tensor:
        """The logits (…, time, vocab_size).

        mask: booleans that broadcast to (…, heads, time, time): True where a position may look.
        """
        x = self.embedded(tokens)
        for block in self.blocks:
            x = block(x, mask)
        logits: Tensor = self.head(self.norm(x))
        return logits

    def embedded(self, tokens: Any, start: int = 0) -> Tensor:
        """What the first block is given: tokens and positions as rows, (…, time, embed_dim).

        start: the position of the first token.

        Raises:
            ValueError: where there are more tokens than positions.
        """
        tokens = self._as_tensor(tokens)
        time = tokens.shape[-1] if tokens.ndim else 0
        if not 0 < time <= self.context_length - start:
            raise ValueError(
                f"{type(self).__name__} takes tokens of shape (…, time) with 1 to "
                f"{self.context_length} positions, its context_length; it was given "
                f"{tokens.shape}. Keep the last ones with tokens[..., -{self.context_length}:]"
            )
        positions = self.positions(np.arange(start, start + time))  # (time, embed_dim)
        x: Tensor = self.dropout(self.tokens(tokens) + positions)
        return x

    def _as_tensor(self, tokens: Any) -> Tensor:
        """Tokens of NumPy or Python go to the model's device; a Tensor stays where it is."""
        if isinstance(tokens, Tensor):
            return tokens
        return asarray(tokens, device=self.tokens.weight.device)

    def _checked(self, tokens: Any, what: str) -> tuple[Tensor, np.ndarray]:
        """Tokens of the vocabulary as a tensor, and a copy of them on the host, int64."""
        text = self._as_tensor(tokens)
        if text.size:  # an empty list has no dtype of its own
            check_indices(text, self.tokens.weight.shape[0], what, negative=False)
        return text, to_host(text._data).astype(np.int64)

    def attention_weights(self, tokens: Any, mask: Any = None) -> list[Tensor]:
        """For each block, how much each position looks at each: (…, heads, time, time)."""
        x, found = self.embedded(tokens), []
        for block in self.blocks:
            found.append(block.attention_weights(x, mask))
            x = block(x, mask)
        return found


class TiedHead(Module):
    """x Eᵀ + b, with the table E of an embedding: the head that shares its weight.

    The table is one Parameter: counted once, saved once, and its gradient is the sum of both uses.
    The bias, one number a word, stays the head's own.   Press and Wolf 2017
    """

    def __init__(self, embedding: Embedding) -> None:
        self.weight = embedding.weight
        self.bias = Parameter(zeros(embedding.weight.shape[0]))

    def forward(self, x: Tensor) -> Tensor:
        """x Eᵀ + b."""
        return F.linear(x, self.weight.T, self.bias)

    def extra_repr(self) -> str:
        """Its sizes."""
        words, size = self.weight.shape
        return f"{size}, {words}"

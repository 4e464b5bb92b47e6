"""GPT: a language model that predicts the next token from those before it."""

from __future__ import annotations

from .transformer import LanguageModel


class GPT(LanguageModel):
    """Tokens → logits of the next token at every position, from this and the earlier ones.

    Token + learned position embedding, pre-norm blocks with a causal mask and GELU (tanh form), a
    last LayerNorm, a head with bias. All weights start as N(0, 0.02²), biases as zeros.
    Shapes: tokens (…, time) of whole numbers, time ≤ context_length; result
    (…, time, vocab_size).   Radford et al. 2018, 2019; document 000 §2.2, §4.3

    Args:
        hidden_dim: of the blocks' feed-forward parts; 4 · embed_dim unless given.
        dropout: after the embeddings, of attention weights, and of what each part of a block adds.
        tie_weights: the head uses the token embedding's table; its bias stays its own.

    Raises:
        ValueError: where num_heads does not divide embed_dim, or tokens exceed context_length.
        IndexError: where a token is below 0 or not below vocab_size.
        TypeError: where tokens are no whole numbers.
    """

    def __init__(
        self,
        vocab_size: int,
        context_length: int,
        embed_dim: int,
        num_heads: int,
        num_layers: int,
        *,
        hidden_dim: int | None = None,
        dropout: float = 0.0,
        tie_weights: bool = False,
    ) -> None:
        super().__init__(
            vocab_size, context_length, embed_dim, num_heads, num_layers, hidden_dim, dropout,
            tie_weights, causal=True,
        )  # fmt: skip

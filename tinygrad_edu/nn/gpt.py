"""GPT: a language model that predicts the next token from those before it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backend import generator, to_host
from ..recording import no_grad
from ..tensor import Tensor, asarray
from .attention import KeyValueCache
from .module import in_mode
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

    def generate(
        self,
        tokens: Any,
        length: int,
        temperature: float = 1.0,
        top_k: int | None = None,
        seed: int | None = None,
        use_cache: bool = True,
    ) -> Tensor:
        """The tokens and `length` more, each drawn from softmax(logits / temperature).

        Runs in eval() without recording. It looks at the last context_length tokens. Draws are made
        on the host, so a seed gives the same text on every device.

        Args:
            tokens: the beginning of each text, (batch, time) or (time,), time at least 1.
            temperature: below 1 prefers likely words, above 1 evens out; 0 takes the likeliest.
            top_k: draw from the k likeliest words only.
            seed: of these draws alone; without it, te.manual_seed's generator draws.
            use_cache: keep the keys and values of what was read, for the same text in less time. It
                saves nothing once the text outgrows context_length: each further token moves every
                position by one, so that all keys are new.

        Raises:
            ValueError: where there is no token to begin with, or an option makes no sense.
            IndexError: where a token is below 0 or not below vocab_size.
            TypeError: where tokens are no whole numbers.
        """
        vocab_size = self.tokens.weight.shape[0]
        _check_request(length, temperature, top_k, vocab_size)
        text, written = self._checked(tokens, "generate()")
        if text.ndim == 0 or text.size == 0:
            raise ValueError(
                "generate() needs at least one token to begin with, in the shape (batch, time) or "
                f"(time,); it was given {text.shape}. Give the token that begins texts, as in [[0]]"
            )
        written = written.reshape((-1, text.shape[-1]))  # (batch, time)
        random = generator(seed)
        caches = [block.attention.empty_cache(len(written)) for block in self.blocks]
        with in_mode(self, training=False), no_grad():
            for _ in range(length):
                if use_cache and written.shape[1] <= self.context_length:
                    logits = self._continued(written[:, len(caches[0]) :], caches)
                else:
                    logits = self(written[:, -self.context_length :])
                scores = to_host(logits[:, -1]._data).astype(np.float64)  # (batch, vocab_size)
                drawn = _draw(scores, temperature, top_k, random)
                written = np.concatenate([written, drawn.reshape((-1, 1))], axis=1)
        return asarray(written.reshape((*text.shape[:-1], -1)), device=text.device)

    def _continued(self, tokens: np.ndarray, caches: list[KeyValueCache]) -> Tensor:
        """The logits of tokens that follow those in the caches."""
        x = self.embedded(tokens, start=len(caches[0]))
        for block, cache in zip(self.blocks, caches, strict=True):
            x = block(x, cache=cache)
        logits: Tensor = self.head(self.norm(x))
        return logits


def _draw(
    logits: np.ndarray, temperature: float, top_k: int | None, random: np.random.Generator
) -> np.ndarray:
    """One word for each row of logits (batch, vocab_size)."""
    if temperature == 0:
        return np.asarray(logits.argmax(axis=1))
    with np.errstate(over="ignore"):  # where the temperature is tiny, all but the likeliest are −∞
        logits = (logits - logits.max(axis=1, keepdims=True)) / temperature
    if top_k is not None:
        weakest = np.sort(logits, axis=1)[:, [-top_k]]
        logits = np.where(logits < weakest, -np.inf, logits)
    p = np.exp(logits)
    up_to = np.cumsum(p, axis=1)  # word j owns the stretch from up_to[j − 1] to up_to[j]
    point = random.random((len(p), 1)) * up_to[:, -1:]
    return np.asarray((up_to <= point).sum(axis=1))


def _check_request(length: Any, temperature: Any, top_k: Any, vocab_size: int) -> None:
    if not isinstance(length, int | np.integer) or length < 0:
        raise ValueError(f"generate(): length is a whole number of at least 0, not {length!r}")
    if not isinstance(temperature, int | float | np.number) or not 0 <= temperature < np.inf:
        raise ValueError(
            f"generate(): temperature is a number of at least 0, not {temperature!r}; 1 draws from "
            "the model's own probabilities, 0 takes the likeliest word"
        )
    if top_k is not None and not (isinstance(top_k, int | np.integer) and 1 <= top_k <= vocab_size):
        raise ValueError(
            f"generate(): top_k is a whole number from 1 to the {vocab_size} words of the "
            f"vocabulary, or None for all; it was given {top_k!r}"
        )

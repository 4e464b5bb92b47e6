"""A language model that fills gaps: it sees the words on both sides, as BERT does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..backend import generator
from ..ops.images import is_whole
from ..ops.index import take
from ..tensor import Tensor, asarray
from .loss_functions import cross_entropy
from .transformer import LanguageModel


class MaskedLanguageModel(LanguageModel):
    """Tokens → logits of the word that belongs at each position, from the words on both sides.

    GPT's blocks without the causal mask. It learns to guess words that are hidden from it:

        inputs, places, targets = model.hide(tokens)
        model.loss(inputs, places, targets).backward()

    Shapes: tokens (…, time) of whole numbers, time ≤ context_length; result
    (…, time, vocab_size).   Devlin et al. 2019 (BERT); document 000 §2.2

    Args:
        mask_token: the token, one of the vocabulary, that stands in place of a hidden word.
        hidden_dim, dropout, tie_weights: as in GPT.
    """

    def __init__(
        self,
        vocab_size: int,
        context_length: int,
        embed_dim: int,
        num_heads: int,
        num_layers: int,
        *,
        mask_token: int,
        hidden_dim: int | None = None,
        dropout: float = 0.0,
        tie_weights: bool = False,
    ) -> None:
        super().__init__(
            vocab_size, context_length, embed_dim, num_heads, num_layers, hidden_dim, dropout,
            tie_weights, causal=False,
        )  # fmt: skip
        if not is_whole(mask_token, 0) or mask_token >= vocab_size:
            raise ValueError(
                f"MaskedLanguageModel: mask_token={mask_token!r} is none of the {vocab_size} words "
                f"counted from 0 to {vocab_size - 1}. Add a word to the vocabulary for it"
            )
        self.mask_token = mask_token

    def hide(
        self,
        tokens: Any,
        probability: float = 0.15,
        seed: int | None = None,
        keep: Sequence[int] = (),
    ) -> tuple[Tensor, Tensor, Tensor]:
        """inputs, places, targets: tokens with words hidden, where, and the words that were there.

        This part of all words is chosen, at least one. Of the chosen, 80 % become mask_token, 10 %
        a random word, and 10 % stay as they are, so that the model cannot rely on what it sees.

        Args:
            tokens: (…, time). places and targets are (chosen,); a place counts through all tokens.
            seed: of these draws alone; without it, te.manual_seed's generator draws.
            keep: tokens that are never chosen, such as the padding.

        All three are int64, on the device of the tokens if these are a Tensor, else of the model.

        Raises:
            ValueError: where the probability is not above 0 and at most 1, or no word is left.
            IndexError: where a token is below 0 or not below vocab_size.
            TypeError: where tokens are no whole numbers.
        """
        if not 0 < probability <= 1:
            raise ValueError(
                f"hide(): the probability is above 0 and at most 1, not {probability!r}; "
                "0.15 hides 15 % of the words"
            )
        text, words = self._checked(tokens, "hide()")
        words = words.reshape(-1)  # (positions,)
        open_to_choice = np.flatnonzero(~np.isin(words, [*keep, self.mask_token]))
        if not open_to_choice.size:
            raise ValueError(
                f"hide() found no word to hide in tokens of shape {text.shape}: all are among keep "
                "or are mask_token. Give tokens with words in them"
            )
        random = generator(seed)
        count = max(1, round(probability * open_to_choice.size))
        places = np.sort(random.choice(open_to_choice, count, replace=False))
        targets = words[places]
        fate = random.random(count)
        others = random.integers(0, self.tokens.weight.shape[0], count)
        shown = np.where(fate < 0.8, self.mask_token, np.where(fate < 0.9, others, targets))
        words[places] = shown
        device = text.device
        return (
            asarray(words.reshape(text.shape), device=device),
            asarray(places, device=device),
            asarray(targets, device=device),
        )

    def loss(self, inputs: Any, places: Any, targets: Any) -> Tensor:
        """The cross-entropy at the hidden places, their mean; no other position counts."""
        logits = self(inputs)
        rows = logits.reshape((-1, logits.shape[-1]))  # (positions, vocab_size)
        return cross_entropy(take(rows, places, axis=0), targets)

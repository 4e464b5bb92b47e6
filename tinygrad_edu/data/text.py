"""Text as numbers; from simple to hard: tokenizers, then windows of tokens for a language model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from ..backend import generator as library_generator
from ..tensor import Tensor

__all__ = ["CharTokenizer", "WordTokenizer", "next_token_windows", "random_windows"]

Ids = npt.NDArray[np.int64]


class _Tokenizer(ABC):
    """What the two tokenizers share: pieces of text, sorted, each with its number."""

    piece = "piece"

    def __init__(self, text: str) -> None:
        _check_text(text)
        self.vocabulary: tuple[str, ...] = tuple(sorted(set(self.split(text))))
        self.number_of = {piece: number for number, piece in enumerate(self.vocabulary)}

    def __len__(self) -> int:
        """The number of different pieces: vocab_size."""
        return len(self.vocabulary)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self)} {self.piece}s)"

    @abstractmethod
    def split(self, text: str) -> list[str]:
        """The pieces of a text."""

    @abstractmethod
    def join(self, pieces: Iterable[str]) -> str:
        """The text that split() took apart."""

    def encode(self, text: str) -> Ids:
        """The number of each piece, (tokens,) int64. ValueError names a piece that is unknown."""
        _check_text(text)
        pieces = self.split(text)
        try:
            return np.array([self.number_of[piece] for piece in pieces], np.int64)
        except KeyError as error:
            unknown = error.args[0]
            raise ValueError(
                f"the {self.piece} {unknown!r}, number {pieces.index(unknown)} from 0, is none of "
                f"the {len(self)} that this tokenizer knows; build it from a text that has it"
            ) from None

    def decode(self, ids: Any) -> str:
        """The text of these numbers; decode(encode(text)) == text."""
        return self.join(self.vocabulary[number] for number in _ids(ids, len(self)).tolist())


class CharTokenizer(_Tokenizer):
    """One token for each character: numbers 0 to V − 1 for the V characters of a text, sorted.

    decode(encode(text)) == text for every text of these characters, line breaks and all.
    """

    piece = "character"

    def split(self, text: str) -> list[str]:
        return list(text)

    def join(self, pieces: Iterable[str]) -> str:
        return "".join(pieces)


class WordTokenizer(_Tokenizer):
    """One token for each word: what stands between two spaces; numbers 0 to V − 1, words sorted.

    decode(encode(text)) == text for every text of these words. Only the space parts words: in
    "he ran.\\nShe" the second word is "ran.\\nShe". Put spaces around what shall be a word of its
    own, as in "he ran .". Two spaces in a row have an empty word between them.
    """

    piece = "word"

    def split(self, text: str) -> list[str]:
        return text.split(" ") if text else []

    def join(self, pieces: Iterable[str]) -> str:
        return " ".join(pieces)


def next_token_windows(
    tokens: Any, context_length: int, stride: int | None = None
) -> tuple[Ids, Ids]:
    """(inputs, targets), (windows, context_length) each: targets are the tokens one place later.

    inputs[i, t] = tokens[i·stride + t], targets[i, t] = tokens[i·stride + t + 1].

    Args:
        tokens: a stream (tokens,), such as encode() gives.
        context_length: tokens in a window.
        stride: from one window to the next; None for context_length, so that no token is a target
            twice. What does not fill a window at the end is left out.
    """
    ids = _stream(tokens, context_length)
    step = context_length if stride is None else stride
    _check_count("stride", step)
    starts = np.arange(0, len(ids) - context_length, step)
    return _windows(ids, starts, context_length)


def random_windows(
    tokens: Any,
    context_length: int,
    batch_size: int,
    generator: np.random.Generator | None = None,
) -> tuple[Ids, Ids]:
    """(inputs, targets), (batch_size, context_length) each, of windows that begin anywhere.

    As next_token_windows, at random places; without a generator, te.manual_seed decides.
    """
    ids = _stream(tokens, context_length)
    _check_count("batch_size", batch_size)
    random = library_generator() if generator is None else generator
    starts = random.integers(0, len(ids) - context_length, size=batch_size)
    return _windows(ids, starts, context_length)


def _windows(ids: Ids, starts: npt.NDArray[np.intp], length: int) -> tuple[Ids, Ids]:
    places = starts[:, None] + np.arange(length)  # (windows, length)
    return ids[places], ids[places + 1]


def _stream(tokens: Any, context_length: int) -> Ids:
    ids = _ids(tokens)
    _check_count("context_length", context_length)
    if len(ids) <= context_length:
        raise ValueError(
            f"a window of {context_length} tokens and the one after it do not fit a stream of "
            f"{len(ids)}; give a longer text or a smaller context_length"
        )
    return ids


def _check_count(name: str, value: Any) -> None:
    if not isinstance(value, int | np.integer) or value < 1:
        raise ValueError(f"{name} is a whole number of at least 1, not {value!r}; 12, say")


def _ids(tokens: Any, vocab_size: int | None = None) -> Ids:
    """A stream of tokens as int64 (tokens,), checked."""
    ids = tokens.numpy() if isinstance(tokens, Tensor) else np.asarray(tokens)
    if ids.ndim == 1 and ids.size == 0:
        return np.zeros(0, np.int64)
    if ids.ndim != 1 or ids.dtype.kind not in "iu":
        raise ValueError(
            f"tokens are whole numbers of shape (tokens,), not {ids.dtype} of shape {ids.shape}; "
            "encode(text) gives them, and of a batch take one row"
        )
    if vocab_size is not None and not 0 <= ids.min() <= ids.max() < vocab_size:
        bad = ids[(ids < 0) | (ids >= vocab_size)][0]
        raise ValueError(f"{bad} is no token: the {vocab_size} tokens are 0 to {vocab_size - 1}")
    return ids.astype(np.int64)


def _check_text(text: str) -> None:
    if not isinstance(text, str):
        raise TypeError(f"a tokenizer takes a text, one str, not {type(text).__name__}")

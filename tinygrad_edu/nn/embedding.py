"""The embedding: a learned row of numbers for each word."""

from __future__ import annotations

from typing import Any

from ..ops.create import zeros
from ..ops.index import check_padding, embedding
from ..tensor import Tensor
from . import init
from .module import Module, Parameter, check_sizes


class Embedding(Module):
    """Row t of a learned table E for each token t (嵌入): one-hot(t) @ E without the product.

    Shapes: tokens (…) of whole numbers, E (num_embeddings, embedding_dim), result
    (…, embedding_dim). E starts as N(0, 1).   Document 000 §4.3, §5.2

    Args:
        padding_index: the token that only fills up short sequences. Its row starts as zeros and
            stays so: it gets no gradient.

    Raises:
        IndexError: where a token is below 0 or not below num_embeddings.
        TypeError: where tokens are no whole numbers.
        ValueError: where a size is no whole number of at least 1, or padding_index names no row.
    """

    def __init__(
        self, num_embeddings: int, embedding_dim: int, padding_index: int | None = None
    ) -> None:
        check_sizes("Embedding", num_embeddings=num_embeddings, embedding_dim=embedding_dim)
        check_padding(padding_index, num_embeddings, "Embedding")
        self.padding_index = padding_index
        self.weight = Parameter(zeros((num_embeddings, embedding_dim)))
        init.normal_(self.weight)
        if padding_index is not None:
            self.weight.data[padding_index] = 0

    def forward(self, tokens: Any) -> Tensor:
        """The row of each token."""
        return embedding(tokens, self.weight, padding_index=self.padding_index)

    def extra_repr(self) -> str:
        """Its sizes."""
        rows, size = self.weight.shape
        padding = "" if self.padding_index is None else f", padding_index={self.padding_index}"
        return f"{rows}, {size}{padding}"

"""Mini-batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ..backend import backend, generator
from ..tensor import Tensor, asarray
from .dataset import TensorDataset


class DataLoader:
    """Batches of a data set: each pass gives every row once, the last batch what is left.

    Args:
        dataset: a TensorDataset, or a tuple of arrays or tensors to make one of.
        batch_size: rows in a batch.
        shuffle: a new random order for each pass.
        drop_last: leave out a last batch that is short.
        seed: a random order of its own; without it te.manual_seed decides.
        device: where each batch is put; without it, it is where the data are. Large data may so
            stay on the host, while the batches meet the model on its GPU.
    """

    def __init__(
        self,
        dataset: TensorDataset | tuple[Any, ...],
        batch_size: int = 1,
        shuffle: bool = False,
        drop_last: bool = False,
        seed: int | None = None,
        device: str | None = None,
    ) -> None:
        if not isinstance(dataset, TensorDataset | tuple | list):
            raise TypeError(
                "DataLoader takes a TensorDataset, or a tuple of arrays such as (images, labels), "
                f"not one {type(dataset).__name__}; write DataLoader((x, y), batch_size=32); "
                "for a single array write (array,)"
            )
        if not isinstance(batch_size, int | np.integer) or batch_size < 1:
            raise ValueError(
                f"batch_size is a whole number of at least 1, not {batch_size!r}; for all rows at "
                "once give their number, len(x)"
            )
        self.dataset = dataset if isinstance(dataset, TensorDataset) else TensorDataset(*dataset)
        self.batch_size, self.shuffle, self.drop_last = batch_size, shuffle, drop_last
        self.generator = None if seed is None else generator(seed)
        self.device = None if device is None else backend(device).name

    def over(self, dataset: TensorDataset | tuple[Any, ...]) -> DataLoader:
        """A loader of the same kind over other rows; it shares this one's random order, if any."""
        loader = DataLoader(
            dataset, self.batch_size, self.shuffle, self.drop_last, device=self.device
        )
        loader.generator = self.generator
        return loader

    def state_dict(self) -> dict[str, Any]:
        """Where the random order of its own stands; empty where te.manual_seed decides."""
        return {} if self.generator is None else {"random": self.generator.bit_generator.state}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on with the random order from where a state_dict() was taken, between two passes."""
        if state.keys() != self.state_dict().keys():
            here, there = ("with", "without")[:: -1 if self.generator is None else 1]
            raise ValueError(
                f"this state is of a DataLoader {there} a seed of its own, and this one is {here}; "
                "make it as it was when the state was saved"
            )
        if self.generator is not None:
            self.generator.bit_generator.state = state["random"]

    def __len__(self) -> int:
        """The number of batches in a pass."""
        whole, rest = divmod(len(self.dataset), self.batch_size)
        return whole if self.drop_last or rest == 0 else whole + 1

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        rows = len(self.dataset)
        random = generator() if self.generator is None else self.generator
        order = random.permutation(rows) if self.shuffle else np.arange(rows)
        for start in range(0, len(self) * self.batch_size, self.batch_size):
            batch = self.dataset[order[start : start + self.batch_size]]
            yield tuple(asarray(x, device=self.device) for x in batch)

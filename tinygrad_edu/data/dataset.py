"""Samples side by side with their labels."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor, asarray


class TensorDataset:
    """Rows of several tensors that belong together: dataset[i] is (x[i], y[i])."""

    def __init__(self, *tensors: Any) -> None:
        if not tensors:
            raise ValueError("TensorDataset needs at least one tensor")
        self.tensors: tuple[Tensor, ...] = tuple(asarray(x) for x in tensors)
        shapes = [x.shape for x in self.tensors]
        if any(not shape for shape in shapes) or len({shape[0] for shape in shapes}) != 1:
            raise ValueError(
                f"all tensors of a data set have equally many rows; these have shapes {shapes}. "
                "Rows are the first axis: cut the longer one, or perhaps .T is meant"
            )

    def __len__(self) -> int:
        return len(self.tensors[0])

    def __getitem__(self, key: Any) -> tuple[Tensor, ...]:
        return tuple(x[key] for x in self.tensors)

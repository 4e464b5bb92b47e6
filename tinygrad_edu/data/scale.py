"""Features brought to one scale."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import Tensor, asarray


class StandardScaler:
    """z = (x − mean) / sd of each column, with the mean and sd of the training rows.

    sd is the population's, √(Σ (x − mean)² / n). A column that never changes is given sd 1, so
    its z is 0. z is not confined to [−1, 1], although document 002 §5.2.1 says so: a row three sd
    away gives 3.

    Fitted values end in an underscore: mean_ and scale_, of shape (columns,).
    """

    def __init__(self) -> None:
        self.mean_: np.ndarray | None = None
        self.scale_: np.ndarray | None = None

    def fit(self, data: Any) -> StandardScaler:
        """Find mean and sd of each column of data, of shape (rows, columns); returns itself."""
        rows = _table(data).astype(np.float64)
        mean, spread = rows.mean(axis=0), rows.std(axis=0)
        # Rounding gives 0.1, 0.1, 0.1 an sd of 1e-17, so a constant column is told by its rows.
        constant = (rows == rows[0]).all(axis=0) | (spread == 0)
        self.mean_ = np.where(constant, rows[0], mean)
        self.scale_ = np.where(constant, 1.0, spread)
        return self

    def transform(self, data: Any) -> Any:
        """z of each entry; an array for an array, a Tensor for a Tensor, in the same dtype."""
        return self._mapped(data, lambda x, mean, scale: (x - mean) / scale)

    def inverse_transform(self, data: Any) -> Any:
        """x = z · sd + mean, what transform() was given."""
        return self._mapped(data, lambda z, mean, scale: z * scale + mean)

    def fit_transform(self, data: Any) -> Any:
        """fit() and then transform(): for the training rows, never for the test rows."""
        return self.fit(data).transform(data)

    def _mapped(self, data: Any, rule: Any) -> Any:
        if self.mean_ is None or self.scale_ is None:
            raise RuntimeError("this scaler has seen no data; call fit(training_rows) first")
        rows = _table(data)
        if rows.shape[1] != self.mean_.size:
            raise ValueError(
                f"this scaler was fitted on {self.mean_.size} columns; the data has {rows.shape[1]}"
            )
        dtype = rows.dtype if rows.dtype.kind == "f" else np.float64
        result = rule(rows, self.mean_, self.scale_).astype(dtype)  # in float64, as mean_ is
        return asarray(result, device=data.device) if isinstance(data, Tensor) else result


def _table(data: Any) -> np.ndarray:
    rows = data.numpy() if isinstance(data, Tensor) else np.asarray(data)
    if rows.ndim != 2 or rows.shape[0] == 0:
        raise ValueError(
            f"a scaler works on a table of shape (rows, columns), not on {rows.shape}; "
            "a single column is x[:, None]"
        )
    if rows.dtype.kind not in "fiub":
        raise ValueError(f"a scaler works on numbers, not on a table of {rows.dtype}")
    if not np.isfinite(rows).all():
        raise ValueError("the table has NaN or infinite entries; remove or fill those rows first")
    return rows

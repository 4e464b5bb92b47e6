"""fit(), evaluate() and History: the training loop that the lessons write out, in one call."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from .data import DataLoader, TensorDataset
from .metrics import accuracy
from .nn import Module
from .nn.module import in_mode
from .ops.shape import stack
from .optim import Optimizer
from .recording import no_grad
from .tensor import Tensor, asarray

Loss = Callable[[Tensor, Tensor], Tensor]
Metrics = Mapping[str, Callable[[Any, Any], float]]
ACCURACY: Metrics = {"accuracy": accuracy}
_VALIDATION = "validation_"


class History:
    """What happened in training: history["loss"] is a list with one number an epoch.

    The names are those of the metrics, with "validation_" before those measured on validation data.
    """

    def __init__(self) -> None:
        self.columns: dict[str, list[float]] = {}

    def add(self, row: Mapping[str, float]) -> None:
        """Put one epoch's numbers at the end."""
        for name, value in row.items():
            self.columns.setdefault(name, []).append(value)

    def __getitem__(self, name: str) -> list[float]:
        if name not in self.columns:
            has = sorted(self.columns) or "no whole epoch yet"
            raise KeyError(f"there is no {name!r} in this history; it has {has}")
        return self.columns[name]

    def __contains__(self, name: str) -> bool:
        return name in self.columns

    def __len__(self) -> int:
        return max((len(values) for values in self.columns.values()), default=0)

    def __repr__(self) -> str:
        last = ", ".join(f"{name} {values[-1]:.4f}" for name, values in self.columns.items())
        return f"History({len(self)} epochs; last: {last})"

    def plot(self, path: str | None = None) -> Any:
        """The curves by epoch, training and validation together; saved where path is given."""
        from matplotlib.figure import Figure
        from matplotlib.ticker import MaxNLocator

        names = [name for name in self.columns if name.removeprefix(_VALIDATION) == name]
        if not names:
            raise ValueError("this history has no whole epoch yet, so there is nothing to plot")
        figure = Figure(figsize=(6.5 * len(names), 4.5), layout="constrained")
        epochs = range(1, len(self) + 1)
        for i, name in enumerate(names):
            axes = figure.add_subplot(1, len(names), i + 1)
            line: Any = {"linewidth": 2.5, "markevery": 1 + len(self) // 20}
            axes.plot(epochs, self.columns[name], "-o", label="training", **line)
            if _VALIDATION + name in self.columns:
                beside = self.columns[_VALIDATION + name]
                axes.plot(epochs, beside, "--s", label="validation", **line)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
            axes.set_xlim(0.5, len(self) + 0.5)
            axes.set_xlabel("epoch", fontsize=15)
            axes.set_ylabel(name, fontsize=15)
            axes.tick_params(labelsize=13)
            axes.legend(fontsize=13)
        if path is not None:
            figure.savefig(path)
        return figure


def fit(
    model: Module,
    loss_fn: Loss,
    optimizer: Optimizer,
    loader: DataLoader,
    epochs: int,
    *,
    validation: DataLoader | None = None,
    validation_split: float = 0.0,
    metrics: Metrics = ACCURACY,
    progress: bool = True,
) -> History:
    """Train a model: for each batch forward, loss, zero_grad, backward, step.

    Args:
        loss_fn: loss_fn(model(x), y), averaged over the batch.
        loader: batches (x, y).
        validation: batches measured after each epoch, never trained on.
        validation_split: instead, this last fraction of the loader's rows, cut off before any
            shuffling, as Keras does it.
        metrics: name → function(prediction, target), measured beside the loss; {} for none, as
            where the targets are no classes. Each copies what it needs to the host, accuracy the
            predictions and the targets of each batch.
        progress: show a bar with the running loss.

    Ctrl-C ends the training: the model keeps what it has learned so far, and the history the epochs
    that were completed. Either way the model is put back into the mode, train() or eval(), it had.
    Batches from elsewhere are copied to the device of the model. The losses are copied to the host
    together, once an epoch and whenever the bar is drawn.
    """
    for batches in (loader, validation):
        _check_loader(batches)
    if validation_split:
        if validation is not None:
            raise ValueError("give validation or validation_split, not both")
        loader, validation = _last_fraction(loader, validation_split)
    history = History()
    try:
        for epoch in range(1, epochs + 1):
            title = f"epoch {epoch}/{epochs}"
            with in_mode(model, training=True):
                row = _one_epoch(model, loss_fn, optimizer, loader, metrics, title, progress)
            if validation is not None:
                measured = evaluate(model, loss_fn, validation, metrics=metrics)
                row |= {_VALIDATION + name: value for name, value in measured.items()}
            history.add(row)
    except KeyboardInterrupt:
        whole = f"{len(history)} whole epoch{'s' * (len(history) != 1)}"
        print(f"\nstopped after {whole}; the model keeps what it has learned")
    return history


def _one_epoch(
    model: Module,
    loss_fn: Loss,
    optimizer: Optimizer,
    loader: DataLoader,
    metrics: Metrics,
    title: str,
    progress: bool,
) -> dict[str, float]:
    """One pass over the data: the mean loss and metrics over all rows, as they were in training."""
    totals = _Totals(metrics)
    with _bar(len(loader), title, progress) as bar:
        for x, y in _on_device_of(model, loader):
            prediction = model(x)
            loss = loss_fn(prediction, y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            totals.add(len(x), loss, prediction.detach(), y)
            if bar.update(1):  # it was drawn, as it is at most ten times a second
                bar.set_postfix_str(f"loss {totals.means()['loss']:.4f}", refresh=False)
        means = totals.means()
        bar.set_postfix_str(f"loss {means['loss']:.4f}", refresh=False)
    return means


@no_grad()
def evaluate(
    model: Module, loss_fn: Loss, loader: DataLoader, *, metrics: Metrics = ACCURACY
) -> dict[str, float]:
    """The mean loss and metrics over all rows of a loader, each batch weighted by its rows.

    The model is in eval() meanwhile, and nothing is recorded. Copies are those of fit().
    """
    _check_loader(loader)
    totals = _Totals(metrics)
    with in_mode(model, training=False):
        for x, y in _on_device_of(model, loader):
            prediction = model(x)
            totals.add(len(x), loss_fn(prediction, y), prediction, y)
    return totals.means()


def _on_device_of(model: Module, loader: Any) -> Iterator[tuple[Tensor, Tensor]]:
    """The batches of a loader, on the device of the model; as they are where it has no tensors."""
    device = next((x.device for _, x in model.named_tensors()), None)
    for x, y in loader:
        yield asarray(x, device=device), asarray(y, device=device)


class _Totals:
    """Sums over rows, so that a short last batch counts by its rows."""

    def __init__(self, metrics: Metrics) -> None:
        if "loss" in metrics:
            raise ValueError("a metric needs another name than 'loss', which is the loss itself")
        self.metrics = metrics
        self.rows = 0
        self.sums = dict.fromkeys(["loss", *metrics], 0.0)
        self.waiting: list[tuple[int, Tensor]] = []  # rows and loss, not yet copied

    def add(self, rows: int, loss: Tensor, prediction: Tensor, y: Tensor) -> None:
        if loss.size != 1:
            raise ValueError(f"a loss is one number, not of shape {loss.shape}; take its .mean()")
        self.waiting.append((rows, loss.detach().reshape(())))
        for name, metric in self.metrics.items():
            try:
                self.sums[name] += rows * metric(prediction, y)
            except (TypeError, ValueError) as error:
                error.add_note(
                    f"That was the metric {name!r}. metrics={{}} measures none, metrics={{name: "
                    "function}} those that suit the targets"
                )
                raise
        self.rows += rows

    def means(self) -> dict[str, float]:
        if not self.rows:
            raise ValueError("the loader gave no batch, so there is nothing to average")
        if self.waiting:
            losses = stack([loss for _, loss in self.waiting]).tolist()
            for (rows, _), loss in zip(self.waiting, losses, strict=True):
                self.sums["loss"] += rows * loss
            self.waiting = []
        return {name: total / self.rows for name, total in self.sums.items()}


def _check_loader(loader: Any) -> None:
    if isinstance(loader, Tensor | np.ndarray | tuple):
        raise TypeError(
            f"training goes over batches (x, y), and this is a {type(loader).__name__}; make them "
            "with te.data.DataLoader((x, y), batch_size=32)"
        )


def _last_fraction(loader: DataLoader, fraction: float) -> tuple[DataLoader, DataLoader]:
    rows = len(loader.dataset)
    cut = math.floor(round(rows * (1 - fraction), 9))  # 10 · (1 − 0.9) is 1, not 0.9999999999999998
    if not 0 < cut < rows:
        raise ValueError(
            f"validation_split={fraction!r} of {rows} rows leaves nothing to "
            f"{'train on' if cut <= 0 else 'validate with'}; give a fraction between 0 and 1"
        )
    return loader.over(loader.dataset[:cut]), DataLoader(
        TensorDataset(*loader.dataset[cut:]), batch_size=loader.batch_size
    )


def _bar(total: int, title: str, show: bool) -> Any:
    from tqdm import tqdm  # type: ignore[import-untyped]

    return tqdm(total=total, desc=title, unit="batch", disable=not show, dynamic_ncols=True)


__all__: Sequence[str] = ["History", "evaluate", "fit"]

"""fit(), evaluate() and History: the written-out loop, which leaves nothing changed behind."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as te
from tinygrad_edu import nn, optim, training
from tinygrad_edu.backend.pretend import count_transfers
from tinygrad_edu.data import DataLoader, TensorDataset
from tinygrad_edu.metrics import accuracy
from tinygrad_edu.training import History, evaluate, fit

pytestmark = pytest.mark.usefixtures("seeded")

X = np.random.default_rng(1).normal(size=(50, 4)).astype(np.float32)
Y = np.abs(X).argmax(axis=1)


def made(device: str = "cpu") -> tuple[nn.Module, optim.Optimizer]:
    """The same network and optimizer each time."""
    te.manual_seed(7)
    model = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Dropout(0.2), nn.Linear(16, 4)).to(device)
    return model, optim.Adam(model.parameters(), lr=0.02)


def batches(device: str = "cpu", rows: slice = slice(None), **options: Any) -> DataLoader:
    data = TensorDataset(te.tensor(X[rows], device=device), te.tensor(Y[rows], device=device))
    return DataLoader(data, **({"batch_size": 8, "shuffle": True} | options))


def same(one: nn.Module, other: nn.Module) -> bool:
    """Equal in every bit."""
    pairs = zip(one.state_dict().items(), other.state_dict().items(), strict=True)
    return all(m == n and a.tobytes() == b.tobytes() for (m, a), (n, b) in pairs)


LOSS = nn.CrossEntropyLoss()
QUIET: dict[str, Any] = {"progress": False}


# --- the loop


def test_fit_is_the_written_out_loop_to_the_bit(device):
    model, optimizer = made(device)
    loader = batches(device)
    history = fit(model, LOSS, optimizer, loader, 3, validation=batches(device), **QUIET)

    own, optimizer = made(device)
    loader, validation = batches(device), batches(device)
    losses, accuracies, own_validation = [], [], []
    for _ in range(3):
        own.train()
        total = right = 0.0
        for x, y in loader:
            logits = own(x)
            loss = LOSS(logits, y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += len(x) * loss.item()
            right += float((logits.numpy().argmax(axis=1) == y.numpy()).sum())
        losses.append(total / 50)
        accuracies.append(right / 50)
        own.eval()
        with te.no_grad():
            sums = [len(x) * LOSS(own(x), y).item() for x, y in validation]
        own_validation.append(sum(sums) / 50)
    assert same(model, own)
    assert history["loss"] == losses
    assert history["accuracy"] == pytest.approx(accuracies, rel=1e-12)
    assert history["validation_loss"] == own_validation
    assert len(history) == 3 and losses[-1] < losses[0]


def test_measuring_changes_nothing():
    """Without validation, metrics and bar the weights are the same, and so is what is drawn."""
    found = []
    for options in ({}, {"metrics": {}}, {"validation": batches(shuffle=False)}):
        model, optimizer = made()
        fit(model, LOSS, optimizer, batches(), 2, **options, **QUIET)
        found.append((model, te.rand(3).tolist()))
    assert all(same(found[0][0], model) and found[0][1] == draws for model, draws in found)


def test_no_epoch_is_no_training():
    model, optimizer = made()
    history = fit(model, LOSS, optimizer, batches(), 0, **QUIET)
    assert same(model, made()[0]) and len(history) == 0


@pytest.mark.parametrize("trained", [True, False])
def test_modes_are_put_back(trained):
    """Those of every part: a layer that was put into eval() for itself stays there."""
    model, optimizer = made()
    model.train(trained)
    model[1].training = not trained
    before = [m.training for _, m in model.named_modules()]
    seen = set()

    def watched(prediction, y):
        seen.add(tuple(m.training for _, m in model.named_modules()))
        return LOSS(prediction, y)

    fit(model, watched, optimizer, batches(), 1, validation=batches(), **QUIET)
    evaluate(model, watched, batches())
    assert [m.training for _, m in model.named_modules()] == before
    assert seen == {(True,) * 5, (False,) * 5}

    def failing(prediction, y):
        raise ZeroDivisionError

    for call in (
        lambda: fit(model, failing, optimizer, batches(), 1, **QUIET),
        lambda: evaluate(model, failing, batches()),
    ):
        with pytest.raises(ZeroDivisionError):
            call()
        assert [m.training for _, m in model.named_modules()] == before


# --- what is measured


def test_evaluate_weighs_batches_by_their_rows(device):
    """50 rows in batches of 16: the last has 2, and counts 2 / 50."""
    model, _ = made(device)
    model.eval()
    found = evaluate(model, LOSS, batches(device, batch_size=16, shuffle=False))
    x, y = te.tensor(X, device=device), te.tensor(Y, device=device)
    assert found["loss"] == pytest.approx(LOSS(model(x), y).item(), rel=1e-6)
    assert found["accuracy"] == pytest.approx(accuracy(model(x), y), rel=1e-12)
    parts = [LOSS(model(x[i : i + 16]), y[i : i + 16]).item() for i in range(0, 50, 16)]
    assert abs(np.mean(parts) - found["loss"]) > 1e-3  # the unweighted mean is another number
    assert list(found) == ["loss", "accuracy"]


def test_validation_with_a_short_last_batch():
    model, optimizer = made()
    validation = batches(rows=slice(0, 19), batch_size=8)
    history = fit(model, LOSS, optimizer, batches(), 2, validation=validation, **QUIET)
    model.eval()
    whole = LOSS(model(te.tensor(X[:19])), te.tensor(Y[:19])).item()
    assert history["validation_loss"][-1] == pytest.approx(whole, rel=1e-6)
    right = accuracy(model(te.tensor(X[:19])), Y[:19])
    assert history["validation_accuracy"][-1] == pytest.approx(right, rel=1e-12)


def test_evaluate_records_nothing_and_draws_nothing():
    model, _ = made()
    before = te.random_state()
    seen = []

    def watched(prediction, y):
        seen.append((prediction.requires_grad, te.random_state() == before))
        return LOSS(prediction, y)

    evaluate(model, watched, batches(shuffle=False))
    assert set(seen) == {(False, True)}
    assert all(p.grad is None for p in model.parameters())


def test_metrics_get_predictions_without_a_graph():
    model, optimizer = made()
    calls = []

    def rows(prediction, y):
        assert not prediction.requires_grad and isinstance(y, te.Tensor)
        calls.append(len(y))
        return float(len(y))

    history = fit(
        model, LOSS, optimizer, batches(batch_size=20), 2, metrics={"rows": rows}, **QUIET
    )
    assert calls == [20, 20, 10] * 2
    assert history["rows"] == [(400 + 400 + 100) / 50] * 2
    assert sorted(history.columns) == ["loss", "rows"]
    history = fit(model, LOSS, optimizer, batches(), 1, metrics={}, **QUIET)
    assert list(history.columns) == ["loss"]


def test_regression_needs_no_metrics_and_is_told_so():
    model = nn.Linear(4, 1)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    loader = DataLoader((X, X[:, :1] * 3), batch_size=10)
    with pytest.raises(ValueError, match="at least two classes") as caught:
        fit(model, nn.MSELoss(), optimizer, loader, 1, **QUIET)
    assert "metric 'accuracy'. metrics={} measures none" in caught.value.__notes__[0]
    history = fit(model, nn.MSELoss(), optimizer, loader, 30, metrics={}, **QUIET)
    assert history["loss"][-1] < 1e-3 < history["loss"][0]


# --- validation_split


def test_validation_split_is_the_last_fraction_before_shuffling(device):
    model, optimizer = made(device)
    trained_on, measured_on = [], []

    def watched(prediction, y):
        (trained_on if model.training else measured_on).append(y.numpy())
        return nn.functional.mse_loss(prediction, prediction.detach())

    x = te.tensor(X, device=device)
    loader = DataLoader((x, te.tensor(np.arange(50), device=device)), batch_size=8, shuffle=True)
    options = {"validation_split": 0.3, "metrics": {}, **QUIET}
    fit(model, watched, optimizer, loader, 2, **options)
    assert [len(y) for y in trained_on] == [8, 8, 8, 8, 3] * 2
    assert [len(y) for y in measured_on] == [8, 7] * 2
    first, second = np.concatenate(trained_on).reshape(2, 35)
    assert sorted(first) == sorted(second) == list(range(35))
    assert list(first) != list(second) and list(first) != sorted(first)
    assert np.concatenate(measured_on).tolist() == list(range(35, 50)) * 2  # in order
    assert len(loader.dataset) == 50


def test_validation_split_equals_splitting_by_hand():
    one, optimizer = made()
    split = fit(one, LOSS, optimizer, batches(), 2, validation_split=0.2, **QUIET)
    other, optimizer = made()
    by_hand = fit(
        other, LOSS, optimizer, batches(rows=slice(0, 40)), 2,
        validation=batches(rows=slice(40, 50), shuffle=False), **QUIET,
    )  # fmt: skip
    assert same(one, other) and split.columns == by_hand.columns


@pytest.mark.parametrize(
    ("rows", "fraction", "trained"),
    [(10, 0.1, 9), (10, 0.9, 1), (30, 0.9, 3), (10, 0.25, 7), (10, 0.01, 9), (100, 0.07, 93),
     (100, 0.29, 71), (3, 1 / 3, 2), (50, 0.5, 25)],
)  # fmt: skip
def test_sizes_of_a_split(rows, fraction, trained):
    """⌊rows · (1 − fraction)⌋ rows are trained on, in exact arithmetic."""
    model = nn.Linear(1, 1)
    counts = {True: 0, False: 0}

    def counting(prediction, y):
        counts[model.training] += len(y)
        return prediction.sum()

    loader = DataLoader((np.ones((rows, 1), np.float32), np.arange(rows)), batch_size=4)
    optimizer = optim.SGD(model.parameters(), lr=0.0)
    fit(model, counting, optimizer, loader, 1, validation_split=fraction, metrics={}, **QUIET)
    assert (counts[True], counts[False]) == (trained, rows - trained)


def test_a_split_keeps_the_loaders_own_order_and_drop_last():
    model = nn.Linear(4, 4)
    sizes = []

    def watched(prediction, y):
        sizes.append((model.training, len(y)))
        return LOSS(prediction, y)

    loader = batches(batch_size=8, drop_last=True, seed=3)
    before = te.random_state()
    optimizer = optim.SGD(model.parameters(), lr=0.0)
    fit(model, watched, optimizer, loader, 1, validation_split=0.2, **QUIET)
    assert sizes == [(True, 8)] * 5 + [(False, 8), (False, 2)]  # every row is validated
    assert te.random_state() == before


# --- on the device


def test_only_the_numbers_asked_for_leave_the_device():
    """All losses at once; for accuracy the predictions and labels of each of the 5 batches too."""
    model, optimizer = made("pretend-gpu")
    loader = batches("pretend-gpu", batch_size=10)
    for metrics, copies in (({}, 1), ({"accuracy": accuracy}, 1 + 2 * 5)):
        with count_transfers() as counted:
            fit(model, LOSS, optimizer, loader, 2, metrics=metrics, **QUIET)
        assert counted.count == 2 * copies
        with count_transfers() as counted:
            fit(model, LOSS, optimizer, loader, 2, metrics=metrics, validation=loader, **QUIET)
        assert counted.count == 2 * 2 * copies
        with count_transfers() as counted:
            evaluate(model, LOSS, loader, metrics=metrics)
        assert counted.count == copies


class DrawnEachThird(contextlib.nullcontext):
    """A bar of which each third update() draws, where the real one goes by the clock."""

    updates = 0

    def __enter__(self):
        return self

    def update(self, n):
        self.updates += n
        return self.updates % 3 == 0

    def set_postfix_str(self, text, refresh):
        self.text = text


def test_the_bar_copies_losses_only_when_it_is_drawn(monkeypatch):
    """And the history is the same to the bit, whether the losses come in one part or in several."""
    found, bars = [], []

    def bar(*_):
        bars.append(DrawnEachThird())
        return bars[-1]

    for draws in (False, True):
        model, optimizer = made("pretend-gpu")
        if draws:
            monkeypatch.setattr(training, "_bar", bar)
        with count_transfers() as counted:
            loader = batches("pretend-gpu", batch_size=7)  # 8 batches: drawn after 3 and 6
            found.append(fit(model, LOSS, optimizer, loader, 2, metrics={}, **QUIET)["loss"])
        assert counted.count == 2 * (1 + 2 * draws)
    assert found[0] == found[1]
    assert [bar.text for bar in bars] == [f"loss {loss:.4f}" for loss in found[0]]


def test_a_loss_of_many_numbers_is_refused():
    model, _ = made()
    with pytest.raises(ValueError, match=r"one number, not of shape \(8,\).*mean"):
        evaluate(model, nn.CrossEntropyLoss(reduction="none"), batches())


def test_devices_agree(device):
    found = []
    for place in ("cpu", device):
        model, optimizer = made(place)
        found.append(fit(model, LOSS, optimizer, batches(place), 2, validation_split=0.1, **QUIET))
    for name, values in found[0].columns.items():
        np.testing.assert_allclose(found[1][name], values, rtol=1e-4)


def test_batches_from_the_host_meet_the_model_on_its_device(device):
    """fit() and evaluate() copy them there; nothing else changes."""
    found = []
    for place in ("cpu", device):
        model, optimizer = made(device)
        history = fit(model, LOSS, optimizer, batches(place), 2, validation=batches(place), **QUIET)
        measured = evaluate(model, LOSS, batches(place))
        found.append([*itertools.chain(*history.columns.values()), *measured.values()])
    np.testing.assert_allclose(*found, rtol=1e-5)


def test_batches_of_arrays_are_taken_too():
    model, _ = made("pretend-gpu")
    assert evaluate(model, LOSS, [(X, Y)]) == evaluate(model, LOSS, DataLoader((X, Y), len(X)))


# --- what is said


def test_progress_shows_epoch_and_loss(capsys):
    model, optimizer = made()
    fit(model, LOSS, optimizer, batches(), 2)
    out, err = capsys.readouterr()
    assert out == ""
    for words in ("epoch 1/2", "epoch 2/2", "7/7", r"loss \d\.\d{4}"):
        assert re.search(words, err), words


def test_without_progress_nothing_is_printed(capfd):
    model, optimizer = made()
    fit(model, LOSS, optimizer, batches(), 1, validation_split=0.2, **QUIET)
    evaluate(model, LOSS, batches())
    assert capfd.readouterr() == ("", "")


class Interrupted(DataLoader):
    """Ctrl-C at the third batch of the second pass."""

    passes = 0

    def __iter__(self) -> Iterator[tuple[te.Tensor, ...]]:
        self.passes += 1
        for i, batch in enumerate(super().__iter__()):
            if (self.passes, i) == (2, 2):
                raise KeyboardInterrupt
            yield batch


@pytest.mark.parametrize("progress", [True, False])
def test_an_interrupt_leaves_model_and_history(progress, capsys):
    model, optimizer = made()
    loader = Interrupted((X, Y), batch_size=10, shuffle=True)
    model.eval()
    history = fit(model, LOSS, optimizer, loader, 5, validation=batches(), progress=progress)
    assert "stopped after 1 whole epoch; the model keeps what it has" in capsys.readouterr().out
    assert len(history) == 1
    assert {len(values) for values in history.columns.values()} == {1}
    assert not model.training and te.recording.is_grad_enabled()

    own, optimizer = made()  # one epoch and two batches, as the model has learned
    data, steps = DataLoader((X, Y), batch_size=10, shuffle=True), 0
    own.train()
    for epoch in range(2):
        if epoch:
            evaluate(own, LOSS, batches())
        for x, y in data:
            if steps == 7:
                break
            optimizer.zero_grad()
            LOSS(own(x), y).backward()
            optimizer.step()
            steps += 1
    assert same(model, own)
    history = fit(model, LOSS, optim.Adam(model.parameters()), batches(), 1, **QUIET)  # goes on
    assert np.isfinite(history["loss"]).all()
    history.plot()


def test_an_interrupt_while_measuring(capsys):
    model, optimizer = made()
    calls = []

    def broken(prediction, y):
        calls.append(1)
        if len(calls) == 16:  # 7 + 7 batches make one epoch; this is in the next training
            raise KeyboardInterrupt
        return accuracy(prediction, y)

    history = fit(
        model, LOSS, optimizer, batches(), 5, validation=batches(), metrics={"a": broken}, **QUIET
    )
    assert len(history) == 1 and len(history["validation_a"]) == 1
    calls[:] = [1] * 8  # and now in the validation of the first epoch
    history = fit(
        model, LOSS, optimizer, batches(), 5, validation=batches(), metrics={"a": broken}, **QUIET
    )
    assert len(history) == 0 and "after 0 whole epochs" in capsys.readouterr().out
    assert model.training and te.recording.is_grad_enabled()
    with pytest.raises(KeyError, match="no 'loss' in this history; it has no whole epoch yet"):
        history["loss"]


def wait_for_an_interrupt() -> None:
    """What the next test runs in a process of its own."""
    model, optimizer = made()
    print("ready", flush=True)
    history = fit(model, LOSS, optimizer, batches(), 1_000_000, **QUIET)
    print(len(history) == len(history["loss"]) > 0, np.isfinite(model[0].weight.numpy()).all())


@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
def test_a_real_ctrl_c():
    root = str(Path(__file__).parents[1])
    code = "from tests.test_training_fit import *; wait_for_an_interrupt()"
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": root},
    )  # fmt: skip
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert re.search(r"stopped after \d+ whole epochs;", out) and out.endswith("True True\n")


# --- History


def filled(epochs: int = 3) -> History:
    history = History()
    for i in range(epochs):
        history.add({"loss": 1 / (i + 1), "accuracy": 0.5, "validation_loss": 1.5 / (i + 1)})
    return history


def test_history_columns():
    history = filled()
    assert history["loss"] == [1, 1 / 2, 1 / 3] and len(history) == 3
    assert "validation_loss" in history and "validation_accuracy" not in history
    assert repr(history) == (
        "History(3 epochs; last: loss 0.3333, accuracy 0.5000, validation_loss 0.5000)"
    )
    with pytest.raises(KeyError, match="no 'val_loss'.*'accuracy', 'loss', 'validation_loss'"):
        history["val_loss"]


@pytest.mark.parametrize("epochs", [1, 3, 60])
def test_plot_writes_a_legible_figure(epochs, tmp_path):
    path = tmp_path / "history.png"
    figure = filled(epochs).plot(str(path))
    assert path.read_bytes().startswith(b"\x89PNG") and path.stat().st_size > 5000
    loss, right = figure.axes
    assert [a.get_ylabel() for a in (loss, right)] == ["loss", "accuracy"]
    assert [len(a.lines) for a in (loss, right)] == [2, 1]
    assert {t.get_text() for t in loss.get_legend().get_texts()} == {"training", "validation"}
    one, other = loss.lines
    np.testing.assert_array_equal(one.get_xdata(), np.arange(1, epochs + 1))
    np.testing.assert_allclose(other.get_ydata(), 1.5 / np.arange(1, epochs + 1))
    assert one.get_linestyle() != other.get_linestyle()  # told apart without colours too
    for a in figure.axes:
        ticks = [t for t in a.get_xticks() if a.get_xlim()[0] <= t <= a.get_xlim()[1]]
        assert ticks and all(t == int(t) for t in ticks)  # epochs are whole
        assert min(t.get_fontsize() for t in a.get_xticklabels()) >= 12
        assert a.xaxis.label.get_fontsize() >= 14 and all(li.get_linewidth() > 2 for li in a.lines)


def test_plot_needs_no_display_and_no_pyplot(tmp_path):
    code = (
        "import sys; from tinygrad_edu.training import History; h = History()\n"
        "h.add({'loss': 1.0}); h.plot(sys.argv[1]); assert 'matplotlib.pyplot' not in sys.modules"
    )
    environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "MPLBACKEND")}
    command = [sys.executable, "-W", "error", "-c", code, str(tmp_path / "a.svg")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "<svg" in (tmp_path / "a.svg").read_text()


def test_an_empty_history_has_nothing_to_plot():
    assert len(History()) == 0 and "0 epochs" in repr(History())
    with pytest.raises(ValueError, match="no whole epoch yet"):
        History().plot()


# --- misuse


def test_misuse_gives_a_sentence():
    model, optimizer = made()

    def call(loader=None, **options):
        loader = batches() if loader is None else loader
        return fit(model, LOSS, optimizer, loader, 1, **options, **QUIET)

    before = model.state_dict()
    with pytest.raises(ValueError, match="validation or validation_split, not both"):
        call(validation=batches(), validation_split=0.2)
    for fraction, words in (
        (1.0, "nothing to train on"), (1.5, "nothing to train on"), (0.99, "nothing to train on"),
        (-0.5, "nothing to validate with"), (1e-12, "nothing to validate with"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=f"of 50 rows leaves {words}; give a fraction between"):
            call(validation_split=fraction)
    for wrong in ((X, Y), X, te.tensor(X)):
        with pytest.raises(TypeError, match=r"over batches.*te.data.DataLoader\(\(x, y\)"):
            call(wrong)
        with pytest.raises(TypeError, match="over batches"):
            call(validation=wrong)
        with pytest.raises(TypeError, match="over batches"):
            evaluate(model, LOSS, wrong)
    with pytest.raises(ValueError, match="another name than 'loss'"):
        call(metrics={"loss": accuracy})
    with pytest.raises(ValueError, match="another name than 'loss'"):
        evaluate(model, LOSS, batches(), metrics={"loss": accuracy})
    assert all(np.array_equal(before[name], a) for name, a in model.state_dict().items())
    empty = DataLoader((X[:0], Y[:0]), batch_size=2)
    for attempt in (lambda: call(empty), lambda: evaluate(model, LOSS, empty)):
        with pytest.raises(ValueError, match="the loader gave no batch"):
            attempt()


def test_under_no_grad_training_is_refused():
    model, optimizer = made()
    with te.no_grad(), pytest.raises(RuntimeError, match="no_grad"):
        fit(model, LOSS, optimizer, batches(), 1, **QUIET)

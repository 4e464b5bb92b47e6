"""Training that was broken off and goes on in a new process gives the same bits as without."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as te
from tinygrad_edu import nn, optim
from tinygrad_edu.training import fit

OPTIMIZERS: dict[str, Callable[[Any], optim.Optimizer]] = {
    "SGD with momentum": lambda p: optim.SGD(p, lr=0.05, momentum=0.9),
    "SGD with Nesterov": lambda p: optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True),
    "Adam": lambda p: optim.Adam(p, lr=0.01, weight_decay=1e-3),
    "Adam, uncorrected": lambda p: optim.Adam(p, lr=0.01, bias_correction=False),
    "AdamW": lambda p: optim.AdamW(p, lr=0.01),
    "RMSprop": lambda p: optim.RMSprop(p, lr=0.01),
    "Adagrad": lambda p: optim.Adagrad(p, lr=0.05),
}
PARTS = ("model", "optimizer", "schedule", "loader", "random")
EPOCHS, BREAK = 5, 2


class Training:
    """A network with dropout, shuffled batches, a schedule, and clipping: all that has a state."""

    def __init__(self, name: str, device: str = "cpu", loader_seed: int | None = None) -> None:
        te.manual_seed(11)
        self.model = nn.Sequential(
            nn.Linear(4, 16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, 3)
        ).to(device)
        x = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
        y = np.abs(x).argmax(axis=1) % 3
        self.loader = te.data.DataLoader(
            (te.tensor(x, device=device), te.tensor(y, device=device)),
            batch_size=8, shuffle=True, seed=loader_seed,
        )  # fmt: skip
        weights = [p for p in self.model.parameters() if p.ndim == 2]
        biases = [p for p in self.model.parameters() if p.ndim == 1]
        self.optimizer = OPTIMIZERS[name]([{"params": weights}, {"params": biases, "lr": 0.02}])
        steps = EPOCHS * len(self.loader)
        cosine = optim.CosineSchedule(self.optimizer, steps, low=0.1)
        self.schedule = optim.WarmupSchedule(self.optimizer, 10, after=cosine)
        self.loss_fn = nn.CrossEntropyLoss()

    def run(self, epochs: int) -> None:
        self.model.train()
        for _ in range(epochs):
            for x, y in self.loader:
                loss = self.loss_fn(self.model(x), y)
                self.optimizer.zero_grad()
                loss.backward()
                optim.clip_grad_norm_(self.model.parameters(), 1.0)
                self.optimizer.step()
                self.schedule.step()

    def save(self, path: Path) -> None:
        parts = {part: getattr(self, part).state_dict() for part in PARTS if part != "random"}
        te.save({**parts, "random": te.random_state()}, path)

    def load(self, path: Path, leave_out: str = "") -> None:
        state = te.load(path)
        for part in PARTS:
            if part == leave_out:
                continue
            if part == "random":
                te.set_random_state(state[part])
            else:
                getattr(self, part).load_state_dict(state[part])

    def bits(self) -> str:
        """Every bit of the weights, of the optimizer's memory and of what is drawn next."""
        state = self.model.state_dict() | self.optimizer.state_dict()
        parts = [f"{k} {v.tobytes() if hasattr(v, 'tobytes') else v}" for k, v in state.items()]
        return "\n".join([*parts, str(te.rand(3).tolist()), str(self.schedule.state_dict())])


def first_half(folder: Path) -> None:
    for i, name in enumerate(OPTIMIZERS):
        for seed in (None, 5):
            training = Training(name, loader_seed=seed)
            training.run(BREAK)
            training.save(folder / f"{i} {seed}.safetensors")


def second_half(folder: Path) -> None:
    for i, name in enumerate(OPTIMIZERS):
        for seed in (None, 5):
            training = Training(name, loader_seed=seed)
            te.manual_seed(999)  # what the process drew before does not matter
            training.load(folder / f"{i} {seed}.safetensors")
            training.run(EPOCHS - BREAK)
            (folder / f"{i} {seed}.txt").write_text(training.bits())


def in_a_new_process(function: str, folder: Path, hash_seed: str) -> None:
    root = str(Path(__file__).parents[1])
    code = f"import sys, pathlib; from tests.test_resume import *; {function}(Path(sys.argv[1]))"
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": root}
    command = [sys.executable, "-W", "error", "-c", code, str(folder)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.usefixtures("seeded")
def test_resumed_in_a_new_process_equals_uninterrupted(tmp_path):
    """Every optimizer, with the library's random order and with the loader's own."""
    in_a_new_process("first_half", tmp_path, "0")
    in_a_new_process("second_half", tmp_path, "4321")
    found = set()
    for i, name in enumerate(OPTIMIZERS):
        for seed in (None, 5):
            training = Training(name, loader_seed=seed)
            training.run(EPOCHS)
            bits = training.bits()
            assert bits == (tmp_path / f"{i} {seed}.txt").read_text(), f"{name}, {seed}"
            found.add(bits)
    assert len(found) == 2 * len(OPTIMIZERS)  # all differ, so no two stand for one another


def resumed(path: Path, device: str = "cpu", saved_on: str = "cpu", leave_out: str = "") -> str:
    training = Training("Adam", saved_on, loader_seed=5)
    training.run(BREAK)
    training.save(path)
    training = Training("Adam", device, loader_seed=5)
    te.manual_seed(999)
    training.load(path, leave_out)
    training.run(EPOCHS - BREAK)
    return training.bits()


def uninterrupted(device: str = "cpu") -> str:
    training = Training("Adam", device, loader_seed=5)
    training.run(EPOCHS)
    return training.bits()


@pytest.mark.usefixtures("seeded")
@pytest.mark.parametrize("saved_on", ["cpu", "pretend-gpu"])
def test_resumed_on_another_device(saved_on, device, tmp_path):
    """The pretended GPU computes with NumPy too, so that even there every bit is the same."""
    if device == "cuda":
        pytest.skip("another device rounds otherwise")
    assert resumed(tmp_path / "a", device, saved_on) == uninterrupted()


@pytest.mark.usefixtures("seeded")
@pytest.mark.parametrize("part", PARTS)
def test_every_part_of_the_state_is_needed(part, tmp_path):
    assert resumed(tmp_path / "a", leave_out=part) != uninterrupted()


@pytest.mark.usefixtures("seeded")
@pytest.mark.parametrize("seed", [None, 3])
def test_fit_goes_on_where_it_stopped(seed, device, tmp_path):
    """fit(2) and fit(3) are fit(5), validation split off and measured on the way."""

    def run(*epochs: int) -> tuple[str, list[float]]:
        training, losses = Training("RMSprop", device, loader_seed=seed), []
        for n in epochs:
            history = fit(
                training.model, training.loss_fn, training.optimizer, training.loader, n,
                validation_split=0.2, progress=False,
            )  # fmt: skip
            losses += history["loss"] + history["validation_loss"]
            training.save(tmp_path / "a")
            training = Training("RMSprop", device, loader_seed=seed)
            training.load(tmp_path / "a")
        return training.bits(), sorted(losses)

    assert run(2, 3) == run(5)


@pytest.mark.usefixtures("seeded")
def test_the_random_state_goes_through_a_file(tmp_path):
    te.manual_seed(3)
    te.randn(7)
    te.save({"random": te.random_state()}, tmp_path / "a")
    wanted = [te.rand(5).tolist(), te.randn(3).tolist(), te.data.KFold(2, shuffle=True)]
    te.manual_seed(4)
    te.set_random_state(te.load(tmp_path / "a")["random"])
    assert [te.rand(5).tolist(), te.randn(3).tolist()] == wanted[:2]


def test_the_state_of_a_loader():
    def orders(loader: te.data.DataLoader, passes: int) -> list[list[int]]:
        return [[i for (x,) in loader for i in x.tolist()] for _ in range(passes)]

    one, other = (te.data.DataLoader((np.arange(20),), 3, shuffle=True, seed=1) for _ in "ab")
    orders(one, 2)
    state = one.state_dict()
    wanted = orders(one, 3)
    other.load_state_dict(state)
    assert orders(other, 3) == wanted
    one.load_state_dict(state)  # it has not changed with the loader
    assert orders(one, 3) == wanted
    assert orders(other.over((np.arange(20),)), 1) == orders(one, 1)  # over() shares the order

    plain = te.data.DataLoader((np.arange(20),), 3, shuffle=True)
    assert plain.state_dict() == {}
    plain.load_state_dict({})
    with pytest.raises(ValueError, match="of a DataLoader with a seed of its own, and .* without"):
        plain.load_state_dict(state)
    with pytest.raises(ValueError, match="of a DataLoader without a seed of its own, and .* with;"):
        one.load_state_dict({})

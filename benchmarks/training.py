"""Whole training steps, timed in this library and in others.

Each library runs in a process of its own, and they take turns: in each round each of them runs for
about the same time once, after a pause and some steps that are not counted. What is compared are
the ratios within one round, since the speed of a machine changes from minute to minute; their
median is quoted, and the range from 10 to 90 % of them. The memory is what a process grows by at
most, from before its job was prepared.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu import backend
from tinygrad_edu.backend import cuda
from tinygrad_edu.lesson import progress, use_safe_console

from . import jobs, report
from .report import Result


class Peer(NamedTuple):
    """A library, and the settings in which it is tried: name → options for its prepare()."""

    module: str
    package: str
    settings: dict[str, dict[str, Any]]
    devices: tuple[str, ...] = ("cpu",)


ONE = {"threads": 1}
FUSED = {"fused": True}
OURS = "tinygrad_edu"
PAUSE = 0.15  # seconds: after a turn the threads of OpenBLAS look for work for 0.1 s, on a core
PEERS = {
    OURS: Peer(
        "tinygrad_edu_itself", "tinygrad_edu", {"": {}, "one thread": ONE},
        ("cpu", "cuda", "pretend-gpu"),
    ),
    "NumPy by hand": Peer("numpy_by_hand", "numpy", {"": {}, "one thread": ONE}),
    "PyTorch": Peer(
        "with_torch", "torch",
        {
            "": {}, "one thread": ONE, "fused Adam": FUSED, "fused Adam, one thread": FUSED | ONE,
            "channels last": FUSED | {"channels_last": True},
            "channels last, one thread": FUSED | ONE | {"channels_last": True},
        },
        ("cpu", "cuda"),
    ),
    "JAX, compiled": Peer("with_jax", "jax", {"": {}}),
    "Keras fit": Peer("with_keras", "keras", {"": {}}),
    "MyGrad": Peer("with_mygrad", "mygrad", {"": {}}),
    "HIPS autograd": Peer("with_autograd", "autograd", {"": {}}),
}  # fmt: skip


class Worker:
    """A process with one job of one peer in one setting."""

    def __init__(self, name: str, setting: str, job: str, device: str) -> None:
        self.name, self.setting = name, setting
        self.seconds: list[float] = []  # of one step, by round
        self.steps = 1  # of one turn
        options = PEERS[name].settings[setting] | {"device": device}
        module = f"{__package__}.worker"
        self.complaints = tempfile.TemporaryFile("w+")  # a pipe would fill up and stop it
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, PEERS[name].module, job, json.dumps(options)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.complaints, text=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )  # fmt: skip

    def has_job(self) -> bool:
        """Whether this peer has the job."""
        return self._answer() == "ready"

    def ask(self, steps: int) -> float:
        """The seconds of so many steps; for 0 the growth of memory in bytes."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{steps}\n")
        self.process.stdin.flush()
        return float(self._answer())

    def _answer(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline().strip()
        if not line:
            self.complaints.seek(0)
            last = self.complaints.read().strip().splitlines()[-1:]
            raise RuntimeError(f"{self.name} {self.setting}".strip() + f" ended: {' '.join(last)}")
        return line

    def warm_up(self, seconds: float) -> None:
        """Find how many steps fill one turn. The first steps compile, and are not counted."""
        self.ask(2)
        took = self.ask(2) / 2
        while took * self.steps < seconds / 4:
            self.steps *= 4
            took = self.ask(self.steps) / self.steps
        self.steps = max(1, round(seconds / took))

    def take_turn(self) -> None:
        """Run the steps of one turn, and keep what one of them took."""
        time.sleep(PAUSE)
        self.ask(max(1, self.steps // 5))  # until its threads are awake and its numbers in caches
        self.seconds.append(self.ask(self.steps) / self.steps)

    def end(self) -> None:
        """Let the process go."""
        self.process.kill()
        self.process.communicate()
        self.complaints.close()


def measure(
    job: str, names: Sequence[str], device: str, rounds: int, seconds: float
) -> list[Result]:
    """A job in every peer, in turns: each peer's fastest setting. A peer that fails is left out."""
    workers: list[Worker] = []
    try:
        for name in names:
            for setting in PEERS[name].settings:
                worker = Worker(name, setting, job, device)
                try:
                    if worker.has_job():
                        worker.warm_up(seconds)
                        workers.append(worker)
                        continue
                except RuntimeError as error:
                    print(f"left out: {error}", file=sys.stderr)
                worker.end()
        for _ in progress(range(rounds), f"{job:14}"):
            for worker in workers:
                worker.take_turn()
        return _results(job, workers)
    finally:
        for worker in workers:
            worker.end()


def _results(job: str, workers: Sequence[Worker]) -> list[Result]:
    fastest: dict[str, Worker] = {}
    for worker in workers:
        best = fastest.setdefault(worker.name, worker)
        if statistics.median(worker.seconds) < statistics.median(best.seconds):
            fastest[worker.name] = worker
    ours = fastest.get(OURS)
    found = []
    for worker in fastest.values():
        ratios = None
        if ours is not None and worker is not ours:
            pairs = [a / b for a, b in zip(ours.seconds, worker.seconds, strict=True)]
            low, middle, high = np.quantile(pairs, [0.1, 0.5, 0.9]).tolist()
            ratios = (low, middle, high)
        middle = statistics.median(worker.seconds)
        found.append(Result(job, worker.name, worker.setting, middle, ratios, worker.ask(0)))
    return found


def missing(names: Sequence[str]) -> list[str]:
    """The peers whose package is not installed here."""
    return [name for name in names if importlib.util.find_spec(PEERS[name].package) is None]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print what the arguments ask for."""
    use_safe_console()
    options = _parser().parse_args(arguments)
    able = [name for name in options.peers if options.device in PEERS[name].devices]
    absent = missing(able)
    print(
        f"{processor()}, {os.cpu_count()} cores, {platform.system()}, Python "
        f"{platform.python_version()}, NumPy {np.__version__}, device {options.device}"
    )
    try:
        backend.backend(options.device)
    except (RuntimeError, ValueError) as error:
        print(f"tinygrad-edu bench: {error}", file=sys.stderr)
        return 2
    if options.device == "cuda":
        print(f"GPU: {cuda.description()}")
    if absent:
        print(f"not installed, so left out: {', '.join(absent)}")
    names = [name for name in able if name not in absent]
    results = []
    for job in options.jobs:
        found = measure(job, names, options.device, options.rounds, options.seconds)
        report.print_table(job, found)
        results += found
    if options.figure:
        report.draw(results, Path(options.figure))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tinygrad-edu bench", description=__doc__)
    parser.add_argument(
        "--jobs",
        nargs="+",
        choices=jobs.JOBS,
        default=jobs.JOBS,
        metavar="JOB",
        help=f"some of: {', '.join(jobs.JOBS)}; all if none",
    )
    parser.add_argument(
        "--peers",
        nargs="+",
        choices=PEERS,
        default=tuple(PEERS),
        metavar="PEER",
        help=f"some of: {', '.join(PEERS)}; all if none",
    )
    parser.add_argument("--rounds", type=_count, default=9, help="turns of each, 9 if none")
    parser.add_argument("--seconds", type=float, default=0.25, help="of one turn, 0.25 if none")
    parser.add_argument("--device", default="cpu", help="cpu (default), cuda or pretend-gpu")
    parser.add_argument("--figure", metavar="FILE", help="save the comparison as a picture")
    return parser


def _count(given: str) -> int:
    """A whole number of at least 1, for argparse."""
    if not given.isdigit() or int(given) < 1:
        raise argparse.ArgumentTypeError(f"it is a whole number of at least 1, not {given}")
    return int(given)


def processor() -> str:
    """The processor's name, as far as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()

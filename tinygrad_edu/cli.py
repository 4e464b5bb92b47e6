"""The command line: tinygrad-edu lessons | lesson N | start N | check N | doctor."""

from __future__ import annotations

import argparse
import ast
import importlib.metadata
import os
import platform
import runpy
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

from . import answers, backend, data, nn, optim
from .backend import cuda
from .backend.threads import limit_threads
from .lesson import add_options, use_safe_console
from .nn import functional as F
from .tables import CheckFailed, table
from .tensor import asarray

NEEDED = ("matplotlib", "tqdm", "safetensors")
OPTIONAL = ("jupytext", "nbclient", "mpi4py")


def main(arguments: list[str] | None = None) -> int:
    """Run a command; its exit status: 0 done, 1 failed, 2 wrongly called, 130 stopped."""
    use_safe_console()
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    parser = _parser()
    try:
        if arguments[:1] == ["lesson"] and arguments[1:] and arguments[1].isdigit():
            return run_lesson(parser, arguments[1], arguments[2:])
        options = parser.parse_args(arguments)
        if options.command == "lesson":  # its options came first
            arguments.remove(options.number)
            return run_lesson(parser, options.number, arguments[1:])
        if options.command == "lessons":
            return list_lessons(options.numbers)
        if options.command == "start":
            return answers.start(_lesson(parser, options.number).path, options.folder)
        if options.command == "check":
            return answers.check(_lesson(parser, options.number).path, options.file)
        if options.command == "doctor":
            return doctor()
        parser.print_help()
        return 0
    except KeyboardInterrupt:
        return _ended("stopped", 130)
    except (CheckFailed, OSError) as error:
        return _ended(str(error), 1)


def _ended(reason: str, status: int) -> int:
    print(f"\ntinygrad-edu: {reason}", file=sys.stderr)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tinygrad-edu",
        description="Deep learning from scratch on NumPy: its lessons, and a look at this machine.",
        epilog="Begin with: tinygrad-edu lessons",
    )
    parser.add_argument("--version", action="version", version=f"tinygrad_edu {version()}")
    commands = parser.add_subparsers(dest="command", title="commands", metavar="COMMAND")

    line = "list the lessons"
    lessons = commands.add_parser("lessons", help=line, description=line)
    lessons.add_argument("--numbers", action="store_true", help="only their numbers, for scripts")

    line = "run a lesson: it prints its results and saves its figures"
    lesson = commands.add_parser(
        "lesson", help=line, description=line,
        epilog="Some lessons have more options: tinygrad-edu lesson N --help",
    )  # fmt: skip
    lesson.add_argument("number", metavar="N", help="its number in the list of lessons")
    add_options(lesson)

    line = "copy the exercises of a lesson into your folder"
    start = commands.add_parser("start", help=line, description=line)
    start.add_argument("number", metavar="N", help="the number of the lesson")
    start.add_argument("folder", metavar="DIR", nargs="?", default=".", help="this folder if none")

    line = "check your answers to the exercises of a lesson"
    check = commands.add_parser("check", help=line, description=line)
    check.add_argument("number", metavar="N", help="the number of the lesson")
    check.add_argument("file", metavar="FILE", nargs="?", help="what start made here, if none")

    line = "show what this machine has, and train for a moment"
    commands.add_parser("doctor", help=line, description=line)
    return parser


def version() -> str:
    """The version of this library, as installed."""
    return _version_of("tinygrad_edu") or "(run from its source, not installed)"


def _version_of(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


# --- lessons


class About(NamedTuple):
    """What a lesson says of itself in its call of lesson.start()."""

    number: int
    title: str
    minutes: int
    path: Path


def find_lessons() -> list[About]:
    """Every lesson in order, from inside the installed package or from beside it in the source."""
    package = Path(__file__).parent
    installed = package / "_lessons"
    folder = installed if installed.is_dir() else package.parent / "lessons"
    found = sorted(folder.glob("[0-9][0-9]_*.py"))
    if not found:
        raise FileNotFoundError(f"there are no lessons in {folder}: install tinygrad_edu again")
    return [about(path) for path in found]


def about(path: Path) -> About:
    """A lesson's number, title and minutes, read from its text without running it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "lesson.start":
            number, title = map(ast.literal_eval, node.args)
            options = {keyword.arg: keyword.value for keyword in node.keywords}
            return About(number, title, ast.literal_eval(options["minutes"]), path)
    raise ValueError(f"{path} has no call lesson.start(number, title, minutes=…)")


def list_lessons(only_numbers: bool = False) -> int:
    """Print the lessons with their titles and minutes."""
    found = find_lessons()
    if only_numbers:
        print(*(entry.number for entry in found), sep="\n")
        return 0
    table(["lesson", "title", "minutes"], [entry[:3] for entry in found])
    print(f"\nRun one with its number, as in: tinygrad-edu lesson {found[-1].number}")
    return 0


def _lesson(parser: argparse.ArgumentParser, number: str) -> About:
    found = {entry.number: entry for entry in find_lessons()}
    if not number.isdigit() or int(number) not in found:
        known = ", ".join(map(str, found))
        parser.error(f"there is no lesson {number!r}; the lessons are {known}")
    return found[int(number)]


def run_lesson(parser: argparse.ArgumentParser, number: str, arguments: list[str]) -> int:
    """Run a lesson in this process; it reads the arguments itself."""
    path = str(_lesson(parser, number).path)
    before = sys.argv, backend.default_device()
    sys.argv = [path, *arguments]
    try:
        runpy.run_path(path, run_name="__main__")
    finally:
        sys.argv = before[0]
        backend.set_default_device(before[1])
    return 0


# --- doctor


def doctor() -> int:
    """Print what this machine has; 1 where the library cannot train on it."""
    table(["what", "here"], [*_software(), *_devices(), ("figures go to", _figures())])
    print("\nTraining for a moment")
    before, after, milliseconds = smoke_training()
    print(f"  784-128-10 on digits, {milliseconds:.2f} ms a step; loss {before:.2f} -> {after:.2f}")
    if not after < 0.7 * before:
        return _ended("the loss should have fallen by a third: something is wrong here", 1)
    print("  all is well")
    return 0


def _software() -> list[tuple[str, str]]:
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    rows = [
        ("tinygrad_edu", version()),
        ("Python", f"{platform.python_version()}, {platform.system()} {platform.machine()}"),
        ("cores", str(os.cpu_count())),
        ("NumPy", f"{np.__version__} with {blas.get('name')} {blas.get('version', '')}"),
        ("freed memory", backend.freed_memory),
    ]
    rows += [(name, _version_of(name) or "MISSING, lessons need it") for name in NEEDED]
    return rows + [(name, _version_of(name) or "not installed, optional") for name in OPTIONAL]


def _devices() -> list[tuple[str, str]]:
    return [
        ('device "cpu"', "ready"),
        ('device "cuda"', cuda.reason_not_available() or "ready"),
        ('device "pretend-gpu"', "ready: NumPy that keeps to the rules of a GPU"),
    ]


def _figures() -> str:
    folder = Path("figures").absolute()
    existing = folder if folder.exists() else folder.parent
    return f"{folder}" + ("" if os.access(existing, os.W_OK) else " (cannot be written to)")


def smoke_training(steps: int = 100) -> tuple[float, float, float]:
    """Train the digit network a little: loss before, loss after, milliseconds a step."""
    limit_threads(1)  # as lesson 10 does: for small matrices a second thread only waits
    digits = data.mnist()
    images = digits.train_images[:1600].astype("float32") / 255
    batches = data.DataLoader((images, digits.train_labels[:1600]), batch_size=32)
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
    optimizer = optim.Adam(model.parameters())
    x, y = asarray(images), asarray(digits.train_labels[:1600])
    before = F.cross_entropy(model(x), y).item()
    began = time.perf_counter()
    done = 0
    while done < steps:
        for rows, labels in batches:
            optimizer.zero_grad()
            F.cross_entropy(model(rows), labels).backward()
            optimizer.step()
            done += 1
    seconds = time.perf_counter() - began
    return before, F.cross_entropy(model(x), y).item(), 1000 * seconds / done

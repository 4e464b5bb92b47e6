"""What lessons share, in the order a lesson meets it: options, progress, pictures, checks.

A lesson is made of these:

    options = lesson.start(10, "Handwritten digits", minutes=40)
    for x, y in lesson.progress(batches, "epoch 1"): ...
    lesson.save_figure("samples")
    lesson.expect("test accuracy", accuracy, above=0.9)
    lesson.finish()
"""

from __future__ import annotations

import argparse
import math
import os
import shlex
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from .backend import default_device, manual_seed, set_default_device
from .backend.threads import limit_threads
from .numeric import by_steps, difference
from .tables import CheckFailed, compare, equal, plain, show, table, text, width

__all__ = [
    "BLUE", "GREEN", "ORANGE", "PURPLE", "RED", "SKY", "Check", "CheckFailed", "add_options",
    "by_steps", "compare", "difference", "expect", "expect_error", "figure", "finish", "heading",
    "in_notebook", "progress", "save_figure", "show", "start", "table", "use_safe_console",
]  # fmt: skip


class Check(NamedTuple):
    """One thing a lesson expected, and what it found."""

    name: str
    found: Any
    wanted: str


@dataclass
class _Run:
    """The lesson that is running."""

    number: int = 0
    figures: Path = Path("figures")
    began: float = 0.0
    checks: list[Check] = field(default_factory=list)
    pictures: list[Path] = field(default_factory=list)


_run = _Run()

# --- the start


def start(
    number: int, title: str, *, minutes: int, threads: int | None = None, **extra: str
) -> argparse.Namespace:
    """Read the options, set seed and device, print the headline; gives the options.

    Args:
        minutes: how long a learner takes, exercises included.
        threads: how many cores NumPy's matrix products use; None leaves that to NumPy.
        extra: further options of this lesson by name, each with its line of help.
    """
    global _run
    use_safe_console()
    options = _read_options(number, title, extra)
    _run = _Run(number, Path(options.figures), time.perf_counter())
    manual_seed(options.seed)
    if threads is not None:
        limit_threads(threads)
    print(f"Lesson {number}: {title} (about {minutes} minutes with its exercises)")
    if not in_notebook():
        path = getattr(sys.modules["__main__"], "__file__", "")
        print(f"This prints the results. The text that explains them is in\n{path}")
    print(f"seed {options.seed}, device {default_device()}" + ", quick" * options.quick)
    return options


def in_notebook() -> bool:
    """True in a notebook or another interactive session, whose arguments are not the lesson's."""
    return not hasattr(sys.modules["__main__"], "__file__")


def use_safe_console() -> None:
    """Let a console that cannot show ∂ or √ show a question mark instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace", line_buffering=True)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Give a parser the options that every lesson has."""
    parser.add_argument("--quick", action="store_true", help="only some seconds of training")
    parser.add_argument("--device", default="cpu", help="cpu (default), cuda or pretend-gpu")
    parser.add_argument(
        "--figures", default="figures", metavar="DIR", help='folder for pictures, "figures" if none'
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="start of the random numbers, 0 if none"
    )


def _read_options(number: int, title: str, extra: dict[str, str]) -> argparse.Namespace:
    """The options from the command line; in a notebook from the variable TINYGRAD_EDU_LESSON."""
    parser = argparse.ArgumentParser(
        prog=f"tinygrad-edu lesson {number}", description=f"Lesson {number}: {title}"
    )
    add_options(parser)
    for option, line in extra.items():
        parser.add_argument(f"--{option}", metavar="VALUE", help=line)
    instead = shlex.split(os.environ.get("TINYGRAD_EDU_LESSON", ""))
    options = parser.parse_args(instead if in_notebook() else sys.argv[1:])
    try:
        set_default_device(options.device)
    except (RuntimeError, ValueError) as error:
        parser.error(str(error))
    return options


def heading(line: str) -> None:
    """Print a heading. In a notebook the text cell above is the heading."""
    if not in_notebook():
        print(f"\n{line}\n{'-' * width(line)}")


# --- progress


def progress(iterable: Iterable[Any], description: str) -> Any:
    """A bar that moves while the iterable is gone through; bar.set_postfix_str(…) adds a remark.

    Where nobody watches, as in a log file, only its start and end are shown.
    """
    from tqdm import tqdm  # type: ignore[import-untyped]

    watched = sys.stderr.isatty() or in_notebook()
    return tqdm(
        iterable,
        description,
        bar_format="{desc} {percentage:3.0f}%|{bar:20}| {n_fmt}/{total_fmt} in {elapsed}{postfix}",
        mininterval=0.1 if watched else 1e9,
    )


# --- pictures, to be read from the back of a classroom

# Okabe and Ito's colours, which colour-blind people can tell apart.
BLUE, ORANGE, GREEN, RED, PURPLE, SKY = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9",
)  # fmt: skip

_STYLE: dict[Any, Any] = {
    "font.size": 16,
    "axes.titlesize": 18,
    "figure.titlesize": 20,
    "lines.linewidth": 3,
    "lines.markersize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": f"cycler(color={[BLUE, ORANGE, GREEN, RED, PURPLE, SKY]})",
    "image.cmap": "cividis",
    "savefig.dpi": 110,
}


def figure(rows: int = 1, columns: int = 1, size: tuple[float, float] = (11, 6.5)) -> Any:
    """A new figure and its rows × columns axes, in letters large enough for a projector."""
    import matplotlib

    if not in_notebook() and "MPLBACKEND" not in os.environ:
        matplotlib.use("Agg")  # draws into files, and needs no screen
    from matplotlib import pyplot

    pyplot.rcParams.update(_STYLE)
    return pyplot.subplots(rows, columns, figsize=size, layout="constrained")


def save_figure(name: str, drawing: Any = None) -> Any:
    """Save the current figure as NN_name.png, or what te.draw_graph() gave as NN_name.svg."""
    from matplotlib import pyplot

    path = _run.figures / f"{_run.number:02}_{name}.{'svg' if drawing else 'png'}"
    path.parent.mkdir(parents=True, exist_ok=True)
    (drawing.save if drawing else pyplot.gcf().savefig)(path)
    if not drawing and not in_notebook():  # which shows the figures that are open
        pyplot.close()
    _run.pictures.append(path)
    print(f"figure: {path}")
    return drawing or path  # a notebook shows what ends a cell


# --- checks


def expect(
    name: str, value: Any, wanted: Any = None, tolerance: float = 0.0,
    *, above: float = -math.inf, below: float = math.inf,
) -> None:  # fmt: skip
    """Check that a value is the wanted one within the tolerance, or lies between two bounds.

    Prints a line and records it; CheckFailed, an AssertionError, where it does not hold.
    """
    value, digits = plain(value), 6
    if wanted is None and above == -below == -math.inf:
        raise TypeError("expect() needs the wanted value, or one of above= and below=")
    if wanted is None:
        holds = bool(above < value < below)
        bounds = (("above", above), ("below", below))
        claim = " and ".join(f"{word} {text(x)}" for word, x in bounds if math.isfinite(x))
    else:
        holds = equal(value, wanted, tolerance)
        if tolerance:
            digits = max(digits, math.ceil(-math.log10(tolerance)))
        claim = text(wanted, digits) + (f" within {tolerance:g}" if tolerance else "")
    found = text(value, digits)
    if not holds:
        raise CheckFailed(f"lesson {_run.number}, {name}: expected {claim}, found {found}")
    _run.checks.append(Check(name, value, claim))
    print(f"  ok  {name}: {found}, expected {claim}")


def expect_error(
    name: str, kind: type[Exception], function: Callable[[], Any], says: str = ""
) -> None:
    """Check that function() raises this kind of error with these words in it, and print it."""
    try:
        function()
    except kind as error:
        if says not in str(error):
            raise CheckFailed(f"lesson {_run.number}, {name}: the error says {error}") from error
        _run.checks.append(Check(name, str(error), kind.__name__))
        print(f"  ok  {name} raises {kind.__name__}:\n      {error}")
        return
    raise CheckFailed(f"lesson {_run.number}, {name}: expected {kind.__name__}, nothing was raised")


def finish() -> None:
    """Print the sum of the lesson: checks, pictures, seconds."""
    seconds = time.perf_counter() - _run.began
    count = len(_run.pictures)
    figures = f"{count} figure{'s' * (count != 1)} in {_run.figures}"
    print(f"\nLesson {_run.number}: all {len(_run.checks)} checks hold, {figures}, {seconds:.1f} s")

"""The results of training.py as tables and as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tinygrad_edu.lesson import BLUE, figure
from tinygrad_edu.tables import table

from . import jobs


class Result(NamedTuple):
    """One job of one peer, in its fastest setting."""

    job: str
    peer: str
    setting: str
    seconds: float  # median of a step
    ratios: tuple[float, float, float] | None  # ours / this peer's: 10 %, median, 90 %
    memory: float  # growth in bytes


def print_table(job: str, results: Sequence[Result]) -> None:
    """The results of a job, the fastest first."""
    print(f"\n{job}: {jobs.WHAT[job]}")
    table(
        ["library", "setting", "time of a step", "tinygrad_edu / this", "10-90 %", "memory"],
        [_row(result) for result in sorted(results, key=lambda result: result.seconds)],
    )


def _row(result: Result) -> list[str]:
    middle, spread = "-", "-"
    if result.ratios:
        low, ratio, high = result.ratios
        middle, spread = f"{ratio:.2f}", f"{low:.2f}-{high:.2f}"
    time = f"{1000 * result.seconds:.3f} ms"
    return [result.peer, result.setting or "default", time, middle, spread, _megabytes(result)]


def _megabytes(result: Result) -> str:
    return f"{result.memory / 2**20:.1f} MB"


def draw(results: Sequence[Result], path: Path) -> None:
    """The ratios as points with their ranges, one panel a job; left of 1 this library is faster."""
    from matplotlib import pyplot

    names = [job for job in jobs.JOBS if any(r.job == job and r.ratios for r in results)]
    drawing, axes = figure(len(names), 1, size=(11, 1 + 2.2 * len(names)))
    for axis, job in zip([axes] if len(names) == 1 else axes, names, strict=True):
        rows = [r for r in results if r.job == job and r.ratios]
        rows.sort(key=lambda r: r.ratios[1], reverse=True)
        for height, result in enumerate(rows):
            low, middle, high = result.ratios
            axis.plot([low, high], [height, height], color=BLUE, alpha=0.4, linewidth=8)
            axis.plot(middle, height, "o", color=BLUE)
        axis.axvline(1, color="black", linewidth=1)
        axis.set(yticks=range(len(rows)), yticklabels=[r.peer for r in rows], xscale="log")
        axis.set(title=f"{job}", ylim=(-0.6, len(rows) - 0.4))
        axis.set_xticks([0.1, 0.2, 0.5, 1, 2, 5], ["0.1", "0.2", "0.5", "1", "2", "5"])
        axis.minorticks_off()
    drawing.supxlabel("time of tinygrad_edu / time of the other library, one training step")
    path.parent.mkdir(parents=True, exist_ok=True)
    pyplot.savefig(path)
    pyplot.close()
    print(f"figure: {path}")

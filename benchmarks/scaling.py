"""How time and memory of a training step grow with batch, width, depth and length of the graph.

    python benchmarks/scaling.py [FIGURE.png]

For each size it prints the step's time and the most memory that its arrays held, each also divided
by the work: the number of multiplications, or of operations for the length. Where a cost grows
faster than the work, the divided columns rise.
"""

from __future__ import annotations

import sys
import time
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

import tinygrad_edu as te
from tinygrad_edu import lesson, nn
from tinygrad_edu.backend.threads import limit_threads
from tinygrad_edu.tables import table


class Point(NamedTuple):
    """One measurement."""

    size: int
    work: float
    seconds: float
    memory: int


def network_step(batch: int, width: int, depth: int) -> Callable[[], None]:
    """One step of Adam on a network of `depth` layers width → width, with ReLU."""
    layers = [part for _ in range(depth) for part in (nn.Linear(width, width), nn.ReLU())]
    model = nn.Sequential(*layers, nn.Linear(width, 10))
    optimizer = te.optim.Adam(model.parameters())
    random = np.random.default_rng(0)
    x = te.tensor(random.standard_normal((batch, width), np.float32))
    y = te.tensor(random.integers(0, 10, batch))

    def step() -> None:
        loss = nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def chain(length: int) -> Callable[[], None]:
    """x ← x + x w, forward and backward, on single numbers."""
    w = te.tensor(1e-9, requires_grad=True)

    def step() -> None:
        x = w
        for _ in range(length // 2):
            x = x + x * w
        w.grad = None
        x.backward()

    return step


def measured(size: int, work: float, step: Callable[[], None]) -> Point:
    """The fastest of several steps, and the memory of one more."""
    step()
    seconds = []
    while len(seconds) < 3 or (sum(seconds) < 0.5 and len(seconds) < 50):
        began = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - began)
    tracemalloc.start()
    step()
    memory = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return Point(size, work, min(seconds), memory)


def curves() -> dict[str, list[Point]]:
    """Each size alone, the others at 32 rows, 128 wide, 2 deep."""

    def network(
        batch: int = 32, width: int = 128, depth: int = 2
    ) -> tuple[float, Callable[[], None]]:
        return batch * width * width * depth, network_step(batch, width, depth)

    return {
        "batch": [measured(n, *network(batch=n)) for n in (8, 32, 128, 512, 2048)],
        "width": [measured(n, *network(width=n)) for n in (32, 128, 512, 1024)],
        "depth": [measured(n, *network(depth=n)) for n in (1, 4, 16, 64)],
        "length of the graph": [measured(n, n, chain(n)) for n in (100, 1000, 10_000, 100_000)],
    }


def print_curve(name: str, points: Sequence[Point]) -> None:
    rows = [
        (
            point.size,
            f"{1000 * point.seconds:.3f} ms",
            f"{1e9 * point.seconds / point.work:.3g} ns",
            f"{point.memory / 2**20:.2f} MB",
            f"{point.memory / point.work:.3g}",
        )
        for point in points
    ]
    table([name, "time", "time / work", "memory", "bytes / work"], rows)
    print()


def draw(found: dict[str, list[Point]], path: Path) -> None:
    """Time and memory over each size, both axes logarithmic."""
    from matplotlib import pyplot

    _, axes = lesson.figure(2, len(found), size=(5 * len(found), 9))
    for column, (name, points) in enumerate(found.items()):
        sizes = [point.size for point in points]
        axes[0, column].loglog(sizes, [1000 * point.seconds for point in points], "o-")
        axes[1, column].loglog(sizes, [point.memory / 2**20 for point in points], "o-")
        axes[0, column].set(title=name, ylabel="ms" if column == 0 else "")
        axes[1, column].set(xlabel=name, ylabel="MB" if column == 0 else "")
    pyplot.savefig(path)


def main() -> None:
    limit_threads(1)
    found = curves()
    for name, points in found.items():
        print_curve(name, points)
    if len(sys.argv) > 1:
        draw(found, Path(sys.argv[1]))


if __name__ == "__main__":
    main()

"""Time per operation in short and long graphs: it should not grow with their length.

    python benchmarks/long_graph.py

A chain of 1,000 and of 100,000 additions and multiplications of single numbers, forward and
backward, with Python's garbage collector on and off. The library itself never changes its settings.
"""

from __future__ import annotations

import gc
import statistics
import time

import tinygrad_edu as te

SHORT, LONG, ROUNDS = 1_000, 100_000, 7


def microseconds_per_op(length: int) -> float:
    """Forward and backward through a chain of this many operations."""
    x = te.tensor(1.0, requires_grad=True)
    start = time.perf_counter()
    y = x
    for _ in range(length // 2):
        y = y * 1.00001 + 0.5
    y.backward()
    return (time.perf_counter() - start) / length * 1e6


def main() -> None:
    for collector in ("on", "off"):
        (gc.enable if collector == "on" else gc.disable)()
        short, long = [], []
        for _ in range(ROUNDS):
            short.append(statistics.median(microseconds_per_op(SHORT) for _ in range(15)))
            long.append(microseconds_per_op(LONG))
        ratio = statistics.median(b / a for a, b in zip(short, long, strict=True))
        print(
            f"collector {collector:3}: {statistics.median(short):.2f} µs per op at {SHORT:,} ops, "
            f"{statistics.median(long):.2f} at {LONG:,}: {ratio:.2f} ×"
        )
    gc.enable()


if __name__ == "__main__":
    main()

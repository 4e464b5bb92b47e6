"""Time of generating text with the key/value cache and without it.

    python benchmarks/generation.py

A GPT of 818,241 parameters writes 1 text, and 16 texts at once, as long as its context: 64 tokens.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial

import numpy as np

from tinygrad_edu import nn
from tinygrad_edu.backend.threads import limit_threads

VOCABULARY, LENGTH = 65, 64


def seconds(job: Callable[[], object]) -> float:
    began = time.perf_counter()
    job()
    return time.perf_counter() - began


def main() -> None:
    limit_threads(1)
    model = nn.GPT(VOCABULARY, LENGTH, 128, 4, 4)
    for batch in (1, 16):
        start = np.zeros((batch, 1), int)
        texts = [partial(model.generate, start, LENGTH - 1, use_cache=how) for how in (True, False)]
        rounds = [[seconds(job) for job in texts] for _ in range(5)]
        cached, plain = (statistics.median(column) for column in zip(*rounds, strict=True))
        ratio = statistics.median(a / b for a, b in rounds)
        print(
            f"{batch:2} texts of {LENGTH} tokens: {cached:.3f} s with the cache, {plain:.3f} s "
            f"without; ratio {ratio:.2f}"
        )


if __name__ == "__main__":
    main()

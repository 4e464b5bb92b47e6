"""Freed memory stays with the process, unless it is asked not to: seen in processes of its own."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tinygrad_edu.backend import allocator

GLIBC = pytest.mark.skipif(not allocator._is_glibc(), reason="not Linux with glibc")

# How often the system had to supply pages while arrays of 48 MB came and went.
COUNT = """
import resource
import numpy as np
from tinygrad_edu import backend

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        np.full(6_000_000, 1.5)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

faults()
print(faults())
print(backend.freed_memory)
"""


def in_process(**variables: str) -> tuple[int, str]:
    known = {name: value for name, value in os.environ.items() if name not in allocator._OF_GLIBC}
    known.pop(allocator.SWITCH, None)
    done = subprocess.run(
        [sys.executable, "-c", COUNT], capture_output=True, text=True, check=True,
        env=known | variables,
    )  # fmt: skip
    count, said = done.stdout.splitlines()
    return int(count), said


@GLIBC
def test_freed_memory_is_used_again() -> None:
    """Ten arrays: not one page anew, where each would take at least 20 (of 2 MB) without."""
    kept, said = in_process()
    assert said.startswith("kept for the next step; TINYGRAD_EDU_MALLOC=0")
    returned, said = in_process(TINYGRAD_EDU_MALLOC="0")
    assert said == "goes back to the system, as TINYGRAD_EDU_MALLOC=0 says"
    assert returned >= 200 and kept < 20


@GLIBC
def test_settings_of_the_user_come_first() -> None:
    count, said = in_process(MALLOC_MMAP_THRESHOLD_="65536")
    assert said == "as the environment variable MALLOC_MMAP_THRESHOLD_ says"
    assert count >= 200


def test_other_systems_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (allocator.SWITCH, *allocator._OF_GLIBC):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(allocator, "_is_glibc", lambda: False)
    monkeypatch.setattr(allocator.ctypes, "CDLL", None)  # would fail if it were called
    assert allocator.keep_freed_memory() == "as the system has it: this is not Linux with glibc"


def test_a_libc_that_refuses_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Older glibc takes 32 MiB at most; one that takes nothing at all changes nothing."""
    for name in (allocator.SWITCH, *allocator._OF_GLIBC):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(allocator, "_is_glibc", lambda: True)
    asked: list[tuple[int, int]] = []

    class Libc:
        limit = 1 << 25

        def mallopt(self, which: int, size: int) -> int:
            asked.append((which, size))
            return int(size <= self.limit or which == -1)

    libc = Libc()
    monkeypatch.setattr(allocator.ctypes, "CDLL", lambda name: libc)
    assert allocator.keep_freed_memory().startswith("kept")
    assert asked == [(-3, 1 << 30), (-3, 1 << 25), (-1, 1 << 30)]
    libc.limit = 0
    assert allocator.keep_freed_memory() == "goes back to the system: glibc refused to keep it"

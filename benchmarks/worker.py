"""One peer with one job, in a process of its own:  python -m benchmarks.worker PEER JOB OPTIONS

It reads a number of steps a line, runs them, and answers with the seconds that they took; for 0 it
answers with the growth of its memory in bytes since before the job was prepared, at its highest.
The first answer is "ready", or "none" where the library has no such job.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from pathlib import Path


def highest_memory() -> int:
    """The most memory this process has held, in bytes; 0 where the system does not tell."""
    return _memory("VmHWM")


def current_memory() -> int:
    """The memory this process holds now, in bytes; from now on highest_memory() begins anew."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return 0
    return _memory("VmRSS")


def _memory(name: str) -> int:
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return 0
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(name))


def main() -> None:
    peer, job, options = sys.argv[1:]
    module = importlib.import_module(f"{__package__}.peers.{peer}")
    before = current_memory()
    run = module.prepare(job, json.loads(options))
    print("ready" if run else "none", flush=True)
    for line in sys.stdin:
        steps = int(line)
        began = time.perf_counter()
        if steps:
            run(steps)
        seconds = time.perf_counter() - began
        print(seconds if steps else highest_memory() - before, flush=True)


if __name__ == "__main__":
    main()

"""Training the digit network of lesson 10, in this library and in PyTorch, as whole processes.

    python benchmarks/lesson_10.py [rounds]

Five epochs of 784-128-10 over the 10,000 images, batch 32, Adam. PyTorch is tried with its
DataLoader, as its tutorials have it, and with batches cut by indexing, which is faster; with its
own number of threads and with one. Each run is a process of its own; they take turns. "training" is
what the process measured around its loop, "whole process" includes imports and reading the data.
"""

from __future__ import annotations

import itertools
import json
import statistics
import subprocess
import sys
import time

from tinygrad_edu.tables import table

READ = """
import sys, time
import tinygrad_edu.data as data
digits = data.mnist()
images, labels = digits.train_images.reshape(-1, 784).astype("float32") / 255, digits.train_labels
"""
OURS = f"""{READ}
import tinygrad_edu as te
from tinygrad_edu import nn
from tinygrad_edu.backend.threads import limit_threads
limit_threads(1)
batches = te.data.DataLoader((images, labels), batch_size=32, shuffle=True)
model = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
optimizer = te.optim.Adam(model.parameters(), lr=0.001)
began = time.perf_counter()
for epoch in range(5):
    for x, y in batches:
        loss = nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
print(time.perf_counter() - began)
"""
TORCH = f"""{READ}
import torch
from torch import nn
if THREADS:
    torch.set_num_threads(THREADS)
x_all, y_all = torch.from_numpy(images), torch.from_numpy(labels.astype("int64"))
rows = torch.utils.data.TensorDataset(x_all, y_all)
loader = torch.utils.data.DataLoader(rows, batch_size=32, shuffle=True)
model = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
optimizer = torch.optim.Adam(model.parameters(), lr=0.001, fused=True)
def indexed():
    order = torch.randperm(len(x_all))
    return ((x_all[part], y_all[part]) for part in order.split(32))
began = time.perf_counter()
for epoch in range(5):
    for x, y in BATCHES:
        loss = nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
print(time.perf_counter() - began)
"""


def scripts() -> dict[str, str]:
    """What is compared: name → source."""
    found = {"tinygrad_edu": OURS}
    try:
        import torch  # noqa: F401
    except ImportError:
        print("PyTorch is not installed, so there is nothing to compare with")
        return found
    ways = {"DataLoader": "loader", "indexed": "indexed()"}
    for (way, batches), threads in itertools.product(ways.items(), (0, 1)):
        name = f"PyTorch, {way}" + ", one thread" * threads
        found[name] = TORCH.replace("BATCHES", batches).replace("THREADS", str(threads))
    return found


def run(source: str) -> tuple[float, float]:
    """Seconds of the training loop, and of the whole process."""
    began = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True)
    whole = time.perf_counter() - began
    if done.returncode:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout), whole


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    sources = scripts()
    times = [{name: run(source) for name, source in sources.items()} for _ in range(rounds)]
    rows = []
    for name in sources:
        row: list[str] = [name]
        for which in (0, 1):
            middle = statistics.median(found[name][which] for found in times)
            ratio = statistics.median(f["tinygrad_edu"][which] / f[name][which] for f in times)
            row += [f"{middle:.2f} s", f"{ratio:.2f}"]
        rows.append(row)
    columns = ["training", "tinygrad_edu / this", "whole process", "tinygrad_edu / this"]
    table(["", *columns], rows)


if __name__ == "__main__":
    main()

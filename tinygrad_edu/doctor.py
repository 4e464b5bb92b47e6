"""tinygrad-edu doctor: what this machine has, and whether training works on it."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
import time
from pathlib import Path

import numpy as np

from . import backend, data, nn, optim
from .backend import cuda
from .backend.threads import limit_threads
from .nn import functional as F
from .tables import table
from .tensor import asarray

NEEDED = ("matplotlib", "tqdm", "safetensors")
OPTIONAL = ("jupytext", "nbclient", "mpi4py")
_UNCOUNTED = 5  # steps of training before the clock starts


def version() -> str:
    """The version of this library, as installed."""
    return version_of("tinygrad_edu") or "(run from its source, not installed)"


def version_of(package: str) -> str | None:
    """The version of a package, None where it is not installed."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def doctor() -> int:
    """Print what this machine has; 1 where the library cannot train on it."""
    table(["what", "here"], [*_software(), *_devices(), ("figures go to", _figures())])
    print("\nTraining for a moment: 784-128-10 on digits")
    for device in ("cpu", *(["cuda"] if cuda.is_available() else [])):
        before, after, milliseconds = smoke_training(device)
        print(f"  {device}: {milliseconds:.2f} ms a step; loss {before:.2f} -> {after:.2f}")
        if not after < 0.7 * before:
            message = "the loss should have fallen by a third: something is wrong here"
            print(f"\ntinygrad-edu: {message}", file=sys.stderr)
            return 1
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
    rows += [(name, version_of(name) or "MISSING, lessons need it") for name in NEEDED]
    return rows + [(name, version_of(name) or "not installed, optional") for name in OPTIONAL]


def _devices() -> list[tuple[str, str]]:
    return [
        ('device "cpu"', "ready"),
        ('device "cuda"', cuda.reason_not_available() or f"ready: {cuda.description()}"),
        ('device "pretend-gpu"', "ready: NumPy that keeps to the rules of a GPU"),
    ]


def _figures() -> str:
    folder = Path("figures").absolute()
    existing = folder if folder.exists() else folder.parent
    return f"{folder}" + ("" if os.access(existing, os.W_OK) else " (cannot be written to)")


def smoke_training(device: str = "cpu", steps: int = 100) -> tuple[float, float, float]:
    """Train the digit network a little: loss before, loss after, milliseconds a step.

    The steps before the clock starts are not counted: there a GPU compiles what it will run.
    """
    limit_threads(1)  # as lesson 10 does: for small matrices a second thread only waits
    digits = data.mnist()
    images = digits.train_images[:1600].astype("float32") / 255
    x, y = asarray(images, device=device), asarray(digits.train_labels[:1600], device=device)
    batches = list(data.DataLoader((x, y), batch_size=32))
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
    optimizer = optim.Adam(model.to(device).parameters())
    before = F.cross_entropy(model(x), y).item()
    began = 0.0
    for step in range(_UNCOUNTED + steps):
        if step == _UNCOUNTED:
            backend.synchronize(device)
            began = time.perf_counter()
        rows, labels = batches[step % len(batches)]
        optimizer.zero_grad()
        F.cross_entropy(model(rows), labels).backward()
        optimizer.step()
    backend.synchronize(device)
    seconds = time.perf_counter() - began
    return before, F.cross_entropy(model(x), y).item(), 1000 * seconds / steps

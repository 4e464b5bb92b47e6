"""Device "cuda": the reasons why it cannot be used, and how it is wired where it can.

The wiring is tried with a package called cupy that consists of the stand-in for a GPU.
"""

from __future__ import annotations

import builtins
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import tinygrad_edu as te
from tinygrad_edu.backend import cuda

ROOT = Path(__file__).parents[2]


def cupy_with(driver: int) -> Any:
    runtime = SimpleNamespace(driverGetVersion=lambda: driver)
    return SimpleNamespace(
        __version__="14.2.0", cuda=SimpleNamespace(is_available=lambda: False, runtime=runtime)
    )


@pytest.mark.parametrize(
    ("found", "says", "mends"),
    [
        (ModuleNotFoundError("No module named 'cupy'"), "CuPy is not installed", "pip install"),
        (ImportError("libnvrtc.so: cannot open\nmore"), "fails (libnvrtc.so: cannot", "again"),
        (cupy_with(0), "CuPy 14.2.0 is installed, but finds no NVIDIA driver;", "nvidia-smi"),
        (cupy_with(12040), "an NVIDIA driver but no device;", "nvidia-smi"),
    ],
    ids=["not installed", "broken", "no driver", "no device"],
)
def test_the_reason_is_told(
    found: Any, says: str, mends: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = builtins.__import__

    def imported(name: str, *rest: Any) -> Any:
        if name != "cupy":
            return right(name, *rest)
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr(builtins, "__import__", imported)
    assert not te.cuda_is_available()
    with pytest.raises(RuntimeError, match='device "cuda" cannot be used') as caught:
        cuda.load()
    for words in (says, mends, 'device="cpu"', 'device="pretend-gpu"'):
        assert words in str(caught.value)


CUPY = """
from tinygrad_edu.backend import pretend
globals().update({n: getattr(pretend.xp, n) for n in dir(pretend.xp)})
__version__ = "14.2.0"
waited = 0

class cuda:
    is_available = staticmethod(lambda: True)
    class runtime:
        driverGetVersion = runtimeGetVersion = staticmethod(lambda: 12040)
        memGetInfo = staticmethod(lambda: (2**30, 3 * 2**30))
        getDeviceProperties = staticmethod(lambda number: {"name": b"Model 7"})
    class Device:
        id = 0
        def synchronize(self):
            global waited
            waited += 1
"""
USE = """
import cupy, numpy as np, tinygrad_edu as te
from tinygrad_edu import nn, cli
te.set_default_device("cuda")
model = nn.Sequential(nn.Linear(3, 2), nn.ReLU())
x = te.randn(4, 3)
optimizer = te.optim.Adam(model.parameters())
te.nn.functional.cross_entropy(model(x), te.tensor([0, 1, 1, 0])).backward()
optimizer.step()
assert {p.device for p in model.parameters()} == {p.grad.device for p in model.parameters()}
assert x.device == "cuda" and isinstance(x.numpy(), np.ndarray)
te.synchronize()
assert cupy.waited == 1
te.synchronize("cpu")
assert cupy.waited == 1
te.set_default_device("cpu")
assert cli.main(["doctor"]) == 0
assert cupy.waited == 3, "once before the clock starts, once before it is read"
"""


def test_the_wiring_of_cuda(tmp_path: Path) -> None:
    (tmp_path / "cupy.py").write_text(CUPY, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", USE], capture_output=True, text=True, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(tmp_path)])},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = "ready: Model 7, 3.0 GiB of which 1.0 free, CuPy 14.2.0 with CUDA 12.4"
    assert told in done.stdout
    assert "cuda: " in done.stdout.split("Training for a moment")[1]


UNUSED = """
import sys, tinygrad_edu as te
model = te.nn.Linear(3, 2)
model(te.ones((4, 3))).sum().backward()
te.optim.Adam(model.parameters()).step()
print(sorted(name for name in sys.modules if "pretend" in name or name == "cupy"))
"""


def test_training_on_the_cpu_loads_neither_cupy_nor_the_stand_in() -> None:
    command = [sys.executable, "-c", UNUSED]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


@pytest.mark.gpu
def test_the_gpu_is_told_by_its_name() -> None:
    assert "GiB" in cuda.description() and "CUDA" in cuda.description()
    te.synchronize("cuda")

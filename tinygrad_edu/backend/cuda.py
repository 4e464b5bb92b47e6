"""CuPy, the array library for NVIDIA GPUs. The only file that names it."""

from __future__ import annotations

from typing import Any


def reason_not_available() -> str | None:
    """Why no GPU can be used here, as a sentence; None where one can."""
    try:
        import cupy
    except ModuleNotFoundError:
        return (
            "CuPy is not installed; install it for your CUDA version, "
            "for example with: pip install 'tinygrad_edu[gpu]'"
        )
    except ImportError as error:
        first_line = str(error).strip().split("\n")[0]
        return f"CuPy is installed, but importing it fails ({first_line}); install it again"
    if not cupy.cuda.is_available():  # importing CuPy succeeds on machines without a GPU
        driver = cupy.cuda.runtime.driverGetVersion()  # 0 where there is none
        found = "an NVIDIA driver but no device" if driver else "no NVIDIA driver"
        return f"CuPy {cupy.__version__} is installed, but finds {found}; check with nvidia-smi"
    return None


def is_available() -> bool:
    """True where CuPy is installed and finds a GPU."""
    return reason_not_available() is None


def synchronize() -> None:
    """Wait until the GPU has done all it was asked to do."""
    import cupy

    cupy.cuda.Device().synchronize()


def description() -> str:
    """The GPU in use: its name and memory, and the versions of CuPy, CUDA and the driver."""
    import cupy

    runtime, number = cupy.cuda.runtime, cupy.cuda.Device().id
    free, total = runtime.memGetInfo()
    name = runtime.getDeviceProperties(number)["name"].decode()
    cuda, driver = (_version(n) for n in (runtime.runtimeGetVersion(), runtime.driverGetVersion()))
    return (
        f"{name}, {total / 2**30:.1f} GiB of which {free / 2**30:.1f} free, CuPy "
        f"{cupy.__version__} with CUDA {cuda}, driver for CUDA up to {driver}"
    )


def _version(number: int) -> str:
    """12.4 from 12040, as CUDA counts its versions."""
    return f"{number // 1000}.{number % 1000 // 10}"


def load() -> Any:
    """The cupy module, or a RuntimeError that says why no GPU can be used and what would work."""
    reason = reason_not_available()
    if reason is not None:
        raise RuntimeError(
            f'device "cuda" cannot be used: {reason}. '
            'Use device="cpu", or device="pretend-gpu" to practise the rules of a GPU'
        )
    import cupy

    return cupy

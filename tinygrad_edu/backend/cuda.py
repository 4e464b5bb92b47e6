"""CuPy, the array library for NVIDIA GPUs. The only file that names it."""

from __future__ import annotations

from typing import Any


def reason_not_available() -> str | None:
    """Why no GPU can be used here, as a sentence; None where one can."""
    try:
        import cupy
    except ImportError:
        return (
            "CuPy is not installed; install it for your CUDA version, "
            "for example with: pip install 'tinygrad_edu[gpu]'"
        )
    if not cupy.cuda.is_available():  # importing CuPy succeeds on machines without a GPU
        return (
            f"CuPy {cupy.__version__} is installed, but it finds no NVIDIA driver or no device; "
            "check with nvidia-smi"
        )
    return None


def is_available() -> bool:
    """True where CuPy is installed and finds a GPU."""
    return reason_not_available() is None


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

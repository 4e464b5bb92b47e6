"""How many cores NumPy's matrix products use."""

from __future__ import annotations

import ctypes
import os
import sys


def limit_threads(count: int) -> bool:
    """Let OpenBLAS, inside NumPy, use this many threads; True where that could be done.

    Two threads wait for each other at every product. For small matrices on two idle cores nothing
    is lost by one thread; on busy cores lesson 10 trained 2 to 20 times as long with two. The
    environment variables that OpenBLAS reads come first.
    """
    if os.environ.get("OPENBLAS_NUM_THREADS") or os.environ.get("OMP_NUM_THREADS"):
        return False
    try:
        openblas = ctypes.CDLL(sys.modules["numpy._core._multiarray_umath"].__file__ or "")
        openblas.scipy_openblas_set_num_threads64_(count)
    except (AttributeError, KeyError, OSError):  # another BLAS, or one that cannot be reached
        return False
    return True

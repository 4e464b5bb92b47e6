"""Whether memory of freed arrays stays with the process or goes back to the system."""

from __future__ import annotations

import ctypes
import os
import sys

SWITCH = "TINYGRAD_EDU_MALLOC"
_OF_GLIBC = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES")
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # their numbers in malloc.h
_SIZES = (1 << 30, 1 << 25)  # bytes; older versions refuse more than 32 MiB as the second


def keep_freed_memory() -> str:
    """Let the C library keep freed memory up to 1 GiB; returns what holds now, as a sentence.

    A step of training frees as much as it takes. glibc gives large blocks back to the system each
    time, which then clears them page by page for the next step: steps of the CNN and the GPT of
    `tinygrad-edu bench` took 1.3 and 1.15 times as long. Environment variables that glibc reads
    come first.
    """
    if os.environ.get(SWITCH) == "0":
        return f"goes back to the system, as {SWITCH}=0 says"
    own = next((name for name in _OF_GLIBC if os.environ.get(name)), None)
    if own is not None:
        return f"as the environment variable {own} says"
    if not _is_glibc():
        return "as the system has it: this is not Linux with glibc"
    mallopt = ctypes.CDLL(None).mallopt
    for size in _SIZES:
        if mallopt(_MMAP_THRESHOLD, size) and mallopt(_TRIM_THRESHOLD, _SIZES[0]):
            return f"kept for the next step; {SWITCH}=0 turns that off"
    return "goes back to the system: glibc refused to keep it"


def _is_glibc() -> bool:
    try:
        return sys.platform == "linux" and bool(os.confstr("CS_GNU_LIBC_VERSION"))
    except ValueError:  # Linux with another C library
        return False

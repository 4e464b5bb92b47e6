"""What a program asks of the pretend device: copies in both directions, and calls of functions.

On a GPU each of these has a price: a copy to the host waits for all that was asked before, and a
call starts one program on the GPU, or a few.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator


class TransferCounter:
    """Counts copies, their bytes, and calls.

    Attributes:
        count: copies from the device to the host.
        bytes: what they carried; 0 for those inside a function, which carry a number.
        uploads: copies from the host to the device.
        uploaded_bytes: what they carried.
        calls: functions, operators and methods that computed something on the device.
    """

    def __init__(self) -> None:
        self.count = self.bytes = self.uploads = self.uploaded_bytes = self.calls = 0


transfers = TransferCounter()  # all of them; set transfers.count = 0 to start anew
_counters = [transfers]


@contextlib.contextmanager
def count_transfers() -> Iterator[TransferCounter]:
    """Counts what is done inside a `with` block: `with count_transfers() as counter: ...`."""
    counter = TransferCounter()
    _counters.append(counter)
    try:
        yield counter
    finally:
        _counters.remove(counter)


def count_transfer(size: int = 0) -> None:
    """Notes one copy of so many bytes from the device to the host."""
    for counter in _counters:
        counter.count += 1
        counter.bytes += size


def count_upload(size: int) -> None:
    """Notes one copy of so many bytes from the host to the device."""
    for counter in _counters:
        counter.uploads += 1
        counter.uploaded_bytes += size


def count_call() -> None:
    """Notes one call of a function of the device."""
    for counter in _counters:
        counter.calls += 1

"""Whether operations on Tensors are recorded: no_grad() and enable_grad().

The switch is one for the whole process: threads that compute at once share it.
"""

from collections.abc import Callable
from contextlib import ContextDecorator
from typing import Any

on = True
guard: Callable[..., tuple[Any, ...]] | None = None  # sees each recorded operation; see debug.py


class _Switch(ContextDecorator):
    """Sets the switch inside a with block or a decorated function, and puts it back after."""

    wanted: bool

    def __init__(self) -> None:
        self.before: list[bool] = []

    def __enter__(self) -> None:
        global on
        self.before.append(on)
        on = self.wanted

    def __exit__(self, *exception: object) -> None:
        global on
        on = self.before.pop()


class no_grad(_Switch):
    """Within it nothing is recorded: results need no gradient and keep no inputs alive."""

    wanted = False


class enable_grad(_Switch):
    """Within it operations are recorded again, inside a no_grad()."""

    wanted = True


def is_grad_enabled() -> bool:
    """True where operations on tensors that require gradients are recorded."""
    return on

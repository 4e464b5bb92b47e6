"""Learning rates that change with the step: each schedule multiplies the rate it started from.

schedule = CosineSchedule(optimizer, total_steps=1000)
for x, y in loader:
    …
    optimizer.step()
    schedule.step()
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from .optimizer import Optimizer


class Schedule:
    """Sets the learning rate of every group to factor(t) times what it was at the start."""

    def __init__(self, optimizer: Optimizer) -> None:
        self.optimizer = optimizer
        self.start = [group["lr"] for group in optimizer.groups]
        self.steps = 0
        self._set()

    def factor(self, t: int) -> float:
        """The factor after t steps; every schedule defines its own."""
        raise TypeError(f"{type(self).__name__} does not define factor(self, t)")

    def step(self) -> None:
        """Go on by one step: call it after optimizer.step()."""
        self.steps += 1
        self._set()

    def _set(self) -> None:
        for group, lr in zip(self.optimizer.groups, self.start, strict=True):
            group["lr"] = lr * self.factor(self.steps)

    def state_dict(self) -> dict[str, Any]:
        """Where it stands: steps taken and starting rates."""
        return {"steps": self.steps, "start": list(self.start)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from where a state_dict() was taken.

        Raises:
            ValueError: where it does not fit; nothing is loaded then.
        """
        if state.keys() != {"steps", "start"} or len(state["start"]) != len(self.start):
            raise ValueError(
                f"this state is of no schedule over {len(self.start)} groups of parameters: {state}"
            )
        self.steps, self.start = int(state["steps"]), [float(lr) for lr in state["start"]]
        self._set()


class StepSchedule(Schedule):
    """factor(t) = γ^⌊t / step_size⌋: the rate falls by γ after every step_size steps."""

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1) -> None:
        if step_size < 1:
            raise ValueError(f"step_size is at least 1, not {step_size!r}")
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer)

    def factor(self, t: int) -> float:
        """γ^⌊t / step_size⌋."""
        return float(self.gamma ** (t // self.step_size))


class CosineSchedule(Schedule):
    """factor(t) = low + (1 − low) · ½ (1 + cos(π t / total)): from 1 down to low in half a wave.

    After total_steps it stays at low.   Loshchilov and Hutter 2017, without restarts
    """

    def __init__(self, optimizer: Optimizer, total_steps: int, low: float = 0.0) -> None:
        if total_steps < 1:
            raise ValueError(f"total_steps is at least 1, not {total_steps!r}")
        self.total_steps, self.low = total_steps, low
        super().__init__(optimizer)

    def factor(self, t: int) -> float:
        """low + (1 − low) · ½ (1 + cos(π t / total))."""
        wave = 0.5 * (1 + math.cos(math.pi * min(t, self.total_steps) / self.total_steps))
        return self.low + (1 - self.low) * wave


class WarmupSchedule(Schedule):
    """factor(t) = (t + 1) / (warmup + 1) up to 1, then that of another schedule if one is given.

    The first steps are small, while the means of Adam still rest on few gradients. Only this
    schedule's step() is called then, not that of the other.
    """

    def __init__(
        self, optimizer: Optimizer, warmup_steps: int, after: Schedule | None = None
    ) -> None:
        if warmup_steps < 0:
            raise ValueError(f"warmup_steps is at least 0, not {warmup_steps!r}")
        if after is not None and after.optimizer is not optimizer:
            raise ValueError("the schedule after the warm-up belongs to another optimizer")
        self.warmup_steps, self.after = warmup_steps, after
        super().__init__(optimizer)
        if after is not None:  # it set the rates already when it was made
            self.start = list(after.start)
            self._set()

    def factor(self, t: int) -> float:
        """(t + 1) / (warmup + 1), then after.factor(t − warmup)."""
        if t < self.warmup_steps:
            return (t + 1) / (self.warmup_steps + 1)
        return 1.0 if self.after is None else self.after.factor(t - self.warmup_steps)

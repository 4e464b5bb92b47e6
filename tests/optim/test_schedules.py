"""Schedules: the learning rate at every step, against the formula written out."""

from __future__ import annotations

import math

import pytest

import tinygrad_edu as te
from tinygrad_edu import optim

# name -> (made from an optimizer, the factor at t = 0 … 11)
SCHEDULES = {
    "Schedule": (None, []),
    "StepSchedule": (
        lambda o: optim.StepSchedule(o, 4, gamma=0.5), [1] * 4 + [0.5] * 4 + [0.25] * 4,
    ),
    "CosineSchedule": (
        lambda o: optim.CosineSchedule(o, 4, low=0.2),
        [1, 0.6 + 0.4 * math.sqrt(0.5), 0.6, 0.6 - 0.4 * math.sqrt(0.5)] + [0.2] * 8,
    ),
    "WarmupSchedule": (
        lambda o: optim.WarmupSchedule(o, 3), [0.25, 0.5, 0.75] + [1] * 9,
    ),
    "WarmupSchedule and then another": (
        lambda o: optim.WarmupSchedule(o, 3, after=optim.StepSchedule(o, 2, gamma=0.1)),
        [0.25, 0.5, 0.75, 1, 1, 0.1, 0.1, 0.01, 0.01, 0.001, 0.001, 0.0001],
    ),
}  # fmt: skip
names = pytest.mark.parametrize("name", [name for name in SCHEDULES if name != "Schedule"])
T = 12


def optimizer() -> optim.Optimizer:
    """Two groups with the rates 0.1 and 0.3."""
    w, b = (te.ones(1, requires_grad=True) for _ in "ab")
    return optim.SGD([{"params": [w]}, {"params": [b], "lr": 0.3}], lr=0.1)


def rates(owner: optim.Optimizer) -> list[float]:
    return [group["lr"] for group in owner.groups]


def test_every_public_name_is_tested():
    public = {name for name in optim.__all__ if name.endswith("Schedule")}
    assert public == {name.split()[0] for name in SCHEDULES}


@names
def test_rates_of_every_group(name):
    make, factors = SCHEDULES[name]
    owner = optimizer()
    schedule = make(owner)
    for factor in factors:
        assert rates(owner) == pytest.approx([0.1 * factor, 0.3 * factor], rel=1e-12)
        schedule.step()


@names
def test_the_rate_is_the_one_that_a_step_takes(name):
    make, factors = SCHEDULES[name]
    owner = optimizer()
    schedule = make(owner)
    wanted = [1.0, 1.0]
    for factor in factors:
        for x in owner.params:
            x.grad = te.ones(1)
        owner.step()
        schedule.step()
        wanted = [wanted[0] - 0.1 * factor, wanted[1] - 0.3 * factor]
        assert [x.item() for x in owner.params] == pytest.approx(wanted, rel=1e-5, abs=1e-6)


@names
def test_a_saved_schedule_goes_on(name):
    make, factors = SCHEDULES[name]
    one = make(optimizer())
    for _ in range(5):
        one.step()
    owner = optimizer()
    other = make(owner)
    other.load_state_dict(one.state_dict())
    for factor in factors[5:]:
        assert rates(owner) == pytest.approx([0.1 * factor, 0.3 * factor], rel=1e-12)
        other.step()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda o: optim.StepSchedule(o, 0), "step_size is at least 1, not 0"),
        (lambda o: optim.CosineSchedule(o, 0), "total_steps is at least 1, not 0"),
        (lambda o: optim.WarmupSchedule(o, -1), "warmup_steps is at least 0, not -1"),
    ],
)
def test_bad_arguments_give_a_sentence(make, words):
    with pytest.raises(ValueError, match=words):
        make(optimizer())


def test_a_schedule_of_ones_own():
    class Halved(optim.Schedule):
        def factor(self, t):
            return 0.5**t

    owner = optimizer()
    schedule = Halved(owner)
    schedule.step()
    assert rates(owner) == [0.05, 0.15]
    with pytest.raises(TypeError, match=r"Schedule does not define factor\(self, t\)"):
        optim.Schedule(optimizer())

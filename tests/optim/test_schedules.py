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


# --- the formulas over a grid


@pytest.mark.parametrize("step_size", [1, 2, 7])
@pytest.mark.parametrize("gamma", [0.1, 0.5, 1.0])
def test_steps_by_formula(step_size, gamma):
    owner = optimizer()
    schedule = optim.StepSchedule(owner, step_size, gamma)
    for t in range(30):
        assert rates(owner) == pytest.approx([r * gamma ** (t // step_size) for r in (0.1, 0.3)])
        assert schedule.steps == t
        schedule.step()


@pytest.mark.parametrize("total", [1, 2, 10, 25])
@pytest.mark.parametrize("low", [0.0, 0.1, 1.0])
def test_cosine_by_formula(total, low):
    """η_min + ½ (η_max − η_min)(1 + cos(π t / T)), as the paper writes it; then η_min."""
    owner = optimizer()
    schedule = optim.CosineSchedule(owner, total, low)
    seen = []
    for t in range(total + 5):
        for group, high in zip(owner.groups, (0.1, 0.3), strict=True):
            wave = 1 + math.cos(math.pi * t / total) if t < total else 0
            wanted = low * high + (high - low * high) * wave / 2
            assert group["lr"] == pytest.approx(wanted, rel=1e-12, abs=1e-16)
        seen.append(owner.groups[0]["lr"])
        schedule.step()
    assert seen[0] == 0.1 and seen == sorted(seen, reverse=True)


@pytest.mark.parametrize("warmup", [0, 1, 5])
def test_warmup_then_cosine_by_formula(warmup):
    owner = optimizer()
    after = optim.CosineSchedule(owner, 20, low=0.05)
    schedule = optim.WarmupSchedule(owner, warmup, after=after)
    seen = []
    for t in range(warmup + 25):
        seen.append(owner.groups[0]["lr"] / 0.1)
        if t < warmup:
            wanted = (t + 1) / (warmup + 1)
        else:
            wanted = 0.05 + 0.95 * (1 + math.cos(math.pi * min(t - warmup, 20) / 20)) / 2
        assert seen[-1] == pytest.approx(wanted, rel=1e-12)
        schedule.step()
    assert seen[0] > 0  # Adam's first step would be lost at 0
    assert max(seen) == pytest.approx(1) and seen[warmup] == pytest.approx(1)  # no step left out


def test_a_warmup_before_a_schedule_that_starts_low():
    """The rates are taken from before the other schedule was made, not from its first."""

    class Rising(optim.Schedule):
        def factor(self, t):
            return min(1.0, 0.5 + 0.1 * t)

    owner = optimizer()
    schedule = optim.WarmupSchedule(owner, 1, after=Rising(owner))
    seen = []
    for _ in range(4):
        seen.append(owner.groups[1]["lr"])
        schedule.step()
    assert seen == pytest.approx([0.3 * f for f in (0.5, 0.5, 0.6, 0.7)])


def test_a_warmup_before_the_schedule_of_another_optimizer_is_refused():
    with pytest.raises(ValueError, match="belongs to another optimizer"):
        optim.WarmupSchedule(optimizer(), 3, after=optim.StepSchedule(optimizer(), 2))


# --- saving


@names
def test_optimizer_and_schedule_go_through_a_file(name, tmp_path):
    """Whether the schedule is made before its optimizer's rates are loaded or after."""
    make, factors = SCHEDULES[name]
    owner = optimizer()
    one = make(owner)
    for _ in range(5):
        one.step()
    te.save({"o": owner.state_dict(), "s": one.state_dict()}, tmp_path / "a")
    found = te.load(tmp_path / "a")
    assert found["s"] == {"steps": 5, "start": [0.1, 0.3]}
    for before in (True, False):
        owner = optimizer()
        if before:
            other = make(owner)
            owner.load_state_dict(found["o"])
        else:
            owner.load_state_dict(found["o"])
            other = make(owner)
        other.load_state_dict(found["s"])
        for factor in factors[5:]:
            assert rates(owner) == pytest.approx([0.1 * factor, 0.3 * factor], rel=1e-12)
            other.step()


def test_a_state_is_a_copy():
    schedule = optim.StepSchedule(optimizer(), 1)
    state = schedule.state_dict()
    schedule.step()
    state["start"][0] = 9.0
    assert schedule.start == [0.1, 0.3] and state["steps"] == 0


@pytest.mark.parametrize(
    "wrong",
    [{}, {"steps": 3}, {"steps": 3, "start": [0.1]}, {"steps": 3, "start": [0.1] * 3},
     {"steps": 3, "start": [0.1, 0.3], "more": 1}],
)  # fmt: skip
def test_a_state_that_does_not_fit_is_refused_and_nothing_loaded(wrong):
    owner = optimizer()
    schedule = optim.StepSchedule(owner, 1)
    schedule.step()
    with pytest.raises(ValueError, match="of no schedule over 2 groups"):
        schedule.load_state_dict(wrong)
    assert (schedule.steps, schedule.start) == (1, [0.1, 0.3])
    assert rates(owner) == pytest.approx([0.01, 0.03])

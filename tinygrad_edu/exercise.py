"""Exercises that check themselves: what one is, from a simple comparison to a whole backward pass.

A file lessons/checks/NN_name.py is made of these:

    EXERCISES = [
        values("accuracy", "The share of right answers", [(logits, labels)], correct_accuracy),
        gradients("backward", "A dense layer", draw_layer, correct_backward, ("dW", "db")),
    ]
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .diagnosis import Diagnosis, diagnose
from .tables import compared, labelled, plain, same

Function = Callable[..., Any]
Arguments = tuple[Any, ...]
Cases = Sequence[Arguments] | Callable[[np.random.Generator], Iterable[Arguments]]


class ExerciseError(Exception):
    """An answer is wrong; the sentence says how, and diagnoses what is wrong with a gradient."""

    def __init__(self, sentence: str, diagnoses: Mapping[str, Diagnosis] | None = None) -> None:
        super().__init__(sentence)
        self.diagnoses = dict(diagnoses or {})


@dataclass(frozen=True)
class Exercise:
    """A function that the learner writes, and what it is checked with.

    Args:
        function_name: of the function in the learner's file.
        title: one line that says what it computes.
        check: takes the learner's function; raises ExerciseError("sentence") where it is wrong.
        mistakes: typical wrong functions, by the sentence that check says of them.
    """

    function_name: str
    title: str
    check: Callable[[Function], None]
    mistakes: Mapping[str, Function] = field(default_factory=dict, kw_only=True)


# --- values


def values(
    function_name: str,
    title: str,
    cases: Cases,
    correct: Function,
    tolerance: float = 1e-8,
    mistakes: Mapping[str, Function] | None = None,
) -> Exercise:
    """An exercise whose function has to give the same as another one.

    Args:
        cases: the arguments of each call, each a tuple; or a function that draws them from a
            NumPy generator.
        correct: gives the right answer for the same arguments: a number, an array, a string, or a
            tuple of these.
        tolerance: allowed difference, relative to the largest number of the answer if that is
            above 1.
        mistakes: typical wrong answers for the same arguments, by the sentence that names them:
            {"the sign is wrong": lambda y_hat, y: y - y_hat}. It is said where all cases match.
    """

    def named(function: Function, drawn: Sequence[Arguments]) -> str | None:
        """The sentence of the mistake that the function makes, if it is one of them."""
        for sentence, wrong in (mistakes or {}).items():
            with np.errstate(all="ignore"):
                answers = ((_call(function, a), wrong(*copy.deepcopy(a))) for a in drawn)
                if all(same(given, mistaken, tolerance) for given, mistaken in answers):
                    return sentence
        return None

    def check(function: Function) -> None:
        drawn = list(cases(np.random.default_rng(0)) if callable(cases) else cases)
        for number, arguments in enumerate(drawn, 1):
            wanted = correct(*copy.deepcopy(arguments))
            given = _call(function, arguments)
            if not same(given, wanted, tolerance):
                lines = [f"case {number} of {len(drawn)} is wrong:"]
                lines += map(_argument, _parameters(function, arguments), arguments)
                lines.append(compared(given, wanted, tolerance))
                raise ExerciseError(named(function, drawn) or "\n".join(lines))

    return Exercise(function_name, title, check, mistakes=mistakes or {})


def _call(function: Function, arguments: Arguments) -> Any:
    """The answer to copies of the arguments, none of which may change."""
    copies = copy.deepcopy(arguments)
    with np.errstate(all="ignore"):
        given = function(*copies)
    if given is None:
        raise ExerciseError("it gives nothing back (None): is there a return?")
    names = _parameters(function, arguments)
    for name, before, after in zip(names, arguments, copies, strict=True):
        if isinstance(before, np.ndarray) and not np.array_equal(before, after, equal_nan=True):
            raise ExerciseError(
                f"it changes its argument {name}, which belongs to the caller. Make a new array: "
                f"{name} = {name} - 1 does, {name} -= 1 and {name}[0] = 1 do not"
            )
    return given


def _parameters(function: Function, arguments: Arguments) -> list[str]:
    """The names of the arguments in the learner's function."""
    try:
        names = list(inspect.signature(function).parameters)
    except ValueError:  # built in
        names = []
    plenty = [f"argument {i}" for i in range(len(names) + 1, len(arguments) + 1)]
    return (names + plenty)[: len(arguments)]


def _argument(name: str, value: Any) -> str:
    """A small argument in full, of a large one its shape: the answers need the room."""
    is_large = isinstance(value, np.ndarray) and value.size > 10
    return f"  {name}: shape {value.shape}" if is_large else labelled(name, value)


# --- gradients


@dataclass(frozen=True)
class GradientExercise(Exercise):
    """What gradients() makes. It keeps its parts, so that tests can make mistakes with them."""

    draw: Callable[[np.random.Generator], Arguments]
    correct: Function
    names: tuple[str, ...]
    batch: int
    alternatives: Function | None

    def true(self, arguments: Arguments) -> dict[str, Any]:
        """The true gradients by name."""
        return _by_name(self.correct(*copy.deepcopy(arguments)), self.names)

    def hints(self, arguments: Arguments) -> dict[str, dict[str, Any]]:
        """What diagnose() needs besides the gradients, by the name of the gradient."""
        n = len(arguments[self.batch])
        with np.errstate(all="ignore"):
            one_by_one = [self.true(_sample(arguments, i, n)) for i in range(n)]
            wrong = self.alternatives(*copy.deepcopy(arguments)) if self.alternatives else {}
        others = {line: _by_name(answer, self.names) for line, answer in wrong.items()}
        hints = {}
        for name, true in self.true(arguments).items():
            parts = _parts([np.asarray(answer[name]) for answer in one_by_one], true)
            alternatives = {line: answer[name] for line, answer in others.items()}
            hints[name] = {"batch": n, "samples": parts, "alternatives": alternatives}
        return hints


def gradients(
    function_name: str,
    title: str,
    draw: Callable[[np.random.Generator], Arguments],
    correct: Function,
    names: Sequence[str],
    *,
    batch: int = 0,
    alternatives: Function | None = None,
) -> Exercise:
    """An exercise on a backward pass written by hand; a wrong gradient gets a diagnosis.

    Args:
        draw: gives the arguments from a NumPy generator: 5 samples or more, no square matrices, so
            that no mistake looks like another.
        correct: gives the true gradients for these arguments: one for each name, in their order or
            as a dictionary. It also has to work on a single sample.
        names: of the gradients, such as ("dW", "db").
        batch: position of an argument whose first axis is the batch.
        alternatives: takes the same arguments; gives the gradients of typical wrong derivatives by
            name: {"σ′(a) in place of σ′(z)": (dW, db)}.
    """

    def check(function: Function) -> None:
        random = np.random.default_rng(0)
        for _ in range(2):
            _check_gradients(exercise, function, exercise.draw(random))

    names = tuple(names)
    exercise = GradientExercise(
        function_name, title, check, draw, correct, names, batch, alternatives
    )
    return exercise


def _check_gradients(exercise: GradientExercise, function: Function, arguments: Arguments) -> None:
    names, true = exercise.names, exercise.true(arguments)
    given = _by_name(_call(function, arguments), names)
    if all(diagnose(given[name], true[name]).is_right for name in names):
        return
    hints = exercise.hints(arguments)
    found = {name: diagnose(given[name], true[name], **hints[name]) for name in names}
    for name in names:
        other = next((n for n in names if diagnose(given[name], true[n]).is_right), name)
        if not found[name].is_right and other != name:
            line = f"this is {other}; the order asked for is {', '.join(names)}"
            found[name] = Diagnosis(("order",), line)
    right = [name for name in names if found[name].is_right]
    lines = [f"{name}: {found[name].sentence}." for name in names if name not in right]
    raise ExerciseError("\n".join(lines + [f"{name} is right." for name in right]), found)


def _by_name(answer: Any, names: tuple[str, ...]) -> dict[str, Any]:
    """The gradients by name, each without its Tensor."""
    if isinstance(answer, Mapping):
        missing = [name for name in names if name not in answer]
        if missing:
            raise ExerciseError(f"the dictionary it gives has no {', '.join(missing)}")
        return {name: plain(answer[name]) for name in names}
    several = answer if isinstance(answer, tuple | list) else (answer,)
    if len(names) == 1 and not isinstance(answer, tuple):
        several = (answer,)
    if len(several) != len(names):
        raise ExerciseError(
            f"it has to give {len(names)} gradients, {', '.join(names)}; it gives {len(several)}"
        )
    return {name: plain(gradient) for name, gradient in zip(names, several, strict=True)}


def _sample(arguments: Arguments, i: int, n: int) -> Arguments:
    """The arguments with sample i alone: all that have n rows keep one."""
    return tuple(
        a[i : i + 1] if isinstance(a, np.ndarray) and a.ndim and len(a) == n else a
        for a in arguments
    )


def _parts(parts: list[np.ndarray], true: Any) -> np.ndarray | None:
    """The part of each sample in the true gradient, None where it is no sum or mean over them."""
    for share in (1.0, 1 / len(parts)):
        if parts[0].shape == np.shape(true) and same(share * sum(parts), true, 1e-6):
            return share * np.stack(parts)
    return None

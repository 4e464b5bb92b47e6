"""What is wrong with a gradient: diagnose() names the mistake and says how to mend it.

Each mistake of the table knows how to make a right gradient wrong, and how to mend a wrong one. A
gradient has the mistake whose mending makes it right. If one is not enough, two are tried.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from itertools import permutations
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray


class Diagnosis(NamedTuple):
    """Names of the mistakes, none where the gradient is right; and what to do, in words.

    Several names are readings that these numbers cannot tell apart, "a + b" is two mistakes at
    once, and an unknown mistake has the name "unknown" or "shape".
    """

    mistakes: tuple[str, ...]
    sentence: str

    @property
    def is_right(self) -> bool:
        """True where there is nothing to mend."""
        return not self.mistakes


class Mistake(NamedTuple):
    """One known mistake: how it is made, all ways to mend it, and what to say."""

    name: str
    make: Callable[[Array, int], Array] | None
    mend: Callable[[Array, int], list[Array]]
    sentence: str


def _scaled(name: str, factor: Callable[[int], float], sentence: str) -> Mistake:
    return Mistake(name, lambda g, n: g * factor(n), lambda g, n: [g / factor(n)], sentence)


def _summed(g: Array, n: int) -> list[Array]:
    return [g.sum(axis=0)] if g.ndim and len(g) == n else []


def _transposed(g: Array, n: int) -> list[Array]:
    orders = list(permutations(range(g.ndim)))[1:] if g.ndim <= 4 else []
    return [g.transpose(order) for order in orders]


def _without_ones(g: Array, n: int) -> list[Array]:
    return [g.squeeze()] if 1 in g.shape else []


MISTAKES = (
    _scaled(
        "sign", lambda n: -1,
        "the sign is wrong: it is -1 times the right gradient. Look for a minus that is missing or "
        "too many, or for a difference the wrong way round",
    ),
    Mistake(
        "transposed", lambda g, n: g.T, _transposed,
        "it is transposed: a gradient has the shape of what it belongs to. Exchange the two "
        "factors of the product, and transpose each",
    ),
    Mistake(
        "missing sum", None, _summed,
        "the sum over the batch is missing: there is a gradient for each of the {n} samples. All "
        "samples share this parameter, so add them up, as .sum(axis=0) does",
    ),
    _scaled(
        "factor 2", lambda n: 2,
        "it is twice the right gradient. Look for a 2 that does not belong there, or a missing 1/2",
    ),
    _scaled(
        "factor 2", lambda n: 0.5,
        "it is half the right gradient. Look for a missing 2, as in the derivative of a square, or "
        "for a 1/2 that does not belong there",
    ),
    _scaled(
        "missing 1/N", lambda n: n,
        "1/N is missing: it is N = {n} times the right gradient. The loss is a mean over the N "
        "samples, so its gradient is divided by N",
    ),
    _scaled(
        "1/N too much", lambda n: 1 / n,
        "it is divided by N = {n} once too often. Look for a mean over the batch where a sum "
        "belongs, or for 1/N in two places",
    ),
    Mistake(
        "extra axis", None, _without_ones,
        "the numbers are right but there is an axis of length 1 too many. Sum without "
        "keepdims=True, or reshape it",
    ),
)  # fmt: skip
ONE_SAMPLE = (
    "it is the gradient of sample {i} alone. Add up the samples: a loop needs += where it has ="
)
WRONG_ARGUMENT = "a derivative in it is wrong: {name}"


def diagnose(
    given: Any,
    true: Any,
    *,
    batch: int = 1,
    samples: Array | None = None,
    alternatives: Mapping[str, Any] | None = None,
    tolerance: float = 1e-6,
) -> Diagnosis:
    """Compare a gradient with the true one, and name the mistake that explains the difference.

    Args:
        given, true: arrays or numbers.
        batch: N, the number of samples.
        samples: (N, *shape of true), the part of each sample in the true gradient, where known.
        alternatives: wrong gradients by name, such as {"σ′(a) in place of σ′(z)": array}.
        tolerance: of the largest entry of the true gradient.
    """
    true = np.asarray(true, np.float64)
    try:
        given = np.asarray(given, np.float64)
    except (TypeError, ValueError):
        return Diagnosis(("shape",), f"it is a {type(given).__name__}, not an array of numbers")
    if _close(given, true, tolerance):
        return Diagnosis((), "right")
    if not np.isfinite(given).all():
        index = _index(np.argmin(np.isfinite(given)), given)
        line = f"it is {given[index]} at index {index}. Look for 0/0 or exp of a large number"
        return Diagnosis(("unknown",), line)
    targets = {"": (true, "")}
    for i, part in enumerate(samples if samples is not None else ()):
        targets[f"one sample {i}"] = (np.asarray(part), ONE_SAMPLE.format(i=i))
    for name, other in (alternatives or {}).items():
        targets[f"wrong argument {name}"] = (
            np.asarray(other, np.float64), WRONG_ARGUMENT.format(name=name),
        )  # fmt: skip

    for count in (1, 2):
        readings: dict[str, str] = {}
        for names, sentences, mended in _mended(given, batch, count):
            for target, (wanted, sentence) in targets.items():
                exact = len(names) + bool(target) == count
                if exact and _close(mended, wanted, tolerance):
                    kind = " ".join(target.split()[:2])
                    key = " + ".join(sorted([*names, *([kind] if kind else [])]))
                    words = [*sentences, *([sentence] if sentence else [])]
                    readings.setdefault(key, "; and ".join(words))
        if readings:
            return Diagnosis(tuple(readings), _say(list(readings.values())))
    return _unknown(given, true, batch, tolerance)


def _mended(g: Array, n: int, most: int) -> Iterator[tuple[list[str], list[str], Array]]:
    """The gradient with up to `most` mistakes mended, with their names and sentences."""
    yield [], [], g
    for mistake in MISTAKES if most else ():
        for better in mistake.mend(g, n):
            for names, sentences, best in _mended(better, n, most - 1):
                if mistake.name not in names:
                    yield (
                        [mistake.name, *names],
                        [mistake.sentence.format(n=n), *sentences],
                        best,
                    )


def _unknown(given: Array, true: Array, n: int, tolerance: float) -> Diagnosis:
    """The most that can be said of a gradient that no known mistake explains."""
    if given.shape != true.shape:
        line = f"its shape is {given.shape}, and it has to be {true.shape}"
        if given.ndim < max(true.ndim, 2) and _close(given.sum(), true.sum(), tolerance):
            line += ". Its sum is right, so a sum runs over the wrong axes; "
            line += "the batch is axis 0, and only that is summed away"
        return Diagnosis(("shape",), line)
    if not given.any():
        return Diagnosis(("unknown",), "it is 0 everywhere")
    factor = float((given * true).sum() / max((true * true).sum(), math.ulp(0.0)))
    if factor and _close(given, factor * true, tolerance):
        line = f"it is {factor:.6g} times the right gradient everywhere: a factor is wrong"
        return Diagnosis(("unknown",), line)
    difference = np.abs(given - true)
    wrong = int((difference > tolerance * (np.abs(true).max() or 1)).sum())
    index = _index(difference.argmax(), given)
    line = (
        f"this is no mistake that I know: {wrong} of {true.size} entries are wrong. The largest "
        f"difference is at index {index}: {given[index]:.6g} in place of {true[index]:.6g}"
    )
    return Diagnosis(("unknown",), line)


def _index(flat: Any, array: Array) -> tuple[int, ...]:
    return tuple(int(i) for i in np.unravel_index(int(flat), array.shape))


def _close(given: Array, wanted: Array, tolerance: float) -> bool:
    if given.shape != wanted.shape:
        return False
    if not wanted.size:
        return True
    allowed = tolerance * (np.abs(wanted).max() or 1)
    return bool((np.abs(given - wanted) <= allowed).all())


def _say(readings: list[str]) -> str:
    if len(readings) == 1:
        return readings[0]
    return "these numbers cannot tell which it is: either " + "; or ".join(readings)


def wrong_gradients(
    true: Any,
    *,
    batch: int,
    samples: Array | None = None,
    alternatives: Mapping[str, Any] | None = None,
) -> dict[str, Array]:
    """The known mistakes made on a true gradient, by name: what tests feed to diagnose().

    A mistake that cannot be made here is left out: there is no transpose of a vector, no sum over
    the batch to forget without samples, no wrong argument without alternatives.
    """
    true = np.asarray(true, np.float64)
    made: dict[str, Array] = {}
    for mistake in MISTAKES:
        if mistake.make and (true.ndim > 1 or mistake.name != "transposed"):
            made.setdefault(mistake.name, mistake.make(true, batch))
    if samples is not None:
        made["missing sum"] = np.asarray(samples)
        made["one sample"] = np.asarray(samples)[-1]
    for other in (alternatives or {}).values():
        if not _close(np.asarray(other, np.float64), true, 1e-6):  # it does not concern all
            made.setdefault("wrong argument", np.asarray(other, np.float64))
    return made

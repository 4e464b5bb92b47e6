"""diagnose() names each known mistake, made mechanically from a true gradient."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu.diagnosis import Diagnosis, diagnose, wrong_gradients

THE_SIX = ("sign", "transposed", "missing sum", "factor 2", "missing 1/N", "wrong argument")
NAMES = (*THE_SIX, "1/N too much", "one sample")
SHAPES = [(4, 3), (3,), (6, 5), (2, 3, 4), (1, 3), (3, 2, 5, 4)]


def layer(shape: tuple[int, ...], n: int, seed: int = 0) -> tuple[np.ndarray, dict[str, object]]:
    """A true gradient of a parameter, as a sum over n samples, with what is known besides."""
    random = np.random.default_rng(seed)
    samples = random.normal(size=(n, *shape))
    others = {"σ′(a) in place of σ′(z)": random.normal(size=shape)}
    return samples.sum(axis=0), {"batch": n, "samples": samples, "alternatives": others}


def confusion(cases: list[tuple[str, Diagnosis]]) -> tuple[Counter[tuple[str, str]], str]:
    """How often each mistake was given each diagnosis, and that as a table."""
    counts = Counter((name, " | ".join(found.mistakes) or "right") for name, found in cases)
    columns = dict.fromkeys([*NAMES, *(found for _, found in counts)])
    lines = [" " * 16 + "".join(f"{name:>16}" for name in columns)]
    for row in dict.fromkeys(name for name, _ in cases):
        cells = (str(counts[row, column] or "-") for column in columns)
        lines.append(f"{row:16}" + "".join(f"{cell:>16}" for cell in cells))
    return counts, "\n".join(lines)


# --- each mistake alone


def test_the_confusion_table(request: pytest.FixtureRequest) -> None:
    """Rows are the mistakes made, columns the diagnoses."""
    cases = []
    for seed, shape in enumerate(SHAPES):
        for n in (5, 7, 32):
            true, known = layer(shape, n, seed)
            made = wrong_gradients(true, **known)
            assert set(made) == set(NAMES) - ({"transposed"} if len(shape) == 1 else set())
            cases += [(name, diagnose(wrong, true, **known)) for name, wrong in made.items()]
    counts, table = confusion(sorted(cases, key=lambda case: NAMES.index(case[0])))
    request.node.add_report_section("call", "table", f"mistake made, and diagnosis\n{table}")
    assert counts == {(name, name): 15 if name == "transposed" else 18 for name in NAMES}, table


def test_the_confusion_table_sees_a_wrong_diagnosis() -> None:
    counts, table = confusion([("sign", Diagnosis(("factor 2",), "")), ("sign", Diagnosis((), ""))])
    assert counts == {("sign", "factor 2"): 1, ("sign", "right"): 1}
    assert table.splitlines()[1].split() == ["sign", "-", "-", "-", "1", *4 * "-", "1"]


@given(
    shape=st.lists(st.integers(1, 6), min_size=1, max_size=3, unique=True),
    n=st.integers(5, 40),
    seed=st.integers(0, 2**32 - 1),
)
def test_each_mistake_is_found_in_any_shape(shape: list[int], n: int, seed: int) -> None:
    true, known = layer(tuple(shape), n, seed)
    for name, wrong in wrong_gradients(true, **known).items():
        found = diagnose(wrong, true, **known).mistakes
        if true.size > 1:
            assert found == (name,)
        assert name in found or np.array_equal(wrong, true)
    assert diagnose(true * (1 + 1e-9), true, **known).is_right
    assert diagnose(true.astype(np.float32).tolist(), true, **known).is_right


@pytest.mark.parametrize(
    ("mistake", "says"),
    [
        ("sign", "the sign is wrong"),
        ("transposed", "shape of what it belongs to"),
        ("missing sum", "for each of the 7 samples"),
        ("factor 2", "twice the right gradient"),
        ("missing 1/N", "N = 7 times the right gradient"),
        ("wrong argument", "a derivative in it is wrong: σ′(a) in place of σ′(z)"),
        ("1/N too much", "divided by N = 7 once too often"),
        ("one sample", "of sample 6 alone"),
    ],
)
def test_the_sentence_says_how_to_mend_it(mistake: str, says: str) -> None:
    true, known = layer((4, 3), 7)
    assert says in diagnose(wrong_gradients(true, **known)[mistake], true, **known).sentence


def test_what_cannot_be_made_is_left_out() -> None:
    assert list(wrong_gradients(np.ones(3), batch=7)) == [
        "sign", "factor 2", "missing 1/N", "1/N too much",
    ]  # fmt: skip
    same = wrong_gradients(np.ones(3), batch=7, alternatives={"concerns another": np.ones(3)})
    assert "wrong argument" not in same


# --- other mistakes


@pytest.mark.parametrize(
    ("wrong", "mistakes", "says"),
    [
        (lambda g, parts: g / 2, ("factor 2",), "half the right gradient"),
        (lambda g, parts: parts[0], ("one sample",), "sample 0 alone"),
        (lambda g, parts: g[None], ("extra axis",), "without keepdims"),
        (lambda g, parts: 1.5 * g, ("unknown",), "1.5 times the right gradient everywhere"),
        (lambda g, parts: 4 * g, ("unknown",), "4 times the right gradient everywhere"),
        (lambda g, parts: 0 * g, ("unknown",), "0 everywhere"),
        (lambda g, parts: g + np.eye(4, 3), ("unknown",), "3 of 12 entries are wrong"),
        (lambda g, parts: g[:2], ("shape",), "its shape is (2, 3), and it has to be (4, 3)"),
        (lambda g, parts: g.sum(axis=0), ("shape",), "a sum runs over the wrong axes"),
        (lambda g, parts: g.sum(), ("shape",), "a sum runs over the wrong axes"),
        (lambda g, parts: np.where(g == g[1, 2], np.nan, g), ("unknown",), "nan at index (1, 2)"),
        (lambda g, parts: g / 0.0, ("unknown",), "inf at index"),
        (lambda g, parts: "dW", ("shape",), "it is a str, not an array of numbers"),
        (lambda g, parts: [[1.0], [1.0, 2.0]], ("shape",), "it is a list, not an array"),
        (lambda g, parts: None, ("unknown",), "nan"),
    ],
)
def test_other_mistakes_get_what_can_be_said(wrong: object, mistakes: tuple, says: str) -> None:
    true, known = layer((4, 3), 7)
    with np.errstate(divide="ignore"):
        found = diagnose(wrong(true, known["samples"]), true, **known)
    assert found.mistakes == mistakes, found
    assert says in found.sentence


def test_the_largest_difference_has_its_index() -> None:
    true, known = layer((4, 3), 7)
    wrong = true.copy()
    wrong[3, 1], wrong[0, 0] = 100, 10
    sentence = diagnose(wrong, true, **known).sentence
    assert f"(3, 1): 100 in place of {true[3, 1]:.6g}" in sentence


def test_a_sum_over_the_wrong_axis_is_told_from_none() -> None:
    """db is g.sum(axis=0); g.sum(axis=1) has one number for each sample."""
    g = np.random.default_rng(0).normal(size=(7, 3))
    known = {"batch": 7, "samples": g}
    assert diagnose(g, g.sum(axis=0), **known).mistakes == ("missing sum",)
    assert diagnose(g, g.sum(axis=0), batch=7).mistakes == ("missing sum",)
    assert "wrong axes" in diagnose(g.sum(axis=1), g.sum(axis=0), **known).sentence
    mean = diagnose(g.mean(axis=0), g.sum(axis=0), **known)
    assert mean.mistakes == ("1/N too much",)
    assert "a mean over the batch where a sum belongs" in mean.sentence


# --- two at once, and two that look the same


@pytest.mark.parametrize(
    ("wrong", "mistakes"),
    [
        (lambda g, parts: -g.T, "sign + transposed"),
        (lambda g, parts: -2 * g, "factor 2 + sign"),
        (lambda g, parts: parts / 7, "1/N too much + missing sum"),
        (lambda g, parts: -parts, "missing sum + sign"),
        (lambda g, parts: parts.T, "missing sum + transposed"),
        (lambda g, parts: 7 * g.T, "missing 1/N + transposed"),
        (lambda g, parts: -parts[3], "one sample + sign"),
        (lambda g, parts: -(g**2), "sign + wrong argument"),
        (lambda g, parts: 2 * g / 7, "1/N too much + factor 2"),
    ],
)
def test_two_mistakes_at_once_are_both_named(wrong: object, mistakes: str) -> None:
    true, known = layer((4, 3), 7)
    known["alternatives"] = {"square": true**2}
    found = diagnose(wrong(true, known["samples"]), true, **known)
    assert found.mistakes == (mistakes,), found
    assert "; and " in found.sentence


def test_mistakes_that_look_the_same_are_all_named() -> None:
    true, known = layer((4, 3), 2)
    twice = diagnose(2 * true, true, **known)
    assert twice.mistakes == ("factor 2", "missing 1/N")
    assert twice.sentence.startswith("these numbers cannot tell which it is: either it is twice")
    assert "; or 1/N is missing" in twice.sentence
    antisymmetric = np.array([[0.0, 1.0], [-1.0, 0.0]])
    assert diagnose(antisymmetric.T, antisymmetric, batch=7).mistakes == ("sign", "transposed")
    one = {"alternatives": {"−g": -true}, "batch": 7}
    assert set(diagnose(-true, true, **one).mistakes) == {"sign", "wrong argument"}


@pytest.mark.parametrize("scale", [1e-12, 1e9])
def test_the_size_of_a_gradient_does_not_matter(scale: float) -> None:
    true = scale * layer((4, 3), 7)[0]
    assert diagnose(-true, true, batch=7).mistakes == ("sign",)
    assert diagnose(true * (1 + 1e-8), true, batch=7).is_right


def test_numbers_and_empty_arrays() -> None:
    assert diagnose(3.0, 3.0).is_right
    assert diagnose(-3.0, 3.0).mistakes == ("sign",)
    assert diagnose(np.zeros((0, 3)), np.zeros((0, 3))).is_right
    assert diagnose(1e-3, 0.0).mistakes == ("unknown",)
    assert diagnose([0.0, 0.0], [0.0, 0.0], batch=7).is_right

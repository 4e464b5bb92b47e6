"""Every lesson's exercises: stubs fail, solutions pass, mistakes are named; and start and check."""

from __future__ import annotations

import ast
import functools
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinygrad_edu import answers, tensor
from tinygrad_edu.diagnosis import wrong_gradients
from tinygrad_edu.exercise import Exercise, ExerciseError, GradientExercise, gradients, values

ROOT = Path(__file__).parent.parent
LESSONS = sorted(
    path for path in (ROOT / "lessons").glob("[0-9][0-9]_*.py")
    if any((path.parent / part / path.name).exists() for part in ("exercises", "checks"))
)  # fmt: skip
every_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
THE_SIX = ("sign", "transposed", "missing sum", "factor 2", "missing 1/N", "wrong argument")


@functools.cache
def exercises(lesson: Path) -> list[Exercise]:
    return answers.load_exercises(lesson)


def functions(path: Path) -> dict[str, ast.FunctionDef]:
    found = ast.parse(path.read_bytes()).body
    return {node.name: node for node in found if isinstance(node, ast.FunctionDef)}


def solution(lesson: Path) -> Path:
    return answers.exercise_file(lesson, "solutions")


def error_of(exercise: Exercise, function: Callable[..., Any]) -> ExerciseError:
    with pytest.raises(ExerciseError) as caught:
        exercise.check(function)
    return caught.value


# --- every lesson


def disagreements(names: list[str], stub: Path, solved: Path) -> list[str]:
    """How a lesson's three files differ in what they ask for."""
    empty, full = functions(stub), functions(solved)
    wrong = [f"{name} is not in all three files" for name in {*names} ^ {*empty}]
    wrong += [f"{name} is not in all three files" for name in {*empty} ^ {*full}]
    for name in {*empty} & {*full}:
        if ast.unparse(empty[name].args) != ast.unparse(full[name].args):
            wrong.append(f"{name} has other arguments in the solution")
        if not ast.get_docstring(empty[name]) or ast.unparse(empty[name].body[1:]) != "...":
            wrong.append(f"the stub of {name} is not a docstring and ...")
    return wrong + ([] if list(empty) == names else ["their order differs"])


@every_lesson
def test_stub_solution_and_checks_agree(lesson: Path) -> None:
    names = [exercise.function_name for exercise in exercises(lesson)]
    assert 2 <= len(names) <= 4
    stub = answers.exercise_file(lesson, "exercises")
    assert disagreements(names, stub, solution(lesson)) == []
    assert ast.get_docstring(ast.parse(stub.read_bytes()))


@every_lesson
def test_the_lesson_names_its_exercises(lesson: Path) -> None:
    number = int(lesson.name[:2])
    for command in ("start", "check"):
        assert f"tinygrad-edu {command} {number}`" in lesson.read_text(encoding="utf-8")


@every_lesson
def test_the_stub_fails_everywhere_and_the_solution_passes(lesson: Path) -> None:
    stub = answers.exercise_file(lesson, "exercises")
    empty = runpy.run_path(str(stub))
    results = answers.check_file(exercises(lesson), stub)
    assert {result.status for result in results} == {answers.NOT_YET}
    for exercise in exercises(lesson):  # also without a look at the source
        function = empty[exercise.function_name]
        assert answers.check_one(exercise, function, stub).status == answers.WRONG
    for result in answers.check_file(exercises(lesson), solution(lesson)):
        assert result.status == answers.OK, result


def slightly_wrong(answer: Any) -> Any:
    """The answer with its numbers changed a little."""
    if isinstance(answer, tuple | list):
        return type(answer)(slightly_wrong(part) for part in answer)
    if isinstance(answer, dict):
        return {name: slightly_wrong(part) for name, part in answer.items()}
    return answer if isinstance(answer, str) else answer * 1.001 + 0.001


@every_lesson
def test_slightly_wrong_answers_fail(lesson: Path) -> None:
    solved = runpy.run_path(str(solution(lesson)))
    for exercise in exercises(lesson):
        right = solved[exercise.function_name]

        def wrong(*arguments: Any, right: Callable[..., Any] = right, **options: Any) -> Any:
            answer = right(*arguments, **options)
            return answer if answer is None else slightly_wrong(answer)

        result = answers.check_one(exercise, wrong, solution(lesson))
        assert result.status == answers.WRONG, exercise.function_name
        assert result.sentence


# --- every gradient written by hand


def mistaken(right: dict[str, Any], name: str, wrong: np.ndarray) -> Callable[..., Any]:
    """A backward pass with one gradient wrong, whatever it is called with."""
    return lambda *_: {**right, name: wrong}


@every_lesson
def test_the_arguments_tell_mistakes_apart(lesson: Path) -> None:
    for exercise in exercises(lesson):
        if isinstance(exercise, GradientExercise):
            arguments = exercise.draw(np.random.default_rng(0))
            assert len(arguments[exercise.batch]) >= 5, "N, or batch= names no batch"
            for a in arguments:
                assert np.ndim(a) < 2 or len(set(np.shape(a))) == np.ndim(a), "no square matrices"


@every_lesson
def test_a_gradient_with_a_known_mistake_gets_its_diagnosis(
    lesson: Path, request: pytest.FixtureRequest
) -> None:
    """The mistakes are made from the true gradient; the table has a row for each gradient."""
    lines = [" " * 36 + "".join(f"{mistake:>16}" for mistake in THE_SIX)]
    for exercise in exercises(lesson):
        if not isinstance(exercise, GradientExercise):
            continue
        arguments = exercise.draw(np.random.default_rng(0))  # as the check draws them first
        right, hints = exercise.true(arguments), exercise.hints(arguments)
        exercise.check(lambda *a, exercise=exercise: exercise.true(a))
        for name in exercise.names:
            found = {}
            for mistake, wrong in wrong_gradients(right[name], **hints[name]).items():
                error = error_of(exercise, mistaken(right, name, wrong))
                found[mistake] = error.diagnoses[name].mistakes
                assert found[mistake] == (mistake,), (exercise.function_name, name)
                assert f"{name}: {error.diagnoses[name].sentence}." in str(error).splitlines()
                others = [other for other in exercise.names if other != name]
                assert all(error.diagnoses[other].is_right for other in others)
            assert {"sign", "factor 2", "missing 1/N"} <= set(found)
            cells = (" | ".join(found[m]) if m in found else "-" for m in THE_SIX)
            row = f"{exercise.function_name} {name}"
            lines.append(f"{row:36}" + "".join(f"{cell:>16}" for cell in cells))
    title = "the diagnosis of each mistake, by gradient; - where it cannot be made"
    request.node.add_report_section("call", "table", "\n".join([title, *lines]))


@every_lesson
def test_each_typical_mistake_is_named(lesson: Path) -> None:
    for exercise in exercises(lesson):
        for sentence, wrong in exercise.mistakes.items():
            assert str(error_of(exercise, wrong)) == sentence
        alternatives = getattr(exercise, "alternatives", None)
        for line in alternatives(*exercise.draw(np.random.default_rng(0))) if alternatives else ():
            assert line in str(error_of(exercise, lambda *a, f=alternatives, k=line: f(*a)[k]))


# --- values, gradients and Exercise, each seen failing


def mean_and_range(x: np.ndarray) -> tuple[float, np.ndarray]:
    return x.mean(), np.array([x.min(), x.max()])


PAIR = values("f", "mean and range", [(np.array([1.0, 2.0, 6.0]),)], mean_and_range)
WORD = values("f", "backwards", lambda random: [("abc",), ("no",)], lambda word: word[::-1])


def test_a_mistake_is_named_where_all_cases_match() -> None:
    cases = [(np.array([1.0, 3.0]),), (np.arange(12.0),)]
    mistakes = {"not twice": lambda x: x, "the sum": np.sum}
    exercise = values("f", "twice", cases, lambda x: 2 * x, mistakes=mistakes)
    assert str(error_of(exercise, lambda x: 1 * x)) == "not twice"
    at_first = str(error_of(exercise, lambda x: x if len(x) == 2 else 2 * x))
    assert at_first.startswith("case 1 of 2 is wrong:\n  x = [1. 3.]  shape (2,)\n  given")
    later = str(error_of(exercise, lambda x: 2 * x if len(x) == 2 else x))
    assert later.startswith("case 2 of 2 is wrong:\n  x: shape (12,)\n  given = [ 0.")


@pytest.mark.parametrize(
    ("exercise", "function"),
    [
        (PAIR, mean_and_range),
        (PAIR, lambda x: [tensor(3.0), [1, 6]]),
        (PAIR, lambda x: (3 + 5e-9, (1.0, 6 - 5e-8))),
        (WORD, lambda word: "".join(reversed(word))),
    ],
)
def test_right_values_pass(exercise: Exercise, function: Callable[..., Any]) -> None:
    exercise.check(function)


def spoil(x: np.ndarray) -> tuple[float, np.ndarray]:
    answer = mean_and_range(x)
    x -= x.mean()
    return answer


@pytest.mark.parametrize(
    ("exercise", "function", "says"),
    [
        (PAIR, lambda x: (3.1, [1, 6]), "case 1 of 1 is wrong:\n  x = [1. 2. 6.]"),
        (
            PAIR,
            lambda y: (3.1, [1, 6]),
            "\n  y = [1. 2. 6.]  shape (3,)\n  given[0] = 3.1\n  expected[0] = 3.0\n  given[1] is",
        ),
        (
            PAIR,
            lambda x: (3, [1, 7]),
            "\n  given[0] is right\n  given[1] = [1, 7]\n  expected[1] = [1. 6.]  shape (2,)",
        ),
        (PAIR, lambda x: (3 + 4e-8, [1, 6]), "given"),
        (PAIR, lambda x: (3, [[1, 6]]), "given"),
        (PAIR, lambda x: (3, [1, np.nan]), "nan"),
        (PAIR, lambda x: (3, "many"), "given"),
        (PAIR, lambda x: 3, "given = 3\n"),
        (PAIR, lambda x: (3,), "given[0] = 3\n"),
        (PAIR, lambda x: (3, [1, 6], 5), "given[2] = 5\n"),
        (PAIR, lambda x: None, "nothing back (None)"),
        (PAIR, max, "\n  argument 1 = [1. 2. 6.]"),
        (PAIR, spoil, "it changes its argument x, which belongs to the caller"),
        (WORD, lambda word: "cba", "case 2 of 2 is wrong:\n  word = 'no'\n  given = 'cba'"),
    ],
)
def test_wrong_values_fail(exercise: Exercise, function: Callable[..., Any], says: str) -> None:
    assert says in str(error_of(exercise, function))


def layer(x: np.ndarray, W: np.ndarray, g: np.ndarray) -> tuple[np.ndarray, ...]:
    """dX, dW and db of x W + b."""
    return g @ W.T, x.T @ g, g.sum(axis=0)


def draw_layer(random: np.random.Generator) -> tuple[np.ndarray, ...]:
    return tuple(random.normal(size=size) for size in ((7, 4), (4, 3), (7, 3)))


LAYER = gradients("layer", "a dense layer", draw_layer, layer, ("dX", "dW", "db"))


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda x, W, g: (g @ W.T, x.T @ g, g), ["db: the sum over the batch is missing"]),
        (lambda x, W, g: (g @ W.T, g.T @ x, g.mean(axis=0)), ["dW: it is transp", "db: it is div"]),
        (lambda x, W, g: (g @ W.T, x.T @ g, g[-1]), ["db: it is the gradient of sample 6 alone"]),
        (lambda x, W, g: (g @ W.T, x.T @ g, -g), ["db: ", "; and the sum", "dW is right."]),
        (lambda x, W, g: (x.T @ g, g @ W.T, g.sum(axis=0)), ["dX: this is dW; the order asked"]),
        (lambda x, W, g: (g @ W.T, x.T @ g), ["3 gradients, dX, dW, db; it gives 2"]),
        (lambda x, W, g: x, ["it gives 1"]),
        (lambda x, W, g: {"dX": 1, "dW": 2}, ["the dictionary it gives has no db"]),
        (lambda x, W, g: None, ["nothing back (None)"]),
    ],
)
def test_wrong_gradients_fail_with_a_sentence(wrong: Callable[..., Any], says: list[str]) -> None:
    sentence = str(error_of(LAYER, wrong))
    for words in says:
        assert words in sentence


def test_right_gradients_pass_in_any_form() -> None:
    LAYER.check(layer)
    LAYER.check(lambda *a: dict(zip(("dX", "dW", "db"), layer(*a), strict=True)))
    LAYER.check(lambda *a: [tensor(gradient) for gradient in layer(*a)])
    one = gradients("db", "of a bias", draw_layer, lambda x, W, g: g.sum(axis=0), ["db"])
    one.check(lambda x, W, g: g.sum(axis=0))
    one.check(lambda x, W, g: (g.sum(axis=0),))
    assert "missing" in str(error_of(one, lambda x, W, g: g))


def test_a_mean_over_the_batch_has_its_samples_too() -> None:
    mean = gradients("f", "", draw_layer, lambda x, W, g: x.T @ g / len(x), ["dW"])
    assert isinstance(mean, GradientExercise)
    arguments = draw_layer(np.random.default_rng(0))
    x, _, g = arguments
    samples = mean.hints(arguments)["dW"]["samples"]
    np.testing.assert_allclose(samples, x[:, :, None] * g[:, None, :] / 7)
    assert "1/N is missing" in str(error_of(mean, lambda x, W, g: x.T @ g))
    assert LAYER.hints(arguments)["dX"]["samples"] is None  # dX has a row for each sample


def test_files_that_disagree_are_seen(tmp_path: Path) -> None:
    stub, solved = tmp_path / "stub.py", tmp_path / "solved.py"
    solved.write_text("def f(x): return x\ndef h(x): pass", encoding="utf-8")
    stub.write_text("def g(x):\n  'g'\n  ...\ndef f(y):\n  'f'\n  return y", encoding="utf-8")
    assert sorted(disagreements(["f", "g"], stub, solved)) == [
        "f has other arguments in the solution",
        "g is not in all three files",
        "h is not in all three files",
        "the stub of f is not a docstring and ...",
        "their order differs",
    ]

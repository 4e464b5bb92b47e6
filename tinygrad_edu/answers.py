"""The learner's file: start() copies a lesson's stub into it, check() tries its answers."""

from __future__ import annotations

import ast
import runpy
import shlex
import shutil
import traceback
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .exercise import Exercise, ExerciseError

OK, NOT_YET, WRONG = "ok", "not yet", "wrong"


class Result(NamedTuple):
    """What came of one exercise; error is the one that was raised, if any."""

    function_name: str
    status: str
    sentence: str = ""
    error: BaseException | None = None


def exercise_file(lesson: Path, folder: str) -> Path:
    """The file of a lesson in lessons/exercises, lessons/solutions or lessons/checks."""
    path = lesson.parent / folder / lesson.name
    if not path.is_file():
        number = int(lesson.name[:2])
        raise FileNotFoundError(f"lesson {number} has no exercises that check themselves")
    return path


def load_exercises(lesson: Path) -> list[Exercise]:
    """The exercises of a lesson, in order."""
    found: list[Exercise] = runpy.run_path(str(exercise_file(lesson, "checks")))["EXERCISES"]
    return found


# --- start


def start(lesson: Path, folder: str) -> int:
    """Copy the stub of a lesson's exercises into a folder, and say what to do next."""
    stub = exercise_file(lesson, "exercises")
    path, number = Path(folder, lesson.name), int(lesson.name[:2])
    if path.exists():
        print(f"{path} is there already, so it was left as it is. To begin anew, rename it first.")
        return 1
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(stub, path)
    print(f"Your exercises are in {path}")
    for exercise in load_exercises(lesson):
        print(f"  {exercise.function_name}: {exercise.title}")
    print(
        f"Write your answers there, in place of each `...`, then: {_command('check', path, number)}"
    )
    return 0


def _command(command: str, path: Path, number: int) -> str:
    """How to call a command for this file from the current folder."""
    here = path.parent == Path()
    return f"tinygrad-edu {command} {number}" + ("" if here else f" {shlex.quote(str(path))}")


# --- check


def check(lesson: Path, file: str | None) -> int:
    """Check the answers in a file, and print a line for each exercise; 0 where all are right."""
    exercises = load_exercises(lesson)
    path = Path(file or lesson.name)
    path = path / lesson.name if path.is_dir() else path
    number = int(lesson.name[:2])
    if not path.is_file():
        raise FileNotFoundError(
            f"there is no file {path}. Make it with: tinygrad-edu start {number}\n"
            f"To check a file elsewhere: tinygrad-edu check {number} FILE"
        )
    print(f"Lesson {number}, your answers in {path}")
    try:
        results = check_file(exercises, path)
    except ExerciseError as error:
        print(f"  the file does not run: {error}")
        return 1
    for exercise, result in zip(exercises, results, strict=True):
        remark = " (not written yet)" if result.status == NOT_YET else ""
        print(f"  {result.status:7}  {result.function_name}: {exercise.title}{remark}")
        for line in result.sentence.splitlines():
            print(f"           {line}")
    waiting = [result.function_name for result in results if result.status != OK]
    if waiting:
        done = len(results) - len(waiting)
        print(f"{done} of {len(results)} exercises are right. Next: {waiting[0]}")
        return 1
    print(f"All {len(results)} exercises are right.")
    return 0


def check_file(exercises: list[Exercise], path: Path) -> list[Result]:
    """The results of all exercises, in order; ExerciseError where the file itself does not run."""
    try:
        written = runpy.run_path(str(path), run_name=path.stem)
    except (Exception, SystemExit) as error:
        raise ExerciseError(told(error, path)) from error
    dots = _dots(path)
    results = []
    for exercise in exercises:
        name = exercise.function_name
        line, dot, is_all = dots.get(name, (0, "", False))
        if is_all:
            results.append(Result(name, NOT_YET))
            continue
        result = check_one(exercise, written.get(name), path)
        if line and result.status == WRONG:
            result = result._replace(sentence=f"{result.sentence}\nLine {line} is still `{dot}`.")
        results.append(result)
    return results


def check_one(exercise: Exercise, function: Any, path: Path) -> Result:
    """The result of one exercise for a function from the file at path."""
    name = exercise.function_name
    if not callable(function):
        kind = "no" if function is None else f"a {type(function).__name__} and not a"
        return Result(name, WRONG, f"there is {kind} function {name} in this file")
    try:
        exercise.check(function)
    except ExerciseError as error:
        return Result(name, WRONG, str(error), error)
    except (Exception, SystemExit) as error:
        return Result(name, WRONG, told(error, path), error)
    return Result(name, OK)


def told(error: BaseException, path: Path) -> str:
    """An error in the learner's words: what it is, and the line of their file that it came from."""
    message = f"{type(error).__name__}: {error}".removesuffix(": ")
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return f"{type(error).__name__}: {error.msg}\n{_quoted(error.lineno, error.text)}"
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)]
    if frames:
        quoted = _quoted(frames[-1].lineno, frames[-1].line)
        return "\n".join([message, quoted, *_shapes(error, path)])
    return f"{message}\nDoes it take and give back what the exercise asks for?"


def _shapes(error: BaseException, path: Path) -> list[str]:
    """A line with the shapes left and right of the operator that failed, where both are arrays."""
    trace = error.__traceback__
    calls = zip(traceback.walk_tb(trace), traceback.extract_tb(trace), strict=True)
    frame, at = [(frame, at) for (frame, _), at in calls if at.filename == str(path)][-1]
    place = at.lineno, at.colno, at.end_lineno, at.end_colno
    for node in ast.walk(ast.parse(path.read_bytes())):
        if not isinstance(node, ast.BinOp) or place != _place(node):
            continue
        if any(
            isinstance(part, ast.Call | ast.NamedExpr | ast.comprehension)
            for part in ast.walk(node)
        ):
            return []  # not to be run a second time
        sides = [ast.unparse(side) for side in (node.left, node.right)]
        found = {side: eval(side, frame.f_globals, frame.f_locals) for side in sides}
        if all(isinstance(value, np.ndarray) for value in found.values()):
            return [", ".join(f"{side} has the shape {x.shape}" for side, x in found.items())]
    return []


def _place(node: ast.expr) -> tuple[int, int, int | None, int | None]:
    return node.lineno, node.col_offset, node.end_lineno, node.end_col_offset


def _quoted(number: int | None, line: str | None) -> str:
    return f"line {number}: {(line or '').strip()}".rstrip(": ")


def _dots(path: Path) -> dict[str, tuple[int, str, bool]]:
    """By function: the line of its last `...` or `pass`, which of them, and whether it is all."""
    found = {}
    for node in ast.parse(path.read_bytes()).body:
        if isinstance(node, ast.FunctionDef):
            body = node.body[ast.get_docstring(node) is not None :]
            dots = [line for line in body if ast.unparse(line) in ("...", "pass")]
            if dots or not body:
                line, dot = (dots[-1].lineno, ast.unparse(dots[-1])) if dots else (node.lineno, "")
                found[node.name] = (line, dot, len(dots) == len(body))
    return found

"""start and check: what a learner sees, and the exit status."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tinygrad_edu import cli

ROOT = Path(__file__).parent.parent
STUB = '''"""Two exercises."""

import numpy as np


def double(x):
    """2 x"""
    ...


def slope(x, g):
    """dw = xᵀ g"""
    ...
'''
CHECKS = """
from tinygrad_edu.exercise import Exercise, ExerciseError, gradients, values

def draw(random):
    return random.normal(size=(7, 4)), random.normal(size=(7, 3))

EXERCISES = [
    values("double", "twice a number", [(2,), (3.5,)], lambda x: 2 * x),
    gradients("slope", "a backward pass", draw, lambda x, g: x.T @ g, ["dw"]),
]
"""
RIGHT = {"double": "return 2 * x", "slope": "return x.T @ g"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The learner's empty folder, with a lesson 3 that has exercises and a 5 that has none."""
    lessons, here = tmp_path / "lessons", tmp_path / "learner"
    for name, content in (("exercises", STUB), ("checks", CHECKS)):
        (lessons / name).mkdir(parents=True)
        (lessons / name / "03_small.py").write_text(content, encoding="utf-8")
    found = [cli.About(3, "Small", 7, lessons / "03_small.py")]
    found += [cli.About(5, "Bare", 7, lessons / "05_bare.py")]
    monkeypatch.setattr(cli, "find_lessons", lambda: found)
    here.mkdir()
    monkeypatch.chdir(here)
    return here


def written(**bodies: str) -> str:
    """The stub with some bodies written."""
    head, *rest = STUB.split("    ...\n")
    for body, after in zip(bodies.values(), rest, strict=False):
        head += "    " + body.replace("\n", "\n    ") + "\n" + after
    return head + "    ...\n".join(rest[len(bodies) :])


# --- start


def test_start_copies_the_stub_and_says_what_to_do(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["start", "3"]) == 0
    assert (folder / "03_small.py").read_text(encoding="utf-8") == STUB
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == [
        "Your exercises are in 03_small.py",
        "  double: twice a number",
        "  slope: a backward pass",
    ]
    assert lines[3].endswith("then: tinygrad-edu check 3")


def test_start_makes_the_folder_and_check_finds_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["start", "03", "my work/here"]) == 0
    path = Path("my work", "here", "03_small.py")
    assert path.read_text(encoding="utf-8") == STUB
    assert f"tinygrad-edu check 3 '{path}'" in capsys.readouterr().out
    path.write_text(written(**RIGHT), encoding="utf-8")
    assert cli.main(["check", "3", str(path)]) == 0
    assert cli.main(["check", "3", str(path.parent)]) == 0


def test_start_never_overwrites(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "03_small.py").write_text("my work", encoding="utf-8")
    assert cli.main(["start", "3"]) == 1
    assert "03_small.py is there already, so it was left as it is" in capsys.readouterr().out
    assert (folder / "03_small.py").read_text(encoding="utf-8") == "my work"


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["start", "5"], 1, "lesson 5 has no exercises that check themselves"),
        (["check", "5"], 1, "lesson 5 has no exercises that check themselves"),
        (["check", "3"], 1, "there is no file 03_small.py. Make it with: tinygrad-edu start 3"),
        (["check", "3", "gone.py"], 1, "there is no file gone.py"),
        (["start", "3", "a file/x"], 1, "a file"),
        (["start", "99"], 2, "there is no lesson '99'; the lessons are 3, 5"),
        (["check", "nine"], 2, "there is no lesson 'nine'"),
        (["start"], 2, "required: N"),
    ],
)
def test_a_wrong_call_ends_with_a_sentence(
    arguments: list[str],
    status: int,
    says: str,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (folder / "a file").write_text("", encoding="utf-8")
    try:
        assert cli.main(arguments) == status
    except SystemExit as end:
        assert end.code == status
    assert says in capsys.readouterr().err
    assert [path.name for path in folder.iterdir()] == ["a file"]


# --- check


def checked(
    folder: Path, content: str, capsys: pytest.CaptureFixture[str]
) -> tuple[int, list[str]]:
    """The exit status and the lines that check prints for a file."""
    (folder / "03_small.py").write_text(content, encoding="utf-8")
    capsys.readouterr()
    status = cli.main(["check", "3"])
    shown = capsys.readouterr()
    assert shown.err == ""
    assert "Traceback" not in shown.out
    return status, shown.out.splitlines()


def test_the_way_of_a_learner(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert checked(folder, STUB, capsys) == (1, [
        "Lesson 3, your answers in 03_small.py",
        "  not yet  double: twice a number (not written yet)",
        "  not yet  slope: a backward pass (not written yet)",
        "0 of 2 exercises are right. Next: double",
    ])  # fmt: skip
    status, lines = checked(folder, written(double="return x + 2"), capsys)
    assert (status, lines[1:]) == (1, [
        "  wrong    double: twice a number",
        "           case 2 of 2 is wrong:",
        "             x = 3.5",
        "             given = 5.5",
        "             expected = 7.0",
        "  not yet  slope: a backward pass (not written yet)",
        "0 of 2 exercises are right. Next: double",
    ])  # fmt: skip
    status, lines = checked(folder, written(**RIGHT | {"slope": "return g.T @ x"}), capsys)
    assert (status, lines[1:3]) == (1, [
        "  ok       double: twice a number",
        "  wrong    slope: a backward pass",
    ])  # fmt: skip
    assert lines[3].startswith("           dw: it is transposed: ")
    assert lines[-1] == "1 of 2 exercises are right. Next: slope"
    assert checked(folder, written(**RIGHT), capsys) == (0, [
        "Lesson 3, your answers in 03_small.py",
        "  ok       double: twice a number",
        "  ok       slope: a backward pass",
        "All 2 exercises are right.",
    ])  # fmt: skip


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("y = x + z\nreturn y", ["NameError: name 'z' is not defined", "line 8: y = x + z"]),
        ("return np.linalg.inv(x)", ["LinAlgError: ", "line 8: return np.linalg.inv(x)"]),
        ("return double(x)", ["RecursionError: ", "line 8: return double(x)"]),
        (
            "def inner(y):\n    return y.shape\nreturn inner(x)",
            ["AttributeError: ", "line 9: return y.shape"],
        ),
        ("raise SystemExit(0)", ["SystemExit: 0", "line 8: raise SystemExit(0)"]),
        ("assert x < 0", ["AssertionError", "line 8: assert x < 0"]),
        ("y = 2 * x", ["it gives nothing back (None): is there a return?"]),
        ("y = 2 * x\n...", ["it gives nothing back", "Line 9 is still `...`."]),
        ("y = 2 * x\npass", ["it gives nothing back", "Line 9 is still `pass`."]),
        (
            "a, é = np.ones((7, 3)), np.ones((7, 4))\nreturn é.T @ a @ (a + a)",
            ["ValueError: matmul", "line 9: ret", "é.T @ a has the shape (4, 3), a + a has"],
        ),
        ("return np.ones(3) + np.ones((\n  2,\n))", ["ValueError: operands", "line 8: return"]),
        ("pass", ["(not written yet)"]),
        ("return 2 * x\n...", ["  ok       double"]),
        ("print('here', x)\nreturn 2 * x", ["here 2", "here 3.5", "  ok       double"]),
    ],
)
def test_what_is_said_of_an_answer(
    body: str, says: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, lines = checked(folder, written(double=body), capsys)
    assert status == 1
    for words in says:
        assert any(words in line for line in lines), lines
    assert lines[-2] == "  not yet  slope: a backward pass (not written yet)"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("def double(x):\n    return 2 * (x", ["SyntaxError: '(' was never closed", "line 2: ret"]),
        (
            "def double(x):\nreturn 2",
            ["IndentationError: expected an indented", "line 2: return 2"],
        ),
        ("import nothing_of_this_name", ["ModuleNotFoundError", "line 1: import nothing_of"]),
        ("x = 1\ny = x / 0", ["ZeroDivisionError: division by zero", "line 2: y = x / 0"]),
        ("exit(3)", ["SystemExit: 3", "line 1: exit(3)"]),
        ("\0", ["null bytes"]),
    ],
)
def test_a_file_that_does_not_run(
    content: str, says: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, lines = checked(folder, content, capsys)
    assert status == 1
    assert lines[1].startswith("  the file does not run: ")
    for words in says:
        assert words in "\n".join(lines[1:])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "there is no function double in this file"),
        ("double = [1]", "there is a list and not a function double in this file"),
        ("def double(): return 2", "double() takes 0 positional arguments but 1 was given"),
        ("def double(x, y): return 2", "missing 1 required positional argument: 'y'"),
        ("double = lambda x: 2 * x", "  ok       double: twice a number"),
    ],
)
def test_a_function_that_is_missing_or_is_none(
    content: str, says: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, lines = checked(folder, content, capsys)
    assert status == 1
    assert says in "\n".join(lines)
    assert "there is no function slope in this file" in lines[-2]


def test_the_file_keeps_to_its_own_names(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is not __main__, it may change module variables, and nothing is left behind."""
    content = "count = 0\nif __name__ == '__main__':\n    1 / 0\n"
    content += "def double(x):\n    global count\n    count += 1\n    return 2 * x\n"
    assert "  ok       double: twice a number" in checked(folder, content, capsys)[1]
    assert [path.name for path in folder.iterdir()] == ["03_small.py"]


def test_start_and_check_in_a_wheel(tmp_path: Path) -> None:
    """The package with lessons inside, as pyproject.toml puts them, and nothing beside it."""
    skip, site = shutil.ignore_patterns("__pycache__"), tmp_path / "site" / "tinygrad_edu"
    shutil.copytree(ROOT / "tinygrad_edu", site, ignore=skip)
    shutil.copytree(ROOT / "lessons", site / "_lessons", ignore=skip)
    here = tmp_path / "here"
    here.mkdir()

    variables = {"PYTHONPATH": str(site.parent), "PYTHONIOENCODING": "utf-8"}

    def command(*arguments: str) -> tuple[int, str]:
        result = subprocess.run(
            [sys.executable, "-W", "error", "-m", "tinygrad_edu", *arguments],
            cwd=here, env={**os.environ, **variables}, capture_output=True, encoding="utf-8",
            timeout=300,
        )  # fmt: skip
        return result.returncode, result.stdout + result.stderr

    assert command("start", "10")[0] == 0
    status, shown = command("check", "10")
    assert (status, shown.count("not yet  ")) == (1, 4), shown
    shutil.copy(site / "_lessons" / "solutions" / "10_digits.py", here)
    status, shown = command("check", "10")
    assert (status, shown.count("  ok  ")) == (0, 4), shown
    assert [path.name for path in here.iterdir()] == ["10_digits.py"]

"""The command line: what it prints, its exit status, and what it hands to a lesson."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import tinygrad_edu as te
from tinygrad_edu import cli, doctor

ROOT = Path(__file__).parent.parent
LESSONS = sorted((ROOT / "lessons").glob("[0-9][0-9]_*.py"))


def command(
    *arguments: str, folder: Path, root: Path = ROOT, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run the command line in another process, with warnings as errors."""
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONIOENCODING": "utf-8", **variables}
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "tinygrad_edu", *arguments],
        cwd=folder, env=environment, capture_output=True, encoding="utf-8", timeout=300,
    )  # fmt: skip


@pytest.fixture
def lesson_3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lesson 3, the only one there is, that prints its options; a test may add lines to it."""
    path = tmp_path / "03_small.py"
    path.write_text(
        "from tinygrad_edu import lesson\n"
        "options = lesson.start(3, 'Small things', minutes=7, full='a folder')\n"
        "print(sorted(vars(options).items()))\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(cli, "find_lessons", lambda: [cli.about(path)])
    return path


# --- listing and help


def test_lessons_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["lessons"]) == 0
    shown = capsys.readouterr().out
    assert re.search(r"^ +10 +Handwritten digits +60$", shown, re.M)
    assert "tinygrad-edu lesson" in shown
    assert cli.main(["lessons", "--numbers"]) == 0
    listed = capsys.readouterr().out.split()
    assert listed == [str(int(path.name[:2])) for path in LESSONS]


def test_each_lesson_says_its_own_number() -> None:
    for path, entry in zip(LESSONS, cli.find_lessons(), strict=True):
        assert entry.path == path
        assert entry.number == int(path.name[:2])
        assert entry.title
        assert 5 <= entry.minutes <= 120


def test_a_lesson_without_a_start_is_named(tmp_path: Path) -> None:
    path = tmp_path / "04_empty.py"
    path.write_text("print('hello')", encoding="utf-8")
    with pytest.raises(ValueError, match=r"04_empty.py has no call lesson.start"):
        cli.about(path)


def test_an_installation_without_lessons_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "__file__", str(tmp_path / "tinygrad_edu" / "cli.py"))
    assert cli.main(["lessons"]) == 1
    assert "there are no lessons in" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_help_names_the_commands(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    try:
        status = cli.main(arguments)
    except SystemExit as end:
        status = int(end.code or 0)
    assert status == 0
    shown = capsys.readouterr().out
    for name in ("lessons", "lesson ", "start", "check", "doctor", "--version"):
        assert name in shown


def test_help_of_lesson_and_of_a_lesson(
    lesson_3: Path, capsys: pytest.CaptureFixture[str], seeded: None
) -> None:
    for arguments, own in (["lesson", "--help"], False), (["lesson", "3", "--help"], True):
        with pytest.raises(SystemExit) as end:
            cli.main(arguments)
        assert end.value.code == 0
        shown = capsys.readouterr().out
        for option in ("--quick", "--device", "--figures", "--seed"):
            assert option in shown
        assert ("--full" in shown) is own
        assert "usage: tinygrad-edu lesson" in shown


def test_version(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out.startswith("tinygrad_edu ")
    monkeypatch.setattr(doctor, "version_of", lambda package: None)
    assert "not installed" in doctor.version()


def test_the_script_of_the_package_is_main() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["scripts"] == {"tinygrad-edu": "tinygrad_edu.cli:main"}


# --- wrong calls


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["lesson", "99"], "there is no lesson '99'; the lessons are"),
        (["lesson", "ten"], "there is no lesson 'ten'"),
        (["lesson", "--quick", "99"], "there is no lesson '99'"),
        (["lesson"], "the following arguments are required: N"),
        (["lesson", "3", "--fast"], "unrecognized arguments: --fast"),
        (["lesson", "3", "--seed", "one"], "invalid int value: 'one'"),
        (["lesson", "3", "--device", "gpu"], "there is no device 'gpu'"),
        (["lessons", "--fast"], "unrecognized arguments: --fast"),
        (["learn"], "invalid choice: 'learn'"),
    ],
)
def test_a_wrong_call_ends_with_a_sentence(
    arguments: list[str], says: str, lesson_3: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main(arguments)
    assert end.value.code == 2
    assert says in capsys.readouterr().err


# --- running a lesson


@pytest.mark.parametrize(
    ("arguments", "changed"),
    [
        (["3"], {}),
        (["03"], {}),
        (["3", "--quick", "--seed", "5"], {"quick": True, "seed": 5}),
        (["--seed=5", "--quick", "3"], {"quick": True, "seed": 5}),
        (["--seed", "3", "3"], {"seed": 3}),
        (["3", "--figures", "a b", "--full", "c d"], {"figures": "a b", "full": "c d"}),
        (["3", "--device", "pretend-gpu"], {"device": "pretend-gpu"}),
    ],
)
def test_a_lesson_gets_its_options(
    arguments: list[str],
    changed: dict[str, object],
    lesson_3: Path,
    capsys: pytest.CaptureFixture[str],
    seeded: None,
) -> None:
    before = sys.argv
    assert cli.main(["lesson", *arguments]) == 0
    assert sys.argv is before
    assert te.default_device() == "cpu"
    options = {"device": "cpu", "figures": "figures", "full": None, "quick": False, "seed": 0}
    shown = capsys.readouterr().out
    assert str(sorted((options | changed).items())) in shown
    assert "Lesson 3: Small things (about 7 minutes" in shown
    assert str(lesson_3) in shown


@pytest.mark.parametrize(
    ("line", "status", "says"),
    [
        ("raise KeyboardInterrupt", 130, "stopped"),
        ("lesson.expect('loss', 1.0, below=0.5)", 1, "lesson 3, loss: expected below 0.5, found 1"),
        ("open('/no/such/file')", 1, "No such file or directory: '/no/such/file'"),
        ("raise SystemExit(4)", 4, ""),
    ],
)
def test_how_a_lesson_ends(
    line: str,
    status: int,
    says: str,
    lesson_3: Path,
    capsys: pytest.CaptureFixture[str],
    seeded: None,
) -> None:
    with lesson_3.open("a", encoding="utf-8") as file:
        file.write(line)
    try:
        assert cli.main(["lesson", "3"]) == status
    except SystemExit as end:
        assert end.code == status
    shown = capsys.readouterr().err
    assert says in shown
    assert "Traceback" not in shown


def test_a_mistake_inside_a_lesson_keeps_its_traceback(lesson_3: Path, seeded: None) -> None:
    with lesson_3.open("a", encoding="utf-8") as file:
        file.write("1 / 0")
    with pytest.raises(ZeroDivisionError):
        cli.main(["lesson", "3"])


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_a_console_without_mathematical_signs_gets_a_question_mark(
    encoding: str, tmp_path: Path
) -> None:
    variables = {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    (tmp_path / "a.py").write_text(
        "from tinygrad_edu.lesson import expect, use_safe_console\n"
        "use_safe_console()\n"
        "expect('∂L/∂w of √x, 准确率', 1, 1)",
        encoding="utf-8",
    )
    result = subprocess.run(
        [sys.executable, "-W", "error", "a.py"], cwd=tmp_path, capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert result.stdout.split(b"\n")[0].rstrip() == b"  ok  ?L/?w of ?x, ???: 1, expected 1"
    assert command("doctor", folder=tmp_path, **variables).returncode == 0


# --- doctor, and the installed form


def test_doctor_reports_this_machine(tmp_path: Path) -> None:
    result = command("doctor", folder=tmp_path)
    assert result.returncode == 0, result.stderr
    for name in ("Python", "NumPy", "matplotlib", "tqdm", 'device "cuda"', 'device "pretend-gpu"'):
        assert re.search(rf"^  {re.escape(name)} +\S", result.stdout, re.M), name
    assert str(tmp_path / "figures") in result.stdout
    assert "all is well" in result.stdout
    assert re.search("^  freed memory +(kept for|goes back|as )", result.stdout, re.M)
    assert not (tmp_path / "figures").exists()


def test_doctor_says_what_is_missing_or_wrong(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(doctor, "version_of", lambda package: None)
    monkeypatch.setattr(doctor.cuda, "reason_not_available", lambda: "no driver found")
    monkeypatch.setattr(doctor.os, "access", lambda *_: False)
    monkeypatch.setattr(doctor, "smoke_training", lambda device: (2.3, 2.3, 1.0))
    assert cli.main(["doctor"]) == 1
    shown, error = capsys.readouterr()
    for words in ("MISSING", "no driver found", "cannot be written to"):
        assert words in shown
    assert "something is wrong" in error


def test_the_smoke_training_learns(seeded: None) -> None:
    before, after, milliseconds = doctor.smoke_training(steps=50)
    assert 1.8 < before < 2.9
    assert after < 0.7 * before
    assert milliseconds > 0


def test_it_runs_as_a_wheel_lays_it_out(tmp_path: Path) -> None:
    """The package with lessons inside, as pyproject.toml puts them, and nothing beside it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    folders = {name: f"tinygrad_edu/_{name}" for name in ("lessons", "benchmarks")}
    assert wheel["force-include"] == folders
    skip = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "tinygrad_edu", tmp_path / "site" / "tinygrad_edu", ignore=skip)
    for name, inside in folders.items():
        shutil.copytree(ROOT / name, tmp_path / "site" / inside, ignore=skip)
    empty = tmp_path / "empty"
    empty.mkdir()
    result = command("lessons", "--numbers", folder=empty, root=tmp_path / "site")
    assert result.stdout.split() == [str(int(path.name[:2])) for path in LESSONS]
    result = command("lesson", "10", "--quick", folder=empty, root=tmp_path / "site")
    assert result.returncode == 0, result.stderr
    assert str(Path("_lessons", "10_digits.py")) in result.stdout
    assert [path.name for path in empty.iterdir()] == ["figures"]
    short = ("--jobs", "2-64-32-1", "--rounds", "1", "--seconds", "0.001")
    result = command(
        "bench", *short, "--peers", "tinygrad_edu", folder=empty, root=tmp_path / "site"
    )
    assert result.returncode == 0, result.stderr

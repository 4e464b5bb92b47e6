"""The teacher's page says of each lesson what the lesson says of itself, and its commands work."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tinygrad_edu import cli

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "lessons" / "TEACHING.md").read_text(encoding="utf-8")


def rows() -> dict[int, list[str]]:
    """The table of lessons: number, title, minutes, what comes before, what it settles."""
    lines = re.findall(r"^\| (\d+) \|(.*)\|$", PAGE, re.M)
    return {int(number): [cell.strip() for cell in rest.split("|")] for number, rest in lines}


def named_before(path: Path) -> set[int]:
    """The lessons that a lesson's paragraph "Before this lesson" names."""
    text = path.read_text(encoding="utf-8")
    (found,) = re.findall(r"\*\*Before this lesson\.\*\*(.*?)\n(?:#\n|\n)", text, re.S)
    paragraph = found.replace("\n# ", " ")
    lists = re.findall(r"[Ll]essons? (\d+(?:(?:, | and | to )\d+)*)", paragraph)
    return {int(number) for several in lists for number in re.findall(r"\d+", several)}


def test_every_lesson_has_its_row() -> None:
    assert list(rows()) == [entry.number for entry in cli.find_lessons()]


@pytest.mark.parametrize("entry", cli.find_lessons(), ids=lambda entry: entry.path.stem)
def test_a_row_agrees_with_its_lesson(entry: cli.About) -> None:
    title, minutes, after, settles = rows()[entry.number]
    assert (title, minutes) == (entry.title, str(entry.minutes))
    assert {int(number) for number in re.findall(r"\d+", after)} == named_before(entry.path)
    assert settles


def test_the_ways_through_leave_out_nothing() -> None:
    (ways,) = re.findall(r"leave out nothing they build on:(.*?)Two that jump", PAGE, re.S)
    found = re.findall(r"\*\*(\w+)\*\* ([^.]*)\.", ways)
    assert [name for name, _ in found] == ["Mathematics", "Pictures", "Language"]
    for name, lessons in found:
        taken: set[int] = set()
        for first, last in re.findall(r"(\d+)(?:\s+to\s+(\d+))?", lessons):
            taken |= set(range(int(first), int(last or first) + 1))
        for number in taken:
            needed = {int(before) for before in re.findall(r"\d+", rows()[number][2])}
            assert needed <= taken, f"{name}: lesson {number} builds on {needed - taken}"


def test_a_class_without_solutions(tmp_path: Path) -> None:
    """The command on the page takes the solutions away, and start and check go on working."""
    site = tmp_path / "site" / "tinygrad_edu"
    skip = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "tinygrad_edu", site, ignore=skip)
    shutil.copytree(ROOT / "lessons", site / "_lessons", ignore=skip)
    answer = (site / "_lessons" / "solutions" / "05_two_layer_net.py").read_text(encoding="utf-8")
    variables = {"PYTHONPATH": str(site.parent), "PYTHONIOENCODING": "utf-8"}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-W", "error", *arguments],
            cwd=tmp_path, env={**os.environ, **variables}, capture_output=True, encoding="utf-8",
            timeout=300,
        )  # fmt: skip

    (command,) = re.findall(r'^python -c "(.*)"$', PAGE, re.M)
    assert run("-c", command).returncode == 0
    assert not (site / "_lessons" / "solutions").exists()
    assert run("-m", "tinygrad_edu", "start", "5", "class").returncode == 0
    checked = run("-m", "tinygrad_edu", "check", "5", "class")
    assert (checked.returncode, checked.stdout.count("not yet")) == (1, 4), checked.stderr
    (tmp_path / "class" / "05_two_layer_net.py").write_text(answer, encoding="utf-8")
    assert run("-m", "tinygrad_edu", "check", "5", "class").returncode == 0

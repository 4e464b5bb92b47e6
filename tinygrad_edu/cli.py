"""The command line: tinygrad-edu lessons | lesson N | start N | check N | doctor | bench."""

from __future__ import annotations

import argparse
import ast
import importlib
import runpy
import sys
from pathlib import Path
from typing import Any, NamedTuple

from . import answers, backend
from .doctor import doctor, version
from .lesson import add_options, use_safe_console
from .tables import CheckFailed, table


def main(arguments: list[str] | None = None) -> int:
    """Run a command; its exit status: 0 done, 1 failed, 2 wrongly called, 130 stopped."""
    use_safe_console()
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    parser = _parser()
    try:
        if arguments[:1] == ["lesson"] and arguments[1:] and arguments[1].isdigit():
            return run_lesson(parser, arguments[1], arguments[2:])
        if arguments[:1] == ["bench"]:
            return int(_benchmarks().main(arguments[1:]))
        options = parser.parse_args(arguments)
        if options.command == "lesson":  # its options came first
            arguments.remove(options.number)
            return run_lesson(parser, options.number, arguments[1:])
        if options.command == "lessons":
            return list_lessons(options.numbers)
        if options.command == "start":
            return answers.start(_lesson(parser, options.number).path, options.folder)
        if options.command == "check":
            return answers.check(_lesson(parser, options.number).path, options.file)
        if options.command == "doctor":
            return doctor()
        parser.print_help()
        return 0
    except KeyboardInterrupt:
        return _ended("stopped", 130)
    except (CheckFailed, OSError) as error:
        return _ended(str(error), 1)


def _ended(reason: str, status: int) -> int:
    print(f"\ntinygrad-edu: {reason}", file=sys.stderr)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tinygrad-edu",
        description="Deep learning from scratch on NumPy: its lessons, and a look at this machine.",
        epilog="Begin with: tinygrad-edu lessons",
    )
    parser.add_argument("--version", action="version", version=f"tinygrad_edu {version()}")
    commands = parser.add_subparsers(dest="command", title="commands", metavar="COMMAND")

    line = "list the lessons"
    lessons = commands.add_parser("lessons", help=line, description=line)
    lessons.add_argument("--numbers", action="store_true", help="only their numbers, for scripts")

    line = "run a lesson: it prints its results and saves its figures"
    lesson = commands.add_parser(
        "lesson", help=line, description=line,
        epilog="Some lessons have more options: tinygrad-edu lesson N --help",
    )  # fmt: skip
    lesson.add_argument("number", metavar="N", help="its number in the list of lessons")
    add_options(lesson)

    line = "copy the exercises of a lesson into your folder"
    start = commands.add_parser("start", help=line, description=line)
    start.add_argument("number", metavar="N", help="the number of the lesson")
    start.add_argument("folder", metavar="DIR", nargs="?", default=".", help="this folder if none")

    line = "check your answers to the exercises of a lesson"
    check = commands.add_parser("check", help=line, description=line)
    check.add_argument("number", metavar="N", help="the number of the lesson")
    check.add_argument("file", metavar="FILE", nargs="?", help="what start made here, if none")

    line = "show what this machine has, and train for a moment"
    commands.add_parser("doctor", help=line, description=line)

    line = "time whole training steps, against other libraries that are installed here"
    commands.add_parser("bench", help=line)  # it reads its options itself
    return parser


def _benchmarks() -> Any:
    """The benchmark, from inside the installed package or from beside it in the source."""
    package = Path(__file__).parent
    if (package / "_benchmarks").is_dir():
        return importlib.import_module("tinygrad_edu._benchmarks.training")
    if str(package.parent) not in sys.path:
        sys.path.append(str(package.parent))
    return importlib.import_module("benchmarks.training")


# --- lessons


class About(NamedTuple):
    """What a lesson says of itself in its call of lesson.start()."""

    number: int
    title: str
    minutes: int
    path: Path


def find_lessons() -> list[About]:
    """Every lesson in order, from inside the installed package or from beside it in the source."""
    package = Path(__file__).parent
    installed = package / "_lessons"
    folder = installed if installed.is_dir() else package.parent / "lessons"
    found = sorted(folder.glob("[0-9][0-9]_*.py"))
    if not found:
        raise FileNotFoundError(f"there are no lessons in {folder}: install tinygrad_edu again")
    return [about(path) for path in found]


def about(path: Path) -> About:
    """A lesson's number, title and minutes, read from its text without running it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "lesson.start":
            number, title = map(ast.literal_eval, node.args)
            options = {keyword.arg: keyword.value for keyword in node.keywords}
            return About(number, title, ast.literal_eval(options["minutes"]), path)
    raise ValueError(f"{path} has no call lesson.start(number, title, minutes=…)")


def list_lessons(only_numbers: bool = False) -> int:
    """Print the lessons with their titles and minutes."""
    found = find_lessons()
    if only_numbers:
        print(*(entry.number for entry in found), sep="\n")
        return 0
    table(["lesson", "title", "minutes"], [entry[:3] for entry in found])
    print(f"\nRun one with its number, as in: tinygrad-edu lesson {found[-1].number}")
    return 0


def _lesson(parser: argparse.ArgumentParser, number: str) -> About:
    found = {entry.number: entry for entry in find_lessons()}
    if not number.isdigit() or int(number) not in found:
        known = ", ".join(map(str, found))
        parser.error(f"there is no lesson {number!r}; the lessons are {known}")
    return found[int(number)]


def run_lesson(parser: argparse.ArgumentParser, number: str, arguments: list[str]) -> int:
    """Run a lesson in this process; it reads the arguments itself."""
    path = str(_lesson(parser, number).path)
    before = sys.argv, backend.default_device()
    sys.argv = [path, *arguments]
    try:
        runpy.run_path(path, run_name="__main__")
    finally:
        sys.argv = before[0]
        backend.set_default_device(before[1])
    return 0

"""Lessons run, print what they say, and fail when a piece of them is wrong."""

from __future__ import annotations

import functools
import importlib.util
import os
import re
import runpy
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

import tinygrad_edu as te
from tinygrad_edu import lesson, tables

ROOT = Path(__file__).parent.parent
LESSONS = sorted((ROOT / "lessons").glob("[0-9][0-9]_*.py"))
NAMES = [path.stem for path in LESSONS]
DIGITS = ROOT / "lessons" / "10_digits.py"


def python(
    *arguments: str, folder: Path | str, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder, with warnings as errors and this library on its path."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", **variables}
    return subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        cwd=folder, env=environment, capture_output=True, encoding="utf-8", timeout=300,
    )  # fmt: skip


@functools.cache
def quick_run(path: Path) -> tuple[subprocess.CompletedProcess[str], dict[str, bytes]]:
    """A lesson's quick run in an empty folder, and the figures that it left there."""
    with tempfile.TemporaryDirectory() as folder:
        result = python(str(path), "--quick", folder=folder)
        figures = {file.name: file.read_bytes() for file in Path(folder, "figures").glob("*")}
        return result, figures


# --- every lesson


@pytest.mark.parametrize("path", LESSONS, ids=NAMES)
def test_a_lesson_runs_in_an_empty_folder(path: Path) -> None:
    result, figures = quick_run(path)
    assert result.returncode == 0, result.stderr
    number = int(path.name[:2])
    counted = "1 figure" if len(figures) == 1 else f"{len(figures)} figures"
    assert re.search(rf"^Lesson {number}: all \d+ checks hold, {counted} in ", result.stdout, re.M)
    assert result.stdout.count("\n  ok  ") >= 3
    assert figures
    for name, content in figures.items():
        assert name.startswith(f"{number:02}_")
        assert f"figure: {Path('figures', name)}" in result.stdout
        assert content.startswith((b"\x89PNG", b"<svg"))
        assert len(content) > 5000


NO_FIGURES = "from tinygrad_edu import lesson\nlesson.save_figure = lambda *_: None\n"


@pytest.mark.parametrize("place", ["pretend-gpu", pytest.param("cuda", marks=pytest.mark.gpu)])
@pytest.mark.parametrize("path", LESSONS, ids=NAMES)
def test_a_lesson_finds_the_same_on_every_device(path: Path, place: str, tmp_path: Path) -> None:
    run = f"import runpy\nrunpy.run_path({str(path)!r}, run_name='__main__')"
    (tmp_path / "run.py").write_text(f"{NO_FIGURES}{run}", encoding="utf-8")
    result = python("run.py", "--quick", "--device", place, folder=tmp_path)
    assert result.returncode == 0, result.stderr
    assert f"device {place}" in result.stdout
    assert disagreements(quick_run(path)[0].stdout, result.stdout) == []


def disagreements(here: str, there: str) -> list[str]:
    """The lines of checks that say other things of two devices, or other numbers than rounding."""
    ours, theirs = (re.findall("^  ok  .*$", output, re.M) for output in (here, there))
    if len(ours) != len(theirs):
        return [f"{len(ours)} checks here, {len(theirs)} there"]
    pairs = zip(ours, theirs, strict=True)
    return [f"{one} | {other}" for one, other in pairs if not says_the_same(one, other)]


NUMBER = re.compile(r"(?<![\w.])-?\d[\d,]*\.?\d*(?:e[-+]\d+)?")
OF_TIME = re.compile(r"\b(seconds|milliseconds|ms|µs)\b")


def says_the_same(one: str, other: str) -> bool:
    """Equal words, and numbers to float32 rounding as printed; times are not compared.

    Where a check asks for bounds alone, what was trained may differ by as much as rounding grows.
    """
    if NUMBER.sub("#", one) != NUMBER.sub("#", other):
        return False
    if OF_TIME.search(one):
        return True
    bounded = re.search(r", expected (above|below) ", one) is not None
    for a, b in zip(NUMBER.findall(one), NUMBER.findall(other), strict=True):
        x, y = float(a.replace(",", "")), float(b.replace(",", ""))
        is_whole = all(re.fullmatch(r"-?[\d,]+", n) for n in (a, b)) and not bounded
        if abs(x - y) > (0 if is_whole else 1e-5 + (1e-3 if bounded else 1e-4) * abs(x)):
            return False
    return True


def test_the_comparison_of_devices_sees_what_differs() -> None:
    line = "  ok  loss of 3 rows: 0.250001, expected 0.25 within 1e-05"
    assert disagreements(f"a\n{line}\nb", line.replace("0.250001", "0.250003")) == []
    for change in (("0.250001", "0.2503"), ("loss", "cost"), ("3 rows", "4 rows"), (" ok ", "")):
        assert disagreements(line, line.replace(*change)) != []
    trained = "  ok  accuracy: 0.95, expected above 0.9"
    assert says_the_same(trained, trained.replace("0.95", "0.9505"))
    assert not says_the_same(trained, trained.replace("0.95", "0.94"))
    took = "  ok  seconds of a step: 0.3, expected below 9"
    assert says_the_same(took, took.replace("0.3", "0.7"))
    second = "  ok  second step: 0.3295, expected 0.3295 within 0.0001"
    assert not says_the_same(second, second.replace("0.3295", "0.3395"))


def text_cells(path: Path) -> str:
    """What a lesson says in its text cells, without the listings that it quotes."""
    cells = re.split(r"^# %%", path.read_text(encoding="utf-8"), flags=re.M)
    text = "\n".join(cell for cell in cells if cell.startswith(" [markdown]"))
    return re.sub(r"^# ```.*?^# ```", "", text, flags=re.M | re.S)


def numbers(text: str) -> set[str]:
    """The numbers in a text, 60,000 as 60000."""
    found = re.findall(r"(?<![\w.])\d{1,3}(?:,\d{3})+|(?<![\w.])\d+(?:\.\d+)?", text)
    return {number.replace(",", "") for number in found}


def is_exempt(number: str) -> bool:
    """Whole numbers up to 20, years, and the names 000 to 004 of the documents."""
    return "." not in number and (int(number) <= 20 or 1900 <= int(number) <= 2099)


@pytest.mark.parametrize("path", LESSONS, ids=NAMES)
def test_numbers_in_the_text_are_in_the_output(path: Path) -> None:
    said = numbers(re.sub(r"§[\d.]*\d", "", text_cells(path)))
    shown = numbers(quick_run(path)[0].stdout)
    assert {number for number in said if not is_exempt(number)} <= shown


def test_the_check_of_numbers_sees_a_wrong_one() -> None:
    assert numbers("of 60,000 images 3.16 in §5.2, float32") == {"60000", "3.16", "5.2"}
    assert [n for n in ("20", "21", "1998", "003", "0.5") if not is_exempt(n)] == ["21", "0.5"]


@pytest.mark.parametrize("path", LESSONS, ids=NAMES)
def test_a_lesson_is_made_of_cells_and_ends(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert source.startswith(f"# %% [markdown]\n# # Lesson {int(path.name[:2])}. ")
    for part in ("What you will learn", "## Exercises", "## Where this lives in the library"):
        assert part in text_cells(path)
    assert re.search(r"[\u4e00-\u9fff]", text_cells(path)), "the document's Chinese terms"
    assert source.endswith("lesson.finish()\n")


@pytest.mark.skipif(
    not all(map(importlib.util.find_spec, ("jupytext", "nbclient", "ipykernel"))),
    reason="needs the extra [notebooks]",
)
@pytest.mark.parametrize("path", LESSONS, ids=NAMES)
def test_a_lesson_runs_as_a_notebook(path: Path, tmp_path: Path) -> None:
    code = (
        "import jupytext, nbclient, sys\n"
        "notebook = jupytext.read(sys.argv[1])\n"
        "nbclient.NotebookClient(notebook, timeout=300, kernel_name='python3').execute()\n"
        "print([o for c in notebook.cells if c.cell_type == 'code' for o in c.outputs])"
    )
    (tmp_path / "run.py").write_text(code, encoding="utf-8")
    variables = {"TINYGRAD_EDU_LESSON": "--quick --figures pictures", "PYTHONWARNINGS": "default"}
    result = python("-W", "default", "run.py", str(path), folder=tmp_path, **variables)
    assert result.returncode == 0, result.stderr[-3000:]
    assert "checks hold" in result.stdout
    assert "image/png" in result.stdout, "figures are shown in the notebook"
    assert list((tmp_path / "pictures").glob("*.png"))


# --- lesson 10


def test_lesson_10_prints_its_results() -> None:
    lines = quick_run(DIGITS)[0].stdout.splitlines()
    (accuracy,) = [line for line in lines if re.fullmatch(r"test accuracy 0\.\d{3}", line)]
    assert float(accuracy.split()[-1]) > 0.87
    for line in (
        "  ok  parameters: 101,770, expected 101,770",
        "  ok  the listing's network on the listing's images raises ValueError:",
    ):
        assert line in lines
    assert any("(28, 28, 1)" in line and "the document is wrong" in line for line in lines)
    assert any(re.fullmatch(r"training took [\d.]+ seconds, [\d.]+ ms a step", x) for x in lines)


# --- mutants


# tests/mutants/NN_name.py has by name: what is changed in the library before the lesson runs; what
# is changed in the lesson, (old, new) or (); a part of the name of the check that must fail.
MUTANTS = {
    stem: runpy.run_path(str(ROOT / "tests" / "mutants" / f"{stem}.py"))["MUTANTS"]
    for stem in NAMES
}


@pytest.mark.parametrize(
    ("lesson_name", "name"), [(stem, name) for stem, those in MUTANTS.items() for name in those]
)
def test_a_mutant_of_a_lesson_fails(lesson_name: str, name: str, tmp_path: Path) -> None:
    library, change, check = MUTANTS[lesson_name][name]
    source = (ROOT / "lessons" / f"{lesson_name}.py").read_text(encoding="utf-8")
    if change:
        assert change[0] in source
        source = source.replace(*change)
    (tmp_path / f"{lesson_name}.py").write_text(source, encoding="utf-8")
    run = f"import runpy\nrunpy.run_path('{lesson_name}.py', run_name='__main__')"
    (tmp_path / "run.py").write_text(f"{library}\n{NO_FIGURES}{run}", encoding="utf-8")
    result = python("run.py", "--quick", folder=tmp_path)
    assert result.returncode == 1
    last = result.stderr.splitlines()[-1]
    assert last.startswith("tinygrad_edu.tables.CheckFailed: "), last
    assert check in last


def test_full_without_the_files_says_what_to_do(tmp_path: Path) -> None:
    result = python(str(DIGITS), "--quick", "--full", "nowhere", folder=tmp_path)
    assert result.returncode == 1
    assert "MNIST is four files" in result.stderr


# --- what lessons share


def test_expect_records_what_holds_and_stops_at_what_does_not(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lesson, "_run", lesson._Run(number=3))
    lesson.expect("parameters", 101_770, 101_770)
    lesson.expect("loss", te.tensor(0.25), 0.2, tolerance=0.1)
    lesson.expect("row", np.array([1.0, 2.0]), [1.0, 2.0], tolerance=1e-12)
    lesson.expect("accuracy", 0.95, above=0.9, below=1)
    lesson.expect("name", "tanh", "tanh")
    assert [check.name for check in lesson._run.checks] == [
        "parameters", "loss", "row", "accuracy", "name",
    ]  # fmt: skip
    assert capsys.readouterr().out.splitlines() == [
        "  ok  parameters: 101,770, expected 101,770",
        "  ok  loss: 0.25, expected 0.2 within 0.1",
        "  ok  row: [1. 2.], expected [1.0, 2.0] within 1e-12",
        "  ok  accuracy: 0.95, expected above 0.9 and below 1",
        "  ok  name: tanh, expected tanh",
    ]
    nan = float("nan")
    for value, wanted, more in [
        (1, 2, {}), (1.0, 1.2, {"tolerance": 0.1}), (nan, 1.0, {"tolerance": 0.1}),
        (nan, None, {"above": 0}), (0.9, None, {"above": 0.9}), (2, None, {"below": 2}),
        (np.ones(2), np.ones((2, 1)), {"tolerance": 1}), (np.ones(2), 1.0, {"tolerance": 1}),
        ("a", "b", {}), (True, False, {}), ((2, 3), (3, 2), {}),
    ]:  # fmt: skip
        with pytest.raises(lesson.CheckFailed, match="lesson 3, the name: expected"):
            lesson.expect("the name", value, wanted, **more)
    with pytest.raises(TypeError, match="wanted value, or one of"):
        lesson.expect("nothing", 1)
    assert len(lesson._run.checks) == 5


def test_expect_error_wants_the_error_and_its_words(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lesson, "_run", lesson._Run(number=3))
    lesson.expect_error("int", ValueError, lambda: int("x"), says="invalid literal")
    assert "int raises ValueError:\n      invalid literal" in capsys.readouterr().out
    with pytest.raises(lesson.CheckFailed, match="nothing was raised"):
        lesson.expect_error("int", ValueError, lambda: int("1"))
    with pytest.raises(lesson.CheckFailed, match="the error says"):
        lesson.expect_error("int", ValueError, lambda: int("x"), says="shape")
    with pytest.raises(ZeroDivisionError):  # another error is not hidden
        lesson.expect_error("int", ValueError, lambda: 1 // 0)


def test_compare_names_what_is_printed_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    wrong = tables.compare(
        [
            ("σ(2)", "0.612", 0.8807970779778823, 0.8807970779778825),
            ("ŷ", "0.81", 0.8081, 0.8081),
            ("0.80 has two digits", "0.80", 0.8081, 0.8081),
            ("small", 1e-3, 0.00101, 0.00101),
            ("shape", (28, 28, 1), (28, 28), (28, 28)),
            ("not printed", None, 101_770, 101_770),
        ]
    )
    assert wrong == ["σ(2)", "0.80 has two digits", "shape"]
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["printed", "correct", "checked"]
    assert lines[2].split() == "σ(2) 0.612 0.880797 0.880797 <- the document is wrong".split()
    assert lines[-1].split() == ["not", "printed", "-", "101,770", "101,770"]
    with pytest.raises(lesson.CheckFailed, match="0.5 computed, 0.6 by the check"):
        tables.compare([("x", None, 0.5, 0.6)])


def test_tables_are_aligned_with_chinese_and_without_rows(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tables.table(["词", "n"], [("准确率", 5), ("a", 1_000)])
    tables.table(["a", "b"], [])
    assert capsys.readouterr().out.splitlines() == [
        "  词           n",
        "  ------   -----",
        "  准确率       5",
        "  a        1,000",
        "  a   b",
        "  -   -",
    ]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (101770, "101,770"), (np.int64(1000), "1,000"), (np.float32(0.5), "0.5"),
        (1 / 3, "0.333333"), (True, "True"), ((28, 28), "(28, 28)"), (np.array(2.5), "2.5"),
        (np.array([1.0, 1 / 3]), "[1.       0.333333]"), ("x", "x"),
    ],
)  # fmt: skip
def test_values_as_text(value: object, shown: str) -> None:
    assert tables.text(value) == shown
    if isinstance(value, float):
        assert tables.text(te.tensor(value)) == shown


def test_progress_gives_every_item_and_shows_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    bar = lesson.progress(range(5), "epoch 1/5")
    total = 0
    for i in bar:
        total += i
        bar.set_postfix_str(f"loss {i:.2f}", refresh=False)
    assert total == 10
    shown = capsys.readouterr().err
    assert shown.count("\r") == 2, "a log file gets the start and the end only"
    assert "epoch 1/5 100%" in shown
    assert "5/5" in shown
    assert "loss 4.00" in shown


def test_a_device_that_cannot_be_used_is_refused_with_the_reason(tmp_path: Path) -> None:
    for device, reason in (("gpu", "there is no device 'gpu'"), ("cuda", "cannot be used")):
        if device == "cuda" and te.cuda_is_available():
            continue
        result = python(str(DIGITS), "--device", device, folder=tmp_path)
        assert result.returncode == 2
        assert reason in result.stderr
        assert "Traceback" not in result.stderr


def test_threads_are_limited_unless_a_variable_says_otherwise(tmp_path: Path) -> None:
    code = "from tinygrad_edu.backend.threads import limit_threads as f; print(f(1))"
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]["name"]
    for variables, done in (({"OPENBLAS_NUM_THREADS": "2"}, False), ({}, blas == "scipy-openblas")):
        clean = {"OPENBLAS_NUM_THREADS": "", "OMP_NUM_THREADS": ""}
        result = python("-c", code, folder=tmp_path, **{**clean, **variables})
        assert result.stdout.strip() == str(done)

"""Numbers as text, and tables of them, for a console; from simple to hard."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np

from .tensor import Tensor


class CheckFailed(AssertionError):
    """A lesson found something else than it expected."""


def plain(value: Any) -> Any:
    """The value without its Tensor, and a number where it has the shape ()."""
    value = value.numpy() if isinstance(value, Tensor) else value
    return value.item() if isinstance(value, np.ndarray | np.generic) and not value.shape else value


def text(value: Any, digits: int = 6) -> str:
    """A value as a lesson prints it: 101,770 and 0.1234 and (32, 784)."""
    value = plain(value)
    if isinstance(value, np.ndarray):
        return np.array2string(value, precision=digits)
    if isinstance(value, float):
        return f"{value:.{digits}g}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value)


def width(line: str) -> int:
    """Columns on the screen: a Chinese character takes two."""
    return sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in line)


def show(name: str, value: Any, digits: int = 11) -> None:
    """Print an array in one line under its name."""
    entries = np.array2string(
        np.asarray(value), precision=digits, separator=", ", floatmode="maxprec"
    )
    print(f"{name:10} = {' '.join(entries.split())}")


def labelled(name: str, value: Any) -> str:
    """One value under its name, arrays with their shape and shortened where they are long."""
    value = plain(value)
    if isinstance(value, tuple):
        return "\n".join(labelled(f"{name}[{i}]", part) for i, part in enumerate(value))
    if isinstance(value, np.ndarray):
        shown = np.array2string(value, precision=8, threshold=40, edgeitems=3)
        line = f"  {name} = {shown}".replace("\n", "\n" + " " * (len(name) + 5))
        return line + f"  shape {value.shape}"
    return f"  {name} = {value!r}"


def table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print rows under a header: columns of numbers to the right, others to the left."""
    body = [[text(entry) for entry in row] for row in rows]
    columns = list(zip(header, *body, strict=True))
    widths = [max(map(width, column)) for column in columns]
    right = [all(map(_is_numeric, column[1:])) for column in columns]
    for line in [list(header), ["-" * size for size in widths], *body]:
        cells = [_padded(*cell) for cell in zip(line, widths, right, strict=True)]
        print(("  " + "   ".join(cells)).rstrip())


def _is_numeric(cell: str) -> bool:
    return re.fullmatch(r"-?|[-+]?[\d,]*\.?\d+(e[-+]\d+)?%?", cell) is not None


def _padded(cell: str, size: int, right: bool) -> str:
    space = " " * (size - width(cell))
    return space + cell if right else cell + space


def compare(rows: Iterable[tuple[str, Any, Any, Any]], tolerance: float = 1e-9) -> list[str]:
    """Print a table  printed | correct | checked  and give the names that are printed wrong.

    A row is (name, printed, correct, checked): what the document prints (None for nothing), the
    right value, and that value from a second, independent computation. A printed number is right
    where it is the correct one, rounded to the digits printed; write it as text to keep zeros.
    CheckFailed where correct and checked differ by more than the tolerance.
    """
    lines, wrong = [], []
    for name, printed, correct, checked in rows:
        if not equal(correct, checked, tolerance):
            raise CheckFailed(f"{name}: {text(correct)} computed, {text(checked)} by the check")
        remark = ""
        if printed is not None and not _rounds_to(correct, printed):
            remark = "<- the document is wrong"
            wrong.append(name)
        shown = "-" if printed is None else text(printed)
        lines.append([name, shown, text(correct), text(checked), remark])
    table(["", "printed", "correct", "checked", ""], lines)
    return wrong


def equal(value: Any, wanted: Any, tolerance: float) -> bool:
    """True where shapes are the same and all entries within the tolerance of each other."""
    value, wanted = plain(value), plain(wanted)
    if tolerance == 0 or isinstance(wanted, str):
        return bool(np.array_equal(value, wanted))
    if np.shape(value) != np.shape(wanted):
        return False
    return bool(np.all(np.abs(np.subtract(value, wanted)) <= tolerance))


def same(given: Any, wanted: Any, tolerance: float) -> bool:
    """equal() for an answer that may be anything; relative to the largest number wanted, over 1."""
    if isinstance(wanted, tuple):
        several = isinstance(given, tuple | list) and len(given) == len(wanted)
        return several and all(map(same, given, wanted, [tolerance] * len(wanted)))
    wanted = np.asarray(plain(wanted))
    if wanted.dtype.kind not in "iufc":  # strings, truth values
        return equal(given, wanted, 0)
    try:
        given = np.asarray(plain(given), wanted.dtype if wanted.dtype.kind == "c" else float)
    except (TypeError, ValueError):
        return False
    return equal(given, wanted, tolerance * max(1.0, np.abs(wanted).max(initial=0)))


def compared(given: Any, wanted: Any, tolerance: float) -> str:
    """What was given and what is expected, as text; of several answers only the wrong ones."""
    several = isinstance(wanted, tuple) and isinstance(given, tuple | list)
    if not several or len(given) != len(wanted):
        return f"{labelled('given', given)}\n{labelled('expected', wanted)}"
    lines = []
    for i, (one, other) in enumerate(zip(given, wanted, strict=True)):
        if same(one, other, tolerance):
            lines.append(f"  given[{i}] is right")
        else:
            lines += [labelled(f"given[{i}]", one), labelled(f"expected[{i}]", other)]
    return "\n".join(lines)


def _rounds_to(correct: Any, printed: Any) -> bool:
    """True where printed is correct, rounded to as many decimals as printed has."""
    try:
        shown = Decimal(str(printed))
    except InvalidOperation:
        return bool(np.array_equal(printed, correct))
    unit = 10.0 ** int(shown.as_tuple().exponent)
    return abs(float(shown) - float(correct)) <= 0.5 * unit * (1 + 1e-9)

"""A table of numbers from a CSV file, which in the world has holes and repeats.

read_csv() says where they are, clean() leaves their rows out.
"""

import csv
import io
import math
import pathlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .sets import FilePath, _file_content

__all__ = ["CsvTable", "parse_csv", "read_csv"]

_MISSING = {"", "?", "na", "n/a", "nan", "null"}  # in small or capital letters

Array = npt.NDArray[Any]
Records = list[tuple[int, list[str]]]  # the line on which a row begins, and its cells


class CsvTable(NamedTuple):
    """What a CSV file holds, and what is wrong with it.

    features: (rows, columns), NaN where a cell is missing.
    labels: (rows,). Text is numbered 0 to k − 1 in the order of class_names, which is sorted, and
        −1 where missing. Whole numbers (1 and 1.0 alike) are int64, others float64 with NaN where
        missing; class_names is then empty.
    lines: (rows,), where in the file each row begins; the first line is 1.
    missing: (line, name of the column) of each missing cell.
    duplicates: (line, line of the first such row) of each row that repeats an earlier one.
    """

    features: npt.NDArray[np.float64]
    labels: Array
    feature_names: tuple[str, ...]
    class_names: tuple[str, ...]
    lines: npt.NDArray[np.int64]
    missing: list[tuple[int, str]]
    duplicates: list[tuple[int, int]]

    def clean(self) -> "CsvTable":
        """The table without the rows that miss a cell or repeat an earlier row."""
        bad = [line for line, _ in self.missing] + [line for line, _ in self.duplicates]
        keep = ~np.isin(self.lines, bad)
        features, labels, lines = self.features[keep], _whole(self.labels[keep]), self.lines[keep]
        names = self.feature_names, self.class_names
        return CsvTable(features, labels, *names, lines, missing=[], duplicates=[])

    def report(self) -> str:
        """How big the table is, and on which lines cells are missing or rows repeated."""
        rows, columns = self.features.shape
        return (
            f"{_count(rows, 'row')}, {_count(columns, 'feature')}; "
            f"{_count(len(self.missing), 'cell')} missing{_places(self.missing)}, "
            f"{_count(len(self.duplicates), 'duplicate row')}{_places(self.duplicates)}"
        )


def _count(number: int, thing: str) -> str:
    return f"{number or 'no'} {thing}{'' if number == 1 else 's'}"


def _places(found: Sequence[tuple[int, Any]]) -> str:
    """Such as " (lines 7, 19)", each line once; of more than ten the first ten."""
    each = list(dict.fromkeys(line for line, _ in found))
    named = ", ".join(map(str, each[:10])) + (f" and {len(each) - 10} more" if each[10:] else "")
    return f" (line{'s' if each[1:] else ''} {named})" if each else ""


def read_csv(path: FilePath, label_column: int | str = -1, delimiter: str = ",") -> CsvTable:
    """The table in a CSV file: numbers, and one column of labels, which may be text.

    print(table.report()) says what is missing or repeated; table.clean() leaves those rows out.
    Missing is a cell that is empty, ?, NA, N/A, NaN or null. ValueError names the line and column
    of text where a number should be, and says what else cannot be read. An infinite number, such as
    inf or 1e999, is no feature and no label either, not even the name of a class.

    Args:
        path: a UTF-8 file, plain or gzip-compressed. Its first line is taken as names where it
            has text and no number in the feature columns; blank lines are passed over.
        label_column: its place (0 is the first, −1 the last) or its name in the first line.
        delimiter: the one character between two cells, such as ";" or a tab.
    """
    place = pathlib.Path(path)
    if not place.is_file():
        raise FileNotFoundError(f"{place.absolute()} is not a file: expected a CSV file there")
    return parse_csv(_file_content(place), path, label_column, delimiter)


def parse_csv(
    content: bytes, path: FilePath, label_column: int | str = -1, delimiter: str = ","
) -> CsvTable:
    """read_csv() of the bytes of a file; `path` is for the sentences."""
    if not isinstance(delimiter, str) or len(delimiter) != 1 or delimiter in '"\r\n':
        raise ValueError(
            f"delimiter is the one character between two cells, not {delimiter!r}; "
            'read_csv(path, delimiter=";"), or delimiter="\\t" for a tab'
        )
    if not isinstance(label_column, str | int | np.integer):
        raise ValueError(
            "label_column is a whole number, the place of the column, or its name, not "
            f"{label_column!r}; read_csv(path, label_column=-1) takes the last column"
        )
    records = _records(path, _text(path, content), delimiter)
    names, records = _label_last(path, records, label_column)
    features, missing = [], []
    for line, row in records:
        numbers = [_number(cell) for cell in row[:-1]]
        if None in numbers:
            column = numbers.index(None)
            raise _wrong(path, line, f"a number in column {names[column]!r}", repr(row[column]))
        features.append(np.array(numbers, np.float64))
        missing += [(line, names[i]) for i, x in enumerate(row) if x.casefold() in _MISSING]
    labels, class_names = _labels(path, names[-1], records)
    table = np.array(features)  # (rows, columns)
    lines = np.array([line for line, _ in records], np.int64)
    repeats = _duplicates(np.column_stack([table, labels]), lines.tolist())
    return CsvTable(table, labels, tuple(names[:-1]), class_names, lines, missing, repeats)


def _records(path: FilePath, text: str, delimiter: str) -> Records:
    """Each row of a CSV file: the line it begins on and its cells, equally many in each."""
    lines = io.StringIO(text, newline="")
    reader = csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=delimiter != " ")
    records: Records = []
    line = 1
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if len(cells) > 1 or any(cells):
                records.append((line, cells))
            line = reader.line_num + 1  # a quoted cell may go over several lines
    except csv.Error as error:
        raise ValueError(f"{path}, line {line}: cannot be read as CSV ({error})") from error

    if not records:
        raise ValueError(f"{path}: expected a table, found an empty file")
    first, cells = records[0]
    width = len(cells)
    if width < 2:
        found = f"{cells[0]!r}; is the delimiter another one?"
        raise _wrong(path, first, f"at least two cells with {delimiter!r} between them", found)
    for line, cells in records:
        if len(cells) != width:
            raise _wrong(path, line, f"{width} cells, as on line {first}", str(len(cells)))
    return records


def _wrong(path: FilePath, line: int, expected: str, found: str) -> ValueError:
    return ValueError(f"{path}, line {line}: expected {expected}, found {found}")


def _text(path: FilePath, content: bytes) -> str:
    """What is written in a file."""
    try:
        return content.decode("utf-8-sig")  # without the mark that some programs put first
    except UnicodeDecodeError as error:
        line, byte = content[: error.start].count(b"\n") + 1, content[error.start]
        found = f"the byte {byte:02x}; save the file again as UTF-8"
        raise _wrong(path, line, "text in UTF-8", found) from error


def _label_last(path: FilePath, records: Records, label: int | str) -> tuple[list[str], Records]:
    """Names of the columns, and the rows without the line of names; the label is put last."""
    first = records[0][1]
    width = len(first)
    if isinstance(label, str):
        if label not in first:
            raise ValueError(f"{path}: expected a column {label!r}, found {', '.join(first)}")
        place, named = first.index(label), True
    elif -width <= label < width:
        place = label % width
        numbers = [_number(cell) for cell in first[:place] + first[place + 1 :]]
        named = None in numbers and all(x is None or math.isnan(x) for x in numbers)
    else:
        raise ValueError(f"{path}: label_column={label}, but there are {width} columns")
    if named and len(records) == 1:
        raise ValueError(f"{path}: expected a table, found a line of names and no row")
    names = [(cell if named else "") or f"column {i}" for i, cell in enumerate(first, start=1)]
    order = [*range(place), *range(place + 1, width), place]
    rows = [(line, [row[i] for i in order]) for line, row in records[named:]]
    return [names[i] for i in order], rows


def _number(cell: str) -> float | None:
    """The finite number in a cell; NaN where it is missing; None where it is other text."""
    if cell.casefold() in _MISSING:
        return math.nan
    try:
        number = float(cell)
    except ValueError:
        return None
    return number if math.isfinite(number) and "_" not in cell else None


def _is_infinite(cell: str) -> bool:
    try:
        return math.isinf(float(cell))
    except ValueError:
        return False


def _labels(path: FilePath, name: str, records: Records) -> tuple[Array, tuple[str, ...]]:
    """The last column as numbers, and the names of the classes where the file has them as text."""
    cells = [(line, row[-1], _number(row[-1])) for line, row in records]
    text = [(line, cell) for line, cell, number in cells if number is None]
    if not text:
        return _whole(np.array([number for _, _, number in cells], np.float64)), ()
    for line, cell in text:
        if _is_infinite(cell):
            expected = f"a finite number or the name of a class in column {name!r}"
            raise _wrong(path, line, expected, repr(cell))
    for line, cell, number in cells:
        if number is not None and not math.isnan(number):
            expected = f"a label in text, such as {text[0][1]!r} on line {text[0][0]}"
            raise _wrong(path, line, f"{expected}, in column {name!r}", f"the number {cell!r}")
    class_names = tuple(sorted({cell for _, cell in text}))
    numbered = {class_name: i for i, class_name in enumerate(class_names)}
    return np.array([numbered.get(cell, -1) for _, cell, _ in cells], np.int64), class_names


def _whole(labels: Array) -> Array:
    """Labels as int64 where all are whole numbers, otherwise as they are."""
    whole = (np.trunc(labels) == labels) & (np.abs(labels) < 2.0**53)
    return labels.astype(np.int64) if whole.all() else labels


def _duplicates(rows: Array, lines: list[int]) -> list[tuple[int, int]]:
    """(line, line of the first one) of each row equal to an earlier one in every cell."""
    first: dict[bytes, int] = {}
    keys = [row.tobytes() for row in rows + 0.0]  # −0.0 + 0.0 is 0.0
    pairs = [(line, first.setdefault(key, line)) for line, key in zip(lines, keys, strict=True)]
    return [(line, earlier) for line, earlier in pairs if line != earlier]

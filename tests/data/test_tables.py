"""The bundled tables against their published descriptions; read_csv on every kind of file."""

import gzip
import hashlib
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu.data import tables
from tinygrad_edu.data.csv_table import CsvTable, read_csv
from tinygrad_edu.data.tables import Table, breast_cancer, digits

BUNDLED = pathlib.Path(tables.__file__).parent / "bundled"
SETS = {"digits_8x8.csv.gz": digits, "breast_cancer.csv": breast_cancer}
LICENCES = {
    "digits_8x8.csv.gz": "DIGITS_8X8_LICENSE.md",
    "breast_cancer.csv": "BREAST_CANCER_LICENSE.md",
}
# Of the rows in scikit-learn's files, which have other first lines.
ROWS_SHA256 = {
    "digits_8x8.csv.gz": "6ebb3d2fee246a4e99363262ddf8a00a3c41bee6014c373ed9d9216ba7f651b8",
    "breast_cancer.csv": "feb0adc252908ad0b2c7286e5f9b4cc84fd5d8b50a807f8ade1b1edc5f27a355",
}
# Smallest and largest values, from the description that UCI and scikit-learn print.
CANCER_RANGES = {
    "radius (mean)": (6.981, 28.11),
    "texture (mean)": (9.71, 39.28),
    "perimeter (mean)": (43.79, 188.5),
    "area (mean)": (143.5, 2501.0),
    "smoothness (mean)": (0.053, 0.163),
    "compactness (mean)": (0.019, 0.345),
    "concavity (mean)": (0.0, 0.427),
    "concave points (mean)": (0.0, 0.201),
    "symmetry (mean)": (0.106, 0.304),
    "fractal dimension (mean)": (0.05, 0.097),
    "radius (standard error)": (0.112, 2.873),
    "texture (standard error)": (0.36, 4.885),
    "perimeter (standard error)": (0.757, 21.98),
    "area (standard error)": (6.802, 542.2),
    "smoothness (standard error)": (0.002, 0.031),
    "compactness (standard error)": (0.002, 0.135),
    "concavity (standard error)": (0.0, 0.396),
    "concave points (standard error)": (0.0, 0.053),
    "symmetry (standard error)": (0.008, 0.079),
    "fractal dimension (standard error)": (0.001, 0.03),
    "radius (worst)": (7.93, 36.04),
    "texture (worst)": (12.02, 49.54),
    "perimeter (worst)": (50.41, 251.2),
    "area (worst)": (185.2, 4254.0),
    "smoothness (worst)": (0.071, 0.223),
    "compactness (worst)": (0.027, 1.058),
    "concavity (worst)": (0.0, 1.252),
    "concave points (worst)": (0.0, 0.291),
    "symmetry (worst)": (0.156, 0.664),
    "fractal dimension (worst)": (0.055, 0.208),
}


# --- the bundled tables ---------------------------------------------------------------------------


def test_digits():
    table = digits()
    assert isinstance(table, Table)
    assert table.features.shape == (1797, 64) and table.features.dtype == np.float64
    assert table.labels.shape == (1797,) and table.labels.dtype == np.int64
    assert table.class_names == tuple("0123456789")
    # Each class's number of digits in UCI's test file.
    assert np.bincount(table.labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert set(np.unique(table.features)) == set(range(17))
    assert len(table.feature_names) == 64
    assert table.feature_names[0] == "pixel_0_0" and table.feature_names[10] == "pixel_1_2"


def test_digits_are_upright_pictures_of_their_labels():
    table = digits()
    zero, one = table.features[:2].reshape(2, 8, 8)
    assert table.labels[:2].tolist() == [0, 1]
    assert zero[2:6, 3:5].mean() < 2 < zero[2:6, [2, 5]].mean()  # a ring is empty inside
    assert one[1:7, 3:5].mean() > 10 and one[:, [0, 7]].max() == 0  # a stroke from top to bottom
    train, test = slice(0, 1000), slice(1000, None)
    means = np.stack([table.features[train][table.labels[train] == k].mean(0) for k in range(10)])
    distances = ((table.features[test][:, None] - means) ** 2).sum(-1)
    assert np.mean(distances.argmin(1) == table.labels[test]) > 0.85


def test_breast_cancer():
    table = breast_cancer()
    assert isinstance(table, Table)
    assert table.features.shape == (569, 30) and table.features.dtype == np.float64
    assert table.labels.shape == (569,) and table.labels.dtype == np.int64
    assert table.class_names == ("malignant", "benign")
    assert np.bincount(table.labels).tolist() == [212, 357]
    assert table.feature_names == tuple(CANCER_RANGES)
    low, high = np.array(list(CANCER_RANGES.values())).T
    np.testing.assert_allclose(table.features.min(axis=0), low, atol=5.1e-4)
    np.testing.assert_allclose(table.features.max(axis=0), high, atol=5.1e-4)
    radius = table.features[:, 0]
    assert radius[table.labels == 0].mean() > radius[table.labels == 1].mean() + 5


@pytest.mark.parametrize("name", SETS)
def test_rows_are_those_of_the_source_and_the_licence_names_them(name):
    content = (BUNDLED / name).read_bytes()
    content = gzip.decompress(content) if name.endswith(".gz") else content
    rows = content.split(b"\n", 1)[1]
    assert hashlib.sha256(rows).hexdigest() == ROWS_SHA256[name]
    licence = (BUNDLED / LICENCES[name]).read_text(encoding="utf8")
    assert name in licence and ROWS_SHA256[name] in licence
    for part in (
        "Copyright (c) 2007-2026 The scikit-learn developers.",
        "* Redistributions of source code must retain",
        "* Redistributions in binary form must reproduce",
        "* Neither the name of the copyright holder",
        "OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.",
        "UCI Machine Learning Repository",
        "CC BY 4.0",
        "not confirmed",
        "## What was changed",
    ):
        assert part in " ".join(licence.split()) or part in licence


@pytest.mark.parametrize("name", SETS)
def test_read_csv_reads_the_bundled_files_alike(name):
    table, read = SETS[name](), read_csv(BUNDLED / name)
    np.testing.assert_array_equal(read.features, table.features, strict=True)
    np.testing.assert_array_equal(read.labels, table.labels, strict=True)
    assert read.feature_names == table.feature_names
    rows, columns = table.features.shape
    assert read.report() == (
        f"{rows} rows, {columns} features; no cells missing, no duplicate rows"
    )


@pytest.mark.parametrize("name", SETS)
def test_every_call_gives_arrays_of_its_own(name):
    first, second = SETS[name](), SETS[name]()
    assert all(array.flags.writeable and array.flags.c_contiguous for array in first[:2])
    kept = second.features.copy(), second.labels.copy()
    first.features[:] = -1
    first.labels[:] = -1
    np.testing.assert_array_equal(second.features, kept[0])
    np.testing.assert_array_equal(second.labels, kept[1])


@pytest.mark.parametrize("name", SETS)
def test_damaged_or_absent_bundled_file_is_refused(name, tmp_path, monkeypatch):
    content = bytearray((BUNDLED / name).read_bytes())
    monkeypatch.setattr("importlib.resources.files", lambda package: tmp_path)
    with pytest.raises(FileNotFoundError, match=f"{name} is not in this .* install .* again"):
        SETS[name]()
    (tmp_path / "bundled").mkdir()
    content[5000] ^= 1
    for damaged in (content, content[:5000], b""):
        (tmp_path / "bundled" / name).write_bytes(damaged)
        found = hashlib.sha256(damaged).hexdigest()
        with pytest.raises(ValueError, match=f"{name}.* found {found}.*install .* again"):
            SETS[name]()


def test_import_opens_no_table_and_no_slow_module():
    code = """
import sys
opened = []
sys.addaudithook(lambda event, args: event == "open" and opened.append(str(args[0])))
from tinygrad_edu.data import tables
print(any("bundled" in name for name in opened))
print("importlib.resources" in sys.modules)
tables.digits()
print(any("bundled" in name for name in opened))
"""
    root = pathlib.Path(tables.__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["False", "False", "True"]


# --- CSV files that can be read -------------------------------------------------------------------


@pytest.fixture
def csv_file(tmp_path):
    def write(content, name="data.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_numbers_under_a_line_of_names(csv_file):
    table = read_csv(csv_file("height,width,class\n1,2.5,0\n-3e2, .5 ,1\n+4,5.,1\n"))
    assert isinstance(table, CsvTable)
    expected = np.array([[1, 2.5], [-300, 0.5], [4, 5]])
    np.testing.assert_array_equal(table.features, expected, strict=True)
    np.testing.assert_array_equal(table.labels, np.array([0, 1, 1]), strict=True)
    np.testing.assert_array_equal(table.lines, np.array([2, 3, 4]), strict=True)
    assert table.feature_names == ("height", "width") and table.class_names == ()
    assert table.missing == [] and table.duplicates == []
    assert table.report() == "3 rows, 2 features; no cells missing, no duplicate rows"


@pytest.mark.parametrize(
    ("first", "names"),
    [
        ("1,2,0", ("column 1", "column 2")),
        ("1,2,cat", ("column 1", "column 2")),  # text in the column of the label only
        ("?,2,cat", ("column 1", "column 2")),
        ("?,?,cat", ("column 1", "column 2")),
        (",,", ("column 1", "column 2")),
        ("a,b,c", None),
        (",b,c", ("column 1", "b")),  # as pandas writes an index
        ("a,b,", ("a", "b")),
        ("a,NA,c", ("a", "NA")),
        ("a,b,2020", ("a", "b")),
    ],
)
def test_first_line_is_names_where_it_has_text_and_no_number(csv_file, first, names):
    label = "dog" if first.endswith("cat") else "1"
    table = read_csv(csv_file(f"{first}\n5,6,{label}\n"))
    assert table.feature_names == (names or ("a", "b"))
    has_names = names != ("column 1", "column 2")
    assert table.lines.tolist() == ([2] if has_names else [1, 2])


@pytest.mark.parametrize(
    ("column", "features", "labels", "names"),
    [
        (-1, [[1, 2], [4, 5]], [3, 6], ("a", "b")),
        (2, [[1, 2], [4, 5]], [3, 6], ("a", "b")),
        (0, [[2, 3], [5, 6]], [1, 4], ("b", "c")),
        (-3, [[2, 3], [5, 6]], [1, 4], ("b", "c")),
        (1, [[1, 3], [4, 6]], [2, 5], ("a", "c")),
        ("b", [[1, 3], [4, 6]], [2, 5], ("a", "c")),
    ],
)
def test_label_column(csv_file, column, features, labels, names):
    table = read_csv(csv_file("a,b,c\n1,2,3\n4,5,6\n"), label_column=column)
    assert table.features.tolist() == features and table.labels.tolist() == labels
    assert table.feature_names == names


def test_a_label_column_with_a_name_makes_the_first_line_names(csv_file):
    table = read_csv(csv_file("2019,2020,2021\n1,2,3\n"), label_column="2020")
    assert table.feature_names == ("2019", "2021")
    assert table.features.tolist() == [[1, 3]] and table.labels.tolist() == [2]


@pytest.mark.parametrize(
    ("written", "labels", "class_names"),
    [
        (["0", "1", "-1"], np.array([0, 1, -1]), ()),
        (["0.0", "1.0", "2e0"], np.array([0, 1, 2]), ()),
        (["0", "0.5", "1"], np.array([0.0, 0.5, 1.0]), ()),
        (["0", "?", "1"], np.array([0, np.nan, 1]), ()),
        (["1e300", "1", "2"], np.array([1e300, 1.0, 2.0]), ()),
        (["dog", "cat", "dog"], np.array([1, 0, 1]), ("cat", "dog")),
        (["b", "", "a"], np.array([1, -1, 0]), ("a", "b")),
        (["b ", "\tb", " a"], np.array([1, 1, 0]), ("a", "b")),
        (["True", "False", "True"], np.array([1, 0, 1]), ("False", "True")),
        (["B10", "B9", "a"], np.array([0, 1, 2]), ("B10", "B9", "a")),
    ],
)
def test_labels_are_numbers_or_classes(csv_file, written, labels, class_names):
    text = "".join(f"{i},{label}\n" for i, label in enumerate(written))
    table = read_csv(csv_file(text))
    np.testing.assert_array_equal(table.labels, labels, strict=True)
    assert table.class_names == class_names


@pytest.mark.parametrize(
    "cell", ["", " ", "?", " ?\t", "NA", "na", "N/A", "nan", "NaN", "null", "NULL"]
)
def test_missing_cells_are_reported_by_line_and_name(csv_file, cell):
    table = read_csv(csv_file(f"a,b,y\n1,2,0\n{cell},4,1\n5,{cell},0\n6,7,{cell}\n"))
    assert table.missing == [(3, "a"), (4, "b"), (5, "y")]
    assert np.isnan(table.features).tolist() == [[0, 0], [1, 0], [0, 1], [0, 0]]
    assert np.isnan(table.labels).tolist() == [0, 0, 0, 1]
    assert table.report() == (
        "4 rows, 2 features; 3 cells missing (lines 3, 4, 5), no duplicate rows"
    )
    clean = table.clean()
    assert clean.features.tolist() == [[1, 2]] and clean.lines.tolist() == [2]
    np.testing.assert_array_equal(clean.labels, np.array([0]), strict=True)
    assert clean.missing == [] == clean.duplicates and len(table.missing) == 3


def test_duplicate_rows_are_reported_with_the_first_of_them(csv_file):
    rows = ["1,2,a", "3,4,b", "1.0, 2e0 ,a", "3,4,a", "1,2,a", "-0,4,b", "0,4,b", "?,4,b", "NA,4,b"]
    table = read_csv(csv_file("x,y,class\n" + "\n".join(rows)))
    assert table.duplicates == [(4, 2), (6, 2), (8, 7), (10, 9)]
    assert table.missing == [(9, "x"), (10, "x")]
    clean = table.clean()
    assert clean.features.tolist() == [[1, 2], [3, 4], [3, 4], [0, 4]]
    assert clean.labels.tolist() == [0, 1, 0, 1] and clean.lines.tolist() == [2, 3, 5, 7]
    assert clean.class_names == ("a", "b") and clean.feature_names == ("x", "y")
    assert clean.clean().features.tolist() == clean.features.tolist()


def test_the_report_of_a_hundred_rows(csv_file):
    rows = [f"{i},{i * i},{i % 2}" for i in range(100)]  # row i is on line i + 2
    rows[5], rows[17], rows[38] = "?,25,1", "17,,1", "38,NA,0"
    rows[10], rows[53] = rows[3], rows[4]
    table = read_csv(csv_file("x,y,class\n" + "\n".join(rows) + "\n"))
    assert table.report() == (
        "100 rows, 2 features; 3 cells missing (lines 7, 19, 40), 2 duplicate rows (lines 12, 55)"
    )
    assert table.clean().report() == ("95 rows, 2 features; no cells missing, no duplicate rows")


def test_report_of_one_of_a_kind_and_of_very_many(csv_file):
    one = read_csv(csv_file("a,y\n?,1\n"))
    assert one.report() == "1 row, 1 feature; 1 cell missing (line 2), no duplicate rows"
    assert one.clean().report() == "no rows, 1 feature; no cells missing, no duplicate rows"
    assert one.clean().features.shape == (0, 1) and one.clean().labels.shape == (0,)
    many = read_csv(csv_file("a,b,y\n" + "?,,1\n" * 12))
    ten = ", ".join(str(line) for line in range(2, 12))
    assert many.report() == (
        f"12 rows, 2 features; 24 cells missing (lines {ten} and 2 more), "
        "11 duplicate rows (lines 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 and 1 more)"
    )


def test_lines_are_counted_as_an_editor_counts_them(csv_file):
    content = '\n\na,"b\nc",y\r\n1,2,0\n\n   \n"3",?,1\r\r\n5,"6",0'
    table = read_csv(csv_file(content))
    assert table.feature_names == ("a", "b\nc")
    assert table.lines.tolist() == [5, 8, 10]
    assert table.missing == [(8, "b\nc")]
    # Other characters that Python's splitlines() takes for the end of a line.
    table = read_csv(csv_file("a\x0bb\u2028,y\n1,0\n2,?\n"))
    assert table.missing == [(3, "y")]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", " ", "|"])
def test_delimiters_line_ends_and_the_mark_of_excel(csv_file, delimiter, ending):
    lines = ["a,b,y", "1,2,cat", "3,4,dog"]
    text = "".join(line.replace(",", delimiter) + ending for line in lines)
    for content in (text.encode(), b"\xef\xbb\xbf" + text.encode(), gzip.compress(text.encode())):
        table = read_csv(str(csv_file(content)), delimiter=delimiter)
        assert table.features.tolist() == [[1, 2], [3, 4]]
        assert table.feature_names == ("a", "b") and table.class_names == ("cat", "dog")


def test_quoted_cells(csv_file):
    table = read_csv(csv_file('"size, in mm","say ""a""",y\n"1", "2",  "cat, big"\n'))
    assert table.feature_names == ("size, in mm", 'say "a"')
    assert table.features.tolist() == [[1, 2]] and table.class_names == ("cat, big",)


numbers = st.floats(allow_nan=False, allow_infinity=False)


@given(
    st.integers(1, 4).flatmap(
        lambda width: st.lists(
            st.tuples(st.lists(numbers | st.none(), min_size=width, max_size=width), numbers),
            min_size=1,
            max_size=8,
        )
    )
)
def test_what_is_written_is_read(tmp_path, rows):
    cells = [["?" if x is None else repr(x) for x in [*row, label]] for row, label in rows]
    path = tmp_path / "data.csv"
    path.write_text("\n".join(",".join(row) for row in cells), encoding="utf8")
    table = read_csv(path)
    wanted = np.array([[np.nan if x is None else x for x in row] for row, _ in rows])
    np.testing.assert_array_equal(table.features, wanted, strict=True)
    np.testing.assert_array_equal(table.labels, [label for _, label in rows])
    assert table.missing == [
        (i, f"column {j}")
        for i, (row, _) in enumerate(rows, 1)
        for j, x in enumerate(row, 1)
        if x is None
    ]
    seen: list[tuple[list[float | None], float]] = []
    repeats = []
    for line, row in enumerate(rows, 1):
        if row in seen:
            repeats.append((line, seen.index(row) + 1))
        seen.append(row)
    assert table.duplicates == repeats
    bad = {line for line, _ in table.missing + table.duplicates}
    assert table.clean().lines.tolist() == [i + 1 for i in range(len(rows)) if i + 1 not in bad]


# --- CSV files that cannot be read ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a,b,y\n1,2,0\n3,four,1\n", r"line 3: expected a number in column 'b', found 'four'"),
        ("1,2,0\nx,4,1\n", r"line 2: expected a number in column 'column 1', found 'x'"),
        ("1,x,0\n3,4,1\n", r"line 1: expected a number in column 'column 2', found 'x'"),
        ("a,y\ninf,1\n", r"line 2: .*number in column 'a', found 'inf'"),
        ("a,y\n1e999,1\n", r"line 2: .*number in column 'a', found '1e999'"),
        ("a,y\n1_000,1\n", r"line 2: .*number in column 'a', found '1_000'"),
        ("a,y\n-nan,1\n", r"line 2: .*number in column 'a', found '-nan'"),
        ("a,y\n1\x002,1\n", r"line 2: .*number in column 'a', found '1\\x002'"),
        ("a,b,y\n1,2,0\n3,1\n", r"line 3: expected 3 cells, as on line 1, found 2"),
        ("\na,b,y\n1,2,0\n3,4,5,1\n", r"line 4: expected 3 cells, as on line 2, found 4"),
        ("a;b;y\n1;2;0\n", r"line 1: expected at least two cells with ',' .*'a;b;y'; .*delimiter"),
        ("", r"an empty file"),
        ("\n  \n\n", r"an empty file"),
        ("a,b,y\n", r"a line of names and no row"),
        ('a,y\n1,0\n"2,1\n3,0\n', r"line 3: cannot be read as CSV"),
        ('a,y\n"1"2,0\n', r"line 2: cannot be read as CSV"),
        ("a,y\n1,cat\n2,?\n3,4\n", r"line 4: .*text, such as 'cat' on line 2, .*'y', .* '4'"),
        ("a,y\n1,inf\n2,cat\n", r"line 2: .*finite number or the name .* 'y', found 'inf'"),
        ("a,y\n1,0\n2,-1e999\n", r"line 3: .*finite number or the name .* 'y', found '-1e999'"),
        ("a,y\n1,0\n2,l\n", r"line 2: .*text, such as 'l' on line 3, .*'y', .* '0'"),
        (b"a,y\n1,2\n3,caf\xe9\n", r"line 3: expected text in UTF-8, found the byte e9; save"),
        ("a,y\n1,2\n".encode("utf-16"), r"line 1: expected text in UTF-8, found the byte f"),
        (gzip.compress(b"a,y\n1,2\n", mtime=0)[:-3], r"gzip"),
    ],
)
def test_refused_with_a_sentence(csv_file, content, said):
    path = csv_file(content)
    with pytest.raises(ValueError, match=said) as caught:
        read_csv(path)
    assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize("column", [3, -4, 100])
def test_label_column_that_is_not_there(csv_file, column):
    path = csv_file("a,b,y\n1,2,3\n")
    with pytest.raises(ValueError, match=rf"label_column={column}, but there are 3 columns"):
        read_csv(path, label_column=column)
    with pytest.raises(ValueError, match=r"expected a column 'class', found a, b, y"):
        read_csv(path, label_column="class")
    for wrong in (1.5, None):
        with pytest.raises(ValueError, match=f"label_column is a whole number.*not {wrong}"):
            read_csv(path, label_column=wrong)


def test_file_that_is_not_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    for name in ("nowhere.csv", "folder"):
        with pytest.raises(FileNotFoundError) as caught:
            read_csv(name)
        assert f"{tmp_path / name} is not a file" in str(caught.value)


def test_delimiter_must_be_one_character(csv_file):
    for wrong in (", ", "||", "", "\n", '"', None):
        with pytest.raises(ValueError, match="delimiter is the one character"):
            read_csv(csv_file("a,y\n1,2\n"), delimiter=wrong)

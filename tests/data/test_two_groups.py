"""The table of two groups: what is in it, what is wrong with it, and the script that made it."""

import hashlib
import math
import pathlib
import runpy

import numpy as np
import pytest

from tinygrad_edu.data import tables, two_groups

ROOT = pathlib.Path(tables.__file__).parents[2]
BUNDLED = ROOT / "tinygrad_edu" / "data" / "bundled"
CONTENT = (BUNDLED / "two_groups.csv").read_bytes()


def test_it_has_a_hundred_rows_after_cleaning():
    table = two_groups()
    assert table.features.shape == (109, 2) and table.feature_names == ("x1", "x2")
    assert table.missing == [(19, "x1"), (41, "x2"), (65, "x2"), (88, "x1"), (105, "label")]
    assert table.duplicates == [(31, 14), (59, 58), (75, 43), (95, 10)]
    clean = table.clean()
    assert clean.features.shape == (100, 2) and clean.labels.dtype == np.int64
    assert np.bincount(clean.labels).tolist() == [50, 50]


def test_its_groups_are_where_they_are_said_to_be():
    clean = two_groups().clean()
    for label, centre in ((0, (38, 2.92)), (1, (62, 3.08))):
        rows = (clean.features[clean.labels == label] - centre) / (10, 0.1)
        assert np.abs(rows.mean(axis=0)).max() < 4 / math.sqrt(50)  # 4 standard errors
        assert np.abs(rows.std(axis=0) - 1).max() < 0.4
    best = ((clean.features - (50, 3)) / (10, 0.1)) @ (1.2, 0.8) > 0
    assert (best == clean.labels).sum() == 92
    share = 0.5 * (1 + math.erf(math.hypot(1.2, 0.8) / math.sqrt(2)))
    assert round(share, 3) == 0.925
    licence = (BUNDLED / "TWO_GROUPS_LICENSE.md").read_text(encoding="utf8")
    assert hashlib.sha256(CONTENT).hexdigest() in licence and "92.5 %" in licence


def test_the_script_makes_this_file():
    script = runpy.run_path(str(ROOT / "tests" / "tools" / "make_two_groups.py"))
    assert script["make_csv"]().encode("ascii") == CONTENT


def test_a_damaged_file_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.resources.files", lambda package: tmp_path)
    with pytest.raises(FileNotFoundError, match=r"two_groups.csv is not in .* install"):
        two_groups()
    (tmp_path / "bundled").mkdir()
    (tmp_path / "bundled" / "two_groups.csv").write_bytes(CONTENT.replace(b",0\n", b",1\n", 1))
    with pytest.raises(ValueError, match=r"two_groups.csv.* install .* again"):
        two_groups()

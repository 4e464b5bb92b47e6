"""Tables of numbers that ship with the package; from clean ones to one that has to be cleaned."""

import gzip
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .csv_table import CsvTable, parse_csv
from .sets import _bundled_content

__all__ = ["Table", "breast_cancer", "digits", "two_groups"]

# sha256 of the bundled files; their licence files tell what they were made from.
_DIGITS_SHA256 = "a4788657f0a925ebd3032a9e3bde92b4602ea81ea7f76b2dfb65da762727c661"
_CANCER_SHA256 = "a6e3bea1609e1553601f9eb656ea460f3d8eed0638648df472834c66c4763233"
_GROUPS_SHA256 = "a7320f097b3bb47b872801e02e4bb48131f6925a0cbd9c1a464292ef90cd7cdc"


class Table(NamedTuple):
    """Rows of numbers, features (rows, columns), and the class of each, labels (rows,) from 0."""

    features: npt.NDArray[np.float64]
    labels: npt.NDArray[np.int64]
    feature_names: tuple[str, ...]
    class_names: tuple[str, ...]


def digits() -> Table:
    """1797 handwritten digits as 8×8 pixels: features (1797, 64) from 0 to 16 (ink), labels 0 to 9.

    features.reshape(-1, 8, 8) gives the pictures back. Source: E. Alpaydin and C. Kaynak, 1998.
    Licence and citation: DIGITS_8X8_LICENSE.md in tinygrad_edu/data/bundled.
    """
    content = gzip.decompress(_bundled_content("digits_8x8.csv.gz", _DIGITS_SHA256))
    return _table(content, tuple("0123456789"))


def breast_cancer() -> Table:
    """569 breast tumours: features (569, 30) of their cell nuclei, labels 0 malignant, 1 benign.

    212 are malignant, 357 benign. Source: W. H. Wolberg, W. N. Street and O. L. Mangasarian, 1995.
    Licence and citation: BREAST_CANCER_LICENSE.md in tinygrad_edu/data/bundled.
    """
    return _table(_bundled_content("breast_cancer.csv", _CANCER_SHA256), ("malignant", "benign"))


def _table(content: bytes, class_names: tuple[str, ...]) -> Table:
    """The table in a bundled file: a line of names, then numbers only, the label last."""
    header, *lines = content.decode("ascii").splitlines()
    numbers = np.loadtxt(lines, delimiter=",")  # (rows, columns + 1)
    features, labels = numbers[:, :-1].copy(), numbers[:, -1].astype(np.int64)
    return Table(features, labels, tuple(header.split(",")[:-1]), class_names)


def two_groups() -> CsvTable:
    """100 points of two groups, as a CSV file with 9 rows too many: 5 miss a cell, 4 are repeats.

    clean() leaves 50 of each group: two normal distributions around (62, 3.08), label 1, and
    (38, 2.92), label 0, with the standard deviations (10, 0.1). Made for document 002 §5.2, whose
    data.csv is not given, by tests/tools/make_two_groups.py.
    Licence: TWO_GROUPS_LICENSE.md in tinygrad_edu/data/bundled.
    """
    name = "two_groups.csv"
    return parse_csv(_bundled_content(name, _GROUPS_SHA256), name)

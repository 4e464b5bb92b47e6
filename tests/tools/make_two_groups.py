"""Make, or check, the table of two groups that ships with the package.

    python tests/tools/make_two_groups.py           writes two_groups.csv
    python tests/tools/make_two_groups.py --check   compares it with what would be written

Document 002 §5.2 reads a data.csv of 100 samples with two features and a label, and does not give
it. This one is two normal distributions around ±(1.2, 0.8) with standard deviation 1, stretched by
(10, 0.1) and moved by (50, 3), so that the features differ in size as features do. The world's
files have defects, so this one gets some: 5 rows with a missing cell, 4 rows that are repeated.

`tinygrad_edu/data/tables.py` compares the sha256 of the file, which is printed.
"""

import argparse
import hashlib
import pathlib
import sys

import numpy as np
import numpy.typing as npt

SEED = 1
PER_GROUP = 50
MISSING = ((17, 0, ""), (38, 1, "NA"), (61, 1, ""), (83, 0, "nan"), (99, 2, ""))  # row, column, as
REPEATED = ((12, 29), (40, 71), (8, 90), (55, 56))  # this row once more, before that one
BUNDLED = pathlib.Path(__file__).parents[2] / "tinygrad_edu" / "data" / "bundled" / "two_groups.csv"


def normal_numbers(bits: np.random.PCG64, count: int) -> npt.NDArray[np.float64]:
    """Numbers from N(0, 1), (count, 2): √(−2 ln u) cos 2πv and sin 2πv (Box and Muller, 1958)."""
    # NumPy promises the raw stream of PCG64 for ever; it may change Generator.normal.
    u, v = (bits.random_raw((2, count)) >> 11) * 2.0**-53
    radius = np.sqrt(-2 * np.log(1 - u))
    return np.stack([radius * np.cos(2 * np.pi * v), radius * np.sin(2 * np.pi * v)], axis=1)


def clean_rows() -> list[list[str]]:
    """The cells x1, x2 and label of 105 rows in mixed order; those in MISSING are too many."""
    bits = np.random.PCG64(SEED)
    count = 2 * PER_GROUP + len(MISSING)
    extra = [row for row, _, _ in MISSING]
    label = np.zeros(count, np.int64)
    kept = np.setdiff1d(np.arange(count), extra)
    mixed = kept[np.argsort(bits.random_raw(len(kept)), kind="stable")]
    label[mixed[:PER_GROUP]] = 1
    label[extra] = np.arange(len(extra)) % 2
    centre = np.where(label == 1, 1.0, -1.0)[:, None] * (1.2, 0.8)  # (105, 2)
    points = (centre + normal_numbers(bits, count)) * (10, 0.1) + (50, 3)
    return [[f"{a:.2f}", f"{b:.3f}", str(c)] for (a, b), c in zip(points, label, strict=True)]


def make_csv() -> str:
    """The whole file, with its defects."""
    rows = clean_rows()
    for row, column, written in MISSING:
        rows[row][column] = written
    for first, place in sorted(REPEATED, key=lambda pair: -pair[1]):
        rows.insert(place, rows[first])
    return "\n".join(["x1,x2,label", *map(",".join, rows)]) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    parser.add_argument("--file", type=pathlib.Path, default=BUNDLED, help="the CSV file")
    options = parser.parse_args()

    content = make_csv().encode("ascii")
    print(f"{hashlib.sha256(content).hexdigest()}  {options.file.name} {len(content)} bytes")
    if not options.check:
        options.file.write_bytes(content)
        return 0
    same = options.file.read_bytes() == content
    print(f"{options.file.name} {'is' if same else 'is not'} what would be written")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())

"""Make, or check, the class-balanced MNIST subset that ships with the package.

    python tests/tools/make_mnist_subset.py FOLDER           writes mnist_10k.npz
    python tests/tools/make_mnist_subset.py FOLDER --check   compares it with the full files

FOLDER holds the four uncompressed IDX files of MNIST. Both print the sha256 of each array, which
MNIST_LICENSE.md beside the file and tests/data/test_sets.py record, and of the file, which
`tinygrad_edu/data/sets.py` compares. The arrays are the same with every NumPy and zlib; the bytes
of the file may differ, so a file that is written anew needs its sha256 there.

This script reads IDX by itself, so that `--check` does not lean on the reader that it checks.
"""

import argparse
import hashlib
import pathlib
import sys

import numpy as np
import numpy.typing as npt

ByteArray = npt.NDArray[np.uint8]

SEED = 1998
TRAIN_PER_CLASS, TEST_PER_CLASS = 1000, 200
BUNDLED = pathlib.Path(__file__).parents[2] / "tinygrad_edu" / "data" / "bundled" / "mnist_10k.npz"


def read_split(folder: pathlib.Path, name: str) -> tuple[ByteArray, ByteArray]:
    """The images (N, 28, 28) and labels (N,) of the split called "train" or "t10k"."""
    images = np.fromfile(folder / f"{name}-images-idx3-ubyte", np.uint8)[16:]
    labels = np.fromfile(folder / f"{name}-labels-idx1-ubyte", np.uint8)[8:]
    return images.reshape(-1, 28, 28), labels


def balanced_choice(labels: ByteArray, per_class: int, seed: int) -> npt.NDArray[np.intp]:
    """The places of `per_class` examples of each class, in shuffled order."""
    # NumPy promises the raw stream of PCG64 for ever; it may change Generator.permutation.
    bits = np.random.PCG64(seed)
    shuffled = np.argsort(bits.random_raw(len(labels)), kind="stable")
    chosen = np.concatenate([shuffled[labels[shuffled] == k][:per_class] for k in range(10)])
    return chosen[np.argsort(bits.random_raw(len(chosen)), kind="stable")]


def make_subset(folder: pathlib.Path) -> dict[str, ByteArray]:
    """The four arrays of the subset, by the names they have in the .npz file."""
    subset: dict[str, ByteArray] = {}
    splits = ("train", "train", TRAIN_PER_CLASS, SEED), ("test", "t10k", TEST_PER_CLASS, SEED + 1)
    for split, name, per_class, seed in splits:
        images, labels = read_split(folder, name)
        chosen = balanced_choice(labels, per_class, seed)
        subset[f"{split}_images"], subset[f"{split}_labels"] = images[chosen], labels[chosen]
    return subset


def differences(committed: dict[str, ByteArray], subset: dict[str, ByteArray]) -> list[str]:
    """One sentence for each array of the committed file that is not the one made now."""
    found = [f"{name}: not wanted" for name in committed if name not in subset]
    for name, array in subset.items():
        other = committed.get(name)
        if other is None:
            found.append(f"{name}: absent")
        elif (other.dtype, other.shape) != (array.dtype, array.shape):
            found.append(f"{name}: {other.dtype}{other.shape}, not {array.dtype}{array.shape}")
        elif not np.array_equal(other, array):
            places = np.flatnonzero((other != array).reshape(len(array), -1).any(axis=1))
            found.append(f"{name}: {len(places)} entries differ, the first is {places[0]}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path, help="holds the four full IDX files")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    parser.add_argument("--file", type=pathlib.Path, default=BUNDLED, help="the .npz file")
    options = parser.parse_args()

    subset = make_subset(options.folder)
    for name, array in subset.items():
        print(f"{hashlib.sha256(array.tobytes()).hexdigest()}  {name} {array.shape}")
    if not options.check:
        np.savez_compressed(options.file, **subset)  # type: ignore[arg-type]  # numpy's stub
    content = options.file.read_bytes()
    print(f"{hashlib.sha256(content).hexdigest()}  {options.file.name} {len(content)} bytes")
    if not options.check:
        return 0
    with np.load(options.file, allow_pickle=False) as stored:
        found = differences(dict(stored), subset)
    print("\n".join(found) if found else f"{options.file.name} agrees with the full files")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

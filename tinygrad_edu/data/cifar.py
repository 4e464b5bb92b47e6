"""The real CIFAR-10, read from its binary files: a folder of them, or the archive they come in."""

import hashlib
import io
import pathlib
import tarfile

import numpy as np

from .pictures import Bytes, Labels, Pictures
from .sets import FilePath, _file_content

__all__ = ["cifar10"]

_ARCHIVE, _FOLDER = "cifar-10-binary.tar.gz", "cifar-10-batches-bin"
_ARCHIVE_MD5 = "c32a1d4ab5d03f1284b67883e8d87530"
_TRAIN_FILES = tuple(f"data_batch_{i}.bin" for i in range(1, 6))
_TEST_FILE, _NAMES_FILE = "test_batch.bin", "batches.meta.txt"
_RECORD, _RECORDS = 1 + 3 * 32 * 32, 10_000  # bytes in a record, records in a file
_NAMES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip


def cifar10(path: FilePath, verify: bool = True) -> Pictures:
    """CIFAR-10, photographs in ten classes: 50,000 + 10,000 images (N, 3, 32, 32) uint8.

    A record of its binary files is 3,073 bytes: the label, 0 to 9, then 1,024 bytes each of red,
    green and blue, row by row. There are 10,000 records in each of six files. Labels become int64;
    class_names is read from batches.meta.txt where that is there.

    Args:
        path: the folder that holds data_batch_1.bin to data_batch_5.bin and test_batch.bin, or the
            folder above it, or cifar-10-binary.tar.gz itself, which need not be unpacked.
        verify: compare the archive with its published md5, and each file with its 10,000 records.
            The six files have no published checksums of their own. False is for files that you
            made yourself, of any number of records.

    FileNotFoundError says what to put where; ValueError which file is damaged, and how.
    Source: A. Krizhevsky, "Learning multiple layers of features from tiny images", 2009.
    """
    path = pathlib.Path(path).expanduser().absolute()
    files = _unpacked(path, verify) if path.is_file() else _files_in(path)
    parts = [_records(files[name], path / name, verify) for name in (*_TRAIN_FILES, _TEST_FILE)]
    train = [np.concatenate(arrays) for arrays in zip(*parts[:-1], strict=True)]
    names = _class_names(files[_NAMES_FILE], path) if _NAMES_FILE in files else _NAMES
    return Pictures(train[0], train[1], *parts[-1], names)


def _files_in(folder: pathlib.Path) -> dict[str, bytes]:
    """The content of each file of CIFAR-10 in a folder, or in its folder cifar-10-batches-bin."""
    if not (folder / _TEST_FILE).is_file() and (folder / _FOLDER).is_dir():
        folder = folder / _FOLDER
    wanted = (*_TRAIN_FILES, _TEST_FILE, _NAMES_FILE)
    files = {name: (folder / name).read_bytes() for name in wanted if (folder / name).is_file()}
    _check_complete(files, folder, "has no" if folder.is_dir() else "is not a folder, so it has no")
    return files


def _unpacked(archive: pathlib.Path, verify: bool) -> dict[str, bytes]:
    """The content of each file in the archive; nothing is written to the disk."""
    if verify:
        found = hashlib.md5(archive.read_bytes(), usedforsecurity=False).hexdigest()
        if found != _ARCHIVE_MD5:
            raise ValueError(
                f"{archive}: expected {_ARCHIVE} with md5 {_ARCHIVE_MD5}, found {found}: it is "
                "damaged, or it is the Python version, which is pickled; download the binary "
                "version again"
            )
    content = _file_content(archive)  # decompressed whole, so that its own checksum is compared
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as members:
            opened = ((pathlib.PurePath(m.name).name, members.extractfile(m)) for m in members)
            files = {name: stream.read() for name, stream in opened if stream is not None}
    except (tarfile.TarError, KeyError, RecursionError) as error:  # the last two: links to nothing
        raise ValueError(
            f"{archive}: expected an archive such as {_ARCHIVE}, which cannot be unpacked "
            f"({error}); download it again"
        ) from error
    _check_complete(files, archive, "has no")
    return files


def _check_complete(files: dict[str, bytes], place: pathlib.Path, has_no: str) -> None:
    missing = [name for name in (*_TRAIN_FILES, _TEST_FILE) if name not in files]
    if missing:
        raise FileNotFoundError(
            f"{place} {has_no} {', '.join(missing)}. Download the binary version of CIFAR-10, "
            f'{_ARCHIVE}, from Alex Krizhevsky\'s page, and give its path: cifar10("{_ARCHIVE}"); '
            f"or unpack it, and give the folder {_FOLDER}. te.data.emoji() gives the colour "
            "pictures that come with this package"
        )


def _records(content: bytes, path: pathlib.Path, verify: bool) -> tuple[Bytes, Labels]:
    """Images (N, 3, 32, 32) and labels (N,) of one file."""
    wanted = f"{_RECORDS * _RECORD} bytes, {_RECORDS} records of {_RECORD}"
    if (verify and len(content) != _RECORDS * _RECORD) or len(content) % _RECORD:
        wanted = wanted if verify else f"whole records of {_RECORD} bytes"
        raise ValueError(
            f"{path}: expected {wanted}, found {len(content)} bytes; download it again"
        )
    records = np.frombuffer(content, np.uint8).reshape(-1, _RECORD)
    labels = records[:, 0].astype(np.int64)
    if labels.size and labels.max() > 9:
        place = int(np.argmax(labels > 9))
        raise ValueError(
            f"{path}: expected labels from 0 to 9, found {labels[place]} in record {place}; "
            "download it again"
        )
    return records[:, 1:].reshape(-1, 3, 32, 32).copy(), labels


def _class_names(content: bytes, path: pathlib.Path) -> tuple[str, ...]:
    """The names in batches.meta.txt, one a line."""
    names = tuple(content.decode("utf8", errors="replace").split())
    if len(names) != 10:
        raise ValueError(
            f"{path / _NAMES_FILE}: expected 10 names, found {len(names)}; download it again"
        )
    return names

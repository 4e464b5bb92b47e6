"""CIFAR-10 from files written here, byte by byte, from the format's description."""

import gzip
import hashlib
import io
import os
import tarfile

import numpy as np
import pytest

from tinygrad_edu.data import cifar, cifar10

FILES = [*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"]
NAMES = "a b c d e f g h i j".split()


def record(label, pixel):
    """One record: the label, then red, green and blue, row by row."""
    return bytes([label]) + bytes(
        pixel(channel, row, column) % 256
        for channel in range(3) for row in range(32) for column in range(32)
    )  # fmt: skip


def pixel_of(k):
    return lambda channel, row, column: 100 * channel + 7 * row + column + k


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "cifar-10-batches-bin"
    place.mkdir()
    for k, name in enumerate(FILES):
        content = record(k, pixel_of(k)) + record(9 - k, pixel_of(k + 50))
        (place / name).write_bytes(content)
    return place


def packed(folder, path):
    with tarfile.open(path, "w:gz") as archive:
        archive.add(folder, arcname="cifar-10-batches-bin")
    return path


def check(found):
    assert found.train_images.shape == (10, 3, 32, 32) and found.test_images.shape == (2, 3, 32, 32)
    assert found.train_labels.tolist() == [0, 9, 1, 8, 2, 7, 3, 6, 4, 5]
    assert found.test_labels.tolist() == [5, 4]
    assert [a.dtype.name for a in found[:4]] == ["uint8", "int64", "uint8", "int64"]
    assert all(a.flags.writeable and a.flags.c_contiguous for a in found[:4])
    for channel, row, column in ((0, 0, 0), (0, 0, 31), (1, 2, 3), (2, 31, 30)):
        assert (
            found.train_images[4, channel, row, column] == pixel_of(2)(channel, row, column) % 256
        )
        assert (
            found.test_images[1, channel, row, column] == pixel_of(55)(channel, row, column) % 256
        )


def test_files_in_a_folder_in_the_folder_above_and_in_the_archive(folder, tmp_path):
    archive = packed(folder, tmp_path / "mine.tar.gz")
    for place in (folder, str(folder), tmp_path, archive):
        found = cifar10(place, verify=False)
        check(found)
        assert found.class_names == cifar._NAMES and found.class_names[0] == "airplane"


def test_names_are_read_where_they_are(folder, tmp_path):
    (folder / "batches.meta.txt").write_text("\n".join(NAMES) + "\n\n")
    for place in (folder, packed(folder, tmp_path / "mine.tar.gz")):
        assert cifar10(place, verify=False).class_names == tuple(NAMES)
    (folder / "batches.meta.txt").write_text("cat dog")
    with pytest.raises(ValueError, match=r"batches\.meta\.txt: expected 10 names, found 2"):
        cifar10(folder, verify=False)


def test_files_of_full_size_are_verified(folder, monkeypatch):
    with pytest.raises(ValueError, match=r"data_batch_1\.bin: expected 30730000 bytes.*found 6146"):
        cifar10(folder)
    monkeypatch.setattr(cifar, "_RECORDS", 2)
    check(cifar10(folder))


def test_the_archive_is_compared_with_its_md5(folder, tmp_path, monkeypatch):
    archive = packed(folder, tmp_path / "cifar-10-binary.tar.gz")
    with pytest.raises(
        ValueError, match="c32a1d4ab5d03f1284b67883e8d87530, found .*binary version"
    ):
        cifar10(archive)
    monkeypatch.setattr(cifar, "_RECORDS", 2)
    monkeypatch.setattr(cifar, "_ARCHIVE_MD5", hashlib.md5(archive.read_bytes()).hexdigest())
    check(cifar10(archive))


@pytest.mark.parametrize("name", FILES)
def test_absent_files_are_named_with_what_to_put_where(folder, name):
    (folder / name).unlink()
    with pytest.raises(FileNotFoundError) as caught:
        cifar10(folder, verify=False)
    sentence = str(caught.value)
    assert f"has no {name}." in sentence and "cifar-10-binary.tar.gz" in sentence
    assert "te.data.emoji()" in sentence


def test_absent_folder_is_said(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere is not a folder.*data_batch_1\.bin"):
        cifar10(tmp_path / "nowhere")


@pytest.mark.parametrize("verify", [True, False])
@pytest.mark.parametrize("change", [lambda b: b[:-1], lambda b: b + b"\0", lambda b: b[:100]])
def test_a_wrong_size_is_refused(folder, monkeypatch, change, verify):
    monkeypatch.setattr(cifar, "_RECORDS", 2)
    content = (folder / FILES[2]).read_bytes()
    (folder / FILES[2]).write_bytes(change(content))
    with pytest.raises(
        ValueError, match=rf"data_batch_3\.bin: expected .*{len(change(content))} b"
    ):
        cifar10(folder, verify=verify)


def test_a_label_over_nine_is_refused(folder):
    (folder / FILES[0]).write_bytes(record(9, pixel_of(0)) + record(10, pixel_of(0)))
    with pytest.raises(ValueError, match=r"data_batch_1.*from 0 to 9, found 10 in record 1"):
        cifar10(folder, verify=False)


def test_damaged_archives_are_refused(folder, tmp_path):
    whole = packed(folder, tmp_path / "mine.tar.gz").read_bytes()
    flipped = [bytearray(whole) for _ in range(20)]
    for k, content in enumerate(flipped):
        content[20 + (len(whole) - 20) * k // 20] ^= 1 + k
    cut = whole[: len(whole) // 2]
    for damaged in (b"", b"<html>", cut, *flipped, gzip.compress(b"x"), gzip.compress(b"")):
        path = tmp_path / "damaged.tar.gz"
        path.write_bytes(damaged)
        with pytest.raises((ValueError, FileNotFoundError), match=r"damaged\.tar\.gz.*ownload"):
            cifar10(path, verify=False)


@pytest.mark.parametrize("goal", ["nowhere.bin", "test_batch.bin"])
def test_a_link_to_nothing_or_to_itself_is_refused(goal, tmp_path):
    path = tmp_path / "links.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        member = tarfile.TarInfo("test_batch.bin")
        member.type, member.linkname = tarfile.SYMTYPE, goal
        archive.addfile(member)
    with pytest.raises(ValueError, match=r"links\.tar\.gz: .*cannot be unpacked .*download it"):
        cifar10(path, verify=False)


def test_an_archive_without_the_files_says_which(tmp_path):
    path = tmp_path / "other.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        member = tarfile.TarInfo("readme.html")
        member.size = 2
        archive.addfile(member, io.BytesIO(b"hi"))
    with pytest.raises(FileNotFoundError, match=r"other\.tar\.gz has no data_batch_1\.bin"):
        cifar10(path, verify=False)


@pytest.mark.skipif("TINYGRAD_EDU_CIFAR10" not in os.environ, reason="no full CIFAR-10 named")
def test_the_full_set():
    found = cifar10(os.environ["TINYGRAD_EDU_CIFAR10"])
    assert np.bincount(found.train_labels).tolist() == [5000] * 10
    assert np.bincount(found.test_labels).tolist() == [1000] * 10

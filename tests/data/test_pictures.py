"""The emoji pictures that ship with the package, and the shapes that are drawn on demand."""

import hashlib
import pathlib

import numpy as np
import pytest

import tinygrad_edu as te
from tinygrad_edu.data import emoji, pictures, shapes

BUNDLED = pathlib.Path(pictures.__file__).parent / "bundled"


@pytest.fixture(scope="module")
def stored():
    with np.load(BUNDLED / "emoji.npz", allow_pickle=False) as arrays:
        return dict(arrays)


@pytest.fixture(scope="module")
def found():
    return emoji()


# --- emoji ----------------------------------------------------------------------------------------


def test_emoji_shapes_and_balance(found):
    assert [a.shape for a in found[:4]] == [(4000, 3, 32, 32), (4000,), (1000, 3, 32, 32), (1000,)]
    assert [a.dtype.name for a in found[:4]] == ["uint8", "int64", "uint8", "int64"]
    assert all(a.flags.writeable and a.flags.c_contiguous for a in found[:4])
    assert len(found.class_names) == 10 and found.class_names[1] == "faces"
    assert np.bincount(found.train_labels).tolist() == [400] * 10
    assert np.bincount(found.test_labels).tolist() == [100] * 10
    for labels in (found.train_labels, found.test_labels):  # neighbours agree by chance only
        assert 0.06 < np.mean(labels[1:] == labels[:-1]) < 0.14


def test_no_emoji_is_on_both_sides(stored):
    train, test = (set(stored["codes"][stored[f"{side}_tiles"]]) for side in ("train", "test"))
    assert (len(train), len(test)) == (1090, 370) and not train & test
    assert len(set(stored["codes"])) == 1090 + 370
    # A code has one label, and a picture one code: a snowboarder's skin tone cannot be seen.
    labels = np.full(len(stored["tiles"]), -1)
    for side in ("train", "test"):
        labels[stored[f"{side}_tiles"]] = stored[f"{side}_labels"]
    assert labels.min() == 0
    by_code = {}
    for code, label in zip(stored["codes"], labels, strict=True):
        assert by_code.setdefault(code, label) == label
    by_tile = {}
    for code, tile in zip(stored["codes"], stored["tiles"], strict=True):
        assert by_tile.setdefault(tile.tobytes(), code) == code


def test_pictures_are_the_tiles_on_white(found, stored):
    for side, images in (("train", found.train_images), ("test", found.test_images)):
        for k in (0, 1, 57, len(images) - 1):
            row, column = stored[f"{side}_places"][k]
            tile = images[k, :, row : row + 20, column : column + 20]
            np.testing.assert_array_equal(tile, stored["tiles"][stored[f"{side}_tiles"][k]])
            around = images[k].copy()
            around[:, row : row + 20, column : column + 20] = 255
            assert (around == 255).all()
        assert stored[f"{side}_places"].min() == 0 and stored[f"{side}_places"].max() == 12


def test_labels_belong_to_the_pictures(found):
    # The colour of the ink alone, by the nearest class mean, is right far more often than 1 in 10.
    def ink(images):
        dark = 255.0 - images
        return dark.sum(axis=(2, 3)) / dark.sum(axis=(1, 2, 3))[:, None]  # (N, 3)

    train, test = ink(found.train_images), ink(found.test_images)
    means = np.stack([train[found.train_labels == k].mean(axis=0) for k in range(10)])
    nearest = ((test[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
    assert np.mean(nearest == found.test_labels) > 0.15
    shifted = np.roll(found.test_labels, 1)
    assert np.mean(nearest == shifted) < 0.13


def test_content_is_fixed_and_recorded(stored):
    licence = (BUNDLED / "EMOJI_LICENSE.md").read_text(encoding="utf8")
    for name, array in stored.items():
        assert f"{hashlib.sha256(array.tobytes()).hexdigest()}  {name} " in licence
    assert "Apache License" in (BUNDLED / "EMOJI_APACHE_2.0.txt").read_text(encoding="utf8")


def test_every_call_gives_arrays_of_its_own(found):
    first = emoji()
    first.train_images[:] = 7
    np.testing.assert_array_equal(emoji().train_images, found.train_images)


def test_damaged_emoji_are_refused(tmp_path, monkeypatch):
    content = bytearray((BUNDLED / "emoji.npz").read_bytes())
    content[1000] ^= 1
    (tmp_path / "bundled").mkdir()
    (tmp_path / "bundled" / "emoji.npz").write_bytes(content)
    monkeypatch.setattr("importlib.resources.files", lambda package: tmp_path)
    with pytest.raises(ValueError, match=r"emoji\.npz.*sha256.*install .* again"):
        emoji()


# --- shapes ---------------------------------------------------------------------------------------


def test_shapes_are_balanced_and_reproducible():
    first, second, other = shapes(95, seed=3), shapes(95, seed=3), shapes(95, seed=4)
    assert first.images.shape == (95, 3, 32, 32) and first.images.dtype == np.uint8
    assert first.labels.dtype == np.int64 and len(first.class_names) == 10
    assert sorted(np.bincount(first.labels).tolist()) == [9] * 5 + [10] * 5
    np.testing.assert_array_equal(first.images, second.images)
    np.testing.assert_array_equal(first.labels, second.labels)
    assert (first.images != other.images).mean() > 0.9
    assert shapes(0).images.shape == (0, 3, 32, 32)


def test_shapes_follow_manual_seed(seeded):
    te.manual_seed(5)
    first = shapes(20)
    te.manual_seed(5)
    np.testing.assert_array_equal(shapes(20).images, first.images)
    assert (shapes(20).images != first.images).any()


def test_without_noise_there_are_two_colours_and_the_right_areas():
    drawn = shapes(200, seed=0, noise=0)
    share = dict.fromkeys(drawn.class_names, 0.0)  # of the box around the shape, the mean of 20
    for image, label in zip(drawn.images, drawn.labels, strict=True):
        colours, place = np.unique(image.reshape(3, -1), axis=1, return_inverse=True)
        assert colours.shape == (3, 2) and abs(np.diff(colours.mean(axis=0))) > 40
        inside = place.reshape(32, 32) != place.reshape(32, 32)[0, 0]  # the corner is ground
        rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
        box = inside[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        kind = drawn.class_names[label]
        assert kind != "rows" or (box == box[:, :1]).all()
        assert kind != "columns" or (box == box[:1]).all()
        share[kind] += box.mean() / 20
    expected = {"disc": np.pi / 4, "ring": (1 - 0.3) * np.pi / 4, "square": 1, "plus": 0.51,
                "frame": 1 - (5 / 9) ** 2, "triangle": 0.5, "X": 0.64, "rows": 0.6,
                "columns": 0.6, "checks": 13 / 25}  # fmt: skip
    assert share == pytest.approx(expected, rel=0.07)


def test_noise_has_its_standard_deviation():
    clean, noisy = (shapes(1, seed=8, noise=noise).images / 255 for noise in (0.0, 0.05))
    middle = (clean > 0.2) & (clean < 0.8)  # where nothing is cut off at 0 or 1
    assert np.std((noisy - clean)[middle]) == pytest.approx(0.05, rel=0.15)


def test_one_cannot_draw_half_a_shape():
    for n in (-1, 2.5):
        with pytest.raises(ValueError, match="whole number"):
            shapes(n)
    for noise in (-0.1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="standard deviation"):
            shapes(1, noise=noise)

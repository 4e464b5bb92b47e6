"""Augmentation: exact small examples, identity cases, shapes, dtypes, seeds, bad input."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_edu as te
from tinygrad_edu.data import augment
from tinygrad_edu.data.augment import crop, flip, rotate, shift

DTYPES = ["uint8", "int64", "float32", "float64"]
CHANGES = {
    "flip": flip,
    "crop": lambda x, generator=None: crop(x, padding=2, generator=generator),
    "shift": lambda x, generator=None: shift(x, 2, generator=generator),
    "rotate": lambda x, generator=None: rotate(x, 30, generator=generator),
}
IDENTITIES = {
    "flip": lambda x: flip(x, 0), "crop": crop, "shift": lambda x: shift(x, 0),
    "rotate": lambda x: rotate(x, 0),
}  # fmt: skip


def pictures(dtype="uint8", shape=(6, 3, 5, 7)):
    return np.random.default_rng(1).integers(1, 200, shape).astype(dtype)


def rng(seed=0):
    return np.random.default_rng(seed)


# --- what they all share --------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", CHANGES)
def test_shape_and_dtype_stay_and_the_pictures_given_are_not_touched(name, dtype):
    images = pictures(dtype)
    kept = images.copy()
    changed = CHANGES[name](images, generator=rng())
    assert changed.shape == images.shape and changed.dtype == images.dtype
    assert (changed != images).any()
    changed[:] = 0
    np.testing.assert_array_equal(images, kept)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", IDENTITIES)
def test_nothing_asked_nothing_changed(name, dtype, seeded):
    np.testing.assert_array_equal(IDENTITIES[name](pictures(dtype)), pictures(dtype), strict=True)
    empty = pictures(dtype, (0, 3, 5, 7))
    assert IDENTITIES[name](empty).shape == empty.shape


@pytest.mark.parametrize("name", CHANGES)
def test_the_same_seed_gives_the_same_and_each_picture_its_own_draw(name, seeded):
    images = np.repeat(pictures("float64", (1, 2, 6, 6)), 40, axis=0)
    first, second = (CHANGES[name](images, generator=rng(3)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert len({picture.tobytes() for picture in first}) > 1
    te.manual_seed(4)
    first = CHANGES[name](images)
    te.manual_seed(4)
    np.testing.assert_array_equal(CHANGES[name](images), first)
    assert (CHANGES[name](images) != first).any()


@pytest.mark.parametrize("name", CHANGES)
def test_a_tensor_for_a_tensor_on_its_device(name, device):
    images = pictures("float32")
    changed = CHANGES[name](te.tensor(images, device=device), generator=rng())
    assert isinstance(changed, te.Tensor) and changed.device == te.zeros(1, device=device).device
    np.testing.assert_array_equal(changed.numpy(), CHANGES[name](images, generator=rng()))


def test_they_compose():
    images = pictures()
    random = rng()
    changed = rotate(shift(flip(images, generator=random), generator=random), generator=random)
    assert changed.shape == images.shape and changed.dtype == images.dtype


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("bad", [np.zeros((2, 3, 4)), np.zeros((2, 1, 3, 3), bool), [["a"]]])
def test_what_is_no_batch_is_refused(name, bad):
    with pytest.raises(ValueError, match=r"\(N, C, H, W\).*images\[:, None\]"):
        CHANGES[name](bad)


# --- each by itself -------------------------------------------------------------------------------


def test_flip_exchanges_left_and_right():
    images = np.arange(6).reshape(1, 1, 2, 3)
    assert flip(images, 1, generator=rng()).tolist() == [[[[2, 1, 0], [5, 4, 3]]]]
    many = np.repeat(images, 2000, axis=0)
    share = (flip(many, 0.25, generator=rng()) != many).any(axis=(1, 2, 3)).mean()
    assert share == pytest.approx(0.25, abs=0.04)  # 4 deviations


def test_crop_is_a_window_of_the_padded_picture():
    image = np.arange(1, 13, dtype=np.uint8).reshape(1, 1, 3, 4)
    padded = np.pad(image[0, 0], 1, constant_values=255)
    windows = {padded[i : i + 2, j : j + 3].tobytes() for i in range(4) for j in range(4)}
    many = np.repeat(image, 500, axis=0)
    found = crop(many, (2, 3), padding=1, fill=255, generator=rng())
    assert found.shape == (500, 1, 2, 3)
    assert {window.tobytes() for window in found} == windows  # each of them, and no other
    assert crop(many, 2, generator=rng()).shape == (500, 1, 2, 2)


def test_shift_moves_all_channels_alike():
    image = pictures("float32", (1, 3, 4, 5))
    places = set()
    for moved in shift(np.repeat(image, 400, axis=0), 1, fill=-1, generator=rng()):
        for dy in (-1, 0, 1):
            for dx in (-1, 0, 1):
                expected = np.full((3, 6, 7), -1, np.float32)
                expected[:, 1 + dy : 5 + dy, 1 + dx : 6 + dx] = image[0]
                if np.array_equal(moved, expected[:, 1:5, 1:6]):
                    places.add((dy, dx))
                    break
            else:
                continue
            break
        else:
            raise AssertionError("a picture that is no shift of the one given")
    assert len(places) == 9


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("quarter", [0, 1, 2, 3, -1])
def test_quarter_turns_are_exact(dtype, quarter):
    images = pictures(dtype, (2, 3, 5, 5))
    turned = augment._turned(images, np.full(2, quarter * np.pi / 2), 0)
    expected = np.rot90(images, quarter, axes=(2, 3))
    np.testing.assert_allclose(turned, expected, rtol=1e-6 if dtype == "float32" else 1e-13)
    assert dtype.startswith("float") or np.array_equal(turned, expected)


def test_a_plane_turned_is_the_plane_of_turned_coordinates():
    # Bilinear means are exact for a + b·x + c·y, away from the frame.
    y, x = np.mgrid[-4:5, -4:5].astype(float)
    angle = 0.3
    turned = augment._turned((2 + 3 * x + 5 * y)[None, None], np.array([angle]), 0)[0, 0]
    cos, sin = np.cos(angle), np.sin(angle)
    expected = 2 + 3 * (cos * x - sin * y) + 5 * (cos * y + sin * x)
    np.testing.assert_allclose(turned[2:7, 2:7], expected[2:7, 2:7], rtol=1e-12)


def test_a_turn_of_a_wide_picture_brings_fill_in():
    turned = augment._turned(np.ones((1, 1, 3, 7)), np.array([np.pi / 2]), 9)[0, 0]
    np.testing.assert_allclose(turned[:, :2], 9)
    np.testing.assert_allclose(turned[:, 2:5], 1)
    np.testing.assert_allclose(turned[:, 5:], 9)


@given(degrees=st.floats(0, 180), fill=st.integers(0, 255), seed=st.integers(0, 99))
def test_turned_pixels_stay_between_the_least_and_the_most(degrees, fill, seed):
    images = pictures()
    turned = rotate(images, degrees, fill=fill, generator=rng(seed))
    assert turned.min() >= min(images.min(), fill) and turned.max() <= max(images.max(), fill)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda x: flip(x, 1.5), "probability"),
        (lambda x: flip(x, float("nan")), "probability"),
        (lambda x: crop(x, 6), "window of 6 × 6 does not fit pictures of 5 × 7"),
        (lambda x: crop(x, 0), "size is a whole number of at least 1.*, not 0"),
        (lambda x: crop(x, 4.5), "size is a whole number of at least 1.*, not 4.5"),
        (lambda x: crop(x, "4"), "size is a whole number of at least 1.*, not '4'"),
        (lambda x: crop(x, (4, 4, 1)), r"size is .* a pair of them.*, not \(4, 4, 1\)"),
        (lambda x: crop(x, padding=-1), "padding is a whole number"),
        (lambda x: shift(x, 1.5), "most is a whole number"),
        (lambda x: shift(x, 1, fill=256), "fill=256 is no pixel of uint8"),
        (lambda x: shift(x, 1, fill=0.5), "fill=0.5 is no pixel of uint8"),
        (lambda x: rotate(x, -3), "angle from 0 to 180"),
        (lambda x: rotate(x, 5, fill=-1), "fill=-1 is no pixel of uint8"),
        (lambda x: rotate(x, 5, fill=float("nan")), "fill=nan is no pixel of uint8"),
        (lambda x: rotate(x, 5, fill=float("inf")), "fill=inf is no pixel of uint8"),
        (lambda x: rotate(x, 5, fill="white"), "fill is one number, .* not 'white'"),
    ],
)
def test_bad_options_are_refused(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call(pictures())


def test_a_seed_is_no_generator():
    with pytest.raises(TypeError, match="default_rng"):
        flip(pictures(), generator=3)

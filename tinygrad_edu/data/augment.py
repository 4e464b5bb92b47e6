"""Pictures changed at random for training, so that a network meets each in many forms.

From simple to hard: flip, crop, shift, rotate. Each takes a batch (N, C, H, W), changes every
picture of it by a draw of its own and gives a new batch of the same dtype: an array for an array, a
Tensor for a Tensor. What a picture shows stays the same, so its label does too: flip no digits.

    images = rotate(shift(flip(images), 2, fill=255), 10, fill=255)   # the last is done last

Without a generator, te.manual_seed decides.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backend import generator as library_generator
from ..ops.images import as_pair
from ..tensor import Tensor, asarray

__all__ = ["crop", "flip", "rotate", "shift"]

Generator = np.random.Generator | None


def flip(images: Any, p: float = 0.5, generator: Generator = None) -> Any:
    """Left and right exchanged, x[..., ::-1], in each picture with probability p."""
    batch = _batch(images)
    if not 0 <= p <= 1:
        raise ValueError(f"p is a probability from 0 to 1, not {p!r}; flip(images, 0.5)")
    mirrored = _random(generator).random(len(batch)) < p  # (N,)
    return _like(images, np.where(mirrored[:, None, None, None], batch[..., ::-1], batch))


def crop(
    images: Any,
    size: int | tuple[int, int] | None = None,
    padding: int = 0,
    fill: float = 0,
    generator: Generator = None,
) -> Any:
    """A window of (height, width) pixels at a random place of each picture: (N, C, height, width).

    Args:
        images: (N, C, H, W).
        size: of the window; one number for a square, None for the size of the pictures.
        padding: so many pixels of `fill` are first put around each picture.
        fill: the value of those pixels: that of the background.
        generator: the source of random numbers; without it te.manual_seed decides.
    """
    batch = _batch(images)
    _whole("padding", padding)
    around = ((0, 0), (0, 0), (padding, padding), (padding, padding))
    padded = np.pad(batch, around, constant_values=_fitting(fill, batch))
    height, width = batch.shape[2:] if size is None else as_pair("size", size, 1)
    spare = padded.shape[2] - height, padded.shape[3] - width
    if min(spare) < 0:
        raise ValueError(
            f"a window of {height} × {width} does not fit pictures of {padded.shape[2]} × "
            f"{padded.shape[3]}, padding included; give a smaller size or more padding"
        )
    top, left = _random(generator).integers(0, np.add(spare, 1), size=(len(batch), 2)).T
    rows = top[:, None] + np.arange(height)  # (N, height)
    columns = left[:, None] + np.arange(width)  # (N, width)
    rows, columns = rows[:, None, :, None], columns[:, None, None, :]
    n, c = np.ogrid[: batch.shape[0], : batch.shape[1]]
    return _like(images, padded[n[..., None, None], c[..., None, None], rows, columns])


def shift(images: Any, most: int = 2, fill: float = 0, generator: Generator = None) -> Any:
    """Each picture moved by up to `most` pixels up or down and left or right.

    What leaves the picture is lost; what comes in is `fill`. The same as crop(padding=most).
    """
    _whole("most", most)
    return crop(images, padding=most, fill=fill, generator=generator)


def rotate(images: Any, degrees: float = 15, fill: float = 0, generator: Generator = None) -> Any:
    """Each picture turned about its middle by an angle between −degrees and degrees.

    A pixel of the new picture is the bilinear mean of the four around the place it comes from.
    What comes from outside is `fill`. Small angles keep the label: a 6 upside down is a 9.
    """
    batch = _batch(images)
    if not 0 <= degrees <= 180:
        raise ValueError(f"degrees is an angle from 0 to 180, not {degrees!r}; rotate(images, 15)")
    background = _fitting(fill, batch)
    angles = np.deg2rad(_random(generator).uniform(-degrees, degrees, size=len(batch)))
    return _like(images, _turned(batch, angles, background))


def _turned(batch: np.ndarray, angles: np.ndarray, fill: Any) -> np.ndarray:
    """Each picture turned anticlockwise by its angle in radians."""
    height, width = batch.shape[2:]
    cos, sin = np.cos(angles)[:, None, None], np.sin(angles)[:, None, None]
    y = np.arange(height)[:, None] - (height - 1) / 2  # (height, 1), 0 in the middle
    x = np.arange(width) - (width - 1) / 2  # (width,)
    from_y = cos * y + sin * x + (height - 1) / 2  # (N, height, width)
    from_x = cos * x - sin * y + (width - 1) / 2

    # One pixel of fill around each picture stands for everything outside.
    around = ((0, 0), (0, 0), (1, 1), (1, 1))
    padded = np.pad(batch, around, constant_values=fill)
    from_y, from_x = np.clip(from_y + 1, 0, height + 1), np.clip(from_x + 1, 0, width + 1)
    top = np.minimum(np.floor(from_y), height).astype(np.int64)
    left = np.minimum(np.floor(from_x), width).astype(np.int64)
    down, right = (from_y - top)[:, None], (from_x - left)[:, None]  # from 0 to 1
    n, c = np.arange(len(batch))[:, None, None, None], np.arange(batch.shape[1])[:, None, None]

    def pixels(row: int, column: int) -> Any:
        return padded[n, c, (top + row)[:, None], (left + column)[:, None]]

    upper = (1 - right) * pixels(0, 0) + right * pixels(0, 1)
    lower = (1 - right) * pixels(1, 0) + right * pixels(1, 1)
    mean = (1 - down) * upper + down * lower  # (N, C, height, width)
    turned: np.ndarray = (mean if batch.dtype.kind == "f" else np.rint(mean)).astype(batch.dtype)
    return turned


def _batch(images: Any) -> np.ndarray:
    batch = images.numpy() if isinstance(images, Tensor) else np.asarray(images)
    if batch.ndim != 4 or batch.dtype.kind not in "fiu":
        raise ValueError(
            f"a batch of pictures is numbers of shape (N, C, H, W), not {batch.dtype} of shape "
            f"{batch.shape}; for grey pictures (N, H, W) write images[:, None]"
        )
    return batch


def _like(images: Any, changed: np.ndarray) -> Any:
    return asarray(changed, device=images.device) if isinstance(images, Tensor) else changed


def _random(generator: Generator) -> np.random.Generator:
    if generator is not None and not isinstance(generator, np.random.Generator):
        raise TypeError(
            f"generator is a NumPy generator such as np.random.default_rng(0), not {generator!r}"
        )
    return library_generator() if generator is None else generator


def _whole(name: str, value: Any) -> None:
    if not isinstance(value, int | np.integer) or value < 0:
        raise ValueError(f"{name} is a whole number of pixels of at least 0, not {value!r}")


def _fitting(fill: float, batch: np.ndarray) -> Any:
    """fill in the dtype of the pictures."""
    if not isinstance(fill, int | float | np.number):
        raise ValueError(f"fill is one number, the value of the background, not {fill!r}; fill=0")
    if batch.dtype.kind in "iu":
        bounds = np.iinfo(batch.dtype)
        if fill != np.floor(fill) or not bounds.min <= fill <= bounds.max:
            raise ValueError(
                f"fill={fill!r} is no pixel of {batch.dtype} pictures: give a whole number from "
                f"{bounds.min} to {bounds.max}"
            )
    return batch.dtype.type(fill)

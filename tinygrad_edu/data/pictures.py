"""Colour pictures of 32 × 32 pixels; from simple to hard: drawn shapes, then emoji."""

from __future__ import annotations

import io
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..backend import generator
from .sets import _bundled_content

__all__ = ["Pictures", "Shapes", "emoji", "shapes"]

# tests/tools/make_emoji.py prints it.
_EMOJI_SHA256 = "11c17631beffdb04e50f350070d7da35b4fb7b0b79b0c9199784fa67a491d0e1"
_SIDE = 32

Bytes = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


class Shapes(NamedTuple):
    """Drawn shapes: images (N, 3, 32, 32) uint8, labels (N,) int64 from 0, and what they mean."""

    images: Bytes
    labels: Labels
    class_names: tuple[str, ...]


class Pictures(NamedTuple):
    """Pictures for training and others for testing, and the class of each.

    Images are uint8 of shape (N, 3, 32, 32): red, green and blue from 0 to 255. Labels are int64 of
    shape (N,); class_names[label] says what a picture shows.
    """

    train_images: Bytes
    train_labels: Labels
    test_images: Bytes
    test_labels: Labels
    class_names: tuple[str, ...]


# --- drawn shapes ---------------------------------------------------------------------------------

SHAPES = (
    "disc", "ring", "square", "frame", "triangle", "plus", "X", "rows", "columns", "checks",
)  # fmt: skip


def shapes(n: int, seed: int | None = None, noise: float = 0.1) -> Shapes:
    """n drawn shapes of ten kinds: images (n, 3, 32, 32) uint8 and labels (n,), 0 disc to 9 checks.

    Each kind comes as often as the others, or once less. Place, size and the two colours are
    random: one is dark and one light, and either may be the shape's. What stands at one place says
    little about the kind, so a linear model is little better than chance.

    Args:
        n: how many.
        seed: for random numbers of its own; without it te.manual_seed decides.
        noise: the standard deviation of what is added to each pixel, where 1 is white.
    """
    if not isinstance(n, int | np.integer) or n < 0:
        raise ValueError(f"shapes(n) draws a whole number of at least 0 pictures, not {n!r}")
    if not 0 <= noise < np.inf:
        raise ValueError(f"noise is a standard deviation of at least 0, such as 0.1, not {noise!r}")
    random = generator(seed)
    labels = random.permutation(np.arange(n) % len(SHAPES))
    images = np.empty((n, 3, _SIDE, _SIDE), np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[:] = _drawn(SHAPES[label], noise, random)
    return Shapes(images, labels, SHAPES)


def _drawn(kind: str, noise: float, random: np.random.Generator) -> Bytes:
    """One shape somewhere on a background, (3, 32, 32)."""
    radius = random.uniform(7, 12)
    middle = random.uniform(radius, _SIDE - 1 - radius, size=(2, 1, 1))
    y, x = (np.mgrid[:_SIDE, :_SIDE] - middle) / radius  # from −1 to 1 where the shape is
    colours = random.uniform(0, 0.4, size=3), random.uniform(0.6, 1, size=3)
    back, front = colours if random.random() < 0.5 else colours[::-1]
    clean = np.where(_inside(kind, x, y), front[:, None, None], back[:, None, None])
    noisy = clean + noise * random.standard_normal(clean.shape)
    drawn: Bytes = np.rint(255 * noisy.clip(0, 1)).astype(np.uint8)
    return drawn


def _inside(kind: str, x: Floats, y: Floats) -> Mask:
    """Which points (x, y) of the square from −1 to 1 belong to the shape."""
    far, wide = x**2 + y**2, np.maximum(abs(x), abs(y))
    row, column = np.floor(2.5 * (y + 1)) % 2 == 0, np.floor(2.5 * (x + 1)) % 2 == 0
    points: dict[str, Mask] = {
        "disc": far <= 1,
        "ring": (far <= 1) & (far > 0.3),
        "square": wide <= 0.9,
        "frame": (wide <= 0.9) & (wide > 0.5),
        "triangle": (abs(y) <= 0.9) & (2 * abs(x) <= y + 0.9),
        "plus": np.minimum(abs(x), abs(y)) <= 0.3,
        "X": np.minimum(abs(x - y), abs(x + y)) <= 0.4,
        "rows": row,
        "columns": column,
        "checks": row == column,
    }
    return points[kind] & (wide <= 1)


# --- emoji ----------------------------------------------------------------------------------------


def emoji() -> Pictures:
    """Emoji in ten classes: 4,000 pictures for training and 1,000 others, (N, 3, 32, 32) uint8.

    Each picture is one emoji of 20 × 20 pixels somewhere on white; 400 training and 100 test
    pictures of each class, in shuffled order. Classes: animals, faces, flags, food, hands, people,
    places, signs, things, vehicles. A small class shows an emoji several times, at other places;
    hands and people come in all skin tones. **No emoji is in both parts**, and neither are an emoji
    and its other skin tones, nor the man, woman and person of one activity: the 1,090 emoji of the
    training pictures and the 370 of the test pictures are different ones. Every call reads anew,
    so the arrays are yours to change.

    Train on 1 − images / 255, so that the white ground is 0: on images / 255, where most inputs are
    1, a network of ReLU layers may get stuck at the start.

    Source: Google's Noto Emoji, by way of the npm package emoji-datasource-google. Licence, and
    what was changed: EMOJI_LICENSE.md in tinygrad_edu/data/bundled.
    """
    content = _bundled_content("emoji.npz", _EMOJI_SHA256)
    with np.load(io.BytesIO(content), allow_pickle=False) as stored:
        tiles, class_names = stored["tiles"], tuple(stored["class_names"].tolist())
        train, test = (
            (
                _placed(tiles[stored[f"{side}_tiles"]], stored[f"{side}_places"]),
                stored[f"{side}_labels"].astype(np.int64),
            )
            for side in ("train", "test")
        )
    return Pictures(*train, *test, class_names)


def _placed(tiles: Bytes, places: Bytes) -> Bytes:
    """Each tile (3, side, side) on a white picture, its upper left corner at (row, column)."""
    pictures = np.full((len(tiles), 3, _SIDE, _SIDE), 255, np.uint8)
    side = tiles.shape[-1]
    for picture, tile, (row, column) in zip(pictures, tiles, places.tolist(), strict=True):
        picture[:, row : row + side, column : column + side] = tile
    return pictures

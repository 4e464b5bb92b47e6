"""Make, or check, the emoji pictures that ship with the package.

    python tests/tools/make_emoji.py FOLDER           writes emoji.npz
    python tests/tools/make_emoji.py FOLDER --check   compares it with the original sheet

FOLDER is the folder `package` of the npm package `emoji-datasource-google`, version 16.0.0
(`npm pack emoji-datasource-google@16.0.0`, then unpack it). Both print the sha256 of each array,
which EMOJI_LICENSE.md records, and of the file, which `tinygrad_edu/data/pictures.py` compares.
The script needs Pillow, to read one PNG file; the library does not.

emoji.npz holds tiles of 20 × 20 pixels and, for each picture, which tile stands where in it:
te.data.emoji() puts them on white squares of 32 × 32. Classes are made of Unicode's subcategories.
Of each class one emoji in four is for testing. Emoji that show the same thing as man, woman and
person, and an emoji in its skin tones, are relatives: they stand on the same side. An emoji whose
tile equals an earlier one (several countries fly one flag) is left out.
"""

import argparse
import hashlib
import json
import pathlib
import re
import sys
from typing import Any

import numpy as np
import numpy.typing as npt

SEED = 2010
SIDE, BORDER, CANVAS = 20, 1, 32
TRAIN_PER_CLASS, TEST_PER_CLASS = 400, 100
BUNDLED = pathlib.Path(__file__).parents[2] / "tinygrad_edu" / "data" / "bundled" / "emoji.npz"

# Class -> the beginnings of the subcategories of Unicode that it is made of.
CLASSES: dict[str, tuple[str, ...]] = {
    "animals": ("animal-",),
    "faces": ("face-", "cat-face", "monkey-face"),
    "flags": ("country-flag", "flag", "subdivision-flag"),
    "food": ("food-", "drink"),
    "hands": ("hand",),
    "people": ("person",),
    "places": ("place-building", "place-geographic", "place-other", "place-religious"),
    "signs": (
        "alphanum", "arrow", "av-symbol", "currency", "gender", "geometric", "keycap", "math",
        "other-symbol", "punctuation", "religion", "transport-sign", "warning", "zodiac",
    ),
    "things": (
        "book-paper", "computer", "household", "light & video", "mail", "musical-instrument",
        "office", "phone", "science", "writing",
    ),
    "vehicles": ("transport-air", "transport-ground", "transport-water"),
}  # fmt: skip
NO_CLASS = {"person-symbol"}  # footprints and grey busts
RELATIVES = r"\b(men|women|man|woman|person|people|male|female|facing right)\b"

Entry = dict[str, Any]


def class_of(entry: Entry) -> int | None:
    """The number of the class of an emoji; None for one that is in no class."""
    subcategory = entry["subcategory"]
    for number, beginnings in enumerate(CLASSES.values()):
        if subcategory.startswith(beginnings) and subcategory not in NO_CLASS:
            return number
    return None


def family(entry: Entry) -> str:
    """What an emoji shows, without who: the same for "man running" and "woman running"."""
    name = re.sub(RELATIVES, " ", entry["name"].lower().replace("-", " "))
    return " ".join(re.findall(r"\w+", name)) or entry["name"]


def read_sheet(folder: pathlib.Path) -> npt.NDArray[np.int64]:
    """The sheet of all emoji over white, (height, width, 3), from 0 to 255.

    Of the two sheets the "clean" one, which borrows no picture from another maker.
    """
    from PIL import Image  # here, because nothing else needs it

    image = Image.open(folder / "img" / "google" / "sheets-clean" / "20.png").convert("RGBA")
    pixels = np.asarray(image).astype(np.int64)
    colour, alpha = pixels[..., :3], pixels[..., 3:]
    return (colour * alpha + 255 * (255 - alpha) + 127) // 255  # rounded to the nearest


def cut(sheet: npt.NDArray[np.int64], place: Entry) -> npt.NDArray[np.uint8]:
    """The tile of one emoji, (3, 20, 20)."""
    step = SIDE + 2 * BORDER
    top, left = place["sheet_y"] * step + BORDER, place["sheet_x"] * step + BORDER
    tile = sheet[top : top + SIDE, left : left + SIDE]
    return tile.transpose(2, 0, 1).astype(np.uint8)


def shuffled(things: list[Any], bits: np.random.PCG64) -> list[Any]:
    # NumPy promises the raw stream of PCG64 for ever; it may change Generator.permutation.
    return [things[i] for i in np.argsort(bits.random_raw(len(things)), kind="stable")]


def looks(entry: Entry, bits: np.random.PCG64) -> list[Entry]:
    """An emoji in yellow and in its five skin tones, in shuffled order."""
    tones = entry.get("skin_variations", {})
    single = [tones[tone] for tone in sorted(tones) if "-" not in tone]
    return shuffled([entry, *(tone for tone in single if tone["has_img_google"])], bits)


def in_turn(entries: list[Entry], limit: int, bits: np.random.PCG64) -> list[tuple[Entry, Entry]]:
    """(emoji, one of its looks): first one look of each emoji, then a second one, up to `limit`."""
    every = [(entry, looks(entry, bits)) for entry in entries]
    rounds = max(len(found) for _, found in every)
    turns = [(e, found[k]) for k in range(rounds) for e, found in every if k < len(found)]
    return turns[:limit]


def split(entries: list[Entry], bits: np.random.PCG64) -> tuple[list[Entry], list[Entry]]:
    """Training and test emoji of one class: whole families, one emoji in four for testing."""
    families: dict[str, list[Entry]] = {}
    for entry in sorted(entries, key=lambda entry: entry["unified"]):
        families.setdefault(family(entry), []).append(entry)
    test: list[Entry] = []
    train: list[Entry] = []
    for name in shuffled(sorted(families), bits):
        side = test if 4 * len(test) < len(entries) else train
        side.extend(families[name])
    return train, test


def make(folder: pathlib.Path) -> dict[str, npt.NDArray[Any]]:
    """The arrays of emoji.npz, by name."""
    sheet = read_sheet(folder)
    members: list[list[Entry]] = [[] for _ in CLASSES]
    seen: set[bytes] = set()
    for entry in json.loads((folder / "emoji.json").read_text(encoding="utf8")):
        number, tile = class_of(entry), cut(sheet, entry).tobytes()
        if number is not None and entry["has_img_google"] and tile not in seen:
            seen.add(tile)
            members[number].append(entry)

    bits = np.random.PCG64(SEED)
    tiles: list[npt.NDArray[np.uint8]] = []
    codes: list[str] = []
    pictures: dict[str, list[tuple[int, int]]] = {"train": [], "test": []}  # (tile, label)
    for number, entries in enumerate(members):
        sides = zip(pictures, split(entries, bits), (TRAIN_PER_CLASS, TEST_PER_CLASS), strict=True)
        for side, own, count in sides:
            turns = in_turn(own, count, bits)
            first = len(tiles)
            tiles += [cut(sheet, look) for _, look in turns]
            codes += [entry["unified"] for entry, _ in turns]
            pictures[side] += [(first + k % len(turns), number) for k in range(count)]

    arrays: dict[str, npt.NDArray[Any]] = {
        "tiles": np.stack(tiles), "codes": np.array(codes), "class_names": np.array(list(CLASSES)),
    }  # fmt: skip
    for side, found in pictures.items():
        order = np.array(shuffled(found, bits))
        arrays[f"{side}_tiles"] = order[:, 0].astype(np.uint16)
        arrays[f"{side}_labels"] = order[:, 1].astype(np.uint8)
        places = bits.random_raw(2 * len(found)) % (CANVAS - SIDE + 1)
        arrays[f"{side}_places"] = places.reshape(-1, 2).astype(np.uint8)  # (row, column)
    return arrays


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path, help="the unpacked npm package")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    parser.add_argument("--file", type=pathlib.Path, default=BUNDLED, help="the .npz file")
    options = parser.parse_args()

    arrays = make(options.folder)
    for name, array in arrays.items():
        print(f"{hashlib.sha256(array.tobytes()).hexdigest()}  {name} {array.shape}")
    if not options.check:
        np.savez_compressed(options.file, **arrays)
    content = options.file.read_bytes()
    print(f"{hashlib.sha256(content).hexdigest()}  {options.file.name} {len(content)} bytes")
    with np.load(options.file, allow_pickle=False) as stored:
        wrong = [name for name in arrays if not np.array_equal(arrays[name], stored.get(name, []))]
        wrong += [name for name in stored if name not in arrays]
    print(f"different: {', '.join(wrong)}" if wrong else f"{options.file.name} agrees")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

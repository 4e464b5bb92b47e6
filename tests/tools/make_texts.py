"""Make, or check, the texts that ship with the package.

    python tests/tools/make_texts.py FOLDER           writes the three files
    python tests/tools/make_texts.py FOLDER --check   compares them with the originals

FOLDER holds four originals:

    dist.female.first, dist.male.first   of the PyPI package names 0.3.0 (its source archive)
    lunyu.json                           of the npm package chinese-poetry 2.0.1, in dist/lunyu
    kjv.txt                              what the program of the Debian packages bible-kjv and
                                         bible-kjv-text 4.38 prints:
                                         bible -f 'psa1:1-pro31:31' < /dev/null > kjv.txt

Both print the sha256 of each file, which `tinygrad_edu/data/texts.py` compares, and of the text in
it, which the licence files record. The text is the same with every zlib; the bytes of a compressed
file may differ, so one that is written anew needs its sha256 there.
"""

import argparse
import gzip
import hashlib
import json
import pathlib
import re
import sys

BUNDLED = pathlib.Path(__file__).parents[2] / "tinygrad_edu" / "data" / "bundled"
BOOKS = {"Psa": "Psalm", "Prv": "Proverbs"}


def names(folder: pathlib.Path) -> str:
    """Each first name once, in small letters, sorted, one a line."""
    files = [folder / f"dist.{sex}.first" for sex in ("female", "male")]
    lines = [line for file in files for line in file.read_text(encoding="ascii").splitlines()]
    return "".join(f"{name}\n" for name in sorted({line.split()[0].lower() for line in lines}))


def analects(folder: pathlib.Path) -> str:
    """Title and paragraphs of each chapter, one a line, an empty line between chapters."""
    chapters = json.loads((folder / "lunyu.json").read_text(encoding="utf8"))
    texts = ["\n".join([chapter["chapter"], *chapter["paragraphs"]]) for chapter in chapters]
    return "\n\n".join(texts) + "\n"


def psalms_and_proverbs(folder: pathlib.Path) -> str:
    """Heading and verses of each chapter, one a line, an empty line between chapters."""
    lines = []
    for line in (folder / "kjv.txt").read_text(encoding="ascii").splitlines():
        if not line.strip():
            continue
        found = re.fullmatch(r"(Psa|Prv)(\d+):(\d+) (.+)", line)
        if found is None:
            raise ValueError(f"not a verse: {line!r}")
        book, chapter, verse, words = found.groups()
        if verse == "1":
            lines += ["", f"{BOOKS[book]} {chapter}"]
        lines.append(words.strip())
    return "\n".join(lines[1:]) + "\n"


FILES = {
    "names.txt": names,
    "analects.txt": analects,
    "psalms_and_proverbs.txt.gz": psalms_and_proverbs,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path, help="holds the four originals")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    options = parser.parse_args()

    wrong = []
    for name, make in FILES.items():
        text, packed = make(options.folder).encode("utf8"), name.endswith(".gz")
        if not options.check:
            content = gzip.compress(text, 9, mtime=0) if packed else text
            (BUNDLED / name).write_bytes(content)
        content = (BUNDLED / name).read_bytes()
        print(f"{hashlib.sha256(content).hexdigest()}  {name} {len(content)} bytes")
        print(f"{hashlib.sha256(text).hexdigest()}  its text, {len(text.decode())} characters")
        if (gzip.decompress(content) if packed else content) != text:
            wrong.append(name)
    print(f"different: {', '.join(wrong)}" if wrong else "all agree with the originals")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

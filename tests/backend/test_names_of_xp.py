"""Every name that the package takes from an array library is CuPy's and the stand-in's too.

The recorder sees what runs. This reads the source, so that a branch no test runs is seen as well:
each `xp.name`, and each call of one with its keywords, in every file of the package.
"""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

import tinygrad_edu as te
from tinygrad_edu import backend
from tinygrad_edu.backend import pretend_rules as rules

ROOT = Path(te.__file__).parent
OWN = {"scatter_add", "masked", "to_device", "block_bytes"}  # what each backend defines itself
FILES = [
    path for path in sorted(ROOT.rglob("*.py"))
    if not path.name.startswith("pretend") and not path.relative_to(ROOT).parts[0].startswith("_")
]  # fmt: skip


def is_namespace(node: ast.AST) -> bool:
    """Whether an expression is the array library: xp, library, or namespaces[…]."""
    if isinstance(node, ast.Subscript):
        return ast.unparse(node.value) == "namespaces"
    return isinstance(node, ast.Name) and node.id in ("xp", "library")


def dotted(node: ast.AST) -> str | None:
    """ "linalg.norm" for xp.linalg.norm; None for what does not begin with an array library."""
    if not isinstance(node, ast.Attribute):
        return None
    if is_namespace(node.value):
        return node.attr
    before = dotted(node.value)
    return None if before is None else f"{before}.{node.attr}"


def problems(source: str) -> list[str]:
    """What CuPy or the stand-in would hold against the names and calls in a source text."""
    found: list[str] = []
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    for node in ast.walk(ast.parse(source)):
        name = dotted(node)
        if name is None or name in OWN:
            continue
        owner, _, method = name.rpartition(".")
        if owner and rules.kind(owner) == "ufunc":
            fault = rules.method_complaint(owner, method)
        else:
            fault = None if rules.kind(name) != "missing" else rules.complaint(name, 0, ())
            fault = fault or (None if imitated(name) else f"the stand-in has no {name}")
        found += [fault] if fault else []
    for call in calls:
        name = dotted(call.func)
        starred = any(isinstance(argument, ast.Starred) for argument in call.args)
        if name is None or rules.kind(name) not in ("function", "ufunc") or starred:
            continue
        keywords = tuple(keyword.arg for keyword in call.keywords if keyword.arg)
        if len(keywords) == len(call.keywords):
            fault = rules.complaint(name, len(call.args), keywords)
            found += [fault] if fault else []
    return found


def imitated(name: str) -> bool:
    place = backend.backend("pretend-gpu").xp
    for part in name.split("."):
        place = getattr(place, part, None)
    return place is not None


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_name_is_one_of_cupys(path: Path) -> None:
    assert problems(path.read_text(encoding="utf-8")) == []


def test_the_names_were_found() -> None:
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in FILES]
    found = {dotted(node) for tree in trees for node in ast.walk(tree)} - {None}
    assert {"exp", "scatter_add", "lib.stride_tricks.as_strided", "add.at", "take"} <= found
    assert len(found) > 50


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("xp.nanpercentile(a, 9)", "numpy.nanpercentile is missing in CuPy"),
        ("y = xp.spacing", "numpy.spacing is missing in CuPy"),
        ("xp.linalg.vector_norm(a)", "numpy.linalg.vector_norm is missing"),
        ("xp.sum(a, initial=0)", "sum() got the keyword initial="),
        ("namespaces[type(a)].clip(a, min=0)", "clip() got the keyword min="),
        ("xp.exp(a, where=m)", "exp() got the keyword where="),
        ("xp.maximum.reduce(a)", "maximum.reduce is not implemented"),
        ("xp.random.normal(3)", "the stand-in has no random"),
        ("xp.take_along_axis(a, i)", "needs the argument axis"),
    ],
)
def test_a_planted_name_is_noticed(source: str, problem: str) -> None:
    assert any(problem in found for found in problems(source)), problems(source)


def test_every_backend_has_the_names_of_its_own() -> None:
    for device in ("cpu", "pretend-gpu"):
        xp = backend.backend(device).xp
        assert set(vars(xp)) >= OWN
        assert not OWN & set(dir(np))

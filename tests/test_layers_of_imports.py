"""Imports point down only; cupy is named in one file; op code computes with xp alone."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import tinygrad_edu

ROOT = Path(tinygrad_edu.__file__).parent
FILES = {path.relative_to(ROOT).as_posix(): path for path in sorted(ROOT.rglob("*.py"))}
# A file imports from its own folder and from lower layers. What is not listed may import all.
LAYERS = [
    {"backend", "recording", "refusals", "_methods", "_later"},
    {"tensor"},
    {"autograd"},
    {"ops"},
    {"nn", "optim", "data"},
]


def layer(name: str) -> int:
    return next((i for i, names in enumerate(LAYERS) if name in names), len(LAYERS))


def imported(file: str, tree: ast.AST) -> Iterator[str]:
    """The full names of all that a file imports, inside functions too."""
    package = ["tinygrad_edu", *Path(file).parts[:-1]]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) + 1 - node.level] if node.level else []
            module = ".".join([*start, *([node.module] if node.module else [])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def wrong_imports(file: str, source: str) -> list[str]:
    own = layer(Path(file).parts[0].removesuffix(".py"))
    wrong = []
    for name in imported(file, ast.parse(source)):
        first, _, rest = name.partition(".")
        inside = rest.partition(".")[0]
        up = first == "tinygrad_edu" and layer(inside) >= own < len(LAYERS)
        if up and inside != Path(file).parts[0].removesuffix(".py"):
            wrong.append(f"{file} imports {name}")
        if first == "cupy" and file != "backend/cuda.py":
            wrong.append(f"{file} names cupy")
    return wrong


def numpy_in_ops(file: str, source: str) -> list[str]:
    """Uses of np in functions that are given an array library, dtypes and constants excepted."""
    return [
        f"{file}:{node.lineno} np.{node.attr}"
        for function in ast.walk(ast.parse(source))
        if isinstance(function, ast.FunctionDef) and takes_xp(function)
        for node in ast.walk(function)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in ("np", "numpy")
        if not is_dtype_or_constant(getattr(np, node.attr))
    ]


def takes_xp(function: ast.FunctionDef) -> bool:
    arguments = [*function.args.posonlyargs, *function.args.args]
    return bool(arguments) and arguments[0].arg == "xp"


def is_dtype_or_constant(value: object) -> bool:
    if isinstance(value, type):
        return issubclass(value, np.generic | np.dtype)
    return value is None or isinstance(value, float)


@pytest.mark.parametrize("file", FILES)
def test_imports_point_down_and_op_code_uses_xp(file: str) -> None:
    source = FILES[file].read_text(encoding="utf-8")
    assert wrong_imports(file, source) == []
    assert not file.startswith("ops/") or numpy_in_ops(file, source) == []


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("backend/new.py", "from ..tensor import Tensor"),
        ("tensor.py", "from .ops import exp"),
        ("tensor.py", "def f():\n    from . import ops"),
        ("autograd.py", "import tinygrad_edu.ops.shape"),
        ("ops/new.py", "from ..nn.module import Module"),
        ("ops/new.py", "from tinygrad_edu import exp"),
        ("nn/new.py", "from ..optim import SGD"),
        ("nn/deep/new.py", "from ...data import DataLoader"),
        ("data/new.py", "if True:\n    from .. import training"),
        ("optim/new.py", "import tinygrad_edu as te"),
        ("training.py", "import cupy"),
        ("backend/new.py", "def f():\n    from cupy.cuda import Device"),
    ],
)
def test_a_wrong_import_is_found(file: str, source: str) -> None:
    assert wrong_imports(file, source) != []


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("nn/new.py", "from .module import Module\nfrom ..ops import exp\nimport math"),
        ("training.py", "from . import metrics, nn, optim\nfrom .gradcheck import gradcheck"),
        ("backend/cuda.py", "def f():\n    import cupy"),
    ],
)
def test_right_imports_pass(file: str, source: str) -> None:
    assert wrong_imports(file, source) == []


def test_numpy_in_an_op_is_found() -> None:
    right = "def f(xp, a, /):\n    return xp.exp(a.astype(np.float32)) * np.pi"
    assert numpy_in_ops("ops/new.py", right) == []
    for wrong in ("np.exp(a)", "a * np.sqrt(2)", "np.linalg.norm(a)", "(lambda g: np.sum(g))(a)"):
        assert numpy_in_ops("ops/new.py", f"def f(xp, a, /):\n    return {wrong}") != []

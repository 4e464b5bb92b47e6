"""What the package exports is what it says, each with a docstring, and the stubs match."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as te
from tinygrad_edu import ops

ROOT = Path(te.__file__).parent
PACKAGES = ["tinygrad_edu", "tinygrad_edu.nn", "tinygrad_edu.optim", "tinygrad_edu.data"]


def bound_names(package: Any) -> set[str]:
    """The public names that a package's __init__.py imports or defines."""
    names: set[str] = set()
    body = ast.parse(Path(package.__file__).read_text(encoding="utf-8")).body
    later = [name for node in body if isinstance(node, ast.If) for name in node.body]
    for node in [*body, *later]:  # under "if TYPE_CHECKING" stand the names that load later
        if isinstance(node, ast.Import | ast.ImportFrom):
            names |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    tools = {"annotations", "TYPE_CHECKING", "later"}
    return {name for name in names - tools if not name.startswith("_")}


@pytest.mark.parametrize("package", PACKAGES)
def test_all_names_what_is_exported(package: str) -> None:
    module = importlib.import_module(package)
    assert sorted(module.__all__) == sorted(bound_names(module))  # ruff keeps them in order
    assert all(hasattr(module, name) for name in module.__all__)


def test_every_operation_is_exported() -> None:
    assert {name: getattr(te, name) for name in ops.FUNCTIONS} == ops.FUNCTIONS


def exported() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for package in PACKAGES:
        module = importlib.import_module(package)
        found |= {f"{package}.{name}": getattr(module, name) for name in module.__all__}
    members = {name: value for name, value in vars(te.Tensor).items() if name[0] != "_"}
    slots = te.Tensor.__slots__
    found |= {f"Tensor.{name}": value for name, value in members.items() if name not in slots}
    return {name: value for name, value in found.items() if not is_numpys(value)}


def is_numpys(value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, np.generic)


def first_line_is_told(text: str | None) -> bool:
    """A sentence, or a formula with its gradients."""
    line = (text or "").strip().split("\n")[0]
    return len(line) > 8 and re.search(r"[.:?]( |$)|[∂=]", line) is not None


@pytest.mark.parametrize(("name", "value"), exported().items(), ids=exported())
def test_every_public_name_has_a_docstring(name: str, value: Any) -> None:
    assert first_line_is_told(value.__doc__), f"{name}: {value.__doc__!r}"


def test_a_missing_or_empty_docstring_is_noticed() -> None:
    for text in (None, "", "todo", "\n\n", "adds two things"):
        assert not first_line_is_told(text)
    assert first_line_is_told("a + b.   ∂/∂a = 1   ∂/∂b = 1")


# --- the stubs of what ops/__init__ attaches


def class_body(file: str, name: str) -> dict[str, ast.stmt]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    found = next(n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == name)
    body: dict[str, ast.stmt] = {}
    for node in found.body:
        if isinstance(node, ast.FunctionDef):
            body[node.name] = node
        elif isinstance(node, ast.AnnAssign | ast.Assign):
            targets = [node.target] if isinstance(node, ast.AnnAssign) else node.targets
            body |= {target.id: node for target in targets if isinstance(target, ast.Name)}
    return body


NEED_NO_STUB = {"__annotations__", "__doc__", "__module__", "__slots__", "__repr__"}
NEED_NO_STUB |= {"__array_function__", "__array_ufunc__"}


def test_stubs_name_all_that_is_attached() -> None:
    own = class_body("tensor.py", "Tensor").keys() | set(te.Tensor.__slots__) | NEED_NO_STUB
    attached = vars(te.Tensor).keys() - own - {"__slotnames__"}  # copy() leaves that on a class
    assert set(class_body("_methods.pyi", "Methods")) == attached


def test_stubs_have_the_parameters_of_their_functions() -> None:
    for name, node in class_body("_methods.pyi", "Methods").items():
        function = getattr(te.Tensor, name)
        if name not in ops.FUNCTIONS or function is not ops.FUNCTIONS[name]:
            continue
        assert isinstance(node, ast.FunctionDef)
        said = [a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
        assert said[1:] == list(inspect.signature(function).parameters)[1:], name


def test_importing_the_package_loads_numpy_alone() -> None:
    import subprocess
    import sys

    code = "import sys, tinygrad_edu; print(*{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "numpy" in loaded
    assert not loaded & {"cupy", "matplotlib", "safetensors", "tqdm", "scipy", "torch", "pytest"}

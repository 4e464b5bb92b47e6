"""Writes tinygrad_edu/backend/cupy_table.json: what CuPy offers, read from the real package.

Neither a GPU nor a driver is needed, since `import cupy` works without them:

    python -m venv somewhere && somewhere/bin/pip install "cupy-cuda12x>=14,<15"
    somewhere/bin/python tests/tools/make_cupy_table.py            # write the table
    somewhere/bin/python tests/tools/make_cupy_table.py --check    # compare; exit 1 if it differs
"""

import argparse
import difflib
import inspect
import json
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

TABLE_FILE = Path(__file__).parents[2] / "tinygrad_edu" / "backend" / "cupy_table.json"
NAMESPACES = ("", "fft", "lib", "lib.stride_tricks", "linalg", "random")
UFUNC_KEYWORDS = (
    *("out", "where", "axes", "axis", "keepdims"),
    *("casting", "order", "dtype", "subok", "signature"),
)


class Recipient:
    """Stands for a device array: shows whether a ufunc method goes on to work with its operand."""

    def sum(self, *_: Any) -> None:
        """Takes what add.reduce asks for."""

    prod = cumsum = cumprod = _add_reduceat = _scatter_op = sum


def default_text(value: Any) -> str:
    """The default as Python source where it is a plain value, else three dots."""
    plain = value is None or isinstance(value, bool | int | float | str | tuple)
    return repr(value) if plain else "..."


def parameters_text(signature: inspect.Signature) -> str:
    """A signature without annotations: 'a, axis=None, /, *, out=None'."""
    parameters = [
        parameter.replace(annotation=inspect.Parameter.empty)
        if parameter.default is inspect.Parameter.empty
        else parameter.replace(
            annotation=inspect.Parameter.empty, default=Literal(default_text(parameter.default))
        )
        for parameter in signature.parameters.values()
    ]
    return str(inspect.Signature(parameters))[1:-1]


class Literal(str):
    """A string whose repr is its own text."""

    def __repr__(self) -> str:
        return str(self)


def documented_parameters(documentation: str | None) -> str | None:
    """The parameters in a compiled method's first documentation line, without self and C types."""
    first_line = (documentation or "").strip().split("\n")[0]
    found = re.match(r"[\w.]+\((.*)\)( -> \w+)?$", first_line)
    if found is None:
        return None
    parts = [part.strip() for part in found.group(1).split(",") if part.strip()]
    without_types = [re.sub(r"^\w+ (?=\w)", "", part) for part in parts]
    return ", ".join(part for part in without_types if part != "self")


def ufunc_entry(ufunc: Any) -> dict[str, Any]:
    """A ufunc's parameters and the ufunc methods it has, found by asking it."""
    keywords = []
    for keyword in UFUNC_KEYWORDS:
        try:
            ufunc(*[1] * ufunc.nin, **{keyword: "same_kind" if keyword == "casting" else None})
        except TypeError as error:
            if "Wrong arguments" in str(error):
                continue
        except RuntimeError:  # accepted, but there is no device to run it
            pass
        keywords.append(keyword)
    inputs = [f"x{i + 1}" for i in range(ufunc.nin)]
    outputs = [f"out{i + 1}=None" for i in range(ufunc.nout)]
    options = [f"{keyword}=..." for keyword in keywords]
    recipient, methods = Recipient(), ["outer"]
    for method, operands in {
        "accumulate": (recipient,),
        "at": (recipient, 0, 1),
        "reduce": (recipient,),
        "reduceat": (recipient, 0),
    }.items():
        try:
            getattr(ufunc, method)(*operands)
        except NotImplementedError:
            continue
        methods.append(method)
    return {
        "kind": "ufunc",
        "parameters": ", ".join([*inputs, *outputs, "/", "*", *options]),
        "methods": sorted(methods),
    }


def function_entry(kind: str, function: Any) -> dict[str, Any]:
    """A function's or method's parameters, and whether its documentation says it synchronises."""
    target = function.__call__ if type(function).__name__ == "_GUFunc" else function
    try:
        parameters: str | None = parameters_text(inspect.signature(target))
    except ValueError:
        parameters = documented_parameters(function.__doc__)
    entry: dict[str, Any] = {"kind": kind}
    if parameters is not None:
        entry["parameters"] = parameters
    if re.search(r"may\s+synchronize\s+the\s+device", function.__doc__ or ""):
        entry["synchronises"] = True
    return entry


def entry_of(cupy: ModuleType, value: Any) -> dict[str, Any]:
    """The table's entry for one public object of a CuPy namespace."""
    if isinstance(value, cupy.ufunc):
        return ufunc_entry(value)
    if isinstance(value, ModuleType) or type(value).__name__ == "_LazyModule":
        return {"kind": "module"}
    if isinstance(value, type):
        return {"kind": "dtype" if issubclass(value, np.generic) else "class"}
    if callable(value):
        return function_entry("function", value)
    return {"kind": "constant" if value is None or isinstance(value, float) else "object"}


def array_entries(array_type: type) -> dict[str, dict[str, Any]]:
    """The attributes, methods and special methods of cupy.ndarray."""
    entries: dict[str, dict[str, Any]] = {}
    for name in dir(array_type):
        value = inspect.getattr_static(array_type, name)
        if name.startswith("__") and name.endswith("__"):
            # `__hash__ = None` says that arrays cannot be hashed.
            if value is not None and name not in dir(object) and "pyx" not in name:
                entries[f"ndarray.{name}"] = {"kind": "special"}
        elif not name.startswith("_"):
            method = callable(getattr(array_type, name))
            entries[f"ndarray.{name}"] = (
                {"kind": "method", "parameters": documented_parameters(value.__doc__) or ""}
                if method
                else {"kind": "attribute"}
            )
            if method and "synchroniz" in (value.__doc__ or ""):
                entries[f"ndarray.{name}"]["synchronises"] = True
    return entries


def make_table() -> str:
    """The table as text, one name a line."""
    import cupy

    names: dict[str, dict[str, Any]] = array_entries(cupy.ndarray)
    for namespace in NAMESPACES:
        module: Any = cupy
        for part in namespace.split(".") if namespace else ():
            module = getattr(module, part)
        for name in dir(module):
            if name.startswith("_") or name == "annotations":
                continue
            dotted = f"{namespace}.{name}" if namespace else name
            names[dotted] = entry_of(cupy, getattr(module, name))
    for method in ("accumulate", "at", "outer", "reduce", "reduceat"):
        names[f"ufunc.{method}"] = function_entry("method", getattr(cupy.add, method))
    names["ufunc.outer"]["parameters"] = "A, B, /, *, out=None, dtype=None, casting=..."
    lines = [f'"{name}": {json.dumps(names[name], ensure_ascii=True)}' for name in sorted(names)]
    versions = f'"cupy": "{cupy.__version__}",\n"numpy": "{np.__version__}"'
    return "{\n" + versions + ',\n"names": {\n' + ",\n".join(lines) + "\n}\n}\n"


def main() -> int:
    """Writes the table, or compares it with the committed one."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="compare, do not write")
    table = make_table()
    if not parser.parse_args().check:
        TABLE_FILE.write_text(table, encoding="ascii")
        return 0
    committed = TABLE_FILE.read_text(encoding="ascii") if TABLE_FILE.exists() else ""
    difference = list(
        difflib.unified_diff(
            committed.splitlines(), table.splitlines(), "committed", "installed CuPy", "", "", 0, ""
        )
    )
    print("\n".join(difference) or f"{TABLE_FILE.name} agrees with the installed CuPy")
    return 1 if difference else 0


if __name__ == "__main__":
    sys.exit(main())

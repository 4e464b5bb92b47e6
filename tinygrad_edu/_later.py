"""Names that are imported when first asked for, so that importing the package stays fast."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any


def later(package: str, places: dict[str, str]) -> Callable[[str], Any]:
    """A package's __getattr__: places says in which of its modules each name stands."""

    def find(name: str) -> Any:
        if name not in places:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = import_module(f"{package}.{places[name]}")
        value = module if name == places[name] else getattr(module, name)
        setattr(sys.modules[package], name, value)
        return value

    return find

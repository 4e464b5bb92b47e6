"""Recorder: a namespace that passes every call on and notes what CuPy would not have accepted.

    xp = Recorder(numpy)
    ...                      # compute with xp in place of numpy
    assert xp.problems == []

Where the stand-in for a GPU (tinygrad_edu.backend.pretend) stops at the first fault, a recorder
lets a whole run on NumPy go through and then tells all that it used. Both ask the same table of
CuPy's names. Methods of arrays (`x.sum(...)`) do not pass through a namespace: for those there is
the stand-in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any

import numpy as np

from tinygrad_edu.backend import pretend_rules as rules

Call = tuple[str, int, tuple[str, ...]]  # dotted name, count of positional arguments, keywords


class RecordedUfunc:
    """A ufunc whose calls, and those of its methods, are noted."""

    def __init__(self, name: str, ufunc: np.ufunc, note: Callable[..., None]) -> None:
        self._name = name
        self._ufunc = ufunc
        self._note = note

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self._note(self._name, args, kwargs, rules.complaint)
        return self._ufunc(*args, **kwargs)

    def __getattr__(self, method: str) -> Any:
        value = getattr(self._ufunc, method)
        if method not in ("accumulate", "at", "outer", "reduce", "reduceat"):
            return value

        def call(*args: Any, **kwargs: Any) -> Any:
            self._note(f"{self._name}.{method}", args, kwargs, self._complaint)
            return value(*args, **kwargs)

        return call

    def _complaint(self, name: str, count: int, keywords: tuple[str, ...]) -> str | None:
        if rules.kind(self._name) == "missing":
            return rules.complaint(self._name, 0, ())
        method = name.rpartition(".")[2]
        fault = rules.complaint(f"ufunc.{method}", count, keywords)
        fault = fault and fault.replace(f"ufunc.{method}", name)
        return rules.method_complaint(self._name, method) or fault


class Recorder:
    """A stand-in for `namespace` (numpy, or a backend's own namespace made from it).

    Attributes:
        calls: how often each (dotted name, count of positional arguments, keywords) was called.
        problems: one sentence for each use that CuPy would refuse.
    """

    def __init__(self, namespace: Any, own_names: Iterable[str] = ()) -> None:
        """`own_names` are the functions that a backend defines itself, so CuPy need not."""
        self._namespace = namespace
        self._own_names = frozenset(own_names)
        self._path = ""
        self.calls: Counter[Call] = Counter()
        self.problems: list[str] = []

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._namespace, name)
        dotted = self._path + name
        if name.startswith("_") or dotted in self._own_names:
            return value
        if rules.kind(dotted) == "missing":
            self._add_problem(rules.complaint(dotted, 0, ()))
        if isinstance(value, ModuleType) or rules.kind(dotted) == "module":
            below = Recorder(value, self._own_names)
            below._path, below.calls, below.problems = dotted + ".", self.calls, self.problems
            return below
        if isinstance(value, np.ufunc):
            return RecordedUfunc(dotted, value, self._note)
        if isinstance(value, type) or not callable(value):
            return value

        def call(*args: Any, **kwargs: Any) -> Any:
            self._note(dotted, args, kwargs, rules.complaint)
            return value(*args, **kwargs)

        return call

    def _note(
        self,
        name: str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        complaint: Callable[[str, int, tuple[str, ...]], str | None],
    ) -> None:
        keywords = tuple(sorted(kwargs))
        self.calls[name, len(args), keywords] += 1
        self._add_problem(complaint(name, len(args), keywords))

    def _add_problem(self, problem: str | None) -> None:
        if problem and problem not in self.problems:
            self.problems.append(problem)

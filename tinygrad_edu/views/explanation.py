"""explain(): a computation as a table, forwards line by line, then the gradients backwards."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import numpy as np

from ..autograd import summed_to
from ..tables import width
from ..tensor import Tensor
from . import formulas
from .tracing import FEW, Use, graph_of, local_derivative, on_host, own_pass, without_middle

COLUMN = 38  # a cell of a table is broken into lines no longer than this


@dataclass(frozen=True, eq=False)
class Part:
    """What one use of a line sends back to it: the user's gradient times a local derivative."""

    user: str
    rule: str
    local: np.ndarray | None  # in numbers, where they are few
    gradient: np.ndarray


@dataclass(frozen=True, eq=False)
class Line:
    """A leaf or an operation, its value, and the gradient of the output with respect to it."""

    name: str
    operation: str
    formula: str
    value: np.ndarray
    gradient: np.ndarray | None
    parts: tuple[Part, ...]


@dataclass(frozen=True, eq=False)
class Explanation:
    """Lines from the leaves to the output. Print it, or read explanation["w"].gradient."""

    lines: tuple[Line, ...]
    left_out: int  # lines in the middle that are not shown
    notes: tuple[str, ...]

    def __getitem__(self, name: str) -> Line:
        for line in self.lines:
            if line.name == name:
                return line
        raise KeyError(f"no line is called {name!r}; there are {[x.name for x in self.lines]}")

    def _tables(self) -> list[tuple[str, list[str], list[list[str]]]]:
        output, half = self.lines[-1].name, (len(self.lines) + 1) // 2
        forward = [
            [x.name, x.operation, x.formula, str(x.value.shape), short(x.value)] for x in self.lines
        ]
        backward = [_backward(x) for x in self.lines]
        if self.left_out:
            gap = ["…", f"{self.left_out} lines left out; limit= shows more", "", "", ""]
            forward.insert(half, gap)
            backward.insert(half, [["…", "", "", "", ""]])
        tables = [
            (f"Forwards: how {output} was computed.",
             ["", "operation", "formula", "shape", "value"], forward),
            (f"Backwards: the gradients of {output}. Each is the gradient g of the line it came "
             "from,\ntimes the local derivative.",
             ["", f"∂{output}/∂…", "came from", "local derivative", "in numbers"],
             [row for rows in reversed(backward) for row in rows]),
        ]  # fmt: skip
        return tables if any(x.gradient is not None for x in self.lines) else tables[:1]

    def __str__(self) -> str:
        tables = [
            f"{title}\n\n{_aligned([header, *rows])}" for title, header, rows in self._tables()
        ]
        return "\n\n".join([*tables, *(_wrapped(note, 90) for note in self.notes)])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """The same tables for a notebook."""
        style = "text-align:left;vertical-align:top;white-space:pre-wrap;font-family:monospace"
        text = []
        for title, header, rows in self._tables():
            text.append(f"<p><b>{html.escape(title)}</b></p><table>")
            for tag, row in [("th", header), *(("td", row) for row in rows)]:
                cells = (f'<{tag} style="{style}">{html.escape(x)}</{tag}>' for x in row)
                text.append(f"<tr>{''.join(cells)}</tr>")
            text.append("</table>")
        return "".join(text + [f"<p>{html.escape(note)}</p>" for note in self.notes])


def explain(
    output: Tensor, names: Mapping[str, Tensor] | None = None, limit: int = 60
) -> Explanation:
    """How output was computed, line by line, and which gradient reached each line by which rule.

    It goes back through the graph by itself: no .grad is written, and backward() works after it.

    Args:
        names: what to call tensors, as {"w": w}; the others are called x0, x1, …
        limit: so many lines are shown; of a longer computation the middle is left out.
    """
    order, called, notes = graph_of(output, names)
    gradients, uses, stopped = own_pass(output)
    lines = []
    for x in (shown := without_middle(order, limit)):
        parts = tuple(_part(x, use, called) for use in uses.get(x, ()) if x in gradients)
        operation, formula = described(x, called)
        value, gradient = x.numpy().copy(), gradients.get(x)
        lines.append(Line(called[x], operation, formula, value, gradient, parts))
    return Explanation(tuple(lines), len(order) - len(shown), tuple(notes + stopped))


def described(x: Tensor, called: formulas.Names) -> tuple[str, str]:
    """What made x, in code and as a formula."""
    if x.op is None:
        return ("leaf" if x.requires_grad else "constant"), f"requires_grad={x.requires_grad}"
    if not x.inputs:
        return formulas.call(x, called), "its inputs were freed by backward()"
    return formulas.call(x, called), formulas.formula(x, called)


def _part(x: Tensor, use: Use, called: formulas.Names) -> Part:
    result, position, sent = use
    rule = formulas.rule(result, position, called)
    if sent.shape != x.shape:
        rule += f"\nsummed from {sent.shape} to {x.shape}: {called[x]} was broadcast"
        sent = summed_to(sent, x.shape, result)
    return Part(called[result], rule, local_derivative(result, position), on_host(sent))


# --- as text


def short(value: np.ndarray, digits: int = 6) -> str:
    """All of a few numbers; else the first three and the range, with 4 digits."""
    few = value.size <= FEW

    def number(x: Any) -> str:
        return f"{x + 0.0:.{digits if few else 4}g}" if value.dtype.kind == "f" else str(x)

    if value.size == 0:
        return "no numbers"
    if few:
        style: Any = {"all": number}
        return np.array2string(value, max_line_width=COLUMN, separator=", ", formatter=style)
    low, high = number(value.min()), number(value.max())
    if low == high:
        return f"all {low}"
    start = ", ".join(number(x) for x in value.reshape(-1)[:3])
    return f"{start}, …\nfrom {low} to {high}"


def _backward(line: Line) -> list[list[str]]:
    """The rows of one line: its gradient, and where it came from; several parts are summed."""
    if line.gradient is None:
        return []
    numbers = ["" if part.local is None else short(part.local) for part in line.parts]
    causes = [[p.user, p.rule, n] for p, n in zip(line.parts, numbers, strict=True)]
    total = short(line.gradient)
    if len(causes) < 2:
        return [[line.name, total, *(causes or [["", "the start: 1", ""]])[0]]]
    sums = [after("+ " if i else "= ", short(p.gradient)) for i, p in enumerate(line.parts)]
    rows = [["", part, *cause] for part, cause in zip(sums, causes, strict=True)]
    return [[line.name, total, f"{len(causes)} uses", "their sum", ""], *rows]


def after(sign: str, number: str) -> str:
    """The number behind a sign, its further lines moved in as far."""
    return sign + number.replace("\n", "\n" + " " * len(sign))


def _wrapped(cell: str, size: int = COLUMN) -> str:
    lines = cell.split("\n")
    return "\n".join(textwrap.fill(x, size) if len(x) > size else x for x in lines)


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    """Rows under their header, cells of several lines among them, in columns."""
    lines: list[tuple[str, ...]] = []
    for row in rows:
        lines += zip_longest(*(_wrapped(cell).split("\n") for cell in row), fillvalue="")
    sizes = [max(map(width, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, tuple("-" * size for size in sizes))
    padded = [
        [x + " " * (n - width(x)) for x, n in zip(line, sizes, strict=True)] for line in lines
    ]
    return "\n".join(("  " + "   ".join(line)).rstrip() for line in padded)

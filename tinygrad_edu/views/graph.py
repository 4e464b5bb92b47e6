"""draw_graph(): a computation as a picture, in SVG that needs no other program and no font."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from pathlib import Path

import numpy as np

from ..lesson import BLUE, ORANGE
from ..tables import width
from ..tensor import Tensor
from . import formulas
from .explanation import after, described, short
from .layout import GAP, Edge, laid_out
from .tracing import graph_of, own_pass, without_middle

FONT, LETTER, LINE = 18, 10.9, 24  # size of the letters, their width, and of a line, in pixels
PAD, FALL = 12, 60  # inside a box, between layers
LOOKS = {
    "leaf": f'fill="#E3F1FA" stroke="{BLUE}" stroke-width="4"',
    "constant": 'fill="#F0F0F0" stroke="#666666" stroke-width="2" stroke-dasharray="8 5"',
    "operation": 'fill="white" stroke="black" stroke-width="2" rx="16"',
    "output": f'fill="#FDF3DC" stroke="{ORANGE}" stroke-width="5" rx="16"',
    "left out": 'fill="none" stroke="#666666" stroke-width="2" stroke-dasharray="2 7"',
}
GRADIENT = "#A84A00"  # RED, darkened for small letters


@dataclass(frozen=True)
class Drawing:
    """A picture as SVG text. A notebook shows it; .save("graph.svg") writes it to a file."""

    svg: str
    size: tuple[int, int]

    def _repr_svg_(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        return f'Drawing of {self.size[0]} × {self.size[1]} pixels; .save("graph.svg") writes it'

    def save(self, path: str | Path) -> Path:
        """Write the SVG to a file, which browsers open; gives its path."""
        path = Path(path)
        if path.suffix.lower() not in (".svg", ""):
            raise ValueError(f'a drawing is saved as SVG, "{path.stem}.svg", not as {path.suffix}')
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.svg, encoding="utf-8")
        return path


@dataclass(frozen=True)
class Box:
    """One tensor of the graph, in words."""

    name: str
    shape: str
    kind: str  # one of LOOKS
    text: list[str]
    gradient: list[str]

    @property
    def width(self) -> float:
        lines = [self.name + "    " + self.shape, *self.text, *self.gradient]
        return LETTER * max(map(width, lines)) + 2 * PAD

    @property
    def height(self) -> float:
        return LINE * (1 + len(self.text) + len(self.gradient)) + 2 * PAD


def draw_graph(
    output: Tensor,
    names: Mapping[str, Tensor] | None = None,
    gradients: bool = False,
    limit: int = 40,
) -> Drawing:
    """A picture of how output was computed: boxes with operation, shape, value and gradient.

    Args:
        names: what to call tensors, as {"w": w}; the others are called x0, x1, …
        gradients: compute the gradient of every box, in a pass of its own that writes no .grad;
            otherwise each box shows its .grad, once backward() has run.
        limit: so many boxes are drawn; of a longer computation the middle is left out.
    """
    order, called, notes = graph_of(output, names)
    found, _, stopped = own_pass(output) if gradients or not output.inputs else ({}, {}, [])
    shown = without_middle(order, limit)
    ran = any(x.grad is not None or (x.op is not None and not x.inputs) for x in order)
    boxes = [_box(x, output, called, found if gradients else None, ran) for x in shown]
    place = {x: i for i, x in enumerate(shown)}
    if left_out := len(order) - len(shown):
        half = len(shown) // 2
        text = [f"{left_out} boxes left out", "limit= draws more"]
        boxes.insert(half, Box("…", "", "left out", text, []))
        place = {x: i + (i >= half) for x, i in place.items()}
        place |= dict.fromkeys(order[half : half + left_out], half)
    edges = [(place[y], place[x]) for x in order for y in x.inputs if isinstance(y, Tensor)]
    if left_out:
        edges = [(a, b) for a, b in dict.fromkeys(edges) if a != b]
    return _drawn(boxes, edges, notes + stopped)


def _box(
    x: Tensor,
    output: Tensor,
    called: formulas.Names,
    found: dict[Tensor, np.ndarray] | None,
    ran: bool,
) -> Box:
    """The box of x: no line on its gradient where none was asked for and none was computed."""
    made, formula = described(x, called)
    kind = made if x.op is None else "output" if x is output else "operation"
    text = [made] if x.op is None or width(made) <= 30 else [x.op.__name__]
    if x.op is not None and width(formula) <= 40:
        text.append(formula)
    text += after("= ", short(x.numpy(), digits=4)).split("\n")
    if found is None and not ran:
        return Box(called[x], f"shape {x.shape}", kind, text, [])
    if not x.requires_grad:
        gradient = "no gradient wanted"
    elif found is not None:
        left = f"∂{called[output]}/∂{called[x]} = "
        gradient = after(left, short(found[x], 4)) if x in found else "gradient not known"
    elif x.grad is not None:
        gradient = after(".grad = ", short(x.grad.numpy(), 4))
    else:
        gradient = "gradient not kept"
    return Box(called[x], f"shape {x.shape}", kind, text, gradient.split("\n"))


# --- the picture


def _drawn(boxes: Sequence[Box], edges: Sequence[Edge], notes: Sequence[str]) -> Drawing:
    centres, layers, ways = laid_out([box.width for box in boxes], edges)
    spans = [(x, box.width / 2) for x, box in zip(centres, boxes, strict=False)]
    left = min(*centres, *(x - half for x, half in spans)) - GAP
    right = max(*centres, *(x + half for x, half in spans)) + GAP - left
    centres = [x - left for x in centres]

    head = [line for note in notes for line in textwrap.wrap(note, 70)]
    top = PAD + LINE * len(head) + GAP / 2
    tops: dict[int, float] = {}  # of each item: where its layer begins, and where it ends
    floors: dict[int, float] = {}
    for layer in layers:
        tops |= dict.fromkeys(layer, top)
        top += max(boxes[i].height for i in layer if i < len(boxes))
        floors |= dict.fromkeys(layer, top)
        top += FALL
    size = (
        round(max(right, LETTER * max(map(width, head), default=0) + 2 * PAD)),
        round(top - FALL + GAP / 2),
    )
    parts = [_line_svg(line, PAD, PAD + LINE * (i + 1) - 6, f'fill="{GRADIENT}"')
             for i, line in enumerate(head)]  # fmt: skip
    for user in range(len(boxes)):  # each edge ends at a place of its own on the box it leads to
        arriving = sorted(
            (way for way in ways if way[-1] == user), key=lambda way: centres[way[-2]]
        )
        for i, way in enumerate(arriving, start=1):
            start = tops[way[0]] + boxes[way[0]].height
            end = centres[user] + (i / (len(arriving) + 1) - 0.5) * boxes[user].width
            xs = [*(centres[item] for item in way[:-1]), end]
            falls = [(floors[a], tops[b]) for a, b in pairwise(way)]
            parts.append(_edge_svg(start, xs, falls))
    for i, box in enumerate(boxes):
        parts.append(_box_svg(box, centres[i] - box.width / 2, tops[i]))
    return Drawing(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{size[0]}" height="{size[1]}" '
        f'viewBox="0 0 {size[0]} {size[1]}" role="img" '
        f'font-family="Menlo, Consolas, DejaVu Sans Mono, monospace" font-size="{FONT}">\n'
        f"<title>How {_clean(boxes[-1].name)} was computed</title>\n"
        f'<rect width="{size[0]}" height="{size[1]}" fill="white"/>\n'
        + "\n".join(parts) + "\n</svg>\n",
        size,
    )  # fmt: skip


def _edge_svg(start: float, xs: Sequence[float], falls: Sequence[tuple[float, float]]) -> str:
    """An arrow down from start: straight through layers, from x to x in the space between them."""
    path, head = f"M{xs[0]:.1f} {start:.1f}", 13.0
    for (x, goal), (floor, top) in zip(pairwise(xs), falls, strict=True):
        bend = (floor + top - head) / 2
        path += f"V{floor:.1f}C{x:.1f} {bend:.1f} {goal:.1f} {bend:.1f} {goal:.1f} {top - head:.1f}"
    return (
        f'<path class="edge" d="{path}" fill="none" stroke="#444" stroke-width="2.5"/>'
        f'<path d="M{xs[-1]:.1f} {falls[-1][1] - 2:.1f}l-7 -{head:.0f}h14z" fill="#444"/>'
    )


def _box_svg(box: Box, x: float, y: float) -> str:
    rows = [_line_svg(box.name, x + PAD, y + LINE + 4, 'font-weight="bold" font-size="20"')]
    shape_x = x + box.width - PAD - LETTER * width(box.shape)
    rows.append(_line_svg(box.shape, shape_x, y + LINE + 4, 'fill="#555"'))
    for i, line in enumerate([*box.text, *box.gradient]):
        look = "" if i < len(box.text) else f'fill="{GRADIENT}"'
        rows.append(_line_svg(line, x + PAD, y + LINE * (i + 2) + 4, look))
    return (
        f'<g class="box" data-name="{_clean(box.name)}"><rect x="{x:.1f}" y="{y:.1f}" '
        f'width="{box.width:.1f}" height="{box.height:.1f}" {LOOKS[box.kind]}/>{"".join(rows)}</g>'
    )


def _line_svg(line: str, x: float, y: float, look: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" xml:space="preserve" {look}>{_clean(line)}</text>'


def _clean(text: str) -> str:
    """Text as XML takes it: escaped, and without the control characters it forbids."""
    return escape(re.sub("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text))

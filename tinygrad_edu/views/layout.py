"""Where the boxes of a graph stand: in layers, each below all that it was computed from.

An edge that passes through layers has a place of its own in each, so that none runs behind a box.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import accumulate, pairwise
from statistics import fmean

GAP = 34  # between boxes, in pixels
ABREAST = 6  # boxes in a layer; more of them go into a layer above
ORDERED, SWEEPS = 16, 24  # sweeps that may change the order in a layer, and all sweeps
Edge = tuple[int, int]  # from a box to one that was computed from it


def _levels(count: int, edges: Sequence[Edge]) -> list[int]:
    """The layer of each box, counted from the bottom: as low as its users and room allow."""
    levels = [0] * count
    taken: Counter[int] = Counter()
    for box in reversed(range(count)):  # inputs come before results, so users are placed by now
        level = max((levels[user] + 1 for source, user in edges if source == box), default=0)
        while taken[level] >= ABREAST:
            level += 1
        levels[box] = level
        taken[level] += 1
    return levels


def _side_by_side(wanted: Sequence[float], widths: Sequence[float]) -> list[float]:
    """Centres as near as can be to those wanted, in this order and without overlap.

    Least squares: where boxes would overlap they form a block, which stands at their mean.
    """
    steps = [(a + b) / 2 + (GAP if a or b else GAP / 2) for a, b in pairwise(widths)]
    offsets = list(accumulate([0.0, *steps]))
    blocks: list[list[float]] = []
    for target, offset in zip(wanted, offsets, strict=True):
        blocks.append([target - offset])
        while len(blocks) > 1 and fmean(blocks[-2]) > fmean(blocks[-1]):
            blocks[-2:] = [blocks[-2] + blocks[-1]]
    lefts = [left for block in blocks for left in [fmean(block)] * len(block)]
    return [left + offset for left, offset in zip(lefts, offsets, strict=True)]


def laid_out(
    widths: Sequence[float], edges: Sequence[Edge]
) -> tuple[list[float], list[list[int]], list[list[int]]]:
    """The centre of each item, the layers from top to bottom, and each edge's way through them.

    Items are the boxes and, numbered after them, the places where an edge passes a layer.
    """
    size = list(widths)
    levels = _levels(len(size), edges)
    ways = []
    for source, user in edges:
        passed = range(levels[source] - 1, levels[user], -1)
        ways.append([source, *range(len(size), len(size) + len(passed)), user])
        size += [0.0] * len(passed)
        levels += passed
    above: list[list[int]] = [[] for _ in size]
    below: list[list[int]] = [[] for _ in size]
    for way in ways:
        for upper, lower in pairwise(way):
            above[lower].append(upper)
            below[upper].append(lower)
    layers: list[list[int]] = [[] for _ in range(max(levels) + 1)]
    for item, level in enumerate(levels):
        layers[-1 - level].append(item)
    centres = [0.0] * len(size)
    for sweep in range(SWEEPS):  # each item towards the mean of its neighbours, down and up
        near = [above, below][sweep % 2]
        for layer in layers if sweep % 2 == 0 else layers[::-1]:
            others = [near[i] if sweep < ORDERED else above[i] + below[i] for i in layer]
            wanted = [fmean([centres[j] for j in o] or [centres[i]])
                      for i, o in zip(layer, others, strict=True)]  # fmt: skip
            order = list(range(len(layer)))
            if sweep < ORDERED:
                order.sort(key=wanted.__getitem__)
            layer[:] = [layer[k] for k in order]
            placed = _side_by_side([wanted[k] for k in order], [size[i] for i in layer])
            for i, x in zip(layer, placed, strict=True):
                centres[i] = x
    return centres, layers, ways

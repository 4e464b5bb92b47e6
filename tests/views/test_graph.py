"""draw_graph(): the SVG is sound, says what it should, and no edge runs behind a box."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

import tinygrad_edu as te
from tinygrad_edu.views.graph import Drawing, draw_graph

SVG = "{http://www.w3.org/2000/svg}"


def leaf(value: Any, device: str = "cpu", requires_grad: bool = True) -> te.Tensor:
    return te.tensor(np.array(value, np.float64), requires_grad=requires_grad, device=device)


def neuron(device: str = "cpu") -> tuple[te.Tensor, dict[str, te.Tensor]]:
    w, a, b = leaf(0.5, device), leaf(2, device), leaf(-0.5, device)
    y = leaf(1, device, requires_grad=False)
    z = w * a + b
    a_l = z.sigmoid()
    loss = 0.5 * (a_l - y) ** 2
    return loss, {"w": w, "a": a, "b": b, "y": y, "z": z, "a_l": a_l, "L": loss}


def boxes(drawing: Drawing) -> dict[str, str]:
    """The text of each box by its name; fails where a name stands twice."""
    found: dict[str, str] = {}
    for group in ElementTree.fromstring(drawing.svg).iter(f"{SVG}g"):
        name = group.attrib["data-name"]
        assert name not in found
        found[name] = "\n".join(text.text or "" for text in group.iter(f"{SVG}text"))
    return found


def edges(drawing: Drawing) -> list[ElementTree.Element]:
    paths = ElementTree.fromstring(drawing.svg).iter(f"{SVG}path")
    return [path for path in paths if path.attrib.get("class") == "edge"]


def points(path: str) -> np.ndarray:
    """Points along an edge: of its vertical lines and its curves, 40 each."""
    here, found = (0.0, 0.0), []
    for kind, rest in re.findall(r"([MVC])([^MVC]*)", path):
        numbers = [float(x) for x in rest.split()]
        if kind == "M":
            here = (numbers[0], numbers[1])
            continue
        corners = [here, here, (here[0], numbers[0]), (here[0], numbers[0])]
        if kind == "C":
            corners = [here, *zip(numbers[::2], numbers[1::2], strict=True)]
        t = np.linspace(0, 1, 40)
        shares = [(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3]
        found.append(np.transpose(shares) @ np.array(corners))
        here = corners[-1]
    return np.concatenate(found)


def assert_sound(drawing: Drawing) -> None:
    """Boxes inside the picture and apart from each other, edges outside of them all."""
    root = ElementTree.fromstring(drawing.svg)
    wide, high = drawing.size
    assert (root.attrib["width"], root.attrib["height"]) == (str(wide), str(high))
    frames = []
    for group in root.iter(f"{SVG}g"):
        rect = group[0].attrib
        x, y, w, h = (float(rect[key]) for key in ("x", "y", "width", "height"))
        assert 0 < x < x + w < wide and 0 < y < y + h < high
        assert all(x + w < u or u + v < x or y + h < p or p + q < y for u, p, v, q in frames)
        frames.append((x, y, w, h))
    for edge in edges(drawing):
        px, py = points(edge.attrib["d"]).T
        assert 0 < px.min() <= px.max() < wide
        for x, y, w, h in frames:
            assert not np.any((x < px) & (px < x + w) & (y + 0.1 < py) & (py < y + h - 0.1))


def recurrent(device: str = "cpu") -> te.Tensor:
    weight, h = leaf([[1.0, 2.0], [0.5, -1.0]], device), leaf([[0.1, 0.2]], device)
    for _ in range(5):
        h = (h @ weight).tanh()
    return (h * h).sum()


def wide(device: str = "cpu") -> te.Tensor:
    return te.concatenate([leaf([i], device).relu() for i in range(15)]).sum()


def diamond(device: str = "cpu") -> te.Tensor:
    x = leaf(2, device)
    return x * 2 * x.exp() + x * x


def tangled(device: str = "cpu") -> te.Tensor:
    """A graph drawn at random: every tensor from two earlier ones."""
    rng = np.random.default_rng(5)
    met = [leaf(1, device), leaf(2, device)]
    for _ in range(30):
        i, j = rng.integers(len(met), size=2)
        met.append(met[i] + met[j])
    total = met[-1]
    for x in met[:-1]:
        total = total * x
    return total


GRAPHS = [lambda device="cpu": neuron(device)[0], recurrent, wide, diamond, tangled]


@pytest.mark.parametrize("graph", GRAPHS)
@pytest.mark.parametrize("limit", [8, 200])
def test_every_drawing_is_sound(graph: Any, limit: int, device: str) -> None:
    loss = graph(device)
    for gradients in (False, True):
        drawing = draw_graph(loss, gradients=gradients, limit=limit)
        assert_sound(drawing)
        assert drawing == draw_graph(loss, gradients=gradients, limit=limit)
    assert draw_graph(graph(device)) == draw_graph(loss)  # not only of the same tensors


def test_at_most_six_boxes_stand_side_by_side() -> None:
    root = ElementTree.fromstring(draw_graph(wide()).svg)
    rows = Counter(group[0].attrib["y"] for group in root.iter(f"{SVG}g"))
    assert max(rows.values()) == 6 and sum(rows.values()) == 32


def test_every_tensor_once_and_an_edge_for_every_use(device: str) -> None:
    loss, names = neuron(device)
    drawing = draw_graph(loss, names)
    assert set(boxes(drawing)) == {*names, "x0", "x1", "x2"}
    assert len(edges(drawing)) == 9
    x = leaf(3, device)
    assert len(edges(draw_graph(x * x))) == 2


def test_operation_shape_value_and_gradient(device: str) -> None:
    loss, names = neuron(device)
    before = boxes(draw_graph(loss, names))
    assert before["a_l"].split("\n") == [
        "a_l", "shape ()", "sigmoid(z)", "σ(z) = 1 / (1 + e^(−z))", "= 0.6225",
    ]  # fmt: skip
    assert before["w"] == "w\nshape ()\nleaf\n= 0.5"
    assert before["y"] == "y\nshape ()\nconstant\n= 1"

    computed = boxes(draw_graph(loss, names, gradients=True))
    assert computed["w"].endswith("∂L/∂w = -0.1774")
    assert computed["z"].endswith("∂L/∂z = -0.08872")
    assert computed["y"].endswith("no gradient wanted")
    assert all(x.grad is None for x in names.values())
    assert boxes(draw_graph(loss, names)) == before

    names["z"].retain_grad()
    loss.backward(retain_graph=True)
    after = boxes(draw_graph(loss, names))
    assert after["w"].endswith(".grad = -0.1774") and after["z"].endswith(".grad = -0.08872")
    assert after["a_l"].endswith("gradient not kept")


def test_nothing_is_changed(device: str) -> None:
    loss, names = neuron(device)
    before = [(x.grad, x.op, x.inputs, x._products, x._time) for x in names.values()]
    draw_graph(loss, gradients=True)
    assert [(x.grad, x.op, x.inputs, x._products, x._time) for x in names.values()] == before
    loss.backward()
    assert names["w"].grad is not None


def test_freed_graphs_leaves_and_vectors_say_so(device: str) -> None:
    loss, _ = neuron(device)
    loss.backward()
    assert "its inputs were freed by backward()" in boxes(draw_graph(loss))["loss"]
    assert "retain_graph=True" in draw_graph(loss).svg
    x = leaf([1, 2], device)
    assert "This is a leaf" in draw_graph(x).svg
    assert "no_grad()" in draw_graph(x.detach()).svg
    drawing = draw_graph(x * 2, gradients=True)
    assert "starts from a single number" in drawing.svg
    assert boxes(drawing)["output"].endswith("gradient not known")
    for each in (draw_graph(loss), draw_graph(x), drawing):
        assert_sound(each)


def test_a_long_chain_is_cut_in_the_middle() -> None:
    x = y = leaf(1)
    for _ in range(200):
        y = y * 1.01
    drawing = draw_graph(y, {"x": x})
    found = boxes(drawing)
    assert len(found) == 41 and "161 boxes left out" in found["…"]
    assert len(edges(drawing)) == 40
    assert {"x", "loss", "x18", "x180"} <= set(found)
    assert_sound(drawing)
    assert len(boxes(draw_graph(y, limit=201))) == 201


def test_names_are_escaped_and_forbidden_characters_replaced() -> None:
    x = leaf(1)
    name = "<w> & \"q\" 'r' \x00\x1b\n权重"
    drawing = draw_graph(x * 2, {name: x})
    assert "<w> & \"q\" 'r' \ufffd\ufffd 权重" in boxes(drawing)
    assert_sound(drawing)


def test_it_is_self_contained_and_saved(tmp_path: Path) -> None:
    drawing = draw_graph(neuron()[0])
    links = re.findall(r"(?:href|src|url|@import|<style|<script)[^>]{0,40}", drawing.svg)
    assert links == []
    assert re.findall(r"https?://[^\"]+", drawing.svg) == ["http://www.w3.org/2000/svg"]
    path = drawing.save(tmp_path / "figures" / "graph.svg")
    assert path.read_text(encoding="utf-8") == drawing._repr_svg_() == drawing.svg
    assert "Drawing of" in repr(drawing)


def test_a_drawing_is_saved_as_svg_only(tmp_path: Path) -> None:
    drawing = draw_graph(te.tensor(2.0, requires_grad=True) * 3)
    with pytest.raises(ValueError, match=r'saved as SVG, "graph.svg", not as .png'):
        drawing.save(tmp_path / "graph.png")
    assert not list(tmp_path.iterdir())

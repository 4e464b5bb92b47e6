"""explain(): its numbers are those of te.grad(), its words those of the docstrings."""

from __future__ import annotations

import importlib
import pkgutil
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as te
from tinygrad_edu.views import formulas
from tinygrad_edu.views.explanation import explain
from tinygrad_edu.views.tracing import graph_of, local_derivative


def leaf(value: Any, device: str = "cpu", requires_grad: bool = True) -> te.Tensor:
    return te.tensor(np.array(value, np.float64), requires_grad=requires_grad, device=device)


def neuron(device: str = "cpu") -> tuple[te.Tensor, dict[str, te.Tensor]]:
    """Document 001 §4.2: one neuron, L = ½ (a_l − y)², with the numbers of the catalogue, B4."""
    w, a, b = leaf(0.5, device), leaf(2, device), leaf(-0.5, device)
    y = leaf(1, device, requires_grad=False)
    z = w * a + b
    a_l = z.sigmoid()
    loss = 0.5 * (a_l - y) ** 2
    return loss, {"w": w, "a": a, "b": b, "y": y, "z": z, "a_l": a_l, "L": loss}


def network(device: str = "cpu") -> tuple[te.Tensor, dict[str, te.Tensor]]:
    """Broadcasting, a tensor used twice, indices, several shapes."""
    rng = np.random.default_rng(7)
    x = leaf(rng.normal(size=(5, 4)), device, requires_grad=False)
    weight, bias = leaf(rng.normal(size=(4, 3)), device), leaf(rng.normal(size=3), device)
    target = te.tensor([0, 2, 1, 1, 0], device=device)
    hidden = (x @ weight + bias).tanh()
    loss = te.nn.functional.cross_entropy(hidden + bias, target)
    loss = loss + 0.01 * (weight * weight).sum() + hidden[1:, 0].max()
    return loss, {"x": x, "W": weight, "b": bias, "h": hidden}


def state(output: te.Tensor) -> list[Any]:
    """All that explain() and draw_graph() must leave as it is."""
    return [
        (id(x), x.numpy().tolist(), x.grad, x.op, x.inputs, x.options, id(x._products), x._time,
         (x._written or [0])[0], x._keeps_grad, x.requires_grad)
        for x in graph_of(output)[0]
    ]  # fmt: skip


# --- numbers


def test_one_neuron_has_the_numbers_of_the_catalogue(device: str) -> None:
    loss, names = neuron(device)
    found = explain(loss, names)
    for name, value, gradient in [
        ("w", 0.5, -0.1774469173),
        ("a", 2, -0.0443617293),
        ("b", -0.5, -0.0887234587),
        ("z", 0.5, -0.0887234587),
        ("a_l", 0.6224593312, -0.3775406688),
    ]:
        assert found[name].value == pytest.approx(value, abs=1e-10)
        assert found[name].gradient == pytest.approx(gradient, abs=1e-10)
    assert found["y"].gradient is None
    (part,) = found["z"].parts
    assert (part.user, part.rule) == ("a_l", "∂a_l/∂z = σ(z) (1 − σ(z))")
    assert part.local == pytest.approx(0.2350037122, abs=1e-10)


def test_one_neuron_as_text() -> None:
    expected = """
Forwards: how L was computed.

        operation      formula                   shape   value
  ---   ------------   -----------------------   -----   ---------
  w     leaf           requires_grad=True        ()      0.5
  a     leaf           requires_grad=True        ()      2
  x0    mul(w, a)      w · a                     ()      1
  b     leaf           requires_grad=True        ()      -0.5
  z     add(x0, b)     x0 + b                    ()      0.5
  a_l   sigmoid(z)     σ(z) = 1 / (1 + e^(−z))   ()      0.622459
  y     constant       requires_grad=False       ()      1
  x1    sub(a_l, y)    a_l − y                   ()      -0.377541
  x2    power(x1, 2)   x1^2                      ()      0.142537
  L     mul(0.5, x2)   0.5 · x2                  ()      0.0712685

Backwards: the gradients of L. Each is the gradient g of the line it came from,
times the local derivative.

        ∂L/∂…        came from   local derivative            in numbers
  ---   ----------   ---------   -------------------------   ----------
  L     1                        the start: 1
  x2    0.5          L           ∂L/∂x2 = 0.5                0.5
  x1    -0.377541    x2          ∂x2/∂x1 = 2 · x1^(2−1)      -0.755081
  a_l   -0.377541    x1          ∂x1/∂a_l = 1                1
  z     -0.0887235   a_l         ∂a_l/∂z = σ(z) (1 − σ(z))   0.235004
  b     -0.0887235   z           ∂z/∂b = 1                   1
  x0    -0.0887235   z           ∂z/∂x0 = 1                  1
  a     -0.0443617   x0          ∂x0/∂a = w                  0.5
  w     -0.177447    x0          ∂x0/∂w = a                  2
"""
    loss, names = neuron()
    assert str(explain(loss, names)) == repr(explain(loss, names)) == expected.strip("\n")


@pytest.mark.parametrize("example", [neuron, network])
def test_gradients_are_those_of_grad(example: Any, device: str) -> None:
    loss, _ = example(device)
    order, called, _ = graph_of(loss)
    found = explain(loss)
    wanted = [x for x in order if x.requires_grad]
    for x, g in zip(wanted, te.grad(loss, wanted), strict=True):
        line = found[called[x]]
        assert line.gradient is not None
        np.testing.assert_array_equal(line.gradient, g.numpy())
        np.testing.assert_array_equal(line.value, x.numpy())
        if line.parts:
            total = np.sum([part.gradient for part in line.parts], axis=0)
            np.testing.assert_allclose(total, g.numpy(), rtol=1e-13)
    assert len(found.lines) == len(order)


def test_a_reused_tensor_shows_the_sum(device: str) -> None:
    x = leaf(3, device)
    found = explain(x * x + x.exp(), {"x": x})
    assert [float(part.gradient) for part in found["x"].parts] == [pytest.approx(np.exp(3)), 3, 3]
    lines = [line.split() for line in str(found).splitlines()]
    assert ["x", "26.0855", "3", "uses", "their", "sum"] in lines
    assert ["=", "20.0855", "x1", "∂x1/∂x", "=", "e^x", "20.0855"] in lines
    assert lines.count(["+", "3", "x0", "∂x0/∂x", "=", "x", "3"]) == 2


def test_a_broadcast_gradient_says_that_it_was_summed(device: str) -> None:
    loss, names = network(device)
    rule = [part.rule for part in explain(loss, names)["b"].parts]
    assert all("summed from (5, 3) to (3,): b was broadcast" in text for text in rule)


def test_local_derivatives_in_numbers(device: str) -> None:
    v, w = leaf([1, 2, 0], device), leaf(2, device)
    assert local_derivative(v * v, 0).tolist() == [1, 2, 0]  # type: ignore[union-attr]
    assert local_derivative(v * w, 1).tolist() == [1, 2, 0]  # type: ignore[union-attr]
    assert local_derivative(v.max(), 0).tolist() == [0, 1, 0]  # type: ignore[union-attr]
    assert local_derivative(v[1:], 0).tolist() == [[0, 1, 0], [0, 0, 1]]  # type: ignore[union-attr]
    assert local_derivative(v.sqrt(), 0).tolist()[2] == np.inf  # type: ignore[union-attr]
    assert local_derivative(v.softmax(), 0) is None  # 9 numbers are too many
    assert local_derivative(leaf(np.ones(7), device).exp(), 0) is None
    y = v.softmax()[:2]
    two = y.softmax()
    np.testing.assert_allclose(
        local_derivative(two, 0), np.diag(two.numpy()) - np.outer(two.numpy(), two.numpy())
    )


def test_under_no_grad_and_with_joint_operations() -> None:
    @te.op(joint=True)
    def product(xp: Any, a: Any, b: Any, c: Any, /) -> Any:
        return a * b * c, lambda g, needs: (
            g * b * c if needs[0] else None, None, g * a * b if needs[2] else None,
        )  # fmt: skip

    a, b, c = leaf(2), leaf(3, requires_grad=False), leaf(5)
    y = product(a, b, c)
    with te.no_grad():
        found = explain(y, {"a": a, "b": b, "c": c})
    assert [float(found[n].parts[0].local) for n in "ac"] == [15, 6]  # type: ignore[arg-type]
    assert found["a"].parts[0].rule == "as written in the source of product()"


def test_infinities_are_shown_and_not_warned_of() -> None:
    x = leaf([0.0, 4.0])
    assert "[inf, 0.25]" in str(explain(x.sqrt().sum(), {"x": x}))


# --- nothing is changed


@pytest.mark.parametrize("example", [neuron, network])
def test_nothing_is_changed(example: Any, device: str) -> None:
    loss, names = example(device)
    before = state(loss)
    first = str(explain(loss, names))
    assert state(loss) == before
    assert str(explain(loss, names)) == first
    fresh, others = example(device)
    fresh.backward()
    loss.backward()
    for name in names:
        ours, theirs = names[name].grad, others[name].grad
        assert (ours is None) == (theirs is None)
        assert ours is None or ours.tolist() == theirs.tolist()


def test_an_explanation_keeps_its_numbers(device: str) -> None:
    loss, names = neuron(device)
    found = explain(loss, names)
    names["w"].data[...] = 100
    assert found["w"].value == 0.5


# --- graphs of which less is known


def test_a_freed_graph_says_so(device: str) -> None:
    loss, names = neuron(device)
    loss.backward()
    shown = str(explain(loss, names))
    assert "mul(…)" in shown and "its inputs were freed by backward()" in shown
    assert "0.0712685" in shown and "retain_graph=True" in shown
    assert "Not in this graph: w, a, b, y, z, a_l." in shown
    assert "Backwards" not in shown


def test_a_graph_freed_in_part_shows_the_rest(device: str) -> None:
    x = leaf([1, 2], device)
    trunk = x.exp()
    other = (trunk * 2).sum()
    trunk.sum().backward()
    found = explain(other, {"trunk": trunk})
    assert "Not all gradients are known: the graph of this tensor (from exp())" in found.notes[0]
    assert found["x0"].gradient.tolist() == [1, 1]  # type: ignore[union-attr]
    assert found["trunk"].gradient is None and found["trunk"].parts == ()


def test_leaves_and_untracked_tensors_say_so(device: str) -> None:
    x = leaf(2, device)
    assert "This is a leaf" in str(explain(x))
    with te.no_grad():
        y = x * 3
    assert "computed under no_grad()" in str(explain(y))


def test_no_single_number_and_changed_inputs_say_so(device: str) -> None:
    x = leaf([1, 2], device)
    assert "starts from a single number" in " ".join(str(explain(x * 2)).split())
    y = (x * x).sum()
    x.data = x.data * 2
    assert "was changed after it was used" in " ".join(str(explain(y)).split())


def test_a_long_computation_is_cut_in_the_middle() -> None:
    x = y = leaf(1)
    for _ in range(3000):
        y = y * 1.001
    found = explain(y, {"x": x})
    assert (len(found.lines), found.left_out) == (60, 2941)
    assert str(found).count("2941 lines left") == 1
    assert found["x"].gradient == pytest.approx(1.001**3000)
    assert explain(y, limit=5000).left_out == 0


def test_wrong_use_is_refused() -> None:
    with pytest.raises(TypeError, match="take a tensor"):
        explain(3.0)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="with a tensor for each name"):
        explain(leaf(1), names={"w": 1.0})  # type: ignore[dict-item]
    with pytest.raises(KeyError, match="no line is called 'q'"):
        explain(leaf(1))["q"]


# --- names, formulas, notebooks


def test_names_are_never_given_twice() -> None:
    a, b = leaf(1), leaf(2)
    c = a * b
    found = explain(c + a, {"x0": b, "loss": c})
    names = [line.name for line in found.lines]
    assert sorted(names) == sorted({"x0", "x1", "loss", "x2"})


def test_formulas_are_written_with_the_names() -> None:
    a, b = leaf([[1.0, 2.0]]), leaf([[3.0], [4.0]])
    weight, bias, x = leaf([[1.0]]), leaf([0.0]), leaf([[2.0]])
    names = {"p": a, "q": b, "W1": weight, "b1": bias, "x": x}
    for y, formula, rules in [
        (a / b, "p / q", ["∂y/∂p = 1/q", "∂y/∂q = −y/q"]),
        (a**b, "p^q", ["∂y/∂p = q · p^(q−1)", "∂y/∂q = y · ln p, taken as 0 where p = 0"]),
        (a ** (-2.0), "p^(-2)", ["∂y/∂p = (-2) · p^((-2)−1)"]),
        (a @ b, "p @ q, the matrix product over the last two axes", ["sends g qᵀ", "sends pᵀ g"]),
        (a.cumsum(axis=1), "The running sum along an axis: y_i = p_0 + … + p_i",
         ["∂y_i/∂p_j = 1 where j ≤ i"]),
        (a.softmax(), "e^p / Σ e^p along an axis", ["sends y ⊙ (g − Σ g ⊙ y)"]),
        (a.max(), "The largest entry", ["The gradient goes to the first of the largest"]),
        (te.nn.functional.linear(x, weight, bias),
         "x W1 + b1 for rows x: (…, in) and W1: (in, out), b1: (out,)",
         ["sends g W1ᵀ", "sends xᵀ g", "sends Σ g over the rows"]),
        (te.nn.functional.embedding([0], a), "Rows of p",
         ["sends g added up, row by row of the table"]),
        (te.nn.functional.layer_norm(x, weight.reshape(1), bias),
         "n · x0 + b1, with n = (x − mean) / √(variance + ε) over the last axis",
         ["sends s (h − mean h − n · mean(h · n)), with h = g · x0 and s = 1 / √(variance + ε)",
          "sends Σ g · n over the rows", "sends Σ g over the rows"]),
        (te.nn.functional.scaled_dot_product_attention(x, weight, a),
         "A p, with the weights A = softmax(x W1ᵀ / √d)",
         ["sends dS W1 / √d, with dS = A ⊙ (dA − the row sums of A ⊙ dA) and dA = g pᵀ",
          "sends dSᵀ x / √d, with the same dS of g", "sends Aᵀ g"]),
    ]:  # fmt: skip
        called = {tensor: name for name, tensor in names.items()} | {y: "y"}
        called |= {z: "x0" for z in y.inputs if z not in called}
        assert formulas.formula(y, called) == formula
        assert [formulas.rule(y, i, called) for i in range(len(rules))] == rules


def test_calls_show_their_options() -> None:
    x = leaf([[1.0, 2.0, 3.0]])
    for y, call in [
        (x.sum(), "sum(x)"),
        (x.sum(axis=0, keepdims=True), "sum(x, axis=0, keepdims=True)"),
        (x[..., 1:], "getitem(x, key=(..., 1:))"),
        (x[:, ::2], "getitem(x, key=(:, ::2))"),
        (2**x, "power(2, x)"),
        (te.concatenate([x, x]), "concatenate(x, x)"),
    ]:
        assert formulas.call(y, {x: "x", y: "y"}) == call


def test_html_for_notebooks_is_escaped() -> None:
    class Reader(HTMLParser):
        opened: list[str] = []  # noqa: RUF012
        text = ""

        def handle_starttag(self, tag: str, attrs: Any) -> None:
            self.opened.append(tag)

        def handle_data(self, data: str) -> None:
            self.text += data

    x = leaf(1)
    reader = Reader()
    reader.feed(explain((x * 2).exp(), {"<script>": x})._repr_html_())
    assert "script" not in reader.opened and "<script>" in reader.text
    assert reader.opened.count("table") == 2 and "∂loss/∂x0 = e^x0" in reader.text


def test_every_operation_has_a_formula_and_rules_for_its_own_inputs() -> None:
    modules = [importlib.import_module(f"{te.ops.__name__}.{m.name}")
               for m in pkgutil.iter_modules(te.ops.__path__)]  # fmt: skip
    found = {f for m in modules for f in vars(m).values() if hasattr(f, "composed")}
    assert len(found) > 50
    for operation in found:
        assert formulas._parts(operation)[0], operation.__name__
        inputs = formulas._input_names(operation)
        assert set(formulas._rules(operation)) <= set(range(len(inputs))), operation.__name__

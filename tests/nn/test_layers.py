"""One line per layer; every check runs on every line, and on every device.

References are plain loops over numbers. A layer of te.nn without a line here, or a loss without one
in test_losses.py, fails the suite.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import tinygrad_edu as te
from tests.nn import test_losses
from tests.nn.numeric import CLOSE, EQUAL, differences, fill, gradients, leaf, second_gradients
from tests.ops import loops
from tinygrad_edu import nn
from tinygrad_edu.nn import functional as F

Parameters = dict[str, np.ndarray]


class Line(NamedTuple):
    """A layer and what is to be known of it."""

    name: str  # as in te.nn; words after a blank tell variants apart
    make: Callable[[], nn.Module]
    reference: Callable[[np.ndarray, Parameters], np.ndarray]
    shapes: list[tuple[int, ...]]  # of inputs
    representation: str
    refused: list[tuple[Any, type[Exception], str]] = []  # input, error, words of its sentence


def each(function: Callable[[float], float], x: np.ndarray) -> np.ndarray:
    return np.array([function(float(v)) for v in x.flat]).reshape(x.shape)


def linear(x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None = None) -> np.ndarray:
    n_in, n_out = weight.shape
    rows = x.reshape(-1, n_in)
    y = np.zeros((len(rows), n_out))
    for r in range(len(rows)):
        for j in range(n_out):
            y[r, j] = 0.0 if bias is None else bias[j]
            for i in range(n_in):
                y[r, j] += rows[r, i] * weight[i, j]
    return y.reshape(*x.shape[:-1], n_out)


def softmax(x: np.ndarray, axis: int) -> np.ndarray:
    def of_row(row: np.ndarray) -> list[float]:
        powers = [math.exp(v) for v in row]
        return [power / sum(powers) for power in powers]

    return np.apply_along_axis(of_row, axis, x)


def sequential(x: np.ndarray, p: Parameters) -> np.ndarray:
    hidden = each(math.tanh, linear(x, p["0.weight"], p["0.bias"]))
    return linear(hidden, p["2.weight"], p["2.bias"])


def conv2d(x: np.ndarray, p: Parameters, **how: Any) -> np.ndarray:
    return loops.conv2d(x, p["weight"], p.get("bias"), **how)


def batch_norm(x: np.ndarray, p: Parameters) -> np.ndarray:
    return loops.batch_norm(x, p["weight"], p["bias"])


def batch_norm_in_use(x: np.ndarray, p: Parameters) -> np.ndarray:
    """With the running values that a layer starts with: mean 0, variance 1."""
    along = (-1, *[1] * (x.ndim - 2))
    return p["weight"].reshape(along) * x / math.sqrt(1 + 1e-5) + p["bias"].reshape(along)


NO_IMAGES = (np.zeros((5, 4)), ValueError, r"images of shape \(N, C, H, W\).*given \(5, 4\)")


def layer_norm(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    def of_row(row: np.ndarray) -> list[float]:
        mean = sum(row) / len(row)
        variance = sum((v - mean) ** 2 for v in row) / len(row)
        normal = [(v - mean) / math.sqrt(variance + 1e-5) for v in row]
        return [n * w + b for n, w, b in zip(normal, weight, bias, strict=True)]

    return np.apply_along_axis(of_row, -1, x)


def part(p: Parameters, name: str) -> Parameters:
    """The parameters of one part of a layer, by their names there."""
    return {key.removeprefix(name): value for key, value in p.items() if key.startswith(name)}


def attention(x: np.ndarray, p: Parameters, heads: int, causal: bool) -> np.ndarray:
    """Head by head and position by position."""
    q, k, v = (linear(x, **part(p, f"{name}.")) for name in ("query", "key", "value"))
    y = np.zeros(x.shape)
    d = x.shape[-1] // heads
    for *lead, i in np.ndindex(x.shape[:-1]):
        for h in range(heads):
            own = slice(h * d, (h + 1) * d)
            seen = range(i + 1 if causal else x.shape[-2])
            scores = [q[(*lead, i)][own] @ k[(*lead, j)][own] / math.sqrt(d) for j in seen]
            for j, weight in zip(seen, softmax(np.array(scores), -1), strict=True):
                y[(*lead, i)][own] += weight * v[(*lead, j)][own]
    return linear(y, **part(p, "output."))


def block(x: np.ndarray, p: Parameters, heads: int, causal: bool) -> np.ndarray:
    inside = layer_norm(x, **part(p, "attention_norm."))
    x = x + attention(inside, part(p, "attention."), heads, causal)
    hidden = linear(layer_norm(x, **part(p, "feed_forward_norm.")), **part(p, "feed_forward.0."))
    return x + linear(each(gelu_tanh, hidden), **part(p, "feed_forward.2."))


def gelu_tanh(v: float) -> float:
    return v * (1 + math.tanh(math.sqrt(2 / math.pi) * (v + 0.044715 * v**3))) / 2


HEADS = """MultiHeadAttention(
  num_heads=2, causal=True
  (query): Linear(4, 4)
  (key): Linear(4, 4)
  (value): Linear(4, 4)
  (output): Linear(4, 4)
  (dropout): Dropout(p=0.0)
)"""
BLOCK = f"""TransformerBlock(
  (attention_norm): LayerNorm(4)
  (attention): {HEADS.replace(chr(10), chr(10) + "  ")}
  (feed_forward_norm): LayerNorm(4)
  (feed_forward): Sequential(
    (0): Linear(4, 6)
    (1): GELU()
    (2): Linear(6, 4)
  )
  (dropout): Dropout(p=0.0)
)"""
WIDTH = ValueError, r"Linear\(3, 4\) needs inputs of shape \(…, 3\).*given "
TEXT = "text", TypeError

LINES = [
    Line(
        "Linear", lambda: nn.Linear(3, 4), lambda x, p: linear(x, p["weight"], p["bias"]),
        [(5, 3), (1, 3), (3,), (2, 5, 3), (0, 3), (3, 3)], "Linear(3, 4)",
        [
            (np.zeros((5, 4)), WIDTH[0], WIDTH[1] + r"\(5, 4\)\. Perhaps in_features=4"),
            (np.zeros((3, 5)), WIDTH[0], WIDTH[1] + r"\(3, 5\).*x\.T"),
            (np.zeros((5, 3, 1)), WIDTH[0], WIDTH[1] + r"\(5, 3, 1\).*Flatten.*to \(N, 3\)"),
            (np.zeros(4), WIDTH[0], WIDTH[1] + r"\(4,\)"),
            (1.0, WIDTH[0], WIDTH[1] + r"\(\)"),
            (*TEXT, "numbers"),
        ],
    ),
    Line(
        "Linear bias=False", lambda: nn.Linear(3, 4, bias=False),
        lambda x, p: linear(x, p["weight"]), [(5, 3), (3,), (2, 5, 3)],
        "Linear(3, 4, bias=False)", [(np.zeros((5, 4)), WIDTH[0], WIDTH[1] + r"\(5, 4\)")],
    ),
    Line(
        "ReLU", nn.ReLU, lambda x, p: each(lambda v: max(0.0, v), x), [(4, 3), (5,), ()],
        "ReLU()", [(*TEXT, "relu")],
    ),
    Line(
        "Sigmoid", nn.Sigmoid, lambda x, p: each(lambda v: 1 / (1 + math.exp(-v)), x),
        [(4, 3), (5,), ()], "Sigmoid()", [(*TEXT, "sigmoid")],
    ),
    Line(
        "Tanh", nn.Tanh,
        lambda x, p: each(lambda v: (math.exp(2 * v) - 1) / (math.exp(2 * v) + 1), x),
        [(4, 3), (5,), ()], "Tanh()", [(*TEXT, "tanh")],
    ),
    Line(
        "Softplus", nn.Softplus, lambda x, p: each(lambda v: math.log(1 + math.exp(v)), x),
        [(4, 3), (5,), ()], "Softplus()", [(*TEXT, "softplus")],
    ),
    Line(
        "GELU", nn.GELU, lambda x, p: each(lambda v: v * (1 + math.erf(v / math.sqrt(2))) / 2, x),
        [(4, 3), (5,), ()], "GELU()", [(*TEXT, "gelu")],
    ),
    Line(
        "GELU tanh", lambda: nn.GELU(approximate="tanh"),
        lambda x, p: each(gelu_tanh, x),
        [(4, 3), (5,), ()], "GELU()",
    ),
    Line(
        "Dropout in use", lambda: nn.Dropout(0.3).eval(), lambda x, p: x, [(4, 3), ()],
        "Dropout(p=0.3)",
    ),
    Line(
        "Softmax", nn.Softmax, lambda x, p: softmax(x, -1), [(4, 3), (5,), (2, 3, 4)],
        "Softmax()", [(*TEXT, "softmax")],
    ),
    Line(
        "Softmax axis=0", lambda: nn.Softmax(axis=0), lambda x, p: softmax(x, 0),
        [(4, 3), (2, 3, 4)], "Softmax()",
    ),
    Line(
        "LayerNorm", lambda: nn.LayerNorm(3),
        lambda x, p: layer_norm(x, p["weight"], p["bias"]), [(4, 3), (3,), (2, 4, 3)],
        "LayerNorm(3)",
        [
            (np.zeros((3, 4)), ValueError, r"needs x of shape \(…, size\).*given \(3, 4\), \(3,\)"),
            (1.0, ValueError, r"needs x of shape \(…, size\).*given \(\), \(3,\)"),
            (*TEXT, "numbers"),
        ],
    ),
    Line(
        "MultiHeadAttention", lambda: nn.MultiHeadAttention(4, 2),
        lambda x, p: attention(x, p, heads=2, causal=False), [(3, 4), (2, 3, 4), (1, 4)],
        HEADS.replace(", causal=True", ""),
        [
            (np.zeros((3, 5)), ValueError, r"Linear\(4, 4\) needs .*given \(3, 5\)"),
            (np.zeros(4), ValueError, r"\(…, time, embed_dim\).*given \(4,\).*x\[None\]"),
            (*TEXT, "numbers"),
        ],
    ),
    Line(
        "MultiHeadAttention causal", lambda: nn.MultiHeadAttention(4, 1, causal=True),
        lambda x, p: attention(x, p, heads=1, causal=True), [(3, 4), (2, 3, 4)],
        HEADS.replace("heads=2", "heads=1"),
    ),
    Line(
        "TransformerBlock", lambda: nn.TransformerBlock(4, 2, hidden_dim=6, causal=True),
        lambda x, p: block(x, p, heads=2, causal=True), [(3, 4), (2, 2, 4)], BLOCK,
        [(np.zeros((3, 5)), ValueError, r"needs x of shape .*given \(3, 5\), \(4,\)")],
    ),
    Line(
        "Flatten", nn.Flatten,
        lambda x, p: np.array([[float(v) for v in x[i].flat] for i in range(len(x))]),
        [(4, 3), (2, 3, 2, 2)], "Flatten()",
        [(np.zeros(3), ValueError, r"\(N, …\).*\(3,\)"), (1.0, ValueError, r"\(N, …\).*\(\)")],
    ),
    *(
        Line(
            f"{name} in {mode}", lambda kind=kind, mode=mode: kind(3).train(mode == "training"),
            batch_norm if mode == "training" else batch_norm_in_use, shapes, f"{name}(3)",
            [
                (np.zeros((5, 4, 2, 2)[:axes]), ValueError, "num_features=4"),
                (np.zeros((5, 3, 1, 1, 1)), ValueError, rf"{name}\(3\) needs.*Reshape"),
                (np.zeros((5, 4, 4, 3)), ValueError, r"\(N, H, W, C\).*transpose\(0, 3, 1, 2\)"),
                (*TEXT, "numbers"),
            ],
        )
        for name, kind, axes, shapes in [
            ("BatchNorm1d", nn.BatchNorm1d, 2, [(5, 3), (2, 3, 2)]),
            ("BatchNorm2d", nn.BatchNorm2d, 4, [(2, 3, 2, 2)]),
        ]
        for mode in ("training", "use")
    ),
    Line(
        "Conv2d", lambda: nn.Conv2d(2, 3, 2), conv2d, [(2, 2, 3, 4), (1, 2, 2, 2), (0, 2, 3, 3)],
        "Conv2d(2, 3, 2)",
        [
            NO_IMAGES, (*TEXT, "numbers"),
            (np.zeros((5, 3, 4, 4)), ValueError, "2 channels, and these.*in_channels=3"),
            (np.zeros((5, 4, 4, 2)), ValueError, r"\(N, H, W, C\): x.transpose\(0, 3, 1, 2\)"),
            (np.zeros((5, 2, 1, 4)), ValueError, "2 × 2 does not fit into images of 1 × 4"),
        ],
    ),
    Line(
        "Conv2d with all options",
        lambda: nn.Conv2d(2, 4, (3, 2), 2, (1, 0), (1, 2), groups=2, bias=False),
        lambda x, p: conv2d(x, p, stride=(2, 2), padding=(1, 0), dilation=(1, 2), groups=2),
        [(2, 2, 3, 4)],
        "Conv2d(2, 4, (3, 2), stride=2, padding=(1, 0), dilation=(1, 2), groups=2, bias=False)",
    ),
    Line(
        "Conv1d", lambda: nn.Conv1d(2, 3, 2),
        lambda x, p: loops.conv1d(x, p["weight"], p["bias"]), [(2, 2, 4), (1, 2, 2)],
        "Conv1d(2, 3, 2)", [(np.zeros((5, 4)), ValueError, r"\(N, C, L\).*given \(5, 4\)")],
    ),
    Line(
        "MaxPool2d", lambda: nn.MaxPool2d(2),
        lambda x, p: loops.max_pool2d(x, (2, 2), (2, 2)), [(2, 2, 4, 4), (1, 1, 5, 3)],
        "MaxPool2d(2)", [NO_IMAGES],
    ),
    Line(
        "MaxPool2d with all options", lambda: nn.MaxPool2d((3, 2), 1, (1, 0)),
        lambda x, p: loops.max_pool2d(x, (3, 2), (1, 1), (1, 0)), [(1, 2, 3, 4)],
        "MaxPool2d((3, 2), stride=1, padding=(1, 0))",
    ),
    Line(
        "AvgPool2d", lambda: nn.AvgPool2d(2, padding=1),
        lambda x, p: loops.avg_pool2d(x, (2, 2), (2, 2), (1, 1)), [(2, 2, 4, 4), (1, 1, 5, 3)],
        "AvgPool2d(2, padding=1)", [NO_IMAGES],
    ),
    Line(
        "GlobalAvgPool2d", nn.GlobalAvgPool2d,
        lambda x, p: loops.avg_pool2d(x, x.shape[2:])[:, :, 0, 0], [(2, 3, 4, 2), (1, 1, 1, 1)],
        "GlobalAvgPool2d()", [NO_IMAGES],
    ),
    Line(
        "Sequential", lambda: nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)),
        sequential, [(5, 3), (2, 5, 3)],
        "Sequential(\n  (0): Linear(3, 4)\n  (1): Tanh()\n  (2): Linear(4, 2)\n)",
        [(np.zeros((5, 4)), WIDTH[0], WIDTH[1] + r"\(5, 4\)")],
    ),
]  # fmt: skip

lines = pytest.mark.parametrize("line", LINES, ids=[line.name for line in LINES])
cases = pytest.mark.parametrize(
    ("line", "shape"),
    [
        pytest.param(line, shape, id=f"{line.name} {shape}")
        for line in LINES
        for shape in line.shapes
    ],
)
dtypes = pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])


def draw(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Either sign, no nearer to 0, where relu has its kink, than 0.1."""
    return np.asarray(rng.uniform(0.1, 2, shape) * rng.choice([-1.0, 1.0], shape))


def made(line: Line, shape: tuple[int, ...], device: str, dtype: Any = np.float64) -> Any:
    """The layer, its input as an array, and its parameters as arrays by name."""
    rng = np.random.default_rng(len(line.name) + sum(shape))
    layer = fill(line.make(), rng, dtype, device)
    x, state = draw(rng, shape).astype(dtype), layer.state_dict()
    return layer, x, {name: state[name] for name, _ in layer.named_parameters()}, rng


def without_library(line: Line, names: list[str]) -> Callable[..., np.ndarray]:
    """The reference as a function of the input and then of the parameters in order."""
    return lambda x, *values: line.reference(x, dict(zip(names, values, strict=True)))


def test_every_public_name_is_tested():
    named = {line.name.split()[0] for line in LINES} | {line.layer for line in test_losses.LINES}
    parts = {"Module", "ModuleList", "Parameter", "summary", "functional", "init"}  # test_module …
    of_tokens = {"Embedding", "GPT", "MaskedLanguageModel"}  # test_embedding, test_gpt, test_masked
    assert named | parts | of_tokens == set(nn.__all__)
    assert all(issubclass(getattr(nn, name), nn.Module) for name in named)


@pytest.mark.usefixtures("seeded")
@cases
def test_value(line, shape, device):
    layer, x, parameters, _ = made(line, shape, device)
    before = layer.state_dict()
    y = layer(te.tensor(x, device=device))
    wanted = line.reference(x, parameters)
    assert y.device == device and y.shape == wanted.shape
    np.testing.assert_allclose(y.numpy(), wanted, **EQUAL)
    left = layer.state_dict()
    if line.name.startswith("BatchNorm") and layer.training:  # what it is there to change
        left |= {name: before[name] for name in ("running_mean", "running_var")}
    np.testing.assert_equal(left, before)  # forward changes nothing else


@pytest.mark.usefixtures("seeded")
@cases
def test_gradients_against_differences(line, shape, device):
    layer, x, parameters, rng = made(line, shape, device)
    reference = without_library(line, list(parameters))
    upstream = rng.standard_normal(reference(x, *parameters.values()).shape)
    given = leaf(x, device)
    layer(given).backward(te.tensor(upstream, device=device))
    wanted = differences(
        lambda *arrays: (reference(*arrays) * upstream).sum(), [x, *parameters.values()]
    )
    for tensor, gradient in zip([given, *layer.parameters()], wanted, strict=True):
        assert tensor.grad.device == device
        np.testing.assert_allclose(tensor.grad.numpy(), gradient, **CLOSE)


@pytest.mark.usefixtures("seeded")
@cases
def test_create_graph_gives_the_same_gradients(line, shape, device):
    layer, x, _, rng = made(line, shape, device)
    given = leaf(x, device)
    y = layer(given)
    inputs = [given, *layer.parameters()]
    upstream = rng.standard_normal(y.shape)
    recorded = gradients(y, inputs, upstream, create_graph=True)
    plain = gradients(y, inputs, upstream)
    for one, other in zip(plain, recorded, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), **EQUAL)


@pytest.mark.usefixtures("seeded")
@lines
def test_second_gradients_against_differences(line, device):
    layer, x, parameters, rng = made(line, line.shapes[0], device)

    def compute(x: te.Tensor, *values: te.Tensor) -> te.Tensor:
        return run_with(layer, dict(zip(parameters, values, strict=True)), x)

    found, wanted = second_gradients(compute, [x, *parameters.values()], device, rng)
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-7)


def run_with(layer: nn.Module, values: dict[str, te.Tensor], x: te.Tensor) -> te.Tensor:
    """layer(x) with other tensors in the place of its parameters."""
    owners = dict(layer.named_modules())
    kept = dict(layer.named_parameters())
    for tensors in (values, kept):
        for name, tensor in tensors.items():
            prefix, _, attribute = name.rpartition(".")
            vars(owners[prefix])[attribute] = tensor  # setattr refuses what is no Parameter
        if tensors is values:
            y = layer(x)
    return y


@pytest.mark.usefixtures("seeded")
@dtypes
@cases
def test_dtype_is_kept(line, shape, dtype, device):
    layer, x, _, _ = made(line, shape, device, dtype)
    given = leaf(x, device)
    y = layer(given)
    y.sum().backward()
    assert [y.dtype, given.grad.dtype] == [dtype, dtype]
    assert [p.grad.dtype for p in layer.parameters()] == [dtype] * len(list(layer.parameters()))


@pytest.mark.usefixtures("seeded")
@dtypes
@cases
def test_same_on_every_device(line, shape, dtype, device):
    found = []
    for name in ("cpu", device):
        layer, x, _, rng = made(line, shape, name, dtype)
        given = leaf(x, name)
        y = layer(given)
        y.backward(te.tensor(rng.standard_normal(y.shape), dtype=dtype, device=name))
        found.append([y, given.grad, *(p.grad for p in layer.parameters())])
    rtol = 0 if device != "cuda" else {"float16": 2e-2, "float32": 1e-5, "float64": 1e-12}[dtype]
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=rtol, atol=rtol)


@pytest.mark.usefixtures("seeded")
@lines
def test_repr(line):
    assert repr(line.make()) == line.representation


REFUSED = [
    pytest.param(line, *case, id=f"{line.name} {np.shape(case[0])}")
    for line in LINES
    for case in line.refused
]


@pytest.mark.usefixtures("seeded")
@pytest.mark.parametrize(("line", "given", "error", "words"), REFUSED)
def test_wrong_inputs_give_a_sentence(line, given, error, words, device):
    layer = line.make().to(device)
    wrong = given if isinstance(given, str) else te.tensor(given, device=device)
    with pytest.raises(error, match=re.compile(words, re.DOTALL)):
        layer(wrong)


# --- single layers


@pytest.mark.parametrize("sizes", [(0, 3), (3, 0), (-1, 2), (2.0, 3), ("3", 4), (None, 4)])
def test_linear_refuses_sizes_that_are_no_whole_numbers(sizes):
    with pytest.raises(ValueError, match="(in|out)_features is a whole number of at least 1, not"):
        nn.Linear(*sizes)


@pytest.mark.usefixtures("seeded")
def test_linear_takes_numpy_whole_numbers():
    assert repr(nn.Linear(np.prod([2, 3]), np.int32(4))) == "Linear(6, 4)"


@pytest.mark.usefixtures("seeded")
def test_linear_gradient_of_one_entry_says_which_weight_it_is():
    """∂y_j/∂W_ij = x_i, and no other entry of W: tells W from its transpose, square or not."""
    layer = fill(nn.Linear(3, 3), np.random.default_rng(0), np.float64, "cpu")
    layer(te.tensor([[1.0, 2.0, 4.0]]))[0, 2].backward()
    np.testing.assert_array_equal(layer.weight.grad.numpy(), [[0, 0, 1], [0, 0, 2], [0, 0, 4]])
    np.testing.assert_array_equal(layer.bias.grad.numpy(), [0, 0, 1])


@pytest.mark.usefixtures("seeded")
@pytest.mark.parametrize("dtype", ["uint8", "int64", "bool"])
def test_linear_makes_float32_of_whole_numbers(dtype, device):
    layer = nn.Linear(3, 2).to(device)
    y = layer(te.tensor(np.ones((4, 3), dtype), device=device))
    y.sum().backward()
    assert y.dtype == layer.weight.grad.dtype == layer.bias.grad.dtype == np.float32
    np.testing.assert_array_equal(layer.weight.grad.numpy(), np.full((3, 2), 4.0))


@pytest.mark.usefixtures("seeded")
def test_layers_take_lists_and_arrays():
    rows = [[1.0, -2.0], [-3.0, 4.0]]
    for layer in (nn.Linear(2, 2), nn.ReLU(), nn.Flatten(), nn.Softmax()):
        for given in (rows, np.float32(rows)):
            np.testing.assert_array_equal(layer(given).numpy(), layer(te.tensor(rows)).numpy())


@pytest.mark.usefixtures("seeded")
def test_linear_refuses_an_input_on_another_device():
    with pytest.raises(ValueError, match="one device.*'pretend-gpu'"):
        nn.Linear(3, 4)(te.zeros((2, 3), device="pretend-gpu"))


@pytest.mark.parametrize("value", [-1000.0, -100.0, 100.0, 1000.0])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_activations_far_from_zero(value, dtype, device):
    """No overflow, no warning, no NaN, in value and gradient."""
    high = value > 0
    wanted = {
        nn.ReLU: (max(value, 0), high), nn.Sigmoid: (high, 0), nn.Tanh: (1 if high else -1, 0),
        nn.GELU: (max(value, 0), high), nn.Softplus: (max(value, 0), high),
    }  # fmt: skip
    for layer, (y_wanted, slope) in wanted.items():
        x = leaf(np.array([value], dtype), device)
        y = layer()(x)
        y.sum().backward()
        np.testing.assert_allclose(y.numpy(), [y_wanted], atol=1e-40)
        np.testing.assert_allclose(x.grad.numpy(), [slope], atol=1e-40)


@pytest.mark.usefixtures("seeded")
@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_dropout_keeps_the_mean(p, device):
    """Each entry 0 with probability p, else x / (1 − p); the gradient is the same mask."""
    layer = nn.Dropout(p)
    for dropout in (layer, lambda x: F.dropout(x, p)):
        x = leaf(np.full(20_000, 3.0), device)
        y = dropout(x)
        y.sum().backward()
        values = y.numpy()
        np.testing.assert_allclose(np.unique(values), [0, 3 / (1 - p)])
        assert abs((values == 0).mean() - p) < 6 * math.sqrt(p * (1 - p) / 20_000)
        np.testing.assert_allclose(x.grad.numpy(), values / 3)
        assert (dropout(x).numpy() != values).any()  # each call draws anew
    np.testing.assert_array_equal(layer.eval()(x).numpy(), x.detach().numpy())
    assert (layer.train()(x).numpy() == 0).any()


@pytest.mark.usefixtures("seeded")
@dtypes
def test_dropout_seed_dtype_and_device(dtype, device):
    found = []
    for place in ("cpu", device):
        te.manual_seed(5)
        y = F.dropout(te.ones((30, 4), dtype=dtype, device=place), 0.25)
        assert y.dtype == dtype and y.device == place
        found.append(y.numpy())
    np.testing.assert_array_equal(*found)
    assert (F.dropout(te.ones((30, 4), dtype=dtype), 0.25).numpy() != found[0]).any()


def test_dropout_that_drops_nothing_or_all(device):
    x = te.ones(5, device=device)
    assert F.dropout(x, 0.5, training=False).tolist() == F.dropout(x, 0).tolist() == [1] * 5
    assert F.dropout(x, 1).tolist() == [0] * 5
    for wrong in (-0.1, 1.1, math.nan):
        for make in (lambda p=wrong: F.dropout(x, p), lambda p=wrong: nn.Dropout(p)):
            with pytest.raises(ValueError, match=r"dropout lies in \[0, 1\]"):
                make()
    with pytest.raises(ValueError, match='approximate is "none" or "tanh"'):
        nn.GELU("sigmoid")


def test_functional_names_are_the_layers_functions():
    """Each public function is used by a line here, or is tested with the losses or the ops."""
    losses = {line.function.__name__ for line in test_losses.LINES}
    here = {"linear", "dropout", "batch_norm"}
    for name in set(F.__all__) - losses - here:
        # an operation: the table in tests/ops has it
        assert getattr(F, name).__module__.startswith("tinygrad_edu.ops."), name
    assert losses | here <= set(F.__all__)


# --- convolutions


@pytest.mark.usefixtures("seeded")
@pytest.mark.parametrize("groups", [1, 4])
def test_convolutions_start_by_glorots_rule(groups):
    """U(−r, r), r² = 6 / (k k in/groups + k k out/groups); the bias as zeros.

    With one group the rule is init.xavier_uniform_'s, tested in test_init.py.
    """
    for layer, kernel in (
        (nn.Conv2d(32, 64, (3, 5), groups=groups), 15), (nn.Conv1d(32, 64, 7, groups=groups), 7),
    ):  # fmt: skip
        limit = math.sqrt(6 / (kernel * 32 / groups + kernel * 64 / groups))
        values = np.abs(layer.weight.numpy())
        assert 0.99 * limit < values.max() <= limit
        assert abs(values.mean() / limit - 0.5) < 6 * 0.29 / math.sqrt(values.size)
        assert not layer.bias.numpy().any()
    if groups == 1:  # the same rule as init's
        same = nn.init.xavier_uniform_(te.zeros((64, 32, 3, 5))).numpy()
        assert (
            abs(np.abs(same).max() / np.abs(nn.Conv2d(32, 64, (3, 5)).weight.numpy()).max() - 1)
            < 0.01
        )


@pytest.mark.usefixtures("seeded")
@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: nn.Conv2d(0, 3, 2), "Conv2d: in_channels is a whole number of at least 1, not 0"),
        (lambda: nn.Conv2d(2, 3.0, 2), "Conv2d: out_channels is a whole number"),
        (lambda: nn.Conv2d(2, 3, 0), "kernel_size is a whole number of at least 1, or a pair"),
        (lambda: nn.Conv2d(2, 3, 2, groups=2), "Conv2d: out_channels=3 does not make 2 equal"),
        (lambda: nn.Conv2d(3, 2, 2, groups=2), "Conv2d: in_channels=3 does not make 2 equal"),
        (lambda: nn.Conv2d(3, 2, 2, groups=0), "Conv2d: groups is a whole number"),
        (lambda: nn.Conv1d(2, 3, 2, groups=5), "Conv1d: in_channels=2 does not make 5 equal"),
        (lambda: nn.Conv2d(2, 3, 2, padding="same"), "padding is a whole number.*// 2 keeps"),
        (lambda: nn.Conv1d(2, 3, (2, 3)), r"kernel_size along one axis.*not \(2, 3\)"),
        (lambda: nn.Conv1d(2, 3, 2, stride=0), "stride along one axis is a whole number.*not 0"),
        (lambda: nn.MaxPool2d((2, 2, 2)), "kernel_size is a whole number"),
        (lambda: nn.AvgPool2d(2, stride=-1), "stride is a whole number"),
    ],
)
def test_convolutions_refuse_sizes_that_do_not_fit(make, words):
    with pytest.raises(ValueError, match=words):
        make()

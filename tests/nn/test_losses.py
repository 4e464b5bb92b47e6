"""One line per loss; every check runs on every line, reduction and device."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import tinygrad_edu as te
from tests.nn.numeric import CLOSE, EQUAL, differences, gradients, leaf, second_gradients
from tinygrad_edu import nn
from tinygrad_edu.nn import functional as F
from tinygrad_edu.ops import fused


class Line(NamedTuple):
    """A loss and what is to be known of it."""

    name: str
    function: Callable[..., te.Tensor]
    layer: str  # its module in te.nn
    reference: Callable[[np.ndarray, Any], np.ndarray]  # the losses of a batch, one by one
    shape: tuple[int, ...]  # of predictions
    target: Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]
    refused: list[tuple[Any, Any, type[Exception], str]]  # prediction, target, error, words
    draw: Callable[[np.random.Generator, tuple[int, ...]], np.ndarray] | None = None  # else reals


def squares(prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
    losses = np.zeros(prediction.shape)
    for place in np.ndindex(prediction.shape):
        losses[place] = (prediction[place] - target[place]) ** 2
    return losses


def sizes(prediction: np.ndarray, target: np.ndarray) -> np.ndarray:
    return np.array(
        [abs(p - y) for p, y in zip(prediction.flat, target.flat, strict=True)]
    ).reshape(prediction.shape)


def huber(prediction: np.ndarray, target: np.ndarray, delta: float = 1.0) -> np.ndarray:
    losses = sizes(prediction, target)
    for place in np.ndindex(losses.shape):
        d = losses[place]
        losses[place] = d * d / 2 if d <= delta else delta * (d - delta / 2)
    return losses


def of_two(p: np.ndarray, y: np.ndarray) -> np.ndarray:
    losses = np.zeros(p.shape)
    for i in np.ndindex(p.shape):
        losses[i] = -y[i] * math.log(p[i]) - (1 - y[i]) * math.log(1 - p[i])
    return losses


def of_two_logits(z: np.ndarray, y: np.ndarray) -> np.ndarray:
    return of_two(np.vectorize(lambda v: 1 / (1 + math.exp(-v)))(z), y)


def picked(scores: np.ndarray, target: np.ndarray) -> np.ndarray:
    return np.array([-row[t] for row, t in zip(scores, target, strict=True)])


def log_shares(z: np.ndarray) -> list[float]:
    """ln (e^z_j / Σ e^z)"""
    total = sum(math.exp(v) for v in z)
    return [math.log(math.exp(v) / total) for v in z]


def of_classes(logits: np.ndarray, target: np.ndarray) -> np.ndarray:
    return np.array([-log_shares(z)[t] for z, t in zip(logits, target, strict=True)])


def of_probabilities(logits: np.ndarray, target: np.ndarray) -> np.ndarray:
    return np.array(
        [
            -sum(share * part for share, part in zip(y, log_shares(z), strict=True))
            for z, y in zip(logits, target, strict=True)
        ]
    )


def classes(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.integers(0, shape[1], shape[0])


def one_hot_rows(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return np.eye(shape[1])[classes(rng, shape)]


def shares(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    values = rng.random(shape)
    return values / values.sum(axis=1, keepdims=True)


def reals(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return np.asarray(rng.standard_normal(shape))


def inside(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.uniform(0.05, 0.95, shape)


def module(line: Line) -> Any:
    return getattr(nn, line.layer)


Z = np.zeros((2, 3))
NUMBERS = r".*the prediction has shape \(2, 2\) and the target \(2, 1\).*must be equal"
SHAPES = ValueError, r"mse_loss: the prediction has shape .* and the target .*must be equal"
FIT = ValueError, r"cross_entropy: scores of shape \(2, 3\) need .*\(2,\).* the target has shape "

LINES = [
    Line(
        "mse_loss", F.mse_loss, "MSELoss", squares, (4, 3), reals,
        [
            (np.zeros((2, 2)), np.zeros((2, 1)), SHAPES[0], r"\(2, 2\).*\(2, 1\).*broadcasting"),
            (np.zeros((2, 1)), np.zeros(2), *SHAPES),
            (np.zeros(2), np.zeros((1, 2)), *SHAPES),
            (np.zeros(2), 0.0, *SHAPES),
            (np.zeros(2), np.zeros(3), *SHAPES),
        ],
    ),
    Line(
        "l1_loss", F.l1_loss, "L1Loss", sizes, (4, 3), reals,
        [(np.zeros((2, 2)), np.zeros((2, 1)), ValueError, "l1_loss" + NUMBERS)],
    ),
    Line(
        "huber_loss", F.huber_loss, "HuberLoss", huber, (4, 3), reals,
        [(np.zeros((2, 2)), np.zeros((2, 1)), ValueError, "huber_loss" + NUMBERS)],
    ),
    Line(
        "binary_cross_entropy", F.binary_cross_entropy, "BCELoss", of_two, (4, 3), inside,
        [(np.zeros((2, 2)), np.zeros((2, 1)), ValueError, "binary_cross_entropy" + NUMBERS)],
        inside,
    ),
    Line(
        "binary_cross_entropy_with_logits", F.binary_cross_entropy_with_logits,
        "BCEWithLogitsLoss", of_two_logits, (4, 3), inside,
        [(np.zeros((2, 2)), np.zeros((2, 1)), ValueError, "with_logits" + NUMBERS)],
    ),
    Line(
        "nll_loss", F.nll_loss, "NLLLoss", picked, (5, 3), classes,
        [
            (Z, [0, 3], IndexError, "nll_loss with 3 classes.*index 3"),
            (Z, [-1, 0], IndexError, "nll_loss with 3 classes.*index -1"),
            (Z, np.zeros((2, 3)), ValueError, "nll_loss takes class indices.*cross_entropy"),
            (Z, [0.0, 1.0], ValueError, r"nll_loss: scores of shape \(2, 3\) need .*\(2,\)"),
            (np.zeros(3), 1, ValueError, r"nll_loss needs scores of shape \(N, classes\)"),
        ],
    ),
    Line(
        "mse_loss single", F.mse_loss, "MSELoss", squares, (), reals,
        [(np.zeros(()), np.zeros(1), *SHAPES)],
    ),
    Line(
        "cross_entropy classes", F.cross_entropy, "CrossEntropyLoss", of_classes, (5, 3), classes,
        [
            (Z, [0, 3], IndexError, "3 classes.*index 3"),
            (Z, [-1, 0], IndexError, "3 classes.*index -1"),
            (Z, np.uint8([0, 200]), IndexError, "3 classes.*index 200"),
            (Z, [0, 1, 2], FIT[0], FIT[1] + r"\(3,\)"),
            (Z, [[0], [1]], FIT[0], FIT[1] + r"\(2, 1\)"),
            (Z, 1, FIT[0], FIT[1] + r"\(\)"),
            (Z, [0.0, 1.0], FIT[0], FIT[1] + r"\(2,\) and dtype float32"),
            (Z, [True, False], FIT[0], FIT[1] + r"\(2,\) and dtype bool"),
            (np.zeros(3), 1, ValueError, r"scores of shape \(N, classes\).*\(3,\)"),
            (np.zeros((2, 4, 3)), np.zeros((2, 4), int), ValueError, r"\(2, 4, 3\).*reshape"),
        ],
    ),
    Line(
        "cross_entropy one-hot", F.cross_entropy, "CrossEntropyLoss", of_probabilities, (5, 3),
        one_hot_rows, [(Z, np.zeros((3, 2)), FIT[0], FIT[1] + r"\(3, 2\)")],
    ),
    Line(
        "cross_entropy probabilities", F.cross_entropy, "CrossEntropyLoss", of_probabilities,
        (5, 3), shares, [(Z, np.zeros((1, 3)), FIT[0], FIT[1] + r"\(1, 3\)")],
    ),
]  # fmt: skip

lines = pytest.mark.parametrize("line", LINES, ids=[line.name for line in LINES])
reductions = pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
REDUCED: dict[str, Callable[[np.ndarray], Any]] = {
    "mean": lambda losses: sum(losses.flat) / losses.size,
    "sum": lambda losses: sum(losses.flat),
    "none": lambda losses: losses,
}


def drawn(line: Line, dtype: Any = np.float64) -> tuple[np.ndarray, np.ndarray, Any]:
    """A prediction, a target, and the generator that drew them."""
    rng = np.random.default_rng(len(line.name))
    prediction = (line.draw or reals)(rng, line.shape).astype(dtype)
    target = line.target(rng, line.shape)
    return prediction, target.astype(dtype) if target.dtype.kind == "f" else target, rng


@reductions
@lines
def test_value(line, reduction, device):
    prediction, target, _ = drawn(line)
    wanted = REDUCED[reduction](line.reference(prediction, target))
    given = te.tensor(prediction, device=device)
    layer = module(line)(reduction=reduction)
    as_python = target.tolist()
    for y in (te.tensor(target, device=device), target, as_python):
        for loss in (line.function(given, y, reduction), layer(given, y)):
            assert loss.device == device and loss.shape == np.shape(wanted)
            rounded = y is as_python and line.target is not classes  # floats become float32
            close = {"rtol": 1e-5, "atol": 1e-5} if rounded else EQUAL
            np.testing.assert_allclose(loss.numpy(), wanted, **close)


@lines
def test_mean_is_the_default(line, device):
    prediction, target, _ = drawn(line)
    given = te.tensor(prediction, device=device)
    mean = line.function(given, target, "mean").item()
    assert line.function(given, target).item() == mean
    assert module(line)()(given, target).item() == mean


@reductions
@lines
def test_gradients_against_differences(line, reduction, device):
    prediction, target, rng = drawn(line)
    arrays = [prediction] if line.target is classes else [prediction, target]
    tensors = [leaf(array, device) for array in arrays]
    both = tensors if len(tensors) == 2 else [*tensors, te.tensor(target, device=device)]
    loss = line.function(*both, reduction)
    upstream = rng.standard_normal(loss.shape)
    loss.backward(te.tensor(upstream, device=device))

    def reference(prediction: np.ndarray, target: np.ndarray = target) -> float:
        losses = REDUCED[reduction](line.reference(prediction, target))
        return float(np.sum(losses * upstream))

    for x, wanted in zip(tensors, differences(reference, arrays), strict=True):
        np.testing.assert_allclose(x.grad.numpy(), wanted, **CLOSE)


@reductions
@lines
def test_create_graph_gives_the_same_gradients(line, reduction, device):
    prediction, target, rng = drawn(line)
    z = leaf(prediction, device)
    loss = line.function(z, target, reduction)
    upstream = rng.standard_normal(loss.shape)
    (recorded,) = gradients(loss, [z], upstream, create_graph=True)
    (plain,) = gradients(loss, [z], upstream)
    np.testing.assert_allclose(plain.numpy(), recorded.numpy(), **EQUAL)


@reductions
@lines
def test_second_gradients_against_differences(line, reduction, device):
    prediction, target, rng = drawn(line)
    y = te.tensor(target, device=device)
    found, wanted = second_gradients(
        lambda z: line.function(z, y, reduction), [prediction], device, rng
    )
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-7)


@lines
def test_sum_is_n_times_mean(line, device):
    prediction, target, _ = drawn(line)
    n = line.reference(prediction, target).size
    found = []
    for reduction in ("mean", "sum"):
        z = leaf(prediction, device)
        loss = line.function(z, target, reduction)
        loss.backward()
        found.append((loss.numpy(), z.grad.numpy()))
    for mean, total in zip(*found, strict=True):
        np.testing.assert_allclose(total, n * mean, **EQUAL)


@reductions
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@lines
def test_dtype_is_kept_and_devices_agree(line, dtype, reduction, device):
    prediction, target, rng = drawn(line, dtype)
    found = []
    for name in ("cpu", device):
        z = leaf(prediction, name)
        loss = line.function(z, te.tensor(target, device=name), reduction)
        loss.sum().backward()
        assert loss.dtype == z.grad.dtype == dtype and loss.device == z.grad.device == name
        found.append((loss.numpy(), z.grad.numpy()))
    rtol = 0 if device != "cuda" else {"float16": 2e-2, "float32": 1e-5, "float64": 1e-12}[dtype]
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("line", LINES, ids=[line.name for line in LINES])
def test_bad_reductions_are_named(line):
    prediction, target, _ = drawn(line)
    for call in (
        lambda: line.function(prediction, target, "average"),
        lambda: module(line)("average")(prediction, target),
    ):
        with pytest.raises(ValueError, match='"mean", "sum" or "none", not \'average\''):
            call()


@pytest.mark.parametrize(
    ("line", "prediction", "target", "error", "words"),
    [
        pytest.param(line, *case, id=f"{line.name} {position}")
        for line in LINES
        for position, case in enumerate(line.refused)
    ],
)
def test_wrong_targets_give_a_sentence(line, prediction, target, error, words, device):
    given = te.tensor(prediction, device=device)
    for y in (target, te.tensor(target, device=device)):
        for loss in (line.function, module(line)()):
            with pytest.raises(error, match=words):
                loss(given, y)


@lines
def test_prediction_and_target_are_on_one_device(line):
    """Never moved in silence: from a GPU that is a hidden copy, and a gradient would be lost."""
    prediction, target, _ = drawn(line)
    for places in (("cpu", "pretend-gpu"), ("pretend-gpu", "cpu")):
        z, y = (te.tensor(a, device=d) for a, d in zip((prediction, target), places, strict=True))
        with pytest.raises(ValueError, match="on one device"):
            line.function(z, y)


# --- golden values


GOLDEN_LOGITS = np.array([[2.0, 1.0, 0.1]])
GOLDEN_SOFTMAX = [0.6590011389, 0.2424329707, 0.0985658904]


def test_golden_softmax(device):
    for found in (
        nn.Softmax()(te.tensor(GOLDEN_LOGITS, device=device)),
        F.softmax(te.tensor(GOLDEN_LOGITS, device=device)),
        F.log_softmax(te.tensor(GOLDEN_LOGITS, device=device)).exp(),
    ):
        np.testing.assert_allclose(found.numpy()[0], GOLDEN_SOFTMAX, rtol=0, atol=6e-11)


@reductions
@pytest.mark.parametrize("target", [[0], [[1.0, 0.0, 0.0]]], ids=["class", "one-hot"])
def test_golden_cross_entropy(target, reduction, device):
    z = leaf(GOLDEN_LOGITS, device)
    loss = F.cross_entropy(z, target, reduction)
    loss.sum().backward()
    np.testing.assert_allclose(loss.numpy().reshape(-1), [0.4170300163], rtol=0, atol=6e-11)
    wanted = [[-0.3409988611, 0.2424329707, 0.0985658904]]
    np.testing.assert_allclose(z.grad.numpy(), wanted, rtol=0, atol=6e-11)


def test_golden_cross_entropy_of_equal_logits(device):
    """ln 4 for any four equal logits, ln 10000 for a model that knows nothing of 10000 words."""
    for n, wanted in ((4, 1.3862943611), (10000, 9.2103403720)):
        z = te.tensor(np.full((2, n), 20.0), device=device)
        found = F.cross_entropy(z, [0, n - 1], "none").numpy()
        np.testing.assert_allclose(found, [wanted] * 2, rtol=0, atol=6e-11)


def test_golden_mse(device):
    """Two samples with two outputs: the mean over 4 entries, half of 002's 1/n Σ‖·‖²."""
    prediction = leaf(np.array([[1.0, 2.0], [3.0, 5.0]]), device)
    target = [[0.0, 0.0], [3.0, 1.0]]  # differences 1 2 0 4, squares 1 4 0 16
    loss = F.mse_loss(prediction, target)
    loss.backward()
    assert loss.item() == 21 / 4
    np.testing.assert_array_equal(prediction.grad.numpy(), [[0.5, 1.0], [0.0, 2.0]])
    assert F.mse_loss(prediction, target, "sum").item() == 21


# --- the forms of cross-entropy against each other


@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.uint8])
@reductions
def test_classes_and_one_hot_rows_agree(dtype, reduction, device):
    rng = np.random.default_rng(3)
    logits, t = 5 * rng.standard_normal((20, 7)), rng.integers(0, 7, 20).astype(dtype)
    rows = {
        "float64": np.eye(7)[t], "whole numbers": np.eye(7, dtype=np.int64)[t],
        "te.one_hot": te.one_hot(te.tensor(t, device=device), 7),
    }  # fmt: skip
    z = leaf(logits, device)
    loss = F.cross_entropy(z, t, reduction)
    upstream = rng.standard_normal(loss.shape)
    (wanted,) = gradients(loss, [z], upstream)
    for kind, target in rows.items():
        other = F.cross_entropy(z, target, reduction)
        assert other.dtype == np.float64, kind
        np.testing.assert_allclose(other.numpy(), loss.numpy(), **EQUAL)
        (found,) = gradients(other, [z], upstream)
        np.testing.assert_allclose(found.numpy(), wanted.numpy(), **EQUAL)


@pytest.mark.parametrize(("dtype", "rtol"), [("float64", 1e-12), ("float32", 1e-6)])
@pytest.mark.parametrize("scale", [1.0, 10.0, 100.0])
def test_fused_cross_entropy_equals_its_twin(dtype, rtol, scale, device):
    rng = np.random.default_rng(4)
    logits = (scale * rng.standard_normal((30, 5))).astype(dtype)
    target = te.tensor(rng.integers(0, 5, 30), device=device)
    upstream = rng.standard_normal(30).astype(dtype)
    both = []
    for function in (fused.softmax_cross_entropy, fused.softmax_cross_entropy.composed):
        z = leaf(logits, device)
        losses = function(z, target)
        losses.backward(te.tensor(upstream, device=device))
        both.append((losses.numpy(), z.grad.numpy()))
    for one, other in zip(*both, strict=True):
        # The loss of a row is a difference of its logits: it has their rounding, not its own.
        np.testing.assert_allclose(one, other, rtol=rtol, atol=rtol * max(1, scale))


@pytest.mark.parametrize(("dtype", "rtol"), [("float64", 1e-12), ("float32", 1e-6)])
@pytest.mark.parametrize("rows", [(4,), (2, 3), (0,)])
def test_fused_linear_equals_its_twin(rows, dtype, rtol, device):
    rng = np.random.default_rng(5)
    arrays = [rng.standard_normal(s).astype(dtype) for s in ((*rows, 6), (6, 5), (5,))]
    upstream = rng.standard_normal((*rows, 5)).astype(dtype)
    both = []
    for function in (fused.linear, fused.linear.composed):
        tensors = [leaf(a, device) for a in arrays]
        y = function(*tensors)
        y.backward(te.tensor(upstream, device=device))
        both.append((y.numpy(), *(x.grad.numpy() for x in tensors)))
    for one, other in zip(*both, strict=True):
        np.testing.assert_allclose(one, other, rtol=rtol, atol=4 * rtol)


# --- far from zero


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("form", ["classes", "one-hot"])
def test_stable_far_from_zero(dtype, form, device):
    """Logits of ±10⁴: no warning, no infinity, and the exact loss and gradient."""
    z = leaf(np.array([[1e4, -1e4, 0], [-1e4, 1e4, 0], [-1e4, -1e4, 0]], dtype), device)
    target: Any = np.array([0, 0, 2])
    if form == "one-hot":
        target = np.eye(3, dtype=dtype)[target]
    losses = F.cross_entropy(z, target, "none")
    losses.sum().backward()
    np.testing.assert_array_equal(losses.numpy(), [0, 2e4, 0])
    np.testing.assert_array_equal(z.grad.numpy(), [[0, 0, 0], [-1, 1, 0], [0, 0, 0]])


@pytest.mark.parametrize(
    ("form", "dtype", "rtol"),
    [
        ("classes", "float64", 1e-12),
        ("classes", "float32", 1e-6),
        ("one-hot", "float64", 1e-12),
        ("one-hot", "float32", 1e-6),
    ],
)
@pytest.mark.parametrize("shift", [-1e4, 1e4])
def test_equal_logits_far_from_zero(form, dtype, rtol, shift, device):
    """The loss depends on differences of logits only: ln 2 for two equal ones, however large."""
    z = leaf(np.full((1, 2), shift, dtype), device)
    target: Any = np.array([0])
    loss = F.cross_entropy(z, target if form == "classes" else np.eye(2, dtype=dtype)[target])
    loss.backward()
    np.testing.assert_allclose(loss.item(), math.log(2), rtol=rtol)
    np.testing.assert_array_equal(z.grad.numpy(), [[-0.5, 0.5]])


# --- labels


def test_labels_picked_from_others_are_judged_by_themselves(device):
    """A 9 among the labels that were left out is no reason to refuse those that were kept."""
    labels = te.tensor([0, 1, 9], device=device)
    logits = te.zeros((2, 3), device=device)
    for kept in (labels[:2], labels[te.tensor([True, True, False], device=device)]):
        assert math.isclose(F.cross_entropy(logits, kept).item(), math.log(3), rel_tol=1e-6)


def test_labels_after_a_change_are_judged_anew(device):
    labels = te.tensor([0, 1], device=device)
    labels.data = te.tensor([0, 7], device=device)
    with pytest.raises(IndexError, match="3 classes.*index 7"):
        F.cross_entropy(te.zeros((2, 3), device=device), labels)


def test_no_samples_have_no_mean_but_a_sum(device):
    logits, target = te.zeros((0, 3), device=device), np.zeros(0, np.int64)
    assert F.cross_entropy(logits, target, "sum").item() == 0
    for call in (
        lambda: F.cross_entropy(logits, target),
        lambda: F.mse_loss(logits, te.zeros((0, 3), device=device)),
    ):
        with pytest.raises(ValueError, match="mean of no entries"):
            call()


# --- options of single losses


@pytest.mark.parametrize("delta", [0.25, 1.0, 3.0])
def test_huber_with_another_delta(delta, device):
    rng = np.random.default_rng(6)
    prediction, target = 2 * reals(rng, (40,)), reals(rng, (40,))
    z = leaf(prediction, device)
    losses = F.huber_loss(z, target, "none", delta)
    layer = nn.HuberLoss("none", delta=delta)
    np.testing.assert_array_equal(layer(z, target).numpy(), losses.numpy())
    np.testing.assert_allclose(losses.numpy(), huber(prediction, target, delta), **EQUAL)
    losses.sum().backward()
    slopes = np.array([min(delta, max(-delta, d)) for d in prediction - target])
    np.testing.assert_allclose(z.grad.numpy(), slopes, **EQUAL)
    for wrong in (0, -1, math.nan):
        with pytest.raises(ValueError, match="delta is above 0"):
            F.huber_loss(z, target, delta=wrong)


WEIGHT = [0.5, 2.0, 1.25]


@reductions
@pytest.mark.parametrize("smoothing", [0.0, 0.3])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("form", ["classes", "one-hot"])
def test_cross_entropy_with_weights_and_smoothing(form, weighted, smoothing, reduction, device):
    """−Σ w_j y_j ln p_j with y = (1 − s) one-hot + s/3; of classes the mean divides by Σ w_t."""
    rng = np.random.default_rng(7)
    logits, t = reals(rng, (6, 3)), rng.integers(0, 3, 6)
    w = WEIGHT if weighted else [1.0] * 3

    def reference(logits: np.ndarray) -> Any:
        losses = []
        for z, label in zip(logits, t, strict=True):
            logs = log_shares(z)
            y = [(1 - smoothing) * (j == label) + smoothing / 3 for j in range(3)]
            losses.append(-sum(w[j] * y[j] * logs[j] for j in range(3)))
        n = sum(w[label] for label in t) if form == "classes" else len(t)
        return {"mean": sum(losses) / n, "sum": sum(losses), "none": np.array(losses)}[reduction]

    z = leaf(logits, device)
    loss = F.cross_entropy(
        z, t if form == "classes" else np.eye(3)[t], reduction,
        weight=np.array(WEIGHT) if weighted else None, label_smoothing=smoothing,
    )  # fmt: skip
    np.testing.assert_allclose(loss.numpy(), reference(logits), **EQUAL)
    layer = nn.CrossEntropyLoss(reduction, np.array(WEIGHT) if weighted else None, smoothing)
    again = layer.to(device)(z, t if form == "classes" else np.eye(3)[t])
    np.testing.assert_array_equal(again.numpy(), loss.numpy())
    assert loss.dtype == np.float64
    loss.sum().backward()
    (wanted,) = differences(lambda z: float(np.sum(reference(z))), [logits])
    np.testing.assert_allclose(z.grad.numpy(), wanted, **CLOSE)


def test_cross_entropy_refuses_wrong_options(device):
    z = te.zeros((2, 3), device=device)
    with pytest.raises(ValueError, match=r"weight has shape \(2,\).*\(3,\)"):
        F.cross_entropy(z, [0, 1], weight=[1.0, 2.0])
    for wrong in (-0.1, 1.1, math.nan):
        with pytest.raises(ValueError, match=r"label_smoothing lies in \[0, 1\]"):
            F.cross_entropy(z, [0, 1], label_smoothing=wrong)


def test_golden_binary_cross_entropy(device):
    """Document 003 §4.2: ŷ = 0.8, y = 0 gives J = −ln 0.2, ∂J/∂ŷ = 5, ∂J/∂z = 0.8."""
    p, z = leaf(np.float64([0.8]), device), leaf(np.float64([math.log(4)]), device)
    for x, loss, slope in (
        (p, F.binary_cross_entropy(p, np.zeros(1)), 5.0),
        (z, F.binary_cross_entropy_with_logits(z, np.zeros(1)), 0.8),
    ):
        loss.backward()
        np.testing.assert_allclose(loss.item(), 1.6094379124, rtol=0, atol=6e-11)
        np.testing.assert_allclose(x.grad.numpy(), [slope], rtol=1e-12)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_binary_cross_entropy_far_from_zero(dtype, device):
    z = leaf(np.array([1e4, -1e4, 1e4, -1e4, 0], dtype), device)
    losses = F.binary_cross_entropy_with_logits(z, np.array([1, 0, 0, 1, 1], dtype), "none")
    losses.sum().backward()
    wanted = np.array([0, 0, 1e4, 1e4, math.log(2)], dtype)
    np.testing.assert_allclose(losses.numpy(), wanted, rtol=1e-3 if dtype == "float16" else 1e-6)
    np.testing.assert_array_equal(z.grad.numpy(), [0, 0, 1, -1, -0.5])
    p = leaf(np.array([1, 0, 1, 0], dtype), device)  # held within [ε, 1 − ε]
    losses = F.binary_cross_entropy(p, np.array([1, 0, 0, 1], dtype), "none")
    losses.sum().backward()
    largest = -math.log(np.finfo(dtype).eps)
    np.testing.assert_allclose(losses.numpy(), [0, 0, largest, largest], rtol=1e-2, atol=2e-3)
    assert np.isfinite(p.grad.numpy()).all()


def test_binary_cross_entropy_refuses_what_is_no_probability():
    for wrong in ([1.5, 0.5], [-0.1, 0.5], [math.nan, 0.5]):
        with pytest.raises(ValueError, match=r"probabilities in \[0, 1\].*with_logits"):
            F.binary_cross_entropy(te.tensor(wrong), [0.0, 1.0])


# --- found by trying to break it


@pytest.mark.parametrize("weight", [None, [1.0, 2.0, 3.0]])
@pytest.mark.parametrize("one_hot", [False, True])
def test_a_logit_of_minus_infinity_of_another_class_costs_nothing(weight, one_hot):
    z = te.tensor([[1.0, 2.0, -math.inf]])
    target = [[1.0, 0.0, 0.0]] if one_hot else [0]
    loss = F.cross_entropy(z, target, weight=weight)
    assert math.isclose(loss.item(), math.log(1 + math.e), rel_tol=1e-6)

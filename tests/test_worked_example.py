"""The worked example of document 002 §4.3 (catalogue B1), number for number, by the public API.

Given: X = I₂, labels y = (1, 0), W = ones (2, 2), b = (1, 1), L = ½ (y − ŷ)², α = 0.1. The document
subtracts a 2×1 label from a 2×2 prediction; what that means is read in several ways below, of which
I1, one-hot labels Y = I₂ and a summed loss, is the one that its printed pattern of 0 and 1 has.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import tinygrad_edu as te
from tinygrad_edu import nn, optim

F = nn.functional
LR = 0.1
I2 = np.eye(2)
Loss = Callable[[te.Tensor], te.Tensor]

# I1 in closed form: everything follows from s = σ(2)
S = 1 / (1 + math.exp(-2))
SLOPE = S * (1 - S)  # σ′(2)
RIGHT, WRONG = (S - 1) * SLOPE, S * SLOPE  # δ on and off the diagonal


def symmetric(on: float, off: float) -> np.ndarray:
    return np.array([[on, off], [off, on]])


class Steps(NamedTuple):
    """Every number of one forward pass, backward pass and update, as arrays."""

    z: np.ndarray
    y_hat: np.ndarray
    loss: np.ndarray
    delta: np.ndarray
    slopes: list[np.ndarray]
    updated: list[np.ndarray]
    loss_after: np.ndarray


def start(device: str, *shapes: tuple[int, ...]) -> list[te.Tensor]:
    return [te.ones(s, dtype=te.float64, requires_grad=True, device=device) for s in shapes]


def steps(
    parameters: list[te.Tensor], forward: Callable[[], te.Tensor], loss_of: Loss, count: int = 1
) -> Steps:
    """One step of gradient descent (or more), with all that lies between."""
    optimizer = optim.SGD(parameters, lr=LR)
    for _ in range(count):
        z = forward()
        z.retain_grad()
        y_hat = te.sigmoid(z)
        loss = loss_of(y_hat)
        optimizer.zero_grad()
        loss.backward()
        slopes = [x.grad.numpy().copy() for x in parameters]  # type: ignore[union-attr]
        optimizer.step()
    updated = [x.numpy().copy() for x in parameters]
    after = loss_of(te.sigmoid(forward()))
    delta = z.grad.numpy()  # type: ignore[union-attr]
    return Steps(z.numpy(), y_hat.numpy(), loss.numpy(), delta, slopes, updated, after.numpy())


def close(found: Any, wanted: Any, tolerance: float = 1e-12) -> None:
    np.testing.assert_allclose(found, wanted, rtol=0, atol=tolerance)


def as_printed(found: Any, digits: str) -> None:
    """Every number of a list agrees with the digits that the catalogue gives, to the last one.

    ".079962501" stands for all entries of that part; values that are equal are written once.
    """
    values = np.unique(np.round(np.asarray(found, dtype=float).ravel(), 13))
    wanted = sorted(digits.split(), key=float)
    assert len(values) == len(wanted), f"{values} against {wanted}"
    for value, text in zip(values, wanted, strict=True):
        decimals = len(text.partition(".")[2])
        assert abs(value - float(text)) <= 0.5000001 * 10.0**-decimals, f"{value!r} is not {text}"


# --- reading I1: every intermediate value


def first_reading(device: str) -> tuple[list[te.Tensor], Callable[[], te.Tensor], Loss]:
    w, b = start(device, (2, 2), (2,))
    x = te.eye(2, dtype=te.float64, device=device)
    y = te.eye(2, dtype=te.float64, device=device)
    return [w, b], lambda: x @ w + b, lambda y_hat: 0.5 * F.mse_loss(y_hat, y, reduction="sum")


def test_every_intermediate_value(device: str) -> None:
    """To 1e-12 from the closed form, and to every digit that the catalogue gives."""
    found = steps(*first_reading(device))
    for value, exact, digits in (
        (found.z, np.full((2, 2), 2.0), "2"),
        (found.y_hat, np.full((2, 2), S), "0.88079708"),
        (I2 - found.y_hat, symmetric(1 - S, -S), "0.11920292 -0.88079708"),
        (found.loss, (1 - S) ** 2 + S**2, "0.79001283"),
        (found.y_hat * (1 - found.y_hat), np.full((2, 2), SLOPE), "0.10499359"),
        (found.delta, symmetric(RIGHT, WRONG), "-0.012515542 0.092478043"),
        (found.slopes[0], symmetric(RIGHT, WRONG), "-0.012515542 0.092478043"),
        (found.slopes[1], np.full(2, RIGHT + WRONG), "0.079962501"),
        (
            found.updated[0],
            symmetric(1 - LR * RIGHT, 1 - LR * WRONG),
            "1.0012516 0.99075220",
        ),
        (found.updated[1], np.full(2, 1 - LR * (RIGHT + WRONG)), "0.99200375"),
        (found.loss_after, after_one_step(), "0.78697552"),
    ):
        assert np.shape(value) == np.shape(exact)
        close(value, exact)
        as_printed(value, digits)
    as_printed(found.loss_after - found.loss, "-0.00303731")


def after_one_step() -> float:
    """L′ in plain floats."""
    on, off = (
        1 / (1 + math.exp(-(1 - LR * slope + 1 - LR * (RIGHT + WRONG)))) for slope in (RIGHT, WRONG)
    )
    return (on - 1) ** 2 + off**2


def test_the_loss_entry_by_entry(device: str) -> None:
    """½ (y − ŷ)²: none of the four is negative, although the document prints −0.051."""
    y_hat = te.sigmoid(te.full((2, 2), 2.0, dtype=te.float64, device=device))
    losses = 0.5 * F.mse_loss(y_hat, I2, reduction="none")
    close(losses.numpy(), symmetric((1 - S) ** 2 / 2, S**2 / 2))
    as_printed(losses.numpy(), "0.0071046683 0.38790175")


def test_predictions_after_the_step(device: str) -> None:
    parameters, forward, loss_of = first_reading(device)
    steps(parameters, forward, loss_of)
    as_printed(te.sigmoid(forward()).numpy(), "0.88008711 0.87897464")


def test_the_same_by_layer_loss_and_optimizer(device: str, seeded: None) -> None:
    """nn.Linear, nn.Sigmoid, nn.MSELoss and their optimizer take the same step."""
    by_hand = steps(*first_reading(device))
    model = nn.Sequential(nn.Linear(2, 2), nn.Sigmoid()).to(device)
    for x in model.parameters():
        x.data = te.ones(x.shape, dtype=te.float64, device=device).data
    optimizer = optim.SGD(model.parameters(), lr=LR)
    prediction = model(te.eye(2, dtype=te.float64, device=device))
    loss = nn.MSELoss(reduction="sum")(prediction, I2) / 2
    loss.backward()
    optimizer.step()
    weight, bias = model.state_dict().values()
    close(float(loss), by_hand.loss)
    close(weight, by_hand.updated[0])
    close(bias, by_hand.updated[1])


def test_what_the_document_prints_is_something_else(device: str) -> None:
    """Each number that 002 §4.3 prints from ŷ on, against the right one."""
    found = steps(*first_reading(device))
    for value, printed in (
        (found.y_hat, 0.612),
        (found.loss, 0.051),
        (found.slopes[0], -0.051),
        (found.slopes[1], -0.051),
        (found.updated[0], 0.949),
        (found.updated[1], 0.949),
    ):
        assert (np.abs(value - printed) > 0.01).all()


# --- every reading of the labels


class Reading(NamedTuple):
    """One way to read the example, and its numbers as the catalogue has them."""

    name: str
    shapes: list[tuple[int, ...]]  # of W, b and, in I5, the output layer's
    target: Any
    factor: float  # L = factor · Σ (ŷ − y)²
    loss: str
    slopes: list[str]
    updated: list[str]
    loss_after: str


SAME = "-.012515542 .092478043"
READINGS = [
    Reading(
        "I1: one-hot, summed", [(2, 2), (2,)], I2, 0.5, "0.79001283",
        [SAME, ".079962501"], ["1.0012516 .99075220", ".99200375"], ".78697552",
    ),
    Reading(
        "I1m: over n = 2", [(2, 2), (2,)], I2, 0.25, "0.39500641",
        ["-.0062577711 .046239022", ".039981251"], ["1.0006258 .99537610", ".99600187"],
        ".39424918",
    ),
    Reading(
        "I1e: mean of 4 entries", [(2, 2), (2,)], I2, 0.125, "0.19750321",
        ["-.0031288855 .023119511", ".019990625"], ["1.0003129 .99768805", ".99800094"],
        ".19731416",
    ),
    Reading(
        "I2: (2, 1) broadcast, b a row", [(2, 2), (2,)], [[1, 1], [0, 0]], 0.5, "0.79001283",
        [SAME, ".079962501"], ["1.0012516 .99075220", ".99200375"], ".78697552",
    ),
    Reading(
        "I2: (2, 1) broadcast, b a column", [(2, 2), (2, 1)], [[1, 1], [0, 0]], 0.5, "0.79001283",
        [SAME, "-.025031084 .18495609"], ["1.0012516 .99075220", "1.0025031 .98150439"],
        "0.784742035",  # by symmetry that of I3
    ),
    Reading(
        "I3: (2,) broadcast as a row", [(2, 2), (2,)], [[1, 0], [1, 0]], 0.5, "0.79001283",
        [SAME, "-.025031084 .18495609"], ["1.0012516 .99075220", "1.0025031 .98150439"],
        "0.784742035",  # the catalogue has .78474203; it is .78474203501, rounded up .78474204
    ),
    Reading(
        "I4: one output node", [(2, 1), (1,)], [[1], [0]], 0.5, "0.39500641",
        [SAME, ".079962501"], ["1.0012516 .99075220", ".99200375"], ".39348776",
    ),
    Reading(
        "I5: an output layer added", [(2, 2), (2,), (2, 1), (1,)], [[1], [0]], 0.5, "0.44409736",
        ["-.00034885001 .0055205691", ".0051717191", ".043385841", ".049257476"],
        ["1.0000349 .99944794", ".99948283", ".99566142", ".99507425"], ".44346378",
    ),
]  # fmt: skip
readings = pytest.mark.parametrize("reading", READINGS, ids=[r.name for r in READINGS])


def run(reading: Reading, device: str) -> Steps:
    w, b, *output = parameters = start(device, *reading.shapes)
    x = te.eye(2, dtype=te.float64, device=device)
    y = te.tensor(reading.target, dtype=te.float64, device=device)

    def forward() -> te.Tensor:
        z = x @ w + b
        return te.sigmoid(z) @ output[0] + output[1] if output else z

    return steps(
        parameters, forward, lambda y_hat: reading.factor * F.mse_loss(y_hat, y, reduction="sum")
    )


@readings
def test_readings(reading: Reading, device: str) -> None:
    found = run(reading, device)
    as_printed(found.loss, reading.loss)
    as_printed(found.loss_after, reading.loss_after)
    for values, digits in zip(found.slopes, reading.slopes, strict=True):
        as_printed(values, digits)
    for values, digits in zip(found.updated, reading.updated, strict=True):
        as_printed(values, digits)


@readings
def test_readings_against_the_complex_step(reading: Reading, device: str) -> None:
    """∂L/∂θ = Im L(θ + ih) / h, in plain NumPy and to rounding."""
    found = run(reading, device)

    def loss_of(*parameters: np.ndarray) -> complex:
        w, b, *output = parameters
        z = I2 @ w + b
        if output:
            z = 1 / (1 + np.exp(-z)) @ output[0] + output[1]
        y_hat = 1 / (1 + np.exp(-z))
        return complex(reading.factor * ((y_hat - np.array(reading.target)) ** 2).sum())

    values = [np.ones(shape, complex) for shape in reading.shapes]
    close(found.loss, loss_of(*values).real, 1e-15)
    for values_of_one, slopes in zip(values, found.slopes, strict=True):
        for place in np.ndindex(values_of_one.shape):
            values_of_one[place] += 1e-30j
            close(slopes[place], loss_of(*values).imag / 1e-30, 1e-15)
            values_of_one[place] = 1


def test_where_the_readings_put_their_numbers(device: str) -> None:
    """The same numbers in other places: I1 is symmetric, I2 has equal rows, I3 equal columns."""
    places = {r.name[:2]: run(r, device).slopes[0] < 0 for r in READINGS if len(r.name) > 20}
    places["I1"] = run(READINGS[0], device).slopes[0] < 0
    assert places["I1"].tolist() == [[True, False], [False, True]]
    assert places["I2"].tolist() == [[True, True], [False, False]]
    assert places["I3"].tolist() == [[True, False], [True, False]]
    assert places["I5"].tolist() == [[True, True], [False, False]]


def test_the_hidden_layer_of_the_fifth_reading(device: str) -> None:
    w, b, v, c = start(device, (2, 2), (2,), (2, 1), (1,))
    z = te.sigmoid(te.eye(2, dtype=te.float64, device=device) @ w + b) @ v + c
    as_printed(z.detach().numpy(), "2.7615942")
    as_printed(te.sigmoid(z).detach().numpy(), "0.94056481")


def test_the_shapes_of_the_document_are_refused(device: str) -> None:
    """(2, 1) and (2,) labels against a (2, 2) prediction: L would look right, gradients not."""
    y_hat = te.full((2, 2), S, dtype=te.float64, device=device)
    for y in ([[1.0], [0.0]], [1.0, 0.0]):
        with pytest.raises(ValueError, match=r"\(2, 2\) and the target \(2,.*must be equal"):
            F.mse_loss(y_hat, te.tensor(y, dtype=te.float64, device=device))


# --- more steps

AFTER = {1: 0.7869755214, 10: 0.7563891478, 100: 0.2339879522, 1000: 0.0138488883,
         10000: 0.0011023830}  # fmt: skip


def test_the_loss_after_many_steps_and_what_is_conserved() -> None:
    """∂L/∂b is the column sum of ∂L/∂W, so w_jj + w_ij − b_j stays 1. b goes to −1/3."""
    parameters, forward, loss_of = first_reading("cpu")
    w, b = parameters
    optimizer = optim.SGD(parameters, lr=LR)
    for step in range(1, 10001):
        optimizer.zero_grad()
        loss_of(te.sigmoid(forward())).backward()
        optimizer.step()
        close(w.data.sum(axis=0) - b.data, 1.0)
        if step in AFTER:
            with te.no_grad():
                close(float(loss_of(te.sigmoid(forward()))), AFTER[step], 5e-11)
    close(b.numpy(), -0.33333318, 5e-9)


def test_the_loss_after_many_steps_on_each_device(device: str) -> None:
    for count in (1, 10, 100, 1000):
        close(steps(*first_reading(device), count=count).loss_after, AFTER[count], 5e-11)


# --- other losses at the start


def slopes_of(loss_of: Loss, device: str) -> tuple[float, np.ndarray, np.ndarray]:
    """L, ∂L/∂W and ∂L/∂b of a loss of the logits Z."""
    w, b = start(device, (2, 2), (2,))
    loss = loss_of(te.eye(2, dtype=te.float64, device=device) @ w + b)
    loss.backward()
    return float(loss), w.grad.numpy(), b.grad.numpy()  # type: ignore[union-attr]


def test_binary_cross_entropy_at_the_start(device: str) -> None:
    """Of all four entries, over n = 2 samples; from probabilities and from logits."""
    for loss_of in (
        lambda z: F.binary_cross_entropy(te.sigmoid(z), I2, reduction="sum") / 2,
        lambda z: F.binary_cross_entropy_with_logits(z, I2, reduction="sum") / 2,
        lambda z: 2 * nn.BCEWithLogitsLoss()(z, I2),
    ):
        loss, by_w, by_b = slopes_of(loss_of, device)
        close(loss, -math.log(S) - math.log(1 - S))
        as_printed(loss, "2.2538560")
        close(by_w, symmetric((S - 1) / 2, S / 2))
        as_printed(by_w, "-.059601461 .44039854")
        close(by_b, np.full(2, S - 0.5))
        as_printed(by_b, ".38079708")


def test_softmax_cross_entropy_at_the_start(device: str) -> None:
    for target in ([0, 1], I2):
        loss, by_w, by_b = slopes_of(lambda z, y=target: F.cross_entropy(z, y), device)  # type: ignore[misc]
        close(loss, math.log(2))
        as_printed(loss, "0.69314718")
        close(by_w, symmetric(-0.25, 0.25))
        close(by_b, [0, 0])


def test_cross_entropy_as_document_002_prints_it(device: str) -> None:
    """−(1/n) Σ y ln σ(z), without the softmax: nothing ever pushes a wrong class down."""
    loss, by_w, by_b = slopes_of(
        lambda z: -(te.tensor(I2, device=device) * te.log(te.sigmoid(z))).sum() / 2, device
    )
    close(loss, -math.log(S))
    as_printed(loss, "0.12692801")
    close(by_w, symmetric((S - 1) / 2, 0))
    assert by_w[0, 1] == by_w[1, 0] == 0
    close(by_b, np.full(2, (S - 1) / 2))

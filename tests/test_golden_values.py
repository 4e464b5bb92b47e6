"""The golden values of the catalogue, by the public API: ten digits each, from the five documents.

What the library does not have on purpose, the optimizer rule of document 002 §3.3 and the form of
Adam that Keras runs, is written out here in plain floats, to show that ours is another.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

import tinygrad_edu as te
from tinygrad_edu import nn, optim

F = nn.functional
DIGITS = 5.1e-11  # half a unit in the tenth decimal


def leaf(values: list[float] | list[list[float]], device: str) -> te.Tensor:
    return te.tensor(values, dtype=te.float64, requires_grad=True, device=device)


def close(found: te.Tensor | None, wanted: list[float] | float, tolerance: float = DIGITS) -> None:
    assert found is not None and found.dtype == np.float64
    np.testing.assert_allclose(
        found.detach().numpy().ravel(), np.ravel(wanted), rtol=0, atol=tolerance
    )


# --- activations


def test_sigmoid_and_tanh(device: str) -> None:
    x = leaf([2.0, -2.0], device)
    for y in (te.sigmoid(x), x.sigmoid(), F.sigmoid(x), nn.Sigmoid()(x)):
        close(y, [0.8807970780, 0.1192029220])
    one = leaf([1.0], device)
    for y in (te.tanh(one), one.tanh(), F.tanh(one), nn.Tanh()(one)):
        close(y, 0.7615941560)


# --- softmax and its cross-entropy

LOGITS = [[2.0, 1.0, 0.1]]
SOFTMAX = [0.6590011389, 0.2424329707, 0.0985658904]


def test_softmax(device: str) -> None:
    z = leaf(LOGITS, device)
    for y in (te.softmax(z), F.softmax(z, axis=-1), nn.Softmax()(z), te.exp(te.log_softmax(z))):
        close(y, SOFTMAX)


@pytest.mark.parametrize(
    "loss_of",
    [
        lambda z: F.cross_entropy(z, [0]),
        lambda z: F.cross_entropy(z, [[1.0, 0.0, 0.0]]),
        lambda z: F.nll_loss(F.log_softmax(z), [0]),
        lambda z: nn.CrossEntropyLoss()(z, [0]),
        lambda z: -te.log(te.softmax(z))[0, 0],
    ],
    ids=["class", "one-hot", "nll", "module", "by hand"],
)
def test_cross_entropy_of_class_0(loss_of: Callable[[te.Tensor], te.Tensor], device: str) -> None:
    z = leaf(LOGITS, device)
    loss = loss_of(z)
    close(loss, 0.4170300163)
    loss.backward()
    close(z.grad, [-0.3409988611, 0.2424329707, 0.0985658904])


def test_cross_entropy_as_document_002_prints_it(device: str) -> None:
    """With a sigmoid where the softmax belongs: the wrong classes have no gradient at all."""
    z = leaf(LOGITS, device)
    loss = -te.log(te.sigmoid(z))[0, 0]
    close(loss, 0.1269280110)
    loss.backward()
    close(z.grad, [-0.1192029220, 0, 0])
    assert z.grad is not None and z.grad.tolist()[0][1:] == [0, 0]


# --- optimizers: J = ½ θ², θ₀ = 1, α = 0.1, β = 0.9 and 0.999, ε = 1e−8: θ₁ … θ₅

SGD = [0.9, 0.81, 0.729, 0.6561, 0.59049]
ADAM_002 = [0.9000000010, 0.8004122297, 0.7015862745, 0.6039390627, 0.5079636619]
ADAM_003 = [0.6837723340, 0.2702061691, -0.1621412074, -0.5071458862, -0.6760725629]
RULE_002 = [0.9990000000, 0.9979489468, 0.9968453107, 0.9956875892, 0.9944743121]  # §3.3
KERAS = [0.9000003162, 0.8004127762, 0.7015870149, 0.6039399728, 0.5079647225]  # its ε is 1e−7

OURS = {
    "SGD": (lambda p: optim.SGD(p, lr=0.1), SGD),
    "Adam of 002 §4.2.3": (lambda p: optim.Adam(p, lr=0.1), ADAM_002),
    "Adam of 003 §4.1.3": (lambda p: optim.Adam(p, lr=0.1, bias_correction=False), ADAM_003),
}


@pytest.mark.parametrize("name", OURS)
def test_optimizers(name: str, device: str) -> None:
    make, golden = OURS[name]
    theta = leaf([1.0], device)
    optimizer = make([theta])
    found = []
    for _ in golden:
        optimizer.zero_grad()
        (0.5 * theta * theta).sum().backward()
        optimizer.step()
        found.append(theta.numpy()[0])
    np.testing.assert_allclose(found, golden, rtol=0, atol=DIGITS)


Rule = Callable[[int, float, float, float], float]  # t, m, v, g → step / α


def rule_of_002(t: int, m: float, v: float, g: float) -> float:
    """002 §3.3 as printed: (1 − β₂ᵗ) / (1 − β₁ᵗ) · error, without m, v and the square root."""
    return (1 - 0.999**t) / (1 - 0.9**t) * g


def keras(t: int, m: float, v: float, g: float, eps: float = 1e-7) -> float:
    """√(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√v + ε): ε stands beside the uncorrected √v."""
    return math.sqrt(1 - 0.999**t) / (1 - 0.9**t) * m / (math.sqrt(v) + eps)


def path(rule: Rule, count: int = 5, lr: float = 0.1) -> list[float]:
    theta, m, v, found = 1.0, 0.0, 0.0, []
    for t in range(1, count + 1):
        g = theta
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        theta -= lr * rule(t, m, v, g)
        found.append(theta)
    return found


@pytest.mark.parametrize(("rule", "golden"), [(rule_of_002, RULE_002), (keras, KERAS)])
def test_rules_that_are_not_ours(rule: Rule, golden: list[float]) -> None:
    """Their golden values come out too, and lie further from ours than any rounding."""
    np.testing.assert_allclose(path(rule), golden, rtol=0, atol=DIGITS)
    for _, ours in OURS.values():
        assert np.abs(np.subtract(path(rule), ours)).max() > 1e-6


def test_the_rule_of_002_hardly_moves() -> None:
    """Its rate starts at 0.01 α: after 100 steps θ is still 0.6038."""
    assert path(rule_of_002, count=100)[-1] == pytest.approx(0.6038, abs=5e-5)


@pytest.mark.parametrize(
    ("eps", "wanted"), [(1e-7, 9.091e-4), (1e-8, 9.901e-4)], ids=["1e-7", "1e-8"]
)
def test_a_gradient_as_small_as_epsilon_tells_ours_from_keras(
    eps: float, wanted: float, device: str
) -> None:
    """The first step at α = 1e−3, g = 1e−6: ours is 002's and PyTorch's. Keras took 2.402e−4."""
    theta = leaf([0.0], device)
    optimizer = optim.Adam([theta], lr=1e-3, eps=eps)
    (1e-6 * theta).sum().backward()
    optimizer.step()
    ours = -theta.item()
    assert ours == pytest.approx(wanted, abs=5e-8)
    g = 1e-6
    of_keras = 1e-3 * keras(1, 0.1 * g, 0.001 * g * g, g)
    assert of_keras == pytest.approx(2.402e-4, abs=1e-7)  # that run was in float32
    assert ours / of_keras > 3


def test_the_golden_values_are_told_apart() -> None:
    """No list of the five optimizers passes for another."""
    lists = [SGD, ADAM_002, ADAM_003, RULE_002, KERAS]
    for i, one in enumerate(lists):
        for other in lists[:i]:
            assert np.abs(np.subtract(one, other)).max() > 100 * DIGITS

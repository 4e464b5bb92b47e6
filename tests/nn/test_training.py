"""Whole trainings with the loop written out: they learn, and a seed fixes every bit of them."""

from __future__ import annotations

import functools
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tinygrad_edu as te
from tinygrad_edu import nn
from tinygrad_edu.backend.pretend import count_transfers
from tinygrad_edu.nn import functional as F

pytestmark = pytest.mark.usefixtures("seeded")


def train(model, loss_fn, optimizer, loader, epochs: int) -> list[float]:
    """The loop, as the lessons write it; the loss of each step."""
    losses = []
    model.train()
    for _ in range(epochs):
        for x, y in loader:
            optimizer.zero_grad()
            loss = loss_fn(model(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return losses


XOR = np.float32([[0, 0], [0, 1], [1, 0], [1, 1]])


def xor(device: str, make_optimizer) -> tuple[nn.Module, list[float]]:
    te.manual_seed(1)
    model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 2)).to(device)
    data = te.data.TensorDataset(
        te.tensor(XOR, device=device), te.tensor([0, 1, 1, 0], device=device)
    )
    loader = te.data.DataLoader(data, batch_size=2, shuffle=True)
    losses = train(
        model, nn.CrossEntropyLoss(), make_optimizer(model.parameters()), loader, epochs=200
    )
    return model, losses


@pytest.mark.parametrize(
    "make_optimizer",
    [
        lambda params: te.optim.SGD(params, lr=0.5),
        lambda params: te.optim.Adam(params, lr=0.02),
        lambda params: te.optim.Adam(params, lr=0.02, bias_correction=False),
    ],
    ids=["SGD", "Adam 002", "Adam 003"],
)
def test_xor_is_learned(make_optimizer, device):
    model, losses = xor(device, make_optimizer)
    assert np.mean(losses[:4]) > 0.5 and max(losses[-10:]) < 0.05
    assert te.metrics.accuracy(model(te.tensor(XOR, device=device)), [0, 1, 1, 0]) == 1


@functools.cache
def digits() -> tuple[np.ndarray, np.ndarray]:
    train_images, train_labels, *_ = te.data.mnist()
    return train_images[:200].astype(np.float32) / 255, train_labels[:200]


def mnist(device: str = "cpu", seed: int = 0, epochs: int = 8) -> tuple[nn.Module, list[float]]:
    te.manual_seed(seed)
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 16), nn.ReLU(), nn.Linear(16, 10))
    model.to(device)
    images, labels = (te.tensor(array, device=device) for array in digits())
    loader = te.data.DataLoader((images, labels), batch_size=20, shuffle=True)
    optimizer = te.optim.Adam(model.parameters(), lr=0.01)
    return model, train(model, nn.CrossEntropyLoss(), optimizer, loader, epochs)


def digest(model: nn.Module) -> str:
    """Every bit of every parameter, with its name."""
    parts = hashlib.sha256()
    for name, array in model.state_dict().items():
        parts.update(name.encode() + array.tobytes())
    return parts.hexdigest()


def test_200_digits_are_learned(device):
    model, losses = mnist(device)
    assert 2 < losses[0] < 3.5  # ln 10 = 2.30 for a network that knows nothing
    assert np.mean(losses[-10:]) < 0.35
    images, labels = digits()
    assert te.metrics.accuracy(model.eval()(te.tensor(images, device=device)), labels) > 0.9


def test_a_seed_fixes_every_bit(device):
    (one, losses), (other, same) = mnist(device), mnist(device)
    assert losses == same and digest(one) == digest(other)
    different, _ = mnist(device, seed=1)
    assert digest(different) != digest(one)


def test_a_seed_fixes_every_bit_in_every_process():
    root = Path(__file__).parents[2]
    code = "from tests.nn.test_training import *; print(digest(mnist(epochs=1)[0]))"
    found = set()
    for hash_seed in ("0", "123"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(root)}
        command = [sys.executable, "-W", "error", "-c", code]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        found.add(done.stdout)
    assert len(found) == 1 and len(found.pop().strip()) == 64


def test_devices_agree_to_rounding(device):
    (one, losses), (other, same) = mnist(), mnist(device)
    np.testing.assert_allclose(losses, same, rtol=1e-3, atol=1e-4)
    for name, array in one.state_dict().items():
        np.testing.assert_allclose(other.state_dict()[name], array, rtol=1e-3, atol=1e-4)


def test_a_step_on_a_gpu_copies_nothing_back():
    """Batches, loss, gradients and step stay on the device; only reading the loss copies."""
    images, labels = (te.tensor(array, device="pretend-gpu") for array in digits())
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 16), nn.ReLU(), nn.Linear(16, 10))
    model.to("pretend-gpu")
    loader = te.data.DataLoader((images, labels), batch_size=50, shuffle=True)
    optimizer = te.optim.Adam(model.parameters())
    with count_transfers() as transfers:
        for x, y in loader:
            optimizer.zero_grad()
            loss = nn.CrossEntropyLoss()(model(x), y)
            loss.backward()
            optimizer.step()
        assert transfers.count == 0
        loss.item()
        assert transfers.count == 1


def test_training_leaves_nothing_behind_a_step():
    """The gradient of a step is of its own batch: with the loss forgotten, zero_grad mattered."""
    model = nn.Linear(1, 1)
    optimizer = te.optim.SGD(model.parameters(), lr=0.0)
    x = te.tensor([[2.0]])
    slopes = []
    for clear in (True, True, False):
        if clear:
            optimizer.zero_grad()
        model(x).sum().backward()
        optimizer.step()
        slopes.append(model.weight.grad.item())
    assert slopes == [2, 2, 4]


# --- golden trainings of the documents


def test_worked_example_of_document_002(device):
    """§4.3 with targets I₂: W all 1, b all 1, L = ½ ΣΣ (ŷ − y)², α = 0.1."""
    model = nn.Sequential(nn.Linear(2, 2), nn.Sigmoid()).to(device)
    eye = te.eye(2, dtype=np.float64, device=device)
    for parameter in model.parameters():
        parameter.data = te.ones(parameter.shape, dtype=np.float64, device=device)
    optimizer = te.optim.SGD(model.parameters(), lr=0.1)

    def close(found: te.Tensor, wanted) -> None:
        np.testing.assert_allclose(found.detach().numpy(), wanted, rtol=1e-7)

    golden = {1: 0.7869755214, 10: 0.7563891478, 100: 0.2339879522, 1000: 0.0138488883}
    golden[10000] = 0.0011023830
    weight, bias = model.parameters()
    for step in range(10001 if device == "cpu" else 101):
        loss = F.mse_loss(model(eye), eye, "sum") / 2
        if step in golden:
            np.testing.assert_allclose(loss.item(), golden[step], rtol=0, atol=6e-11)
            conserved = weight.detach().sum(axis=0) - bias.detach()
            np.testing.assert_allclose(conserved.numpy(), [1, 1], rtol=1e-12)
        optimizer.zero_grad()
        loss.backward()
        if step == 0:
            close(model(eye), np.full((2, 2), 0.88079708))
            close(loss, 0.79001283)
            close(weight.grad, [[-0.012515542, 0.092478043], [0.092478043, -0.012515542]])
            close(bias.grad, [0.079962501] * 2)
        optimizer.step()
        if step == 0:
            close(weight, [[1.0012516, 0.99075220], [0.99075220, 1.0012516]])
            close(bias, [0.99200375] * 2)
    if device == "cpu":
        np.testing.assert_allclose(bias.detach().numpy(), [-0.33333318] * 2, rtol=1e-7)


def test_broadcasting_trap_of_document_002(device):
    """The (2, 1) labels of §4.3 against (2, 2) outputs are refused, not paired with the wrong."""
    with pytest.raises(ValueError, match=r"\(2, 2\).*\(2, 1\).*must be equal"):
        F.mse_loss(te.ones((2, 2), device=device), [[1.0], [0.0]], "sum")


def test_xor_network_of_document_003(device):
    """§3.3: two sigmoid layers without biases, L = ½ Σ (y − a₃)², η = 1."""
    model = nn.Sequential(
        nn.Linear(2, 2, bias=False), nn.Sigmoid(), nn.Linear(2, 1, bias=False), nn.Sigmoid()
    ).to(device)
    w1, w2 = model.parameters()
    w1.data = te.tensor(np.float64([[0.5, -0.4], [0.3, 0.8]]), device=device)
    w2.data = te.tensor(np.float64([[0.6], [-0.7]]), device=device)
    x = te.tensor(XOR.astype(np.float64), device=device)
    y = te.tensor(np.float64([[0], [1], [1], [0]]), device=device)
    loss = F.mse_loss(model(x), y, "sum") / 2
    np.testing.assert_allclose(loss.item(), 0.49975711, rtol=1e-7)
    loss.backward()
    wanted = [[0.00077199826, 0.00096138181], [0.0035046424, 0.0010550228]]
    np.testing.assert_allclose(-w1.grad.numpy(), wanted, rtol=1e-7)
    np.testing.assert_allclose(-w2.grad.numpy(), [[0.0035216129], [0.0039597547]], rtol=1e-7)
    te.optim.SGD(model.parameters(), lr=1.0).step()
    wanted = [[0.50077200, -0.39903862], [0.30350464, 0.80105502]]
    np.testing.assert_allclose(w1.detach().numpy(), wanted, rtol=1e-7)
    np.testing.assert_allclose(w2.detach().numpy(), [[0.60352161], [-0.69604025]], rtol=1e-7)
    np.testing.assert_allclose((F.mse_loss(model(x), y, "sum") / 2).item(), 0.49971643, rtol=1e-7)

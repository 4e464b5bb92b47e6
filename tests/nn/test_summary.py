"""summary(): the rows of nested, shared, unused and unusual layers; and what it leaves alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_edu as te
from tinygrad_edu import nn

pytestmark = pytest.mark.usefixtures("seeded")


def rows(text: str) -> list[list[str]]:
    """The cells of each line between the rules, then of the last."""
    lines = text.splitlines()
    assert lines[0].split() == ["layer", "output", "shape", "parameters"]
    assert lines[1] == lines[-2] == "-" * len(lines[0]) and len({len(li) for li in lines}) == 1
    body = [line.split("  ") for line in [*lines[2:-2], lines[-1]]]
    cells = [[cell.strip() for cell in line if cell.strip()] for line in body]
    counts = [int(row[-1].replace(",", "")) for row in cells]
    assert sum(counts[:-1]) == counts[-1]  # the rows add up to the total
    return cells


def test_the_network_of_the_listings():
    """784-128-10 with dropout: 100,480 + 1,290 = 101,770, as Keras prints it."""
    model = nn.Sequential(
        nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Dropout(0.2), nn.Linear(128, 10)
    )
    assert nn.summary(model, (28, 28)) == (
        "layer        output shape  parameters\n"
        "-------------------------------------\n"
        "0 (Flatten)  (N, 784)               0\n"
        "1 (Linear)   (N, 128)         100,480\n"
        "2 (ReLU)     (N, 128)               0\n"
        "3 (Dropout)  (N, 128)               0\n"
        "4 (Linear)   (N, 10)            1,290\n"
        "-------------------------------------\n"
        "total                         101,770"
    )


def test_the_network_for_colour_images():
    """The table of document 001 §5.2: 13 rows in pairs make 6, 122,570 parameters."""
    model = nn.Sequential(
        nn.Conv2d(3, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3), nn.ReLU(),
        nn.MaxPool2d(2), nn.Conv2d(64, 64, 3), nn.ReLU(), nn.Flatten(), nn.Linear(1024, 64),
        nn.ReLU(), nn.Linear(64, 10),
    )  # fmt: skip
    table = [row for row in rows(nn.summary(model, (3, 32, 32))) if "ReLU" not in row[0]]
    assert table == [
        ["0 (Conv2d)", "(N, 32, 30, 30)", "896"], ["2 (MaxPool2d)", "(N, 32, 15, 15)", "0"],
        ["3 (Conv2d)", "(N, 64, 13, 13)", "18,496"], ["5 (MaxPool2d)", "(N, 64, 6, 6)", "0"],
        ["6 (Conv2d)", "(N, 64, 4, 4)", "36,928"], ["8 (Flatten)", "(N, 1024)", "0"],
        ["9 (Linear)", "(N, 64)", "65,600"], ["11 (Linear)", "(N, 10)", "650"],
        ["total", "122,570"],
    ]  # fmt: skip


def test_input_shapes():
    layer = nn.Linear(3, 2)
    assert nn.summary(layer, 3) == nn.summary(layer, (3,)) == nn.summary(layer, [3])
    assert rows(nn.summary(layer, 3)) == [["Linear", "(N, 2)", "8"], ["total", "8"]]
    assert rows(nn.summary(layer, (5, 3)))[0] == ["Linear", "(N, 5, 2)", "8"]
    with pytest.raises(ValueError, match=r"Linear\(3, 2\) needs"):
        nn.summary(layer, 4)


class Block(nn.Module):
    """x + f(x), with a scale of its own beside its layers."""

    def __init__(self, size: int) -> None:
        self.scale = nn.Parameter(np.ones(size, np.float32))
        self.inner = nn.Sequential(nn.Linear(size, size), nn.Tanh())

    def forward(self, x: te.Tensor) -> te.Tensor:
        return x + self.inner(x) * self.scale


def test_nested_models():
    model = nn.Sequential(nn.Linear(2, 3), nn.Sequential(Block(3), Block(3)), nn.Linear(3, 1))
    assert rows(nn.summary(model, 2)) == [
        ["0 (Linear)", "(N, 3)", "9"],
        ["1.0 (Block)", "(N, 3)", "3"],
        ["1.0.inner.0 (Linear)", "(N, 3)", "12"], ["1.0.inner.1 (Tanh)", "(N, 3)", "0"],
        ["1.1 (Block)", "(N, 3)", "3"],
        ["1.1.inner.0 (Linear)", "(N, 3)", "12"], ["1.1.inner.1 (Tanh)", "(N, 3)", "0"],
        ["2 (Linear)", "(N, 1)", "4"],
        ["total", "43"],
    ]  # fmt: skip
    assert rows(nn.summary(Block(3), 3))[0] == ["Block", "(N, 3)", "3"]


class Shared(nn.Module):
    """One layer used twice, at two shapes, and under two names; two layers with one weight."""

    def __init__(self) -> None:
        self.one = nn.Linear(4, 4)
        self.again = self.one
        self.tied = nn.Linear(4, 4)
        self.tied.weight = self.one.weight
        self.spare = nn.Linear(4, 7)

    def forward(self, x: te.Tensor) -> te.Tensor:
        return self.tied(self.again(self.one(x)).reshape((1, 1, 4)))


def test_shared_tied_and_unused_layers():
    """Each layer and each parameter is counted once; what is not used is said so."""
    model = Shared()
    assert rows(nn.summary(model, 4)) == [
        ["one (Linear)", "(N, 4)", "20"], ["tied (Linear)", "(N, 1, 4)", "4"],
        ["spare (Linear)", "not used", "35"], ["total", "59"],
    ]  # fmt: skip
    assert sum(p.size for p in model.parameters()) == 59
    two_shapes = nn.Sequential(act := nn.ReLU(), nn.Linear(3, 2), act)
    assert rows(nn.summary(two_shapes, 3))[0] == ["0 (ReLU)", "(N, 3) (N, 2)", "0"]


class Odd(nn.Module):
    """Returns what it is told to."""

    def __init__(self, output: Any) -> None:
        self.output = output

    def forward(self, x: te.Tensor) -> Any:
        return self.output(x)


@pytest.mark.parametrize(
    ("output", "shown"),
    [
        (lambda x: (x, x.sum()), "(N, 3) ()"), (lambda x: [x, [x.T]], "(N, 3) (3, 1)"),
        (lambda x: {"a": x, "b": x[0]}, "(N, 3) (3,)"), (lambda x: x.sum(axis=1), "(N,)"),
        (lambda x: "text", "no tensor"), (lambda x: te.concatenate([x, x]), "(2, 3)"),
    ],
)  # fmt: skip
def test_outputs_of_other_kinds(output, shown):
    """N stands where the one sample does: in front, with length one."""
    assert rows(nn.summary(Odd(output), 3))[0][1] == shown


def test_a_model_of_nothing():
    assert rows(nn.summary(nn.Sequential(), 3)) == [["Sequential", "(N, 3)", "0"], ["total", "0"]]


class Norm(nn.Module):
    """Like BatchNorm: buffers that change in training, and a draw that comes in any mode."""

    def __init__(self, size: int) -> None:
        self.weight = nn.Parameter(np.ones(size, np.float32))
        self.mean = te.zeros(size)
        self.seen = te.tensor(0)

    def forward(self, x: te.Tensor) -> te.Tensor:
        te.rand(2)
        if self.training:
            self.mean.data = (self.mean * 0.9 + x.detach().mean(axis=0) * 0.1).data
            self.seen.data = (self.seen + 1).data
        return (x - self.mean) * self.weight


def test_modes_buffers_gradients_and_draws_are_left(device):
    model = nn.Sequential(nn.Linear(3, 4), Norm(4), nn.Dropout(0.5)).to(device)
    model[0].eval()
    model(te.ones((2, 3), device=device)).sum().backward()
    gradients = [p.grad.numpy() for p in model.parameters()]
    state, draws = model.state_dict(), te.random_state()
    assert state["1.seen"] == 1
    text = nn.summary(model, 3)
    assert [m.training for _, m in model.named_modules()] == [True, False, True, True]
    assert all(state[name].tobytes() == a.tobytes() for name, a in model.state_dict().items())
    assert te.random_state() == draws
    for p, g in zip(model.parameters(), gradients, strict=True):
        np.testing.assert_array_equal(p.grad.numpy(), g)
    assert te.recording.is_grad_enabled() and "1 (Norm)     (N, 4)                 4" in text
    assert nn.summary(model, 3) == text


def test_all_is_left_after_an_error_too():
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(5, 2))
    model[0].eval()
    draws = te.random_state()
    with pytest.raises(ValueError, match=r"Linear\(5, 2\) needs"):
        nn.summary(model, 3)
    assert [m.training for _, m in model.named_modules()] == [True, False, True]
    assert te.random_state() == draws and te.recording.is_grad_enabled()
    assert not any("forward" in vars(m) for _, m in model.named_modules())


def test_a_forward_that_was_given_to_one_layer_stays():
    """Such as a hook that someone put there."""
    model = nn.Sequential(nn.Linear(3, 3), nn.ReLU())
    own = model[0].forward = lambda x: x[:, :2]
    assert rows(nn.summary(model, 3))[0] == ["0 (Linear)", "(N, 2)", "12"]
    assert vars(model[0])["forward"] is own and "forward" not in vars(model[1])


class Embedding(nn.Module):
    """Needs whole numbers."""

    def __init__(self) -> None:
        self.weight = nn.Parameter(np.ones((5, 4), np.float32))

    def forward(self, indices: te.Tensor) -> te.Tensor:
        return te.take(self.weight, indices, axis=0)


def test_inputs_of_whole_numbers(device):
    model = Embedding().to(device)
    assert rows(nn.summary(model, 7, dtype=te.int64))[0] == ["Embedding", "(N, 7, 4)", "20"]

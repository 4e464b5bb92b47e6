"""Errors that teach: what a class really gets wrong, and the sentence that it is told.

Each line of the table is one misuse. Its message says what was given, what is needed, and what
would mend it; all three are looked for, on each device. The last section has what is no error.
"""

from __future__ import annotations

import re
import runpy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import tinygrad_edu as te
from tinygrad_edu import backend, data, nn, optim
from tinygrad_edu.backend import cuda

F = nn.functional
CPU_ONLY = "looks at the numbers themselves, which on a GPU would wait for a copy"


class Misuse(NamedTuple):
    """A mistake, and the words that its message must have."""

    name: str
    attempt: Callable[[], Any]
    error: type[Exception]
    given: tuple[str, ...]
    needed: tuple[str, ...]
    mend: tuple[str, ...]
    why_not_on_gpu: str = ""


def parameter(*shape: int) -> te.Tensor:
    return te.ones(shape, requires_grad=True)


# --- mistakes that take several lines


def backward_twice() -> None:
    w = parameter(3)
    loss = (w * w).sum()
    loss.backward()
    loss.backward()


def backward_under_no_grad() -> None:
    w = parameter(3)
    with te.no_grad():
        loss = (w * w).sum()
    loss.backward()


def step_before_backward() -> None:
    w = parameter(3)
    optimizer = optim.SGD([w], lr=0.1)
    loss = (w * w).sum()
    w.grad = te.ones(3)
    optimizer.step()
    loss.backward()


def gradients_for_whole_numbers() -> None:
    w = te.tensor([1, 2])
    w.requires_grad = True
    (w * 0.5).sum().backward()


def gradient_of_a_whole_number() -> None:
    w = te.tensor([1, 2])
    w.requires_grad = True
    (w * 2).sum().backward()


def optimizer_from_a_spent_generator() -> None:
    parameters = nn.Linear(2, 2).parameters()
    optim.SGD(parameters, lr=0.1)
    optim.Adam(parameters)


def gradient_of_another_shape() -> None:
    w = parameter(3)
    w.grad = te.ones(4)
    optim.SGD([w], lr=0.1).step()


def update_by_hand_with_a_tensor() -> None:
    w = parameter(3)
    (w * w).sum().backward()
    w.data -= 0.1 * w.grad


def gradient_left_behind() -> None:
    model = nn.Linear(2, 2).to("pretend-gpu")
    model.weight.grad = te.ones((2, 2), device="cpu")
    optim.Adam(model.parameters()).step()


def small_gpt() -> nn.GPT:
    """Five words, eight positions."""
    return nn.GPT(5, 8, 4, 2, 1)


class LayersInAList(nn.Module):
    def __init__(self) -> None:
        self.layers = [nn.Linear(2, 2), nn.Linear(2, 2)]


class NoForward(nn.Module):
    def __init__(self) -> None:
        self.layer = nn.Linear(2, 2)


class NoReturn(NoForward):
    def forward(self, x: te.Tensor) -> None:
        self.layer(x)


class Ones(nn.Module):
    """A network whose two layers share one weight."""

    def __init__(self) -> None:
        self.one = self.two = nn.Parameter(te.ones(2))


SCORES, LABELS = np.zeros((4, 3), np.float32), [0, 1, 2, 0]
MISUSES = [
    # --- shapes
    Misuse(
        "add shapes", lambda: te.ones(3) + te.ones(4), ValueError,
        ("add()", "(3,) and (4,)", "3 meets 4"), ("equal or one of them 1",), (".reshape(",),
    ),
    Misuse(
        "subtract a column from a wide table", lambda: te.ones((3, 2)) - te.ones((2, 1)),
        ValueError,
        ("sub()", "(3, 2) and (2, 1)", "3 meets 2"), ("from the right",), (".T",),
    ),
    Misuse(
        "choose between shapes", lambda: te.where(te.ones(3) > 0, te.ones(4), 0.0), ValueError,
        ("where()", "(3,) and (4,)"), ("equal or one of them 1",), ("x[:, None]",),
    ),
    Misuse(
        "matrix product", lambda: te.ones((2, 3)) @ te.ones((2, 3)), ValueError,
        ("(2, 3) @ (2, 3)",), ("last axis of the left", "must equal"), (".T",),
    ),
    Misuse(
        "matrix product of batches", lambda: te.ones((2, 3, 4)) @ te.ones((3, 4, 5)), ValueError,
        ("(2,) and (3,)",), ("axes before the last two", "must be equal"), (".reshape(",),
    ),
    Misuse(
        "matrix product with a number", lambda: te.ones((2, 3)) @ 2.0, ValueError,
        ("(2, 3) and ()",), ("vectors or matrices",), ("use *",),
    ),
    Misuse(
        "einsum lengths", lambda: te.einsum("ij,jk->ik", te.ones((2, 3)), te.ones((2, 3))),
        ValueError, ("'j' stands for 3 and for 2", "(2, 3) and (2, 3)"), ("equally long",),
        ("Axes of one letter",),
    ),
    Misuse(
        "einsum letter from nowhere", lambda: te.einsum("ij->k", te.ones((2, 3))), ValueError,
        ("'ij->k'", "'k' after the arrow only"), ("name an axis",), ("leave it out",),
    ),
    Misuse(
        "reshape", lambda: te.ones((2, 3)).reshape(4, -1), ValueError,
        ("(2, 3) has 6 entries", "(4, -1)"), ("product is 6",), ("may be -1",),
    ),
    Misuse(
        "join unequal", lambda: te.concatenate([te.ones((2, 3)), te.ones((2, 4))]), ValueError,
        ("(2, 3) and (2, 4)",), ("equal but for axis 0",), ("axis=", "reshape"),
    ),
    Misuse(
        "join without a list", lambda: te.concatenate(te.ones(3), te.ones(4)), ValueError,
        ("tensor of shape (3,)",), ("a list of at least one tensor",), ("te.concatenate([a, b])",),
    ),
    Misuse(
        "stack unequal", lambda: te.stack([te.ones(3), te.ones(4)]), ValueError,
        ("(3,) and (4,)",), ("must all be equal",), ("te.concatenate",),
    ),
    Misuse(
        "squeeze a long axis", lambda: te.ones((2, 3)).squeeze(0), ValueError,
        ("axis 0 of shape (2, 3)",), ("of length 1",), ("none for all of them",),
    ),
    Misuse(
        "order of axes", lambda: te.ones((2, 3)).transpose(0, 0), ValueError,
        ("(0, 0)", "(2, 3)"), ("each once",), ("(1, 0)",),
    ),
    Misuse(
        "repeat to a shape", lambda: te.broadcast_to(te.ones(3), (4,)), ValueError,
        ("shape (3,)", "to (4,)"), ("must be that one or 1",), ("reshape",),
    ),
    # --- axes and options
    Misuse(
        "sum over no axis", lambda: te.ones((2, 3)).sum(axis=2), ValueError,
        ("axis 2", "2 axes"), ("give one of -2 … 1",), ("leave it out",),
    ),
    Misuse(
        "axis by name", lambda: te.ones((2, 3)).mean(axis="rows"), ValueError,
        ("axis 'rows'", "2 axes"), ("give one of -2 … 1",), ("leave it out",),
    ),
    Misuse(
        "softmax over no axis", lambda: F.softmax(te.ones(3), axis=1), ValueError,
        ("softmax()", "axis 1", "shape (3,)"), ("does not exist",), ("give one of -1 … 0",),
    ),
    Misuse(
        "repeat along no axis", lambda: te.repeat(te.ones(3), 2, axis=1), ValueError,
        ("repeat()", "axis 1", "shape (3,)"), ("does not exist",), ("give one of -1 … 0",),
    ),
    Misuse(
        "flatten from no axis", lambda: te.ones((2, 3)).flatten(2), ValueError,
        ("flatten()", "axis 2", "shape (2, 3)"), ("does not exist",), ("give one of -2 … 1",),
    ),
    Misuse(
        "an option misspelt", lambda: te.ones(3).sum(keepdim=True), TypeError,
        ("sum()", "'keepdim'"), ("the options it has",), ("keepdims",),
    ),
    Misuse(
        "PyTorch's name of an option", lambda: F.softmax(te.ones(3), dim=0), TypeError,
        ("softmax()", "'dim'"), ("the options it has",), ("axis",),
    ),
    # --- indexing
    Misuse(
        "index too large", lambda: te.ones(3)[3], IndexError,
        ("shape (3,)", "index 3"), ("size 3",), ("count from 0",),
    ),
    Misuse(
        "too many indices", lambda: te.ones(3)[0, 1], IndexError,
        ("shape (3,)", "2 were indexed"), ("1-dimensional",), ("count from 0",),
    ),
    Misuse(
        "a list of indices too large", lambda: te.ones(3)[[0, 5]], IndexError,
        ("shape (3,)", "index 5"), ("outside 0 … 2",), ("counted from 0",),
    ),
    Misuse(
        "a mask of another length", lambda: te.ones(3)[te.tensor([True, False])], IndexError,
        ("shape (3,)", "is 3 but", "is 2"), ("the shape of what it picks from",), ("x > 0",),
    ),
    Misuse(
        "index by a float", lambda: te.ones(3)[1.0], IndexError,
        ("float32",), ("whole numbers, slices",), ("int(i)", ".astype(te.int64)"),
    ),
    Misuse(
        "assign to an entry", lambda: te.ones(3).__setitem__(0, 5.0), TypeError,
        ("x[key] = value",), ("a gradient may still need",), ("te.where", "te.scatter_add"),
    ),
    # --- making tensors
    Misuse(
        "ragged rows", lambda: te.tensor([[1.0, 2.0], [3.0]]), ValueError,
        ("[[1.0, 2.0], [3.0]]",), ("a full block",), ("pad the short rows",),
    ),
    Misuse(
        "text for numbers", lambda: te.tensor(["1", "2"]), TypeError,
        ("['1', '2'] of type list",), ("holds numbers",), ("Give a number, a (nested) list",),
    ),
    Misuse(
        "two numbers side by side", lambda: te.tensor(1.0, 2.0), TypeError,
        ("2.0 is no dtype",), ("in brackets",), ("te.tensor([1.0, 2.0])",),
    ),
    Misuse(
        "a shape side by side", lambda: te.zeros(2, 3), TypeError,
        ("3 is no dtype",), ("in brackets",), ("te.zeros((2, 3))",),
    ),
    Misuse(
        "a shape in brackets", lambda: te.randn((2, 3)), ValueError,
        ("((2, 3),)",), ("side by side",), ("te.randn(2, 3)",),
    ),
    Misuse(
        "a negative length", lambda: te.zeros((2, -1)), ValueError,
        ("(2, -1)",), ("none below 0",), ("te.zeros((2, 3))",),
    ),
    Misuse(
        "a dtype misspelt", lambda: te.tensor([1.0], dtype="flaot32"), TypeError,
        ("'flaot32' is no dtype",), ("another of NumPy's",), ("te.float32",),
    ),
    Misuse(
        "random whole numbers", lambda: te.rand(3, dtype=te.int64), TypeError,
        ("int64",), ("draws fractions",), (".astype(te.int64)",),
    ),
    Misuse(
        "Tensor() of a list", lambda: te.Tensor([1.0]), TypeError,
        ("not a list",), ("an array of a device",), ("te.tensor(data)",),
    ),
    Misuse(
        "a list of tensors that learn", lambda: te.tensor([parameter(2), parameter(2)]), TypeError,
        ("requires gradients",), ("lost silently",), ("te.stack",), "PretendArrays in a list",
    ),
    # --- tensors in Python
    Misuse(
        "whether a tensor is true", lambda: bool(te.ones(3) > 0), ValueError,
        ("shape (3,)",), ("neither true nor false",), (".any()", ".all()"),
    ),
    Misuse(
        "== None", lambda: te.ones(3) == None, TypeError,  # noqa: E711
        ("NoneType",), ("tensors, arrays and numbers",), ("x is None",),
    ),
    Misuse(
        "adding text", lambda: te.ones(3) + "1", TypeError,
        ("not on a str",), ("tensors, arrays and numbers",), ("float(",),
    ),
    Misuse(
        "the number of many", lambda: te.ones(3).item(), ValueError,
        ("shape (3,)",), ("a single number",), (".numpy()", ".tolist()"),
    ),
    Misuse(
        "printing many with a format", lambda: f"{te.ones(3):.2f}", ValueError,
        ("shape (3,)",), ("a single number",), (".numpy()", ".tolist()"),
    ),
    Misuse(
        "the length of a number", lambda: len(te.tensor(1.0)), TypeError,
        ("shape ()",), ("no length",), (".item()",),
    ),
    Misuse(
        "the rows of a number", lambda: list(te.tensor(1.0)), TypeError,
        ("shape ()",), ("no rows",), (".item()",),
    ),
    # --- NumPy
    Misuse(
        "NumPy's function", lambda: np.linalg.norm(parameter(3)), TypeError,
        ("np.linalg.norm",), ("no gradient could follow",), ("np.linalg.norm(x.detach().numpy())",),
    ),
    Misuse(
        "a NumPy array of what learns", lambda: np.array(parameter(3)), TypeError,
        ("requires gradients",), ("lost silently",), (".detach().numpy()",),
    ),
    Misuse(
        "updating by hand", update_by_hand_with_a_tensor, TypeError,
        ("np.subtract() with out=",), ("behind the back of autograd",), ("w.grad.data",),
        "a PretendArray takes no Tensor at all",
    ),
    # --- gradients
    Misuse(
        "gradient of whole numbers", lambda: te.tensor([1, 2], requires_grad=True), TypeError,
        ("int64",), ("floating-point",), ("dtype=te.float32", ".astype(te.float32)"),
    ),
    Misuse(
        "gradient of whole numbers later", gradients_for_whole_numbers, TypeError,
        ("shape (2,)", "int64"), ("cannot hold a gradient",), ("dtype=te.float32",),
    ),
    Misuse(
        "gradient of a whole number", gradient_of_a_whole_number, TypeError,
        ("shape ()", "int64"), ("cannot hold a gradient",), ("dtype=te.float32",),
    ),
    Misuse(
        "backward from many numbers", lambda: (parameter(3) * 2).backward(), RuntimeError,
        ("shape (3,)",), ("a single number",), (".sum()", "grad="),
    ),
    Misuse(
        "backward twice", backward_twice, RuntimeError,
        ("from sum()",), ("freed by an earlier",), ("compute the loss again", "retain_graph=True"),
    ),
    Misuse(
        "nothing to learn", lambda: te.ones(3).sum().backward(), RuntimeError,
        ("nothing to do",), ("no input",), ("requires_grad=True",),
    ),
    Misuse(
        "backward under no_grad", backward_under_no_grad, RuntimeError,
        ("nothing to do",), ("computed under no_grad()",), ("requires_grad=True",),
    ),
    Misuse(
        "step before backward", step_before_backward, RuntimeError,
        ("an input of mul(), of shape (3,)",), ("changed after it was used",),
        ("Call backward() before the change",),
    ),
    Misuse(
        "grad= of another shape", lambda: (parameter(3) * 2).backward(te.ones(4)), ValueError,
        ("(4,)",), ("needs the output's (3,)",), ("te.ones_like(output)",),
    ),
    Misuse(
        "gradient with respect to a stranger",
        lambda: te.grad(parameter(2).sum(), parameter(3)), ValueError,
        ("input 0 (shape (3,)",), ("does not depend on",), ("allow_unused=True",),
    ),
    # --- layers
    Misuse(
        "wrong number of features", lambda: nn.Linear(3, 2)(te.ones((5, 4))), ValueError,
        ("(5, 4)",), ("(…, 3)",), ("Linear(3, 2)",),
    ),
    Misuse(
        "Flatten forgotten", lambda: nn.Linear(784, 10)(te.ones((5, 28, 28))), ValueError,
        ("(5, 28, 28)",), ("(…, 784)",), ("nn.Flatten()",),
    ),
    Misuse(
        "samples in columns", lambda: nn.Linear(3, 2)(te.ones((3, 5))), ValueError,
        ("(3, 5)",), ("Rows are samples",), ("x.T",),
    ),
    Misuse(
        "a weight as PyTorch has it",
        lambda: F.linear(te.ones((5, 3)), te.ones((2, 3)), te.ones(2)), ValueError,
        ("(2, 3) and (2,)",), ("(in, out)", "(out,)"), ("W.T",),
    ),
    Misuse(
        "a trailing axis too many",
        lambda: nn.Flatten(input_shape=(28, 28))(te.ones((5, 28, 28, 1))), ValueError,
        ("(5, 28, 28, 1)",), ("(N, 28, 28)",), ("Reshape the batch",),
    ),
    Misuse(
        "no layer of size 0", lambda: nn.Linear(0, 2), ValueError,
        ("not 0",), ("at least 1",), ("in_features is a whole number",),
    ),
    Misuse(
        "dropout in per cent", lambda: nn.Dropout(50), ValueError,
        ("not 50",), ("in [0, 1]",), ("0.5 drops half",),
    ),
    Misuse(
        "layers in a list", lambda: list(LayersInAList().parameters()), TypeError,
        ("LayersInAList.layers is a list",), ("would not find them",), ("nn.ModuleList",),
    ),
    Misuse(
        "forward forgotten", lambda: NoForward()(te.ones((1, 2))), TypeError,
        ("NoForward",), ("does not define forward",), ("def forward(self, x): return",),
    ),
    Misuse(
        "return forgotten", lambda: NoReturn()(te.ones((1, 2))), TypeError,
        ("NoReturn.forward() gave None",), ("the output",), ("`return`",),
    ),
    Misuse(
        "a class for a layer", lambda: nn.Sequential(nn.Linear(2, 2), nn.ReLU), TypeError,
        ("number 1 is a type",), ("takes modules",), ("ReLU()",),
    ),
    Misuse(
        "a function for a layer", lambda: nn.Sequential(nn.Linear(2, 2), te.relu), TypeError,
        ("number 1 is a function",), ("takes modules",), ("nn.ReLU()",),
    ),
    Misuse(
        "a list for the layers", lambda: nn.Sequential([nn.Linear(2, 2), nn.ReLU()]), TypeError,
        ("number 0 is a list",), ("takes modules",), ("nn.Sequential(*layers)",),
    ),
    # --- images
    Misuse(
        "channels last", lambda: nn.Conv2d(3, 4, 3)(te.ones((2, 8, 8, 3))), ValueError,
        ("(2, 8, 8, 3)", "have 8"), ("of 3 channels",), ("x.transpose(0, 3, 1, 2)",),
    ),
    Misuse(
        "channels of another layer", lambda: nn.Conv2d(3, 4, 3)(te.ones((2, 4, 8, 8))), ValueError,
        ("(2, 4, 8, 8)", "have 4"), ("of 3 channels",), ("in_channels=4",),
    ),
    Misuse(
        "images without channels", lambda: nn.Conv2d(1, 4, 3)(te.ones((2, 8, 8))), ValueError,
        ("(2, 8, 8)",), ("(N, C, H, W)",), ("x[:, None]",),
    ),
    Misuse(
        "rows of pixels", lambda: nn.MaxPool2d(2)(te.ones((2, 64))), ValueError,
        ("(2, 64)",), ("(N, C, H, W)",), ("reshape",),
    ),
    Misuse(
        "kernel larger than the image", lambda: nn.Conv2d(1, 1, 5)(te.ones((2, 1, 4, 4))),
        ValueError, ("4 × 4", "(2, 1, 4, 4)"), ("5 × 5 does not fit",), ("more padding=",),
    ),
    Misuse(
        "groups that do not divide", lambda: nn.Conv2d(3, 4, 3, groups=2), ValueError,
        ("in_channels=3",), ("2 equal groups",), ("give a groups=",),
    ),
    Misuse(
        "padding by name", lambda: nn.Conv2d(1, 1, 3, padding="same"), ValueError,
        ("'same'",), ("a whole number of at least 0",), ("kernel_size // 2",),
    ),
    Misuse(
        "padding beyond the window", lambda: F.max_pool2d(te.ones((1, 1, 4, 4)), 2, padding=2),
        ValueError, ("padding 2",), ("half of the kernel_size",), ("at most half",),
    ),
    Misuse(
        "batch norm of one sample", lambda: nn.BatchNorm1d(3)(te.ones((1, 3))), ValueError,
        ("shape (1, 3) has 1",), ("more than one value for each channel",), ("model.eval()",),
    ),
    Misuse(
        "batch norm of other channels", lambda: nn.BatchNorm2d(3)(te.ones((2, 4, 5, 5))),
        ValueError, ("(2, 4, 5, 5)",), ("(N, 3, H, W)",), ("num_features=4",),
    ),
    Misuse(
        "batch norm for other axes", lambda: nn.BatchNorm1d(3)(te.ones((2, 3, 5, 5))), ValueError,
        ("(2, 3, 5, 5)",), ("(N, 3) or (N, 3, L)",), ("BatchNorm2d",),
    ),
    # --- losses
    Misuse(
        "a target in a column", lambda: F.mse_loss(te.ones((2, 2)), te.ones((2, 1))), ValueError,
        ("(2, 2)", "(2, 1)"), ("must be equal",), ("Reshape one of them",),
    ),
    Misuse(
        "a reduction misspelt", lambda: F.mse_loss(te.ones(2), te.ones(2), "average"), ValueError,
        ("'average'",), ("reduction is",), ('"mean", "sum" or "none"',),
    ),
    Misuse(
        "a loss made of its inputs", lambda: nn.CrossEntropyLoss(te.ones((2, 3)), [0, 1]),
        TypeError, ("tensor of shape (2, 3)",), ("made first and then called",),
        ("nn.CrossEntropyLoss()(logits, target)",),
    ),
    Misuse(
        "a label out of range", lambda: F.cross_entropy(SCORES, [1, 2, 3, 1]), IndexError,
        ("3 classes", "index 3", "from 1 to 3"), ("outside 0 … 2",), ("counted from 0",),
    ),
    Misuse(
        "labels as floats", lambda: F.cross_entropy(SCORES, [0.0, 1.0, 2.0, 0.0]), ValueError,
        ("(4,) and dtype float32",), ("whole-number classes of shape (4,)",),
        (".astype(te.int64)",),
    ),
    Misuse(
        "labels in a column", lambda: F.cross_entropy(SCORES, [[0], [1], [2], [0]]), ValueError,
        ("(4, 1) and dtype int64",), ("of shape (4,)",), ("target.reshape(-1)",),
    ),
    Misuse(
        "one-hot of other classes", lambda: F.cross_entropy(SCORES, np.eye(4)), ValueError,
        ("(4, 4)",), ("probabilities of shape (4, 3)",), ("target.reshape(-1)",),
    ),
    Misuse(
        "one-hot where classes are wanted", lambda: F.nll_loss(SCORES, F.one_hot(LABELS, 3)),
        ValueError, ("shape (4, 3)",), ("class indices of shape (4,)",), ("target.argmax(axis=1)",),
    ),
    Misuse(
        "target before scores", lambda: F.cross_entropy(te.tensor(LABELS), te.ones((4, 3))),
        ValueError,
        ("(4,)",), ("(N, classes) first",), ("exchanged: cross_entropy(scores, target)",),
    ),
    Misuse(
        "scores of many axes", lambda: F.cross_entropy(te.ones((2, 5, 3)), [0, 1]), ValueError,
        ("(2, 5, 3)",), ("(N, classes)",), ("scores.reshape((-1, classes))",),
    ),
    Misuse(
        "one-hot of an unknown class", lambda: te.one_hot([0, 3], 3), IndexError,
        ("index 3", "from 0 to 3"), ("outside 0 … 2",), ("counted from 0",),
    ),
    Misuse(
        "logits for probabilities", lambda: F.binary_cross_entropy(te.tensor([2.0, -1.0]), [1, 0]),
        ValueError, ("from -1 to 2",), ("probabilities in [0, 1]",), ("_with_logits",), CPU_ONLY,
    ),
    Misuse(
        "classes 1 and 2", lambda: F.binary_cross_entropy_with_logits(te.ones(2), [1, 2]),
        ValueError, ("from 1 to 2",), ("targets in [0, 1]",), ("cross_entropy",), CPU_ONLY,
    ),
    Misuse(
        "classes −1 and 1", lambda: F.binary_cross_entropy(te.ones(2) / 2, [-1, 1]),
        ValueError, ("from -1 to 1",), ("targets in [0, 1]",), ("0 and 1",), CPU_ONLY,
    ),
    Misuse(
        "classes for probabilities", lambda: F.binary_cross_entropy(te.tensor([0, 1]), [0, 1]),
        TypeError, ("int64",), ("probabilities as floats",), ("what the sigmoid returned",),
    ),
    # --- optimizers
    Misuse(
        "an optimizer of nothing", lambda: optim.SGD([], lr=0.1), ValueError,
        ("at least one parameter",), ("an optimizer needs",), ("model.parameters()",),
    ),
    Misuse(
        "a spent generator", optimizer_from_a_spent_generator, ValueError,
        ("at least one parameter",), ("an optimizer needs",), ("anew for each optimizer",),
    ),
    Misuse(
        "an optimizer of a model", lambda: optim.Adam(nn.Linear(2, 2)), TypeError,
        ("not one Linear",), ("a list of parameters",), ("model.parameters()",),
    ),
    Misuse(
        "parameters with their names",
        lambda: optim.Adam(nn.Linear(2, 2).named_parameters()), ValueError,
        ("parameter 0", "a tuple"), ("leaf tensor with requires_grad=True",),
        ("model.parameters()",),
    ),
    Misuse(
        "a tensor that does not learn", lambda: optim.SGD([te.ones(2)], lr=0.1), ValueError,
        ("parameter 0", "shape (2,)"), ("leaf tensor with requires_grad=True",),
        ("te.tensor(…, requires_grad=True)",),
    ),
    Misuse(
        "a parameter twice", lambda: optim.SGD([*Ones().parameters(), *Ones().parameters()] * 2, 1),
        ValueError, ("given twice",), ("changed twice in each step",), ("Name it once",),
    ),
    Misuse(
        "uphill", lambda: optim.SGD([parameter(2)], lr=-0.1), ValueError,
        ("-0.1",), ("learning rate lr is at least 0",), ("step() itself goes down",),
    ),
    Misuse(
        "a learning rate as text", lambda: optim.SGD([parameter(2)], lr="0.1"), ValueError,
        ("'0.1'",), ("learning rate lr is at least 0",), ("0.01",),
    ),
    Misuse(
        "one β of two", lambda: optim.Adam([parameter(2)], betas=0.9), ValueError,
        ("0.9",), ("at least 0 and below 1",), ("two numbers",),
    ),
    Misuse(
        "an option of a group misspelt",
        lambda: optim.SGD([{"params": [parameter(2)], "learning_rate": 0.1}], lr=0.1), ValueError,
        ("'learning_rate'",), ('a dict with "params"',), ("'lr'",),
    ),
    Misuse(
        "a gradient of another shape", gradient_of_another_shape, ValueError,
        ("parameter 0, of shape (3,)", "(4,)"), ("of that shape",), ("loss.backward()",),
    ),
    Misuse(
        "a gradient left on the CPU", gradient_left_behind, ValueError,
        ("parameter 0 is on 'pretend-gpu'", "its .grad on 'cpu'"), ("moves both",),
        (".to('pretend-gpu')",),
    ),
    # --- states and files
    Misuse(
        "the state of another model",
        lambda: nn.Linear(2, 2).load_state_dict(nn.Linear(2, 3).state_dict()), ValueError,
        ("'weight' has shape (2, 3)",), ("the model has (2, 2)",), ("Build the model exactly",),
    ),
    Misuse(
        "a path for a state", lambda: nn.Linear(2, 2).load_state_dict("run.safetensors"), TypeError,
        ("not a str",), ("a dict of arrays",), ("te.load(path)",),
    ),
    Misuse(
        "the state of another optimizer",
        lambda: optim.Adam([parameter(2)]).load_state_dict(
            optim.SGD([parameter(2)], 0.1).state_dict()
        ), ValueError,
        ("'SGD'",), ("does not fit the optimizer Adam",), ("Make the same optimizer",),
    ),
    Misuse(
        "saving a model", lambda: te.save(nn.Linear(2, 2), "run.safetensors"), TypeError,
        ("a Linear",), ("first a dict",), ("te.save(model.state_dict(), path)",),
    ),
    Misuse(
        "a file that is not there", lambda: te.load("nowhere.safetensors"), FileNotFoundError,
        ("nowhere.safetensors",), ("there is no file",), ("te.save(state, path)",),
    ),
    # --- devices
    Misuse(
        "two devices", lambda: te.ones(3, device="cpu") + te.ones(3, device="pretend-gpu"),
        ValueError, ("(3,) on 'cpu' and (3,) on 'pretend-gpu'",), ("on one device",),
        (".to('pretend-gpu')",),
    ),
    Misuse(
        "data left on the CPU",
        lambda: nn.Linear(3, 2).to("pretend-gpu")(te.ones((1, 3), device="cpu")), ValueError,
        ("(1, 3) on 'cpu'", "(3, 2) on 'pretend-gpu'"), ("on one device",), (".to('pretend-gpu')",),
    ),
    Misuse(
        "an unknown device", lambda: te.ones(3, device="gpu"), ValueError,
        ("'gpu'",), ("this library knows",), ("'cpu', 'cuda', 'pretend-gpu'",),
    ),
    Misuse(
        "a dtype for a device", lambda: te.ones(3).to(te.float64), ValueError,
        ("float64",), ("there is no device",), ("x.astype(dtype)",),
    ),
    # --- text
    Misuse(
        "heads that do not share evenly", lambda: nn.MultiHeadAttention(256, 3), ValueError,
        ("3 heads", "256 columns"), ("a multiple of num_heads",), ("embed_dim=258",),
    ),
    Misuse(
        "a text longer than the context", lambda: small_gpt()(np.zeros((2, 9), int)), ValueError,
        ("(2, 9)",), ("1 to 8 positions", "context_length"), ("tokens[..., -8:]",),
    ),
    Misuse(
        "a word outside the vocabulary", lambda: small_gpt()([[0, 5]]), IndexError,
        ("index 5", "from 0 to 5"), ("outside 0 … 4",), ("5 places, counted from 0",),
    ),
    Misuse(
        "tokens as floats", lambda: small_gpt()(te.ones((1, 3))), TypeError,
        ("float32",), ("whole numbers as indices",), (".astype(te.int64)",),
    ),
    Misuse(
        "one position for an attention", lambda: nn.MultiHeadAttention(4, 2)(te.ones(4)),
        ValueError, ("(4,)",), ("(…, time, embed_dim)",), ("x[None]",),
    ),
    Misuse(
        "a mask to be added",
        lambda: F.scaled_dot_product_attention(
            te.ones((3, 2)), te.ones((3, 2)), te.ones((3, 2)), mask=te.zeros((3, 3))
        ), TypeError, ("float32",), ("boolean, True where a query may look",),
        ("tokens != padding",),
    ),
    Misuse(
        "a mask of another shape",
        lambda: nn.MultiHeadAttention(4, 2)(te.ones((2, 3, 4)), mask=np.ones((2, 3), bool)),
        ValueError, ("(2, 3)",), ("(…, queries, keys), here (2, 2, 3, 3)",),
        ("mask[:, None, None, :]",),
    ),
    Misuse(
        "causal attention over another text",
        lambda: nn.MultiHeadAttention(4, 2, causal=True)(te.ones((3, 4)), te.ones((2, 4))),
        ValueError, ("more queries than keys", "q (2, 3, 2)"), ("each query's own position",),
        ("Leave is_causal out",),
    ),
    Misuse(
        "keys of another length than queries",
        lambda: F.scaled_dot_product_attention(
            te.ones((3, 2)), te.ones((3, 4)), te.ones((3, 4))
        ), ValueError, ("q (3, 2), k (3, 4)",), ("equally long",), ("q (…, queries, d)",),
    ),
    Misuse(
        "layer norm of another width", lambda: nn.LayerNorm(4)(te.ones((2, 3))), ValueError,
        ("(2, 3), (4,) and (4,)",), ("x of shape (…, size)",), ("shape (3,) is meant",),
    ),
    Misuse(
        "embedding with its arguments exchanged",
        lambda: F.embedding(te.ones((5, 3)), te.tensor([0, 2])), ValueError,
        ("(2,)",), ("a table of shape (rows, size)",), ("embedding(indices, weight)",),
    ),
    Misuse(
        "padding counted from the end",
        lambda: F.embedding([0], te.ones((4, 2)), padding_index=-1), ValueError,
        ("padding_index=-1",), ("from 0 to 3",), ("None where no row is padding",),
    ),
    Misuse(
        "half a row of padding", lambda: nn.Embedding(3, 2, 1.5), ValueError,
        ("padding_index=1.5",), ("from 0 to 2",), ("None where no row is padding",),
    ),
    Misuse(
        "text out of nothing", lambda: small_gpt().generate([], 3), ValueError,
        ("(0,)",), ("at least one token",), ("as in [[0]]",),
    ),
    Misuse(
        "a negative temperature", lambda: small_gpt().generate([1], 3, temperature=-1), ValueError,
        ("not -1",), ("at least 0",), ("1 draws from",),
    ),
    Misuse(
        "no temperature", lambda: small_gpt().generate([1], 3, temperature=None), ValueError,
        ("not None",), ("at least 0",), ("1 draws from",),
    ),
    Misuse(
        "a seed below 0 for one text", lambda: small_gpt().generate([1], 3, seed=-1), ValueError,
        ("not -1",), ("a whole number of at least 0",), ("such as 42",),
    ),
    Misuse(
        "hiding words outside the vocabulary",
        lambda: nn.MaskedLanguageModel(5, 8, 4, 2, 1, mask_token=4).hide([[1, 200]]), IndexError,
        ("index 200", "from 1 to 200"), ("outside 0 … 4",), ("5 places, counted from 0",),
    ),
    Misuse(
        "hiding floats",
        lambda: nn.MaskedLanguageModel(5, 8, 4, 2, 1, mask_token=4).hide([[1.0, 2.0]]), TypeError,
        ("float32",), ("whole numbers as indices",), (".astype(te.int64)",),
    ),
    Misuse(
        "a mask token outside the vocabulary",
        lambda: nn.MaskedLanguageModel(5, 8, 4, 2, 1, mask_token=5), ValueError,
        ("mask_token=5",), ("none of the 5 words",), ("Add a word",),
    ),
    # --- data
    Misuse(
        "no batch", lambda: data.DataLoader((te.ones(3),), batch_size=0), ValueError,
        ("not 0",), ("at least 1",), ("len(x)",),
    ),
    Misuse(
        "arrays side by side", lambda: data.DataLoader(te.ones((3, 2)), te.ones(3)), TypeError,
        ("not one Tensor",), ("a tuple of arrays",), ("DataLoader((x, y), batch_size=32)",),
    ),
    Misuse(
        "unequal rows", lambda: data.TensorDataset(te.ones((3, 2)), te.ones(4)), ValueError,
        ("[(3, 2), (4,)]",), ("equally many rows",), ("cut the longer one",),
    ),
    Misuse(
        "unequal rows to split", lambda: data.train_test_split(te.ones(3), te.ones(4)), ValueError,
        ("[3, 4]",), ("equally many rows",), ("cut the longer ones",),
    ),
    Misuse(
        "nothing to train on", lambda: data.train_test_split(te.ones(3), test_size=1.0), ValueError,
        ("test_size=1.0 of 3 rows",), ("between 0 and 1",), ("or a number of rows",),
    ),
    Misuse(
        "a scaler that saw nothing", lambda: data.StandardScaler().transform(np.ones((2, 2))),
        RuntimeError, ("seen no data",), ("this scaler",), ("fit(training_rows) first",),
    ),
    Misuse(
        "a column for a table", lambda: data.StandardScaler().fit(np.ones(3)), ValueError,
        ("(3,)",), ("(rows, columns)",), ("x[:, None]",),
    ),
    Misuse(
        "a window of half a pixel", lambda: data.crop(np.ones((1, 1, 9, 9)), 4.5), ValueError,
        ("not 4.5",), ("size is a whole number of at least 1",), ("a pair of them for rows",),
    ),
    Misuse(
        "a background of no pixel",
        lambda: data.rotate(np.ones((1, 1, 9, 9), np.uint8), fill=np.inf), ValueError,
        ("fill=inf",), ("no pixel of uint8",), ("a whole number from 0 to 255",),
    ),
    Misuse(
        "half a step between windows",
        lambda: data.next_token_windows(np.arange(9), 2, stride=1.5), ValueError,
        ("not 1.5",), ("stride is a whole number of at least 1",), ("12, say",),
    ),
    Misuse(
        "half a word of context", lambda: data.NGram(3, 1.5), ValueError,
        ("3, 1.5 and 1.0",), ("whole numbers vocab_size ≥ 1 and order ≥ 0",),
        ("NGram(len(tokenizer), order=2)",),
    ),
    Misuse(
        "two characters between cells",
        lambda: data.read_csv(__file__, delimiter="||"), ValueError,
        ("not '||'",), ("one character between two cells",), ('delimiter=";"',),
    ),
    Misuse(
        "between two columns", lambda: data.read_csv(__file__, label_column=1.5), ValueError,
        ("not 1.5",), ("a whole number, the place of the column, or its name",),
        ("label_column=-1",),
    ),
    Misuse(
        "a seed as text", lambda: te.manual_seed("abc"), ValueError,
        ("'abc'",), ("a whole number of at least 0",), ("such as 42",),
    ),
    Misuse(
        "a negative seed of pictures", lambda: data.shapes(3, seed=-1), ValueError,
        ("not -1",), ("a whole number of at least 0",), ("such as 42",),
    ),
    Misuse(
        "a negative seed of batches", lambda: data.DataLoader((te.ones(3),), seed=-1), ValueError,
        ("not -1",), ("a whole number of at least 0",), ("such as 42",),
    ),
    # --- metrics
    Misuse(
        "accuracy of one probability a sample",
        lambda: te.metrics.accuracy(te.ones((3, 1)), [0, 1, 0]), ValueError,
        ("float32 of shape (3, 1)",), ("scores of shape (N, classes)",), ("threshold=0.5",),
    ),
    Misuse(
        "accuracy of unequal rows", lambda: te.metrics.accuracy([0, 1], [0]), ValueError,
        ("(2,) predictions", "(1,) targets"), ("do not pair",), ("one target for each",),
    ),
    Misuse(
        "logits at a threshold for probabilities",
        lambda: te.metrics.accuracy(te.tensor([2.5, -1.0]), [1, 0], threshold=0.5), ValueError,
        ("from -1 to 2.5",), ("probabilities in [0, 1]",), ("threshold=0.0",),
    ),
]  # fmt: skip
misuses = pytest.mark.parametrize("misuse", MISUSES, ids=[misuse.name for misuse in MISUSES])


def message(misuse: Misuse) -> str:
    with pytest.raises(misuse.error) as caught:
        misuse.attempt()
    assert type(caught.value) is misuse.error  # no subclass from the array library
    assert caught.value.__cause__ is None and (
        caught.value.__context__ is None or caught.value.__suppress_context__
    ), "the learner would read two errors"
    return str(caught.value)


@pytest.fixture
def everything_on(device: str, monkeypatch: pytest.MonkeyPatch, seeded: None) -> Iterator[str]:
    """New tensors are made on each device in turn."""
    monkeypatch.setattr(backend, "_default_device", device)
    yield device
    monkeypatch.undo()


@misuses
def test_a_misuse_is_told_in_words(misuse: Misuse, everything_on: str) -> None:
    if everything_on != "cpu" and misuse.why_not_on_gpu:
        pytest.skip(misuse.why_not_on_gpu)
    told = message(misuse)
    for part in ("given", "needed", "mend"):
        words = getattr(misuse, part)
        assert words, f"the line does not say what is {part}"
        missing = [word for word in words if word not in told]
        assert not missing, f"{part}: {missing} not in: {told}"


DUMPS = r"Traceback|<class|<function| at 0x|object at|dtype=<|array\(|PretendArray|operands could"


def faults_of_style(told: str) -> list[str]:
    """What keeps a message from being a sentence or two that a learner reads to the end."""
    faults = []
    if re.search(DUMPS, told):
        faults.append("it shows the insides")
    if "\n" in told:
        faults.append("it is more than one line")
    if not 40 <= len(told) <= 330:
        faults.append(f"it has {len(told)} characters")
    if told != told.strip() or told.endswith((".", ",", ":", ";")):
        faults.append("it has loose ends")
    if len(re.findall(r"[a-z]{2,}", told)) < 6:
        faults.append("it is no sentence")
    return faults


@misuses
def test_style(misuse: Misuse, seeded: None) -> None:
    told = message(misuse)
    assert not faults_of_style(told), told


def test_faults_of_style_are_seen() -> None:
    """NumPy's own messages, and others that teach nobody."""
    for told in (
        "operands could not be broadcast together with shapes (3,) (4,) ",
        "cannot reshape array of size 6 into shape (4,2)\n",
        "there is no device <class 'numpy.float64'>; give one of the devices that there are",
        "tuple.index(x): x not in tuple",
        "wrong shape",
        "this parameter is not the one that was wanted, it is array([0., 0.]); give another",
        "x" * 400,
    ):
        assert faults_of_style(told), told


def test_names_are_given_once_and_there_are_enough() -> None:
    names = [misuse.name for misuse in MISUSES]
    assert len(set(names)) == len(names) >= 30


def test_cuda_without_a_gpu_says_what_would_work() -> None:
    if cuda.is_available():
        pytest.skip("there is a GPU here")
    for attempt in (
        lambda: te.ones(3, device="cuda"),
        lambda: nn.CrossEntropyLoss(weight=te.ones(3)).to("cuda"),
        lambda: te.set_default_device("cuda"),
    ):
        with pytest.raises(RuntimeError) as caught:
            attempt()
        told = str(caught.value)
        assert 'device "cuda" cannot be used: CuPy' in told
        assert re.search(r"pip install|nvidia-smi", told)
        assert 'device="cpu"' in told and 'device="pretend-gpu"' in told


def test_an_operation_of_a_student_is_told_apart_from_its_inputs() -> None:
    """Where the clash is between arrays made inside the operation, its own error stands."""

    @te.op
    def dense(xp: Any, x: Any, w: Any, b: Any, /) -> Any:
        return x @ w + b, None, None, None

    with pytest.raises(ValueError, match=r"operands could not be broadcast .*\(5,2\) \(3,\)"):
        dense(te.ones((5, 3)), te.ones((3, 2)), te.ones(3))


def test_an_error_inside_an_operation_keeps_its_place(tmp_path: Path) -> None:
    """What is explained is raised from the line that did it, without NumPy's error before it."""
    script = tmp_path / "script.py"
    script.write_text("import tinygrad_edu as te\nx = te.ones(3)\ny = x + te.ones(4)\n")
    with pytest.raises(ValueError, match="3 meets 4") as caught:
        runpy.run_path(str(script))
    assert any(entry.path == script and entry.lineno == 2 for entry in caught.traceback)


# --- no error


def test_gradients_that_are_not_reset_add_up() -> None:
    """zero_grad() forgotten: k backward passes at one point give k times the gradient."""
    w = te.tensor([2.0, -3.0], requires_grad=True)
    for passes in (1, 2, 3):
        (w * w).sum().backward()
        assert w.grad.tolist() == [4.0 * passes, -6.0 * passes]


def test_super_init_may_be_forgotten(seeded: None) -> None:
    """A Module needs no set-up of its own: NoForward above has none."""
    assert len(list(NoForward().parameters())) == 2


def test_a_shared_parameter_is_found_once() -> None:
    optimizer = optim.SGD(Ones().parameters(), lr=0.1)
    assert len(optimizer.params) == 1


def test_a_step_without_gradients_changes_nothing() -> None:
    w = parameter(3)
    optim.SGD([w], lr=0.1).step()
    assert w.tolist() == [1, 1, 1]

"""Modules: their parts by name, their state, where they live, what they refuse."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tinygrad_edu as te
from tinygrad_edu import nn
from tinygrad_edu.nn import functional as F

pytestmark = pytest.mark.usefixtures("seeded")


class Block(nn.Module):
    """A layer, a parameter of its own, a buffer, and attributes that are neither."""

    def __init__(self, size: int) -> None:
        self.scale = nn.Parameter([1.0] * size)
        self.linear = nn.Linear(size, size)
        self.count = te.tensor([0])
        self.size, self.note, self.nothing, self.sizes = size, "text", None, [size, (size,)]

    def forward(self, x: te.Tensor) -> te.Tensor:
        return F.relu(self.linear(x)) * self.scale


class Net(nn.Module):
    """Blocks inside a Sequential inside a module."""

    def __init__(self) -> None:
        self.body = nn.Sequential(Block(2), nn.Tanh(), Block(2))
        self.mean = te.tensor([0.5, 0.25])
        self.head = nn.Linear(2, 1, bias=False)

    def forward(self, x: te.Tensor) -> te.Tensor:
        return self.head(self.body(x - self.mean))


PARAMETERS = [
    "body.0.scale", "body.0.linear.weight", "body.0.linear.bias",
    "body.2.scale", "body.2.linear.weight", "body.2.linear.bias", "head.weight",
]  # fmt: skip
MODULES = ["", "body", "body.0", "body.0.linear", "body.1", "body.2", "body.2.linear", "head"]
X = np.float32([[1, 2], [3, -4], [0, 1]])


def values(net: nn.Module) -> dict[str, np.ndarray]:
    return {name: x.detach().numpy().copy() for name, x in net.named_tensors()}


def assert_equal(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> None:
    assert list(one) == list(other)
    for name in one:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)
        assert one[name].dtype == other[name].dtype


# --- names


def test_names_are_in_the_order_of_making():
    net = Net()
    assert [name for name, _ in net.named_parameters()] == PARAMETERS
    assert [name for name, _ in net.named_modules()] == MODULES
    assert [name for name, _ in net.children()] == ["body", "head"]
    assert list(net.state_dict()) == [name for name, _ in net.named_tensors()]
    assert [x.shape for x in net.parameters()] == [(2,), (2, 2), (2,), (2,), (2, 2), (2,), (2, 1)]


def test_parameters_and_buffers_apart():
    """A Parameter is learned; other tensors are kept and saved; numbers and texts are neither."""
    net = Net()
    everything = [name for name, _ in net.named_tensors()]
    assert set(everything) - set(PARAMETERS) == {"mean", "body.0.count", "body.2.count"}
    assert all(isinstance(x, nn.Parameter) and x.requires_grad for x in net.parameters())


@pytest.mark.parametrize("make", [lambda: nn.Linear(2, 2), nn.ReLU, lambda: nn.Sequential()])
def test_names_without_nesting(make):
    module = make()
    linear = isinstance(module, nn.Linear)
    assert [name for name, _ in module.named_parameters()] == (["weight", "bias"] if linear else [])
    assert list(module.named_modules()) == [("", module)] and list(module.children()) == []


def test_names_do_not_depend_on_the_hash_seed():
    code = (
        "from tinygrad_edu import nn\n"
        "net = nn.Sequential(*(nn.Sequential(nn.Linear(1, 1), nn.ReLU()) for _ in range(20)))\n"
        "net.z, net.a, net.m = nn.Linear(1, 1), nn.Parameter(1.0), nn.Linear(1, 1)\n"
        "print([name for name, _ in net.named_parameters()], list(net.state_dict()))"
    )
    printed = {run_python(code, seed) for seed in ("0", "1", "4711")}
    assert len(printed) == 1 and "'19.0.bias'" in printed.pop()


def run_python(code: str, hash_seed: str) -> str:
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(root)}
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_shared_parameter_is_named_once():
    first, second = nn.Linear(2, 2), nn.Linear(2, 2)
    second.weight = first.weight
    net = nn.Sequential(first, second, first)
    assert [name for name, _ in net.named_parameters()] == ["0.weight", "0.bias", "1.bias"]
    assert list(net.state_dict()) == ["0.weight", "0.bias", "1.bias"]
    net(te.tensor(X)).sum().backward()
    te.optim.SGD(net.parameters(), lr=0.5).step()
    assert second.weight is first.weight
    net.load_state_dict({name: x + 1 for name, x in net.state_dict().items()})
    np.testing.assert_array_equal(second.weight.data, first.weight.data)
    net.to("pretend-gpu")
    assert second.weight is first.weight and second.weight.device == "pretend-gpu"


def test_a_replaced_part_counts_and_a_deleted_one_does_not():
    net = Net()
    net.head = nn.Linear(2, 3)
    del net.mean
    assert [name for name, _ in net.named_tensors()][-2:] == ["head.weight", "head.bias"]


# --- parameters


def test_a_parameter_copies_its_data(device):
    """Learning changes no array of the caller's, and two parameters of one array stay two."""
    zeros = np.zeros(2, np.float32)
    source = te.tensor([1.0, 2.0], device=device)
    one, other, third = nn.Parameter(zeros), nn.Parameter(zeros), nn.Parameter(source)
    assert third.device == device
    for parameter in (one, third):
        parameter.grad = te.ones(2, device=parameter.device)
    te.optim.SGD([one, third], lr=1.0).step()
    assert zeros.tolist() == [0, 0] and other.tolist() == [0, 0] and source.tolist() == [1, 2]
    assert one.tolist() == [-1, -1] and third.tolist() == [0, 1]


def test_a_parameter_is_a_leaf_of_floats():
    w = te.tensor([1.0, 2.0], requires_grad=True)
    parameter = nn.Parameter(w * 2)
    assert parameter.op is None and parameter.requires_grad and parameter.tolist() == [2, 4]
    assert nn.Parameter(np.float64([1])).dtype == np.float64
    with pytest.raises(TypeError, match="floating-point.*int64"):
        nn.Parameter([1, 2])


# --- train, eval, zero_grad


def test_train_and_eval_all_the_way_down():
    net = Net()
    assert [module.training for _, module in net.named_modules()] == [True] * len(MODULES)
    assert net.eval() is net
    assert [module.training for _, module in net.named_modules()] == [False] * len(MODULES)
    assert net.body.train() is net.body
    assert [n for n, m in net.named_modules() if m.training] == [
        name for name in MODULES if name.startswith("body")
    ]
    assert net.train() is net and net.head.training
    net.train(False)
    assert not any(module.training for _, module in net.named_modules())
    assert Net().training and nn.Module.training  # of other modules nothing changed


def test_zero_grad(device):
    net = Net().to(device)
    net(te.tensor(X, device=device)).sum().backward()
    assert all(x.grad is not None for x in net.parameters())
    net.zero_grad()
    assert all(x.grad is None for x in net.parameters())


# --- state


def test_state_goes_round(device):
    net, other = Net().to(device), Net().to(device)
    before = values(other)
    state = net.state_dict()
    assert all(type(array) is np.ndarray for array in state.values())
    assert any((before[name] != state[name]).any() for name in state)
    other.load_state_dict(state)
    assert_equal(values(other), values(net))
    assert all(x.device == device for _, x in other.named_tensors())
    assert all(x.requires_grad for x in other.parameters())
    x = te.tensor(X, device=device)
    np.testing.assert_array_equal(other(x).numpy(), net(x).numpy())


def test_state_is_a_copy_in_both_directions(device):
    net = Net().to(device)
    before, state = values(net), net.state_dict()
    for array in state.values():
        array += 1
    assert_equal(values(net), before)
    net.load_state_dict(state)
    loaded = values(net)
    for array in state.values():
        array += 1
    assert_equal(values(net), loaded)


def test_state_may_hold_tensors_in_any_order(device):
    net, state = Net(), Net().state_dict()
    tensors = {name: te.tensor(state[name], device=device) for name in reversed(state)}
    net.load_state_dict(tensors)
    assert_equal(values(net), state)
    for x in tensors.values():
        x.data = x.data + 1
    assert_equal(values(net), state)


def test_loading_is_noticed_by_a_graph_that_used_the_old_values():
    net = Net()
    loss = net(te.tensor(X)).sum()
    net.load_state_dict(net.state_dict())
    with pytest.raises(RuntimeError, match="changed"):
        loss.backward()


def without(state, name):
    return {key: value for key, value in state.items() if key != name}


WRONG_STATES = {
    "missing": (
        lambda s: without(s, "head.weight"), r"Net: it lacks 'head.weight'\. Build the model",
    ),
    "missing buffer": (lambda s: without(s, "mean"), "it lacks 'mean'"),
    "empty": (lambda s: {}, "it lacks 'mean'.*it lacks 'head.weight'"),
    "unknown": (lambda s: {**s, "tail": X}, "it has 'tail', which the model lacks"),
    "renamed": (
        lambda s: {**without(s, "mean"), "means": s["mean"]}, "lacks 'mean'; it has 'means'",
    ),
    "shape": (
        lambda s: {**s, "head.weight": s["head.weight"].T},
        r"'head.weight' has shape \(1, 2\) where the model has \(2, 1\)",
    ),
    "an axis of length 1": (
        lambda s: {**s, "mean": s["mean"][:1]}, r"'mean' has shape \(1,\) .* \(2,\)",
    ),
    "dtype": (
        lambda s: {**s, "mean": s["mean"].astype(np.float64)},
        "'mean' has dtype float64 where the model has float32",
    ),
    "dtype of a buffer": (
        lambda s: {**s, "body.0.count": np.float32([0])}, "'body.0.count' has dtype float32.*int64",
    ),
    "several": (
        lambda s: {**without(s, "mean"), "head.weight": X, "z": X},
        "lacks 'mean'; it has 'z'.*; 'head.weight' has shape",
    ),
    "None": (lambda s: {**s, "head.weight": None}, "'head.weight' is a NoneType and no array"),
    "list": (lambda s: {**s, "head.weight": [[1.0], [2.0]]}, "'head.weight' is a list and no arr"),
}  # fmt: skip


@pytest.mark.parametrize("kind", WRONG_STATES)
def test_a_state_that_does_not_fit_is_refused_and_nothing_loaded(kind, device):
    change, words = WRONG_STATES[kind]
    net = Net().to(device)
    state = change({name: x + 1 for name, x in net.state_dict().items()})
    before = values(net)
    loss = net(te.tensor(X, device=device)).sum()
    with pytest.raises(ValueError, match=f"does not fit the Net.*{words}|{words}"):
        net.load_state_dict(state)
    assert_equal(values(net), before)
    loss.backward()  # nor is a graph told of a change


# --- devices


def test_to_moves_everything_there_and_back(device):
    net = Net()
    x = te.tensor(X)
    y = net(x)
    y.sum().backward()
    before = values(net)
    slopes = {name: p.grad.numpy().copy() for name, p in net.named_parameters()}
    assert net.to(device) is net
    for name, tensor in net.named_tensors():
        assert tensor.device == device, name
        assert tensor.grad is None or tensor.grad.device == device, name
    assert_equal(values(net), before)
    assert_equal({n: p.grad.numpy() for n, p in net.named_parameters()}, slopes)
    moved = net(x.to(device))
    assert moved.device == device
    np.testing.assert_allclose(moved.numpy(), y.numpy(), rtol=1e-5)
    moved.sum().backward()  # adds to the gradients that came along
    for name, p in net.named_parameters():
        np.testing.assert_allclose(p.grad.numpy(), 2 * slopes[name], rtol=1e-5)
    net.to("cpu")
    assert {t.device for _, t in net.named_tensors()} == {"cpu"}
    assert_equal(values(net), before)


def test_to_keeps_parameters_the_same_objects_and_leaves():
    net = Net()
    before = list(net.parameters())
    net.to("pretend-gpu")
    assert all(one is other for one, other in zip(before, net.parameters(), strict=True))
    assert all(p.op is None and p.requires_grad for p in net.parameters())


def test_to_is_noticed_by_a_graph_that_used_the_old_device():
    net = Net()
    loss = net(te.tensor(X)).sum()
    net.to("pretend-gpu")
    with pytest.raises(RuntimeError, match="changed"):
        loss.backward()


def test_to_an_unknown_device():
    net = Net()
    before = values(net)
    with pytest.raises(ValueError, match="no device 'tpu'"):
        net.to("tpu")
    assert_equal(values(net), before)
    assert {t.device for _, t in net.named_tensors()} == {"cpu"}


def test_new_layers_are_made_on_the_default_device(monkeypatch):
    te.manual_seed(3)
    on_cpu = nn.Linear(3, 2)
    monkeypatch.setattr(te.backend, "_default_device", te.default_device())
    te.set_default_device("pretend-gpu")
    te.manual_seed(3)
    there = nn.Linear(3, 2)
    assert there.weight.device == there.bias.device == "pretend-gpu"
    assert_equal(values(there), values(on_cpu))


# --- layers in lists


@pytest.mark.parametrize(
    ("wrap", "kind"),
    [
        (lambda part: [part], "list"),
        (lambda part: (nn.ReLU(), part), "tuple"),
        (lambda part: {"first": part}, "dict"),
        (lambda part: [1, [part]], "list"),
        (lambda part: {"first": {"second": [part]}}, "list"),
    ],
)
@pytest.mark.parametrize("part", [lambda: nn.Linear(1, 1), lambda: nn.Parameter(1.0)])
@pytest.mark.parametrize(
    "use",
    [
        lambda net: list(net.parameters()),
        lambda net: te.optim.SGD(net.parameters(), lr=0.1),
        lambda net: net.state_dict(),
        lambda net: net.train(),
        lambda net: net.to("pretend-gpu"),
        repr,
        lambda net: list(nn.Sequential(net).parameters()),
    ],
)
def test_layers_in_a_list_are_refused(wrap, kind, part, use):
    net = nn.Module()
    net.layers = wrap(part())
    with pytest.raises(TypeError, match=rf"Module\.layers is a {kind} with layers.*Sequential"):
        use(net)


# --- Sequential


def test_sequential_runs_in_order():
    net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    x = te.tensor(X)
    by_hand = net[2](net[1](net[0](x)))
    np.testing.assert_array_equal(net(x).numpy(), by_hand.numpy())
    assert nn.Sequential()(x) is x


def test_sequential_is_a_sequence():
    layers = [nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1), nn.Tanh()]
    net = nn.Sequential(*layers)
    assert len(net) == 4 and list(net) == layers
    assert [net[i] for i in range(-4, 4)] == layers + layers
    for i in (4, -5):
        with pytest.raises(IndexError):
            net[i]
    assert len(nn.Sequential()) == 0 and list(nn.Sequential()) == []


def test_sequential_of_more_than_ten_keeps_its_order():
    layers = [nn.Linear(1, 1) for _ in range(12)]
    assert list(nn.Sequential(*layers)) == layers


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ((nn.ReLU(), te.relu), "number 1 is a function.*ReLU"),
        (([nn.ReLU()],), "number 0 is a list"),
        ((nn.ReLU,), "number 0 is a type"),
        ((nn.ReLU(), None), "number 1 is a NoneType"),
    ],
)
def test_sequential_takes_modules_only(parts, words):
    with pytest.raises(TypeError, match=f"Sequential takes modules; {words}"):
        nn.Sequential(*parts)


# --- ModuleList


def test_module_list_is_found_by_its_owner():
    class Deep(nn.Module):
        def __init__(self):
            self.layers = nn.ModuleList(nn.Linear(2, 2) for _ in range(11))
            self.layers.append(nn.Linear(2, 1))

        def forward(self, x):
            for layer in self.layers:
                x = F.relu(layer(x))
            return x

    net = Deep()
    assert len(net.layers) == 12 and net.layers[-1].weight.shape == (2, 1)
    names = [name for name, _ in net.named_parameters()]
    assert names == [f"layers.{i}.{part}" for i in range(12) for part in ("weight", "bias")]
    net(te.tensor(X)).sum().backward()
    assert all(x.grad is not None for x in net.parameters())
    net.eval()
    assert not net.layers[3].training
    with pytest.raises(TypeError, match="ModuleList takes modules; number 12 is a function"):
        net.layers.append(te.relu)
    with pytest.raises(TypeError, match="ModuleList does not define forward"):
        net.layers(te.tensor(X))


# --- summary


def test_summary_counts_parameters_and_shapes(device):
    net = nn.Sequential(nn.Flatten(), nn.Linear(784, 16), nn.ReLU(), nn.Linear(16, 10)).to(device)
    net[2].eval()
    before = values(net)
    lines = nn.summary(net, (28, 28)).splitlines()
    rows = [line.split("  ") for line in lines]
    rows = [[cell.strip() for cell in row if cell.strip()] for row in rows]
    assert rows[0] == ["layer", "output shape", "parameters"]
    assert rows[2:6] == [
        ["0 (Flatten)", "(N, 784)", "0"], ["1 (Linear)", "(N, 16)", "12,560"],
        ["2 (ReLU)", "(N, 16)", "0"], ["3 (Linear)", "(N, 10)", "170"],
    ]  # fmt: skip
    assert rows[-1] == ["total", "12,730"]
    assert [m.training for m in net] == [True, True, False, True] and net.training
    assert not any("forward" in vars(m) for _, m in net.named_modules())
    assert_equal(values(net), before)
    with pytest.raises(ValueError, match=r"Linear\(784, 16\) needs"):
        nn.summary(net, (5,))
    assert [m.training for m in net] == [True, True, False, True]
    assert not any("forward" in vars(m) for _, m in net.named_modules())


# --- the base class


def test_a_module_without_forward_says_so():
    class Forgotten(nn.Module):
        def foward(self, x):  # a slip of the pen
            return x

    with pytest.raises(TypeError, match=r"Forgotten does not define forward\(self, x\)"):
        Forgotten()(te.tensor(X))


def test_a_misspelt_attribute_is_an_error():
    with pytest.raises(AttributeError, match="wieght"):
        nn.Linear(1, 1).wieght  # noqa: B018


def test_call_passes_everything_on():
    class Sum(nn.Module):
        def forward(self, a, b, *, times=1):
            return (a + b) * times

    assert Sum()(te.tensor(1.0), te.tensor(2.0), times=3).item() == 9


def test_repr_of_nested_modules():
    assert repr(Net()) == (
        "Net(\n"
        "  (body): Sequential(\n"
        "    (0): Block(\n"
        "      (linear): Linear(2, 2)\n"
        "    )\n"
        "    (1): Tanh()\n"
        "    (2): Block(\n"
        "      (linear): Linear(2, 2)\n"
        "    )\n"
        "  )\n"
        "  (head): Linear(2, 1, bias=False)\n"
        ")"
    )


# --- found by trying to break it


def test_a_parameter_is_not_replaced_by_a_tensor_without_a_word():
    layer = nn.Linear(2, 2)
    for wrong in (layer.weight * 2, te.zeros((2, 2))):
        with pytest.raises(TypeError, match=r"Linear.weight would be a Tensor that no optimizer"):
            layer.weight = wrong
    with pytest.raises(TypeError, match="assign an nn.Parameter"):
        layer.extra = te.zeros(3, requires_grad=True)
    layer.buffer = te.zeros(3)
    layer.weight = nn.Parameter(te.ones((2, 2)))
    assert [name for name, _ in layer.named_parameters()] == ["weight", "bias"]

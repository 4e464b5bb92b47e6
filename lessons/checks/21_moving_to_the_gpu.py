"""What the answers to the exercises of lesson 21 are checked with: the host, and the stand-in."""

import numpy as np

import tinygrad_edu as te
import tinygrad_edu.nn.functional as F
from tinygrad_edu import nn
from tinygrad_edu.backend import to_device, to_host
from tinygrad_edu.backend.pretend import PretendArray, count_transfers
from tinygrad_edu.exercise import Exercise, ExerciseError, gradients, values

STAND_IN = "pretend-gpu"
COPIES = [(0.0, 1e-5, 1e10), (4096.0, 1e-5, 1.5e10), (1e9, 2e-6, 3e10)]
NOTHING = "it gives nothing back (None): is there a return?"


def check_copies(counter, allowed):
    """Refuse an answer that copied more numbers to the host than it may."""
    if counter.count > allowed:
        raise ExerciseError(
            f"it copies {counter.count} times to the host, and may {allowed} times. These copy: "
            ".item(), float(x), .numpy(), print(x), and an if that asks a tensor"
        )


def check_mean_loss(mean_loss):
    numbers = [2.5, 1.25, 3.0, 0.5, 1.0]
    losses = [te.tensor(n, requires_grad=True, device=STAND_IN) * 1 for n in numbers]
    with count_transfers() as counter:
        found = mean_loss(losses)
    if found is None:
        raise ExerciseError(NOTHING)
    if isinstance(found, te.Tensor):
        raise ExerciseError("it gives a tensor; asked for is a float. .item() makes it one")
    if not isinstance(found, float) or abs(found - np.mean(numbers)) > 1e-6:
        raise ExerciseError(f"of the losses {numbers} it gives {found}, not {np.mean(numbers)}")
    check_copies(counter, 1)


def small_network(device):
    """A network and its optimizer, with the same weights on every device."""
    before = te.random_state()
    model = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3)).to(device)
    te.set_random_state(before)
    rng = np.random.default_rng(3)
    for p in model.parameters():
        p.data = te.tensor(rng.normal(size=p.shape).astype("float32"), device=device)
    return model, te.optim.SGD(model.parameters(), lr=0.5)


def right_step(model, optimizer, x, y):
    loss = F.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss


def check_train_step(train_step):
    """Two steps with batches from both memories, against two steps on the host."""
    rng = np.random.default_rng(4)
    at_home, on_device = small_network("cpu"), small_network(STAND_IN)
    for place in ("cpu", STAND_IN):
        x, y = rng.normal(size=(8, 4)).astype("float32"), rng.integers(0, 3, 8)
        right = right_step(*at_home, te.tensor(x, device="cpu"), te.tensor(y, device="cpu"))
        batch = te.tensor(x, device=place), te.tensor(y, device=place)
        with count_transfers() as counter:
            loss = train_step(*on_device, *batch)
        if loss is None:
            raise ExerciseError(NOTHING)
        if not isinstance(loss, te.Tensor) or loss.device != STAND_IN:
            raise ExerciseError("it has to give the loss as a tensor on the device of the model")
        check_copies(counter, 0)
        if abs(loss.item() - right.item()) > 1e-5:
            raise ExerciseError(f"the loss is {loss.item():.6f}, and should be {right.item():.6f}")
    found = on_device[0].state_dict()
    for name, weights in at_home[0].state_dict().items():
        if not np.allclose(found[name], weights, atol=1e-5):
            raise ExerciseError(
                f"after two steps {name} differs from that of a right loop. The order is: loss, "
                "zero_grad(), backward(), step()"
            )


def draw_layer(random):
    """7 samples of 5 features, 3 neurons."""
    sizes = (7, 5), (5, 3), 3, (7, 3)
    return tuple(random.normal(size=size) for size in sizes)  # x, w, b, g


def layer_gradients(x, w, b, g):
    leaves = [te.tensor(value, requires_grad=True, device="cpu") for value in (x, w, b)]
    x, w, b = leaves
    found = te.grad(te.tanh(x @ w + b), leaves, grad_output=te.tensor(g, device="cpu"))
    return tuple(gradient.numpy() for gradient in found)


def wrong_layer_gradients(x, w, b, g):
    y = np.tanh(x @ w + b)
    dz = g * (1 - np.tanh(y) ** 2)
    return {"tanh'(y) in place of tanh'(z)": (dz @ w.T, x.T @ dz, dz.sum(axis=0))}


ON_THE_HOST = gradients(
    "tanh_layer_backward", "a backward pass on raw arrays that runs on both",
    draw_layer, layer_gradients, ["dx", "dw", "db"], alternatives=wrong_layer_gradients,
)  # fmt: skip


def check_tanh_layer_backward(tanh_layer_backward):
    """First the gradients on the host, with a diagnosis; then the same on the device."""
    ON_THE_HOST.check(tanh_layer_backward)
    arguments = draw_layer(np.random.default_rng(1))
    try:
        with count_transfers() as counter:
            found = tanh_layer_backward(*(to_device(a, STAND_IN) for a in arguments))
    except (TypeError, AttributeError) as error:
        raise ExerciseError(f"right on the host, but on the device it stops: {error}") from error
    check_copies(counter, 0)
    rows = zip(("dx", "dw", "db"), found, layer_gradients(*arguments), strict=True)
    for name, mine, right in rows:
        if not isinstance(mine, PretendArray):
            raise ExerciseError(f"{name} left the device: it is a {type(mine).__name__}")
        if not np.allclose(to_host(mine), right):
            raise ExerciseError(f"{name} is right on the host and wrong on the device")


EXERCISES = [
    values("transfer_seconds", "what a copy costs", COPIES, lambda n, t, b: t + n / b, 1e-15),
    Exercise("mean_loss", "many losses, one copy", check_mean_loss),
    Exercise("train_step", "a step that takes its batch from anywhere", check_train_step),
    Exercise("tanh_layer_backward", ON_THE_HOST.title, check_tanh_layer_backward),
]

"""What the answers to the exercises of lesson 10 are checked with: the library itself."""

import numpy as np

import tinygrad_edu as te
import tinygrad_edu.nn.functional as F
from tinygrad_edu.exercise import Exercise, ExerciseError, gradients


def draw_logits(random):
    """Logits of 7 images and 4 digits, the first row too large for exp; and labels."""
    logits = random.normal(size=(7, 4))
    logits[0] += 1000
    return logits, random.integers(0, 4, 7)


def cross_entropy_gradient(logits, labels):
    z = te.tensor(logits, requires_grad=True)
    return te.grad(F.cross_entropy(z, te.tensor(labels)), [z])[0].numpy()


def wrong_cross_entropy_gradients(logits, labels):
    return {"the logits Z in place of P": (logits - np.eye(4)[labels]) / len(labels)}


def draw_network(random):
    """7 images of 6 pixels, 5 neurons, 3 digits."""
    sizes = (7, 6), (7, 5), (5, 3), (7, 3)
    return tuple(random.normal(size=size) for size in sizes)  # x, z1, W2, dZ


def network_gradients(x, z1, W2, dZ):
    """The library's gradients. W1 = 0 and an offset of z1 make its hidden layer the given one."""
    shapes = (x.shape[1], z1.shape[1]), z1.shape[1], dZ.shape[1]
    W1, b1, b2 = (te.tensor(np.zeros(shape), requires_grad=True) for shape in shapes)
    W2 = te.tensor(W2, requires_grad=True)
    hidden = F.relu(te.tensor(x) @ W1 + b1 + te.tensor(z1))
    found = te.grad(hidden @ W2 + b2, [W1, b1, W2, b2], grad_output=te.tensor(dZ))
    return tuple(gradient.numpy() for gradient in found)


def wrong_network_gradients(x, z1, W2, dZ):
    da = dZ @ W2.T
    wrong_mask, no_mask = da * (da > 0), da
    _, _, dW2, db2 = network_gradients(x, z1, W2, dZ)
    return {
        "ReLU'(da) in place of ReLU'(z1)": (
            x.T @ wrong_mask, wrong_mask.sum(axis=0), z1.T @ dZ, db2,
        ),
        "da in place of dz1": (x.T @ no_mask, no_mask.sum(axis=0), dW2, db2),
    }  # fmt: skip


def draw_answers(random):
    """7 images of 6 pixels, 5 neurons, 3 digits; and an answer for each image."""
    sizes = (7, 5), (6, 5), (5, 3)
    return *(random.normal(size=size) for size in sizes), random.integers(0, 3, 7)


def input_gradient(z1, W1, W2, answers):
    """The library's gradient. x = 0 and an offset of z1 make its hidden layer the given one."""
    x = te.tensor(np.zeros((len(z1), len(W1))), requires_grad=True)
    logits = F.relu(x @ te.tensor(W1) + te.tensor(z1)) @ te.tensor(W2)
    wanted = te.tensor(np.eye(W2.shape[1])[answers])
    return te.grad(logits, [x], grad_output=wanted)[0].numpy()


def wrong_input_gradients(z1, W1, W2, answers):
    da = W2.T[answers]
    return {
        "da in place of dz1": da @ W1.T,
        "ReLU'(da) in place of ReLU'(z1)": (da * (da > 0)) @ W1.T,
        "relu(z1) in place of ReLU'(z1)": (da * np.maximum(z1, 0)) @ W1.T,
    }


def check_adam(adam_step):
    """Three steps with gradients of many sizes, some as small as eps, against the library."""
    random = np.random.default_rng(0)
    start = random.normal(size=(2, 3))
    right, uncorrected = (te.tensor(start, requires_grad=True) for _ in range(2))
    optimizers = te.optim.Adam([right]), te.optim.Adam([uncorrected], bias_correction=False)
    theta, m, v = start, np.zeros((2, 3)), np.zeros((2, 3))
    for t in (1, 2, 3):
        g = random.normal(size=(2, 3)) * 10.0 ** np.array([[1, -2, -8], [0, -9, -1]])
        for parameter, optimizer in zip((right, uncorrected), optimizers, strict=True):
            parameter.grad = te.tensor(g)
            optimizer.step()
        theta, m, v = adam_step(theta.copy(), m.copy(), v.copy(), t, g.copy())
        wanted = optimizers[0].state["m"][0], optimizers[0].state["v"][0], right.numpy()
        if np.allclose(theta, uncorrected.numpy(), rtol=0, atol=1e-9):
            raise ExerciseError(
                "this is Adam without the correction of the two means, document 003 §4.1.3: "
                "m_hat and v_hat are missing"
            )
        for name, given, expected in zip(("m", "v", "theta"), (m, v, theta), wanted, strict=True):
            if not np.allclose(given, expected, rtol=1e-9, atol=1e-12 * (name == "theta")):
                raise ExerciseError(
                    f"{name} is wrong after step {t}:\n{given}\nin place of\n{expected}"
                )


EXERCISES = [
    gradients(
        "cross_entropy_gradient", "the gradient of softmax with cross-entropy, (P - Y) / N",
        draw_logits, cross_entropy_gradient, ["dZ"], alternatives=wrong_cross_entropy_gradients,
    ),
    gradients(
        "hidden_layer_backward", "the whole backward pass of the network, by hand",
        draw_network, network_gradients, ["dW1", "db1", "dW2", "db2"],
        alternatives=wrong_network_gradients,
    ),
    gradients(
        "input_gradient", "the gradient of the answer's logit for the pixels",
        draw_answers, input_gradient, ["dx"], alternatives=wrong_input_gradients,
    ),
    Exercise("adam_step", "one step of Adam", check_adam),
]  # fmt: skip

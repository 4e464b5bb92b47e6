"""The jobs in JAX, each step compiled as a whole."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .. import jobs


def prepare(job: str, options: dict[str, Any]) -> Callable[[int], None] | None:
    """The function that runs steps of a job."""
    if job == "chain of 200":
        return chain()
    forward, parameters, loss_of = network(job)

    def loss(parameters: Any, x: Any, y: Any) -> Any:
        return loss_of(forward(parameters, x), y)

    @jax.jit
    def step(parameters: Any, m: Any, v: Any, t: Any, x: Any, y: Any) -> Any:
        value, g = jax.value_and_grad(loss)(parameters, x, y)
        m = jax.tree.map(lambda m, g: jobs.BETA1 * m + (1 - jobs.BETA1) * g, m, g)
        v = jax.tree.map(lambda v, g: jobs.BETA2 * v + (1 - jobs.BETA2) * g * g, v, g)
        size, root = jobs.LEARNING_RATE / (1 - jobs.BETA1**t), jnp.sqrt(1 - jobs.BETA2**t)
        parameters = jax.tree.map(
            lambda p, m, v: p - size * m / (jnp.sqrt(v) / root + jobs.EPS), parameters, m, v
        )
        return parameters, m, v, t + 1, value

    zeros = jax.tree.map(jnp.zeros_like, parameters)
    state = [parameters, zeros, zeros, jnp.float32(1)]
    batches = itertools.cycle([(jnp.asarray(x), jnp.asarray(y)) for x, y in jobs.batches(job)])

    def run(steps: int) -> None:
        for x, y in itertools.islice(batches, steps):
            *state[:], loss = step(*state, x, y)
        loss.block_until_ready()

    return run


def network(job: str) -> tuple[Callable[..., Any], Any, Callable[..., Any]]:
    """The job's forward pass, its parameters, and its loss."""
    random = np.random.default_rng(0)
    if job == "GPT":
        return gpt, gpt_parameters(random), cross_entropy
    if job == "CIFAR CNN":
        return cnn, cnn_parameters(random), cross_entropy
    sizes = jobs.DENSE.get(job, jobs.BINARY)
    loss = cross_entropy if job in jobs.DENSE else binary_cross_entropy
    return dense, [linear(random, *pair) for pair in itertools.pairwise(sizes)], loss


def linear(random: np.random.Generator, inputs: int, outputs: int) -> Any:
    return jnp.asarray(jobs.glorot(random, inputs, outputs)), jnp.zeros(outputs)


def dense(layers: Any, x: Any) -> Any:
    for w, b in layers[:-1]:
        x = jax.nn.relu(x @ w + b)
    w, b = layers[-1]
    return x @ w + b


def cross_entropy(z: Any, y: Any) -> Any:
    return -jnp.take_along_axis(jax.nn.log_softmax(z), y[..., None], axis=-1).mean()


def binary_cross_entropy(z: Any, y: Any) -> Any:
    return (jnp.maximum(z, 0) - z * y + jnp.log1p(jnp.exp(-jnp.abs(z)))).mean()


def cnn_parameters(random: np.random.Generator) -> Any:
    convolutions = []
    for inputs, outputs in ((3, 32), (32, 64), (64, 64)):
        w = 0.05 * random.standard_normal((3, 3, inputs, outputs))
        convolutions.append((jnp.asarray(w, jnp.float32), jnp.zeros(outputs)))
    return convolutions, [linear(random, 1024, 64), linear(random, 64, 10)]


def cnn(parameters: Any, x: Any) -> Any:
    convolutions, layers = parameters
    x = x.transpose(0, 2, 3, 1)  # (N, H, W, C), the order that is fast on a CPU
    for i, (w, b) in enumerate(convolutions):
        x = jax.lax.conv_general_dilated(
            x, w, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
        x = jax.nn.relu(x + b)
        if i < 2:
            window = (1, 2, 2, 1)
            x = jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, window, window, "VALID")
    return dense(layers, x.reshape(len(x), -1))


def gpt_parameters(random: np.random.Generator) -> Any:
    size = jobs.GPT_SIZE
    d = size.width

    def norm() -> Any:
        return jnp.ones(d), jnp.zeros(d)

    blocks = [
        [norm(), linear(random, d, 3 * d), linear(random, d, d)]
        + [norm(), linear(random, d, 4 * d), linear(random, 4 * d, d)]
        for _ in range(size.layers)
    ]
    tables = [0.02 * random.standard_normal((n, d)) for n in (size.vocabulary, size.context)]
    tokens, positions = (jnp.asarray(table, jnp.float32) for table in tables)
    return tokens, positions, blocks, norm(), linear(random, d, size.vocabulary)


def layer_norm(x: Any, parameters: Any) -> Any:
    mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    return (x - mean) / jnp.sqrt(variance + 1e-5) * parameters[0] + parameters[1]


def gpt(parameters: Any, indices: Any) -> Any:
    tokens, positions, blocks, last_norm, (w, b) = parameters
    x = tokens[indices] + positions
    batch, time, width = x.shape
    heads = jobs.GPT_SIZE.heads
    allowed = jnp.tril(jnp.ones((time, time), bool))
    for norm1, (wi, bi), (wo, bo), norm2, (wu, bu), (wd, bd) in blocks:
        parts = (layer_norm(x, norm1) @ wi + bi).reshape(batch, time, 3, heads, width // heads)
        q, k, v = parts.transpose(2, 0, 3, 1, 4)  # (batch, heads, time, size)
        scores = q @ k.swapaxes(-1, -2) / np.sqrt(width // heads)
        y = jax.nn.softmax(jnp.where(allowed, scores, -jnp.inf)) @ v
        x = x + y.swapaxes(1, 2).reshape(batch, time, width) @ wo + bo
        x = x + jax.nn.gelu(layer_norm(x, norm2) @ wu + bu, approximate=True) @ wd + bd
    return layer_norm(x, last_norm) @ w + b


def chain() -> Callable[[int], None]:
    w, b = map(jnp.float32, jobs.batches("chain of 200")[0])

    @jax.jit
    def gradients(w: Any, b: Any) -> Any:
        def value(w: Any, b: Any) -> Any:
            x = w
            for _ in range(jobs.CHAIN_LENGTH // 2):
                x = x * w + b
            return x

        return jax.grad(value, (0, 1))(w, b)

    def run(steps: int) -> None:
        for _ in range(steps):
            found = gradients(w, b)
        found[0].block_until_ready()

    return run

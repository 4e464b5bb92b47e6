"""Time per training step of a small GPT: 818,241 parameters, 16 × 64 tokens, Adam.

    OPENBLAS_NUM_THREADS=1 python benchmarks/gpt.py [rounds]

A step is forward, cross-entropy, backward and Adam. This library and, where it is installed,
PyTorch with one thread (its functions of the same names, scaled_dot_product_attention, fused Adam)
take turns within one process on the same numbers; the first losses are compared. Printed are
medians of processor time, which other work on the machine disturbs less than the clock, and the
ratio pair by pair. Then the time of generating text with and without the key/value cache.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(name, "1")  # read when NumPy is imported

import numpy as np  # noqa: E402

import tinygrad_edu as te  # noqa: E402
from tinygrad_edu import nn, optim  # noqa: E402

VOCAB, TIME, WIDTH, HEADS, LAYERS, BATCH = 65, 64, 128, 4, 4, 16
text = np.random.default_rng(0).integers(0, VOCAB, (BATCH, TIME + 1))


def library_step(model: nn.GPT) -> Callable[[], float]:
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    inputs, targets = te.tensor(text[:, :-1]), te.tensor(text[:, 1:].reshape(-1))

    def step() -> float:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(inputs).reshape((-1, VOCAB)), targets)
        loss.backward()
        optimizer.step()
        return float(loss)

    return step


def torch_step(state: dict[str, np.ndarray]) -> Callable[[], float] | None:
    """The same model in PyTorch, from the same starting values."""
    try:
        import torch
    except ImportError:
        return None
    from torch.nn import functional as F

    torch.set_num_threads(1)
    w = {}
    for name, array in state.items():
        is_product = array.ndim == 2 and name.startswith(("blocks", "head"))
        w[name] = torch.tensor(array.T.copy() if is_product else array)  # x Wᵀ + b there
    for i in range(LAYERS):  # one product for queries, keys and values
        for kind in ("weight", "bias"):
            names = [f"blocks.{i}.attention.{part}.{kind}" for part in ("query", "key", "value")]
            w[f"blocks.{i}.attention.qkv.{kind}"] = torch.cat([w.pop(name) for name in names])
    for tensor in w.values():
        tensor.requires_grad_()
    optimizer = torch.optim.Adam(w.values(), lr=1e-3, fused=True)
    inputs, targets = torch.tensor(text[:, :-1]), torch.tensor(text[:, 1:].reshape(-1))

    def linear(x: torch.Tensor, name: str) -> torch.Tensor:
        return F.linear(x, w[f"{name}.weight"], w[f"{name}.bias"])

    def norm(x: torch.Tensor, name: str) -> torch.Tensor:
        return F.layer_norm(x, (WIDTH,), w[f"{name}.weight"], w[f"{name}.bias"])

    def logits() -> torch.Tensor:
        x = F.embedding(inputs, w["tokens.weight"]) + w["positions.weight"]
        for i in range(LAYERS):
            attention, feed_forward = f"blocks.{i}.attention", f"blocks.{i}.feed_forward"
            qkv = linear(norm(x, f"{attention}_norm"), f"{attention}.qkv")
            q, k, v = qkv.view(BATCH, TIME, 3, HEADS, -1).permute(2, 0, 3, 1, 4)
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + linear(y.transpose(1, 2).reshape(BATCH, TIME, WIDTH), f"{attention}.output")
            hidden = linear(norm(x, f"{feed_forward}_norm"), f"{feed_forward}.0")
            x = x + linear(F.gelu(hidden, approximate="tanh"), f"{feed_forward}.2")
        return linear(norm(x, "norm"), "head")

    def step() -> float:
        optimizer.zero_grad()
        loss = F.cross_entropy(logits().view(-1, VOCAB), targets)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def seconds(job: Callable[[], object]) -> float:
    start = time.process_time()
    job()
    return time.process_time() - start


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    te.manual_seed(0)
    model = nn.GPT(VOCAB, TIME, WIDTH, HEADS, LAYERS)
    steps = {"tinygrad_edu": library_step(model), "PyTorch": torch_step(model.state_dict())}
    jobs = {name: step for name, step in steps.items() if step is not None}
    print(f"{sum(p.size for p in model.parameters()):,} parameters, {BATCH} × {TIME} tokens")
    for name, step in jobs.items():
        print(f"{name:14} losses {', '.join(f'{step():.5f}' for _ in range(3))}")
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(rounds):
        for name, step in jobs.items():
            times[name].append(seconds(step))
    for name, values in times.items():
        print(f"{name:14} {statistics.median(values) * 1e3:6.1f} ms a step")
    if "PyTorch" in times:
        pairs = zip(times["tinygrad_edu"], times["PyTorch"], strict=True)
        print(f"{statistics.median(a / b for a, b in pairs):.2f} × PyTorch")
    for batch in (1, BATCH):
        start = np.zeros((batch, 1), int)
        texts = [partial(model.generate, start, TIME - 1, use_cache=how) for how in (True, False)]
        cached, plain = (statistics.median(seconds(job) for _ in range(3)) for job in texts)
        print(f"{batch:2} texts of {TIME} tokens: {cached:.3f} s cached, {plain:.3f} s without")


if __name__ == "__main__":
    main()

"""The jobs in PyTorch, eager."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from .. import jobs


def prepare(job: str, options: dict[str, Any]) -> Callable[[int], None] | None:
    """The function that runs steps of a job."""
    channels_last, fused = (options.get(name, False) for name in ("channels_last", "fused"))
    if (channels_last and job != "CIFAR CNN") or (fused and job == "chain of 200"):
        return None  # the same as another setting
    if options.get("threads"):
        torch.set_num_threads(options["threads"])
    device = options.get("device", "cpu")
    if job == "chain of 200":
        return chain(device)
    order = torch.channels_last if channels_last else torch.preserve_format
    model, loss_of = network(job)
    model.to(device).to(memory_format=order)
    optimizer = torch.optim.Adam(model.parameters(), lr=jobs.LEARNING_RATE, fused=fused or None)
    batches = itertools.cycle(
        [
            (
                torch.from_numpy(x).to(device).contiguous(memory_format=order)
                if channels_last
                else torch.from_numpy(x.copy()).to(device),
                torch.from_numpy(y.copy()).to(device),
            )
            for x, y in jobs.batches(job)
        ]
    )

    def run(steps: int) -> None:
        for x, y in itertools.islice(batches, steps):
            loss = loss_of(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        loss.item()  # waits for a GPU

    return run


def network(job: str) -> tuple[nn.Module, Callable[..., torch.Tensor]]:
    """The job's network and its loss."""
    if job == "GPT":
        return GPT(), lambda z, y: F.cross_entropy(z.flatten(0, 1), y.flatten())
    if job == "2-64-32-1":
        return dense(jobs.BINARY), F.binary_cross_entropy_with_logits
    return cifar_cnn() if job == "CIFAR CNN" else dense(jobs.DENSE[job]), F.cross_entropy


def dense(sizes: tuple[int, ...]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def cifar_cnn() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(3, 32, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(64, 64, 3), nn.ReLU(),
        nn.Flatten(), nn.Linear(1024, 64), nn.ReLU(), nn.Linear(64, 10),
    )  # fmt: skip


class Block(nn.Module):
    """A pre-norm block: causal attention, then a feed-forward network."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, time, width = x.shape
        parts = self.qkv(self.norm1(x)).view(batch, time, 3, self.heads, width // self.heads)
        q, k, v = parts.permute(2, 0, 3, 1, 4)  # (batch, heads, time, size)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(y.transpose(1, 2).reshape(batch, time, width))
        return x + self.down(F.gelu(self.up(self.norm2(x)), approximate="tanh"))


class GPT(nn.Module):
    """The GPT of jobs.GPT_SIZE."""

    def __init__(self) -> None:
        super().__init__()
        size = jobs.GPT_SIZE
        self.tokens = nn.Embedding(size.vocabulary, size.width)
        self.positions = nn.Parameter(0.02 * torch.randn(size.context, size.width))
        self.blocks = nn.Sequential(*(Block(size.width, size.heads) for _ in range(size.layers)))
        self.norm, self.head = nn.LayerNorm(size.width), nn.Linear(size.width, size.vocabulary)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        return self.head(self.norm(self.blocks(self.tokens(tokens) + self.positions)))


def chain(device: str) -> Callable[[int], None]:
    w, b = (
        torch.tensor(v, device=device, requires_grad=True) for v in jobs.batches("chain of 200")[0]
    )

    def run(steps: int) -> None:
        for _ in range(steps):
            x = w
            for _ in range(jobs.CHAIN_LENGTH // 2):
                x = x * w + b
            w.grad = b.grad = None
            x.backward()
        x.item()  # waits for a GPU

    return run

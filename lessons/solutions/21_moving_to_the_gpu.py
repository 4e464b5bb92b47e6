"""Solutions to the exercises of lesson 21."""

import numpy as np

import tinygrad_edu.nn.functional as F


def transfer_seconds(size, latency, bandwidth):
    return latency + size / bandwidth


def mean_loss(losses):
    total = losses[0].detach()
    for loss in losses[1:]:
        total = total + loss.detach()
    return total.item() / len(losses)


def train_step(model, optimizer, x, y):
    device = next(iter(model.parameters())).device
    loss = F.cross_entropy(model(x.to(device)), y.to(device))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss


def tanh_layer_backward(x, w, b, g):
    dz = g * (1 - np.tanh(x @ w + b) ** 2)
    return dz @ w.T, x.T @ dz, dz.sum(axis=0)

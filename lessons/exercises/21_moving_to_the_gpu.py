"""Exercises of lesson 21: moving to the GPU. You need none: the device is "pretend-gpu".

Put your answer in place of each `...`, then run: tinygrad-edu check 21
"""

import numpy as np

import tinygrad_edu as te
import tinygrad_edu.nn.functional as F


def transfer_seconds(size, latency, bandwidth):
    """The seconds that a copy takes: latency + size / bandwidth.

    size is in bytes, latency in seconds, bandwidth in bytes a second.
    """
    ...


def mean_loss(losses):
    """The mean of a list of losses, as a Python float.

    Each loss is a tensor of one number on the device. They may be added there. Only one number may
    be copied to the host, however many losses there are. x.detach() is x without its graph, and
    x.item() copies.
    """
    ...


def train_step(model, optimizer, x, y):
    """One training step with the cross-entropy. Gives the loss, a tensor on the model's device.

    The model is on some device. The batch x (N, features) and y (N,) may be on another one: bring
    it to the model. Nothing may be copied to the host.

    A parameter knows its device: p.device. model.parameters() gives all of them, one after another.
    """
    ...


def tanh_layer_backward(x, w, b, g):
    """The gradients (dx, dw, db) of y = tanh(x w + b), for raw arrays of NumPy or of a device.

    x (N, m), w (m, k), b (k,), and g (N, k), the gradient of the loss for y. With z = x w + b:

        dz = g (1 - tanh² z)    dx = dz wᵀ    dw = xᵀ dz    db = the sum of dz over the samples

    Use operators, methods such as .sum(axis=0), and np.tanh(z): given an array of the device, NumPy
    passes the call on to it. np.asarray, np.array and np.zeros make arrays on the host, which do
    not mix with those of the device.
    """
    ...

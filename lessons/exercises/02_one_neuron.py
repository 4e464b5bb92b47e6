"""Exercises of lesson 2: backward passes by hand, and the order in which gradients are sent.

Put your answer in place of each `...`, then run: tinygrad-edu check 2
"""

import numpy as np


def delta(y_hat, y):
    """δ = ∂L/∂z of a sigmoid neuron, from its output ŷ and the target y, for L = ½ (ŷ - y)².

    δ = ∂L/∂ŷ · f'(z). The slope f'(z) can be computed from ŷ alone: ŷ is σ(z) already.
    y_hat and y are numbers, or arrays of one shape.
    """
    ...


def neuron_backward(A, w, b, y):
    """The gradients (dw, db) of one sigmoid neuron with n inputs, for N samples at once.

    Forward:

        z = A @ w + b                    A (N, n), w (n,), b a number; z (N,)
        y_hat = 1 / (1 + np.exp(-z))     (N,)
        L = np.mean(½ (y_hat - y)²)      y (N,); the mean over the N samples

    dw has the shape of w. db is a number.
    """
    ...


def layer_backward(X, W, b, G):
    """The gradients (dX, dW, db) of a whole layer of sigmoid neurons, a = σ(X W + b).

    X (N, n) holds N samples, W is (n, m), b is (m,). G (N, m) is the gradient of the loss that
    arrives for the output a. If the loss is a mean, 1/N is inside G already.

    First compute δ (N, m), then the three gradients from it. Each has the shape of what it belongs
    to. dX is the step that document 001 forgot: every sample's sum over the m neurons.
    """
    ...


def sending_order(inputs, loss):
    """A list of values in which each value stands after all values that use it; loss is first.

    Values are numbered. inputs[v] is the tuple of the values that v was computed from. It is empty
    for a leaf, a value that was computed from no other, and it holds a value twice where it is used
    twice. Only values that loss was computed from belong into the list, each once. Do not use
    recursion: the chain may be long.

    An example: loss = y · w, y = x + x, with x = 7, w = 2, y = 5, loss = 4.

        inputs = {4: (5, 2), 5: (7, 7), 2: (), 7: ()}
        sending_order(inputs, 4)    gives [4, 5, 7, 2], or [4, 2, 5, 7], or [4, 5, 2, 7]

    One way: first find all values that loss was computed from, and count how often each is used.
    Then keep a list of values that wait for nobody, with loss in it. Take one from it, put it into
    the order, and take 1 off the count of each of its inputs. Whose count is 0 waits for nobody.
    """
    ...

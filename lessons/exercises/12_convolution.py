"""Exercises of lesson 12: convolution and pooling, forward and backward, by hand on NumPy arrays.

Put your answer in place of each `...`, then run: tinygrad-edu check 12
"""

import numpy as np


def output_size(n, kernel, stride=1, padding=0, dilation=1):
    """How many places a window has along a side of n pixels; all five are whole numbers.

    There are `padding` more pixels on each of the two ends. The entries of the kernel lie
    `dilation` pixels apart. The first window starts at the first pixel, each next one `stride`
    pixels further, and all have to end inside. Round down; // does that.
    """
    ...


def conv2d(x, W, b, stride=1):
    """The convolution of images x (N, in, H, W) with kernels W and biases b (out,).

    W has the shape (out, in, height, width); the last two are those of a kernel.

        y[n, o, r, c] = b[o] + Σ x[n, k, r · stride + i, c · stride + j] · W[o, k, i, j]

    summed over k, i and j: the letters of section 5. The kernel is not turned round, and need not
    be square. There is no padding. The result has the shape (N, out, rows, columns), as output_size
    says. Loops are welcome.
    """
    ...


def max_pool_backward(x, dy, size):
    """The gradient dx (N, H, W) of max pooling, from dy (N, H // size, W // size).

    The images x (N, H, W) have no channels. Their windows are size × size, and do not overlap;
    rows and columns at the end that fill no window are not seen, and get 0. Each number of dy goes
    to the pixel of its window that was the largest, and where several are, to the first of them,
    row by row. np.argmax gives just that one; divmod(place, size) makes row and column of it.
    """
    ...


def conv2d_backward(x, W, dy):
    """The gradients (dx, dW, db) of conv2d(x, W, b) with stride 1, from dy (N, out, rows, columns).

    For each number of dy at n, o, r, c, and for all k, i and j:

        db[o]                   gets  dy[n, o, r, c]
        dW[o, k, i, j]          gets  dy[n, o, r, c] · x[n, k, r + i, c + j]
        dx[n, k, r + i, c + j]  gets  dy[n, o, r, c] · W[o, k, i, j]

    All that a place gets is added up. Each gradient has the shape of what it belongs to. A loop
    over the entries i, j of the kernel is enough; np.einsum does the rest.
    """
    ...

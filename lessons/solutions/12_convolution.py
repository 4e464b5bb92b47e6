"""Solutions of lesson 12: convolution and pooling, forward and backward, by hand."""

import numpy as np


def output_size(n, kernel, stride=1, padding=0, dilation=1):
    """How many places a window has along a side of n pixels."""
    reach = dilation * (kernel - 1) + 1
    return (n + 2 * padding - reach) // stride + 1


def conv2d(x, W, b, stride=1):
    """The convolution of images x (N, in, H, W) with kernels W and biases b."""
    out, _, height, width = W.shape
    rows = output_size(x.shape[2], height, stride)
    columns = output_size(x.shape[3], width, stride)
    y = np.zeros((len(x), out, rows, columns))
    for n, o, r, c in np.ndindex(y.shape):
        top, left = r * stride, c * stride
        window = x[n, :, top : top + height, left : left + width]  # (in, height, width)
        y[n, o, r, c] = b[o] + (window * W[o]).sum()
    return y


def max_pool_backward(x, dy, size):
    """The gradient dx (N, H, W) of max pooling, from dy (N, H // size, W // size)."""
    dx = np.zeros_like(x)
    for n, r, c in np.ndindex(dy.shape):
        top, left = r * size, c * size
        window = x[n, top : top + size, left : left + size]
        i, j = divmod(int(window.argmax()), size)
        dx[n, top + i, left + j] = dy[n, r, c]
    return dx


def conv2d_backward(x, W, dy):
    """The gradients (dx, dW, db) of conv2d(x, W, b) with stride 1, from dy."""
    rows, columns = dy.shape[2:]
    dx, dW = np.zeros_like(x), np.zeros_like(W)
    for i, j in np.ndindex(W.shape[2:]):
        met = x[:, :, i : i + rows, j : j + columns]  # (N, in, rows, columns)
        dW[:, :, i, j] = np.einsum("norc,nkrc->ok", dy, met)
        dx[:, :, i : i + rows, j : j + columns] += np.einsum("norc,ok->nkrc", dy, W[:, :, i, j])
    return dx, dW, dy.sum(axis=(0, 2, 3))

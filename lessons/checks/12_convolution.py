"""What the answers to the exercises of lesson 12 are checked with: the library itself."""

import numpy as np

import tinygrad_edu as te
import tinygrad_edu.nn.functional as F
from tinygrad_edu.exercise import gradients, values


def draw_sizes(random):
    """Pixels, kernel, stride, padding, dilation: alone and together."""
    return [
        (4, 3, 1, 0, 1), (28, 5, 1, 0, 1), (13, 2, 2, 0, 1), (32, 3, 2, 1, 1), (28, 3, 1, 0, 2),
        (17, 3, 3, 2, 2), (9, 1, 4, 0, 3), (5, 5, 1, 0, 1),
    ]  # fmt: skip


def output_size(n, kernel, stride, padding, dilation):
    """The library's own answer: the shape of a result."""
    x, W = te.tensor(np.zeros((1, 1, n, n))), te.tensor(np.zeros((1, 1, kernel, kernel)))
    return F.conv2d(x, W, None, stride, padding, dilation).shape[2]


WRONG_SIZES = {
    "padding is put on both ends, so it counts twice": (
        lambda n, k, s, p, d: (n + p - d * (k - 1) - 1) // s + 1
    ),
    "the dilation is left out: k entries that lie d apart reach over d (k - 1) + 1 pixels": (
        lambda n, k, s, p, d: (n + 2 * p - k) // s + 1
    ),
    "with dilation a kernel does not reach over d k pixels: behind the last entry is no gap": (
        lambda n, k, s, p, d: (n + 2 * p - d * k) // s + 1
    ),
    "it is one too small: the first window comes before the first step": (
        lambda n, k, s, p, d: (n + 2 * p - d * (k - 1) - 1) // s
    ),
    "it is rounded up; a window that does not end inside does not count: round down": (
        lambda n, k, s, p, d: -((d * (k - 1) + 1 - n - 2 * p) // s) + 1
    ),
}


def draw_convolutions(random):
    """Images, kernels, biases, stride: one square kernel and one that is not; few numbers."""
    shapes = [((1, 2, 4, 5), (2, 2, 3, 3), 1), ((2, 2, 5, 6), (2, 2, 3, 2), 2)]
    return [
        (random.normal(size=x), random.normal(size=W), random.normal(size=W[0]), stride)
        for x, W, stride in shapes
    ]


def conv2d(x, W, b, stride):
    return F.conv2d(te.tensor(x), te.tensor(W), te.tensor(b), stride).numpy()


def always_by_one(x, W, b, stride):
    """As many places as there should be, but each 1 pixel from the last."""
    rows, columns = conv2d(x, W, b, stride).shape[2:]
    return conv2d(x, W, b, 1)[:, :, :rows, :columns]


WRONG_CONVOLUTIONS = {
    "the windows are right in number, but move 1 pixel, not stride: r · stride, c · stride": (
        always_by_one
    ),
    "the kernel is turned round; this lesson's convolution does not turn it": (
        lambda x, W, b, s: conv2d(x, W[:, :, ::-1, ::-1].copy(), b, s)
    ),
    "the bias is missing": lambda x, W, b, s: conv2d(x, W, 0 * b, s),
    "the stride is left out": lambda x, W, b, s: conv2d(x, W, b, 1),
    "only the first input channel is seen: add up the products over all of them": (
        lambda x, W, b, s: conv2d(x[:, :1], W[:, :1], b, s)
    ),
    "the bias is added once for each entry of the kernel; it belongs to the sum, once": (
        lambda x, W, b, s: conv2d(x, W, b * W[0].size, s)
    ),
}


def draw_pooling(random):
    """6 images of 9 × 5 pixels, a row and a column too many; whole numbers, so there are ties."""
    return random.integers(0, 5, (6, 9, 5)).astype(float), random.normal(size=(6, 4, 2)), 2


def max_pool_backward(x, dy, size):
    images = te.tensor(x[:, None], requires_grad=True)
    y = F.max_pool2d(images, size)
    return te.grad(y, [images], grad_output=te.tensor(dy[:, None]))[0].numpy()[:, 0]


def wrong_poolings(x, dy, size):
    """The gradient to the last of the largest, to all of them, or shared by all of them."""
    everywhere, shared, last = (np.zeros_like(x) for _ in range(3))
    for n, r, c in np.ndindex(dy.shape):
        place = n, slice(r * size, (r + 1) * size), slice(c * size, (c + 1) * size)
        largest = x[place] == x[place].max()
        everywhere[place] = largest * dy[n, r, c]
        shared[place] = largest * dy[n, r, c] / largest.sum()
        row, column = np.argwhere(largest)[-1]
        last[n, r * size + row, c * size + column] = dy[n, r, c]
    return {
        "all of the largest get it; only the first may": everywhere,
        "the largest share it; the first gets it all": shared,
        "the last of the largest gets it; it is the first's": last,
    }


def draw_backward(random):
    """6 images of 2 channels, 4 kernels of 3 × 5; and a gradient for each number of the maps."""
    sizes = (6, 2, 5, 9), (4, 2, 3, 5), (6, 4, 3, 5)
    return tuple(random.normal(size=size) for size in sizes)  # x, W, dy


def conv2d_backward(x, W, dy):
    places = [te.tensor(value, requires_grad=True) for value in (x, W, np.zeros(len(W)))]
    found = te.grad(F.conv2d(*places), places, grad_output=te.tensor(dy))
    return tuple(gradient.numpy() for gradient in found)


def wrong_backwards(x, W, dy):
    """Kernels turned round, sums that forget, a bias by the mean."""
    dx, dW, db = conv2d_backward(x, W, dy)
    turned = W[:, :, ::-1, ::-1].copy()
    overwritten = np.zeros_like(x)
    for i, j in np.ndindex(W.shape[2:]):
        part = np.einsum("norc,ok->nkrc", dy, W[:, :, i, j])
        overwritten[:, :, i : i + dy.shape[2], j : j + dy.shape[3]] = part
    return {
        "W turned round in place of W": (conv2d_backward(x, turned, dy)[0], dW, db),
        "the kernel of dW is turned round": (dx, dW[:, :, ::-1, ::-1], db),
        "= in place of +=: each entry of the kernel writes over the last": (overwritten, dW, db),
        "the mean over the places in place of the sum": (
            dx, dW / dy[0, 0].size, db / dy[0, 0].size,
        ),
    }  # fmt: skip


EXERCISES = [
    values(
        "output_size", "how many places a window has along a side",
        draw_sizes, output_size, tolerance=0, mistakes=WRONG_SIZES,
    ),
    values(
        "conv2d", "a convolution by loops",
        draw_convolutions, conv2d, mistakes=WRONG_CONVOLUTIONS,
    ),
    gradients(
        "max_pool_backward", "the way back through max pooling, to the pixel that won",
        draw_pooling, max_pool_backward, ["dx"], alternatives=wrong_poolings,
    ),
    gradients(
        "conv2d_backward", "the whole backward pass of a convolution",
        draw_backward, conv2d_backward, ["dx", "dW", "db"], alternatives=wrong_backwards,
    ),
]  # fmt: skip

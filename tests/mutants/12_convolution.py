"""Mutants of lesson 12: changes that make it fail, and the check that must see them."""

MUTANTS = {
    "each window writes over the last": (
        "", ("c : c + 3] += 1.0 * kernel", "c : c + 3] = 1.0 * kernel"), "∂L/∂x by hand",
    ),
    "the mathematicians' convolution in the library": (  # a kernel of ones cannot see it
        "import tinygrad_edu.nn.functional as F\n"
        "right = F.conv2d\n"
        "F.conv2d = lambda x, W, *how, **more: right(x, W.flip((2, 3)), *how, **more)",
        (),
        "conv2d of a point: the kernel, turned",
    ),
    "a bias that counts twice in the library": (
        "import tinygrad_edu.nn.functional as F\n"
        "right = F.conv2d\n"
        "double = lambda b: None if b is None else 2 * b\n"
        "F.conv2d = lambda x, W, b=None, *how, **more: right(x, W, double(b), *how, **more)",
        (),
        "one number of the map",
    ),
    "sizes rounded up": (
        "",
        ("- 1) // s + 1", "- 2) // s + 2"),
        "cases where all three agree",
    ),
    "kernels as columns in the wrong order": (
        "", ("W.reshape((out, -1)).T + b", "W.reshape((-1, out)) + b"), "all ways against F.conv2d",
    ),
    "a dilation left out": (
        "",
        ("down, right = places(i * dilation,", "down, right = places(i,"),
        "all ways against F.conv2d",
    ),
    "a gradient that is not added up": (
        "",
        ("dx[:, :, down, right] += np", "dx[:, :, down, right] = np"),
        "by hand against autograd",
    ),
    "ties to the last in the library": (
        "import tinygrad_edu.nn.functional as F\n"
        "right = F.max_pool2d\n"
        "F.max_pool2d = lambda x, k: right(x.flip((2, 3)), k).flip((2, 3))",
        (),
        "origins by hand = gradient by autograd",
    ),
    "one edge filter twice": (
        "", ("np.stack([SOBEL, SOBEL.T])", "np.stack([SOBEL, SOBEL])"), "a ramp: down is 0",
    ),
    "edges of other digits": (
        "", ("asarray(edges[:, None]", "asarray(edges[::-1, None]"), "loss of the last epoch",
    ),
}  # fmt: skip

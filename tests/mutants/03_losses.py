"""Mutants of lesson 3: changes that make it fail, and the check that must see them."""

MUTANTS = {
    "factor of the square lost": (
        "", ("        2 / n,\n", "        1 / n,\n"), "1/n Σ (ŷ - y)²: ",
    ),
    "half forgotten in the library": (
        "import tinygrad_edu.nn.functional as F\n"
        "right = F.mse_loss\n"
        "F.mse_loss = lambda p, y, how='mean': 0.5 * right(p, y, how)",
        (),
        "1/n Σ (ŷ - y)²: ",
    ),
    "mean over the samples in the library": (
        "import tinygrad_edu.nn.functional as F\n"
        "right = F.mse_loss\n"
        "F.mse_loss = lambda p, y, how='mean': right(p, y, how) * (p.size / len(p))",
        (),
        "ratio",
    ),
    "losses that broadcast": (
        "import tinygrad_edu.nn.functional as F\n"
        "F.mse_loss = lambda p, y, how='mean': (lambda d: {'mean': d.mean, 'sum': d.sum}.get("
        "how, lambda: d)())((p - y) * (p - y))",
        (),
        "mse_loss, prediction (5, 1), target (5,)",
    ),
    "cross-entropy without its second term": (
        "", ("return -y * np.log(p) - (1 - y) * np.log(1 - p)", "return -y * np.log(p)"),
        "003 §4.2.2: y = 0",
    ),
    "from logits through the probability": (
        "import tinygrad_edu as te, tinygrad_edu.nn.functional as F\n"
        "F.binary_cross_entropy_with_logits = lambda z, y, how='mean': "
        "F.binary_cross_entropy(te.sigmoid(z), y, how)",
        (),
        "from logits, against 28 digits",
    ),
    "from logits with a wrong sign": (  # which y = 0 cannot see
        "", ("np.maximum(z, 0) - z * y", "np.maximum(z, 0) + z * y"), "against 28 digits",
    ),
    "sigmoid for softmax in the library": (
        "import numpy, tinygrad_edu as te, tinygrad_edu.nn.functional as F\n"
        "def wrong(z, y, how='mean'):\n"
        "    y = numpy.asarray(y)\n"
        "    y = y if y.ndim == 2 else numpy.eye(z.shape[1])[y]\n"
        "    return -(te.tensor(y) * te.log(te.sigmoid(z))).sum() / len(z)\n"
        "F.cross_entropy = wrong",
        (),
        "the library's",
    ),
    "sum for mean in the library": (
        "import tinygrad_edu.nn.functional as F\n"
        "right = F.cross_entropy\n"
        "F.cross_entropy = lambda z, y, how='mean': right(z, y, 'sum' if how == 'mean' else how)",
        (),
        "by hand - autograd",
    ),
    "P in place of P - Y": (
        "", ("by_hand = (softmax(Z) - Y) / 5", "by_hand = softmax(Z) / 5"), "by hand - autograd",
    ),
    "softmax for the printed sigmoid": (
        "", ("te.log(te.sigmoid(z))).sum()", "te.log(F.softmax(z))).sum()"), "loss as printed",
    ),
    "clouds that are not moved": (
        "", ("points + 3", "points + 0"), "accuracy, as printed",
    ),
}  # fmt: skip

"""Mutants of lesson 14: changes that make it fail, and the check that must see them."""

MUTANTS = {
    "dropout that does not divide by 1 - p": (
        "import tinygrad_edu.nn.functional as F\n"
        "right = F.dropout\n"
        "F.dropout = lambda x, p, training: right(x, p, training) * (1 - p if training else 1)",
        (),
        "p = 0.2: mean of dropped ones",
    ),
    "dropout that never stops": (
        "import tinygrad_edu.nn.functional as F\n"
        "right = F.dropout\n"
        "F.dropout = lambda x, p, training: right(x, p, True)",
        (),
        "p = 0.2: eval() leaves x",
    ),
    "½ λ Σ w²": ("", ("lam * sum((w * w).sum()", "0.5 * lam * sum((w * w).sum()"), "less 2 λ w"),
    "a weight decay that goes up": (
        "import tinygrad_edu as te\n"
        "te.optim.SGD.decayed = lambda self, theta, g, group: g - group['weight_decay'] * theta",
        (),
        "against weight_decay = 2 λ",
    ),
    "thresholding without a stop at 0": (
        "", ("max(abs(a) - lam, 0), a)", "abs(a) - lam, a)"), "S(0.05, 0.1)",
    ),
    "images that move one pixel further": (
        "import tinygrad_edu as te\n"
        "right = te.data.shift\n"
        "te.data.shift = lambda x, most: right(x, most + 1)",
        (),
        "places that give each moved image",
    ),
    "folds that overlap": (
        "import tinygrad_edu as te\n"
        "right = te.data.KFold.split\n"
        "te.data.KFold.split = lambda self, x: ((a, a[: len(b)]) for a, b in right(self, x))",
        (),
        "images in a fold and in its training part",
    ),
    "a test on the training images": (
        "",
        ("*judge(model, test_set)\n", "*judge(model, data)\n"),
        "gap of the accuracies",
    ),
}  # fmt: skip

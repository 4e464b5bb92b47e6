"""Mutants of lesson 10: changes that make it fail, and the check that must see them."""

MUTANTS = {
    "labels shuffled": (
        "import numpy, tinygrad_edu as te\n"
        "d = te.data.mnist()\n"
        "d = d._replace(train_labels=numpy.random.default_rng(0).permutation(d.train_labels))\n"
        "te.data.mnist = lambda folder: d",
        (),
        "training loss of the last epoch",
    ),
    "softmax twice": (
        "import tinygrad_edu.nn.functional as F\n"
        "right = F.cross_entropy\n"
        "F.cross_entropy = lambda z, y: right(F.softmax(z), y)",
        (),
        "∂L/∂Z",
    ),
    "sum for mean": (
        "import tinygrad_edu.nn.functional as F\n"
        "right = F.cross_entropy\n"
        "F.cross_entropy = lambda z, y: right(z, y, reduction='sum')",
        (),
        "loss before training",
    ),
    "Adam without correction": (
        "from functools import partial\n"
        "import tinygrad_edu as te\n"
        "te.optim.Adam = partial(te.optim.Adam, bias_correction=False)",
        (),
        "largest first step of Adam",
    ),
    "Adam uphill": (
        "from functools import partial\n"
        "import tinygrad_edu as te\n"
        "right = te.optim.Adam.update\n"
        "te.optim.Adam.update = lambda self, theta, g, *rest: right(self, theta, -g, *rest)",
        (),
        "training loss of the last epoch",
    ),
    "starting weights N(0, 1)": (
        "from tinygrad_edu.nn import init, linear\ninit.xavier_uniform_ = init.normal_",
        (),
        "loss before training",
    ),
    "gradients never forgotten": (
        "", ("        optimizer.zero_grad()\n", ""), "training loss of the last epoch",
    ),
    "no division by 255": ("", ('astype("float32") / 255', 'astype("float32")'), "x / 255"),
    "a smaller hidden layer": ("", ("128)", "127)"), "parameters of Dense 128"),
    "Flatten that takes any shape": ("", ("input_shape=(28, 28)", ""), "the listing's network"),
    "test images of another set": (
        "", ("te.asarray(test_images)", "te.asarray(test_images[::-1])"), "test accuracy",
    ),
    "the gradient of a mean": (
        "", ("(model(x) * wanted).sum()", "(model(x) * wanted).mean()"), "small step",
    ),
    "votes for the other digit": (
        "", ("both[0] - both[1]", "both[1] - both[0]"), "votes and biases",
    ),
    "a file of the network before training": (
        "",
        ("te.save(model.state_dict()", "te.save(make_network().state_dict()"),
        "the same logits, bit for bit",
    ),
    "fit that holds rows back": (
        "from functools import partial\n"
        "import tinygrad_edu as te\n"
        "te.training.fit = partial(te.training.fit, validation_split=0.1)",
        (),
        "loss by epoch, loop = fit",
    ),
}  # fmt: skip

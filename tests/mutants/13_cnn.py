"""Mutants of lesson 13: changes that make it fail, and the check that must see them."""

MUTANTS = {
    "pixels up to 255": (
        "", ('images.astype("float32") / 255\n    return', 'images.astype("float32")\n    return'),
        "smallest prepared pixel",
    ),
    "kernels of 5 × 5": ("", ("nn.Conv2d(3, 32, 3),  #", "nn.Conv2d(3, 32, 5),  #"), "Conv 32"),
    "rows of Keras as they are": (
        "", (".transpose((1, 2, 0, 3)).reshape((1024, 64))", ".reshape((1024, 64))"),
        "their features, their rows",
    ),
    "one softmax": (
        "",
        ("return F.cross_entropy(F.softmax(logits), target)",
         "return F.cross_entropy(logits, target)"),
        "floor: the loss, surely right",
    ),
    "a Jacobian without its second part": (
        "", ("(np.diag(p) - np.outer(p, p))", "np.diag(p)"), "J (q - y), random",
    ),
    "chosen by the fresh pictures": (
        "", ("accuracies[:, :, 0].argmax", "accuracies[:, :, 1].argmax"),
        "accuracy reported for the chosen guesser",
    ),
    "Adam uphill": (
        "import tinygrad_edu as te\n"
        "right = te.optim.Adam.update\n"
        "te.optim.Adam.update = lambda self, theta, g, *rest: right(self, theta, -g, *rest)",
        (),
        "pictures: training loss of the last epoch",
    ),
    "precision and recall exchanged": (
        "import tinygrad_edu as te\n"
        "right = te.metrics.precision_recall_f1\n"
        "te.metrics.precision_recall_f1 = lambda p, y, num_classes: right(y, p, num_classes)",
        (),
        "precision · answers = TP",
    ),
    "a pooling that takes the mean": (
        "from tinygrad_edu import nn\nnn.MaxPool2d = nn.AvgPool2d",
        (),
        "logits by hand against the network",
    ),
}  # fmt: skip

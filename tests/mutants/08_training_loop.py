"""Mutants of lesson 8: changes that make it fail, and the check that must see them."""

MUTANTS = {
    "update uphill": (
        "import tinygrad_edu as te\n"
        "right = te.optim.SGD.update\n"
        "te.optim.SGD.update = lambda self, theta, g, *rest: right(self, theta, -g, *rest)",
        (),
        "the step made it smaller",
    ),
    "sum for mean": (
        "import tinygrad_edu.nn.functional as F\n"
        "right = F.cross_entropy\n"
        "F.cross_entropy = lambda z, y, how='mean': right(z, y, 'sum' if how == 'mean' else how)",
        (),
        "∂L/∂weight, library - by hand",
    ),
    "test rows that were trained on": (
        "", ("parts = np.concatenate([train_x, valid_x, test_x])",
             "parts = np.concatenate([train_x, valid_x, train_x[:60]])"),
        "different rows",
    ),
    "the last batch dropped": (
        "from functools import partial\n"
        "import tinygrad_edu as te\n"
        "te.data.DataLoader = partial(te.data.DataLoader, drop_last=True)",
        (),
        "each row once",
    ),
    "rows drawn with repetition": (
        "import numpy, tinygrad_edu as te\n"
        "class Loader(te.data.DataLoader):\n"
        "    def __iter__(self):\n"
        "        random = numpy.random.default_rng(0)\n"
        "        n, size = len(self.dataset), self.batch_size\n"
        "        order = random.integers(0, n, n)\n"
        "        for i in range(0, n, size):\n"
        "            yield self.dataset[order[i : i + size]]\n"
        "te.data.DataLoader = Loader",
        (),
        "each row once",
    ),
    "no new order in each epoch": (
        "", ("batch_size=32, shuffle=True)\nepochs_seen", "batch_size=32)\nepochs_seen"),
        "two epochs in the same order",
    ),
    "batches weighed alike by evaluate()": (
        "import tinygrad_edu as te\n"
        "from tinygrad_edu import training\n"
        "right = training._Totals.add\n"
        "training._Totals.add = lambda self, rows, *rest: right(self, 1, *rest)",
        (),
        "evaluate() of the library",
    ),
    "mean of the batches in the loop": (
        "", ("total += len(x) * loss.item()", "total += 30 * loss.item()"),
        "training losses, bit for bit",
    ),
    "gradients that do not add up": (
        "", ("F.cross_entropy(data[0] @ W, data[1]).backward()\n    g =",
             "W.grad = None\n    F.cross_entropy(data[0] @ W, data[1]).backward()\n    g ="),
        "2 backward passes",
    ),
    "reset where there should be none": (
        "", ("full_batch(reset=False)", "full_batch(reset=True)"), "W without reset - momentum",
    ),
    "another seed for fit()": (
        "", ("same_model = nn.Linear", "te.manual_seed(99)\nsame_model = nn.Linear"),
        "training losses, bit for bit",
    ),
    "chosen and measured on the same rows": (
        "", ("honest.append(accuracies_of(best_model, ROWS)[0])",
             "honest.append(on_validation.max())"),
        "measured on others",
    ),
    "precision and recall exchanged": (
        "import tinygrad_edu as te\n"
        "right = te.metrics.precision_recall_f1\n"
        "def wrong(*a, **k):\n"
        "    s = right(*a, **k)\n"
        "    return s._replace(precision=s.recall, recall=s.precision)\n"
        "te.metrics.precision_recall_f1 = wrong",
        (),
        "precision",
    ),
}  # fmt: skip

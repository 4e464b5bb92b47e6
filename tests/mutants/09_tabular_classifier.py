"""Mutants of lesson 9: changes that make it fail, and the check that must see them."""

MUTANTS = {
    "a missing label overlooked": (
        "", (" | np.isnan(table.labels)", ""), "rows with a missing value",
    ),
    "repeats left in": ("", ("if key in first_line:", "if key == 0:"), "repeated rows"),
    "clean() that keeps the last of repeats": (
        "from tinygrad_edu.data.csv_table import CsvTable\n"
        "right = CsvTable.clean\n"
        "def clean(t): return right(t._replace(duplicates=[(b, a) for a, b in t.duplicates]))\n"
        "CsvTable.clean = clean",
        (),
        "clean() keeps the same rows",
    ),
    "sd that divides by n - 1": (
        "", ("rest_x.std(axis=0)\n", "rest_x.std(axis=0, ddof=1)\n"),
        "fit_transform() of the training rows",
    ),
    "test rows scaled by themselves": (
        "import tinygrad_edu as te\n"
        "te.data.StandardScaler.transform = lambda self, x: (x - x.mean(axis=0)) / x.std(axis=0)",
        (),
        "transform() of the test rows",
    ),
    "a leak: mean of all rows": (
        "", ("mean, deviation = rest_x.mean(axis=0)", "mean, deviation = features.mean(axis=0)"),
        "fit_transform() of the training rows",
    ),
    "a layer without bias": (
        "", ("nn.Linear(32, 1)", "nn.Linear(32, 1, bias=False)"), "Dense 1: 32 · 1 + 1",
    ),
    "sum for mean": (
        "import tinygrad_edu.nn.functional as F\n"
        "right = F.binary_cross_entropy_with_logits\n"
        "F.binary_cross_entropy_with_logits = lambda z, y: right(z, y, reduction='sum')",
        (),
        "loss from logits, against the formula",
    ),
    "unscaled rows scaled": (
        "", ('("unscaled", rest_x)):\n    te.manual_seed(options.seed)\n    networks',
             '("unscaled", rest_z)):\n    te.manual_seed(options.seed)\n    networks'),
        "unscaled: training loss of epoch 10",
    ),
    "leaky ReLU": (
        "import tinygrad_edu as te\n"
        "te.nn.ReLU.forward = lambda self, x: te.where(x > 0, x, 0.1 * x)",
        (),
        "largest gradient of a dead neuron",
    ),
    "precision and recall exchanged": (
        "", ("precision, recall = TP", "recall, precision = TP"),
        "precision, against the library's",
    ),
}  # fmt: skip

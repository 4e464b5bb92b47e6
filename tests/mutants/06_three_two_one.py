"""Mutants of lesson 6: changes that make it fail, and the check that must see them."""

MUTANTS = {
    "loss without the term of y = 0": (
        "", ("return -y * np.log(prediction) - (1 - y) * np.log(1 - prediction)",
             "return -y * np.log(prediction)"), "J = -ln 0.2",
    ),
    "cross-entropy of the wrong label in the library": (
        "import tinygrad_edu.nn.functional as F\n"
        "right = F.binary_cross_entropy_with_logits\n"
        "F.binary_cross_entropy_with_logits = lambda z, y: right(z, 1 - y)",
        (),
        "J = -ln 0.2",
    ),
    "a dense layer that broadcasts": (
        "import tinygrad_edu.nn.functional as F\nF.linear = lambda x, w, b: x @ w + b",
        (),
        "a dense layer with a weight of three numbers",
    ),
    "w_2 forgotten in δ_1": (
        "", ("delta_2[:, None] * parameters[2] * a_1", "delta_2[:, None] * a_1"), "∂J/∂W_1: ",
    ),
    "the printed factor": ("", ("delta_2 = (y_hat - y) /", "delta_2 = (1 - y_hat) /"), "∂J/∂W_1"),
    "a wrong weight gradient in the library": (
        "import tinygrad_edu.nn.functional as F\n"
        "right = F.linear\n"
        "F.linear = lambda x, w, b: right(x, w, b) + 0.1 * (w - w.detach()).sum()",
        (),
        "∂J/∂W_1 - autograd",
    ),
    "the printed gradients repaired": (
        "", ("factor = a_1 * (1 - a_1) * (1 - y_hat)", "factor = a_1 * (1 - a_1) * (y_hat - y)"),
        "printed / right",
    ),
    "Adam without correction": (
        "import tinygrad_edu as te\n"
        "class Uncorrected(te.optim.Adam):\n"
        "    def __init__(self, params, lr, bias_correction):\n"
        "        super().__init__(params, lr, bias_correction=False)\n"
        "te.optim.Adam = Uncorrected",
        (),
        "002: corrected: J' by the library",
    ),
    "a mean forgotten": ("", ("delta_2 = (y_hat - y) / len(x)", "delta_2 = y_hat - y"),
                         "right gradients, 100 samples"),
    "labels turned round": ("", ("+ 0.3 > 0).astype", "+ 0.3 <= 0).astype"), "labels that are 1"),
    "a tenth of the steps": (
        "", ("train(seed, gradients, 2_000)", "train(seed, gradients, 200)"), "right: largest J",
    ),
    "half the learning rate": ("", ("alpha: float = 1.0", "alpha: float = 0.5"), "J in 200 steps"),
}  # fmt: skip

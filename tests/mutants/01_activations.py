"""Mutants of lesson 1: changes that make it fail, and the check that must see them."""

SLOPE_LACKS_A_FACTOR = (  # a σ of the library whose slope is σ in place of σ (1 - σ)
    "import tinygrad_edu as te\n"
    "@te.op\n"
    "def sigmoid(xp, a, /):\n"
    "    y = 1 / (1 + xp.exp(-a))\n"
    "    return y, lambda g: g * y\n"
    "te.sigmoid = sigmoid"
)
MUTANTS = {
    "σ with base 2": ("", ("1 / (1 + np.exp(-x))", "1 / (1 + 2.0**-x)"), "σ(2)"),
    "σ' of the wrong argument": (
        "", ("    return s * (1 - s)", "    return sigmoid(s) * (1 - sigmoid(s))"),
        "σ': formula against complex step",
    ),
    "tanh' without its square": (
        "", ("1 - tanh(x) ** 2", "1 - tanh(x)"), "tanh': formula against complex step",
    ),
    "ReLU'(0) = 1": ("", ("np.where(x > 0, 1.0, 0.0)", "np.where(x >= 0, 1.0, 0.0)"), "ReLU'(0)"),
    "stable tanh without its sign": (
        "", ("np.sign(x) * (1 - e * e)", "(1 - e * e)"), "stable tanh against the literal one",
    ),
    "slope of σ in the library": (SLOPE_LACKS_A_FACTOR, (), "te: slope of sigmoid"),
    "ReLU in the library as maximum(x, 0)": (  # which gives half the gradient at 0
        "import tinygrad_edu as te\nte.relu = lambda x: te.maximum(x, 0)",
        (),
        "te: slope of ReLU",
    ),
}  # fmt: skip

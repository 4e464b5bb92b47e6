"""Mutants of lesson 5: changes that make it fail, and the check that must see them."""

MUTANTS = {
    "the listing imports NumPy": (
        "", ("# initialise the parameters of the model", "import numpy as np"), "the listing",
    ),
    "forward without the second weights' sign": ("", ("[-0.7]]", "[0.7]]"), "z_3"),
    "mean for sum": ("", ("loss = 0.5 * ((Y - a_3) ** 2).sum()", "loss = ((Y - a_3) ** 2).mean()"),
                     "L: "),
    "δ_3 without its slope": (
        "", ("delta_3 = (y - a_3) * slope(a_3)", "delta_3 = y - a_3"), "δ_3: ",
    ),
    "the slope of the hidden layer from the output": (
        "", ("(delta_3 @ w_2.T) * slope(a_2)", "(delta_3 @ w_2.T) * slope(a_3)"), "δ_2: ",
    ),
    "σ' of the wrong argument in the library": (
        "import tinygrad_edu as te\n"
        "@te.op\n"
        "def sigmoid(xp, a, /):\n"
        "    y = 1 / (1 + xp.exp(-a))\n"
        "    return y, lambda g: g * a * (1 - a)\n"
        "te.sigmoid = sigmoid",
        (),
        "∂L/∂z_3 by autograd",
    ),
    "step uphill in the library": (
        "import tinygrad_edu as te\n"
        "right = te.optim.SGD.update\n"
        "te.optim.SGD.update = lambda self, theta, g, *rest: right(self, theta, -g, *rest)",
        (),
        "w_1': ",
    ),
    "both slopes right": (
        "", ("return sigmoid(a) * (1 - sigmoid(a))", "return a * (1 - a)"), "misread xᵀ δ_2",
    ),
    "gradcheck that accepts everything": (
        "import tinygrad_edu as te\nte.check_vjp = lambda *_: None",
        (),
        "the misread gradient against differences",
    ),
    "the loop goes uphill": (
        "", ("w_1 += eta * (x.T", "w_1 -= eta * (x.T"), "starts of 10 that answer all four",
    ),
}  # fmt: skip

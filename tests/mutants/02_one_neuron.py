"""Mutants of lesson 2: changes that make it fail, and the check that must see them."""

SLOPE_LACKS_A_FACTOR = (  # a σ of the library whose slope is σ in place of σ (1 - σ)
    "import tinygrad_edu as te\n"
    "@te.op\n"
    "def sigmoid(xp, a, /):\n"
    "    y = 1 / (1 + xp.exp(-a))\n"
    "    return y, lambda g: g * y\n"
    "te.sigmoid = sigmoid"
)
MUTANTS = {
    "δ without f'": ("", ("delta = dL_dy_hat * slope", "delta = dL_dy_hat"), ", δ: "),
    "no f' in the hidden layer": (
        "", ("(W2 @ delta2) * a1 * (1 - a1)", "W2 @ delta2"), "largest difference",
    ),
    "many samples, the mean for the sum": (
        "", ('"b1 = Σ δ", D1.sum(axis=0)', '"b1 = Σ δ", D1.mean(axis=0)'), "∂L/∂b1 = Σ δ",
    ),
    "one way in place of the sum of the ways": (
        "", ("delta1 = (W2 @ delta2)", "delta1 = (W2[:, 0] * delta2[0])"), "largest difference",
    ),
    "slopes of a product exchanged": (
        "", ("(other.data, self.data)", "(self.data, other.data)"), "first attempt",
    ),
    "σ' of the wrong argument": (
        "", ("(s * (1 - s),)", "(sigmoid(s) * (1 - sigmoid(s)),)"), "first attempt: ∂L/∂w",
    ),
    "recursion in place of the order": (
        "",
        ("Value.backward = backward",
         "Value.backward = lambda v: (setattr(v, 'grad', 1.0), first_attempt(v))"),
        "∂L/∂w by Values",
    ),
    "each once in place of the order": (
        "",
        ("Value.backward = backward",
         "Value.backward = lambda v: (setattr(v, 'grad', 1.0), second_attempt(v))"),
        "∂L/∂w by Values",
    ),
    "oldest first": ("", ("value.time, reverse=True", "value.time"), "∂L/∂w by Values"),
    "= in place of +=": (
        "",
        ("x.grad += slope * value.grad\n\n\nValue.backward",
         "x.grad = slope * value.grad\n\n\nValue.backward"),
        "∂L/∂w by Values",
    ),
    "slope of σ in the library": (SLOPE_LACKS_A_FACTOR, (), "∂L/∂w, explained"),
}  # fmt: skip

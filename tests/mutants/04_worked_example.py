"""Mutants of lesson 4: changes that make it fail, and the check that must see them."""

MUTANTS = {
    "σ(2) as printed": ("", ("return 1 / (1 + np.exp(-z))", "return 0.612 + 0 * z"), "ŷ = σ(Z)"),
    "label not one-hot": ("", ("Y = np.hstack([y, 1 - y])", "Y = y"), "y - ŷ, off the diagonal"),
    "mean for sum": ("", ("(error * error).sum()", "(error * error).mean()"), "L, their sum"),
    "σ' of the wrong argument": (
        "", ("slope = prediction * (1", "slope = sigmoid(prediction) * (1"), "σ'(2): ",
    ),
    "σ' of the wrong argument in the library": (
        "import tinygrad_edu as te\n"
        "@te.op\n"
        "def sigmoid(xp, a, /):\n"
        "    y = 1 / (1 + xp.exp(-a))\n"
        "    return y, lambda g: g * a * (1 - a)\n"
        "te.sigmoid = sigmoid",
        (),
        "∂L/∂W by autograd",
    ),
    "mean for sum in the gradient of b": (
        "", ("grad_b = delta.sum(axis=0)", "grad_b = delta.mean(axis=0)"), "∂L/∂b, both entries",
    ),
    "step uphill": ("", ("new_W = W - alpha", "new_W = W + alpha"), "W', diagonal"),
    "step uphill in the library": (
        "import tinygrad_edu as te\n"
        "right = te.optim.SGD.update\n"
        "te.optim.SGD.update = lambda self, theta, g, *rest: right(self, theta, -g, *rest)",
        (),
        "W': ",
    ),
    "learning rate dropped": ("", ("alpha = 0.1", "alpha = 1.0"), "W', diagonal"),
    "transposed gradient of a weight in the library": (  # I1 is symmetric and cannot see it
        "import tinygrad_edu as te\n"
        "@te.op\n"
        "def matmul(xp, a, b, /):\n"
        "    return a @ b, lambda g: g @ b.T, lambda g: (a.T @ g).reshape(b.T.shape).T\n"
        "te.Tensor.__matmul__ = matmul",
        (),
        "I2: gradients, library - complex step",
    ),
    "losses that broadcast": (
        "import tinygrad_edu.nn.functional as F\n"
        "right = F.mse_loss\n"
        "F.mse_loss = lambda p, y, *how: right(p, p.numpy() * 0 + y, *how)",
        (),
        "mse_loss on a label of shape (2, 1)",
    ),
    "bias forgotten in the loop": (
        "", ("b = b - alpha * delta.sum", "b = b - 0 * delta.sum"), "L after 1 step",
    ),
    "transposed gradient of a weight": (
        "", ('"none": lambda x, z, e, d: (x.T @ d', '"none": lambda x, z, e, d: (d.T @ x'),
        "the right formulas",
    ),
}  # fmt: skip

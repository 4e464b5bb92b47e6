"""Mutants of lesson 7: changes that make it fail, and the check that must see them."""

MUTANTS = {
    "one sign turned": (
        "", ("theta + alpha * -slope(theta)", "theta + alpha * slope(theta)"),
        "the documents, each for itself",
    ),
    "the error known to all": (
        "", ("    error = output", "    global error\n    error = output"),
        "gradient_descent as printed",
    ),
    "the old error renewed": (
        "",
        ("frozen[-1] - 0.1 * old_gradient",
         "frozen[-1] - 0.1 * ((frozen[-1] * inputs - targets) * inputs).mean()"),
        "with the old error, distance",
    ),
    "bound of the smallest eigenvalue": (
        "", ("2 / eigenvalues.max(), 2", "2 / eigenvalues.min(), 2"), "at the bound",
    ),
    "momentum as a mean": (
        "", ("self.mu * self.b + g", "self.mu * self.b + (1 - self.mu) * g"),
        "b after 100 equal gradients",
    ),
    "SGD of the library forgets its momentum": (
        "from functools import partial\n"
        "import tinygrad_edu as te\n"
        "right = te.optim.SGD\n"
        "te.optim.SGD = lambda p, lr, momentum=0: right(p, lr)",
        (),
        "momentum: ",
    ),
    "Adagrad of the library forgets": (
        "import tinygrad_edu as te\nte.optim.Adagrad = te.optim.RMSprop", (), "Adagrad: ",
    ),
    "Adam of the library without correction": (
        "import tinygrad_edu as te\n"
        "right = te.optim.Adam\n"
        "te.optim.Adam = lambda p, lr, bias_correction=True: right(p, lr, bias_correction=False)",
        (),
        "Adam, corrected",
    ),
    "t one too large": (
        "", ("self.m, self.v, self.t = 0.0, 0.0, 0", "self.m, self.v, self.t = 0.0, 0.0, 1"),
        "Adam, corrected",
    ),
    "second derivatives squared": (
        "", ("* self.curvature(theta)\n", "* g**2\n"), "second step as printed, by hand",
    ),
    "β₂ of 0.99": ("", ("self.beta2 = 0.9, 0.999", "self.beta2 = 0.9, 0.99"), "Adam, corrected"),
    "the square root found again": (
        "", ("self.alpha * (1 - 0.999**self.t) /", "self.alpha * (1 - 0.999**self.t) ** 0.5 /"),
        "002 §3.3 on ½ θ², θ after 100 steps",
    ),
    "ε of Keras beside the corrected root": (
        "",
        ("return theta - rate * self.m / (np.sqrt(self.v) + self.eps)",
         "return theta - rate * self.m / (np.sqrt(self.v) + self.eps * 0.0316)"),
        "Keras, θ₁ … θ₅",
    ),
    "the valley not turned": (
        "", ("math.cos(math.radians(30)), math.sin(math.radians(30))", "1.0, 0.0"),
        "Adagrad: steps, turned / along",
    ),
    "no learning on the digits": (
        "", ("            self.optimizer.step()\n", ""), "loss, at the end / at the start",
    ),
    "both Adams corrected": (
        "", ("te.optim.Adam(p, lr, bias_correction=False)", "te.optim.Adam(p, lr)"),
        "training loss of 003 / that of 002",
    ),
}  # fmt: skip

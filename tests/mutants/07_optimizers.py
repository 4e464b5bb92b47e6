"""Mutants of lesson 7: changes that make it fail, and the check that must see them."""

MUTANTS = {
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
    "second derivatives squared": (
        "", ("* self.curvature(theta)\n", "* g**2\n"), "second step as printed, by hand",
    ),
    "the square root found again": (
        "", ("self.alpha * (1 - 0.999**self.t) /", "self.alpha * (1 - 0.999**self.t) ** 0.5 /"),
        "002 §3.3 on ½ θ², θ after 100 steps",
    ),
    "the valley not turned": (
        "", ("math.cos(math.radians(30)), math.sin(math.radians(30))", "1.0, 0.0"),
        "Adagrad: steps, turned / along",
    ),
    "both Adams corrected": (
        "", ("te.optim.Adam(p, lr, bias_correction=False)", "te.optim.Adam(p, lr)"),
        "training loss of 003 / that of 002",
    ),
}  # fmt: skip

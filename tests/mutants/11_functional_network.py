"""Mutants of lesson 11: changes that make it fail, and the check that must see them."""

MUTANTS = {
    "a forward without its second ReLU": (
        "",
        ("x = F.relu(self.hidden_2(x))", "x = self.hidden_2(x)"),
        "Module = function, bit for bit",
    ),
    "an output for eleven digits": (
        "", ("nn.Linear(64, 10)", "nn.Linear(64, 11)"), "parameters of Dense 10",
    ),
    "columns without the transpose of b": (
        "", ("W.T @ A.T + b[:, None]", "W.T @ A.T + b[0]"), "largest difference",
    ),
    "one layer where two are meant": (
        "",
        ("F.sigmoid(tied(F.sigmoid(tied(x_train[:32]))))", "F.sigmoid(tied(x_train[:32]))"),
        "the formulas of 004 §4.3, literally",
    ),
    "only one way back into a tied W": (
        "",
        ("two_layers(x3, W, b, W, b), [W, b]", "two_layers(x3, W, b, W.detach(), b), [W, b]"),
        "∂L/∂W - (∂L/∂W₁ + ∂L/∂W₂)",
    ),
    "softmax over the images": (
        "", ("F.softmax(z).sum(axis=1)", "F.softmax(z, axis=0).sum(axis=1)"), "sum of softmax",
    ),
    "sum over the batch, not the mean": (
        "", (".sum() / len(z)", ".sum()"), "one-hot loss - sparse loss",
    ),
    "one-hot rows the wrong way round": (
        "", ("te.one_hot(labels, 10", "te.one_hot(9 - labels, 10"), "one-hot loss - sparse",
    ),
    "the first fifth": (
        "",
        ("(array[:cut], array[cut:])", "(array[-cut:], array[:-cut])"),
        "they are the last",
    ),
    "shuffled labels": (
        "", ("batches = te.data.DataLoader((x_fit, Y_fit)",
             "batches = te.data.DataLoader((x_fit, Y_fit[::-1])"), "training loss of the last",
    ),
    "rows that are not sorted": (
        "",
        ("x_train[order], y_train[order]", "x_train, y_train"),
        "sorted rows: validation accuracy",
    ),
    "a skip that doubles": ("", ("+ around  #", "+ 2 * around  #"), "the skip alone gives"),
}  # fmt: skip

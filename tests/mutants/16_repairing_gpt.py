"""Mutants of lesson 16: changes that make it fail, and the check that must see them."""

MUTANTS = {
    "a listing that reads its embedding": (
        "", ("        return output\n", "        return output + embedded\n"), "names it makes",
    ),
    "a tensor that can be written to": (
        "import tinygrad_edu as te\n"
        "te.Tensor.__setitem__ = lambda x, key, value: x.data.__setitem__(key, value.data)",
        (),
        "bug 5: writing into output",
    ),
    "a listing that looks at its words": (
        "",
        ("return te.stack(rows)", "return te.stack(rows) * (1 + self.embedding(x).mean())"),
        "the answers are the same",
    ),
    "positions as classes": (
        "",
        ("right = F.cross_entropy(z.reshape", "right = F.cross_entropy(z.swapaxes(1, 2).reshape"),
        "the loss, by hand",
    ),
    "sum for mean": (
        "import tinygrad_edu.nn.functional as F\n"
        "right = F.cross_entropy\n"
        "F.cross_entropy = lambda z, y, reduction='sum': right(z, y, reduction)",
        (),
        "the loss, by hand",
    ),
    "verbs in the singular only": ("", ("{verb[number]} the", "{verb[0]} the"), "bigram entropy"),
    "Adam uphill": (
        "import tinygrad_edu as te\n"
        "right = te.optim.Adam.update\n"
        "te.optim.Adam.update = lambda self, theta, g, *rest: right(self, theta, -g, *rest)",
        (),
        "the listing, against word frequencies",
    ),
    "one-hot rows of the word before": (
        "", ("te.one_hot(inputs[0], 10_000)", "te.one_hot(inputs[1], 10_000)"), "one-hot",
    ),
    "a validation with dropout": (
        "", ("    model.eval()\n    with te.no_grad()", "    with te.no_grad()"), "weighted - all",
    ),
    "a repair that looks at the other words": (
        "",
        ("        return self.layers(embedded)  #",
         "        return self.layers(embedded + embedded.mean(axis=1, keepdims=True))  #"),
        "the two steps are the network",
    ),
}  # fmt: skip

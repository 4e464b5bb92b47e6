"""Mutants of lesson 17: changes that make it fail, and the check that must see them."""

MUTANTS = {
    "sentences without agreement": (
        "from tinygrad_edu.data import grammar\n"
        "right = grammar.sentences\n"
        "grammar.sentences = lambda *a, **k: "
        "[s.replace(' sees ', ' see ') for s in right(*a, **k)]",
        (),
        "training sentences that follow the rule",
    ),
    "targets that are not shifted": (
        "",
        ("train_rows[:, :-1], train_rows[:, 1:]", "train_rows[:, :-1], train_rows[:, :-1]"),
        "targets are the inputs, one place later",
    ),
    "counts that look one word too far": (
        "import tinygrad_edu as te\n"
        "right = te.data.NGram\n"
        "te.data.NGram = lambda V, k, s: right(V, k + 1, s)",
        (),
        "order 1, counted",
    ),
    "mean for sum": (
        "", ('reduction="sum").item()\nmean', ").item()\nmean"), "the document's sum, by hand",
    ),
    "no positions": (
        "from tinygrad_edu.nn import transformer\n"
        "right = transformer.LanguageModel.embedded\n"
        "def embedded(self, tokens, start=0):\n"
        "    x = right(self, tokens, start)\n"
        "    return x - self.positions.weight[start : start + x.shape[-2]]\n"
        "transformer.LanguageModel.embedded = embedded",
        (),
        "x = E[token] + P[t]",
    ),
    "a block that normalises afterwards": (
        "from tinygrad_edu import nn\n"
        "def forward(self, x, mask=None, cache=None):\n"
        "    x = self.attention_norm(x + self.attention(x))\n"
        "    return self.feed_forward_norm(x + self.feed_forward(x))\n"
        "nn.TransformerBlock.forward = forward",
        (),
        "nn.TransformerBlock - by hand",
    ),
    "a GELU a little too steep": (
        "", ("0.5 * z * (1 + np.tanh(", "z * (0.5 + 0.5 * np.tanh(1.001 * "),
        "nn.TransformerBlock - by hand",
    ),
    "a GPT without its last norm": (
        "", ('dense(norm(x, part(w, "norm")), part(w, "head"))', 'dense(x, part(w, "head"))'),
        "nn.GPT - by hand",
    ),
    "a larger hidden layer": (
        "", ("hidden_dim=64, dropout", "hidden_dim=65, dropout"), "feed-forward of all blocks",
    ),
    "blocks that do not add": (
        "", ("x + found if add else found", "found"), "add only: it explodes",
    ),
    "no causal mask": (
        "from tinygrad_edu import nn\n"
        "right = nn.GPT.__init__\n"
        "def init(self, *sizes, **options):\n"
        "    right(self, *sizes, **options)\n"
        "    for block in self.blocks:\n"
        "        block.attention.causal = False\n"
        "nn.GPT.__init__ = init",
        ("gpt_by_hand(inputs[0], check.state_dict(), 4)", "check(inputs[0]).numpy()"),
        "outputs 0 to 6 are the same",
    ),
    "Adam uphill": (
        "import tinygrad_edu as te\n"
        "right = te.optim.Adam.update\n"
        "te.optim.Adam.update = lambda self, theta, g, *rest: right(self, theta, -g, *rest)",
        (),
        "validation loss, below order 2",
    ),
    "a cache that forgets": (
        "from tinygrad_edu.nn import attention\n"
        "right = attention.KeyValueCache.extended\n"
        "def extended(self, k, v):\n"
        "    keys, values = right(self, k, v)\n"
        "    return (k, v) if keys.shape[-2] > 6 else (keys, values)\n"
        "attention.KeyValueCache.extended = extended",
        (),
        "the same words with the cache",
    ),
    "hidden words that are not hidden": (
        "import tinygrad_edu as te\n"
        "from tinygrad_edu import nn\n"
        "right = nn.MaskedLanguageModel.hide\n"
        "def hide(self, x, *a, **k):\n"
        "    return te.asarray(x), *right(self, x, *a, **k)[1:]\n"
        "nn.MaskedLanguageModel.hide = hide",
        (),
        "share that becomes [mask]",
    ),
    "a masked model that sees the left side only": (
        "from tinygrad_edu import nn\n"
        "right = nn.MaskedLanguageModel.__init__\n"
        "def init(self, *sizes, **options):\n"
        "    right(self, *sizes, **options)\n"
        "    for block in self.blocks:\n"
        "        block.attention.causal = True\n"
        "nn.MaskedLanguageModel.__init__ = init",
        (),
        "subject, from both sides",
    ),
}  # fmt: skip

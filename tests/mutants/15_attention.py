"""Mutants of lesson 15: changes that make it fail, and the check that must see them."""

MUTANTS = {
    "softmax over the queries": (
        "", ("weights = softmax(scores)  #", "weights = softmax(scores, axis=0)  #"),
        "weights - known digits",
    ),
    "divided by d_k": (
        "", ("scores = dot_products / math.sqrt(2)", "scores = dot_products / 2"),
        "weights - known digits",
    ),
    "variance divided twice": (
        "", ("(dots / math.sqrt(d_k)).var()", "(dots / d_k).var()"), "variance after scaling",
    ),
    "the library sees one word ahead": (
        "import tinygrad_edu.ops.attention as attention\n"
        "attention._causal = lambda scores: (*scores.shape[-2:], 1)",
        (),
        "causal weights - library",
    ),
    "the mask after the softmax": (
        "",
        ('"causal mask": lambda x: self_attention(x, np.tri(len(x), dtype=bool))',
         '"causal mask": zeros_after_softmax'),
        "causal mask: outputs before j",
    ),
    "column sums in the backward pass": (
        "",
        ("dS = A * (dA - (dA * A).sum(axis=1, keepdims=True))\n    dQ",
         "dS = A * (dA - (dA * A).sum(axis=0, keepdims=True))\n    dQ"),
        "dQ - autograd",
    ),
    "twice the gradient of q in the library": (
        "import tinygrad_edu as te\n"
        "import tinygrad_edu.nn.functional as F\n"
        "right = F.scaled_dot_product_attention\n"
        "twice = te.op(lambda xp, a, /: (a * 1.0, lambda g: 2 * g))\n"
        "F.scaled_dot_product_attention = lambda q, *rest, **o: right(twice(q), *rest, **o)",
        (),
        "dQ - the library's attention",
    ),
    "heads that mix the words in the library": (
        "import tinygrad_edu as te\n"
        "from tinygrad_edu import nn\n"
        "nn.MultiHeadAttention._heads = lambda self, x: te.reshape(\n"
        "    x, (x.shape[0], self.num_heads, x.shape[1], -1))",
        (),
        "by hand - layer in float32",
    ),
    "the mean of one pair": (
        "", ("pairs.mean(axis=1), question", "pairs[:, 0], question"),
        "with the mean: values moved round",
    ),
    "a question that does not ask": (
        "", ("self.attention(question, pairs)[:, 0]",
             "self.attention(pairs.mean(axis=1, keepdims=True), pairs)[:, 0]"),
        "with attention: accuracy",
    ),
}  # fmt: skip

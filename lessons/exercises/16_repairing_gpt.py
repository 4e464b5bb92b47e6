"""Exercises of lesson 16: the size of a GPT, its loss, an entropy, and a backward pass in NumPy.

Put your answer in place of each `...`, then run: tinygrad-edu check 16
"""

import numpy as np


def gpt_parameters(V, T, d, h, layers):
    """The number of parameters of a GPT: V words, windows of T words, width d, hidden width h.

    Add up, with biases everywhere but in the two embeddings:

        token embedding          a table (V, d)
        position embedding       a table (T, d)
        in each of the layers    four Linear(d, d) for the attention,
                                 Linear(d, h) and Linear(h, d),
                                 two layer norms, each with d factors and d offsets
        a last layer norm
        the head                 Linear(d, V)
    """
    ...


def language_model_loss(logits, tokens):
    """The mean cross-entropy of the next word, one number.

    tokens (B, T) are B sentences; logits (B, T, V) are the scores of the word that comes after each
    of them. What comes after the last word of a sentence is not known, so the logits there are not
    used: logits[:, t] are compared with tokens[:, t + 1]. Flatten both, take the softmax over the
    V words, and average -log(probability of the right word) over all B (T - 1) places.
    """
    ...


def bigram_entropy(counts):
    """H(b | a) = -Σ p(a, b) ln p(b | a), in nats, of a table of counts (V, V).

    Nats: ln is the natural logarithm. counts[a, b] says how often b came after a. p(a, b) is
    counts[a, b] / (sum of all counts), and p(b | a) is counts[a, b] / (sum of row a). Pairs with
    the count 0 add nothing; some rows may consist of zeros only.
    """
    ...


def repaired_backward(tokens, E, W1, b1, W2, dZ):
    """The gradients (dE, dW1, db1, dW2, db2) of the repaired listing, without dropout.

    Forward, for N tokens (whole numbers), a table E (V, D), and H hidden neurons:

        x = E[tokens]                (N, D): row n is row tokens[n] of E
        a = tanh(x @ W1 + b1)        (N, D) @ (D, H) + (H,)
        Z = a @ W2 + b2              (N, H) @ (H, V) + (V,)

    dZ (N, V) is the gradient for Z. First go forward and keep what you need: b2 is not needed. Then
    go back. The derivative of tanh is 1 - a², where a is its value. The last step is dE, with the
    shape of E: row v is the sum of all rows dx[n] with tokens[n] == v. A word that comes twice gets
    both; np.add.at helps, while dE[tokens] += dx keeps only one of them.
    """
    ...

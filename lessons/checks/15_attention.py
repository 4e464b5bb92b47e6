"""What the answers to the exercises of lesson 15 are checked with: the library itself."""

import numpy as np

import tinygrad_edu as te
import tinygrad_edu.nn.functional as F
from tinygrad_edu.exercise import gradients, values


def softmax(S, axis=-1):
    return F.softmax(te.tensor(S), axis=axis).numpy()


def draw_scores(random):
    """Usual scores, huge ones, some of -∞, and rows far apart from each other."""
    usual, huge, masked = (random.normal(size=(4, 6)) for _ in range(3))
    masked[np.arange(4), [0, 2, 5, 2]] = -np.inf
    apart = usual + [[0], [735], [0], [0]]
    return [(usual,), (400 * huge + 700,), (masked,), (apart,)]


def softmax_by_the_largest_of_all(S):
    powers = np.exp(S - S.max())
    return powers / powers.sum(axis=1, keepdims=True)


def draw_attention(random, queries=7):
    """Keys of length 3, values of length 2, 5 keys: Q, K, V."""
    return tuple(random.normal(size=size) for size in ((queries, 3), (5, 3), (5, 2)))


def attention(Q, K, V):
    return F.scaled_dot_product_attention(te.tensor(Q), te.tensor(K), te.tensor(V)).numpy()


def draw_places(random):
    """Texts of 5 words, of 2 and of a single one: Q, K."""
    return [tuple(random.normal(size=(2, time, 3))) for time in (5, 2, 1)]


def causal_weights(Q, K):
    return F.attention_weights(te.tensor(Q), te.tensor(K), is_causal=True).numpy()


def draw_backward(random):
    return *draw_attention(random), random.normal(size=(7, 2))


def attention_backward(Q, K, V, G):
    places = [te.tensor(x, requires_grad=True) for x in (Q, K, V)]
    output = F.scaled_dot_product_attention(*places)
    return tuple(g.numpy() for g in te.grad((output * te.tensor(G)).sum(), places))


def wrong_backwards(Q, K, V, G):
    """The steps of the backward pass, each with its typical mistake."""
    root = np.sqrt(3)  # √d_k
    A = softmax(Q @ K.T / root)
    dA, right_V = G @ V.T, A.T @ G

    def through(dS, scale=root):
        return dS @ K / scale, dS.T @ Q / scale, right_V

    def dS(axis):
        return A * (dA - (dA * A).sum(axis=axis, keepdims=True))

    return {
        "rowsum(dA ⊙ A) was left out": through(A * dA),
        "A (1 - A), as if a weight hung on its own score only": through(dA * A * (1 - A)),
        "the sum of dA ⊙ A runs over the queries in place of the keys": through(dS(axis=0)),
        "dA was taken for dS, so the softmax is left out": through(dA),
        "1/√d_k was left out behind the softmax": through(dS(axis=1), scale=1),
        "d_k in place of √d_k behind the softmax": through(dS(axis=1), scale=3),
    }


EXERCISES = [
    values(
        "softmax_rows", "the weights from the scores", draw_scores, softmax,
        mistakes={
            "the columns add up to 1; the keys are the last axis: axis=1":
                lambda S: softmax(S, axis=0),
            "the largest score of the whole matrix is subtracted; take that of each row: axis=1":
                softmax_by_the_largest_of_all,
        },
    ),
    values(
        "attention", "the formula of the document",
        lambda random: [draw_attention(random), draw_attention(random, queries=1)], attention,
        mistakes={
            "these are the numbers without √d_k": lambda Q, K, V: softmax(Q @ K.T) @ V,
            "these are the numbers with d_k in place of √d_k":
                lambda Q, K, V: softmax(Q @ K.T / 3) @ V,
            "√(number of keys) in place of √d_k; d_k is the length of a key: K.shape[1]":
                lambda Q, K, V: softmax(Q @ K.T / np.sqrt(5)) @ V,
            "the softmax runs over the queries; it belongs to the keys, the last axis":
                lambda Q, K, V: softmax(Q @ K.T / np.sqrt(3), axis=0) @ V,
        },
    ),
    values(
        "causal_weights", "the weights of a GPT", draw_places, causal_weights,
        mistakes={
            "the later weights are 0, but the rows do not add up to 1: mask before the softmax":
                lambda Q, K: np.tril(softmax(Q @ K.T / np.sqrt(3))),
            "later scores of 0 are no mask: exp(0) = 1; they have to be -∞":
                lambda Q, K: softmax(np.tril(Q @ K.T / np.sqrt(3))),
            "there is no mask here": lambda Q, K: softmax(Q @ K.T / np.sqrt(3)),
        },
    ),
    gradients(
        "attention_backward", "the whole backward pass of attention, by hand",
        draw_backward, attention_backward, ["dQ", "dK", "dV"], alternatives=wrong_backwards,
    ),
]  # fmt: skip

"""What the answers to the exercises of lesson 17 are checked with: the library itself."""

import numpy as np

import tinygrad_edu as te
import tinygrad_edu.nn.functional as F
from tinygrad_edu.exercise import gradients, values


def draw_sentences(random):
    """Tokens of 3 sentences with 5 words; of one with a single word."""
    return [(random.integers(1, 24, (3, 5)), 0), (np.array([[7]]), 9)]


def shift(sentences, start):
    """The shift of te.data.next_token_windows, sentence by sentence."""
    streams = [np.array([start, *sentence]) for sentence in sentences]
    windows = [te.data.next_token_windows(stream, len(stream) - 1) for stream in streams]
    inputs, targets = zip(*windows, strict=True)
    return np.concatenate(inputs), np.concatenate(targets)


def draw_logits(random):
    """5 rows of 7 words at several settings; the last logits are too large for exp."""
    cases = (1.0, 7), (0.5, 7), (2.0, 3), (1.0, 1)
    drawn = [(random.normal(size=(5, 7)), *case, random.random(5)) for case in cases]
    drawn.append((1000 + random.normal(size=(5, 7)), 1.0, 4, random.random(5)))
    apart = random.normal(size=(5, 7)) + [[0], [0], [735], [0], [0]]  # one row near 735
    return [*drawn, (apart, 1.0, 7, random.random(5))]


def chosen(p, points):
    """The word of each point, by a loop over the stretches."""
    words = []
    for row, point in zip(p, points, strict=True):
        word, end = 0, row[0]
        while end <= point and word < len(row) - 1:
            word += 1
            end += row[word]
        words.append(word)
    return np.array(words)


def choose(logits, temperature, top_k, points):
    """Softmax of the library, and the words."""
    z = te.tensor(logits / temperature)
    kept = [np.argsort(-row)[:top_k] for row in logits]
    is_kept = np.array(
        [np.isin(np.arange(len(row)), k) for row, k in zip(logits, kept, strict=True)]
    )
    p = F.softmax(te.where(te.tensor(is_kept), z, -np.inf)).numpy()
    return p, chosen(p, points)


def by_the_largest_of_all(logits, temperature, top_k, points):
    """With the largest logit of the whole matrix subtracted: other rows nearly vanish."""
    z = logits / temperature
    z = np.where(z < np.sort(z, axis=1)[:, [-top_k]], -np.inf, z)
    p = np.exp(z - z.max())
    p = p / p.sum(axis=1, keepdims=True)
    return p, (np.cumsum(p, axis=1) <= points[:, None]).sum(axis=1)


WRONG_CHOICES = {
    "the largest logit of the whole matrix is subtracted; take that of each row: axis=1": (
        by_the_largest_of_all
    ),
    "it multiplies by the temperature; divide: a high temperature makes the choice more even": (
        lambda logits, t, top_k, points: choose(logits, 1 / t, top_k, points)
    ),
    "the temperature is left out": (
        lambda logits, t, top_k, points: choose(logits, 1.0, top_k, points)
    ),
    "no word is left out: top_k is not used": (
        lambda logits, t, top_k, points: choose(logits, t, logits.shape[1], points)
    ),
    "the words are the most likely ones; take the stretch in which the point lies": (
        lambda logits, t, top_k, points: (
            choose(logits, t, top_k, points)[0],
            logits.argmax(axis=1),
        )
    ),
}


def draw_rows(random):
    """Rows far from mean 0 and variance 1; and rows that hardly vary, where eps counts."""
    cases = (1.0, 3.0), (1e-3, 0.0)
    return [
        (scale * random.normal(size=(6, 4)) + offset, random.normal(size=4), random.normal(size=4))
        for scale, offset in cases
    ]


def layer_norm(x, weight, bias):
    return F.layer_norm(te.tensor(x), te.tensor(weight), te.tensor(bias)).numpy()


def draw_backward(random):
    """7 rows of 5 numbers that vary so little that eps counts."""
    return 0.01 * random.normal(size=(7, 5)) + 1, random.normal(size=5), random.normal(size=(7, 5))


def layer_norm_gradients(x, weight, dy):
    leaves = [te.tensor(value, requires_grad=True) for value in (x, weight, np.zeros(x.shape[1]))]
    found = te.grad(F.layer_norm(*leaves), leaves, grad_output=te.tensor(dy))
    return tuple(gradient.numpy() for gradient in found)


def wrong_layer_norm_gradients(x, weight, dy):
    _, dweight, dbias = layer_norm_gradients(x, weight, dy)
    centred = x - x.mean(axis=1, keepdims=True)
    root = np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-5)
    n, dn = centred / root, dy * weight
    through_mean = dn.mean(axis=1, keepdims=True)
    through_variance = n * (dn * n).mean(axis=1, keepdims=True)
    unweighted = dy - dy.mean(axis=1, keepdims=True) - n * (dy * n).mean(axis=1, keepdims=True)
    return {
        "the terms of the mean and of the variance are missing": (dn / root, dweight, dbias),
        "the term of the variance is missing": ((dn - through_mean) / root, dweight, dbias),
        "the term of the mean is missing": ((dn - through_variance) / root, dweight, dbias),
        "dy in place of dn = dy · weight": (unweighted / root, dweight, dbias),
        "x in place of n": (
            (dn - through_mean - through_variance) / root, (dy * x).sum(axis=0), dbias,
        ),
        "the division by the root is missing": (
            dn - through_mean - through_variance, (dy * centred).sum(axis=0), dbias,
        ),
    }  # fmt: skip


EXERCISES = [
    values("shift", "inputs and targets of a language model", draw_sentences, shift),
    values(
        "choose", "the next word, with temperature and top-k", draw_logits, choose,
        mistakes=WRONG_CHOICES,
    ),
    values("layer_norm", "layer norm, row by row", draw_rows, layer_norm),
    gradients(
        "layer_norm_backward", "the backward pass of layer norm, by hand",
        draw_backward, layer_norm_gradients, ["dx", "dweight", "dbias"],
        alternatives=wrong_layer_norm_gradients,
    ),
]  # fmt: skip

"""What the answers to the exercises of lesson 16 are checked with: the library itself."""

import numpy as np

import tinygrad_edu as te
import tinygrad_edu.nn.functional as F
from tinygrad_edu import nn
from tinygrad_edu.exercise import Exercise, ExerciseError, gradients, values

SIZES = [(7, 5, 4, 6, 1), (11, 3, 8, 5, 3), (9, 9, 6, 24, 2)]  # V, T, d, h, layers


def gpt_parameters(V, T, d, h, layers):
    drawn = te.random_state()  # the GPT draws its weights; nobody else shall notice
    count = sum(p.size for p in nn.GPT(V, T, d, 2, layers, hidden_dim=h).parameters())
    te.set_random_state(drawn)
    return count


def draw_sentences(random):
    """Logits and tokens: 2 sentences of 3 words, some with T = V, some with logits too large."""
    cases = []
    for B, T, V, offset in ((2, 3, 4, 0), (5, 4, 4, 0), (2, 6, 3, 1000)):
        cases.append((random.normal(size=(B, T, V)) + offset, random.integers(0, V, (B, T))))
    return cases


def language_model_loss(logits, tokens):
    rows = te.tensor(logits[:, :-1].reshape((-1, logits.shape[2])))
    return F.cross_entropy(rows, te.tensor(tokens[:, 1:].reshape(-1))).item()


NEXT_WORD = values(
    "language_model_loss", "the loss of the next word, shifted and flattened",
    draw_sentences, language_model_loss,
)  # fmt: skip


def check_loss(function):
    """As the values say; a typical mistake gets its name."""
    try:
        NEXT_WORD.check(function)
    except ExerciseError:
        logits, tokens = draw_sentences(np.random.default_rng(1))[0]
        given = function(logits.copy(), tokens.copy())
        for sentence, wrong in wrong_losses(logits, tokens).items():
            if isinstance(given, float) and abs(given - wrong) < 1e-9:
                raise ExerciseError(sentence) from None
        raise


def wrong_losses(logits, tokens):
    def mean_of(z, target):
        return F.cross_entropy(te.tensor(z.reshape((-1, z.shape[2]))), target.reshape(-1)).item()

    right = language_model_loss(logits, tokens)
    return {
        "it compares each word with itself: the scores at place t are for the word at t + 1":
            mean_of(logits, tokens),
        "the shift is missing: the last scores are left out, but so is the last word; it has to "
        "be the first": mean_of(logits[:, :-1], tokens[:, :-1]),
        "the shift is the wrong way round: logits[:, t] go with tokens[:, t + 1]":
            mean_of(logits[:, 1:], tokens[:, :-1]),
        "it is the sum; divide by the number of places, B (T - 1)": right * tokens[:, 1:].size,
        "the sign is wrong: a loss is -log of a probability, and never negative": -right,
        "it is the sum over a sentence, averaged over the B sentences; divide by T - 1 too":
            right * (tokens.shape[1] - 1),
    }  # fmt: skip


def draw_counts(random):
    """Tables of counts, two of them with zeros, one with a row and a column of zeros only."""
    full, some = random.integers(1, 9, (4, 4)), random.integers(0, 3, (5, 5))
    some[2] = some[:, 2] = 0
    return [(full,), (np.array([[0, 2, 2], [1, 0, 0], [3, 0, 0]]),), (some,)]


def bigram_entropy(counts):
    """H(a, b) - H(a)."""

    def entropy(p):
        return -sum(x * np.log(x) for x in p.ravel() if x > 0)

    joint = counts / counts.sum()
    return entropy(joint) - entropy(joint.sum(axis=1))


def entropy_of_a_row(counts):
    """H(b | a) of each row, the empty ones left out."""
    return [bigram_entropy(row[None]) for row in counts if row.any()]


WRONG_ENTROPIES = {
    "these are bits, from log2; in nats it is the natural logarithm, np.log": (
        lambda counts: bigram_entropy(counts) / np.log(2)
    ),
    "ln p(a, b) in place of ln p(b | a): this is H(a, b)": (
        lambda counts: bigram_entropy(counts.reshape((1, -1)))
    ),
    "this is H(a | b): p(b | a) divides by the sum of row a, not of column b": (
        lambda counts: bigram_entropy(counts.T)
    ),
    "p(b | a) in place of p(a, b) before the logarithm: rows that come often count more": (
        lambda counts: sum(entropy_of_a_row(counts))
    ),
    "the mean over the rows; rows that come often count more": (
        lambda counts: np.mean(entropy_of_a_row(counts))
    ),
    "the sign is wrong: an entropy is never negative": lambda counts: -bigram_entropy(counts),
}


def draw_network(random):
    """7 tokens of 6 words, some of them twice; width 4, 5 neurons."""
    tokens = np.array([2, 0, 5, 2, 4, 0, 2])
    sizes = (6, 4), (4, 5), 5, (5, 6), (7, 6)
    return tokens, *(random.normal(size=size) for size in sizes)  # E, W1, b1, W2, dZ


def network_gradients(tokens, E, W1, b1, W2, dZ):
    leaves = [te.tensor(v, requires_grad=True) for v in (E, W1, b1, W2, np.zeros(dZ.shape[1]))]
    E, W1, b1, W2, b2 = leaves
    Z = te.tanh(F.embedding(te.tensor(tokens), E) @ W1 + b1) @ W2 + b2
    found = te.grad(Z, leaves, grad_output=te.tensor(dZ))
    return tuple(gradient.numpy() for gradient in found)


def wrong_network_gradients(tokens, E, W1, b1, W2, dZ):
    x = E[tokens]
    z = x @ W1 + b1
    a = np.tanh(z)
    right = network_gradients(tokens, E, W1, b1, W2, dZ)

    def with_slope(slope):
        delta = (dZ @ W2.T) * slope
        dE = np.zeros_like(E)
        np.add.at(dE, tokens, delta @ W1.T)
        return dE, x.T @ delta, delta.sum(axis=0), *right[3:]

    kept_one = np.zeros_like(E)
    kept_one[tokens] = ((dZ @ W2.T) * (1 - a * a)) @ W1.T
    return {
        "a word that comes twice keeps only its last row": (kept_one, *right[1:]),
        "no tanh'": with_slope(1),
        "1 - z² in place of 1 - a²": with_slope(1 - z * z),
        "tanh'(a) in place of tanh'(z)": with_slope(1 - np.tanh(a) ** 2),
        "1 - a in place of 1 - a²": with_slope(1 - a),
    }


EXERCISES = [
    values("gpt_parameters", "the number of parameters of a GPT", SIZES, gpt_parameters),
    Exercise(NEXT_WORD.function_name, NEXT_WORD.title, check_loss),
    values(
        "bigram_entropy", "what knowing the last word leaves open",
        draw_counts, bigram_entropy, mistakes=WRONG_ENTROPIES,
    ),
    gradients(
        "repaired_backward", "the whole backward pass, down to the rows of the embedding",
        draw_network, network_gradients, ["dE", "dW1", "db1", "dW2", "db2"],
        alternatives=wrong_network_gradients,
    ),
]  # fmt: skip

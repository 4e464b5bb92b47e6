# %% [markdown]
# # Lesson 15. Attention by hand
#
# **What you will learn.** Attention (注意力机制) is how each word of a text looks at the other
# words. You compute it by hand for three words, and you see why it divides by √d_k and what its
# mask does. You write its whole backward pass, and an attention with several heads. You find out
# what attention cannot see and what it costs. At the end one attention layer learns to look things
# up, and a network without attention shows that it cannot.
#
# **Time.** About 90 minutes with the exercises. The program itself needs some seconds.
#
# **Document.** 000 §4.2 and §4.3(3). The document prints formulas, but no number.
#
# **Before this lesson.** Softmax and cross-entropy (lesson 3), gradients of matrix products and how
# they are checked (lessons 4 and 5), the training loop (lesson 8).

# %%
import math
from collections.abc import Callable
from typing import Any

import numpy as np

import tinygrad_edu as te
import tinygrad_edu.nn.functional as F
from tinygrad_edu import lesson, nn

options = lesson.start(15, "Attention by hand", minutes=90, threads=1)
random = np.random.default_rng(options.seed)

# %% [markdown]
# ## 1. From a dictionary to a soft look-up
#
# Take the sentence "the cat drinks cold milk" and the question "who?". A Python dictionary can
# answer it: it has a **key** for each **value**, and the question is the **query**. But it answers
# only where the query is exactly one of its keys.

# %%
lesson.heading("1. From a dictionary to a soft look-up")
dictionary = {"who": "cat", "what": "milk"}
print("who ->", dictionary["who"])
lesson.expect_error("the query 'whom'", KeyError, lambda: dictionary["whom"], says="whom")

# %% [markdown]
# A **soft look-up** never fails. Query and keys are rows of numbers (vectors, 向量), and we measure
# how well they fit:
#
# 1. The **score** (分数) of a key is its dot product (点积) with the query: large where both have
#    large numbers in the same columns.
# 2. Softmax turns the scores into **weights** (权重): positive numbers that add up to 1.
# 3. The answer is the mean of the values with these weights.
#
# Here the two columns of a key say "is an animal" and "is something to drink". We choose them by
# hand. A real network learns them. The value of a word is its place in the sentence, so the answer
# says where to look.


# %%
def softmax(scores: Any, axis: int = -1) -> Any:
    """exp(S) / Σ exp(S) along an axis, for real and complex scores."""
    powers = np.exp(scores - scores.real.max(axis=axis, keepdims=True))  # no overflow: lesson 1
    return powers / powers.sum(axis=axis, keepdims=True)


WORDS = ["the", "cat", "drinks", "cold", "milk"]
word_keys = np.array([[0.0, 0.0], [3.0, 0.0], [0.0, 1.0], [0.0, 1.0], [0.0, 3.0]])
places = np.arange(1.0, 6.0)
QUESTIONS = {"who?": [1.0, 0.0], "what?": [0.0, 1.0], "who? (3 times)": [3.0, 0.0]}

answers = {}
rows = []
for question, query in QUESTIONS.items():
    word_weights = softmax(word_keys @ np.array(query))  # (5,)
    answers[question] = word_weights @ places
    rows.append((question, *(f"{w:.4f}" for w in word_weights), f"{answers[question]:.4f}"))
lesson.table(["query", *WORDS, "answer: place"], rows)
by_hand = (2 * math.exp(3) + 1 + 3 + 4 + 5) / (math.exp(3) + 4)
lesson.expect("who? stands at place", answers["who?"], by_hand, tolerance=1e-12)
sharp = answers["who? (3 times)"]
lesson.expect("the same with 3 times the query", sharp, 2, tolerance=0.01)
lesson.expect("what? stands at place", answers["what?"], above=4, below=5)

# %% [markdown]
# "Who?" finds the cat at place 2, nearly: the answer is 2.2076, because every word has a little
# weight. With a query three times as large it is 2.0006. The larger the scores, the more a soft
# look-up is like a hard one. Section 3 is about that. What do we win by being soft? The answer
# changes smoothly with queries and keys. So there are gradients, and they can be **learned**.

# %% [markdown]
# ## 2. The formula of the document
#
# 000 §4.2 writes it for all words at once:
#
# `Attention(Q, K, V) = softmax(Q Kᵀ / √d_k) V`
#
# Q are the queries (查询), K the keys (键), V the values (值), and d_k is the length of a key. We
# compute it step by step for three words and d_k = 2. The document gives no example, so we take one
# with short numbers: Q = K = V, the rows (1, 0), (0, 1) and (1, 1).
#
# The second computation, for the check, has no matrices: it goes query by query and key by key.

# %%
lesson.heading("2. The formula of the document")


def show(name: str, matrix: Any) -> None:
    """Print a matrix under its name, ten digits, one row a line."""
    print(f"{name}:")
    for row in np.atleast_2d(matrix):
        print("   ", "  ".join(f"{entry:.10f}" for entry in row))


gap = lesson.difference  # the largest difference of two arrays


def by_loops(Q: Any, K: Any, V: Any) -> tuple[Any, Any]:
    """Weights and output of attention without matrices: for each query, for each key."""
    weights, output = np.zeros((len(Q), len(K))), np.zeros((len(Q), V.shape[1]))
    for i, query in enumerate(Q):
        powers = []
        for key in K:
            dot = sum(float(a) * float(b) for a, b in zip(query, key, strict=True))
            powers.append(math.exp(dot / math.sqrt(len(key))))
        for j, power in enumerate(powers):
            weights[i, j] = power / sum(powers)
            output[i] += weights[i, j] * V[j]
    return weights, output


Q = K = V = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])  # (positions, d_k)
dot_products = Q @ K.T  # (queries, keys)
scores = dot_products / math.sqrt(2)
weights = softmax(scores)  # each row over the keys
output = weights @ V  # (queries, size of a value)
for name, matrix in (("dot products Q Kᵀ", dot_products), ("scores Q Kᵀ / √d_k", scores),
                     ("weights A = softmax(scores)", weights), ("output A V", output)):  # fmt: skip
    show(name, matrix)

# Worked out beforehand, to ten digits.
KNOWN_WEIGHTS = [
    [0.4011120927, 0.1977758146, 0.4011120927],
    [0.1977758146, 0.4011120927, 0.4011120927],
    [0.2482550783, 0.2482550783, 0.5034898435],
]
KNOWN_OUTPUT = [
    [0.8022241854, 0.5988879073],
    [0.5988879073, 0.8022241854],
    [0.7517449217, 0.7517449217],
]
lesson.expect("weights - known digits, largest", gap(weights, KNOWN_WEIGHTS), 0, tolerance=1e-10)
lesson.expect("output - known digits, largest", gap(output, KNOWN_OUTPUT), 0, tolerance=1e-10)
weights_by_loops, output_by_loops = by_loops(Q, K, V)
lesson.expect("weights - loops, largest", gap(weights, weights_by_loops), 0, tolerance=1e-15)
lesson.expect("output - loops, largest", gap(output, output_by_loops), 0, tolerance=1e-15)
lesson.expect("row sums - 1, largest", gap(weights.sum(axis=1), np.ones(3)), 0, tolerance=1e-15)
library = F.scaled_dot_product_attention(te.tensor(Q), te.tensor(K), te.tensor(V))
lesson.expect("output - library, largest", gap(library.numpy(), output), 0, tolerance=1e-15)

# %% [markdown]
# Read the third row: the third word, (1, 1), fits itself best, with the weight 0.5034898435, and
# the other two equally. Its output is the mean of the three values with these weights.
#
# **Verdict on the formula: right, but incomplete.** Four things are not said.
#
# **1. Q, K, V are matrices (矩阵).** The text calls them vectors. They have one row for each
# position (位置). With single vectors `q · k` is one number, and the softmax of one number is 1,
# whatever it is. The output would be V, always.

# %%
single = [softmax(np.array([q @ k])).item() for q, k in ((Q[0], K[1]), (Q[2], K[2]), (Q[0], -K[0]))]
print("softmax of a single score, three times:", single)
lesson.expect("the only weight of a single key", gap(single, [1, 1, 1]), 0)
lesson.expect_error(
    "attention of vectors",
    ValueError,
    lambda: F.scaled_dot_product_attention(te.tensor(Q[0]), te.tensor(K[0]), te.tensor(V[0])),
    says="q (…, queries, d)",
)

# %% [markdown]
# **2. Softmax runs over the keys**, the last axis (轴): each query spreads a weight of 1 over the
# keys. Over the first axis the shapes are the same, so nothing stops you. But the rows no longer
# add up to 1, and the output is no mean.

# %%
wrong_axis = softmax(scores, axis=0)
lesson.table(
    ["row", "sum, over the keys", "sum, over the wrong axis", "output", "output, wrong axis"],
    [
        (i + 1, f"{weights[i].sum():.10f}", f"{wrong_axis[i].sum():.10f}",
         f"{output[i, 0]:.10f}", f"{(wrong_axis @ V)[i, 0]:.10f}")
        for i in range(3)
    ],
)  # fmt: skip
sums = [0.8471429856, 0.8471429856, 1.3057140288]
lesson.expect("row sums, wrong axis", gap(wrong_axis.sum(axis=1), sums), 0, tolerance=1e-9)
lesson.expect("output, wrong axis, largest error", gap(wrong_axis @ V, output), above=0.1)

# %% [markdown]
# **3. Where Q, K and V come from.** The document speaks of the input X with the rows `x_i`, and
# then of Q, K, V. What leads from one to the other is missing. It is three matrices that are
# learned:
#
# `Q = X W_Q`, `K = X W_K`, `V = X W_V`
#
# What a word asks for, what it offers and what it tells can then be three different things. In our
# example they are the same. So the scores are symmetric: word 1 fits word 2 as word 2 fits word 1.
# With matrices of their own they need not be. "Drinks" may look for "cat", and "cat" for nothing.

# %%
X = random.normal(size=(3, 4))  # (positions, features)
W_Q, W_K, W_V = random.normal(size=(3, 4, 2))  # (features, d_k) each
own_scores = (X @ W_Q) @ (X @ W_K).T / math.sqrt(2)  # (queries, keys)
show("scores with W_Q and W_K", own_scores)
one_by_one = [[x_i @ W_Q @ W_K.T @ x_j / math.sqrt(2) for x_j in X] for x_i in X]
apart = gap(own_scores, one_by_one)
lesson.expect("scores - x_i W_Q W_Kᵀ x_jᵀ / √d_k, largest", apart, 0, tolerance=1e-12)
lesson.expect("Q = K: scores - their transpose", gap(scores, scores.T), 0)
lesson.expect(
    "Q and K their own: scores - their transpose", gap(own_scores, own_scores.T), above=0.1
)
lesson.expect("shape of the output", (softmax(own_scores) @ (X @ W_V)).shape, (3, 2))

# %% [markdown]
# **4. The mask** (掩码) that GPT needs. That is section 4.
#
# Now the two steps into which the document takes its formula apart:
#
# 1. "Compute the dot product" (计算点积): `Scores = softmax(Q Kᵀ / √d_k)`. **The value is right,
#    the name is wrong.** The dot product is only `Q Kᵀ`. The step also scales and takes the
#    softmax, and what comes out are not the scores but the **attention weights** A.
# 2. "Compute the weighted sum" (加权求和): `Output = Scores V`. **Right**, with A for Scores.
#
# The name matters. Whoever takes "Scores" for scores, as most texts and programs do, applies the
# softmax to them once more. The shapes fit and the rows add up to 1. But the weights are nearly
# equal, because numbers between 0 and 1 are small scores.

# %%
twice = softmax(weights)
show("softmax of the document's Scores", twice)
lesson.expect("row sums - 1, largest", gap(twice.sum(axis=1), np.ones(3)), 0, tolerance=1e-15)
spread = [a[2].max() / a[2].min() for a in (weights, twice)]
print(f"row 3, largest weight / smallest: {spread[0]:.4f} once, {spread[1]:.4f} twice")
lesson.expect("row 3, once: exp(1/√2)", spread[0], math.exp(1 / math.sqrt(2)), tolerance=1e-12)
lesson.expect("row 3, twice", spread[1], below=1.3)

# %% [markdown]
# ## 3. Why √d_k?
#
# Let the entries of q and k be independent, with mean 0 and variance (方差) 1. Then
# `q · k = q_1 k_1 + ... + q_d k_d` is a sum of d_k products. Each has mean 0 and variance 1, and
# variances of independent numbers add up. So **the variance of a score is d_k**, and its usual size
# is √d_k. Divided by √d_k, it has variance 1, however long the keys are.

# %%
lesson.heading("3. Why √d_k?")
variances = {}
for d_k in (16, 256):
    q, k = random.normal(size=(2, 30_000, d_k))
    dots = (q * k).sum(axis=1)  # (30000,)
    variances[d_k] = dots.var(), (dots / math.sqrt(d_k)).var()
lesson.table(
    ["d_k", "variance of q · k", "after / √d_k"],
    [(d_k, f"{plain:.2f}", f"{scaled:.2f}") for d_k, (plain, scaled) in variances.items()],
)
for d_k, (plain, scaled) in variances.items():
    lesson.expect(f"variance of q · k at {d_k}, / {d_k}", plain / d_k, 1, tolerance=0.05)
    lesson.expect(f"variance after scaling at {d_k}", scaled, 1, tolerance=0.05)

# %% [markdown]
# What is bad about large scores? Softmax **saturates** (饱和): the largest score takes nearly all
# of the weight. Then a small change of the scores changes nothing, so the gradient is nearly 0, and
# what has no gradient learns nothing.
#
# We measure it: 400 queries, 16 keys each, random numbers. Two figures for each length of the keys:
#
# - the **entropy** (熵) of a row, `-Σ A_j ln A_j`: ln 16 = 2.7726 where all weights are equal, 0
#   where one key has all the weight;
# - the size of the **gradient** with respect to the scores, for a random gradient that arrives at
#   the weights. "Typical" is the median: half of the rows have less.


# %%
def entropy(a: Any) -> Any:
    """-Σ A ln A of each row."""
    return -(a * np.log(np.maximum(a, 1e-300))).sum(axis=-1)


def score_gradients(z: Any, arriving: Any) -> Any:
    """The gradient of Σ arriving ⊙ softmax(z) with respect to the scores z, by autograd."""
    place = te.tensor(z, requires_grad=True)
    (F.softmax(place, axis=-1) * te.tensor(arriving)).sum().backward()
    return place.grad.numpy()


LENGTHS = [2**i for i in range(0, 11, 2)]
saturation: dict[bool, list[tuple[float, ...]]] = {True: [], False: []}
for d_k in LENGTHS:
    q, k = random.normal(size=(400, 1, d_k)), random.normal(size=(400, d_k, 16))
    dots, arriving = (q @ k)[:, 0], random.normal(size=(400, 16))  # (queries, keys)
    for scaling in (True, False):
        root = math.sqrt(d_k) if scaling else 1.0
        z = dots / root
        dS = score_gradients(z, arriving)
        dQ = (k @ dS[:, :, None])[:, :, 0] / root  # (queries, d_k): section 5 derives it
        sizes, query_sizes = (np.sqrt((g**2).sum(axis=1)) for g in (dS, dQ))  # (queries,)
        saturation[scaling].append(
            (z.var(), entropy(softmax(z)).mean(), softmax(z).max(axis=1).mean(),
             float(np.median(sizes)), sizes.mean(),
             float(np.median(query_sizes)), query_sizes.mean())
        )  # fmt: skip
print(f"16 keys, 400 queries; ln 16 = {math.log(16):.4f}")
for scaling, remark in ((True, "with √d_k"), (False, "without √d_k")):
    print(f"{remark}:")
    lesson.table(
        ["d_k", "variance", "entropy", "largest weight", "typical gradient", "mean gradient"],
        [
            (d_k, f"{v:.2f}", f"{e:.3f}", f"{a:.3f}", f"{typical:.6f}", f"{mean:.3f}")
            for d_k, (v, e, a, typical, mean, *_) in zip(LENGTHS, saturation[scaling], strict=True)
        ],
    )
equal = entropy(softmax(np.zeros(16)))
lesson.expect("entropy of equal weights", equal, math.log(16), tolerance=1e-12)
with_root, without = saturation[True][-1], saturation[False][-1]
lesson.table(
    ["gradient of a query, d_k = 1024", "typical", "mean"],
    [(name, f"{row[5]:.6f}", f"{row[6]:.3f}") for name, row in
     (("with √d_k", with_root), ("without √d_k", without))],
)  # fmt: skip
lesson.expect("with √d_k, d_k = 1024: entropy", with_root[1], above=2.2, below=2.5)
lesson.expect("without: entropy", without[1], below=0.2)
lesson.expect("with √d_k: typical gradient", with_root[3], above=0.2)
lesson.expect("without: typical gradient", without[3], below=0.001)
lesson.expect("without: mean gradient", without[4], above=0.01, below=0.1)
lesson.expect("typical gradient of a query, without / with", without[5] / with_root[5], below=0.1)
lesson.expect("mean gradient of a query, without / with", without[6] / with_root[6], above=1)

# %%
figure, axes = lesson.figure(1, 3, size=(18, 6.5))
titles = ("Variance of the scores", "Entropy of a row", "Typical gradient of the scores")
for axis, title, column in zip(axes, titles, (0, 1, 3), strict=True):
    for scaling, color, name in ((True, lesson.BLUE, "with √d_k"),
                                 (False, lesson.RED, "without")):  # fmt: skip
        axis.plot(LENGTHS, [row[column] for row in saturation[scaling]], "o-", color=color,
                  label=name)  # fmt: skip
    axis.set(xscale="log", xlabel="length of a key, d_k", title=title)
    axis.set_xticks([1, 10, 100, 1000], ["1", "10", "100", "1000"])
axes[0].set(yscale="log")
axes[1].axhline(math.log(16), color="black", linestyle=":", linewidth=2)
axes[1].annotate("all weights equal", (1, math.log(16)), (0, 6), textcoords="offset points")
axes[1].set(ylim=(0, 3.05))
axes[2].set(yscale="log")
axes[0].legend(loc="upper left")
lesson.save_figure("saturation")

# %% [markdown]
# With √d_k hardly anything depends on the length of the keys. Without it, the typical gradient
# falls to almost nothing. To be honest: the *mean* gradient falls much more slowly. A few rows, in
# which two keys happen to be equally good, still have one. What arrives at their queries is even
# larger than with √d_k, because it is not divided by √d_k on its way back either. So a few words
# would take large steps, and most would learn nothing.

# %% [markdown]
# ## 4. The causal mask
#
# GPT predicts the next word. So a position must not look at later positions: there stands the
# answer. The causal mask (因果掩码) sets the scores of later keys to -∞ **before** the softmax. As
# `exp(-∞) = 0`, their weight is exactly 0, and the rest of the row still adds up to 1.

# %%
lesson.heading("4. The causal mask")
visible = np.tri(3, dtype=bool)  # True on and below the diagonal: key j ≤ query i
causal = softmax(np.where(visible, scores, -np.inf))
show("causal weights", causal)
first_of_two = 1 / (1 + math.exp(1 / math.sqrt(2)))  # scores 0 and 1/√2
known = [[1, 0, 0], [0.3302384507, 0.6697615493, 0], KNOWN_WEIGHTS[2]]
lesson.expect("causal weights - known digits, largest", gap(causal, known), 0, tolerance=1e-10)
lesson.expect("row 2, first weight", causal[1, 0], first_of_two, tolerance=1e-15)
lesson.expect("causal row sums - 1", gap(causal.sum(axis=1), np.ones(3)), 0, tolerance=1e-15)
lesson.expect("row 3 unchanged by the mask", np.array_equal(causal[2], weights[2]), True)
lesson.expect("weights above the diagonal", np.abs(np.triu(causal, 1)).max(), 0)
library = F.attention_weights(te.tensor(Q), te.tensor(K), is_causal=True)
lesson.expect("causal weights - library, largest", gap(library.numpy(), causal), 0, tolerance=1e-15)


# %%
def draw_weights(axis: Any, a: Any, title: str, digits: bool = False) -> Any:
    """A heat map of weights, dark 0 and bright 1: a row for each query."""
    image = axis.imshow(a, vmin=0, vmax=1)
    axis.set(xlabel="key", title=title)
    axis.set_xticks(range(a.shape[1]), range(1, a.shape[1] + 1))
    axis.set_yticks(range(a.shape[0]), range(1, a.shape[0] + 1))
    axis.spines[:].set_visible(False)
    for (i, j), weight in np.ndenumerate(a) if digits else ():
        color = "black" if weight > 0.5 else "white"
        axis.text(j, i, f"{weight:.3f}", ha="center", va="center", color=color, fontsize=18)
    return image


figure, axes = lesson.figure(2, 3, size=(16, 10.5))
wide = random.normal(size=(2, 8, 64))
wide_dots = wide[0] @ wide[1].T  # (queries, keys)
hidden_later = np.where(np.tri(8, dtype=bool), 0, -np.inf)
pictures = [
    (softmax(dot_products), "3 words, without √d_k"), (weights, "3 words, with √d_k"),
    (causal, "3 words, √d_k and mask"), (softmax(wide_dots), "d_k = 64, without √d_k"),
    (softmax(wide_dots / 8), "d_k = 64, with √d_k"),
    (softmax(wide_dots / 8 + hidden_later), "d_k = 64, √d_k and mask"),
]  # fmt: skip
for axis, (a, title) in zip(axes.flat, pictures, strict=True):
    image = draw_weights(axis, a, title, digits=len(a) == 3)
for axis in axes[:, 0]:
    axis.set(ylabel="query")
figure.colorbar(image, ax=axes, label="weight", shrink=0.6)
lesson.save_figure("weights")

# %% [markdown]
# Left, without √d_k: with keys of length 64 most queries give nearly all of their weight to one
# key, although all numbers are random. For 3 words with d_k = 2 there is little to see. Right: the
# mask leaves the lower triangle, and the first word can only look at itself.
#
# **The test of a mask.** Change a token at place j. Then no output before j may change, not even in
# its last bit (比特). We take 6 positions and change each of them in turn.


# %%
def self_attention(x: Any, mask: Any = None) -> Any:
    """Attention of x to itself with the matrices W_Q, W_K, W_V; mask True where one may look."""
    z = (x @ W_Q) @ (x @ W_K).T / math.sqrt(W_K.shape[1])
    if mask is not None:
        z = np.where(mask, z, -np.inf)
    return softmax(z) @ (x @ W_V)


def zeros_after_softmax(x: Any) -> Any:
    """A typical mistake: the later weights are set to 0 after the softmax."""
    a = softmax((x @ W_Q) @ (x @ W_K).T / math.sqrt(W_K.shape[1]))
    return np.where(np.tri(len(x), dtype=bool), a, 0) @ (x @ W_V)


def in_library(x: Any) -> Any:
    """The same with the causal mask of the library."""
    q, k, v = (te.tensor(x @ W) for W in (W_Q, W_K, W_V))
    return F.scaled_dot_product_attention(q, k, v, is_causal=True).numpy()


def changed_before(attend: Callable, x: Any) -> tuple[int, int]:
    """Of the outputs before a changed token, and from it on: how many changed in any bit."""
    before = after = 0
    for j in range(len(x)):
        moved = x.copy()
        moved[j] += 1
        changed = (attend(moved) != attend(x)).any(axis=1)  # (positions,)
        before, after = before + int(changed[:j].sum()), after + int(changed[j:].sum())
    return before, after


tokens_x = random.normal(size=(6, 4))
ATTENDS: dict[str, Callable] = {
    "causal mask": lambda x: self_attention(x, np.tri(len(x), dtype=bool)),
    "causal mask of the library": in_library,
    "no mask": self_attention,
    "zeros after the softmax": zeros_after_softmax,
}
changes = {name: changed_before(attend, tokens_x) for name, attend in ATTENDS.items()}
lesson.table(
    ["", "changed before j, of 15", "changed from j on, of 21"],
    [(name, *counts) for name, counts in changes.items()],
)
for name, (before, after) in changes.items():
    masked = name.startswith("causal")
    lesson.expect(f"{name}: outputs before j that change", before, 0 if masked else 15)
    lesson.expect(f"{name}: outputs from j on that change", after, 21)

# %% [markdown]
# The last line of the table is a mistake that looks right in a picture. The weights of later words
# are 0, but the sum in the softmax had them in it. So the future still leaks, and the rows do not
# add up to 1. The mask belongs before the softmax.

# %% [markdown]
# ## 5. The backward pass
#
# The document has no gradient. Let G be the gradient that arrives at the output, `G = ∂L/∂(A V)`,
# and write dV for ∂L/∂V and so on. We go backward, one step of the formula at a time.
#
# **Step 1, the product `A V`.** As for every product of matrices (lesson 5):
#
# `dV = Aᵀ G`, `dA = G Vᵀ`
#
# **Step 2, the softmax.** In a row, `A_j = exp(S_j) / Σ exp(S)`. Its derivatives are
# `∂A_j/∂S_k = A_j (1 - A_k)` for j = k and `-A_j A_k` else. The chain rule sums over j:
#
# `dS_k = dA_k A_k - A_k Σ_j dA_j A_j`
#
# In matrices, with ⊙ for the product entry by entry and rowsum for the sum of each row:
#
# `dS = A ⊙ (dA - rowsum(dA ⊙ A))`
#
# **Step 3, the scores `S = Q Kᵀ / √d_k`.** A product again:
#
# `dQ = dS K / √d_k`, `dK = dSᵀ Q / √d_k`


# %%
def attention(Q: Any, K: Any, V: Any) -> Any:
    """softmax(Q Kᵀ / √d_k) V, for real and complex numbers."""
    return softmax(Q @ K.T / math.sqrt(K.shape[1])) @ V


def attention_backward(Q: Any, K: Any, V: Any, G: Any) -> tuple[Any, Any, Any]:
    """dQ, dK and dV, from the gradient G of the output."""
    A = softmax(Q @ K.T / math.sqrt(K.shape[1]))  # (queries, keys)
    dV = A.T @ G  # (keys, size)
    dA = G @ V.T  # (queries, keys)
    dS = A * (dA - (dA * A).sum(axis=1, keepdims=True))
    dQ = dS @ K / math.sqrt(K.shape[1])  # (queries, d_k)
    dK = dS.T @ Q / math.sqrt(K.shape[1])  # (keys, d_k)
    return dQ, dK, dV


lesson.heading("5. The backward pass")
# 5 queries and 4 keys of length 3, values of length 2: a wrong transpose would not fit.
inputs = [random.normal(size=size) for size in ((5, 3), (4, 3), (4, 2))]
G = random.normal(size=(5, 2))
by_hand_gradients = attention_backward(*inputs, G)
for name, gradient in zip(("dQ", "dK", "dV"), by_hand_gradients, strict=True):
    show(name, gradient)


def by_steps(h: complex) -> list[Any]:
    """The gradients of Σ G ⊙ attention, by a complex step h or by differences."""
    found = [np.empty(x.shape) for x in inputs]
    for which, gradient in enumerate(found):
        for index in np.ndindex(gradient.shape):
            sides = []
            for step in (h, -h):
                moved = [x.astype(type(h)) for x in inputs]
                moved[which][index] += step
                sides.append((G * attention(*moved)).sum())
            if isinstance(h, complex):
                gradient[index] = sides[0].imag / h.imag
            else:
                gradient[index] = (sides[0] - sides[1]) / (2 * h)
    return found


leaves = [te.tensor(x, requires_grad=True) for x in inputs]
q, k, v = leaves
plain_scores = q @ k.T / math.sqrt(3)
fused = (te.tensor(G) * F.scaled_dot_product_attention(q, k, v)).sum()
composed = (te.tensor(G) * (F.softmax(plain_scores, axis=-1) @ v)).sum()
WAYS = {
    "autograd": ([g.numpy() for g in te.grad(composed, leaves)], 1e-12),
    "the library's attention": ([g.numpy() for g in te.grad(fused, leaves)], 1e-12),
    "the complex step": (by_steps(1e-30j), 1e-12),
    "differences": (by_steps(1e-6), 1e-8),
}
for way, (found, tolerance) in WAYS.items():
    for name, one, other in zip(("dQ", "dK", "dV"), by_hand_gradients, found, strict=True):
        lesson.expect(f"{name} - {way}, largest", gap(one, other), 0, tolerance)

# %% [markdown]
# **A thing to remember.** The rows of dS add up to 0. They have to: if all scores of a row grow by
# the same number, the softmax does not change. That is a quick test for your own code. Leave out
# rowsum, and it fails. And where the mask made a weight 0, dS is 0 too: nothing flows to the
# future.

# %%
A = softmax(inputs[0] @ inputs[1].T / math.sqrt(3))  # (queries, keys)
dA = G @ inputs[2].T
dS = A * (dA - (dA * A).sum(axis=1, keepdims=True))
lesson.expect("rows of dS, largest sum", gap(dS.sum(axis=1), np.zeros(5)), 0, tolerance=1e-14)
lesson.expect(
    "without rowsum: rows of dS, largest sum", gap((A * dA).sum(axis=1), np.zeros(5)), above=0.1
)
lesson.expect(
    "dQ without rowsum, largest error",
    gap((A * dA) @ inputs[1] / math.sqrt(3), by_hand_gradients[0]),
    above=0.01,
)
future = te.tensor(inputs[1], requires_grad=True)
seen = F.scaled_dot_product_attention(te.tensor(inputs[0][:4]), future, te.tensor(inputs[2]),
                                      is_causal=True)  # fmt: skip
seen[:3].sum().backward()  # the outputs before the last position
last_key = np.abs(future.grad.numpy()[3]).max()
lesson.expect("causal: gradient of the last key from earlier outputs", last_key, 0)

# %% [markdown]
# ## 6. Several heads
#
# 000 §4.3(3) says that the layer computes its scores "by multi-head attention" (多头注意力) and
# then sums with weights. **Incomplete:** the document has no formula for it. This is it:
#
# `head_h = Attention(Q W_Qʰ, K W_Kʰ, V W_Vʰ)`
#
# `MultiHead = Concat(head_1, ..., head_H) W_O`
#
# Each head (头) has its own small matrices. With d columns and H heads, a head has d/H columns.
# Concat (拼接) puts the results side by side, and one more matrix W_O mixes them. In this formula
# Q, K and V are what the layer is given: in a GPT, three times the same X. Usually each of the four
# products also has a bias.
#
# **Why heads?** One head gives one mean for each query, and a mean forgets who said what. Let word
# 1 have the value 3 and word 2 the value 5. A head that looks at both gets 4. It would get the same
# from 5 and 3, or from 4 and 4. Two heads, one for each word, get (3, 5).

# %%
lesson.heading("6. Several heads")
CASES = [(3.0, 5.0), (5.0, 3.0), (4.0, 4.0)]
one_head = [float(np.array([0.5, 0.5]) @ np.array(case)) for case in CASES]
two_heads = [tuple((np.eye(2) @ np.array(case)).tolist()) for case in CASES]
lesson.table(["values", "one head, ½ and ½", "two heads"], zip(CASES, one_head, two_heads,
                                                                strict=True))  # fmt: skip
lesson.expect("different answers of one head", len(set(one_head)), 1)
lesson.expect("different answers of two heads", len(set(two_heads)), 3)

# %% [markdown]
# **In code** there is no loop over the heads. All heads' columns stand side by side in one matrix
# W_Q of shape (d, d). After the product we cut each row into H pieces and make the heads an axis of
# their own. Follow the shapes: here 2 texts (the batch) of 5 words, d = 12, 3 heads, so 4 columns
# for each.


# %%
def split_heads(x: Any, heads: int) -> Any:
    """(batch, time, d) → (batch, heads, time, d / heads)."""
    batch, time, d = x.shape
    x = x.reshape(batch, time, heads, d // heads)  # (batch, time, heads, size)
    return x.transpose(0, 2, 1, 3)  # (batch, heads, time, size)


def multi_head(x: Any, p: dict[str, Any], heads: int, split: Callable = split_heads) -> Any:
    """Concat(head_1 … head_H) W_O with biases: (batch, time, d) → the same."""
    q, k, v = (
        split(x @ p[f"{name}.weight"] + p[f"{name}.bias"], heads)  # (batch, heads, time, size)
        for name in ("query", "key", "value")
    )
    z = q @ k.transpose(0, 1, 3, 2) / math.sqrt(q.shape[-1])  # (batch, heads, time, time)
    y = softmax(z) @ v  # (batch, heads, time, size)
    y = y.transpose(0, 2, 1, 3)  # (batch, time, heads, size)
    y = y.reshape(x.shape)  # (batch, time, d): the heads side by side
    return y @ p["output.weight"] + p["output.bias"]


def head_by_head(x: Any, p: dict[str, Any], heads: int) -> Any:
    """The same from the formula: for each text, for each head its own columns, then Concat."""
    size, texts = x.shape[-1] // heads, []
    for text in x:
        results = []
        for h in range(heads):
            own = slice(h * size, (h + 1) * size)
            projected = [text @ p[f"{name}.weight"][:, own] + p[f"{name}.bias"][own]
                         for name in ("query", "key", "value")]  # fmt: skip
            results.append(attention(*projected))
        concat = np.concatenate(results, axis=1)  # (time, d)
        texts.append(concat @ p["output.weight"] + p["output.bias"])
    return np.array(texts)


def without_transpose(x: Any, heads: int) -> Any:
    """A typical mistake: a reshape alone has the right shape, and mixes up the words."""
    batch, time, d = x.shape
    return x.reshape(batch, heads, time, d // heads)


layer = nn.MultiHeadAttention(12, 3)
for parameter in layer.parameters():
    nn.init.normal_(parameter, std=0.3)
texts = random.normal(size=(2, 5, 12))  # (batch, time, d)
own_copy = {name: array.astype(np.float64) for name, array in layer.state_dict().items()}
from_layer = layer(te.tensor(texts.astype(np.float32))).numpy()
print("from the layer", from_layer.shape, from_layer.dtype)
lesson.expect(
    "by hand - layer in float32, largest", gap(from_layer, multi_head(texts, own_copy, 3)), 0,
    tolerance=1e-6,
)  # fmt: skip
for parameter in layer.parameters():
    parameter.data = parameter.detach().astype(np.float64)
exact = layer(te.tensor(texts)).numpy()
lesson.expect(
    "by hand - layer in float64, largest", gap(exact, multi_head(texts, own_copy, 3)), 0,
    tolerance=1e-12,
)  # fmt: skip
lesson.expect(
    "by hand - head by head, largest",
    gap(multi_head(texts, own_copy, 3), head_by_head(texts, own_copy, 3)), 0, tolerance=1e-12,
)  # fmt: skip
mixed_up = multi_head(texts, own_copy, 3, split=without_transpose)
lesson.expect("reshape without transpose, largest error", gap(mixed_up, exact), above=0.1)

# %% [markdown]
# The last check is a mistake that no shape betrays. `reshape` only reads the same numbers in the
# same order, so a "head" then gets pieces of several words.
#
# **How many parameters?** Four matrices of d × d and four biases: `4 (d² + d)`. The number of heads
# does not matter, they only share the columns.

# %%
rows = []
for d, heads in ((12, 3), (256, 4), (256, 8)):
    counted = sum(p.size for p in nn.MultiHeadAttention(d, heads).parameters())
    rows.append((f"d = {d}, {heads} heads: 4 (d² + d)", None, 4 * (d * d + d), counted))
lesson.compare(rows)
lesson.expect("parameters at d = 256", rows[1][3], 263_168)

# %% [markdown]
# ## 7. Words become rows, and their order is lost
#
# 000 §4.3(3): the embedding layer (嵌入层) turns words into vectors "by a matrix product"
# (矩阵乘法). **Right.** A word with number t is a one-hot row (独热编码), all zeros and a one at t.
# One-hot times a matrix E is row t of E, exactly: all other products are 0. So nobody computes the
# product. A look-up of the row gives the same bits.
#
# Backward, `dE = one-hotᵀ G`: each row of G is added to the row of its word. A word that occurs
# twice gets both; a word that does not occur gets 0.
#
# The last item of §4.3(3) is the output layer (输出层): "softmax computes the probabilities of the
# words". **Right.** It is the classifier of lesson 10 once more, with a class for each word.

# %%
lesson.heading("7. Words become rows, and their order is lost")
E = random.normal(size=(6, 4))  # (words, d)
tokens = np.array([3, 1, 3, 5])
one_hot = np.eye(6)[tokens]  # (time, words)
table = te.tensor(E, requires_grad=True)
looked_up = F.embedding(te.tensor(tokens), table)  # (time, d)
lesson.expect("one-hot @ E = rows of E, exactly", np.array_equal(one_hot @ E, E[tokens]), True)
lesson.expect("F.embedding = the same", np.array_equal(looked_up.numpy(), E[tokens]), True)
G_rows = random.normal(size=(4, 4))
(looked_up * te.tensor(G_rows)).sum().backward()
dE = table.grad.numpy()
lesson.expect("dE - one-hotᵀ G, largest", gap(dE, one_hot.T @ G_rows), 0, tolerance=1e-15)
lesson.expect("dE of word 3 - G_1 - G_3", gap(dE[3], G_rows[0] + G_rows[2]), 0, tolerance=1e-15)
lesson.expect("dE of the words that do not occur", np.abs(dE[[0, 2, 4]]).max(), 0)

# %% [markdown]
# **Attention does not see the order of words.** It is a mean over keys, and a mean has no order. If
# we shuffle the words, the outputs are shuffled in the same way, and nothing else happens. "The cat
# sees the dog" and "the dog sees the cat" give each word the same output.
#
# (The equation is exact. In the computer the last bit may differ, because the sums run in another
# order.)
#
# So a model of text has to be told the places. The usual way: a second table has a row for each
# **position**, and it is added to the row of the word. Lesson 17 does that. The causal mask
# also knows an order, but only "earlier or later".

# %%
order = np.array([2, 0, 5, 1, 4, 3])
shuffled = gap(self_attention(tokens_x[order]), self_attention(tokens_x)[order])
position_rows = random.normal(size=(6, 4))
placed = self_attention(tokens_x + position_rows)
placed_shuffled = self_attention(tokens_x[order] + position_rows)
lesson.expect("shuffled words: output - shuffled output", shuffled, 0, tolerance=1e-14)
lesson.expect(
    "with positions: output - shuffled output", gap(placed_shuffled, placed[order]), above=0.1
)

# %% [markdown]
# ## 8. What it costs
#
# Each word looks at each word: with T words a head has `T²` weights. The products for scores and
# output need `2 T² d` multiplications in all heads together. The four matrices need only `4 T d²`.
# Both are equal at `T = 2 d`; for longer texts the T² wins. Double the text, and it costs four
# times as much.

# %%
lesson.heading("8. What it costs")
d, heads = 256, 4
rows = []
for T in (64, 512, 4096, 32_768):
    matrices, pairs = 4 * T * d * d, 2 * T * T * d
    megabytes = heads * T * T * 4 / 2**20  # float32
    rows.append((T, T * T, matrices, pairs, f"{pairs / matrices:.3f}", f"{megabytes:,.2f}"))
lesson.table(["T", "T²", "4 T d²", "2 T² d", "ratio", "MiB for the weights, 4 heads"], rows)
small = nn.MultiHeadAttention(8, 4)
sizes = [small.weights(te.zeros((1, T, 8))).size for T in (16, 32, 64)]
print("weights that the layer computes for T = 16, 32, 64:", sizes)
lesson.expect("weights in 4 heads, T = 64", sizes[2], 4 * 64**2)
lesson.expect("T doubled, weights", [sizes[1] / sizes[0], sizes[2] / sizes[1]], [4, 4])
# A product (n, k) @ (k, m) multiplies n · k · m times. All products of a layer, T = 512 = 2 d:
T, size = 512, d // heads
of_matrices = sum(n * k * m for n, k, m in 4 * [(T, d, d)])
of_pairs = sum(n * k * m for n, k, m in heads * [(T, size, T), (T, T, size)])
lesson.expect("multiplications of the matrices, T = 512", of_matrices, rows[1][2])
lesson.expect("multiplications of the pairs, T = 512", of_pairs, rows[1][3])
lesson.expect("their ratio at T = 2 d", of_pairs / of_matrices, 1)

# %% [markdown]
# ## 9. One layer learns to look things up
#
# The task is the dictionary of section 1, but nobody gives the vectors. A sample has 6 pairs: a key
# with its value. The keys are 6 different ones of 12, the values 6 different ones of 12, drawn at
# random for each sample. Then one of the keys is asked for: **which value stands beside it?**
#
# The pairs mean nothing outside their sample, so there is nothing to learn by heart. A network can
# only answer by looking.
#
# - Each key, each value and each question has a row of 32 numbers in a table, random at the start.
#   The row of a pair is the sum of its key's and its value's row.
# - **With attention:** the question looks at the 6 pairs with one head. A dense layer reads the
#   value from what it gets.
# - **Without:** the mean of the 6 pairs stands beside the question. To be fair, a hidden layer of
#   64 neurons comes before the dense layer.
#
# Without attention, how well can it go? Let the values move round: key 1 gets the value of key 2,
# and so on, and the last key that of the first. The mean of the rows stays the same, but the right
# answer changes. There are 6 such samples, all equally likely, with one mean and 6 right answers.
# So no network after the mean, however large, can do better than guess: accuracy 1/6 = 0.1667, loss
# ln 6 = 1.7918.

# %%
lesson.heading("9. One layer learns to look things up")
PAIRS, NAMES, SIZE = 6, 12, 32


def draw_samples(generator: np.random.Generator, n: int) -> tuple[te.Tensor, ...]:
    """Keys (n, 6), values (n, 6), the key asked for (n, 1), its place and its value (n,)."""
    names = np.tile(np.arange(NAMES), (n, 1))
    keys, values = (generator.permuted(names, axis=1)[:, :PAIRS] for _ in range(2))
    place = generator.integers(0, PAIRS, n)
    rows = np.arange(n)
    drawn = keys, values, keys[rows, place][:, None], place, values[rows, place]
    return tuple(map(te.asarray, drawn))


class Rows(nn.Module):
    """The rows of the pairs (N, 6, 32) and of the question (N, 1, 32), from three tables."""

    def __init__(self) -> None:
        self.keys = nn.Embedding(NAMES, SIZE)
        self.values = nn.Embedding(NAMES, SIZE)
        self.questions = nn.Embedding(NAMES, SIZE)

    def forward(self, keys: Any, values: Any, asked: Any) -> tuple[te.Tensor, te.Tensor]:
        return self.keys(keys) + self.values(values), self.questions(asked)


class WithAttention(nn.Module):
    """The question looks at the pairs; a dense layer reads the value."""

    def __init__(self) -> None:
        self.rows = Rows()
        self.attention = nn.MultiHeadAttention(SIZE, 1)
        self.read = nn.Linear(SIZE, NAMES)

    def forward(self, keys: Any, values: Any, asked: Any) -> te.Tensor:
        pairs, question = self.rows(keys, values, asked)
        return self.read(self.attention(question, pairs)[:, 0])  # (N, 12)

    def weights(self, keys: Any, values: Any, asked: Any) -> np.ndarray:
        """How much the question looks at each pair: (N, 6)."""
        pairs, question = self.rows(keys, values, asked)
        return self.attention.weights(question, pairs).numpy()[:, 0, 0]


class WithMean(nn.Module):
    """The mean of the pairs beside the question, through a hidden layer."""

    def __init__(self) -> None:
        self.rows = Rows()
        self.hidden = nn.Sequential(nn.Linear(2 * SIZE, 64), nn.ReLU(), nn.Linear(64, NAMES))

    def forward(self, keys: Any, values: Any, asked: Any) -> te.Tensor:
        pairs, question = self.rows(keys, values, asked)
        both = te.concatenate([pairs.mean(axis=1), question[:, 0]], axis=-1)  # (N, 64)
        return self.hidden(both)  # (N, 12)


print(f"a guess among 6: accuracy {1 / 6:.4f}, loss ln 6 = {math.log(6):.4f}")
te.manual_seed(options.seed)
models: dict[str, Any] = {"with attention": WithAttention(), "with the mean": WithMean()}
for name, model in models.items():
    print(f"{name}: {sum(p.size for p in model.parameters()):,} parameters")
keys, values, asked, _, _ = draw_samples(random, 50)
turned = te.asarray(np.roll(values.numpy(), 1, axis=1))  # each key gets its neighbour's value
for name, model in models.items():
    moved = gap(model(keys, values, asked).numpy(), model(keys, turned, asked).numpy())
    bounds = {"above": 0.1} if name == "with attention" else {"below": 1e-5}
    lesson.expect(f"{name}: values moved round, largest change", moved, **bounds)

# %% [markdown]
# The network with attention sees the change even before it is trained, and the mean does not.
# Now the training, the same loop for both: 32 new samples for each step, Adam with α = 0.003.

# %%
learning_rate = 0.003
steps = 200 if options.quick else 2000
test = draw_samples(np.random.default_rng(1000 + options.seed), 5000)
# For the picture: sample i is asked for the key in place i.
shown = draw_samples(np.random.default_rng(2000 + options.seed), PAIRS)
shown_asked = te.asarray(np.diag(shown[0].numpy())[:, None])
weights_before = models["with attention"].weights(*shown[:2], shown_asked)

curves: dict[str, list[float]] = {}
for name, model in models.items():
    draws = np.random.default_rng(options.seed)
    optimizer = te.optim.Adam(model.parameters(), lr=learning_rate)
    curves[name] = []
    bar = lesson.progress(range(steps), f"{name:14}")
    for _ in bar:
        *given, _, right = draw_samples(draws, 32)
        loss = F.cross_entropy(model(*given), right)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        curves[name].append(loss.item())
        bar.set_postfix_str(f"loss {curves[name][-1]:.4f}", refresh=False)

test_losses, accuracies = {}, {}
with te.no_grad():
    for name, model in models.items():
        logits = model(*test[:3])
        test_losses[name] = F.cross_entropy(logits, test[4]).item()
        accuracies[name] = (logits.argmax(axis=1) == test[4]).numpy().mean()
    test_weights = models["with attention"].weights(*test[:3])  # (5000, 6)
    weights_after = models["with attention"].weights(*shown[:2], shown_asked)
on_right = test_weights[np.arange(5000), test[3].numpy()]
print(f"α = {learning_rate}, {steps:,} steps of 32 samples")
lesson.table(
    [f"after {steps:,} steps, 5,000 new samples", "accuracy", "loss"],
    [(name, f"{accuracies[name]:.4f}", f"{test_losses[name]:.5f}") for name in models],
)
print(f"weight on the right pair: mean {on_right.mean():.4f}, smallest {on_right.min():.4f}")

# %%
figure, axes = lesson.figure(1, 3, size=(18, 6.5))
draw_weights(axes[0], weights_before, "Weights before training")
image = draw_weights(axes[1], weights_after, "Weights after training")
for axis in axes[:2]:
    axis.set(xlabel="pair")
axes[0].set(ylabel="sample, asked for this pair")
figure.colorbar(image, ax=axes[1], shrink=0.7)
for (name, curve), color in zip(curves.items(), (lesson.BLUE, lesson.RED), strict=True):
    means = np.reshape(curve, (-1, 10)).mean(axis=1)  # of 10 steps each
    axes[2].plot(np.arange(10, steps + 1, 10), means, color=color, linewidth=2, label=name)
axes[2].axhline(math.log(6), color="black", linestyle=":", linewidth=2, label="guess of 6: ln 6")
axes[2].set(xlabel="steps", ylabel="loss", title="Training loss, means of 10 steps", ylim=(0, None))
axes[2].legend(loc="center right", bbox_to_anchor=(1, 0.4))
lesson.save_figure("look_up")

# %% [markdown]
# Before the training the question looks at all pairs, as chance has it. Afterwards it looks at the
# pair with its own key: the diagonal. Nobody told the network to compare keys; the loss only says
# which value is right. Without attention the loss comes down slowly towards the dotted line and
# stays above it: the network learns which values are there, and guesses one of them.

# %%
# Measured with the seeds 0 to 4, 2,000 steps, on 5,000 new samples: smallest and largest.
MEASURED = {
    "with attention": ((1.0, 1.0), (0.00004, 0.00004)),
    "with the mean": ((0.1600, 0.1724), (1.8962, 1.9182)),
}
lesson.table(
    ["2,000 steps, seeds 0 to 4", "accuracy", "loss"],
    [
        (name, f"{low:.4f}-{high:.4f}", f"{least:.5g}-{most:.5g}")
        for name, ((low, high), (least, most)) in MEASURED.items()
    ],
)
lesson.expect("with attention: accuracy", accuracies["with attention"], above=0.98)
lesson.expect("with attention: loss", test_losses["with attention"], below=0.1)
lesson.expect("weight on the right pair, mean", on_right.mean(), above=0.9)
lesson.expect("with the mean: accuracy", accuracies["with the mean"], below=0.19)
lesson.expect("with the mean: loss", test_losses["with the mean"], above=1.77)
lesson.expect("weight on the right pair before training, mean", np.diag(weights_before).mean(),
              below=0.5)  # fmt: skip

# %% [markdown]
# The mean does no better than a guess, for each of the five seeds. It is no weak training: the loss
# is bounded by an argument, not by our patience. But the comparison is made for attention. Where
# the order and the company of words do not matter, a mean may do as well, at a fraction of the
# cost.

# %% [markdown]
# ## Exercises
#
# `tinygrad-edu start 15` puts a file with four empty functions into your folder. Fill them in.
# `tinygrad-edu check 15` tells you which are right, and what is wrong with a wrong gradient.
#
# 1. `softmax_rows(S)`: the weights from the scores.
# 2. `attention(Q, K, V)`: the formula of the document.
# 3. `causal_weights(Q, K)`: the weights of a GPT.
# 4. `attention_backward(Q, K, V, G)`: the whole backward pass.
#
# After that, copy this lesson to `mine.py`, change it, and run `python mine.py`.
#
# 1. In section 2, multiply all queries by 10. What becomes of the weights? And with 0?
# 2. In section 4, change the token at place 3 only, and print which outputs change, with and
#    without the mask. Then use two layers of masked attention, one after the other. Is it still so?
# 3. In section 9, let all pairs of a sample have the same key. What can attention do now?
# 4. In section 9, ask for two keys at once, and let the answer be the larger of the two values.
#    Does it need two heads?

# %% [markdown]
# ## Where this lives in the library
#
# All paths are inside `tinygrad_edu/`.
#
# | here | in the library |
# |---|---|
# | attention, its weights, masks and backward pass | `ops/attention.py` |
# | several heads: `nn.MultiHeadAttention` | `nn/attention.py` |
# | the look-up of rows, and its gradient | `ops/index.py`, `nn/embedding.py` |
# | softmax | `ops/reduce.py` |
# | attention inside a GPT (lesson 17) | `nn/transformer.py`, `nn/gpt.py` |

# %%
lesson.finish()

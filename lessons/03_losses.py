# %% [markdown]
# # Lesson 3. Losses
#
# **What you will learn.** A loss (损失) is one number that says how wrong a network is. Training
# makes it small, so the loss decides what is learned. You meet squared error and cross-entropy in
# all the forms that the documents print, and find out which are right. You see two losses that look
# excellent while the network learns nothing.
#
# **Time.** About 60 minutes with the exercises. The program itself needs some seconds.
#
# **Document.** 002 §3.3 and §4.2.2, 003 §4.1.2 and §4.2.2, 000 §4.3.
#
# **Before this lesson.** Activations (lesson 1), the chain rule (lesson 2).

# %%
import math
from collections.abc import Callable
from decimal import Decimal

import numpy as np

import tinygrad_edu as te
import tinygrad_edu.nn.functional as F
from tinygrad_edu import lesson

options = lesson.start(3, "Losses", minutes=60)

# %% [markdown]
# ## 1. How we check
#
# Every gradient (梯度) in this lesson is computed three times: by a formula, by the library's
# automatic differentiation, and by the **complex step**. For the last one, we add a tiny imaginary
# number `ih` to one input. Then the imaginary part of the loss, divided by h, is the derivative.
# Nothing is subtracted, so nothing is lost by rounding. It needs only the loss itself. (For the
# library's, `te.grad(loss, x)` is `backward()` that gives ∂L/∂x back, and writes no `x.grad`.)


# %%
def sigmoid(z: np.ndarray) -> np.ndarray:
    """σ(z) = 1 / (1 + e^-z), as the documents print it."""
    return 1 / (1 + np.exp(-z))


def softmax(z: np.ndarray) -> np.ndarray:
    """e^z / Σ e^z in each row, literally."""
    e = np.exp(z)
    return e / e.sum(axis=-1, keepdims=True)


def complex_step(loss: Callable[[np.ndarray], complex], x: np.ndarray) -> np.ndarray:
    """∂L/∂x, entry by entry: the imaginary part of L(x + ih) / h."""
    h, gradient = 1e-20, np.empty(x.shape)
    for index in np.ndindex(x.shape):
        moved = x.astype(complex)
        moved[index] += 1j * h
        gradient[index] = loss(moved).imag / h
    return gradient


def by_library(loss: Callable[[te.Tensor], te.Tensor], x: np.ndarray) -> np.ndarray:
    """∂L/∂x by the library."""
    place = te.tensor(x, requires_grad=True)
    return te.grad(loss(place), place).numpy()


def difference(a: np.ndarray, b: np.ndarray) -> float:
    """The largest difference of two arrays of one shape."""
    assert np.shape(a) == np.shape(b), (np.shape(a), np.shape(b))
    return float(np.abs(np.subtract(a, b)).max())


# %% [markdown]
# ## 2. Four squared errors
#
# The simplest loss takes the difference between the prediction (预测值) ŷ and the label (真实标签)
# y, and squares it. Squaring removes the sign, and punishes large errors more. The documents print
# four forms:
#
# | where | form | verdict |
# |---|---|---|
# | 002 §4.2.2, 003 §4.1.2 | `MSE = 1/n Σ (y - ŷ)²`, mean squared error (均方误差) | right |
# | 002 §3.3 | `loss = (out - y)²`, one for each sample | incomplete: neither sum nor mean |
# | 002 §4.3 | `L = ½ (y - ŷ)²`, one for each sample | incomplete in the same way |
# | 003 §3.3, in its code only | `½ Σ (y - ŷ)²` | right, if you know that it is a sum |
#
# None is wrong as a loss. But training follows the *gradient*, and you can only take the gradient
# of one number. So for the second and third form we take the sum, as everybody does who
# differentiates them sample by sample. The four gradients are then
#
# `2/n (ŷ - y)`, `2 (ŷ - y)`, `ŷ - y` and `ŷ - y`.

# %%
lesson.heading("2. Four squared errors")
y = np.array([1.0, 0.0, 0.0, 1.0, 1.0])
y_hat = np.array([0.9, 0.2, 0.6, 0.7, 0.4])
n = len(y)
error = y_hat - y
SQUARES = {  # name: as a formula, by the library, what multiplies ŷ - y in the gradient
    "1/n Σ (ŷ - y)²": (
        lambda p: ((p - y) ** 2).mean(),
        lambda p: F.mse_loss(p, y),
        2 / n,
    ),
    "Σ (ŷ - y)²": (
        lambda p: ((p - y) ** 2).sum(),
        lambda p: F.mse_loss(p, y, "sum"),
        2,
    ),
    "each ½ (ŷ - y)², summed": (
        lambda p: (0.5 * (p - y) ** 2).sum(),
        lambda p: (0.5 * F.mse_loss(p, y, "none")).sum(),
        1,
    ),
    "½ Σ (ŷ - y)²": (
        lambda p: 0.5 * ((p - y) ** 2).sum(),
        lambda p: 0.5 * F.mse_loss(p, y, "sum"),
        1,
    ),
}
lesson.table(
    ["sample", "ŷ", "y", "ŷ - y", "(ŷ - y)²"],
    [
        (i, f"{p:.1f}", f"{t:.0f}", f"{p - t:.1f}", f"{(p - t) ** 2:.2f}")
        for i, (p, t) in enumerate(zip(y_hat, y, strict=True), 1)
    ],
)
print()
rows, apart = [], {}
for name, (formula, library, factor) in SQUARES.items():
    gradient = complex_step(formula, y_hat)
    rows.append((name, formula(y_hat), f"{gradient[4]:.2f}", gradient[4] / error[4]))
    both = gradient, by_library(library, y_hat)
    apart[name] = max(difference(factor * error, g) for g in both)
lesson.table(["loss", "value", "gradient of sample 5", "divided by ŷ - y"], rows)
print("gradient, the formula against the two others, largest difference:")
for name, largest in apart.items():
    lesson.expect(name, largest, 0, tolerance=1e-15)

# %% [markdown]
# So the same network with the same learning rate (学习率) α takes steps of very different length.
# With n samples, a step of α on the sum is a step of n α on the mean. A learning rate without the
# form of the loss says nothing. Lesson 4 compares the forms on the worked example of 002 §4.3.
#
# ## 3. The mean over what?
#
# Now let each sample have k outputs. The documents divide by the number n of samples. Keras,
# PyTorch and this library divide by the number of *all entries*, n · k. That is k times smaller.
# Both are called MSE. If you compare a loss with somebody else's, find out which one it is.

# %%
lesson.heading("3. The mean over what?")
random = np.random.default_rng(options.seed)
outputs, targets = random.normal(size=(6, 3)), random.normal(size=(6, 3))  # n = 6, k = 3
over_samples = ((outputs - targets) ** 2).sum() / 6
over_entries = F.mse_loss(te.tensor(outputs), targets).item()
print(f"divided by n = 6: {over_samples:.6f}, by n k = 18: {over_entries:.6f}")
lesson.expect("ratio", over_samples / over_entries, 3, tolerance=1e-12)

# %% [markdown]
# ## 4. The shape trap
#
# The most expensive mistake with losses has nothing to do with formulas. A network with one output
# gives predictions of shape (n, 1). Labels from a file have the shape (n,). What is their
# difference in NumPy?

# %%
lesson.heading("4. The shape trap")
column = y_hat.reshape((-1, 1))  # (5, 1), what a network gives
print("(5, 1) - (5,) has shape", (column - y).shape)
lesson.expect("shape of the difference", (column - y).shape, (5, 5))
wrong = ((column - y) ** 2).mean()
print(f"mean of its squares: {wrong:.4f}. The right loss: {((y_hat - y) ** 2).mean():.4f}")

# %% [markdown]
# NumPy **broadcasts** (广播): it compares every prediction with every label. No error, no warning,
# one number comes out, and it even falls in training. What does it fall to?
#
# Take a perfect network, ŷ = y. The right loss is 0. The broadcast loss is the mean of
# `(y_i - y_j)²` over all pairs, and that is twice the variance (方差) of the labels. And the
# network that is best for it gives every sample the same answer: the mean of the labels. It cannot
# tell two samples apart, whatever you feed it.

# %%
perfect = ((y.reshape((-1, 1)) - y) ** 2).mean()
lesson.expect("broadcast loss of a perfect network", perfect, 2 * y.var(), tolerance=1e-15)
trapped = column.copy()  # (5, 1)
for _ in range(200):  # gradient descent with α = 1 on the mean of the 25 squares
    gradient = 2 / 25 * (trapped - y).sum(axis=1, keepdims=True)
    trapped = trapped - gradient
trapped_loss = ((trapped - y) ** 2).mean()
print(f"after 200 steps the predictions are {trapped[:, 0].round(6)}, the loss {trapped_loss:.4f}")
apart = difference(trapped, np.full((5, 1), y.mean()))
lesson.expect("predictions - mean label, largest", apart, 0, tolerance=1e-12)
lesson.expect("this useless network has the smaller loss", trapped_loss, below=perfect)

# %% [markdown]
# So the perfect network has a *larger* broadcast loss than the useless one. This library never
# broadcasts in a loss. It raises an error in both directions. You mend it with a reshape:

# %%
scores = te.tensor(column)
lesson.expect_error(
    "mse_loss, prediction (5, 1), target (5,)",
    ValueError,
    lambda: F.mse_loss(scores, y),
    says="(5, 1) and the target (5,)",
)
lesson.expect_error(
    "binary_cross_entropy, prediction (5,), target (5, 1)",
    ValueError,
    lambda: F.binary_cross_entropy(te.tensor(y_hat), y.reshape((-1, 1))),
    says="(5,) and the target (5, 1)",
)
mended = F.mse_loss(scores, y.reshape((-1, 1)))
lesson.expect("after a reshape", mended, ((y_hat - y) ** 2).mean(), tolerance=1e-15)

# %% [markdown]
# ## 5. The cost of a surprise: -ln p
#
# In classification (分类) the network gives a probability (概率) p to what really is the case. The
# loss is `-ln p`, with the natural logarithm; all documents write log for it.
#
# It is 0 if the network was sure and right. It grows without bound if the network was sure and
# wrong. Why the logarithm? Probabilities of independent samples multiply. Their logarithms add up.
# So the loss of a data set is a plain sum, and the smallest sum belongs to the network that makes
# the observed labels most probable.

# %%
lesson.heading("5. The cost of a surprise: -ln p")
lesson.table(
    ["p of the truth", "-ln p"], [(f"{p:g}", f"{-math.log(p):.4f}") for p in (0.99, 0.5, 0.1, 0.01)]
)
product = -math.log(0.9 * 0.5 * 0.1)
parts = [-math.log(p) for p in (0.9, 0.5, 0.1)]
lesson.expect("-ln of a product is the sum", sum(parts), product, tolerance=1e-14)

p = np.linspace(0.001, 1, 1000)
figure, axis = lesson.figure()
axis.plot(p, -np.log(p), label="\N{MINUS SIGN}ln p")
axis.plot(p, (1 - p) ** 2, "--", label="squared error (1 \N{MINUS SIGN} p)²")
for at in (0.5, 0.1, 0.01):
    axis.plot(at, -math.log(at), "o", color=lesson.RED)
    height = -math.log(at)
    axis.annotate(f"p = {at:g}: {height:.2f}", (at, height), (at + 0.03, height + 0.1))
axis.set(xlabel="probability p given to the truth", ylabel="loss", title="The cost of a surprise")
axis.set(xlim=(-0.02, 1.02), ylim=(-0.1, 6))
axis.legend()
lesson.save_figure("surprise")

# %% [markdown]
# ## 6. Two classes: binary cross-entropy
#
# With two classes (二分类), y is 1 or 0, and the network gives ŷ, the probability of 1. The truth
# then has the probability ŷ if y = 1, and 1 - ŷ if y = 0. One formula says both. It is called
# **binary cross-entropy** (二元交叉熵), and stands in 002 §3.3 and 003 §4.2.2:
#
# `J = -y ln ŷ - (1 - y) ln(1 - ŷ)`
#
# **Verdict: right**, for one sample. Neither document says whether to sum or to average. It needs
# 0 < ŷ < 1. The gradient is `∂J/∂ŷ = (ŷ - y) / (ŷ (1 - ŷ))`.

# %%
lesson.heading("6. Two classes: binary cross-entropy")


def bce(p: np.ndarray, y: np.ndarray) -> np.ndarray:
    """-y ln p - (1 - y) ln(1 - p) of each sample, as 002 §3.3 and 003 §4.2.2 print it."""
    return -y * np.log(p) - (1 - y) * np.log(1 - p)


lesson.table(
    ["ŷ", "y", "J", "∂J/∂ŷ"],
    [
        (f"{p:.1f}", f"{t:.0f}", f"{bce(p, t):.4f}", f"{(p - t) / (p * (1 - p)):.4f}")
        for p, t in zip(y_hat, y, strict=True)
    ],
)
lesson.compare(
    [
        ("003 §4.2.2: y = 0, ŷ = 0.8, J = -ln 0.2", None, math.log(5), bce(0.8, 0.0)),
        ("mean of the five", None, bce(y_hat, y).mean(),
         F.binary_cross_entropy(te.tensor(y_hat), y).item()),
    ]
)  # fmt: skip
by_formula = error / (y_hat * (1 - y_hat))
both = (
    complex_step(lambda p: bce(p, y).sum(), y_hat),
    by_library(lambda p: F.binary_cross_entropy(p, y, "sum"), y_hat),
)
apart = max(difference(by_formula, g) for g in both)
lesson.expect("∂J/∂ŷ, formula against two others", apart, 0, tolerance=1e-13)

# %% [markdown]
# ## 7. The same from logits
#
# The probability comes from a sigmoid: ŷ = σ(z). The number z before the sigmoid is called the
# **logit**. On paper σ(z) is never 1. In float64 it is exactly 1.0 from about z = 36.8 on:
# `e^-z` is then so small that `1 + e^-z` rounds to 1. The bound is 53 ln 2 = 36.74, because float64
# keeps 53 binary digits. In float32, which keeps 24, it comes at 24 ln 2 = 16.64 already. Then
# 1 - ŷ is 0, and its logarithm is minus infinity.
#
# We put the printed formula to the test, with the logit z = 40. If y = 0, the network is very sure
# and wrong, and the loss should be close to 40. If y = 1, it should be close to 0.

# %%
lesson.heading("7. The same from logits")
lesson.expect("1 - σ(36.8) in float64", 1 - sigmoid(36.8), 0)
lesson.expect("1 - σ(36.7) in float64", 1 - sigmoid(36.7), above=0)
lesson.expect("1 - σ(16.7) in float32", 1 - sigmoid(np.float32(16.7)), 0)
print(f"53 ln 2 = {53 * math.log(2):.2f}, 24 ln 2 = {24 * math.log(2):.2f}")
with np.errstate(divide="ignore", invalid="ignore"):
    naive = bce(sigmoid(40.0), np.array([0.0, 1.0]))
print("printed formula at z = 40:", naive)
lesson.expect("printed formula, z = 40, y = 0", naive[0], math.inf)
lesson.expect("printed formula, z = 40, y = 1, is NaN", np.isnan(naive[1]), True)

# %% [markdown]
# For y = 1 it is even NaN, "not a number", although the network is right: `(1 - y) ln(1 - ŷ)` is
# 0 times infinity. One such sample makes the whole mean NaN, and after the next step all weights.
#
# The cure is algebra. Put ŷ = 1 / (1 + e^-z) into the formula and simplify:
#
# `J = -y ln ŷ - (1 - y) ln(1 - ŷ) = ln(1 + e^z) - z y`
#
# `e^z` still overflows for a large z. We take out the larger part, and get a form in which e only
# ever has a negative exponent:
#
# `J = max(z, 0) - z y + ln(1 + e^-|z|)`, with the gradient `∂J/∂z = σ(z) - y`.
#
# So never compute the sigmoid first and the loss afterwards. Give the loss the logits. In this
# library that is `binary_cross_entropy_with_logits`. Its `binary_cross_entropy`, which takes
# probabilities, holds them a little away from 0 and 1. So it stays finite, but is wrong from there
# on: its loss cannot be above 36.04.


# %%
def bce_from_logits(z: np.ndarray, y: np.ndarray) -> np.ndarray:
    """max(z, 0) - z y + ln(1 + e^-|z|): the same, right for every z."""
    return np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z)))


def with_many_digits(z: float) -> float:
    """ln(1 + e^z), the loss for y = 0, with 28 digits and no trick."""
    return float((1 + Decimal(z).exp()).ln())


rows, apart = [], 0.0
for z in (1.0, 10.0, 30.0, 36.0, 40.0, 800.0):
    with np.errstate(divide="ignore"):
        printed = bce(sigmoid(z), 0.0)
    place = te.tensor(np.array([z]), requires_grad=True)
    from_probability = F.binary_cross_entropy(te.sigmoid(place), np.zeros(1)).item()
    loss = F.binary_cross_entropy_with_logits(place, np.zeros(1))
    loss.backward()
    numbers = printed, from_probability, loss.item(), place.grad.item()
    rows.append((f"{z:g}", *(f"{x:.6f}" for x in numbers)))
    mirrored = F.binary_cross_entropy_with_logits(
        -place, np.ones(1)
    )  # the same loss: σ(-z) = 1 - ŷ
    for found in (loss, bce_from_logits(z, 0.0), mirrored, bce_from_logits(-z, 1.0)):
        apart = max(apart, abs(float(found) / with_many_digits(z) - 1))
lesson.table(
    ["z, with y = 0", "printed formula", "from probabilities", "from logits", "its gradient"], rows
)
lesson.expect("from logits, against 28 digits, largest relative error", apart, 0, tolerance=1e-15)
z40 = te.tensor(np.array([40.0]))
from_logits = F.binary_cross_entropy_with_logits(z40, np.zeros(1))
lesson.expect("BCE from logits, z = 40, y = 0", from_logits, 40)
limit = -math.log(np.finfo(np.float64).eps)
capped = F.binary_cross_entropy(te.sigmoid(z40), np.zeros(1))
lesson.expect("from probabilities it stops at -ln ε", capped, limit, tolerance=1e-9)
print(f"-ln ε = {limit:.2f}")

z = np.array([-3.0, -0.5, 0.7, 2.0, 5.0])
both = (
    complex_step(lambda z: bce(sigmoid(z), y).sum(), z),
    by_library(lambda z: F.binary_cross_entropy_with_logits(z, y, "sum"), z),
)
apart = max(difference(sigmoid(z) - y, g) for g in both)
lesson.expect("∂J/∂z = σ(z) - y, against two others", apart, 0, tolerance=1e-14)

# %% [markdown]
# ## 8. Why not the squared error?
#
# Both losses want ŷ = y. Then why not take the simpler one? Look at a neuron that is sure and
# wrong: z is large, but y = 0. The slope of the sigmoid is almost 0 there: the neuron is
# **saturated** (饱和). With the squared error the gradient for z is
#
# `2 (ŷ - y) σ'(z)`
#
# and the slope makes it tiny. In cross-entropy the factor `1 / (ŷ (1 - ŷ))` cancels the slope
# `ŷ (1 - ŷ)`. What stays is `ŷ - y`: the larger the error, the larger the gradient.
#
# We train one neuron, z = w x + b, with the single input x = 1 and the label 0. It starts badly,
# with w = b = 3, so z = 6. This is a whole training loop; lesson 8 takes one apart.

# %%
lesson.heading("8. Why not the squared error?")


def train_neuron(loss_of: Callable[[te.Tensor], te.Tensor], steps: int, name: str) -> list[float]:
    """ŷ before the first step and after each, for z = w + b with w = b = 3 and α = 0.5."""
    w, b = (te.tensor(np.array([3.0]), requires_grad=True) for _ in range(2))
    optimizer = te.optim.SGD([w, b], lr=0.5)
    outputs = []
    for _ in lesson.progress(range(steps), name):
        z = w * 1.0 + b
        loss = loss_of(z)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        outputs.append(te.sigmoid(z).item())
    return [*outputs, te.sigmoid(w + b).item()]


label = np.zeros(1)
with_squares = train_neuron(lambda z: F.mse_loss(te.sigmoid(z), label), 300, "squared error")
with_bce = train_neuron(
    lambda z: F.binary_cross_entropy_with_logits(z, label), 300, "cross-entropy"
)
lesson.table(
    ["step", "ŷ, squared error", "ŷ, cross-entropy"],
    [(s, f"{with_squares[s]:.4f}", f"{with_bce[s]:.4f}") for s in (0, 10, 50, 100, 200, 300)],
)
at_start = sigmoid(6.0)
slow, fast = 2 * at_start * at_start * (1 - at_start), at_start
print(f"gradient at z = 6: squared error {slow:.4f}, cross-entropy {fast:.4f}")
print(f"e^6 / 2 = {math.exp(6) / 2:.0f}, e^8 / 2 = {math.exp(8) / 2:,.0f}")
under_half = [int(np.argmax(np.array(outputs) < 0.5)) for outputs in (with_squares, with_bce)]
lesson.expect("cross-entropy: first step with ŷ < 0.5", under_half[1], above=0, below=10)
lesson.expect("squared error: first step with ŷ < 0.5", under_half[0], above=180, below=230)

z = np.linspace(-10, 10, 801)
s = sigmoid(z)
figure, (left, right) = lesson.figure(1, 2, size=(15, 6.5))
left.plot(z, s, label="cross-entropy: ŷ \N{MINUS SIGN} y")
left.plot(z, 2 * s * s * (1 - s), "--", label="squared error: 2 (ŷ \N{MINUS SIGN} y) σ'(z)")
left.axvspan(5, 10, color="0.9")
left.text(7.5, 0.5, "saturated\nand wrong", ha="center", va="center")
left.set(
    xlabel="logit z", ylabel="gradient ∂L/∂z", title="Gradient, label y = 0", ylim=(-0.02, 1.35)
)
left.set_xticks(range(-10, 11, 5))
left.legend(loc="upper left")
right.plot(with_bce, label="cross-entropy")
right.plot(with_squares, "--", label="squared error")
right.set(xlabel="step", ylabel="output ŷ, should be 0", title="A neuron that starts at z = 6")
right.set(ylim=(-0.02, 1.05))
right.legend(loc="center")
lesson.save_figure("saturated")

# %% [markdown]
# The squared error leaves the neuron standing for some 200 steps. Why so many? Far out, the
# gradient is about `2 e^-z`. With x = 1 and α = 0.5, for both w and b, that is also the step of z.
# So `e^z` falls by about 2 a step, and needs about `e^z / 2` steps: 202 from z = 6, but 1,490 from
# z = 8. With cross-entropy z itself falls by about 1 a step, from wherever it starts.
#
# The squared error is no wrong loss. For real numbers as targets, without a sigmoid at the end, it
# is the right choice. For probabilities take cross-entropy.
#
# ## 9. Many classes: softmax and cross-entropy
#
# With k classes (多分类) the network has k logits. **Softmax** turns them into k probabilities
# that add up to 1:
#
# `p_j = e^z_j / Σ e^z_i`
#
# Cross-entropy (交叉熵) takes -ln of the probability of the true class. With one-hot labels
# (独热编码), y_j = 1 for the true class and 0 for the others, 002 §4.2.2 writes it like this:
#
# `CE = -1/n Σ_i Σ_j y_ij ln ŷ_ij`
#
# **Verdict: right**, if ŷ is a softmax. (The document says something else; see section 12.)

# %%
lesson.heading("9. Many classes: softmax and cross-entropy")
logits = np.array([[2.0, 1.0, 0.1]])
probabilities = softmax(logits)[0]
loss = -math.log(probabilities[0])
lesson.table(
    ["class", "z", "e^z", "p", "p - y"],
    [
        (j, f"{z:.1f}", f"{math.exp(z):.4f}", f"{p:.10f}", f"{p - (j == 0):.10f}")
        for j, (z, p) in enumerate(zip(logits[0], probabilities, strict=True))
    ],
)
print(f"the true class is 0: loss -ln p_0 = {loss:.10f}")
GOLDEN = np.array([0.6590011389, 0.2424329707, 0.0985658904])
gradient = by_library(lambda z: F.cross_entropy(z, np.array([0])), logits)[0]
lesson.expect("softmax(2, 1, 0.1)", probabilities, GOLDEN, tolerance=1e-10)
lesson.expect("cross-entropy of class 0", loss, 0.4170300163, tolerance=1e-10)
library = F.cross_entropy(te.tensor(logits), np.array([0]))
lesson.expect("the library's", library, 0.4170300163, tolerance=1e-10)
lesson.expect("its gradient", gradient, GOLDEN - [1, 0, 0], tolerance=2e-10)
one_hot = F.cross_entropy(te.tensor(logits), np.array([[1.0, 0.0, 0.0]]))
lesson.expect("with a one-hot row for the label", one_hot, library, tolerance=1e-15)

# %% [markdown]
# Softmax has the same trouble as the sigmoid: `e^1000` is infinite. The cure is simple. If you
# subtract the same number from all logits of a row, the probabilities do not change. So subtract
# the largest. Then no exponent is above 0. And `ln p_t = z_t - ln Σ e^z_i` needs no division.

# %%
large = np.array([[1000.0, 999.0, 998.1]])  # the logits above, and 998 more
with np.errstate(over="ignore", invalid="ignore"):
    lesson.expect("literal softmax of it is NaN", np.isnan(softmax(large)).all(), True)
lesson.expect(
    "the library's cross-entropy of it",
    F.cross_entropy(te.tensor(large), np.array([0])), 0.4170300163, tolerance=1e-10,
)  # fmt: skip

# %% [markdown]
# ## 10. The gradient of softmax with cross-entropy
#
# Derive it once in your life. For one sample with the true class t:
#
# `L = -ln p_t = -z_t + ln Σ e^z_i`
#
# The first term has the derivative -1 for z_t, and 0 for the other logits. The second has the
# derivative `e^z_j / Σ e^z_i = p_j`. Together: `∂L/∂z_j = p_j - y_j`. With the mean over n samples:
#
# `∂L/∂Z = (P - Y) / n`
#
# The gradient of each row adds up to 0: what the true class wins, the others lose. From here back
# to the parameters, with `Z = X W + b`, it is lesson 2, end of section 4: `∂L/∂W = Xᵀ ∂L/∂Z`.

# %%
lesson.heading("10. The gradient of softmax with cross-entropy")
Z, labels = random.normal(size=(5, 4)), np.array([0, 3, 1, 1, 2])
Y = np.eye(4)[labels]  # (5, 4)


def categorical(Z: np.ndarray) -> np.ndarray:
    """-1/n Σ Σ y ln p with p = softmax(Z), in NumPy."""
    return -(Y * np.log(softmax(Z))).sum() / len(Z)


by_hand = (softmax(Z) - Y) / 5
print(by_hand.round(4))
by_autograd = by_library(lambda z: F.cross_entropy(z, labels), Z)
by_complex_step = complex_step(categorical, Z)
print("(P - Y) / n, largest difference:")
lesson.expect("by hand - autograd", difference(by_hand, by_autograd), 0, tolerance=1e-15)
lesson.expect("by hand - complex step", difference(by_hand, by_complex_step), 0, tolerance=1e-15)
lesson.expect("sum of each row", np.abs(by_hand.sum(axis=1)).max(), 0, tolerance=1e-15)

# %% [markdown]
# ## 11. Mean, sum or nothing
#
# The documents print cross-entropy three times:
#
# | where | form | verdict |
# |---|---|---|
# | 002 §4.2.2 | `-1/n Σ_i Σ_j y_ij ln ŷ_ij`: a mean | right with softmax |
# | 000 §4.3 | `Loss = -Σ_i ln p(y_i given x_1 … x_(i-1))`: a sum | right |
# | 003 §4.1.2 | `CE = -Σ_i y_i ln ŷ_i`, i from 1 to n | see section 13 |
#
# 000 §4.3 is about a language model. It reads words and says what the next one is. Its classes are
# the words of a vocabulary (词汇表). The formula is right if the label y_i is the word x_i itself,
# and the first word needs something to start from. The sum over n words is n times the mean. The
# listing in 000 §5.2 uses PyTorch's `CrossEntropyLoss`, which is the *mean*. So formula and listing
# of one document differ by the factor n.

# %%
lesson.heading("11. Mean, sum or nothing")
Z_tensor = te.tensor(Z)
mean, total = (F.cross_entropy(Z_tensor, labels, how).item() for how in ("mean", "sum"))
each = F.cross_entropy(Z_tensor, labels, "none").numpy()
print(f"none: {each.round(4)}\nsum:  {total:.4f}\nmean: {mean:.4f}")
lesson.expect("sum - n · mean", total - 5 * mean, 0, tolerance=1e-12)
lesson.expect("sum of none - sum", each.sum() - total, 0, tolerance=1e-12)

words = 10_000  # the vocabulary of the listing in 000 §5.2
uniform = F.cross_entropy(te.tensor(np.zeros((7, words))), np.arange(7), "sum")
print(f"a model that knows nothing: ln {words:,} = {math.log(words):.7f} a word")
lesson.expect("7 words, sum", uniform, 7 * math.log(words), tolerance=1e-9)

# %% [markdown]
# Does it matter? Repeat the same batch of 5 samples. Nothing new is learned, so the step should
# not change. With the mean it does not. With the sum it grows with the batch:

# %%
rows = []
for times in (1, 10, 100):
    batch, batch_labels = te.tensor(np.tile(Z, (times, 1))), np.tile(labels, times)
    bias = te.tensor(np.zeros(4), requires_grad=True)
    losses = [F.cross_entropy(batch + bias, batch_labels, how) for how in ("mean", "sum")]
    sizes = [np.linalg.norm(te.grad(loss, bias).numpy()) for loss in losses]
    rows.append((len(batch), *(f"{size:.4f}" for size in sizes)))
    ratio = sizes[1] / sizes[0]
    lesson.expect(f"gradient of a bias, sum / mean, n = {len(batch)}", ratio, len(batch), 1e-10)
lesson.table(["n", "length of the gradient, mean", "sum"], rows)

# %% [markdown]
# ## 12. The sigmoid in place of softmax
#
# Below its formula, 002 §4.2.2 explains ŷ:
#
# ```
# \hat{y}_{ij} = \frac{1}{1 + e^{-z_{ij}}},   z_{ij} = W \cdot x_i + b
# ```
#
# **Verdict: wrong, twice.** First, the sigmoid is not softmax: the k numbers of a sample need not
# add up to 1. Second, z_ij has a class index j, and `W x_i + b` has none; it must be the j-th entry
# of that vector.
#
# The second is a slip of the pen. The first changes what is learned. The formula only looks at the
# true class, because y_ij = 0 for the others. With softmax that is enough: the probabilities share
# a fixed sum, so raising one lowers the rest. Sigmoids share nothing. The gradient is
#
# `∂CE/∂z_ij = -y_ij (1 - ŷ_ij) / n`
#
# and for every wrong class it is exactly 0. Nobody ever tells the network to say no.


# %%
def as_printed(z: te.Tensor, y: te.Tensor) -> te.Tensor:
    """002 §4.2.2 as printed: -1/n Σ Σ y ln σ(z)."""
    return -(y * te.log(te.sigmoid(z))).sum() / len(z)


lesson.heading("12. The sigmoid in place of softmax")
target = np.array([[1.0, 0.0, 0.0]])
value = as_printed(te.tensor(logits), te.tensor(target)).item()
gradient = by_library(lambda z: as_printed(z, te.tensor(target)), logits)
print(f"z = (2, 1, 0.1), class 0: loss {value:.10f}, gradient {gradient[0].round(10)}")
lesson.expect("loss as printed", value, 0.1269280110, tolerance=1e-10)
lesson.expect("gradient of class 0", gradient[0, 0], -0.1192029220, tolerance=1e-10)
lesson.expect("gradient of the wrong classes, size", abs(gradient[0, 1:]), np.zeros(2))
by_formula = -target * (1 - sigmoid(logits))
literal = complex_step(lambda z: -(target * np.log(sigmoid(z))).sum(), logits)
apart = max(difference(by_formula, gradient), difference(by_formula, literal))
lesson.expect("gradient, formula against two others", apart, 0, tolerance=1e-15)

# %% [markdown]
# Now let a network say "yes" to all of k = 4 classes: every logit is +20. It has learned nothing.
# Softmax gives each class the probability 1/4, so its loss is ln 4. What does the printed formula
# say?

# %%
twenty = te.tensor(np.full((1, 4), 20.0))
nothing = as_printed(twenty, te.tensor(np.eye(4)[:1])).item()
print(f"every z = 20: as printed {nothing:.1e}, with softmax ln 4 = {math.log(4):.7f}")
for label_class in range(4):
    y_row = np.eye(4)[[label_class]]
    printed_loss, right_loss = as_printed(twenty, te.tensor(y_row)), F.cross_entropy(twenty, y_row)
    lesson.expect(f"label {label_class}, every z = 20, as printed", printed_loss, below=1e-8)
    lesson.expect(f"label {label_class}, with softmax", right_loss, math.log(4), tolerance=1e-12)

# %% [markdown]
# A perfect loss, whatever the label. Does this happen in training? We generate points of 4 classes,
# in 4 clouds, and train a linear classifier `Z = X W + b` on them with three losses:
#
# - softmax with cross-entropy;
# - 002 §4.2.2 as printed;
# - the other way to repair it: keep the sigmoids, and add the term that the formula lacks,
#   `-(1 - y_ij) ln(1 - ŷ_ij)`. That is binary cross-entropy for each class. Its gradient is again
#   `(ŷ - Y) / n`. Every class is then a question of its own, as when a picture may show both a cat
#   and a dog.
#
# We do it for clouds around the origin, and for the same clouds moved away from it.

# %%
n, k, steps = 200, 4, 300 if options.quick else 1000
class_of = np.arange(n) % k
corners = np.array([[2, 2], [2, -2], [-2, -2], [-2, 2]])
points = corners[class_of] + random.normal(size=(n, 2))  # (200, 2)
truth = te.tensor(np.eye(k)[class_of])
LOSSES = {
    "softmax": lambda z: F.cross_entropy(z, truth),
    "as printed": lambda z: as_printed(z, truth),
    "sigmoid, both terms": lambda z: F.binary_cross_entropy_with_logits(z, truth, "sum") / n,
}


def train_classifier(
    inputs: np.ndarray, loss_of: Callable[[te.Tensor], te.Tensor], name: str
) -> tuple[list[float], np.ndarray]:
    """Gradient descent from W = 0 and b = 0 with α = 0.1: all losses, and the last logits."""
    x = te.tensor(inputs)
    W = te.tensor(np.zeros((2, k)), requires_grad=True)
    b = te.tensor(np.zeros(k), requires_grad=True)
    optimizer = te.optim.SGD([W, b], lr=0.1)
    losses = []
    for _ in lesson.progress(range(steps), name):
        loss = loss_of(x @ W + b)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, (x @ W + b).numpy()


rows, curves, accuracy, least = [], {}, {}, {}
for place, inputs in (("around the origin", points), ("moved by (3, 3)", points + 3)):
    for name, loss_of in LOSSES.items():
        curves[name], found = train_classifier(inputs, loss_of, f"{place}, {name}")
        says = softmax(found) if name == "softmax" else sigmoid(found)
        accuracy[place, name] = (found.argmax(axis=1) == class_of).mean()
        least[name] = curves[name][-1]
        wrong_classes = says[np.eye(k)[class_of] == 0].mean()
        rows.append(
            (
                place,
                name,
                f"{least[name]:.4f}",
                f"{accuracy[place, name]:.3f}",
                f"{wrong_classes:.3f}",
            )
        )
lesson.table(["clouds", "loss", "its value", "accuracy", "mean ŷ of wrong classes"], rows)

# %% [markdown]
# Around the origin nothing seems wrong: all three find the classes. Pure luck of the place! The
# weights grow towards the points of their own class, and here that is away from the others.
#
# Move the clouds by (3, 3). A linear classifier can undo that with its bias, and the two right
# losses do. The printed one now raises every logit for every point. Its loss is by far the smallest
# of the three, but its accuracy (准确率), the share of right answers, is less than half of theirs.
# Guessing would get one in four. The seeds (随机种子) 0 to 4 gave this:

# %%
MEASURED = [  # with the seeds 0 to 4, moved clouds; and what is asked below
    ("quick, 300 steps", "softmax", "0.885-0.940", "above 0.8"),
    ("quick, 300 steps", "as printed", "0.290-0.425", "below 0.55"),
    ("1,000 steps", "softmax", "0.925-0.945", "above 0.8"),
    ("1,000 steps", "as printed", "0.270-0.360", "below 0.55"),
]
lesson.table(["run", "loss", "accuracy, moved clouds", "asked"], MEASURED)
moved = "moved by (3, 3)"
lesson.expect("accuracy, softmax", accuracy[moved, "softmax"], above=0.8)
lesson.expect("accuracy, as printed", accuracy[moved, "as printed"], below=0.55)
lesson.expect(
    "accuracy, sigmoid with both terms", accuracy[moved, "sigmoid, both terms"], above=0.8
)
lesson.expect("loss as printed, against softmax", least["as printed"], below=least["softmax"] / 3)

figure, (left, right) = lesson.figure(1, 2, size=(15, 6.5))
z = np.linspace(-5, 20, 500)
left.plot(z, np.full(500, math.log(4)), label="softmax: ln 4")
left.plot(z, -np.log(sigmoid(z)), "--", label="002 §4.2.2 as printed")
left.set(
    xlabel="z, the same for all 4 classes", ylabel="loss", title="A network that knows nothing"
)
left.legend()
for (name, values), style in zip(curves.items(), ("-", "--", ":"), strict=True):
    share = accuracy[moved, name]
    right.plot(values, style, label=f"{name}: {share:.0%} right")
right.set(xlabel="step", ylabel="loss", title="Training on the moved clouds", ylim=(0, 3))
right.legend()
lesson.save_figure("sigmoid_for_softmax")

# %% [markdown]
# ## 13. One sample or many?
#
# 003 §4.1.2 prints
#
# ```
# CE = -\sum_{i=1}^{n} y_i \log(\hat{y}_i)
# ```
#
# **Verdict: right for one sample, wrong for n samples.** What is i?
#
# - If i counts the *classes* of one sample, and ŷ is a softmax, this is the cross-entropy.
# - Just above it, in the MSE, i counts the *samples*. Then the labels are 0 or 1, as in the example
#   of 003 §4.2. Every sample with y = 0 is multiplied by 0: **it does not count at all**. The
#   document's own §4.2.2 has the missing term, `-(1 - y) ln(1 - ŷ)`.
#
# Three samples with the labels 0, 0, 1 and the predictions 0.99, 0.99, 0.5:

# %%
lesson.heading("13. One sample or many?")
y = np.array([0.0, 0.0, 1.0])
y_hat = np.array([0.99, 0.99, 0.5])
printed, right_loss = -(y * np.log(y_hat)).sum(), bce(y_hat, y).sum()
lesson.table(
    ["sample", "y", "ŷ", "-y ln ŷ, as printed", "with -(1 - y) ln(1 - ŷ)"],
    [
        (i, f"{t:.0f}", f"{p:.2f}", f"{-t * math.log(p):.3f}", f"{bce(p, t):.3f}")
        for i, (t, p) in enumerate(zip(y, y_hat, strict=True), 1)
    ],
)
print(f"sum as printed {printed:.3f}, right {right_loss:.3f}")
lesson.expect("as printed", printed, math.log(2), tolerance=1e-12)
by_the_library = F.binary_cross_entropy(te.tensor(y_hat), y, "sum")
lesson.expect("right", right_loss, 2 * math.log(100) + math.log(2), tolerance=1e-12)
lesson.expect("right, by the library", by_the_library, right_loss, tolerance=1e-12)

gradient = by_library(lambda p: -(te.tensor(y) * te.log(p)).sum(), y_hat)
lesson.expect("gradient of the samples with y = 0, as printed", abs(gradient[:2]), np.zeros(2))
ones = np.full(3, 1.0)
lesson.expect('loss of "always 1", as printed', abs((y * np.log(ones)).sum()), 0)

# %% [markdown]
# Two predictions are as wrong as can be, and the printed loss does not see them. A network that
# always says 1 has the loss 0. It is the mistake of section 12 once more: a loss that only rewards
# "yes" and never punishes it.
#
# ## 14. Which loss when?
#
# | the target | what the network gives | loss in this library |
# |---|---|---|
# | a number | a number | `mse_loss` |
# | yes or no, once or several times | logits | `binary_cross_entropy_with_logits` |
# | one of k classes | k logits | `cross_entropy` |
#
# Each takes `reduction="mean"`, `"sum"` or `"none"`. The mean is the default.
#
# ## Exercises
#
# `tinygrad-edu start 3` puts a file with four unfinished functions into your folder. Fill them in.
# `tinygrad-edu check 3` tells you which are right, and for a wrong gradient what kind of mistake it
# looks like.
#
# 1. `squared_error(prediction, target, reduction)`: three reductions, and an error for the trap of
#    section 4.
# 2. `binary_cross_entropy(z, y)`: from logits, right for every z.
# 3. `cross_entropy(Z, labels)`: softmax and -ln p, right for logits of 1000.
# 4. `classifier_backward(X, W, b, labels)`: the whole backward pass of a linear classifier.
#
# After that, copy this lesson to `mine.py`, change it, and run `python mine.py`.
#
# 1. In section 8, start at w = b = 4. How many steps does the squared error need now?
# 2. In section 12, move the clouds by (1, 1), then by (2, 2). When does the printed loss fail?
# 3. In section 12, take the sum in place of the mean for softmax, with the same α. What happens?
# 4. In section 4, what does the broadcast loss do if the labels are all equal? Why?

# %% [markdown]
# ## Where this lives in the library
#
# All paths are inside `tinygrad_edu/`.
#
# | here | in the library |
# |---|---|
# | the losses as functions, and the error on unequal shapes | `nn/loss_functions.py` |
# | the losses as modules, `nn.CrossEntropyLoss()` | `nn/losses.py` |
# | softmax with cross-entropy, and `(P - Y) / n`; the forms from logits | `ops/fused.py` |
# | `reduction="mean"`, `"sum"`, `"none"` | `reduced()` in `nn/loss_functions.py` |
# | the complex step | `gradcheck.py` |

# %%
lesson.finish()

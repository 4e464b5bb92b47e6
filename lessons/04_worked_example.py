# %% [markdown]
# # Lesson 4. The 2×2 worked example
#
# **What you will learn.** You follow one training step (训练步) of a very small network by hand:
# forward, loss, backward, update. You compute each number in a second way, and the gradients in
# four. You find out why most of the numbers that the document prints cannot be right. And you meet
# a trap that NumPy sets for everyone: broadcasting (广播).
#
# **Time.** About 50 minutes with the exercises. The program itself needs some seconds.
#
# **Document.** 002 §4.3, with the formulas of 002 §4.2.
#
# **Before this lesson.** The sigmoid (lesson 1), the chain rule and autograd (lesson 2). Lesson 3
# has more about losses.

# %%
import math
from collections.abc import Callable
from typing import Any

import numpy as np

import tinygrad_edu as te
import tinygrad_edu.nn.functional as F
from tinygrad_edu import lesson

options = lesson.start(4, "The 2×2 worked example", minutes=50, threads=1)

# %% [markdown]
# ## 1. What the document prints
#
# The document has one example with all its numbers. This is that example, in one piece. The square
# brackets are matrices (矩阵), written row by row:
#
# ```text
# inputs       X = [1 0; 0 1]      labels y = [1; 0]     learning rate α = 0.1
# weights      W = [1 1; 1 1]      biases b = [1; 1]
#
# forward      Z = X·W + b = [2 2; 2 2]
#              ŷ = σ(Z) = [0.612 0.612; 0.612 0.612]
# loss         L = ½·(y - ŷ)² = ½·[1-0.612 0-0.612; 0-0.612 1-0.612]
#                = [0.051 -0.051; -0.051 0.051]
# backward     ΔW = ∂L/∂W = [-0.051 -0.051; -0.051 -0.051]
#              Δb = ∂L/∂b = [-0.051 -0.051]
# update       W = W - α·ΔW = [1 1; 1 1] - 0.1·[-0.051 ...] = [0.949 0.949; 0.949 0.949]
#              b = b - α·Δb = [1; 1] - 0.1·[-0.051; -0.051] = [0.949; 0.949]
# ```
#
# Each row of X is one sample (样本): there are two. Each column of W belongs to one node (节点):
# there are two as well. The text also speaks of an output layer (输出层), but gives it no weights.
# So the two nodes of the hidden layer (隐藏层) are used as the output.
#
# We compute each line again. The table of each step has three columns: what is **printed**, what is
# **correct**, and the same number **checked** in another way.

# %%
X = np.array([[1.0, 0.0], [0.0, 1.0]])  # (samples, inputs)
W = np.ones((2, 2))  # (inputs, nodes)
b = np.ones(2)  # one number for each node
alpha = 0.1


def show(name: str, value: Any) -> None:
    """Print an array in one line, with eight digits."""
    digits = np.array2string(np.asarray(value), precision=8, separator=", ")
    print(f"{name:12} = {' '.join(digits.split())}")


def difference(found: Any, wanted: Any) -> float:
    """The largest difference of two arrays of the same shape, to two digits."""
    found, wanted = np.asarray(found), np.asarray(wanted)
    if found.shape != wanted.shape:
        return math.inf
    return float(f"{np.abs(found - wanted).max():.1e}")


lesson.heading("1. What the document prints")
show("X", X)
show("W", W)
show("b", b)
show("alpha", alpha)

# %% [markdown]
# ## 2. Forward
#
# **Forward pass** (前向传播): `Z = X W + b`, then `ŷ = σ(Z)` with the sigmoid
# `σ(z) = 1 / (1 + exp(-z))`. The result ŷ is the prediction (预测).
#
# Here b is added to each row of `X W`, so it has to be a row: one number for each node. The
# document writes it as a column. That is right here only because all its entries are equal.
#
# All entries of Z are 2, so all entries of ŷ are σ(2). For the check we use another formula of the
# same number: `σ(2) = (1 + tanh 1) / 2`. We call it s. And we call t what is missing to 1:
# `t = 1 - s = σ(-2)`. Everything in this example can be written with s and t.


# %%
def sigmoid(z: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-z)), for real and complex numbers."""
    return 1 / (1 + np.exp(-z))


lesson.heading("2. Forward")
Z = X @ W + b  # (samples, nodes)
prediction = sigmoid(Z)
show("Z", Z)
show("ŷ", prediction)

s = (1 + math.tanh(1)) / 2
t = (1 - math.tanh(1)) / 2
wrong = lesson.compare(
    [
        ("Z, all entries", "2", Z[0, 0], 2.0),
        ("ŷ = σ(Z), all entries", "0.612", prediction[0, 0], s),
    ],
    tolerance=1e-12,
)
lesson.expect("s = σ(2)", s, 0.8807970780, tolerance=1e-10)
by_te = te.sigmoid(te.tensor(Z)).numpy()
lesson.expect("the library's σ(Z), largest difference", difference(by_te, prediction), 0, 1e-12)

# %% [markdown]
# The document is wrong: σ(2) is 0.880797, and not 0.612. The next lines use it.

# %% [markdown]
# ## 3. The label
#
# The label (标签) y has the shape (2, 1): one number for each sample. The prediction has the shape
# (2, 2): two numbers for each sample. What is `y - ŷ` then? The document does not say. But it
# prints `[1-0.612 0-0.612; 0-0.612 1-0.612]`. So it subtracts from the matrix `[1 0; 0 1]`, and not
# from y.
#
# That is a **one-hot** label (独热编码): the first node says "class 1", the second says "class 0".
# The label 1 becomes the row (1, 0), the label 0 becomes the row (0, 1). We call this reading
# **I1** and use it. Section 9 compares it with the others.

# %%
lesson.heading("3. The label")
y = np.array([[1.0], [0.0]])  # as printed, (2, 1)
Y = np.hstack([y, 1 - y])  # one-hot: is it class 1, is it class 0
show("Y", Y)
show("Y - ŷ", Y - prediction)
wrong += lesson.compare(
    [
        ("y - ŷ, diagonal, as 1 - 0.612", "0.388", (Y - prediction)[0, 0], t),
        ("y - ŷ, off the diagonal, as 0 - 0.612", "-0.612", (Y - prediction)[0, 1], -s),
    ],
    tolerance=1e-12,
)

# %% [markdown]
# ## 4. The loss
#
# The document halves the square of each difference: `½ (y - ŷ)²`. It leaves the result as a matrix.
# But the **loss** (损失函数) has to be one number, or there is nothing to make smaller. So we add
# up the entries:
#
# `L = ½ Σ (ŷ - Y)²`, summed over the samples and the nodes. With s and t: `L = t² + s²`.
#
# We write the loss as a function that takes NumPy arrays and Tensors alike. It also has room for a
# second layer and for a factor in front. We need both in section 9.


# %%
def half_squares(
    sigmoid: Callable, x: Any, target: Any, parameters: list, factor: float = 1.0
) -> Any:
    """factor · ½ Σ (ŷ - y)², for one layer or two."""
    w, b, *output = parameters
    prediction = sigmoid(x @ w + b)
    if output:
        prediction = sigmoid(prediction @ output[0] + output[1])
    error = prediction - target
    return factor * 0.5 * (error * error).sum()


lesson.heading("4. The loss")
half = 0.5 * (Y - prediction) ** 2
loss = half.sum()
show("½ (Y - ŷ)²", half)
show("L", loss)
wrong += lesson.compare(
    [
        ("½ (y - ŷ)², diagonal", "0.051", half[0, 0], t * t / 2),
        ("½ (y - ŷ)², off the diagonal", "-0.051", half[0, 1], s * s / 2),
        ("L, their sum", None, half_squares(sigmoid, X, Y, [W, b]), s * s + t * t),
    ],
    tolerance=1e-12,
)
lesson.expect("L", loss, 0.79001283, tolerance=1e-8)

# %% [markdown]
# Document 002 §4.2.2 has another formula for squared errors: the mean over the n samples,
# `MSE = 1/n Σ (y - ŷ)²`. For two samples `1/n` is ½. So in this reading both formulas of the
# document give the same loss. In the library, `F.mse_loss` divides by the number of all entries:
# four, not two. Always ask what a mean is taken over.

# %%
squared_distance = ((Y - prediction) ** 2).sum(axis=1)  # of each sample
lesson.expect("1/n Σ (y - ŷ)², n samples", squared_distance.mean(), loss, tolerance=1e-12)
place = te.tensor(prediction)
lesson.expect("½ F.mse_loss, sum", 0.5 * F.mse_loss(place, Y, "sum"), loss, tolerance=1e-12)
lesson.expect("F.mse_loss, mean of 4 entries", F.mse_loss(place, Y), loss / 2, tolerance=1e-12)

# %% [markdown]
# ## 5. Backward
#
# **Backpropagation** (反向传播) is the chain rule (链式法则), from the loss back to the parameters:
#
# 1. `∂L/∂ŷ = ŷ - Y`, because `½ (ŷ - Y)²` has the derivative (导数) `ŷ - Y`;
# 2. `∂ŷ/∂Z = σ'(Z) = ŷ (1 - ŷ)`;
# 3. together `δ = ∂L/∂Z = (ŷ - Y) ŷ (1 - ŷ)`, entry by entry;
# 4. `∂L/∂W = Xᵀ δ`, because `Z = X W + b` (lesson 2, end of section 4: one sample gives an outer
#    product, and the samples are added up);
# 5. `∂L/∂b` adds up the rows of δ, one for each sample, because all samples use the same b.
#
# With s and t, `σ'(2) = s t`. On the diagonal `δ = -t · s t`, off the diagonal `δ = s · s t`.
# X is the identity matrix (单位矩阵), so `∂L/∂W = δ`. The two entries of a column add up to
# `∂L/∂b = s t (s - t)`.

# %%
lesson.heading("5. Backward")
slope = prediction * (1 - prediction)  # σ'(Z)
delta = (prediction - Y) * slope  # (samples, nodes)
grad_W = X.T @ delta  # (inputs, nodes)
grad_b = delta.sum(axis=0)  # one number for each node
show("σ'(Z)", slope)
show("δ", delta)
show("∂L/∂W", grad_W)
show("∂L/∂b", grad_b)
wrong += lesson.compare(
    [
        ("σ'(2)", None, slope[0, 0], s * t),
        ("δ, diagonal", None, delta[0, 0], -s * t**2),
        ("δ, off the diagonal", None, delta[0, 1], s**2 * t),
        ("∂L/∂W, diagonal", "-0.051", grad_W[0, 0], -s * t**2),
        ("∂L/∂W, off the diagonal", "-0.051", grad_W[0, 1], s**2 * t),
        ("∂L/∂b, both entries", "-0.051", grad_b[0], s * t * (s - t)),
    ],
    tolerance=1e-12,
)

# %% [markdown]
# Three things are wrong in the printed `∂L/∂W`: its size, its sign off the diagonal, and that all
# four entries are equal. Node 1 should say 1 for sample 1, and 0 for sample 2. So its two weights
# have to move in opposite directions.
#
# **Now the checks.** A formula that was derived by hand can be wrong. Three other ways give the
# same gradient (梯度), and none of them uses our formula:
#
# - **Autograd** (自动微分): the library records the computation and applies the chain rule.
# - **Differences** (差分): `(L(w + h) - L(w - h)) / 2h` with a small h. It is not exact, because h
#   is not zero and because subtracting two almost equal numbers loses digits.
# - **Complex step** (复数步长): compute `L(w + i h)` with the imaginary unit i, and divide the
#   imaginary part by h. Because `L(w + i h) = L(w) + i h L'(w) + ...`, that is the derivative.
#   Nothing is subtracted, so h can be extremely small and all digits are right.


# %%
def by_library(target: np.ndarray, parameters: list, factor: float = 1.0) -> tuple[float, list]:
    """The loss and its gradients, by the library's backward()."""
    places = [te.tensor(p, requires_grad=True) for p in parameters]
    loss = half_squares(te.sigmoid, te.tensor(X), te.tensor(target), places, factor)
    loss.backward()
    return loss.item(), [place.grad.numpy() for place in places]


def by_steps(loss: Callable[[list], Any], parameters: list, h: complex) -> list:
    """The gradients of loss(parameters), by a complex step h or by differences."""
    gradients = [np.empty(p.shape) for p in parameters]
    for which, gradient in enumerate(gradients):
        for index in np.ndindex(gradient.shape):
            ahead = [p.astype(type(h)) for p in parameters]
            behind = [p.astype(type(h)) for p in parameters]
            ahead[which][index] += h
            behind[which][index] -= h
            if isinstance(h, complex):
                gradient[index] = loss(ahead).imag / h.imag
            else:
                gradient[index] = (loss(ahead) - loss(behind)) / (2 * h)
    return gradients


def loss_I1(parameters: list) -> Any:
    """The loss of reading I1, as a function of W and b."""
    return half_squares(sigmoid, X, Y, parameters)


library_loss, (library_W, library_b) = by_library(Y, [W, b])
lesson.expect("L by the library", library_loss, loss, tolerance=1e-12)
print("Largest difference from the formula:")
lesson.expect("∂L/∂W by autograd", difference(library_W, grad_W), 0, tolerance=1e-12)
lesson.expect("∂L/∂b by autograd", difference(library_b, grad_b), 0, tolerance=1e-12)
for name, h, tolerance in (("complex step", 1e-20j, 1e-12), ("differences", 1e-5, 1e-9)):
    step_W, step_b = by_steps(loss_I1, [W, b], h)
    lesson.expect(f"∂L/∂W by {name}", difference(step_W, grad_W), 0, tolerance)
    lesson.expect(f"∂L/∂b by {name}", difference(step_b, grad_b), 0, tolerance)

# %% [markdown]
# ## 6. The update
#
# **Gradient descent** (梯度下降) goes a small step against the gradient: `W' = W - α ∂L/∂W` and
# `b' = b - α ∂L/∂b`, with the learning rate (学习率) α = 0.1. If the gradient is right and α is
# small, the loss gets smaller. The document does not look. We do: L' is the loss after the step.

# %%
lesson.heading("6. The update")
new_W = W - alpha * grad_W
new_b = b - alpha * grad_b
new_prediction = sigmoid(X @ new_W + new_b)
new_loss = half_squares(sigmoid, X, Y, [new_W, new_b])
show("W'", new_W)
show("b'", new_b)
show("ŷ'", new_prediction)
show("L'", new_loss)
show("L' - L", new_loss - loss)

# The same once more, with s and t only: z on the diagonal and off it.
on, off = 2 + 0.1 * (s * t**2 - s * t * (s - t)), 2 - 0.1 * (s**2 * t + s * t * (s - t))
closed_form = ((1 - math.tanh(on / 2)) / 2) ** 2 + ((1 + math.tanh(off / 2)) / 2) ** 2
wrong += lesson.compare(
    [
        ("W', diagonal", "0.949", new_W[0, 0], 1 + 0.1 * s * t**2),
        ("W', off the diagonal", "0.949", new_W[0, 1], 1 - 0.1 * s**2 * t),
        ("b', both entries", "0.949", new_b[0], 1 - 0.1 * s * t * (s - t)),
        ("L'", None, new_loss, closed_form),
    ],
    tolerance=1e-12,
)
lesson.expect("L' - L", new_loss - loss, below=0)
lesson.expect("L after 1 step", new_loss, 0.7869755214, tolerance=1e-10)

places = [te.tensor(W, requires_grad=True), te.tensor(b, requires_grad=True)]
optimizer = te.optim.SGD(places, lr=alpha)
half_squares(te.sigmoid, te.tensor(X), te.tensor(Y), places).backward()
optimizer.step()
print("Largest difference from the library's SGD:")
lesson.expect("W'", difference(places[0].numpy(), new_W), 0, tolerance=1e-12)
lesson.expect("b'", difference(places[1].numpy(), new_b), 0, tolerance=1e-12)

# %% [markdown]
# **The count.** The document prints 12 numbers that we could compare: equal entries of a matrix
# count as one. One is right, the 2 in Z.

# %%
lesson.expect("numbers that are printed wrong", len(wrong), 11)
lesson.expect("Z is among them", "Z, all entries" in wrong, False)

# %% [markdown]
# This is the whole example as a picture: above what is printed, below what is correct.

# %%
PRINTED = [  # the title, what is printed on and off the diagonal, what is correct
    ("ŷ", (0.612, 0.612), prediction),
    ("y - ŷ", (0.388, -0.612), Y - prediction),
    ("½ (y - ŷ)²", (0.051, -0.051), half),
    ("∂L/∂W", (-0.051, -0.051), grad_W),
    ("W' - W", (-0.051, -0.051), new_W - W),
]


def tile(axis: Any, matrix: np.ndarray, limit: float, digits: int = 3, size: int = 21) -> Any:
    """A small matrix as coloured squares with its numbers in them."""
    picture = axis.imshow(matrix, "PuOr_r", vmin=-limit, vmax=limit)
    for (row, column), value in np.ndenumerate(matrix):
        color = "white" if abs(value) > 0.6 * limit else "black"
        label = f"{value:.{digits}f}".replace("-", "\N{MINUS SIGN}")
        axis.text(column, row, label, ha="center", va="center", color=color, fontsize=size)
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set_visible(False)
    return picture


figure, axes = lesson.figure(2, 5, size=(16, 7))
for column, (title, (diagonal, beside), correct) in enumerate(PRINTED):
    printed = np.array([[diagonal, beside], [beside, diagonal]])
    limit = 1.2 * np.abs(np.stack([printed, correct])).max()
    for axis, matrix in zip(axes[:, column], (printed, correct), strict=True):
        tile(axis, matrix, limit)
    axes[0, column].set_title(title)
axes[0, 0].set_ylabel("printed", fontsize=22)
axes[1, 0].set_ylabel("correct", fontsize=22)
figure.suptitle("002 §4.3: rows are samples (in W: inputs), columns are nodes")
lesson.save_figure("printed_and_correct")

# %% [markdown]
# ## 7. From the document's own numbers
#
# The first mistake spoils all numbers after it. Is it the only one? To find out, we take at each
# step the numbers that the document itself has just printed, and do that one step rightly. The
# middle column is what the document should have printed, with its own wrong numbers.

# %%
lesson.heading("7. From the document's own numbers")
own_slope = 0.612 * (1 - 0.612)
OWN = [  # the step, printed, from the document's own numbers, correct
    ("ŷ, from its Z", 0.612, sigmoid(2.0), prediction[0, 0]),
    ("y - ŷ, diagonal, from its ŷ", 0.388, 1 - 0.612, t),
    ("y - ŷ, off the diagonal, from its ŷ", -0.612, 0 - 0.612, -s),
    ("½ (y - ŷ)², diagonal, from its y - ŷ", 0.051, 0.5 * 0.388**2, half[0, 0]),
    ("½ (y - ŷ)², off the diagonal, from its y - ŷ", -0.051, 0.5 * 0.612**2, half[0, 1]),
    ("∂L/∂W, diagonal, from its ŷ", -0.051, -0.388 * own_slope, grad_W[0, 0]),
    ("∂L/∂W, off the diagonal, from its ŷ", -0.051, 0.612 * own_slope, grad_W[0, 1]),
    ("∂L/∂b, from its ŷ", -0.051, (0.612 - 0.388) * own_slope, grad_b[0]),
    ("∂L/∂b, from its ∂L/∂W", -0.051, -0.051 + -0.051, grad_b[0]),
    ("W', diagonal, from its W, α and ∂L/∂W", 0.949, 1 - 0.1 * -0.051, new_W[0, 0]),
    ("W', off the diagonal, from the same", 0.949, 1 - 0.1 * -0.051, new_W[0, 1]),
    ("b', from its b, α and ∂L/∂b", 0.949, 1 - 0.1 * -0.051, new_b[0]),
]
ROUNDING = 0.0005000001  # half of the last digit printed
lesson.table(
    ["", "printed", "from its own numbers", "correct", ""],
    [
        (name, shown, own, right, "" if abs(shown - own) <= ROUNDING else "<- does not follow")
        for name, shown, own, right in OWN
    ],
)
does_not_follow = [name for name, shown, own, _ in OWN if abs(shown - own) > ROUNDING]
lesson.expect("steps that do not follow from the numbers before them", len(does_not_follow), 10)
lesson.expect(
    "printed numbers of this table that are correct",
    sum(abs(shown - right) <= ROUNDING for _, shown, _, right in OWN),
    0,
)
own_loss = 2 * (0.5 * 0.388**2 + 0.5 * 0.612**2)
lesson.expect("L from its own ŷ", own_loss, 0.525088, tolerance=1e-9)

# %% [markdown]
# Only the two subtractions follow. So the example is not one mistake with consequences. Almost
# every line has a new one.

# %% [markdown]
# ## 8. Formulas that the document's own numbers violate
#
# The formulas are right in themselves. The printed numbers do not obey them.
#
# **Formula 1: `ŷ = σ(Z)`, with `1 / (1 + exp(-2)) = 0.612`.** The printed number would need
# `Z = ln(0.612 / 0.388)`, about 0.45572694, and Z is 2. A quick check without a computer: exp(-2)
# is less than 1/7, so σ(2) is more than 7/8.
#
# **Formula 2: `L = ½ (y - ŷ)²`, with an entry -0.051.** Half of a square cannot be negative. The
# printed number would need a square of -0.102. Even the positive 0.051 does not fit: it would need
# a difference of 0.319374, and the line before has 0.388 and -0.612. In that line the square has
# been forgotten: it reads `½ · [0.388 ...]`. But without the square it would be 0.194 and -0.306.
#
# **Formula 3: `W = W - α ΔW`, with `1 - 0.1 · (-0.051) = 0.949`.** The right side is 1.0051. The
# printed 0.949 is `1 - 0.051`: the learning rate has been dropped and the sign has been flipped.
# It would need a learning rate of -1. The same happens to b.
#
# These are the three formulas that are written out with numbers. Two more are stated in words:
#
# **Formula 4: `ΔW = ∂L/∂W`.** Each entry has the sign of `ŷ - y`, because `σ'` is positive and X
# has no negative entry. The document's own `y - ŷ` has both signs, its `∂L/∂W` has only one. It
# would need all four differences to be equal. The factor `σ'` does not appear at all.
#
# **Formula 5: `Δb = ∂L/∂b`.** Each sample uses the same b, so their gradients are added up. In this
# example `∂L/∂b` is the sum of each column of `∂L/∂W`. The sum of two printed entries is -0.102,
# and printed is -0.051. Also b changes its shape: `∂L/∂b` is printed as a row, then used as a
# column.
#
# And one symbol has two meanings: in 002 §4.2.3 `ΔW` is `-α ∂L/∂W` and is added, in §4.3 it is
# `∂L/∂W` and α times it is subtracted. Each is right. Mix them, and the sign flips.

# %%
lesson.heading("8. Formulas that the document's own numbers violate")
z_needed = math.log(0.612 / 0.388)
lesson.expect("1: the Z that 0.612 needs", z_needed, 0.45572694, tolerance=1e-8)
lesson.expect("1: σ of that", sigmoid(z_needed), 0.612, tolerance=1e-12)
lesson.expect("1: 7/8 is less than σ(2)", s, above=7 / 8)
lesson.expect("2: the square that -0.051 needs", 2 * -0.051, below=0)
lesson.expect("2: the difference that 0.051 needs", math.sqrt(2 * 0.051), 0.319374, tolerance=1e-6)
show("2: no square", 0.5 * np.array([0.388, -0.612]))
lesson.expect("3: 1 - 0.1 · (-0.051)", 1 - 0.1 * -0.051, 1.0051, tolerance=1e-12)
lesson.expect("3: 1 - 0.051", 1 - 0.051, 0.949, tolerance=1e-12)
lesson.expect("3: the α that 0.949 needs", (1 - 0.949) / -0.051, -1, tolerance=1e-9)
same_sign = np.array_equal(np.sign(grad_W), np.sign(prediction - Y))
lesson.expect("4: ∂L/∂W has the signs of ŷ - Y", same_sign, True)
sums = difference(grad_W.sum(axis=0), grad_b)
lesson.expect("5: column sums of ∂L/∂W - ∂L/∂b", sums, 0, tolerance=1e-12)
lesson.expect("5: column sum of the printed ∂L/∂W", -0.051 + -0.051, -0.102, tolerance=1e-12)

# %% [markdown]
# **Does the loss fall?** We set all weights and biases to the same number, three times.
# The printed gradient, used as the formula says, leads to 1.0051, and the loss *rises*. The printed
# 0.949 makes it fall, even more than the correct step does.
#
# So the mistakes hide each other: the sign was flipped twice, and the step is ten times too long. A
# falling loss does not prove that a gradient is right. Compare it with differences instead.

# %%
losses_at = {}
for value in (1.0, 1.0051, 0.949):
    losses_at[value] = half_squares(sigmoid, X, Y, [value * W, value * b])
lesson.table(
    ["weights and biases", "L"],
    [(f"all {value}", f"{at:.6f}") for value, at in losses_at.items()]
    + [("after the correct step", f"{new_loss:.6f}")],
)
lesson.expect("L at 1.0051, by the printed gradient", losses_at[1.0051], above=loss)
lesson.expect("L at the printed 0.949", losses_at[0.949], below=new_loss)

# %% [markdown]
# ## 9. Five readings of the label
#
# A label of shape (2, 1) beside a prediction of shape (2, 2) is not a full statement. Here are five
# ways to complete it:
#
# - **I1.** One-hot labels, the sum of all half squares. **I1m** divides it by the 2 samples,
#   **I1e** by the 4 entries.
# - **I2.** Leave y as it is, and let NumPy subtract. It repeats the column for both nodes.
# - **I3.** Store y with the shape (2,). NumPy takes it for a row and repeats it for both samples.
# - **I4.** One output node: W has the shape (2, 1). Now y and ŷ have the same shape.
# - **I5.** Two hidden nodes, and the output layer that the text speaks of. We give it weights 1 and
#   bias 1, like everything else.
#
# All gradients come from the library and are checked by the complex step.

# %%
lesson.heading("9. Five readings of the label")
row_b = np.ones(2)
READINGS = {  # name: target, parameters, factor, what it is
    "I1": (Y, [W, row_b], 1.0, "one-hot, sum"),
    "I1m": (Y, [W, row_b], 1 / 2, "one-hot, mean over 2 samples"),
    "I1e": (Y, [W, row_b], 1 / 4, "one-hot, mean over 4 entries"),
    "I2": (y, [W, row_b], 1.0, "y (2, 1), repeated for both nodes"),
    "I2 column": (y, [W, np.ones((2, 1))], 1.0, "the same, and b a column"),
    "I3": (y[:, 0], [W, row_b], 1.0, "y (2,), repeated for both samples"),
    "I4": (y, [np.ones((2, 1)), np.ones(1)], 1.0, "one output node"),
    "I5": (y, [W, row_b, np.ones((2, 1)), np.ones(1)], 1.0, "with an output layer"),
}
found = {}  # name: L, gradients, L after one step
for name, (target, parameters, factor, _) in READINGS.items():
    value, gradients = by_library(target, parameters, factor)
    exact = by_steps(
        lambda places, target=target, factor=factor: half_squares(
            sigmoid, X, target, places, factor
        ),
        parameters,
        1e-20j,
    )
    error = max(map(difference, gradients, exact))
    lesson.expect(f"{name}: gradients, library - complex step", error, 0, tolerance=1e-12)
    moved = [p - alpha * g for p, g in zip(parameters, gradients, strict=True)]
    found[name] = value, gradients, by_library(target, moved, factor)[0], moved

lesson.table(
    ["reading", "what it is", "L", "L after one step"],
    [
        (name, READINGS[name][3], f"{value:.8f}", f"{after:.8f}")
        for name, (value, _, after, _) in found.items()
    ],
)


def entries(array: np.ndarray) -> str:
    """The entries of an array, row by row."""
    return " ".join(f"{entry:.7f}" for entry in array.ravel())


lesson.table(
    ["reading", "∂L/∂W, row by row", "∂L/∂b"],
    [(name, entries(g[0]), entries(g[1])) for name, (_, g, _, _) in found.items()],
)
lesson.table(
    ["reading", "W', row by row", "b'"],
    [(name, entries(moved[0]), entries(moved[1])) for name, (_, _, _, moved) in found.items()],
)
print("I5, output layer: gradients", *map(entries, found["I5"][1][2:]), sep="  ")
print("I5, output layer: after    ", *map(entries, found["I5"][3][2:]), sep="  ")

# %% [markdown]
# All of them have closed forms too. For I5 write p for the prediction: `p = σ(2 s + 1)`.

# %%
down, up = -s * t**2, s**2 * t  # δ where the label is 1, δ where it is 0
p = (1 + math.tanh(s + 0.5)) / 2
low, high = -p * (1 - p) ** 2, p**2 * (1 - p)  # the same two for the output layer of I5
CLOSED = {  # name: L, then the gradients
    "I1": (s * s + t * t, [[down, up], [up, down]], [up + down] * 2),
    "I1m": ((s * s + t * t) / 2, [[down / 2, up / 2], [up / 2, down / 2]], [(up + down) / 2] * 2),
    "I1e": ((s * s + t * t) / 4, [[down / 4, up / 4], [up / 4, down / 4]], [(up + down) / 4] * 2),
    "I2": (s * s + t * t, [[down, down], [up, up]], [up + down] * 2),
    "I2 column": (s * s + t * t, [[down, down], [up, up]], [[2 * down], [2 * up]]),
    "I3": (s * s + t * t, [[down, up], [down, up]], [2 * down, 2 * up]),
    "I4": ((s * s + t * t) / 2, [[down], [up]], [up + down]),
    "I5": (
        ((1 - p) ** 2 + p**2) / 2,
        [[low * s * t] * 2, [high * s * t] * 2],
        [(low + high) * s * t] * 2,
        [[(low + high) * s]] * 2,
        [low + high],
    ),
}
for name, (value, *closed) in CLOSED.items():
    lesson.expect(f"{name}: L", found[name][0], value, tolerance=1e-12)
    error = max(map(difference, found[name][1], closed))
    lesson.expect(f"{name}: gradients, library - closed form", error, 0, tolerance=1e-12)
lesson.expect("I5: p", p, 0.94056481, tolerance=1e-8)

# %% [markdown]
# **Which one is meant?** We recommend I1, for four reasons:
#
# 1. It is the only one whose `y - ŷ` has the pattern of zeros and ones that the document prints.
# 2. Its loss equals the document's own MSE, as you saw in section 4.
# 3. It is symmetric: `W X` or `X W`, b a row or a column, the numbers are the same (section 13).
# 4. Its first column is reading I4: the two agree about the node that says "class 1".

# %%
first_column = found["I1"][1][0][:, :1]
error = difference(first_column, found["I4"][1][0])
lesson.expect("∂L/∂W, first column of I1 - I4", error, 0, tolerance=1e-12)
names = ["I1", "I2", "I3", "I4", "I5"]
figure, axes = lesson.figure(1, 5, size=(16, 4.8))
axes[0].get_gridspec().set_width_ratios([found[name][1][0].shape[1] for name in names])
for axis, name in zip(axes, names, strict=True):
    gradient = found[name][1][0]
    picture = tile(axis, gradient, limit=0.1, digits=4, size=16)
    axis.set(xlabel="node", title=f"{name}\nL = {found[name][0]:.4f}")
    axis.set(xticks=[0, 1][: gradient.shape[1]], xticklabels=[1, 2][: gradient.shape[1]])
    axis.set(yticks=[0, 1], yticklabels=[1, 2])
axes[0].set_ylabel("input")
figure.colorbar(picture, ax=axes, label="entry of ∂L/∂W", shrink=0.7)
figure.suptitle("∂L/∂W in the five readings. I1, I2 and I3 have the same loss")
lesson.save_figure("readings")

# %% [markdown]
# ## 10. The broadcasting trap
#
# Look at I1, I2 and I3 once more. **The loss is the same to the last digit, and the gradients are
# not.** If you only print the loss, you see nothing.
#
# It gets worse. We train I1 and I2 for 1,000 steps. Their losses stay equal, step by step: both
# learn equally well, but not the same thing. I1 learns which class a sample has. I2 learns to give
# both nodes the same answer, so the second node says "class 1" where it should say "class 0".
#
# NumPy does not warn, because broadcasting is what it was asked for.


# %%
def train(target: np.ndarray, steps: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradient descent by hand: W, b and L before the first step and after each."""
    W, b = np.ones((2, 2)), np.ones(2)
    all_W, all_b, losses = np.empty((steps + 1, 2, 2)), np.empty((steps + 1, 2)), []
    for step in range(steps + 1):
        prediction = sigmoid(X @ W + b)
        error = prediction - target
        delta = error * prediction * (1 - prediction)
        all_W[step], all_b[step] = W, b
        losses.append(0.5 * (error * error).sum())
        W = W - alpha * (X.T @ delta)
        b = b - alpha * delta.sum(axis=0)
    return all_W, all_b, np.array(losses)


lesson.heading("10. The broadcasting trap")
trap_W, trap_b, trap_losses = train(y, 1_000)
good_W, good_b, good_losses = train(Y, 1_000)
for name in ("I2", "I3"):
    lesson.expect(f"L of {name} - L of I1", found[name][0] - found["I1"][0], 0, tolerance=1e-12)
    apart = difference(found[name][1][0], found["I1"][1][0])
    lesson.expect(f"∂L/∂W of {name} - that of I1, largest", apart, above=0.05)
apart = difference(trap_losses, good_losses)
lesson.expect("L of I2 - L of I1, largest in 1,000 steps", apart, 0, tolerance=1e-12)
good, trap = sigmoid(X @ good_W[-1] + good_b[-1]), sigmoid(X @ trap_W[-1] + trap_b[-1])
lesson.table(
    ["after 1,000 steps", "L", "ŷ of sample 1", "ŷ of sample 2"],
    [
        ("I1, one-hot", f"{good_losses[-1]:.6f}", *(f"({i:.3f}, {j:.3f})" for i, j in good)),
        ("I2, broadcast", f"{trap_losses[-1]:.6f}", *(f"({i:.3f}, {j:.3f})" for i, j in trap)),
    ],
)
lesson.expect("I1: node 2 for sample 2, which has class 0", good[1, 1], above=0.9)
lesson.expect("I2: node 2 for sample 2, which has class 0", trap[1, 1], below=0.1)

# %% [markdown]
# The library refuses to guess. Its losses raise an error where the shapes differ:

# %%
scores = te.tensor(prediction)
lesson.expect_error(
    "mse_loss on a label of shape (2, 1)",
    ValueError,
    lambda: F.mse_loss(scores, y),
    says="target (2, 1)",
)
lesson.expect_error(
    "mse_loss on a label of shape (2,)",
    ValueError,
    lambda: F.mse_loss(scores, y[:, 0]),
    says="target (2,)",
)

# %% [markdown]
# ## 11. Ten thousand steps
#
# The document stops after one step. We go on to 10,000, with I1. The loop is the one of section 10:
# forward, δ, gradients, update.

# %%
lesson.heading("11. Ten thousand steps")
steps = 10_000
all_W, all_b, losses = train(Y, steps)
GOLDEN = {1: 0.7869755214, 10: 0.7563891478, 100: 0.2339879522, 1_000: 0.0138488883,
          10_000: 0.0011023830}  # fmt: skip
for step, golden in GOLDEN.items():
    name = f"L after {step:,} step" + "s" * (step > 1)
    lesson.expect(name, losses[step], golden, tolerance=1e-9)
lesson.expect("L falls at every step", bool((np.diff(losses) < 0).all()), True)

# The same with the library, which is slower for so small matrices.
library_steps = 100 if options.quick else 1_000
places = [te.tensor(W, requires_grad=True), te.tensor(b, requires_grad=True)]
optimizer = te.optim.SGD(places, lr=alpha)
inputs, labels = te.tensor(X), te.tensor(Y)
for _ in lesson.progress(range(library_steps), "training with the library"):
    optimizer.zero_grad()
    half_squares(te.sigmoid, inputs, labels, places).backward()
    optimizer.step()
print(f"Largest difference after {library_steps:,} steps:")
lesson.expect("W", difference(places[0].numpy(), all_W[library_steps]), 0, tolerance=1e-12)
lesson.expect("b", difference(places[1].numpy(), all_b[library_steps]), 0, tolerance=1e-12)

# %%
predictions = sigmoid(X @ all_W + all_b[:, None])  # (steps + 1, samples, nodes)
lowest = predictions[:, 0, 0].argmin()
print(f"lowest prediction of the right node: {predictions[lowest, 0, 0]:.4f}, at step {lowest}")
lesson.expect("it comes after the start", lowest, above=0)

drawn = np.unique(np.geomspace(1, steps, 300).astype(int))  # enough points for a smooth curve
figure, (left, right) = lesson.figure(1, 2, size=(15, 6.5))
left.loglog(drawn, losses[drawn])
for step in GOLDEN:
    left.plot(step, losses[step], "o", color=lesson.RED)
    left.annotate(
        f"{losses[step]:.4f}", (step, losses[step]), (6, 8), textcoords="offset points"
    )  # fmt: skip
left.set(xlabel="steps", ylabel="loss L", title="Loss: at first slow, then like 1 / steps")
left.set(xlim=(0.7, 90_000), ylim=(5e-4, 2))
right.semilogx(drawn, predictions[drawn, 0, 0], label="right node, should be 1")
right.semilogx(drawn, predictions[drawn, 0, 1], "--", label="other node, should be 0")
right.axhline(0.612, color="black", linestyle=":", label="printed for all: 0.612")
right.set(xlabel="steps", ylabel="prediction ŷ", title="Predictions", ylim=(0, 1.02))
right.legend(loc="lower left")
for axis in (left, right):
    axis.minorticks_off()
    axis.xaxis.set_major_formatter("{x:,.0f}")
left.yaxis.set_major_formatter("{x:g}")
lesson.save_figure("ten_thousand_steps")

# %% [markdown]
# At first the loss falls slowly. The nodes start at 0.880797, where the sigmoid is flat: its slope
# `σ'(2)` is 0.104994, so the gradient is about ten times smaller than the error. At the end the
# sigmoid is flat again. So ten times as many steps only make the loss about ten times smaller.
#
# The right node first gets *worse*: its prediction falls to 0.7696 before it rises. A node has one
# bias for both samples. At first the larger error decides where it goes: that of the sample for
# which the node should say 0.
#
# **A law that never breaks.** In each column j, at every step,
#
# `w_jj + w_ij - b_j = 1`, where i is the other row
#
# Why? X is the identity matrix, so `∂L/∂b_j` is the sum of the two entries of column j of `∂L/∂W`.
# Whatever the two weights gain together, b_j gains as well. At the start it was 1 + 1 - 1 = 1. Such
# a law is an excellent check: it knows nothing about the sigmoid or the loss, and it holds exactly.

# %%
law = all_W.sum(axis=1) - all_b  # (steps + 1, nodes)
error = difference(law, np.ones((steps + 1, 2)))
lesson.expect("w_jj + w_ij - b_j - 1, largest in 10,000 steps", error, 0, tolerance=1e-12)

# %% [markdown]
# **Where does b go?** To -1/3. Write u for Z on the diagonal and v for Z off it: `u = w_jj + b`,
# `v = w_ij + b`. The law gives `u + v = (w_jj + w_ij) + 2 b = 1 + 3 b`.
#
# One step changes `u + v` by `-3 α (δ_on + δ_off)`. Where is that zero? Where the two errors are
# equal and opposite. Since σ(-z) = 1 - σ(z), this is so at `v = -u`. The training pushes `u + v`
# towards zero, so `1 + 3 b` goes to 0, and b goes to -1/3.

# %%
u, v = all_W[:, 0, 0] + all_b[:, 0], all_W[:, 1, 0] + all_b[:, 0]
error = difference(u + v, 1 + 3 * all_b[:, 0])
lesson.expect("u + v - (1 + 3 b), largest", error, 0, tolerance=1e-12)
lesson.expect("b after 10,000 steps", all_b[-1, 0], -1 / 3, tolerance=1e-6)
lesson.expect("u + v after 10,000 steps", u[-1] + v[-1], 0, tolerance=1e-6)

figure, axis = lesson.figure(size=(12, 6.5))
axis.semilogx(drawn, all_W[drawn, 0, 0], label="weights on the diagonal")
axis.semilogx(drawn, all_W[drawn, 0, 1], "--", label="weights off the diagonal")
axis.semilogx(drawn, all_b[drawn, 0], "-.", label="biases")
axis.axhline(-1 / 3, color="black", linestyle=":", linewidth=2, label="\N{MINUS SIGN}1/3")
axis.set(xlabel="steps", ylabel="value", title="Weights and biases in 10,000 steps")
axis.minorticks_off()
axis.xaxis.set_major_formatter("{x:,.0f}")
axis.legend(loc="upper left")
lesson.save_figure("weights_and_biases")

# %% [markdown]
# ## 12. Other losses at the start
#
# What would other losses say about the same Z? We compute four, with the labels Y of reading I1:
#
# - the half squares of this example;
# - **binary cross-entropy** (二元交叉熵), as in 002 §3.3: `-y ln ŷ - (1 - y) ln(1 - ŷ)`, summed
#   over the nodes, the mean over the 2 samples;
# - **softmax with cross-entropy** (交叉熵), where the rows of ŷ are probabilities that add up to 1;
# - the formula of 002 §4.2.2 **as printed**: `-1/n Σ y ln ŷ`, but with the sigmoid in place of
#   softmax.

# %%
lesson.heading("12. Other losses at the start")
n = len(X)
LOSSES = {  # name: the loss of Z; its value, δ on and off the diagonal, ∂L/∂b, in s and t
    "half squares": (
        lambda Z: 0.5 * F.mse_loss(te.sigmoid(Z), Y, "sum"),
        (s * s + t * t, down, up, down + up),
    ),
    "binary cross-entropy": (
        lambda Z: F.binary_cross_entropy(te.sigmoid(Z), Y, "sum") / n,
        (-math.log(s) - math.log(t), -t / 2, s / 2, (s - t) / 2),
    ),
    "softmax, cross-entropy": (
        lambda Z: F.cross_entropy(Z, Y),
        (math.log(2), -1 / 4, 1 / 4, 0.0),
    ),
    "002 §4.2.2 as printed": (
        lambda Z: -(te.tensor(Y) * te.log(te.sigmoid(Z))).sum() / n,
        (-math.log(s), -t / 2, 0.0, -t / 2),
    ),
}
rows, errors = [], {}
for name, (function, closed) in LOSSES.items():
    W_place, b_place = te.tensor(W, requires_grad=True), te.tensor(b, requires_grad=True)
    value = function(te.tensor(X) @ W_place + b_place)
    value.backward()
    dW, db = W_place.grad.numpy(), b_place.grad.numpy()
    rows.append((name, *(f"{x:.8f}" for x in (value.item(), dW[0, 0], dW[0, 1], db[0]))))
    seen = [value.item(), dW[0, 0], dW[0, 1], db[0]]
    errors[name] = difference(seen, closed)
lesson.table(["loss", "L", "∂L/∂W on the diagonal", "off the diagonal", "∂L/∂b"], rows)
print("Largest difference from the closed forms:")
for name, error in errors.items():
    lesson.expect(name, error, 0, tolerance=1e-12)

# %% [markdown]
# Off the diagonal the prediction is very wrong: 0.880797 in place of 0. Binary cross-entropy gives
# it the gradient 0.44039854, the half squares only 0.09247804. They multiply by the slope of the
# sigmoid, which is small where the sigmoid is flat. That is why cross-entropy learns faster here.
#
# The formula as printed gives exactly 0 off the diagonal: with the sigmoid, a wrong class costs
# nothing. A network that says 1 to everything has almost no loss. Softmax mends it, because its
# probabilities compete: they add up to 1. Lesson 3 looks at this.

# %%
yes_to_all = te.tensor(np.full((2, 2), 20.0))
printed_loss, _ = LOSSES["002 §4.2.2 as printed"]
right_loss, _ = LOSSES["softmax, cross-entropy"]
lesson.expect("002 §4.2.2 as printed, Z = 20 everywhere", printed_loss(yes_to_all), below=1e-8)
lesson.expect("softmax, Z = 20 everywhere", right_loss(yes_to_all), math.log(2), tolerance=1e-12)

# %% [markdown]
# ## 13. What this example cannot see
#
# X is the identity matrix, all weights are equal, and the numbers of samples, inputs and nodes are
# all 2. That is comfortable. It also hides mistakes. We make six mistakes on purpose, here and on a
# batch of 5 random samples with 3 inputs and 2 nodes. The table shows the largest error of the
# gradient, or that the shape is wrong.

# %%
lesson.heading("13. What this example cannot see")
# name: ∂L/∂W and ∂L/∂b from x, z, ŷ - y and δ
MISTAKES: dict[str, Callable[..., tuple]] = {
    "none": lambda x, z, e, d: (x.T @ d, d.sum(axis=0)),
    "∂L/∂W transposed": lambda x, z, e, d: (d.T @ x, d.sum(axis=0)),
    "X δ in place of Xᵀ δ": lambda x, z, e, d: (x @ d, d.sum(axis=0)),
    "∂L/∂b summed over the nodes": lambda x, z, e, d: (x.T @ d, d.sum(axis=1)),
    "∂L/∂b not summed": lambda x, z, e, d: (x.T @ d, d),
    "σ'(z) left out": lambda x, z, e, d: (x.T @ e, e.sum(axis=0)),
    "z (1 - z) in place of ŷ (1 - ŷ)": lambda x, z, e, d: (
        x.T @ (e * z * (1 - z)),
        (e * z * (1 - z)).sum(axis=0),
    ),
}
random = np.random.default_rng(options.seed)
SETTINGS = {  # name: x, y, W, b
    "2×2 example": (X, Y, W, b),
    "5 samples, 3 inputs, 2 nodes": (
        random.normal(size=(5, 3)),
        random.integers(0, 2, (5, 2)).astype(float),
        random.normal(size=(3, 2)),
        random.normal(size=2),
    ),
}
TOLERANCE = 1e-9


def largest_error(gradients: Callable[..., tuple], given: tuple, true: list) -> float:
    """The largest error of gradients(*given); infinite where a shape is wrong."""
    try:
        return max(map(difference, gradients(*given), true))
    except ValueError:  # the shapes of a matrix product do not fit
        return math.inf


largest: dict[str, list[float]] = {name: [] for name in MISTAKES}
for x, labels, w, bias in SETTINGS.values():
    true = by_steps(
        lambda places, x=x, labels=labels: half_squares(sigmoid, x, labels, places),
        [w, bias],
        1e-20j,
    )
    z = x @ w + bias
    e = sigmoid(z) - labels
    d = e * sigmoid(z) * (1 - sigmoid(z))
    for name, mistake in MISTAKES.items():
        largest[name].append(largest_error(mistake, (x, z, e, d), true))
lesson.table(
    ["mistake", *SETTINGS],
    [
        (name, *("shape" if math.isinf(e) else f"{e:.1e}" if e > TOLERANCE else "-" for e in pair))
        for name, pair in largest.items()
    ],
)
lesson.expect("the right formulas, largest error", max(largest.pop("none")), 0, tolerance=1e-12)
unseen = [sum(pair[k] <= TOLERANCE for pair in largest.values()) for k in range(2)]
lesson.expect("mistakes that the 2×2 example cannot see", unseen[0], 3)
lesson.expect("mistakes that the batch of 5 cannot see", unseen[1], 0)

# %% [markdown]
# Three mistakes of six leave no trace in the 2×2 example. Test a gradient with numbers that are not
# all equal, and with three different sizes. The exercises do so.

# %% [markdown]
# ## Exercises
#
# `tinygrad-edu start 4` puts a file with four unfinished functions into your folder. Fill them in.
# `tinygrad-edu check 4` tells you which are right, and for a wrong gradient what is probably wrong
# with it. It uses 7 samples, 3 inputs and 2 nodes.
#
# 1. `half_squared_error(prediction, target)`: the loss, with an error where the shapes differ.
# 2. `output_gradient(z, y)`: δ, from the loss through the sigmoid.
# 3. `layer_gradients(x, W, b, y)`: the whole backward pass.
# 4. `training_step(x, W, b, y, alpha)`: the new W and b.
#
# More to try, without a check: copy this lesson to `mine.py`, change it, and run `python mine.py`.
# Start with W = [1 2; 3 4]. What does the law of section 11 become, and where do the two biases go?
# Does the law hold for binary cross-entropy?

# %% [markdown]
# ## Where this lives in the library
#
# All paths are inside `tinygrad_edu/`.
#
# | here | in the library |
# |---|---|
# | `X W + b`, with `Xᵀ δ` and the sum over the rows | `ops/fused.py`, `nn/linear.py` |
# | `σ` and its derivative | `ops/elementwise.py` |
# | the error on unequal shapes | `nn/loss_functions.py` |
# | the chain rule, from the loss back | `autograd.py` |
# | the sum over the samples that undoes broadcasting | `autograd.py` |
# | `W - α ∂L/∂W` | `optim/sgd.py` |
# | differences and the complex step | `gradcheck.py` |

# %%
lesson.finish()

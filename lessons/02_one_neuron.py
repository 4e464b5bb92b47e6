# %% [markdown]
# # Lesson 2. One neuron and the chain rule
#
# **What you will learn.** You compute one neuron (神经元) forwards, and its gradient (梯度)
# backwards with the chain rule (链式法则). You find a formula in a document that undoes its own
# first step, and the step that the document forgot. Then you build a small program, about forty
# lines, that does all this for any formula: automatic differentiation (自动微分), or autograd.
# This library works like that inside.
#
# **Time.** About 75 minutes with the exercises. The program itself needs some seconds.
#
# **Document.** 001 §4.2 and 004 §4.2.
#
# **Before this lesson.** Lesson 1: the sigmoid, its slope, the complex step.

# %%
import itertools
import sys
from collections import Counter

import numpy as np

import tinygrad_edu as te
from tinygrad_edu import lesson

options = lesson.start(2, "One neuron and the chain rule", minutes=75)

# %% [markdown]
# ## 1. Forwards
#
# A neuron takes inputs a, multiplies each by a weight (权重) w, adds a bias (偏置) b, and puts the
# sum z through an activation function f. Document 001 §4.2 writes
#
# `z_l = Σ_k w_lk a_k + b_l` and `a_l = f(z_l)`
#
# and document 004 §4.2 writes `ŷ = σ(Wᵀ a + b)`. It is the same neuron: ŷ is a_l, and f is σ. (004
# calls a the *input* of the hidden layer. It is its output: the formula makes ŷ out of it.)
#
# We take one neuron with one input. The documents give no numbers, so we choose short ones. The
# loss (损失) says how far the output is from the target (目标) y: `L = ½ (ŷ - y)²`. Computing all
# this is the forward pass (前向传播).


# %%
def sigmoid(z):
    return 1 / (1 + np.exp(-z))


a, w, b, y = 2.0, 0.5, -0.5, 1.0

lesson.heading("1. Forwards")
z = w * a + b
y_hat = sigmoid(z)
loss = 0.5 * (y_hat - y) ** 2
lesson.table(
    ["quantity", "formula", "value"],
    [
        ("z", "w a + b", f"{z:.10f}"),
        ("ŷ", "σ(z)", f"{y_hat:.10f}"),
        ("L", "½ (ŷ - y)²", f"{loss:.10f}"),
    ],
)
lesson.expect("z", z, 0.5)
lesson.expect("ŷ", y_hat, 0.6224593312, tolerance=1e-10)

# %% [markdown]
# ## 2. Backwards
#
# We want to make L smaller, and we may change w and b. So we ask: how much does L move when w moves
# a little? That is the derivative ∂L/∂w.
#
# w moves z, z moves ŷ, and ŷ moves L. Each link of this chain has its own slope, and the chain rule
# says: **multiply the slopes**. We begin at the end, with L, and go backwards. This is the backward
# pass (反向传播).
#
# - `∂L/∂ŷ = ŷ - y`
# - `f'(z) = ŷ (1 - ŷ)`, the slope of σ (lesson 1)
# - `δ = ∂L/∂z = ∂L/∂ŷ · f'(z)`
# - `∂L/∂w = δ · a`, because z moves by a when w moves by 1
# - `∂L/∂b = δ`
# - `∂L/∂a = δ · w`, for a neuron before this one
#
# δ (delta) is the number to remember. All the others are made from it.

# %%
lesson.heading("2. Backwards")
slope = y_hat * (1 - y_hat)
dL_dy_hat = y_hat - y
delta = dL_dy_hat * slope
dL_dw, dL_db, dL_da = delta * a, delta, delta * w
lesson.expect("∂L/∂ŷ", dL_dy_hat, -0.3775406688, tolerance=1e-10)
lesson.expect("f'(z)", slope, 0.2350037122, tolerance=1e-10)
lesson.expect("δ", delta, -0.0887234587, tolerance=1e-10)
lesson.expect("∂L/∂w", dL_dw, -0.1774469173, tolerance=1e-10)
lesson.expect("∂L/∂a", dL_da, -0.0443617293, tolerance=1e-10)

# %% [markdown]
# As in lesson 1, we trust no derivative that was not checked. The complex step needs no chain rule.
# And we try it out: what happens to L when w really moves by 0.01?


# %%
def loss_of(w, b, a):
    return 0.5 * (sigmoid(w * a + b) - y) ** 2


def by_complex_step(f, *numbers, position, h=1e-30):
    moved = [x + 1j * h * (i == position) for i, x in enumerate(numbers)]
    return f(*moved).imag / h


checked = [by_complex_step(loss_of, w, b, a, position=i) for i in range(3)]
lesson.compare(
    [
        ("∂L/∂w", None, dL_dw, checked[0]),
        ("∂L/∂b", None, dL_db, checked[1]),
        ("∂L/∂a", None, dL_da, checked[2]),
    ],
    tolerance=1e-12,
)
moved = loss_of(w + 0.01, b, a) - loss
print(f"w moves by 0.01: L moves by {moved:.6f}, and ∂L/∂w · 0.01 = {dL_dw * 0.01:.6f}")
lesson.expect("they differ by", abs(moved - dL_dw * 0.01), below=0.0001)

# %% [markdown]
# The picture shows the computation as a graph (计算图). Above each box stands the value, which goes
# forwards. On each arrow stands the slope. Below each box stands the gradient, which comes
# backwards: the gradient of the next box, times the slope on the arrow.


# %%
def draw_box(axis, place, name, value, gradient):
    x, height = place
    box = {"boxstyle": "round,pad=0.4", "facecolor": "0.93", "edgecolor": "black", "linewidth": 2}
    text = axis.text(x, height, name, ha="center", va="center", fontsize=24, bbox=box)
    axis.text(x, height + 0.36, value, ha="center", color=lesson.BLUE, fontsize=22)
    axis.text(x, height - 0.56, gradient, ha="center", color=lesson.RED, fontsize=22)
    return text.get_bbox_patch()


def draw_arrow(axis, start, end, boxes, places, label, lift):
    arrow = {"arrowstyle": "-|>,head_width=0.5,head_length=0.9", "linewidth": 2.5, "color": "0.35",
             "patchA": boxes[start], "patchB": boxes[end], "shrinkA": 2, "shrinkB": 2}  # fmt: skip
    axis.annotate("", places[end], places[start], arrowprops=arrow)
    middle = np.mean([places[start], places[end]], axis=0) + (0, lift)
    axis.text(*middle, label, ha="center", fontsize=18, color="0.2")


figure, axis = lesson.figure(size=(17, 8))
drawn = {  # place, value, gradient
    "a": ((0, 3.0), a, dL_da),
    "w": ((0, 1.2), w, dL_dw),
    "w·a": ((1.9, 2.1), w * a, delta),
    "b": ((1.9, 0.1), b, dL_db),
    "z = w·a + b": ((4.2, 1.5), z, delta),
    "ŷ = σ(z)": ((6.8, 1.5), y_hat, dL_dy_hat),
    "L": ((9.0, 1.5), loss, 1),
}
places = {name: place for name, (place, *_) in drawn.items()}
boxes = {
    name: draw_box(axis, place, name, f"{value:.4g}", f"{gradient:.4f}")
    for name, (place, value, gradient) in drawn.items()
}
for start, end, label, lift in (
    ("a", "w·a", f"w = {w:g}", 0.18), ("w", "w·a", f"a = {a:g}", -0.32),
    ("w·a", "z = w·a + b", "1", 0.1), ("b", "z = w·a + b", "1", -0.32),
    ("z = w·a + b", "ŷ = σ(z)", f"f' = {slope:.4f}", 0.1),
    ("ŷ = σ(z)", "L", f"ŷ-y = {dL_dy_hat:.4f}", 0.1),
):  # fmt: skip
    draw_arrow(axis, start, end, boxes, places, label, lift)
axis.text(5.0, 3.2, "above: the value, forwards →", color=lesson.BLUE, fontsize=22)
axis.text(5.0, 2.75, "below: the gradient, ← backwards", color=lesson.RED, fontsize=22)
axis.set(xlim=(-0.7, 9.6), ylim=(-0.7, 3.6))
axis.set_title("One neuron, forwards and backwards", fontsize=24)
axis.axis("off")
lesson.save_figure("neuron")

# %% [markdown]
# ## 3. A formula that undoes itself
#
# Document 001 §4.2 prints two lines, one after the other:
#
# - `δ_l = ∂L/∂a_l ⊙ ∂f/∂z_l`, which is right, and is our δ;
# - `∂L/∂z_l = δ_l ⊙ ∂z_l/∂a_l`, which is wrong.
#
# (`⊙` multiplies two arrays entry by entry, as `*` does in NumPy.)
#
# By the chain rule, δ_l **is** ∂L/∂z_l already. Nothing is left to multiply. And what would
# ∂z_l/∂a_l be? a_l = f(z_l), so the slope the other way round is `1 / f'(z_l)`. The second line
# therefore takes back what the first line did: `∂L/∂a_l · f' · 1/f' = ∂L/∂a_l`. What comes out is
# ∂L/∂a_l under the name of ∂L/∂z_l. The next two lines of the document are right in themselves, but
# they use it. So the gradients of w and b are too large, exactly by the factor `1 / f'(z)`.

# %%
lesson.heading("3. A formula that undoes itself")
literal = delta * (1 / slope)  # the second line, as it is printed
print("printed: the document's formulas, computed on our neuron")
wrong = lesson.compare(
    [
        ("δ = ∂L/∂a · f'", f"{delta:.6f}", delta, checked[1]),
        ("∂L/∂z", f"{literal:.6f}", delta, checked[1]),
        ("∂L/∂w", f"{literal * a:.6f}", dL_dw, checked[0]),
        ("∂L/∂b", f"{literal:.6f}", dL_db, checked[1]),
    ]
)
lesson.expect("wrong in the document", wrong, ["∂L/∂z", "∂L/∂w", "∂L/∂b"])
lesson.expect("∂L/∂w by the printed formula", literal * a, -0.7550813376, tolerance=1e-10)
lesson.expect("too large by the factor", literal * a / dL_dw, 4.2552520, tolerance=1e-7)
lesson.expect("which is exactly 1 / f'(z)", literal * a / dL_dw * slope, 1, tolerance=1e-12)

# %% [markdown]
# The factor depends on z. Where the neuron is saturated (饱和), it is enormous. It is 1 only where
# the slope of f is 1: for tanh at z = 0.

# %%
zs = np.linspace(-6, 6, 241)
figure, axis = lesson.figure()
for name, f, color, style in (
    ("sigmoid", sigmoid, lesson.BLUE, "-"), ("tanh", np.tanh, lesson.ORANGE, "--"),
):  # fmt: skip
    f_slope = by_complex_step(f, zs, position=0)
    right_delta = (f(zs) - y) * f_slope
    printed = right_delta * (1 / f_slope)
    error = np.abs(printed / right_delta * f_slope - 1).max()
    lesson.expect(f"{name}: factor times f', for 241 values of z", error, 0, tolerance=1e-12)
    axis.semilogy(zs, printed / right_delta, style, color=color, label=name)
axis.plot(z, literal / delta, "o", color=lesson.BLUE, markersize=14)
axis.annotate(
    f"our neuron: {literal / delta:.2f} times", (z, literal / delta), xytext=(2.3, 1.7),
    va="center", fontsize=18, arrowprops={"arrowstyle": "-", "color": "0.5"},
)  # fmt: skip
axis.set(xlabel="z", ylabel="printed gradient / right gradient", xlim=(-6, 6), ylim=(0.8, None))
axis.set_title("How much too large the printed formula is")
axis.legend(loc="upper center")
lesson.save_figure("too_large")

# %% [markdown]
# Would you notice? For this one neuron hardly. The sign is right, and the loss falls, even faster.
# In fact `(ŷ - y) · a` is the right gradient of *another* loss, the cross-entropy (交叉熵) of
# lesson 3, and we can check that here. In a network of several layers even the direction is wrong,
# as section 4 shows. So remember: **a falling loss does not prove that a gradient is right.**


# %%
def cross_entropy_of(w):
    return -np.log(sigmoid(w * a + b))  # for the target y = 1


lesson.expect(
    "the printed ∂L/∂w is that of the cross-entropy",
    literal * a, by_complex_step(cross_entropy_of, w, position=0), tolerance=1e-12,
)  # fmt: skip

# %% [markdown]
# ## 4. The step that the document forgot
#
# With the formulas of 001 §4.2 you can train the last layer (层), and nothing before it. The step
# from a layer to the one before is missing.
#
# Take a network with two inputs, three hidden neurons and two outputs. A hidden neuron k feeds
# *both* outputs l. If a_k moves a little, L moves along both ways, so **the ways are added**:
#
# - `∂L/∂a_k = Σ_l w_lk δ_l`
# - `δ_k = f'(z_k) · Σ_l w_lk δ_l`
#
# Forwards we add over the inputs k. Backwards we add over the outputs l.
#
# A word on notation. In w_lk, l has to be one *neuron* and k one neuron of the layer before. The
# document calls l a layer. All weights of a layer together are a matrix (矩阵). This library stores
# it as W with one row for each input and one column for each neuron, so `W[k, l]` is w_lk. The
# documents write the same sum in three ways:

# %%
lesson.heading("4. The step that the document forgot")
x = np.array([0.5, -1.0])
W1 = np.array([[0.1, -0.2, 0.4], [0.3, -0.5, 0.2]])  # (2, 3): 2 inputs, 3 neurons
b1 = np.array([0.1, -0.1, 0.2])
W2 = np.array([[0.7, -0.6], [-0.3, 0.5], [0.2, 0.9]])  # (3, 2)
b2 = np.array([0.3, -0.4])
target = np.array([1.0, 0.0])

by_sums = [sum(W1[k, neuron] * x[k] for k in range(2)) + b1[neuron] for neuron in range(3)]
lesson.table(
    ["where", "formula", "z of neuron 1", "2", "3"],
    [
        (where, formula, *(f"{value:.4f}" for value in values))
        for where, formula, values in (
            ("001 §4.2", "Σ_k w_lk a_k + b_l", by_sums),
            ("004 §4.2", "Wᵀ a + b", W1.T @ x + b1),
            ("002, 003 and this library", "a W + b", x @ W1 + b1),
        )
    ],
)
difference = np.abs([by_sums - (x @ W1 + b1), W1.T @ x + b1 - (x @ W1 + b1)]).max()
lesson.expect("the three differ by", difference, 0, tolerance=1e-12)

# %% [markdown]
# Now the whole backward pass, by hand. Each line is one formula from above.


# %%
def network_loss(x, W1, b1, W2, b2):
    a1 = sigmoid(x @ W1 + b1)  # (3,)
    a2 = sigmoid(a1 @ W2 + b2)  # (2,)
    return 0.5 * np.sum((a2 - target) ** 2)


a1 = sigmoid(x @ W1 + b1)
a2 = sigmoid(a1 @ W2 + b2)
delta2 = (a2 - target) * a2 * (1 - a2)  # (2,)  the outputs
delta1 = (W2 @ delta2) * a1 * (1 - a1)  # (3,)  the forgotten step
by_hand = {
    "W1": np.outer(x, delta1),  # (2, 3)  ∂L/∂w_lk = δ_l a_k
    "b1": delta1,
    "W2": np.outer(a1, delta2),  # (3, 2)
    "b2": delta2,
}

# %% [markdown]
# We check all 17 derivatives with central differences: change one number a little to both sides,
# and look at the loss.

# %%
parameters = {"W1": W1, "b1": b1, "W2": W2, "b2": b2}


def by_difference(name, index, h=1e-5):
    losses = []
    for step in (h, -h):
        moved = {key: array.copy() for key, array in parameters.items()}
        moved[name][index] += step
        losses.append(network_loss(x, **moved))
    return (losses[0] - losses[1]) / (2 * h)


rows, largest = [], 0.0
for name, gradient in by_hand.items():
    for index in np.ndindex(gradient.shape):
        slope_there = by_difference(name, index)
        largest = max(largest, abs(gradient[index] - slope_there))
        place = ", ".join(str(i + 1) for i in index)
        rows.append((f"{name}[{place}]", f"{gradient[index]:.9f}", f"{slope_there:.9f}"))
lesson.table(["parameter", "∂L/∂· by hand", "by differences"], rows)
lesson.expect("derivatives checked", len(rows), 17)
lesson.expect("largest difference", largest, below=1e-8)

# %% [markdown]
# And the printed formula, with `1 / f'` in both layers? Now each neuron has its own wrong factor,
# so even the direction is wrong. The cosine between two gradients is 1 where they point the same
# way.

# %%
printed2 = delta2 / (a2 * (1 - a2))
printed1 = (W2 @ printed2) * a1 * (1 - a1) / (a1 * (1 - a1))
by_printed = np.concatenate([np.outer(x, printed1).ravel(), printed1,
                             np.outer(a1, printed2).ravel(), printed2])  # fmt: skip
right = np.concatenate([gradient.ravel() for gradient in by_hand.values()])
cosine = by_printed @ right / np.linalg.norm(by_printed) / np.linalg.norm(right)
ratios = np.sort(by_printed / right)
print(f"printed / right: from {ratios[0]:.2f} to {ratios[-1]:.2f}, cosine {cosine:.3f}")
lesson.expect("smallest factor", ratios[0], above=1)
lesson.expect("largest factor in layer 1, over that of layer 2", ratios[-1] / ratios[0], above=2)
lesson.expect("cosine", cosine, below=0.99)

# %% [markdown]
# **Many samples at once.** Training takes N samples, not one. We put them under each other, as the
# rows of a matrix X, and δ gets a row for each sample too. L is now the sum over the samples. All
# of them use the same W, so again the ways are added: each sample gives its own `outer(x, δ)`, and
# ∂L/∂W is their sum. Look at one entry of it:
#
# `∂L/∂W[k, l] = Σ_n X[n, k] δ[n, l]`
#
# The product of two matrices adds up row times column. Here n runs down a column of X, which is a
# row of Xᵀ, and down a column of δ. So the sum is a product, and all follows from `Z = X W + b`:
#
# - `∂L/∂W = Xᵀ δ`, the sum of the outer products;
# - `∂L/∂b = Σ_n δ_n`, `δ.sum(axis=0)` in NumPy, because all samples use the same b;
# - `∂L/∂X = δ Wᵀ`, the step to the layer before. Each sample keeps its own row: nothing is added.
#
# Where L is the *mean* over the samples, 1/N goes into δ, once. Then all three have it.

# %%
X = np.array([x, [1.5, 0.5], [-0.5, 1.0], [2.0, -1.5]])  # (4, 2): four samples
targets = np.array([target, [0.0, 1.0], [1.0, 1.0], [0.0, 0.0]])


def batch_loss(X, W1, b1, W2, b2):
    A2 = sigmoid(sigmoid(X @ W1 + b1) @ W2 + b2)  # (4, 2)
    return 0.5 * np.sum((A2 - targets) ** 2)


def entry_by_entry(position):
    """∂L/∂ of X, W1, b1, W2 or b2, by the complex step for each entry."""
    arrays = [X, W1, b1, W2, b2]
    found = np.empty(arrays[position].shape)
    for index in np.ndindex(found.shape):
        moved = arrays[position].astype(complex)
        moved[index] += 1e-30j
        changed = [*arrays[:position], moved, *arrays[position + 1 :]]
        found[index] = batch_loss(*changed).imag / 1e-30
    return found


A1 = sigmoid(X @ W1 + b1)  # (4, 3)
A2 = sigmoid(A1 @ W2 + b2)  # (4, 2)
D2 = (A2 - targets) * A2 * (1 - A2)  # (4, 2)  δ of the outputs
D1 = (D2 @ W2.T) * A1 * (1 - A1)  # (4, 3)  δ of the hidden neurons
of_each = np.array([np.outer(X[n], D1[n]) for n in range(4)])  # (4, 2, 3)
lesson.table(
    ["entry of ∂L/∂W1", "sample 1", "2", "3", "4", "their sum", "Xᵀ δ"],
    [
        (f"[{k + 1}, {j + 1}]",
         *(f"{number:.6f}" for number in (*of_each[:, k, j], of_each[:, k, j].sum(),
                                          (X.T @ D1)[k, j])))
        for k, j in np.ndindex(2, 3)
    ],
)  # fmt: skip
error = np.abs(X.T @ D1 - of_each.sum(axis=0)).max()
lesson.expect("Xᵀ δ against the sum of outer products", error, 0, tolerance=1e-15)
error = np.abs(of_each[0] - by_hand["W1"]).max()
lesson.expect("sample 1 against the one sample above", error, 0, tolerance=1e-15)
for position, name, gradient in (
    (0, "X = δ Wᵀ", D1 @ W1.T), (1, "W1 = Xᵀ δ", X.T @ D1), (2, "b1 = Σ δ", D1.sum(axis=0)),
    (3, "W2", A1.T @ D2), (4, "b2", D2.sum(axis=0)),
):  # fmt: skip
    error = np.abs(gradient - entry_by_entry(position)).max()
    lesson.expect(f"∂L/∂{name}, against the complex step", error, 0, tolerance=1e-14)

# %% [markdown]
# ## 5. A number that remembers
#
# By hand this takes a page for every network, and each page can have a slip. But every step was the
# same: *slope times the gradient that arrived*. A program can do that, if it knows which number was
# computed from which. So we make numbers that remember it.
#
# **Step 1: remember.** A `Value` has a number, the Values it was computed from, and the slope
# towards each of them. It also gets a running number when it is made. We need that at the end.

# %%
clock = itertools.count()


class Value:
    """A number that remembers what it was computed from."""

    def __init__(self, data, inputs=(), slopes=()):
        self.data = data  # the number
        self.inputs = inputs  # the Values it was computed from
        self.slopes = slopes  # ∂self/∂input, one for each of them
        self.grad = 0.0  # ∂L/∂self, once we have gone backwards
        self.time = next(clock)  # when it was made


# %% [markdown]
# **Step 2: compute.** Each operation computes its result and notes the slopes. For a sum both
# slopes are 1. For a product the slope towards each factor is the other factor. Python calls
# `Value.__add__` where you write `+`, and `Value.__mul__` where you write `*`.


# %%
def as_value(number):
    return number if isinstance(number, Value) else Value(number)


def add(self, other):
    other = as_value(other)
    return Value(self.data + other.data, (self, other), (1.0, 1.0))


def multiply(self, other):
    other = as_value(other)
    return Value(self.data * other.data, (self, other), (other.data, self.data))


def subtract(self, other):
    return self + as_value(other) * -1.0  # made of the two above: no new slope


def value_sigmoid(self):
    s = float(sigmoid(self.data))
    return Value(s, (self,), (s * (1 - s),))


Value.__add__, Value.__mul__, Value.__sub__ = add, multiply, subtract
Value.sigmoid = value_sigmoid

# %% [markdown]
# Our neuron, written with Values. It looks like ordinary arithmetic. But afterwards the loss knows
# where it came from.


# %%
def neuron(a, w, b, y):
    """The loss of one neuron, and all Values on the way to it, by name."""
    product = w * a
    z = product + b
    y_hat = z.sigmoid()
    d = y_hat - y
    loss = d * d * 0.5
    return loss, {"d": d, "ŷ": y_hat, "z": z, "w a": product, "w": w, "b": b}


lesson.heading("5. A number that remembers")
value_loss, _ = neuron(Value(a), Value(w), Value(b), Value(y))
lesson.expect("the loss, by Values", value_loss.data, loss, tolerance=1e-12)
print("it was computed from", [round(x.data, 6) for x in value_loss.inputs])
print("with the slopes", [round(slope, 6) for slope in value_loss.slopes])

# %% [markdown]
# ## 6. Going backwards: three attempts
#
# **Step 3: the backward pass.** The loss has the gradient 1. Each Value sends to each of its inputs
# `slope · its own gradient`. The first program one would think of: send, and go on from the input.


# %%
def first_attempt(value):
    for x, slope in zip(value.inputs, value.slopes, strict=True):
        x.grad += slope * value.grad
        first_attempt(x)


def factors(attempt):
    """The gradients that an attempt finds in our neuron, over the right ones."""
    loss, values = neuron(Value(a), Value(w), Value(b), Value(y))
    loss.grad = 1.0
    attempt(loss)
    true = {"d": dL_dy_hat, "ŷ": dL_dy_hat, "z": delta, "w a": delta, "w": dL_dw, "b": dL_db}
    return {name: values[name].grad / gradient for name, gradient in true.items()}


def show_factors(title, attempt):
    found = factors(attempt)
    lesson.table([title, *found], [("found / right", *(f"{f:.2f}" for f in found.values()))])
    return found


lesson.heading("6. Going backwards: three attempts")
found = first = show_factors("first attempt", first_attempt)
lesson.expect("first attempt: ∂L/∂ŷ / right", found["ŷ"], 1.5, tolerance=1e-12)
lesson.expect("first attempt: ∂L/∂w / right", found["w"], 3, tolerance=1e-12)

# %% [markdown]
# Wrong, and worse with every step. d itself has the right gradient. The trouble begins with what d
# sends on. Look at `d * d`: the difference d is used *twice*, so two gradients arrive at it. When
# the first has arrived, d sends it on. When the second has arrived, d sends on its *whole*
# gradient, in which the first is still contained. So the first is sent twice.
#
# **Second attempt:** every Value sends only once.


# %%
def second_attempt(value, seen=None):
    seen = seen or set()
    seen.add(value)
    for x, slope in zip(value.inputs, value.slopes, strict=True):
        x.grad += slope * value.grad
        if x not in seen:
            second_attempt(x, seen)


found = second = show_factors("second attempt", second_attempt)
lesson.expect("second attempt: ∂L/∂w / right", found["w"], 0.5, tolerance=1e-12)

# %% [markdown]
# Wrong again: now d sends too early. It sends the first gradient, and the second comes too late.
#
# **Third attempt:** send on each gradient alone, as it arrives. This adds up all the ways from the
# loss to a Value, so it must be right.

# %%
visits = Counter()  # how often each Value was reached


def third_attempt(value, arrived=1.0):
    visits[value] += 1
    for x, slope in zip(value.inputs, value.slopes, strict=True):
        x.grad += slope * arrived
        third_attempt(x, slope * arrived)


found = third = show_factors("third attempt", third_attempt)
lesson.expect("third attempt: ∂L/∂w / right", found["w"], 1, tolerance=1e-12)

figure, axis = lesson.figure()
for name, factors_found, color, style in (
    ("first: sends all, each time", first, lesson.RED, "o-"),
    ("second: sends once, too early", second, lesson.PURPLE, "s--"),
    ("third: sends each arrival", third, lesson.BLUE, "D:"),
):  # fmt: skip
    way = [factors_found[value] for value in ("d", "ŷ", "z", "w a", "w")]
    axis.plot(way, style, color=color, label=name)
axis.set_xticks(range(5), ["d = ŷ - y", "ŷ", "z", "w a", "w"])
axis.set(xlabel="from the loss back to the weight", ylabel="gradient found / right one")
axis.set_ylim(0, 3.2)
axis.set_title("Three attempts at the backward pass")
axis.legend(loc="upper left")
lesson.save_figure("attempts")

# %% [markdown]
# Right at last. But how many ways are there? Take x, and double it again and again: `y = y + y`.
# Each sum uses the one before twice. After n sums there are two to the power n ways back to x, and
# the third attempt goes every one of them. We count.


# %%
def doubled(n):
    """x, and x doubled n times: the value is 2^n x."""
    x = y = Value(1.0)
    for _ in range(n):
        y = y + y
    return x, y


counts = []
for n in (1, 2, 3, 5, 10, 15):
    visits.clear()
    x_, y_ = doubled(n)
    third_attempt(y_)
    counts.append((n, n + 1, visits[x_], x_.grad))
lesson.table(["sums", "Values", "visits of x", "∂y/∂x"], counts)
lesson.expect("visits of x after n sums", [c[2] for c in counts], [2 ** c[0] for c in counts])
years = 2**50 / 1e6 / 3600 / 24 / 365
print(f"50 sums at a million visits a second: {years:.0f} years")

# %% [markdown]
# Fifty sums would take 36 years. A network has millions.

# %% [markdown]
# ## 7. The right order
#
# The attempts show what is needed. A Value has to send **once**, and it has to wait until
# **everything that uses it has sent**. An order in which every Value stands after all that use it
# is a topological order (拓扑排序). With it, one pass through the list is enough.
#
# The well-known way to find one: go down to the inputs first, and put a Value into the list after
# all its inputs. The list read from its end is the order that we want.


# %%
def inputs_first(value, order, seen):
    if value not in seen:
        visits[value] += 1
        seen.add(value)
        for x in value.inputs:
            inputs_first(x, order, seen)
        order.append(value)


def send_in_order(loss):
    order = []
    inputs_first(loss, order, set())
    for value in reversed(order):
        for x, slope in zip(value.inputs, value.slopes, strict=True):
            x.grad += slope * value.grad


lesson.heading("7. The right order")
found = show_factors("in order", send_in_order)
lesson.expect("in order: ∂L/∂w / right", found["w"], 1, tolerance=1e-12)
visits.clear()
x_, y_ = doubled(50)
y_.grad = 1.0
send_in_order(y_)
lesson.expect("50 sums: visits of x", visits[x_], 1)
lesson.expect("50 sums: visits altogether", visits.total(), 51)
lesson.expect("50 sums: ∂y/∂x is two to the power 50", x_.grad == 2**50, True)

# %%
figure, axis = lesson.figure()
sums = np.array([c[0] for c in counts])
axis.semilogy(sums, [2 ** (c[0] + 1) - 1 for c in counts], "o-", color=lesson.RED,
              label="every way alone: $2^{n+1} - 1$")  # fmt: skip
axis.semilogy(sums, sums + 1, "s--", color=lesson.BLUE, label="in topological order: $n + 1$")
axis.set(xlabel="n: how often y = y + y", ylabel="visits of Values", xticks=sums)
axis.set_title("Going back through n sums")
axis.legend(loc="upper left")
lesson.save_figure("visits")

# %% [markdown]
# **One trap is left.** `inputs_first` calls itself: recursion (递归). Python allows only so many
# calls inside each other. A sum over a few thousand examples is a chain of a few thousand Values,
# and the program stops:


# %%
def chain(n):
    """x, and x + 1 + 1 + ... with n sums."""
    x = y = Value(0.0)
    for _ in range(n):
        y = y + 1.0
    return x, y


print("calls that Python allows inside each other:", sys.getrecursionlimit())
_, y_ = chain(sys.getrecursionlimit())
lesson.expect_error("a long chain", RecursionError, lambda: send_in_order(y_), says="recursion")

# %% [markdown]
# **Step 4: the last form.** Now the running number helps. A Value is always made *after* its
# inputs. So the order in which the Values were made, newest first, is a topological order already.
# We only have to collect what belongs to the loss, and sort it. Nothing calls itself.


# %%
def backward(self):
    """Put ∂self/∂x into x.grad, for every Value x that self was computed from."""
    graph, waiting = {self}, [self]
    while waiting:
        for x in waiting.pop().inputs:
            if x not in graph:
                graph.add(x)
                waiting.append(x)
    for value in graph:
        value.grad = 0.0
    self.grad = 1.0
    for value in sorted(graph, key=lambda value: value.time, reverse=True):
        for x, slope in zip(value.inputs, value.slopes, strict=True):
            x.grad += slope * value.grad


Value.backward = backward
found = show_factors("last form", Value.backward)

a_, w_, b_, y_ = Value(a), Value(w), Value(b), Value(y)
neuron(a_, w_, b_, y_)[0].backward()
lesson.expect("∂L/∂w by Values", w_.grad, -0.1774469173, tolerance=1e-10)
lesson.expect("∂L/∂b by Values", b_.grad, -0.0887234587, tolerance=1e-10)
lesson.expect("∂L/∂a by Values", a_.grad, -0.0443617293, tolerance=1e-10)
for n in (50, 1000):
    x_, y_ = doubled(n)
    y_.backward()
    lesson.expect(f"{n} sums y + y: ∂y/∂x = 2^{n}", x_.grad == 2.0**n, True)
x_, y_ = chain(50_000)
y_.backward()
lesson.expect("a chain of 50,000 sums: ∂y/∂x", x_.grad, 1)

# %% [markdown]
# That is all: a class, four operations and `backward`, about forty lines. It does the network of
# section 4 too, without a new formula. The step that the document forgot needs no line of its own:
# where a Value is used several times, `+=` adds up the ways.


# %%
def values_of(array):
    return [values_of(row) for row in array] if array.ndim else Value(float(array))


def layer(inputs, W, b):
    outputs = []
    for column, z in enumerate(b):
        for row, x in enumerate(inputs):
            z = z + W[row][column] * x
        outputs.append(z.sigmoid())
    return outputs


as_values = {name: values_of(array) for name, array in parameters.items()}
outputs = layer(values_of(x), as_values["W1"], as_values["b1"])
outputs = layer(outputs, as_values["W2"], as_values["b2"])
total = Value(0.0)
for output, wanted in zip(outputs, target, strict=True):
    d = output - float(wanted)
    total = total + d * d * 0.5
total.backward()
lesson.expect("loss of the network", total.data, network_loss(x, **parameters), tolerance=1e-12)
for name, gradient in by_hand.items():
    found = np.vectorize(lambda value: value.grad)(np.array(as_values[name], dtype=object))
    error = np.abs(found - gradient).max()
    lesson.expect(f"∂L/∂{name}: by Values against by hand", error, 0, tolerance=1e-12)

# %% [markdown]
# ## 8. The neuron learns
#
# The gradient says which way the loss rises. So we take a step the other way, gradient descent
# (梯度下降): `w ← w - α ∂L/∂w`, and the same for b. α is the learning rate (学习率). The output has
# to become 1.

# %%
lesson.heading("8. The neuron learns")
alpha, w_, b_ = 1.0, Value(w), Value(b)
losses = []
for _ in range(201):
    step_loss, values = neuron(Value(a), w_, b_, Value(y))
    step_loss.backward()
    losses.append(step_loss.data)
    last_output = values["ŷ"].data
    w_, b_ = Value(w_.data - alpha * w_.grad), Value(b_.data - alpha * b_.grad)
lesson.table(["steps", "L"], [(n, f"{losses[n]:.6f}") for n in (0, 1, 10, 100, 200)])
print(f"ŷ after 200 steps: {last_output:.4f}")
lesson.expect("the loss falls at every step", bool(np.all(np.diff(losses) < 0)), True)
lesson.expect("loss after 200 steps", losses[200], below=losses[0] / 50)
by_hand_1 = loss_of(w - alpha * dL_dw, b - alpha * dL_db, a)
lesson.expect("loss after 1 step, by hand", losses[1], by_hand_1, tolerance=1e-12)

# %% [markdown]
# ## 9. Meet the Tensor
#
# `te.Tensor` is a Value for whole arrays. One Tensor holds a matrix of weights, one operation works
# on all its numbers at once, and its slopes become functions that carry a gradient back. The rest
# you know: it remembers its inputs and when it was made, and `backward()` takes the newest first.

# %%
lesson.heading("9. Meet the Tensor")
w_t = te.tensor(w, dtype=te.float64, requires_grad=True)
b_t = te.tensor(b, dtype=te.float64, requires_grad=True)
a_t = te.tensor(a, dtype=te.float64, requires_grad=True)
z_t = w_t * a_t + b_t
y_hat_t = te.sigmoid(z_t)
d_t = y_hat_t - y
loss_t = 0.5 * d_t * d_t

# %% [markdown]
# The library can tell you what it is going to do. `te.explain` prints every line of the
# computation, and then every gradient with the slope that carried it. A *leaf* is a Tensor that was
# not computed from others and asks for its gradient (`requires_grad=True`); a *constant* asks for
# none. Find d: its two uses and their sum are there. This is the third attempt's sum and the right
# order in one table.

# %%
names = {"w": w_t, "a": a_t, "b": b_t, "z": z_t, "ŷ": y_hat_t, "d": d_t, "L": loss_t}
explanation = te.explain(loss_t, names)
print(explanation)
lesson.expect("∂L/∂w, explained", explanation["w"].gradient, -0.1774469173, tolerance=1e-10)

# %% [markdown]
# And here is the same as a picture. Two arrows leave d.

# %%
lesson.save_figure("graph", te.draw_graph(loss_t, names, gradients=True))

# %% [markdown]
# Now we let it go backwards, and compare all three: by hand, by Values, by Tensors.

# %%
loss_t.backward()
by_value = Value(a), Value(w), Value(b)
neuron(*by_value, Value(y))[0].backward()
lesson.table(
    ["gradient", "by hand", "by Values", "by Tensors"],
    [
        (name, f"{hand:.10f}", f"{value.grad:.10f}", f"{t.grad.item():.10f}")
        for name, hand, value, t in zip(
            ("∂L/∂a", "∂L/∂w", "∂L/∂b"), (dL_da, dL_dw, dL_db), by_value, (a_t, w_t, b_t),
            strict=True,
        )
    ],
)  # fmt: skip
lesson.expect("∂L/∂w by Tensors", w_t.grad, -0.1774469173, tolerance=1e-10)
lesson.expect("∂L/∂w: Tensor against Value", w_t.grad, by_value[1].grad, tolerance=1e-15)

# %% [markdown]
# The network of section 4 takes four lines. Look at the shapes: x has one row, for one sample.

# %%
t = {name: te.tensor(array, requires_grad=True) for name, array in parameters.items()}
hidden = te.sigmoid(te.asarray(x[np.newaxis]) @ t["W1"] + t["b1"])  # (1, 3)
output = te.sigmoid(hidden @ t["W2"] + t["b2"])  # (1, 2)
d = output - te.asarray(target)
(0.5 * d * d).sum().backward()
for name, gradient in by_hand.items():
    error = np.abs(t[name].grad.numpy() - gradient).max()
    lesson.expect(f"∂L/∂{name}: by Tensors against by hand", error, 0, tolerance=1e-12)

# %% [markdown]
# The traps of sections 6 and 7 are closed here too: a thousand doublings, and a chain of many sums.

# %%
x_t = te.tensor(1.0, dtype=te.float64, requires_grad=True)
y_t = x_t
for _ in range(1000):
    y_t = y_t + y_t
y_t.backward()
lesson.expect("1000 sums y + y: ∂y/∂x = 2^1000", x_t.grad.item() == 2.0**1000, True)
x_t = te.tensor(1.0, requires_grad=True)
y_t = x_t
for _ in range(sys.getrecursionlimit()):
    y_t = y_t + 1.0
y_t.backward()
lesson.expect("a chain of sums: ∂y/∂x", x_t.grad, 1)

# %% [markdown]
# Two more things differ. A Tensor **adds** to the `.grad` that is there already, where our Value
# begins at 0. So a training loop has to call `zero_grad()` (lesson 8). And `backward()` takes the
# graph apart as it passes, to free the memory. A second call stops with a sentence:

# %%
lesson.expect_error("backward() twice", RuntimeError, loss_t.backward, says="freed")

# %% [markdown]
# **What we found in the documents.**
#
# | where | printed | right |
# |---|---|---|
# | 001 §4.2 | ∂L/∂z_l = δ_l ⊙ ∂z_l/∂a_l | ∂L/∂z_l = δ_l |
# | 001 §4.2 | no step to the layer before | δ_k = f'(z_k) Σ_l w_lk δ_l |
# | 001 §4.2 | l is a layer | l is a neuron, or w, a, b, z are arrays |
# | 004 §4.2 | a is the hidden layer's input | a is its output |

# %% [markdown]
# ## Exercises
#
# `tinygrad-edu start 2` puts a file with four unfinished functions into your folder. Fill them in.
# `tinygrad-edu check 2` tells you which are right, and for a wrong gradient what is probably wrong
# with it.
#
# 1. `delta(y_hat, y)`: the δ of a sigmoid neuron, from its output.
# 2. `neuron_backward(A, w, b, y)`: a neuron with several inputs, and many samples at once. The end
#    of section 4 has what you need; w is a column of W.
# 3. `layer_backward(X, W, b, G)`: a whole layer, with the gradient that arrives from behind.
# 4. `sending_order(inputs, loss)`: a topological order, without recursion.
#
# And without a checker, in a copy of this lesson that you run with `python mine.py`: give `Value` a
# `tanh`, and a division. Test both with the complex step.

# %% [markdown]
# ## Where this lives in the library
#
# All paths are inside `tinygrad_edu/`.
#
# | here | in the library |
# |---|---|
# | `te.explain`, `te.draw_graph` | `views/explanation.py`, `views/graph.py` |
# | `Value`, which remembers its inputs and its time | `tensor.py`: `Tensor`, `op` |
# | `backward`, newest first | `autograd.py`: `backpropagate` |
# | the slopes of each operation | `ops/elementwise.py`, `ops/matrix.py` |
# | a layer `a W + b` | `nn/linear.py` |
# | central difference and complex step | `gradcheck.py` |

# %%
lesson.finish()

# %% [markdown]
# # Lesson 1. Activation functions
#
# **What you will learn.** An activation function (激活函数) turns the sum inside a neuron (神经元)
# into its output. You meet the three most common ones: sigmoid, ReLU and tanh. You draw them, find
# their slopes, and check each slope in a second way. You see the printed formulas break down for
# large numbers, and mend them. You find a wrong number in a document by looking at a curve.
#
# **Time.** About 40 minutes with the exercises. The program itself needs some seconds.
#
# **Document.** 003 §4.1.1, and one number of 002 §4.3.
#
# **Before this lesson.** Some Python and NumPy. What a slope is.

# %%
import math
from decimal import Decimal, getcontext

import numpy as np

import tinygrad_edu as te
from tinygrad_edu import lesson

options = lesson.start(1, "Activation functions", minutes=40)

# %% [markdown]
# ## 1. Why a neuron needs a curve
#
# The simplest neuron multiplies its input x by a weight (权重) w and adds a bias (偏置) b. Its
# output `w x + b` is a straight line. Put a second neuron behind it:
#
# `2 (3 x + 1) - 4 = 6 x - 2`
#
# That is a straight line again. A thousand such neurons, one behind the other, can do no more than
# one. So we bend the line between two neurons. The document says that an activation function
# "brings in nonlinearity" (引入非线性特性). This is what it means.
#
# How to read the output: a line with `ok` is a check. It says what was found and what was expected,
# with `within 1e-12` where they may differ by so much. Where a check fails, the lesson stops.

# %%
lesson.heading("1. Why a neuron needs a curve")
x = np.arange(-2, 3)
two_neurons = 2 * (3 * x + 1) - 4
with_relu = 2 * np.maximum(0, 3 * x + 1) - 4
lesson.table(
    ["x", "two neurons", "one neuron, 6x - 2", "two neurons, ReLU between"],
    zip(x, two_neurons, 6 * x - 2, with_relu, strict=True),
)
lesson.expect("two neurons are one", np.array_equal(two_neurons, 6 * x - 2), True)
lesson.expect("different slopes without ReLU", len(set(np.diff(two_neurons))), 1)
lesson.expect("different slopes with ReLU", len(set(np.diff(with_relu))), above=1)

# %% [markdown]
# ## 2. The three functions
#
# The document prints these formulas. All three are right:
#
# - sigmoid (S 形函数): `σ(x) = 1 / (1 + e^-x)`
# - ReLU (线性整流函数): `ReLU(x) = max(0, x)`
# - tanh (双曲正切): `tanh x = (e^x - e^-x) / (e^x + e^-x)`
#
# We write them down in Python just as they are printed.


# %%
def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def relu(x):
    return np.maximum(0, x)


def tanh(x):
    return (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))


lesson.heading("2. The three functions")
x = np.array([-5.0, -2.0, -1.0, 0.0, 1.0, 2.0, 5.0])
lesson.table(
    ["x", "σ(x)", "ReLU(x)", "tanh x"],
    [
        (f"{row[0]:g}", *(f"{value:.6f}" for value in row[1:]))
        for row in zip(x, sigmoid(x), relu(x), tanh(x), strict=True)
    ],
)

# %% [markdown]
# Read the table from top to bottom:
#
# - σ goes from 0 to 1. It is never negative. At 0 it is one half.
# - ReLU gives 0 for everything negative, and leaves everything positive as it is.
# - tanh goes from -1 to 1. At 0 it is 0.
#
# Are the numbers right? We compute three of them again without NumPy. Python's `Decimal` counts
# with 28 digits. And tanh is only a stretched sigmoid: `tanh x = 2 σ(2x) - 1`.
#
# Most lessons have such a table. **printed** is what the document prints, - for nothing;
# **correct** is what we compute, and **checked** is the same number, computed in another way.


# %%
def exact_sigmoid(x):
    return float(1 / (1 + (-Decimal(x)).exp()))


print(f"checked with {getcontext().prec} digits:")
lesson.compare(
    [
        ("σ(2)", None, sigmoid(2.0), exact_sigmoid(2)),
        ("σ(-2)", None, sigmoid(-2.0), exact_sigmoid(-2)),
        ("tanh 1 = 2 σ(2) - 1", None, tanh(1.0), 2 * exact_sigmoid(2) - 1),
    ],
    tolerance=1e-12,
)
lesson.expect("σ(2)", sigmoid(2.0), 0.880797077977882, tolerance=1e-12)
lesson.expect("σ(-2)", sigmoid(-2.0), 0.119202922022118, tolerance=1e-12)
lesson.expect("tanh 1", tanh(1.0), 0.761594155955765, tolerance=1e-12)

# %%
x = np.linspace(-5, 5, 1001)
figure, axis = lesson.figure()
axis.axhline(0, color="0.8", linewidth=1.5)
axis.axvline(0, color="0.8", linewidth=1.5)
axis.plot(x, relu(x), color=lesson.GREEN, linestyle="--", label="ReLU")
axis.plot(x, sigmoid(x), color=lesson.BLUE, label="sigmoid σ")
axis.plot(x, tanh(x), color=lesson.ORANGE, linestyle="-.", label="tanh")
axis.set(xlabel="x: the sum inside the neuron", ylabel="output", ylim=(-1.2, 3.2))
axis.set_title("Three activation functions")
axis.legend(loc="upper left")
lesson.save_figure("three_functions")

# %% [markdown]
# ## 3. A wrong number in a document
#
# Document 002 §4.3 works an example with numbers. In the middle of it stands
#
# `1 / (1 + e^-2) = 0.612`
#
# We do not need a computer to doubt that. e is more than 2.7, so e² is more than 7, and `1 / 7` is
# an upper limit for e^-2. So σ(2) is more than `1 / (1 + 1/7) = 7/8 = 0.875`.
#
# Where would σ be 0.612? We solve `1 / (1 + e^-x) = y` for x and get `x = ln(y / (1 - y))`.

# %%
lesson.heading("3. A wrong number in a document")
wrong = lesson.compare([("σ(2)", "0.612", sigmoid(2.0), exact_sigmoid(2))])
lesson.expect("wrong in the document", wrong, ["σ(2)"])
print(f"e = {math.e:.6f}, more than 2.7; e² = {math.e**2:.6f}, more than 7")
lesson.expect("σ(2), over 7/8 = 0.875", sigmoid(2.0), above=0.875)
place = math.log(0.612 / (1 - 0.612))
lesson.expect("x where σ(x) = 0.612", place, 0.45572694, tolerance=1e-8)
lesson.expect("σ there", sigmoid(place), 0.612, tolerance=1e-12)
print(f"σ(2) = {sigmoid(2.0):.4f}, and σ({place:.4f}) = 0.612")

# %% [markdown]
# So 0.612 belongs to x = 0.4557 and not to x = 2. The document does not show how it came to its
# number, so we cannot say which slip it was. It matters, because every later number of that example
# is built on it: the loss, the gradients, the new weights. Lesson 4 computes all of them again.
#
# Learn two habits from this. Before you believe a number, ask what it has to be near. And draw it:

# %%
figure, axis = lesson.figure()
axis.plot(x, sigmoid(x), color=lesson.BLUE)
axis.plot([2, 2], [0, sigmoid(2.0)], ":", color="0.5", linewidth=2)
axis.plot([place, 2], [0.612, 0.612], ":", color="0.5", linewidth=2)
axis.plot(2, sigmoid(2.0), "o", color=lesson.BLUE, markersize=14)
axis.plot(2, 0.612, "X", color=lesson.RED, markersize=16)
axis.annotate(
    f"right: σ(2) = {sigmoid(2.0):.4f}", (2, sigmoid(2.0)), xytext=(-0.6, 0.96), ha="right",
    va="center", color=lesson.BLUE, fontsize=18, arrowprops={"arrowstyle": "-", "color": "0.5"},
)  # fmt: skip
axis.annotate("002 §4.3: 0.612", (2.25, 0.612), va="center", color=lesson.RED, fontsize=18)
axis.annotate(
    f"here σ is 0.612:\nx = {place:.4f}", (place, 0.612), xytext=(-1.2, 0.66), ha="right",
    va="center", fontsize=16, arrowprops={"arrowstyle": "-", "color": "0.5"},
)  # fmt: skip
axis.set(
    xlabel="x", ylabel="σ(x)", title="The document's point is not on the curve", ylim=(0, 1.05)
)
lesson.save_figure("sigma_of_2")

# %% [markdown]
# ## 4. The slopes
#
# Training needs the slope of each function, its derivative (导数). It says how much the output
# moves when x moves a little. The document prints no derivatives, so we find them.
#
# For σ write `u = e^-x`. Its slope is `-u`. Then `σ = 1 / (1 + u)`, and `1 / v` has the slope
# `-1 / v²`. One function stands inside the other, and then the slopes are multiplied: this is the
# chain rule (链式法则), which lesson 2 looks at closely. So the slope of σ is
# `-1 / (1 + u)² · (-u) = u / (1 + u)²`. Now `1 - σ = u / (1 + u)`. So
#
# - `σ'(x) = σ(x) (1 - σ(x))`
#
# For tanh we use `tanh x = 2 σ(2x) - 1`. The slope is `2 · σ'(2x) · 2 = 4 σ(2x) (1 - σ(2x))`. Here
# `2 σ(2x) = 1 + tanh x` and `2 (1 - σ(2x)) = 1 - tanh x`, and the two multiplied are
#
# - `tanh' x = 1 - tanh² x`
#
# And the two halves of ReLU are straight lines:
#
# - `ReLU'(x) = 1` where x > 0, and 0 where x < 0.
#
# A sigmoid that has been computed already gives its slope almost for free: one subtraction and one
# product.


# %%
def sigmoid_slope(x):
    s = sigmoid(x)
    return s * (1 - s)


def tanh_slope(x):
    return 1 - tanh(x) ** 2


def relu_slope(x):
    return np.where(x > 0, 1.0, 0.0)


# %% [markdown]
# **Never trust a derivative that was not checked.** Two checks need no formula:
#
# - **Central difference** (中心差分): go a little to both sides,
#   `(f(x + h) - f(x - h)) / 2h`. It works for every smooth function. But it subtracts two numbers
#   that are almost the same, and so it loses about a third of the digits.
# - **Complex step** (复数步长法): go a little into the imaginary direction, with the number i whose
#   square is -1 (Python writes 1j). For a small h a smooth f is almost its tangent,
#   `f(x + ih) = f(x) + ih f'(x)`. So the imaginary part, divided by h, is the slope:
#   `Im f(x + ih) / h`. Nothing is subtracted, so h may be as small as you like, and the result is
#   exact to the last digit. It works where f is made of smooth formulas.


# %%
def by_difference(f, x, h=1e-6):
    return (f(x + h) - f(x - h)) / (2 * h)


def by_complex_step(f, x, h=1e-30):
    return f(x + 1j * h).imag / h


lesson.heading("4. The slopes")
points = np.array([-2.0, 0.0, 1.0, 2.0])
for name, f, slope in (("σ'", sigmoid, sigmoid_slope), ("tanh'", tanh, tanh_slope)):
    rows = zip(
        points, slope(points), by_difference(f, points), by_complex_step(f, points), strict=True
    )
    lesson.table(
        ["x", f"{name} by its formula", "by central difference", "by complex step"],
        [(f"{row[0]:g}", *(f"{value:.12f}" for value in row[1:])) for row in rows],
    )
    error = np.abs(slope(x) - by_complex_step(f, x)).max()
    lesson.expect(f"{name}: formula against complex step", error, 0, tolerance=1e-12)
    error = np.abs(slope(x) - by_difference(f, x)).max()
    lesson.expect(f"{name}: formula against differences", error, 0, tolerance=1e-8)
lesson.expect("σ'(2)", sigmoid_slope(2.0), 0.104993585403507, tolerance=1e-12)
lesson.expect("tanh' 1", tanh_slope(1.0), 0.419974341614026, tolerance=1e-12)
off_corner = x[np.abs(x) > 1e-3]
error = np.abs(relu_slope(off_corner) - by_difference(relu, off_corner)).max()
lesson.expect("ReLU': formula against differences, beside 0", error, 0, tolerance=1e-8)

# %% [markdown]
# **A trap.** The slope at x uses σ(x). If a variable already holds `a = σ(x)`, then the slope is
# `a (1 - a)`. Put a into `sigmoid_slope` once more, and you get the slope at the wrong place. No
# error appears, and the network may even learn. Only a check tells. Document 003 §3.3 calls a
# function `sigmoid_derivative(a)` and never says which of the two it is. Lesson 5 is about that.

# %%
a = sigmoid(2.0)
lesson.table(
    ["slope of σ at x = 2, with a = σ(2)", "value"],
    [
        ("a (1 - a)", f"{a * (1 - a):.4f}"),
        ("sigmoid_slope(a): the wrong argument", f"{sigmoid_slope(a):.4f}"),
        ("by complex step", f"{by_complex_step(sigmoid, 2.0):.4f}"),
    ],
)
lesson.expect("the wrong argument is off by", sigmoid_slope(a) / (a * (1 - a)), above=1.9, below=2)

# %%
figure, axes = lesson.figure(1, 3, size=(16, 6))
curves = [
    ("sigmoid", sigmoid, sigmoid_slope, lesson.BLUE),
    ("ReLU", relu, relu_slope, lesson.GREEN),
    ("tanh", tanh, tanh_slope, lesson.ORANGE),
]
for axis, (name, f, slope, color) in zip(axes, curves, strict=True):
    axis.axhline(0, color="0.8", linewidth=1.5)
    axis.plot(x, f(x), color=color, linewidth=2, alpha=0.6, label=name)
    drawn = np.where(x == 0, np.nan, slope(x))  # a gap where ReLU has its corner
    axis.plot(x, drawn, color="black", linestyle="--", label="its slope")
    axis.set(xlabel="x", ylim=(-1.15, 1.6), title=f"{name}, steepest slope {slope(x).max():g}")
    axis.legend(loc="upper left")
axes[0].set_ylabel("value")
lesson.save_figure("slopes")

# %% [markdown]
# ## 5. The corner of ReLU
#
# At x = 0 the ReLU has a corner. From the left the slope is 0, from the right it is 1. There is no
# derivative there. The central difference takes the mean of both sides and gives one half, which
# is a slope that the function has nowhere.
#
# A program still has to give some number. Every number from 0 to 1 is a sub-gradient (次梯度): a
# line with that slope through the corner stays below the curve. This library chooses 0, as almost
# all do. Where the true answer is a matter of choice, a library has to say what it chose.

# %%
lesson.heading("5. The corner of ReLU")
h = 2.0**-20
lesson.expect("slope from the left", (relu(0.0) - relu(-h)) / h, 0)
lesson.expect("slope from the right", (relu(h) - relu(0.0)) / h, 1)
lesson.expect("central difference at the corner", by_difference(relu, 0.0, h), 0.5)
lesson.expect("chosen: ReLU'(0)", relu_slope(0.0), 0)
below = [bool(np.all(slope * x <= relu(x))) for slope in (0, 0.5, 1, 1.1)]
lesson.expect("lines of slope 0, 0.5, 1 and 1.1 stay below", below, [True, True, True, False])

# %% [markdown]
# ## 6. Slopes that vanish
#
# In a network with many layers (层) the slopes of all layers are multiplied. Lesson 2 shows why.
# What happens to a product of many slopes?
#
# The steepest slope of σ is 1/4, at x = 0. So through ten layers of sigmoids at most
# `(1/4)^10` arrives: less than a millionth. The first layers hardly learn. These are vanishing
# gradients (梯度消失). tanh is better: its steepest slope is 1. ReLU is best: where it is on, its
# slope is exactly 1, and a product of ones stays one.

# %%
lesson.heading("6. Slopes that vanish")
depth = np.array([1, 2, 5, 10, 20])
chains = [
    ("ReLU, on", relu_slope(1.0), lesson.GREEN, "--"),
    ("tanh at x = 0.5", tanh_slope(0.5), lesson.ORANGE, "-."),
    ("σ at x = 0, its best", sigmoid_slope(0.0), lesson.BLUE, "-"),
    ("σ at x = 2", sigmoid_slope(2.0), lesson.PURPLE, ":"),
]
lesson.table(
    ["layers", *(name for name, *_ in chains)],
    [(n, *(f"{slope**n:.3g}" for _, slope, *_ in chains)) for n in depth],
)
lesson.expect("steepest slope of σ", sigmoid_slope(x).max(), 0.25, tolerance=1e-12)
lesson.expect("steepest slope of tanh", tanh_slope(x).max(), 1, tolerance=1e-12)
lesson.expect("the best that ten sigmoids let through", 0.25**10, below=1e-6)

figure, axis = lesson.figure()
layers = np.arange(21)
for name, slope, color, style in chains:
    axis.semilogy(layers, slope**layers, style, color=color, label=name)
axis.set(xlabel="number of layers", ylabel="product of their slopes", xticks=layers[::5])
axis.set_title("What arrives at the first layer")
axis.legend(loc="lower left")
lesson.save_figure("vanishing")

# %% [markdown]
# **Saturation** (饱和). Far from 0 a sigmoid is flat. The computer knows about 16 digits (float64)
# or about 7 (float32). From some x on, σ(x) is rounded to exactly 1, and the slope `σ (1 - σ)` is
# exactly 0. Such a neuron learns nothing at all. A ReLU has the same trouble for every negative x.

# %%
far = [2, 5, 10, 17, 37]
columns = [
    [f"{value:.9g}" for value in f(np.array(far, kind))]
    for kind in (np.float32, np.float64)
    for f in (sigmoid, sigmoid_slope)
]
lesson.table(
    ["x", "σ(x), float32", "slope", "σ(x), float64", "slope"], zip(far, *columns, strict=True)
)
lesson.expect("slope at 17 in float32", sigmoid_slope(np.float32(17)), 0)
lesson.expect("slope at 17 in float64", sigmoid_slope(np.float64(17)), above=0)
lesson.expect("slope at 37 in float64", sigmoid_slope(np.float64(37)), 0)

# %% [markdown]
# ## 7. When the formulas overflow
#
# The largest number of float64 is about `1.8e308`. The largest x with a finite e^x is therefore
# the logarithm of it, a little under 710. Then e^x becomes `inf`: an overflow (溢出). In float32,
# which networks use, the limit is a little under 89.
#
# The printed tanh divides `inf` by `inf`. The result is NaN, "not a number" (非数). One NaN spreads
# through every later sum, and the whole network is lost.
#
# The printed σ has more luck. For very negative x it warns of the overflow, and then `1 / inf` is
# 0. That is close enough to the truth, about `4.48e-309`.

# %%
lesson.heading("7. When the formulas overflow")
for kind in (np.float32, np.float64):
    limit = math.log(np.finfo(kind).max)
    print(f"{kind.__name__}: largest {np.finfo(kind).max:.3g}, its logarithm {limit:.2f}")
with np.errstate(over="ignore", invalid="ignore"):
    lesson.expect("literal tanh at 709, float64", tanh(np.float64(709)), 1)
    lesson.expect("literal tanh at 710, float64", str(tanh(np.float64(710))), "nan")
    lesson.expect("literal tanh at 88, float32", tanh(np.float32(88)), 1)
    lesson.expect("literal tanh at 89, float32", str(tanh(np.float32(89))), "nan")
    lesson.expect("literal σ at -710, float64", sigmoid(np.float64(-710)), 0)
with np.errstate(over="raise"):
    lesson.expect_error(
        "literal σ at -710, if you ask NumPy to stop",
        FloatingPointError,
        lambda: sigmoid(np.float64(-710)),
        says="overflow",
    )

# %% [markdown]
# **The mend.** Never compute e to a large positive power. With `e = e^-|x|`, which lies between 0
# and 1, both functions can be written so that nothing overflows:
#
# - `σ(x) = 1 / (1 + e)` where x ≥ 0, and `e / (1 + e)` where x < 0. For the second, multiply the
#   numerator and the denominator of the printed formula by e^x.
# - `tanh x = ± (1 - e²) / (1 + e²)`, with the sign of x. Divide the numerator and the denominator
#   of the printed formula by e^|x|.
#
# It is the same mathematics. Only the order of the computation has changed.


# %%
def stable_sigmoid(x):
    e = np.exp(-np.abs(x))  # between 0 and 1
    return np.where(x >= 0, 1, e) / (1 + e)


def stable_tanh(x):
    e = np.exp(-np.abs(x))
    return np.sign(x) * (1 - e * e) / (1 + e * e)


huge = np.array([-1e308, -1000.0, -710.0, 710.0, 1000.0, 1e308])
with np.errstate(over="raise", invalid="raise"):
    for name, literal, stable, low in (
        ("σ", sigmoid, stable_sigmoid, 0), ("tanh", tanh, stable_tanh, -1),
    ):  # fmt: skip
        error = np.abs(stable(x) - literal(x)).max()
        lesson.expect(f"stable {name} against the literal one", error, 0, tolerance=1e-12)
        error = np.abs(stable(huge) - [low, low, low, 1, 1, 1]).max()
        lesson.expect(f"stable {name} of huge numbers", error, 0, tolerance=1e-12)
print(f"the literal σ says σ(-710) = 0, the stable one says {stable_sigmoid(-710.0):.3g}")

# %%
wide = np.linspace(-900, 900, 7201)
with np.errstate(over="ignore", invalid="ignore"):
    runs = [
        ("printed formula, float32", tanh(wide.astype(np.float32)), lesson.ORANGE),
        ("printed formula, float64", tanh(wide), lesson.BLUE),
        ("stable form, float32", stable_tanh(wide.astype(np.float32)), lesson.GREEN),
    ]
figure, axes = lesson.figure(3, 1, size=(13, 9))
for axis, (name, values, color) in zip(axes, runs, strict=True):
    broken = ~np.isfinite(values)
    axis.fill_between(wide, -1.3, 1.3, where=broken, facecolor="0.9", edgecolor="0.6", hatch="//")
    axis.plot(wide, values, color=color, linewidth=4)
    for side in (-1, 1):
        if broken.any():
            middle = side * (np.abs(wide[broken]).min() + 900) / 2
            axis.text(middle, 0, "NaN", ha="center", va="center", fontsize=26, weight="bold")
    axis.set(ylabel="tanh x", xlim=(-900, 900), ylim=(-1.3, 1.3), title=name)
axes[-1].set_xlabel("x")
lesson.save_figure("overflow")

# %% [markdown]
# ## 8. The same in the library
#
# The library has all three, in the stable form. `te.sigmoid(x)` computes the value. `backward()`
# computes the slope: it lands in `x.grad` of each x made with `requires_grad=True`. How
# `backward()` does that, you build yourself in lesson 2. Here we only compare the numbers with
# ours.

# %%
lesson.heading("8. The same in the library")
functions = [
    ("sigmoid", te.sigmoid, stable_sigmoid, sigmoid_slope),
    ("ReLU", te.relu, relu, relu_slope),
    ("tanh", te.tanh, stable_tanh, tanh_slope),
]
for name, function, value, slope in functions:
    t = te.tensor(x, requires_grad=True)  # float64, as x is
    y = function(t)
    y.sum().backward()
    error = np.abs(y.numpy() - value(x)).max()
    lesson.expect(f"te: {name}", error, 0, tolerance=1e-12)
    error = np.abs(t.grad.numpy() - slope(x)).max()
    lesson.expect(f"te: slope of {name}", error, 0, tolerance=1e-12)

t = te.tensor(huge, requires_grad=True)
with np.errstate(over="raise", invalid="raise"):
    y = te.sigmoid(t) + te.tanh(t)
    y.sum().backward()
lesson.expect("te: values of huge numbers", y.numpy(), [-1, -1, -1, 2, 2, 2], tolerance=1e-12)
lesson.expect("te: slopes of huge numbers are finite", np.isfinite(t.grad.numpy()).all(), True)
corner = te.tensor(0.0, requires_grad=True)
te.relu(corner).backward()
lesson.expect("te: ReLU'(0)", corner.grad, 0)

# %% [markdown]
# **What we found in the documents.**
#
# | where | printed | right |
# |---|---|---|
# | 003 §4.1.1 | three formulas, no derivatives | right, but tanh gives NaN from 710 on |
# | 002 §4.3 | σ(2) = 0.612 | σ(2) = 0.8808 |

# %% [markdown]
# ## Exercises
#
# `tinygrad-edu start 1` puts a file with four unfinished functions into your folder. Fill them in.
# `tinygrad-edu check 1` tells you which are right, and for a wrong gradient what is probably wrong
# with it.
#
# 1. `sigmoid_slope(x)`: the slope of σ.
# 2. `tanh_slope(x)`: the slope of tanh.
# 3. `stable_sigmoid(x)`: σ for numbers of any size, without a warning.
# 4. `gate_backward(a, b, g)`: the gradients of `tanh(a) σ(b)`, a gate (门控) as recurrent networks
#    use it. You need both slopes and the product rule.
#
# And without a checker: change section 6 so that the ten sigmoids stand at x = 5. What arrives?
# `tinygrad-edu lesson 1` runs the lesson that was installed. So copy this one to `mine.py`, change
# that, and run `python mine.py`.

# %% [markdown]
# ## Where this lives in the library
#
# All paths are inside `tinygrad_edu/`.
#
# | here | in the library |
# |---|---|
# | σ, ReLU, tanh, each with its slope | `ops/elementwise.py` |
# | the same as layers of a network | `nn/activations.py` |
# | central difference and complex step | `gradcheck.py` |
# | `backward()` | `autograd.py` |

# %%
lesson.finish()

# %% [markdown]
# # Lesson 14. Over-fitting: L1, L2, dropout, augmentation, k-fold
#
# **What you will learn.** A network can learn its training data by heart and still know little
# about new data: over-fitting (过拟合). You see the gap, and what makes it larger or smaller. You
# build the remedies that the documents name: the penalties L2 and L1, dropout, augmentation. For
# each you check exactly what it does, and then measure honestly whether it helps. You judge a
# network without a test set, by k-fold cross-validation. And you see how often a single run would
# have told you a fairy tale.
#
# **Time.** About 70 minutes with the exercises. The program itself needs less than a minute.
#
# **Document.** 002 §2.2, §2.3, §3.1 and §5.3, 003 §9.2 and §9.3, 000 §3.2 and §5.2, 001 §3.2.4.
#
# **Before this lesson.** Optimizers (lesson 7), the training loop and validation (lesson 8), the
# digits (lesson 10).

# %%
import functools
import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

import tinygrad_edu as te
import tinygrad_edu.nn.functional as F
from tinygrad_edu import lesson, nn

# Small matrices: a second thread would only wait for the first.
options = lesson.start(
    14, "Over-fitting", minutes=70, threads=1,
    seeds="number of seeds to measure with; 5 if none, 1 with --quick",
)  # fmt: skip
seeds = range(options.seed, options.seed + int(options.seeds or (1 if options.quick else 5)))

# %% [markdown]
# ## 1. What the documents say
#
# They name the remedies and say no more. There is no formula for any of them, and the only number
# is `dropout=0.5` in the listing of 000 §5.2:
#
# - 002 §3.1: regularisation (正则化) is used "to prevent over-fitting, such as L1, L2, dropout";
#   §2.3: "to improve the performance of the model" (提高模型性能).
# - 003 §9.2: over-fitting "can be reduced by regularisation, data augmentation (数据增强) and
#   cross-validation (交叉验证)".
# - 003 §9.3: augmentation makes "more training samples by rotating, scaling and cropping". 002 §2.2
#   and §5.3 name it too.
# - 000 §3.2 and 001 §3.2.4: a model is judged "by cross-validation", among other means.
# - 002 §5.3: the two hidden layers of its network (lesson 9) "may lead to over-fitting"; the number
#   of their neurons can be adjusted.
#
# So we supply the formulas, and measure the claims. **One more rule for this lesson:** a gain that
# we see with one seed is not yet a gain. We measure with 20 seeds, and print ranges.

# %% [markdown]
# ## 2. Learning by heart
#
# We take 100 training images of the digits of lesson 10, and its network: 784 pixels, 128 hidden
# neurons, 10 digits. 100 images are few for so many parameters. All 2,000 test images judge it.
#
# The seed decides which 100 images are drawn, where the weights start, and the order of the
# batches. In the network, `nn.Dropout(0)` does nothing yet: section 6.

# %%
digits = te.data.mnist()


def as_batch(images: np.ndarray) -> np.ndarray:
    """Pixels from 0 to 1, with one channel: (N, 1, 28, 28)."""
    return images[:, None].astype("float32") / 255


all_x, all_y = as_batch(digits.train_images), digits.train_labels
test_set = te.asarray(as_batch(digits.test_images)), te.asarray(digits.test_labels)


def draw(seed: int, count: int = 100) -> tuple[te.Tensor, te.Tensor]:
    """Images and labels drawn from the training set."""
    rows = np.random.default_rng(seed).permutation(len(all_x))[:count]
    return te.asarray(all_x[rows]), te.asarray(all_y[rows])


def make_network(hidden: int = 128, p: float = 0.0) -> nn.Sequential:
    """784 → hidden, ReLU, dropout → 10 logits."""
    return nn.Sequential(
        nn.Flatten(),  # (N, 1, 28, 28) → (N, 784)
        nn.Linear(784, hidden),
        nn.ReLU(),
        nn.Dropout(p),
        nn.Linear(hidden, 10),
    )


# %% [markdown]
# The training loop is that of lesson 10, with two places where this lesson will put something in:
# a `change` of the images of a batch, and a `penalty` that is added to the loss. `watch` looks on
# after each epoch, and can stop the training.


# %%
def train(
    model: nn.Module,
    data: tuple[te.Tensor, te.Tensor],
    epochs: Iterable[int],
    *,
    change: Callable | None = None,
    penalty: Callable | None = None,
    optimizer: te.optim.Optimizer | None = None,
    watch: Callable[[int], Any] = lambda epoch: None,
) -> None:
    """Train in batches of 20, once for each number in epochs."""
    optimizer = optimizer or te.optim.Adam(model.parameters(), lr=0.001)
    for epoch in epochs:
        model.train()
        for x, y in te.data.DataLoader(data, batch_size=20, shuffle=True):
            if change:
                x = change(x)
            loss = F.cross_entropy(model(x), y)
            if penalty:
                loss = loss + penalty(model)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        model.eval()
        if watch(epoch) == "stop":
            break


def judge(model: nn.Module, data: tuple[te.Tensor, te.Tensor]) -> tuple[float, float]:
    """The mean loss and the accuracy on some data, as the network is now."""
    x, y = data
    with te.no_grad():
        logits = model(x)
        return F.cross_entropy(logits, y).item(), te.metrics.accuracy(logits, y)


lesson.heading("2. Learning by heart")
data = draw(options.seed)
te.manual_seed(options.seed)
model = make_network()
parameters = sum(p.size for p in model.parameters())
print(f"network 784 → 128 → 10: {parameters:,} parameters")
print(f"{len(data[0])} training images, {len(test_set[0]):,} test images")

looks = [*range(1, 21), *range(25, 101, 5)]  # the epochs after which we judge the network
curve: dict[int, tuple[float, ...]] = {}


def look(epoch: int) -> None:
    """Judge the network after some of the epochs."""
    if epoch in looks:
        curve[epoch] = *judge(model, data), *judge(model, test_set)


train(model, data, lesson.progress(range(1, 101), "epochs"), watch=look)
lesson.table(
    ["epoch", "training loss", "test loss", "training accuracy", "test accuracy", "gap"],
    [
        (e, f"{a:.4f}", f"{c:.4f}", f"{b:.3f}", f"{d:.3f}", f"{b - d:.3f}")
        for e, (a, b, c, d) in curve.items()
        if e in (1, 2, 5, 10, 20, 50, 100)
    ],
)
training_loss, training_accuracy, test_loss, test_accuracy = np.transpose([*curve.values()])
lesson.expect("training accuracy after 100 epochs", training_accuracy[-1], 1)
lesson.expect("gap of the accuracies at the end", 1 - test_accuracy[-1], above=0.2, below=0.35)
lesson.expect("lowest test loss / last", test_loss.min() / test_loss[-1], below=0.95)

# %% [markdown]
# After ten epochs or so the network reads every training image rightly. On new images about three
# in ten of its answers are wrong, and that stays so. The **gap** between training and test is what
# over-fitting means: the training accuracy says nothing about new images any more.
#
# Look at the losses. The training loss goes on falling towards 0. The test loss falls, turns, and
# **rises**, while the test accuracy hardly moves. The network gets more and more sure of everything
# it says, of its wrong answers too.

# %%
figure, axes = lesson.figure(1, 2, size=(14, 6))
for axis, name, training, test in (
    (axes[0], "loss", training_loss, test_loss),
    (axes[1], "accuracy", training_accuracy, test_accuracy),
):
    axis.plot(looks, test, color=lesson.RED, label=f"{len(test_set[0]):,} test images")
    axis.plot(looks, training, color=lesson.BLUE, label="100 training images")
    axis.fill_between(looks, training, test, color="0.9", label="the gap")
    axis.set(xlabel="epochs", ylabel=name, ylim=(0, None), xlim=(0, 100))
axes[0].set_title("The test loss turns and rises")
axes[0].legend()
axes[1].set_title("Every training image is learned")
lesson.save_figure("gap")

# %% [markdown]
# ## 3. More data, and more neurons
#
# Two experiments. We train each network until its training loss is under 0.05, so that all have
# learned their images, and compare the gaps: first with more images, then with more neurons. The
# picture shows the ranges measured with the seeds 0 to 4.

# %%
lesson.heading("3. More data, and more neurons")


def learned(seed: int, count: int, hidden: int) -> tuple[float, float]:
    """Training and test accuracy of a network that has learned its images."""
    data = draw(seed, count)
    te.manual_seed(seed)
    model = make_network(hidden)

    def low_enough(epoch: int) -> str | None:
        return "stop" if judge(model, data)[0] < 0.05 else None

    train(model, data, range(1, 301), watch=low_enough)
    return judge(model, data)[1], judge(model, test_set)[1]


def span(values: Any, digits: int = 3, sign: str = "") -> str:
    """The smallest and the largest of some numbers."""
    low, high = (f"{round(float(v), digits) + 0.0:{sign}.{digits}f}" for v in
                 (np.min(values), np.max(values)))  # fmt: skip
    return f"{low} to {high}"


# Measured with the seeds 0 to 4: training accuracy, test accuracy.
MEASURED_SIZES = {
    (30, 128): ((1.000, 1.000), (0.499, 0.556)),
    (100, 128): ((1.000, 1.000), (0.690, 0.740)),
    (300, 128): ((1.000, 1.000), (0.833, 0.864)),
    (1000, 128): ((0.997, 1.000), (0.885, 0.901)),
    (3000, 128): ((0.994, 0.996), (0.922, 0.934)),
    (100, 8): ((1.000, 1.000), (0.619, 0.634)),
    (100, 32): ((1.000, 1.000), (0.670, 0.726)),
    (100, 512): ((1.000, 1.000), (0.701, 0.747)),
}
sizes = list(MEASURED_SIZES)[: 3 if options.quick else None]
found_sizes: dict[tuple[int, int], list[tuple[float, float]]] = {}
bar = lesson.progress([(size, seed) for size in sizes for seed in seeds[:3]], "networks")
for size, seed in bar:
    found_sizes.setdefault(size, []).append(learned(seed, *size))
table_rows = []
for size, (_, measured) in MEASURED_SIZES.items():
    found = map(span, np.transpose(found_sizes[size])) if size in found_sizes else ("", "")
    table_rows.append((*size, *found, span(measured)))
print("this run: seeds", *seeds[:3])
lesson.table(
    ["images", "neurons", "training accuracy", "test accuracy", "measured, seeds 0 to 4"],
    table_rows,
)
gaps = {size: np.mean([a - b for a, b in pairs]) for size, pairs in found_sizes.items()}
lesson.expect("gap, 300 images / 30 images", gaps[300, 128] / gaps[30, 128], below=0.5)
if not options.quick:
    lesson.expect("gap, 8 neurons / 128 neurons", gaps[100, 8] / gaps[100, 128], above=1.05)
for size, pairs in found_sizes.items():
    lesson.expect(f"all learned: training accuracy, {size}", min(pairs)[0], above=0.98)

# %%
figure, axes = lesson.figure(1, 2, size=(14, 6))
for axis, place, sizes_drawn, label in (
    (axes[0], 0, [s for s in MEASURED_SIZES if s[1] == 128], "training images, 128 neurons"),
    (axes[1], 1, sorted(s for s in MEASURED_SIZES if s[0] == 100), "neurons, 100 training images"),
):
    positions = [size[place] for size in sizes_drawn]
    low, high = np.array([MEASURED_SIZES[size][1] for size in sizes_drawn]).T
    axis.plot(positions, [MEASURED_SIZES[size][0][0] for size in sizes_drawn], "o-",
              label="training")  # fmt: skip
    axis.plot(positions, (low + high) / 2, "o-", color=lesson.RED)
    axis.fill_between(positions, low, high, color=lesson.RED, alpha=0.25, label="test, 5 seeds")
    axis.set(xscale="log", xlabel=label, ylabel="accuracy", ylim=(0.4, 1.03))
    axis.set_xticks(positions, [f"{p:,}" for p in positions])
    axis.minorticks_off()
axes[0].set_title("More data: the gap closes")
axes[1].set_title("More neurons: it does not open")
axes[0].legend(loc="lower right")
lesson.save_figure("sizes")

# %% [markdown]
# **More data** is the remedy that works without any doubt: the ranges for 30, 100, 300, 1,000 and
# 3,000 images lie clearly apart.
#
# **More neurons** do not make it worse. The small network of 8 neurons learns the 100 images too,
# and is the *worst* on new ones; from 32 on the ranges overlap.
#
# **Verdict on 002 §5.3: incomplete.** Such a network can indeed over-fit. But to take neurons away,
# as the sentence suggests, is no remedy here. "Too many parameters" is not the reason by itself:
# what counts is also where training leads them. (Another problem may behave otherwise. That is why
# one measures.)

# %% [markdown]
# ## 4. L2: a price on large weights
#
# L2 regularisation (L2 正则化) adds to the loss C of the data a price for the weights:
#
# `L = C + λ Σ w²`, so `∂L/∂w = ∂C/∂w + 2 λ w`
#
# The sum goes over all weights of both layers, not over the biases. λ is a number that you choose.
# The documents print no formula, and books have two. Many write `½ λ Σ w²`, whose gradient is
# `λ w`. **Our λ is that of the first form.** In this library the second form is the option
# `weight_decay=λ` of an optimizer. So our λ is `weight_decay=2 λ`. (No document uses that name.)

# %%
lesson.heading("4. L2: a price on large weights")


def weights(model: nn.Module) -> list[te.Tensor]:
    """The weights of both layers, without the biases."""
    return [layer.weight for layer in model if isinstance(layer, nn.Linear)]


def l2(lam: float) -> Callable[[nn.Module], te.Tensor]:
    """The penalty λ Σ w² of a network."""
    return lambda model: lam * sum((w * w).sum() for w in weights(model))


W1, W2 = weights(model)
price = te.grad(l2(0.01)(model), [W1, W2])
with_price = te.grad(F.cross_entropy(model(data[0]), data[1]) + l2(0.01)(model), [W1, W2])
without = te.grad(F.cross_entropy(model(data[0]), data[1]), [W1, W2])
w = W2[3, 7].item()
print("one weight of the second layer, λ = 0.01")
lesson.table(
    ["w", "∂C/∂w", "2 λ w", "their sum", "∂L/∂w by backward()"],
    [[f"{v:.6f}" for v in (w, without[1][3, 7].item(), 2 * 0.01 * w,
                           without[1][3, 7].item() + 0.02 * w, with_price[1][3, 7].item())]],
)  # fmt: skip
h = 0.001
slope = 0.01 * ((w + h) ** 2 - (w - h) ** 2) / (2 * h)
lesson.expect("2 λ w by differences", slope, 2 * 0.01 * w, tolerance=1e-12)


def largest(pairs: Any) -> float:
    """The largest difference within pairs of arrays."""
    return max(float(np.abs(a - b).max()) for a, b in pairs)


numbers = [(g.numpy(), 2 * 0.01 * w.numpy()) for g, w in zip(price, (W1, W2), strict=True)]
lesson.expect("gradient of λ Σ w², less 2 λ w: largest", largest(numbers), 0)
added = [a.numpy() - b.numpy() for a, b in zip(with_price, without, strict=True)]
apart = largest((a, 2 * 0.01 * w.numpy()) for a, w in zip(added, (W1, W2), strict=True))
lesson.expect("what L2 adds to ∂C/∂w, less 2 λ w: largest", apart, 0, tolerance=1e-7)

# %% [markdown]
# **What it does.** Some pixels are white, so 0, in all 100 images. Their weights never see any
# data: `∂C/∂w = 0` for them. With plain gradient descent, only the price moves such a weight. Each
# step is `w ← w - α 2 λ w`, so after t steps
#
# `w_t = (1 - 2 α λ)^t w_0`
#
# It shrinks by the same share in each step. We check this closed form, and that `weight_decay=2 λ`
# on the weights is the same thing. (Give `weight_decay` to `model.parameters()`, and the biases
# shrink too.)

# %%
white = data[0].numpy().max(axis=0).reshape(784) == 0
print(f"{white.sum()} of 784 pixels are white in all {len(data[0])} images")


def descend(penalty: Callable | None, decay: float) -> tuple[np.ndarray, list[np.ndarray]]:
    """W1 before, and all parameters after, 50 steps of gradient descent, α = 0.1."""
    te.manual_seed(options.seed)
    model = make_network()
    start = weights(model)[0].numpy().copy()
    biases = [layer.bias for layer in model if isinstance(layer, nn.Linear)]
    groups = [{"params": weights(model), "weight_decay": decay}, {"params": biases}]
    train(model, data, range(10), penalty=penalty, optimizer=te.optim.SGD(groups, lr=0.1))
    return start, [p.numpy() for p in model.parameters()]


start, by_penalty = descend(l2(0.01), 0)
_, by_decay = descend(None, 2 * 0.01)
_, half_as_much = descend(None, 0.01)
factor = (1 - 2 * 0.1 * 0.01) ** 50
print(f"(1 - 2 α λ)^50 = {factor:.6f}, α = 0.1, λ = 0.01")
apart = largest([(by_penalty[0][white], factor * start[white])])
lesson.expect("white pixels: w_50 - (1 - 2 α λ)^50 w_0, largest", apart, 0, tolerance=1e-6)
same = largest(zip(by_penalty, by_decay, strict=True))
lesson.expect("λ Σ w² against weight_decay = 2 λ: largest difference", same, 0, tolerance=1e-6)
other = largest(zip(by_penalty, half_as_much, strict=True))
lesson.expect("λ Σ w² against weight_decay = λ: it is another rule", other, above=1e-3)

# %% [markdown]
# Now we train with L2, and look at the norm (范数) of the weights, `sqrt(Σ w²)`. In this table and
# the next, "tiny" means `|w| < 0.001`.

# %%
REMEDIES: dict[str, dict[str, Any]] = {  # grows as the lesson goes on
    "none": {},
    "L2, λ = 0.001": {"penalty": l2(0.001)},
    "L2, λ = 0.01": {"penalty": l2(0.01)},
}
EPOCHS = range(30 if options.quick else 100)


@functools.cache
def trained(name: str, seed: int) -> nn.Sequential:
    """The network trained with a remedy, on the images of a seed."""
    remedy = dict(REMEDIES[name])
    te.manual_seed(seed)
    model = make_network(p=remedy.pop("p", 0.0))
    train(model, draw(seed), EPOCHS, **remedy)
    return model


def flat_weights(model: nn.Module) -> np.ndarray:
    """All weights in one row."""
    return np.concatenate([w.numpy().reshape(-1) for w in weights(model)])


def norm(model: nn.Module) -> float:
    """The square root of Σ w²."""
    return float(np.sqrt((flat_weights(model) ** 2).sum()))


def tiny(model: nn.Module) -> float:
    """The share of weights with |w| < 0.001."""
    return float((np.abs(flat_weights(model)) < 0.001).mean())


MEASURED_WEIGHTS = {  # seeds 0 to 19, 100 epochs: norm, share of tiny weights
    "none": ((17.57, 17.96), (0.011, 0.013)),
    "L2, λ = 0.001": ((9.35, 9.81), (0.389, 0.434)),
    "L2, λ = 0.01": ((5.40, 5.71), (0.413, 0.461)),
    "L1, λ = 0.0001": ((9.82, 10.34), (0.661, 0.683)),
    "L1, λ = 0.001": ((7.22, 7.64), (0.922, 0.931)),
}


def weights_table(names: list[str]) -> None:
    """Norm and tiny weights of this run, beside what was measured."""
    print(
        f"this run: seed {options.seed}, {len(EPOCHS)} epochs; measured: seeds 0 to 19, 100 epochs"
    )
    rows = []
    for name in names:
        model = trained(name, options.seed)
        norms, shares = MEASURED_WEIGHTS[name]
        exact = int((flat_weights(model) == 0).sum())
        rows.append((name, f"{norm(model):.2f}", span(norms, 2), f"{tiny(model):.3f}",
                     span(shares), exact))  # fmt: skip
    lesson.table(["", "norm", "measured", "tiny", "measured", "exactly 0"], rows)


weights_table(["none", "L2, λ = 0.001", "L2, λ = 0.01"])
norms = [norm(trained(name, options.seed)) for name in REMEDIES]
lesson.expect("norm: λ = 0.001 / none", norms[1] / norms[0], below=0.75)
lesson.expect("norm: λ = 0.01 / λ = 0.001", norms[2] / norms[1], below=0.75)
if not options.quick:
    for name, value in zip(REMEDIES, norms, strict=True):
        low, high = MEASURED_WEIGHTS[name][0]
        lesson.expect(f"norm, {name}", value, above=0.95 * low, below=1.05 * high)

# %% [markdown]
# The larger λ, the smaller the weights. The tiny ones are mostly those of the white pixels: for
# them, nothing speaks against 0. With Adam they get there fast, even with a small λ. Adam divides
# each gradient by its own size (lesson 7), so where the price is the only gradient, λ cancels, and
# the step is about α. (`te.optim.AdamW` keeps the price out of that division.)

# %% [markdown]
# ## 5. L1: a price on every weight
#
# L1 regularisation (L1 正则化) takes the absolute value:
#
# `L = C + λ Σ |w|`, so `∂L/∂w = ∂C/∂w + λ sign(w)`
#
# The pull of L2, `2 λ w`, fades near 0. This one is equally strong for large and for small weights.
# So small weights, which the data hardly need, go to 0 altogether: the weights become **sparse**
# (稀疏). At `w = 0` there is no derivative; we take 0, as the library does.

# %%
lesson.heading("5. L1: a price on every weight")


def l1(lam: float) -> Callable[[nn.Module], te.Tensor]:
    """The penalty λ Σ |w| of a network."""
    return lambda model: lam * sum(w.abs().sum() for w in weights(model))


price = te.grad(l1(0.01)(model), [W1, W2])
numbers = [(g.numpy(), np.float32(0.01) * np.sign(w.numpy()))
           for g, w in zip(price, (W1, W2), strict=True)]  # fmt: skip
lesson.expect("gradient of λ Σ |w|, less λ sign(w): largest", largest(numbers), 0)
at_zero = te.tensor([-2.0, 0.0, 0.5], requires_grad=True)
at_zero.abs().sum().backward()
lesson.expect("sign of -2, 0 and 0.5", at_zero.grad.numpy(), [-1, 0, 1])

# %% [markdown]
# **Does it give zeros?** In books, L1 makes weights *exactly* 0. Take a single weight, with the
# loss `½ (w - a)² + λ |w|`. Its minimum is at
#
# `S(a, λ) = sign(a) max(|a| - λ, 0)`
#
# which is exactly 0 where `|a| <= λ`. We look for it with plain gradient steps. And then with
# another rule: first the step of the data alone, then S with `α λ` in place of λ, which takes `α λ`
# off the size of the weight and stops at 0. It is called soft thresholding.


# %%
def soft(a: float, lam: float) -> float:
    """S(a, λ) = sign(a) max(|a| - λ, 0)."""
    return math.copysign(max(abs(a) - lam, 0), a)


a, lam, alpha = 0.05, 0.1, 0.01
plain, thresholded = [1.0], [1.0]
for _ in range(1000):
    plain.append(plain[-1] - alpha * (plain[-1] - a + lam * np.sign(plain[-1])))
    thresholded.append(soft(thresholded[-1] - alpha * (thresholded[-1] - a), alpha * lam))
print(f"a = {a}, λ = {lam}: the minimum is at {abs(soft(a, lam)):g}")
lesson.table(
    ["step", "plain gradient steps", "soft thresholding"],
    [(t, f"{plain[t]:.6f}", f"{thresholded[t]:.6f}") for t in (0, 100, 200, 997, 998, 999, 1000)],
)
ws = np.linspace(-2, 2, 400_001)
for a_tried in (0.05, 0.3, -0.3):
    lowest = ws[np.argmin(0.5 * (ws - a_tried) ** 2 + lam * np.abs(ws))]
    lesson.expect(f"S({a_tried}, 0.1) by trying all w", lowest, soft(a_tried, lam), tolerance=1e-5)
lesson.expect("plain: zeros among the last 500", plain[-500:].count(0.0), 0)
lesson.expect("plain: largest of the last 500", max(np.abs(plain[-500:])), above=1e-5, below=2e-3)
lesson.expect("soft thresholding: zeros among the last 500", thresholded[-500:].count(0.0), 500)

# %% [markdown]
# The plain steps jump over 0 and back for ever. They are about as large as `α λ`, and so is what is
# left of w. Our network is trained by plain steps, so do not expect exact zeros there either:

# %%
REMEDIES["L1, λ = 0.0001"] = {"penalty": l1(0.0001)}
REMEDIES["L1, λ = 0.001"] = {"penalty": l1(0.001)}
weights_table(list(MEASURED_WEIGHTS))
sparse = trained("L1, λ = 0.001", options.seed)
lesson.expect("L1, λ = 0.001: share of tiny weights", tiny(sparse), above=0.5)
lesson.expect("L1, λ = 0.001: exact zeros", (flat_weights(sparse) == 0).sum(), 0)

kept = sparse.state_dict()
cut = {name: np.where(np.abs(v) < 0.001, 0, v).astype(v.dtype) for name, v in kept.items()}
pruned = make_network()
pruned.load_state_dict(cut)
pruned.eval()
before, after = judge(sparse, test_set)[1], judge(pruned, test_set)[1]
print(f"test accuracy with the tiny weights {before:.4f}, with 0 in their place {after:.4f}")
lesson.expect("what the tiny weights do for the accuracy", after - before, 0, tolerance=0.01)

# %% [markdown]
# **Not one weight is 0**, but most are tiny, and they can be set to 0 afterwards at next to no
# cost. L2 with λ = 0.001 and L1 with λ = 0.0001 lead to about the same norm, and still L1 has far
# more tiny weights. In the picture look at the bar in the middle; the axis is logarithmic, so with
# L1 it holds nearly all weights.

# %%
figure, axes = lesson.figure(1, 3, size=(16, 5.5))
titles = {
    "none": ("no penalty", lesson.BLUE),
    "L2, λ = 0.001": ("L2, λ = 0.001", lesson.GREEN),
    "L1, λ = 0.001": ("L1, λ = 0.001", lesson.ORANGE),
}
for axis, (name, (title, color)) in zip(axes, titles.items(), strict=True):
    model_drawn = trained(name, options.seed)
    axis.hist(flat_weights(model_drawn), bins=np.linspace(-0.6, 0.6, 122), color=color, log=True)
    axis.set(xlabel="weight", ylim=(0.5, 2e5), xlim=(-0.6, 0.6), xticks=(-0.5, 0, 0.5))
    axis.set_title(f"{title}: {tiny(model_drawn):.0%} tiny")
axes[0].set_ylabel("how many weights")
lesson.save_figure("weights")

# %% [markdown]
# ## 6. Dropout
#
# Dropout (随机失活) sets each output of a layer to 0 with probability p, in training only, with new
# draws for each batch. The others are divided by `1 - p`:
#
# `y = x m / (1 - p)`, where m is 0 with probability p, else 1
#
# So the mean stays what it was: `(1 - p) · x / (1 - p) = x`. Backward, the gradient goes the same
# way: `∂L/∂x = ∂L/∂y · m / (1 - p)`, with the same m. In use (`model.eval()`) dropout does nothing.

# %%
lesson.heading("6. Dropout")
te.manual_seed(options.seed)
rows = []
for p in (0.2, 0.5, 0.8):
    dropout = nn.Dropout(p)
    ones = te.tensor(np.ones(1_000_000, "float32"), requires_grad=True)
    y = dropout(ones)
    y.sum().backward()
    rows.append((p, f"{(y.numpy() == 0).mean():.4f}", f"{y.numpy().max():.4f}",
                 f"{1 / (1 - p):.4f}", f"{y.numpy().mean():.4f}"))  # fmt: skip
    lesson.expect(f"p = {p}: mean of dropped ones", y.numpy().mean(), 1, tolerance=0.01)
    lesson.expect(f"p = {p}: share of zeros", (y.numpy() == 0).mean(), p, tolerance=0.005)
    same_mask = np.array_equal(ones.grad.numpy(), y.numpy())
    lesson.expect(f"p = {p}: the gradient is m / (1 - p), like y", same_mask, True)
    dropout.eval()
    as_it_was = dropout(data[0]).numpy().tobytes() == data[0].numpy().tobytes()
    lesson.expect(f"p = {p}: eval() leaves x, bit for bit", as_it_was, True)
lesson.table(["p", "zeros", "the others", "1 / (1 - p)", "mean"], rows)

# %% [markdown]
# **The listing of 000 §5.2** uses `nn.Dropout(0.5)`, and then judges its model like this:
#
# ```python
# with torch.no_grad():
#     total_loss = 0
#     for inputs, targets in validation_loader:
#         outputs = model(inputs)
#         loss = loss_function(outputs, targets)
#         total_loss += loss.item()
#     print(f"Validation Loss: {total_loss/len(validation_loader)}")
# ```
#
# **Verdict: wrong.** `model.eval()` is missing, so dropout goes on: about half of the numbers that
# pass through it are set to 0. `no_grad()` only stops the recording of gradients; it does not
# switch dropout off. There is no error message. (The other mistakes of that listing: lesson 16.) We
# do the same with our network:


# %%
def validation_loss(model: nn.Module) -> float:
    """The loop as 000 §5.2 prints it, in this library."""
    loader = te.data.DataLoader(test_set, batch_size=500)
    with te.no_grad():
        total_loss = 0.0
        for inputs, targets in loader:
            total_loss += F.cross_entropy(model(inputs), targets).item()
    return total_loss / len(loader)


REMEDIES["dropout, p = 0.5"] = {"p": 0.5}
model = trained("dropout, p = 0.5", options.seed)
model.train()  # as the listing leaves it after training
printed = [validation_loss(model) for _ in range(5)]
with_dropout = [judge(model, test_set) for _ in range(10)]
model.eval()
right_way = [validation_loss(model) for _ in range(2)]
off_loss, off_accuracy = judge(model, test_set)
print("the same network, judged five times as printed:", *(f"{v:.4f}" for v in printed))
print("with model.eval() before it, twice:            ", *(f"{v:.4f}" for v in right_way))
lesson.table(
    ["10 times on the test images", "loss", "accuracy"],
    [
        ("dropout on, as printed", *map(span, np.transpose(with_dropout))),
        ("dropout off", f"{off_loss:.3f}", f"{off_accuracy:.3f}"),
    ],
)
# Measured with the seeds 0 to 19, 100 epochs: the mean of ten times on, less off.
HARM = (0.202, 0.247), (-0.049, -0.029)
print(f"what it does, seeds 0 to 19: loss {span(HARM[0], 3, '+')}, ", end="")
print(f"accuracy {span(HARM[1], 3, '+')}")
lesson.expect("as printed: five different losses", len(set(printed)), 5)
lesson.expect("with eval(): twice the same", right_way[0] == right_way[1], True)
on_loss, on_accuracy = np.mean(with_dropout, axis=0)
lesson.expect("loss, on - off", on_loss - off_loss, above=0.05)
lesson.expect("accuracy, off - on", off_accuracy - on_accuracy, above=0.005)

# %% [markdown]
# Without `eval()` the loss is too high, and another one each time. Someone who chooses a model by
# such numbers chooses by dice.

# %% [markdown]
# ## 7. Augmentation
#
# Augmentation (数据增强) changes each training image at random, each time it is used: it moves it
# (平移) or turns it (旋转) a little. The label stays. So the change has to be one that leaves the
# digit what it is. That depends on the data: a mirrored cat is a cat, but a mirrored 2 is no digit.
# Look at the last row.

# %%
lesson.heading("7. Augmentation")


def shifted(x: te.Tensor) -> te.Tensor:
    """Each image moved by up to 2 pixels."""
    return te.data.shift(x, 2)


def turned(x: te.Tensor) -> te.Tensor:
    """Each image turned by up to 15 degrees."""
    return te.data.rotate(x, 15)


def both(x: te.Tensor) -> te.Tensor:
    """Moved, then turned."""
    return turned(shifted(x))


te.manual_seed(options.seed)
one_of_each = [np.flatnonzero(data[1].numpy() == digit)[0] for digit in range(10)]
originals = data[0].numpy()[one_of_each]  # (10, 1, 28, 28)
changed = {
    "as it is": originals,
    "moved by up to 2": te.data.shift(originals, 2),
    "turned by up to 15°": te.data.rotate(originals, 15),
    "both": te.data.rotate(te.data.shift(originals, 2), 15),
    "mirrored: wrong": te.data.flip(originals, p=1.0),
}
figure, axis = lesson.figure(size=(14, 6.5))
rows = [np.concatenate(np.pad(images[:, 0], ((0, 0), (2, 2), (2, 2))), axis=1)  # (32, 320)
        for images in changed.values()]  # fmt: skip
axis.imshow(np.concatenate(rows), cmap="gray_r")
axis.set(xticks=[], yticks=np.arange(len(rows)) * 32 + 16, yticklabels=changed)
axis.get_yticklabels()[-1].set_color(lesson.RED)
axis.axhline(4 * 32, color=lesson.RED, linewidth=2)
axis.spines[:].set_visible(False)
axis.set_title("A 2 and a 5 in the mirror are no digits; a 0 and an 8 do not mind")
lesson.save_figure("augmented")

# %% [markdown]
# We check that a moved image is the old one at another place: for each there is exactly one pair
# (down, right) that gives it. And that the same seed gives the same images, another seed others.

# %%
offsets = [(down, right) for down in range(-2, 3) for right in range(-2, 3)]
found_offsets = []
for old, new in zip(originals[:, 0], changed["moved by up to 2"][:, 0], strict=True):
    wide = np.pad(old, 2)  # (32, 32): room for what goes out
    fits = [o for o in offsets if np.array_equal(np.roll(wide, o, (0, 1))[2:-2, 2:-2], new)]
    found_offsets.append(fits)
lesson.expect("places that give each moved image", [len(fits) for fits in found_offsets], [1] * 10)
print("the digits 0 to 9 were moved (down, right) by", *(fits[0] for fits in found_offsets))


def drawn_with(seed: int) -> bytes:
    """The images, moved and turned, with a seed."""
    te.manual_seed(seed)
    return both(data[0]).numpy().tobytes()


lesson.expect("the same seed, the same images", drawn_with(1) == drawn_with(1), True)
lesson.expect("another seed, the same images", drawn_with(1) == drawn_with(2), False)
twice = te.data.flip(changed["mirrored: wrong"], p=1.0)
lesson.expect("mirrored twice, as it was", np.array_equal(twice, originals), True)

# %% [markdown]
# **Verdict on 003 §9.3: incomplete.** Rotating and cropping give more training *images*, as the
# document says. (To crop at a random place, after a border was added, is to move. Scaling is not in
# this library; the questions at the end ask for it.) What is missing is the condition: only changes
# that keep the label. And the new images are made from the same 100 digits. No new handwriting
# comes in.

# %% [markdown]
# ## 8. Does it help?
#
# Now the measurement. Each remedy trains the network of section 2 on 100 images. "Gain" compares
# two trainings with the same seed: the same images, the same first weights. First the result of
# this run:

# %%
lesson.heading("8. Does it help?")
REMEDIES["moved"] = {"change": shifted}
REMEDIES["moved and turned"] = {"change": both}
REMEDIES["mirrored"] = {"change": te.data.flip}
names = [name for name in REMEDIES if name != "L1, λ = 0.0001"]
results: dict[str, list[tuple[float, ...]]] = {name: [] for name in names}
bar = lesson.progress([(name, seed) for seed in seeds for name in names], "networks")
for name, seed in bar:
    network = trained(name, seed)
    results[name].append((*judge(network, test_set), judge(network, draw(seed))[1]))
found_results = {name: np.array(values).T for name, values in results.items()}
first_loss, first_accuracy, _ = found_results["none"]
print(f"this run: {len(EPOCHS)} epochs, seeds", *seeds)
lesson.table(
    ["", "training accuracy", "test accuracy", "gain", "seeds ahead", "test loss, change", "lower"],
    [
        (name, span(training), span(accuracy), span(accuracy - first_accuracy, 3, "+"),
         (accuracy > first_accuracy).sum(), span(loss - first_loss, 3, "+"),
         (loss < first_loss).sum())
        for name, (loss, accuracy, training) in found_results.items()
    ],
)  # fmt: skip

# %% [markdown]
# And this is what 20 seeds gave. (To repeat it, run `tinygrad-edu lesson 14 --seeds 20`. That takes
# some minutes.)
#
# How sharp is a single accuracy p on n images? With other test images it would differ by about its
# **standard error** (标准误), `sqrt(p (1 - p) / n)`. It stands under the table. (Lesson 8 printed
# the same thing under the name "standard deviation of the accuracy".)

# %%
# Measured with the seeds 0 to 19, 100 epochs: test accuracy; gain, and how often it is above 0;
# change of the test loss, and how often it is lower.
MEASURED = {
    "none": ((0.703, 0.764), None, None),
    "L2, λ = 0.001": ((0.696, 0.763), (-0.007, 0.010, 8), (-0.141, -0.042, 20)),
    "L2, λ = 0.01": ((0.694, 0.771), (-0.016, 0.016, 7), (-0.237, -0.022, 20)),
    "L1, λ = 0.001": ((0.688, 0.754), (-0.037, 0.001, 1), (-0.198, 0.014, 18)),
    "dropout, p = 0.5": ((0.696, 0.769), (-0.007, 0.013, 16), (-0.055, 0.028, 12)),
    "moved": ((0.736, 0.828), (0.007, 0.080, 20), (-0.373, 0.033, 19)),
    "moved and turned": ((0.761, 0.845), (0.030, 0.105, 20), (-0.515, -0.076, 20)),
    "mirrored": ((0.661, 0.739), (-0.055, 0.017, 1), (-0.030, 0.266, 1)),
}


def overlap(a: tuple[float, float], b: tuple[float, float]) -> bool:
    """Whether two ranges have a part in common."""
    return max(a[0], b[0]) <= min(a[1], b[1])


print("measured, 20 seeds, 100 epochs:")
table_rows = []
for name, (accuracy, gain, change) in MEASURED.items():
    if gain is None:
        table_rows.append((name, span(accuracy), *5 * ("",)))
        continue
    shared = "overlap" if overlap(accuracy, MEASURED["none"][0]) else "apart"
    table_rows.append((name, span(accuracy), shared, span(gain[:2], 3, "+"), f"{gain[2]} of 20",
                       span(change[:2], 3, "+"), f"{change[2]} of 20"))  # fmt: skip
header = ["", "test accuracy", "with none", "gain", "ahead", "test loss, change", "lower"]
lesson.table(header, table_rows)
error = math.sqrt(0.73 * 0.27 / 2000)
print(f"standard error of an accuracy of 0.73 on 2,000 images: {error:.3f}")
for name, (_, accuracy, training) in found_results.items():
    lesson.expect(f"{name}: training accuracy of all seeds", training.min(), above=0.8)
    if not options.quick:
        low, high = MEASURED[name][0]
        lesson.expect(f"{name}: lowest test accuracy", accuracy.min(), above=low - 0.05)
        lesson.expect(f"{name}: highest test accuracy", accuracy.max(), below=high + 0.05)
for name in ("L2, λ = 0.001", "L2, λ = 0.01"):
    loss = found_results[name][0]
    if not options.quick:
        lesson.expect(f"{name}: largest change of the test loss", max(loss - first_loss), below=0.0)

# %% [markdown]
# Read the column "with none" first. **All ranges overlap with that of the plain network.** Which
# 100 images you draw matters more than which remedy you take. From one run of each, you could tell
# any story. Five runs are not enough either: for the seeds 0 to 4, the full run shows "moved"
# clearly apart from "none", and 20 seeds do not. So from the ranges alone no gain in accuracy may
# be claimed, for none of them.
#
# The pairs with the same images say more, and for the remedies they differ:
#
# - **L2** leaves the accuracy where it is: it is ahead about as often as behind. It lowers the test
#   *loss*, in all 20 pairs: the network is less sure of its wrong answers.
# - **L1** with this λ costs accuracy in nearly all pairs. It buys sparse weights with it.
# - **Dropout** is ahead in most pairs, but by so little that it hardly matters: its best gain is
#   about the standard error of one accuracy. Nobody should build on that.
# - **Moving, and moving and turning,** is ahead in all 20 pairs. This is the one remedy that brings
#   in something that the network did not know: digits stay what they are when they move.
# - **The mirror** is behind in nearly all pairs: it teaches something false.
#
# And they over-fit all the same: every training accuracy is at or near 1.
#
# **Verdict on 002 §3.1 and §2.3**, "to prevent over-fitting", "to improve the performance": the
# three methods are **rightly named**, but the claim is **too strong**. They make it milder at best;
# here the accuracy shows nothing of it.
#
# **Verdict on 003 §9.2**, "can reduce over-fitting": **right** for augmentation, in pairs. For the
# penalties right for the loss, not for the accuracy. For cross-validation see the next section.
#
# These are 100 digits and one small network. With other data, the table is another one. What
# carries over is how to find out: several seeds, pairs, ranges.

# %% [markdown]
# ## 9. K-fold cross-validation
#
# So far 2,000 test images judged the network. Who has only 100 labelled images has no such luxury.
# Cross-validation (交叉验证) uses each image for both, but never at once. Cut the images into k
# folds (折). For each fold, train a new network on all the others, and let the fold judge it. That
# gives k scores s, their mean, and its standard error:
#
# `SE = s_dev / sqrt(k)`, `s_dev² = Σ (s - mean)² / (k - 1)`
#
# First the folds: each image has to be in exactly one of them, and in no fold's own training part.

# %%
lesson.heading("9. K-fold cross-validation")
x, y = data
K = 5
folds = list(te.data.KFold(K, shuffle=True, seed=options.seed).split(x))
train_rows, fold = folds[0]
print(f"{K} folds: {len(train_rows)} images to learn from, {len(fold)} to judge")
in_both = [len(set(train_rows) & set(fold)) for train_rows, fold in folds]
in_either = [len({*train_rows, *fold}) for train_rows, fold in folds]
lesson.expect("images in a fold and in its training part", in_both, [0] * K)
lesson.expect("images in a fold or in its training part", in_either, [len(x)] * K)
in_folds = np.bincount(np.concatenate([fold for _, fold in folds]), minlength=len(x))
lesson.expect("each image is in so many folds, at least", in_folds.min(), 1)
lesson.expect("each image is in so many folds, at most", in_folds.max(), 1)
uneven = [len(fold) for _, fold in te.data.KFold(3).split(range(10))]
lesson.expect("sizes of 3 folds of 10 rows", uneven, [4, 3, 3])


# %%
def fold_scores(change: Callable | None) -> list[tuple[float, float]]:
    """The training accuracy and the score of each fold."""
    scores = []
    te.manual_seed(options.seed)
    bar = lesson.progress(folds, "folds")
    for train_rows, fold in bar:
        network = make_network()
        known, new = (x[train_rows], y[train_rows]), (x[fold], y[fold])
        train(network, known, EPOCHS, change=change)
        scores.append((judge(network, known)[1], judge(network, new)[1]))
    return scores


in_training, plain_scores = np.transpose(fold_scores(None))
_, moved_scores = np.transpose(fold_scores(shifted))
known_accuracy = found_results["none"][1][0], found_results["moved"][1][0]
lesson.table(
    ["fold", "images", "training accuracy", "score", "score, moved"],
    [
        (i + 1, len(folds[i][1]), f"{in_training[i]:.2f}", f"{plain_scores[i]:.2f}",
         f"{moved_scores[i]:.2f}")
        for i in range(K)
    ],
)  # fmt: skip
summary = []
for scores in (plain_scores, moved_scores):
    deviation = math.sqrt(((scores - scores.mean()) ** 2).sum() / (K - 1))
    summary.append((scores.mean(), deviation / math.sqrt(K)))
    again = np.std(scores, ddof=1) / math.sqrt(K)
    lesson.expect("standard error, by NumPy", again, summary[-1][1], tolerance=1e-12)
for name, (mean, error), known in zip(("plain", "moved"), summary, known_accuracy, strict=True):
    print(f"{name}: {mean:.3f} ± {error:.3f}; the 2,000 test images say {known:.3f}")
lesson.expect("training accuracy in the folds", in_training.min(), 1)
lesson.expect("the gap is still there: 1 - mean score", 1 - summary[0][0], above=0.1)

# %% [markdown]
# Each fold has only 20 images: one image is a twentieth of a score. So the scores are far apart,
# and the standard error is large. This is what 20 seeds gave:

# %%
# Measured with the seeds 0 to 19, 100 epochs: the mean score; its SE; the accuracy on the test
# images less the mean, and how often that is within two SE.
MEASURED_FOLDS = {
    "plain": ((0.63, 0.77), (0.010, 0.075), (-0.030, 0.105), 14),
    "moved": ((0.69, 0.83), (0.016, 0.060), (-0.060, 0.080), 16),
}
lesson.table(
    ["20 seeds", "mean score", "SE", "test accuracy - mean", "within 2 SE"],
    [
        (name, span(means, 2), span(errors), span(differences, 3, "+"), f"{count} of 20")
        for name, (means, errors, differences, count) in MEASURED_FOLDS.items()
    ],
)
print(f"mean score, moved - plain: {span((0.02, 0.11), 2, '+')}, above 0 for 20 of 20 seeds")

# %% [markdown]
# Three things to learn from it:
#
# - A difference that is smaller than two standard errors says nothing. And with 5 scores even the
#   SE is only a rough number.
# - The mean score is mostly too low. Each network in the folds learns from only 80 images, and the
#   one that you use in the end from 100.
# - To *choose*, it is good enough here: on the same folds, the moved images win for each of the 20
#   seeds. No test image was needed for that choice.

# %%
figure, axis = lesson.figure(size=(13, 6))
places, (means, errors) = np.array([0, 1]), np.transpose(summary)
for place, scores in enumerate((plain_scores, moved_scores)):
    side_by_side = np.linspace(place - 0.2, place + 0.2, K)
    label = "score of a fold" if place == 0 else None
    axis.plot(side_by_side, scores, "o", color=lesson.BLUE, label=label)
axis.errorbar(places + 0.35, means, errors, fmt="s", color="black", capsize=8, linewidth=3,
              label="mean ± standard error")  # fmt: skip
axis.hlines(known_accuracy, places - 0.3, places + 0.45, lesson.RED, ":", linewidth=3,
            label="2,000 test images")  # fmt: skip
axis.set(xticks=places, xticklabels=["plain", "moved"], ylabel="accuracy", ylim=(0.35, 1))
axis.set_title("Five folds of 20 images")
axis.legend(loc="center left", bbox_to_anchor=(1, 0.5))
lesson.save_figure("folds")

# %% [markdown]
# **Verdict on 003 §9.2: wrong for cross-validation.** It reduces nothing. The networks in the folds
# are trained as always, and learn their images by heart as always: the training accuracies say so.
# Cross-validation **measures** the gap. If you then choose a better setting by it, that setting
# reduces the gap. **000 §3.2 and 001 §3.2.4**, which list it under evaluation (模型评估), are
# **right**. What they leave out is the cost: k trainings in place of one. For a large model that is
# rarely paid; there one validation set does.
#
# And choose with care: the score of the best of many settings is too good, here as on any
# validation set (lesson 8).

# %% [markdown]
# ## 10. The number of epochs
#
# **Stopping early.** In section 2 the test loss turned and rose. Common practice is to watch the
# loss on a validation set (验证集), and to keep the network of the epoch where it was lowest: early
# stopping. None of the five documents names it. We draw 100 more images for it; the test images
# must not choose.

# %%
lesson.heading("10. The number of epochs")
pool = draw(options.seed, 200)
validation = pool[0][100:], pool[1][100:]
te.manual_seed(options.seed)
model = make_network()
best_loss, best_epoch, best_state = math.inf, 0, {}
last_epoch = 50 if options.quick else 100


def keep_the_best(epoch: int) -> None:
    """Copy the network where its validation loss is the lowest so far."""
    global best_loss, best_epoch, best_state
    loss, _ = judge(model, validation)
    if loss < best_loss:
        best_loss, best_epoch = loss, epoch
        best_state = {name: array.copy() for name, array in model.state_dict().items()}


train(model, (pool[0][:100], pool[1][:100]), range(1, last_epoch + 1), watch=keep_the_best)
last = judge(model, test_set)
model.load_state_dict(best_state)
lesson.expect("the kept network has the lowest loss", judge(model, validation)[0], best_loss,
              tolerance=1e-6)  # fmt: skip
early = judge(model, test_set)
lesson.table(
    ["", "epoch", "test loss", "test accuracy"],
    [
        ("kept", best_epoch, f"{early[0]:.3f}", f"{early[1]:.3f}"),
        ("last", last_epoch, f"{last[0]:.3f}", f"{last[1]:.3f}"),
    ],
)
# Measured with the seeds 0 to 19: epoch kept; test loss and test accuracy, kept less last.
EARLY = (12, 44), (-0.173, -0.029), (-0.024, 0.002)
print(f"seeds 0 to 19: kept epochs {EARLY[0][0]} to {EARLY[0][1]}, kept less last: ", end="")
print(f"loss {span(EARLY[1], 3, '+')}, accuracy {span(EARLY[2], 3, '+')}")
if not options.quick:
    lesson.expect("test loss, kept / last", early[0] / last[0], below=0.99)

# %% [markdown]
# The loss is lower for each of the 20 seeds. The accuracy is not higher: for nearly all seeds the
# kept network is even a little worse. We chose by the loss, and that is what we got.
#
# **More epochs?** 003 §9.2 also says that a model that is "not stable" (模型不稳定) can be made so
# "by adjusting the learning rate, by more training epochs (增加训练轮数), and by a more stable
# optimizer". Here is a training that is not stable: gradient descent with a learning rate that is
# too large.

# %%
marks = (5, 15, 30) if options.quick else (25, 100, 400)


def descend_at(rate: float) -> tuple[list[tuple[float, float]], int]:
    """Training and test loss after each of the marks; the neurons that answer to any image."""
    te.manual_seed(options.seed)
    model = make_network()
    seen = []

    def look(epoch: int) -> None:
        if epoch in marks:
            seen.append((judge(model, data)[0], judge(model, test_set)[0]))

    descent = te.optim.SGD(model.parameters(), lr=rate)
    train(model, data, range(1, marks[-1] + 1), optimizer=descent, watch=look)
    with te.no_grad():
        hidden = nn.Sequential(*model[:3])(data[0]).numpy()  # after the ReLU: (100, 128)
    return seen, int((hidden > 0).any(axis=0).sum())


(jumping, alive), (steady, alive_steady) = descend_at(2.0), descend_at(0.1)
stable_rows = [
    (rate, epoch, *(f"{loss:.4f}" for loss in losses))
    for rate, seen in ((2.0, jumping), (0.1, steady))
    for epoch, losses in zip(marks, seen, strict=True)
]
lesson.table(["α", "epochs", "training loss", "test loss"], stable_rows)
frequencies = np.bincount(data[1].numpy()) / len(data[1])
frequencies = frequencies[frequencies > 0]
entropy = -(frequencies * np.log(frequencies)).sum()
print(f"ln 10 = {math.log(10):.4f}, the loss of a network that knows nothing")
print(f"-Σ f ln f = {entropy:.4f}, of one that knows how often each digit occurs")
print(f"hidden neurons that are not dead: {alive} with α = 2, {alive_steady} with α = 0.1")
# Measured with the seeds 0 to 19.
print(f"α = 2, 100 epochs, 20 seeds: training loss {span((1.904, 2.282))}, 0 to 2 neurons not dead")
print(f"α = 0.1: test loss after 400 epochs less after 100: {span((0.057, 0.152), 3, '+')}")
lesson.expect("α = 2: training loss at the end", jumping[-1][0], above=1.5)
lesson.expect("α = 2: hidden neurons that are not dead", alive, below=6)
if alive == 0:
    lesson.expect("all dead: loss - entropy", jumping[-1][0] - entropy, above=-1e-6, below=0.05)
lesson.expect("α = 0.1: training loss at the end", steady[-1][0], below=0.1)
if not options.quick:
    more = steady[-1][1] / steady[1][1]
    lesson.expect("α = 0.1: test loss after 400 epochs / after 100", more, above=1.01)

# %% [markdown]
# With α = 2 the first steps threw the weights so far away that nearly all hidden neurons are dead:
# their ReLU gives 0 for every image, and lets no gradient through (lesson 9). With the seed 0 all
# of them are. Then only the last biases learn, and all they can learn is how often each digit
# occurs: the loss cannot fall below the entropy of these frequencies f. With other seeds one or two
# neurons are left, and it falls a little further. More epochs do not mend that, however many. A
# smaller rate mends it at once.
#
# **Verdict on 003 §9.2: doubtful.** The learning rate and the optimizer are the right handles.
# More epochs help a training that is slow, not one that jumps. And they have a price that the
# document does not mention. With α = 0.1, the test loss is higher after 400 epochs than after 100,
# for each of the 20 seeds. More epochs are also more over-fitting.

# %% [markdown]
# ## 11. Which one, when?
#
# What each costs and does, by this lesson's own measurements on 100 digits:
#
# | mechanism | cost | what it did here | take it when |
# |---|---|---|---|
# | more data | labels | the gap closed | whenever you can get them |
# | fewer neurons | nothing | worse on new data | you must save time or memory |
# | L2 | one number to choose | small weights, lower test loss | sureness matters |
# | L1 | one number to choose | tiny weights, less accuracy | you want sparse weights |
# | dropout | p; do not forget `eval()` | within the noise | large networks; measure |
# | augmentation | time | ahead in every pair | you know what keeps the label |
# | k-fold | k trainings | measures, changes nothing | few data, small networks |
# | stopping early | a validation set | lower test loss | sureness matters |

# %% [markdown]
# ## Exercises
#
# `tinygrad-edu start 14` puts a file with four unfinished functions into your folder. Fill them in.
# `tinygrad-edu check 14` tells you which are right. For a wrong gradient it says what kind of
# mistake it looks like.
#
# 1. `k_fold(rows, k)`: the folds, and what each is trained on.
# 2. `shift(image, down, right, fill)`: an image moved by whole pixels.
# 3. `dropout_backward(x, W, m, p, dY)`: dropout and a dense layer, forward and back.
# 4. `penalised_gradients(x, y, W, b, l1, l2)`: the gradients of the cross-entropy with both prices.
#
# After that, copy this lesson to `mine.py`, change it, and run `python mine.py`.
#
# 1. Section 8: 1,000 images in place of 100. Which ranges are apart now?
# 2. Section 7: scale the images by a random factor around 1. Does it help beside moving?
# 3. Section 5: train the network with soft thresholding: gradient steps without the price, and
#    after each step S on the weights. How many exact zeros do you get?
# 4. Section 9: 100 folds of one image each. What does it cost, and how large is the error now?
# 5. Section 6: dropout with p = 0.8, and then with ten times as many neurons. When does it begin to
#    matter?

# %% [markdown]
# ## Where this lives in the library
#
# All paths are inside `tinygrad_edu/`.
#
# | here | in the library |
# |---|---|
# | L2 as `weight_decay`, with ½ | `optim/optimizer.py`; `AdamW` in `optim/adam.py` |
# | `λ Σ w²`, `λ Σ abs(w)` as a part of the loss | any sum of tensors: `ops/reduce.py` |
# | dropout, `train()` and `eval()` | `nn/dropout.py`, `nn/functional.py`, `nn/module.py` |
# | moving, turning, mirroring | `data/augment.py` |
# | folds | `data/split.py` |
# | training with a validation set in one call | `training.py` |

# %%
lesson.finish()

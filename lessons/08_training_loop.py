# %% [markdown]
# # Lesson 8. The training loop and its metrics
#
# **What you will learn.** Every network of this course is trained by the same few lines. You write
# them, watch each number of one step, and find out what goes wrong if a line is missing. Then you
# judge the result: with data that training has not seen, and with more than one number. You see a
# program reach a high accuracy on labels that were made by tossing a coin.
#
# **Time.** About 70 minutes with the exercises. The program itself needs some seconds.
#
# **Document.** 002 §3.2, §3.3 and §5.3, 001 §3.2.4.
#
# **Before this lesson.** Losses (lesson 3), optimizers (lesson 7).

# %%
import math

import numpy as np

import tinygrad_edu as te
import tinygrad_edu.nn.functional as F
from tinygrad_edu import lesson, nn

options = lesson.start(8, "The training loop and its metrics", minutes=70, threads=1)

# %% [markdown]
# ## 1. What the document says
#
# 002 §3.2 describes training (训练) as pseudo-code (伪代码). In English:
#
# ```
# initialise the network and its parameters
# prepare the data (clean, normalise, augment)
# choose the optimizer and the loss
#
# for epoch in 1 to the largest number of epochs do
#     for batch in the data set do
#         output = forward(input data, parameters)
#         loss = loss function(output, labels)
#         backward(output, loss, parameters)
#         update the parameters (optimizer)
#
# evaluate the model (test set)
# according to the result, adjust the parameters and improve the model
# ```
#
# **Verdict: a sound skeleton, but incomplete, and its last line is a mistake.**
#
# | what is missing | what happens | here |
# |---|---|---|
# | old gradients are never reset | every step also repeats all steps before it | section 7 |
# | the rows are never shuffled | the network leans to what it saw last | section 5 |
# | no validation set | nothing honest to tune with | section 9 |
# | "adjust" *after* the test | the test result is too good to be true | section 9 |
#
# (The Keras listing of 002 §5.2 does better: Keras resets and shuffles by itself, and the listing
# sets `validation_split=0.1`.)
#
# Its §3.3 fills in some of the functions. In Python, word for word, they read like this:


# %%
def document_backward(output, labels, parameters):
    error = output - labels  # 误差 = 损失函数梯度(输出，真实标签)
    return parameters - error  # 更新模型参数(模型参数，误差)


def document_gradient_descent(parameters, learning_rate):
    return parameters - learning_rate * error  # noqa: F821  更新模型参数(模型参数，学习率 * 误差)


lesson.heading("1. What the document says")
W = np.zeros((2, 2))
lesson.expect_error(
    "gradient descent of 002 §3.3",
    NameError,
    lambda: document_gradient_descent(W, 0.1),
    says="'error' is not defined",
)
lesson.expect_error(
    "backward of 002 §3.3, 32 samples, W of 2 inputs and 2 classes",
    ValueError,
    lambda: document_backward(np.ones((32, 2)), np.zeros((32, 2)), W),
    says="(2,2) (32,2)",
)

# %% [markdown]
# **Verdict on 002 §3.3: wrong.** Three mistakes:
#
# - `error` belongs to another function. Gradient descent (梯度下降) does not know it.
# - `error` is the gradient of the loss for the *output*. A parameter needs the gradient for the
#   *parameter*, which comes from the chain rule: for `Z = X W + b` it is `Xᵀ ∂L/∂Z`, as in
#   lesson 2, section 4. Even the shapes do not fit.
# - Stochastic gradient descent (随机梯度下降) "selects a data point at random", and then does not
#   use it: it takes the same old `error`.
#
# And the sign is not said; we had to choose the minus. Right is, for the batch that was drawn,
#
# `θ ← θ - α ∂L/∂θ`
#
# Its Adam is looked at in lesson 7.
#
# With a single sample the shapes fit by accident. NumPy broadcasts the error over the rows of W. It
# runs, and every input gets the same step, whatever its value is:

# %%
x_one, y_one = np.array([[1.5, -0.5]]), np.array([[1.0, 0.0]])
error = np.full((1, 2), 0.5) - y_one  # P - Y, with W = 0
by_chain_rule = x_one.T @ error
as_printed = W - document_backward(np.full((1, 2), 0.5), y_one, W)
print("∂L/∂W by the chain rule:\n", by_chain_rule, sep="")
print("what 002 §3.3 subtracts:\n", as_printed, sep="")
lesson.expect("002 §3.3: both inputs get the same", as_printed[0] - as_printed[1], np.zeros(2))
place = te.tensor(W, requires_grad=True)
F.cross_entropy(te.tensor(x_one) @ place, np.array([0])).backward()
apart = np.abs(place.grad.numpy() - by_chain_rule).max()
lesson.expect("chain rule - library", apart, 0, tolerance=1e-15)

# %% [markdown]
# ## 2. The data, in three parts
#
# We generate 330 points with 2 features (特征), in two classes. Class 1 lies around (1.2, 0.8),
# class 0 around (-1.2, -0.8), each with the standard deviation 1. The clouds overlap. Because we
# know how they were made, we also know the best possible accuracy. The best line goes through the
# origin, at right angles to the centre c. A point is on its right side with the probability
# `Φ(|c|)`, where Φ(u) is the chance that a normally distributed (正态分布) number stays below u.
# That is 0.925. Nobody can do better in the long run.
#
# We split the rows at random into three parts:
#
# - the **training set** (训练集), to learn from;
# - the **validation set** (验证集), to look at while we train and choose;
# - the **test set** (测试集), to look at once, at the very end.

# %%
lesson.heading("2. The data, in three parts")
random = np.random.default_rng(options.seed)
CENTRE = np.array([1.2, 0.8])


def clouds(labels: np.ndarray) -> np.ndarray:
    """A point for each label: around the centre for 1, around minus the centre for 0."""
    return random.normal(size=(len(labels), 2)) + np.where(labels[:, None] == 1, CENTRE, -CENTRE)


labels = np.arange(330) % 2
points = clouds(labels)
train_x, rest_x, train_y, rest_y = te.data.train_test_split(
    points, labels, test_size=120, seed=options.seed
)
valid_x, test_x, valid_y, test_y = te.data.train_test_split(
    rest_x, rest_y, test_size=60, seed=options.seed
)
print(f"class 1 around ({CENTRE[0]}, {CENTRE[1]}), class 0 around ({-CENTRE[0]}, {-CENTRE[1]})")
lesson.table(
    ["part", "rows", "of class 1"],
    [
        (name, len(part), int(part.sum()))
        for name, part in (("training", train_y), ("validation", valid_y), ("test", test_y))
    ],
)
lesson.expect("rows in all", len(train_x) + len(valid_x) + len(test_x), 330)
parts = np.concatenate([train_x, valid_x, test_x])
lesson.expect("different rows", len(np.unique(parts, axis=0)), 330)
best = 0.5 * (1 + math.erf(math.hypot(*CENTRE) / math.sqrt(2)))  # Φ(|c|)
print(f"best accuracy in the long run: Φ({math.hypot(*CENTRE):.4f}) = {best:.3f}")

# %% [markdown]
# ## 3. One step, number by number
#
# The network is as small as can be: one dense layer with 2 inputs and 2 outputs, `Z = X W + b`. It
# has 6 parameters (参数). We take the first batch (批次) of 32 rows, and go through the four lines:
#
# 1. forward (前向传播): logits and loss;
# 2. reset the old gradients (梯度清零);
# 3. backward (反向传播): the new gradients;
# 4. update (更新): `θ ← θ - α g`.

# %%
lesson.heading("3. One step, number by number")
te.manual_seed(options.seed)
model = nn.Linear(2, 2)
optimizer = te.optim.SGD(model.parameters(), lr=0.1)
x = te.asarray(train_x[:32].astype("float32"))
y = te.asarray(train_y[:32])

logits = model(x)  # (32, 2)
loss = F.cross_entropy(logits, y)
optimizer.zero_grad()
loss.backward()
before = {name: p.numpy().copy() for name, p in model.named_parameters()}
gradients = {name: p.grad.numpy().copy() for name, p in model.named_parameters()}
optimizer.step()
after = {name: p.numpy() for name, p in model.named_parameters()}

lesson.table(
    ["row", "x₁", "x₂", "label", "logit 0", "logit 1"],
    [
        (
            i,
            *(f"{v:.4f}" for v in x.numpy()[i]),
            train_y[i],
            *(f"{v:.4f}" for v in logits.numpy()[i]),
        )
        for i in range(3)
    ],
)
print(f"loss of the 32 rows: {loss.item():.4f}")
lesson.table(
    ["parameter", "θ", "∂L/∂θ", "θ - 0.1 ∂L/∂θ"],
    [
        (f"{name}{list(i)}", *(f"{a[name][i]:.4f}" for a in (before, gradients, after)))
        for name in before
        for i in np.ndindex(before[name].shape)
    ],
)
with te.no_grad():
    new_loss = F.cross_entropy(model(x), y).item()
print(f"loss of the same 32 rows after the step: {new_loss:.4f}")
lesson.expect("the step made it smaller", new_loss, below=loss.item())

# %% [markdown]
# We check it with NumPy and nothing else. Lesson 3 derived `∂L/∂Z = (P - Y) / n`, and the chain
# rule gives `∂L/∂W = Xᵀ ∂L/∂Z` and `∂L/∂b` as the sum over the rows. How much should the loss fall?
# About α times the squared length of the gradient, as long as the step is small.

# %%
X, Y = train_x[:32], np.eye(2)[train_y[:32]]
Z = X @ before["weight"] + before["bias"]
P = np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True)
dZ = (P - Y) / 32
by_hand = {"weight": X.T @ dZ, "bias": dZ.sum(axis=0)}
for name, g in by_hand.items():
    apart = np.abs(gradients[name] - g).max()
    lesson.expect(f"∂L/∂{name}, library - by hand", apart, 0, tolerance=1e-6)
    apart = np.abs(after[name] - (before[name] - 0.1 * g)).max()
    lesson.expect(f"new {name}, library - by hand", apart, 0, tolerance=1e-6)
expected_fall = 0.1 * sum((g * g).sum() for g in by_hand.values())
print(f"the loss fell by {loss.item() - new_loss:.4f}; α |g|² = {expected_fall:.4f}")
lesson.expect("fall, against α |g|²", (loss.item() - new_loss) / expected_fall, 1, tolerance=0.2)

# %% [markdown]
# ## 4. Batches
#
# An **epoch** (训练轮数) is one pass over the training set. It is cut into batches (批量大小 is the
# batch size). Each row has to come exactly once in an epoch. With 210 rows and batches of 32 there
# are 6 full ones, and a last one of 18 rows.
#
# We give each row its number, and write down which numbers come.

# %%
lesson.heading("4. Batches")
numbered = te.data.DataLoader((np.arange(210),), batch_size=32, shuffle=True)
epochs_seen = [[rows.numpy() for (rows,) in numbered] for _ in range(3)]
for epoch, batches in enumerate(epochs_seen, 1):
    counts = np.bincount(np.concatenate(batches), minlength=210)
    print(
        f"epoch {epoch}: sizes {[len(b) for b in batches]}, first rows {batches[0][:6].tolist()} …"
    )
    lesson.expect(f"epoch {epoch}: each row once", bool((counts == 1).all()), True)
lesson.expect("batches in an epoch", len(numbered), math.ceil(210 / 32))
same = np.array_equal(np.concatenate(epochs_seen[0]), np.concatenate(epochs_seen[1]))
lesson.expect("two epochs in the same order", same, False)

# %% [markdown]
# ## 5. The loop
#
# Here it is. The four lines of section 3 stand in the middle. The rest counts. The validation loss
# is measured after each epoch, without gradients: `te.no_grad()`.

# %%
lesson.heading("5. The loop")
EPOCHS, ALPHA = 20, 0.1
train_set = te.asarray(train_x.astype("float32")), te.asarray(train_y)
valid_set = te.asarray(valid_x.astype("float32")), te.asarray(valid_y)
test_set = te.asarray(test_x.astype("float32")), te.asarray(test_y)

te.manual_seed(options.seed)
model = nn.Linear(2, 2)
start = model.state_dict()
optimizer = te.optim.SGD(model.parameters(), lr=ALPHA)
batches = te.data.DataLoader(train_set, batch_size=32, shuffle=True)

batch_losses, history, valid_losses = [], [], []
bar = lesson.progress(range(EPOCHS), "training")
for _ in bar:
    total, rows = 0.0, 0
    for x, y in batches:
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

        batch_losses.append(loss.item())
        total += len(x) * loss.item()
        rows += len(x)
    history.append(total / rows)
    with te.no_grad():
        valid_losses.append(F.cross_entropy(model(valid_set[0]), valid_set[1]).item())
    bar.set_postfix_str(f"loss {history[-1]:.4f}", refresh=False)
lesson.table(
    ["epoch", "training loss", "validation loss"],
    [(e, f"{history[e - 1]:.4f}", f"{valid_losses[e - 1]:.4f}") for e in (1, 2, 3, 5, 10, 20)],
)
lesson.expect("updates", len(batch_losses), EPOCHS * 7)
lesson.expect("training loss falls", history[-1], below=history[0])

# %% [markdown]
# The loss of a single batch jumps up and down: 32 rows are a small sample, and some are harder than
# others. The mean over an epoch is smooth. Look at epochs, not at batches.

# %%
figure, (left, right) = lesson.figure(1, 2, size=(15, 6.5))
left.plot(
    (1 + np.arange(len(batch_losses))) / 7, batch_losses, "-o", color=lesson.SKY, linewidth=1.5,
    markersize=4, label="training, each batch",
)  # fmt: skip
middles = np.arange(EPOCHS) + 0.5
left.plot(middles, history, label="training, mean of the epoch")
left.plot(np.arange(EPOCHS) + 1, valid_losses, "--", color=lesson.RED, label="validation")
left.set(xlabel="epochs", ylabel="loss", title="Loss by batch and by epoch", ylim=(0, None))
left.set_xticks(range(0, EPOCHS + 1, 5))
left.legend()
for k, marker, colour in ((0, "o", lesson.BLUE), (1, "s", lesson.ORANGE)):
    chosen = train_x[train_y == k]
    right.plot(*chosen.T, marker, color=colour, markersize=7, alpha=0.7, label=f"class {k}")
across = np.linspace(-4.5, 4.5, 2)
for state, style, name in ((start, ":", "border at the start"), (None, "-", "border at the end")):
    state = state or model.state_dict()
    w, b = np.diff(state["weight"])[:, 0], np.diff(state["bias"])[0]
    right.plot(across, -(w[0] * across + b) / w[1], style, color="black", label=name)
right.set(xlabel="x₁", ylabel="x₂", title="Training set", xlim=(-4.5, 4.5), ylim=(-7.5, 4.5))
right.legend(loc="lower left")
lesson.save_figure("learning")

# %% [markdown]
# **Why shuffle?** Files are often sorted. We sort the training set by class, so that class 1 comes
# last, and leave shuffle=False. With our small learning rate the order hardly matters here. With a
# large one, 2, it does: each batch drags the network to its own class, and at the end of an epoch
# it says class 1 too often.


# %%
def trained(order: str, learning_rate: float) -> tuple[float, int]:
    """Training loss after the last epoch, and how often it says class 1; rows in some order."""
    te.manual_seed(options.seed)
    model = nn.Linear(2, 2)
    optimizer = te.optim.SGD(model.parameters(), lr=learning_rate)
    rows = np.argsort(train_y, kind="stable") if order == "sorted" else np.arange(210)
    data = train_set[0][rows], train_set[1][rows]
    for _ in range(EPOCHS):
        for x, y in te.data.DataLoader(data, batch_size=32, shuffle=order == "shuffled"):
            loss = F.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with te.no_grad():
        logits = model(train_set[0])
        loss = F.cross_entropy(logits, train_set[1]).item()
    return loss, int((logits.numpy().argmax(axis=1) == 1).sum())


runs = {(a, order): trained(order, a) for a in (0.1, 2.0) for order in ("shuffled", "sorted")}
lesson.table(
    ["α", "rows", "training loss", "says class 1"],
    [(f"{a:g}", order, f"{loss:.4f}", ones) for (a, order), (loss, ones) in runs.items()],
)
print(f"rows of class 1: {train_y.sum()}")
apart = {a: runs[a, "sorted"][0] - runs[a, "shuffled"][0] for a in (0.1, 2.0)}
lesson.expect("α = 0.1: loss, sorted - shuffled", apart[0.1], above=-0.02, below=0.02)
lesson.expect("α = 2: loss, sorted - shuffled", apart[2.0], above=0.005)
more = runs[2.0, "sorted"][1] - runs[2.0, "shuffled"][1]
lesson.expect("α = 2: says class 1 more often, sorted - shuffled", more, above=0)

# %% [markdown]
# ## 6. The short last batch
#
# In the loop stands `len(x) * loss.item()`, and at the end we divide by all rows. Why not just the
# mean of the batch losses? Because the last batch is shorter. In the plain mean, each of its rows
# counts more than the others.
#
# An extreme case: 33 rows and batches of 32. The network is right for the first 32 rows, and wrong
# for the last. What is its accuracy?

# %%
lesson.heading("6. The short last batch")
accuracies, sizes = np.array([1.0, 0.0]), np.array([32, 1])
plain = accuracies.mean()
weighted = (sizes * accuracies).sum() / sizes.sum()
print(f"33 rows: mean of the batches {plain:.4f}, weighted by their rows {weighted:.4f}")
lesson.expect("mean of the batches", plain, 0.5)
lesson.expect("weighted", weighted, 32 / 33, tolerance=1e-15)

with te.no_grad():
    each = F.cross_entropy(model(train_set[0]), train_set[1], "none").numpy().astype(float)
print(f"loss of the trained network on its 210 rows: {each.mean():.6f}")
off_plain, off_weighted = [], []
for _ in range(200):  # random orders
    order = random.permutation(210)
    means = [each[order[i : i + 32]].mean() for i in range(0, 210, 32)]
    off_plain.append(abs(np.mean(means) - each.mean()))
    off_weighted.append(abs(np.average(means, weights=[32] * 6 + [18]) - each.mean()))
lesson.table(
    ["200 random orders, 7 batches", "off, on average", "off, at most"],
    [
        (name, f"{np.mean(off):.1e}", f"{max(off):.1e}")
        for name, off in (("plain mean", off_plain), ("weighted by the rows", off_weighted))
    ],
)
lesson.expect("weighted, off at most", max(off_weighted), 0, tolerance=1e-12)
lesson.expect("plain mean, off on average", np.mean(off_plain), above=1e-3)
in_order = te.data.DataLoader(train_set, batch_size=32)
evaluated = te.training.evaluate(model, F.cross_entropy, in_order)["loss"]
lesson.expect("evaluate() of the library", evaluated, each.mean(), tolerance=1e-6)

# %% [markdown]
# The listing of 000 §5.2 takes the plain mean in its validation. There the error is small, and
# nobody sees it. (Lesson 16 repairs that listing.)
#
# ## 7. The missing reset
#
# `backward()` *adds* the new gradient to what is in `p.grad`. That is useful if a parameter is used
# in two losses. But it means that somebody has to empty `p.grad` before each step. The pseudo-code
# of 002 §3.2 does not.
#
# We call `backward()` three times at the same point. The gradient is 3 times as large, although
# nothing has changed.

# %%
lesson.heading("7. The missing reset")
data = te.tensor(train_x), te.asarray(train_y)  # in float64
W = te.tensor(np.zeros((2, 2)), requires_grad=True)
first = None
rows = []
for k in range(1, 6):
    F.cross_entropy(data[0] @ W, data[1]).backward()
    g = W.grad.numpy().copy()
    first = g if first is None else first
    rows.append((k, f"{g[0, 0]:.6f}", f"{g[0, 0] / first[0, 0]:g}"))
    if k <= 3:  # from 4 on, adding one by one may round another last digit than a product
        lesson.expect(f"{k} backward passes, exactly", np.array_equal(g, k * first), True)
    else:
        apart = np.abs(g / (k * first) - 1).max()
        lesson.expect(f"{k} backward passes, relative error", apart, 0, tolerance=1e-15)
lesson.table(["backward passes", "∂L/∂W[0, 0]", "times the first"], rows)

# %% [markdown]
# And in training? Each step then uses the sum of *all* gradients since the start. This is a rule
# that you may know from lesson 7: momentum (动量), with a factor of 1:
#
# `v ← 1 · v + g`, `θ ← θ - α v`
#
# A ball that rolls without friction. It runs down into the valley, up the other side, and back. It
# never comes to rest. We train once without the reset, once with, and once by this rule in NumPy.

# %%
STEPS = 150 if options.quick else 400


def full_batch(reset: bool) -> tuple[list[float], np.ndarray]:
    """Losses and the last W of training on all rows at once, from W = 0, with α = 0.1."""
    W = te.tensor(np.zeros((2, 2)), requires_grad=True)
    optimizer = te.optim.SGD([W], lr=ALPHA)
    losses = []
    for _ in lesson.progress(range(STEPS), "with reset" if reset else "without reset"):
        loss = F.cross_entropy(data[0] @ W, data[1])
        if reset:
            optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, W.numpy()


with_reset, _ = full_batch(reset=True)
without_reset, last_W = full_batch(reset=False)

theta, v, Y = np.zeros((2, 2)), np.zeros((2, 2)), np.eye(2)[train_y]
for _ in range(STEPS):
    e = np.exp(train_x @ theta)
    P = e / e.sum(axis=1, keepdims=True)
    v = v + train_x.T @ (P - Y) / 210
    theta = theta - ALPHA * v
apart = np.abs(last_W - theta).max()
lesson.expect("W without reset - momentum with factor 1", apart, 0, tolerance=1e-9)
later = slice(STEPS // 2, None)
lesson.table(
    ["full batch, second half of the steps", "smallest loss", "largest loss"],
    [
        (name, f"{min(losses[later]):.4f}", f"{max(losses[later]):.4f}")
        for name, losses in (("with reset", with_reset), ("without reset", without_reset))
    ],
)
rises = {name: int((np.diff(losses) > 0).sum())
         for name, losses in (("with", with_reset), ("without", without_reset))}  # fmt: skip
print(f"steps that made the loss larger: {rises['with']} with reset, {rises['without']} without")
lesson.expect("with reset, steps that made it larger", rises["with"], 0)
lesson.expect("without reset, steps that made it larger", rises["without"], above=STEPS // 5)
lower = int((np.array(without_reset) < np.array(with_reset)).sum())
lesson.expect("steps at which the loss without reset is the lower one", lower, above=0)

figure, axis = lesson.figure()
axis.plot(without_reset, color=lesson.RED, label="gradients never reset")
axis.plot(with_reset, "--", color=lesson.BLUE, label="reset before each step")
axis.set(xlabel="step", ylabel="loss", title="The missing line: optimizer.zero_grad()")
axis.set(ylim=(0, 1.25 * max(without_reset)))
axis.legend(loc="upper right")
lesson.save_figure("missing_reset")

# %% [markdown]
# At times the loss without the reset is even the lower one. That makes the mistake hard to see. The
# sign of it is a loss that rises and falls again and again.
#
# ## 8. fit() is these lines
#
# The library has the loop as a function. It does nothing else than section 5, in the same order.
# From the same seed (随机种子) it gives the same numbers, to the last bit.

# %%
lesson.heading("8. fit() is these lines")
te.manual_seed(options.seed)
same_model = nn.Linear(2, 2)
fitted = te.training.fit(
    same_model,
    F.cross_entropy,
    te.optim.SGD(same_model.parameters(), lr=ALPHA),
    te.data.DataLoader(train_set, batch_size=32, shuffle=True),
    epochs=EPOCHS,
    validation=te.data.DataLoader(valid_set, batch_size=60),
    progress=False,
)
print(fitted)
lesson.expect("training losses, bit for bit", fitted["loss"] == history, True)
lesson.expect("validation losses, bit for bit", fitted["validation_loss"] == valid_losses, True)
equal_weights = all(
    np.array_equal(a.numpy(), b.numpy())
    for a, b in zip(model.parameters(), same_model.parameters(), strict=True)
)
lesson.expect("weights, bit for bit", equal_weights, True)

# %% [markdown]
# ## 9. Why the test set may be used only once
#
# The last line of the pseudo-code says: evaluate on the test set, then adjust the model. Then
# evaluate again, and so on. What is wrong with that?
#
# An experiment. The labels are tossed coins: 0 or 1 at random. Nothing can be learned. Every model
# is right in half of the cases, if you ask it often enough. The test set has 50 rows. We "try"
# 1,000 models with random weights and 100 inputs, and keep the one that is best on the test set.

# %%
lesson.heading("9. Why the test set may be used only once")
MODELS, ROWS, INPUTS = 1_000, 50, 100


def accuracies_of(models: np.ndarray, rows: int) -> np.ndarray:
    """Share of right answers of each model on new random rows with coin tosses for labels."""
    inputs = random.normal(size=(rows, INPUTS))
    coins = random.integers(0, 2, rows)
    return ((inputs @ models > 0) == coins[:, None]).mean(axis=0)  # (models,)


models = random.normal(size=(INPUTS, MODELS))
on_test = accuracies_of(models, ROWS)
chosen = models[:, [on_test.argmax()]]
on_fresh = accuracies_of(chosen, 20_000)[0]
print(f"{MODELS:,} models with {INPUTS} inputs, a test set of {ROWS} rows")
print(f"mean accuracy of all on the test set: {on_test.mean():.3f}")
print(f"the best of them on the test set: {on_test.max():.2f}")
print(f"the same model on 20,000 fresh rows: {on_fresh:.3f}")
lesson.expect("best on the test set", on_test.max(), above=0.62)
lesson.expect("the same model on fresh rows", on_fresh, 0.5, tolerance=0.02)

# %% [markdown]
# It "reaches" an accuracy far above one half, and knows nothing. It was only the luckiest. How
# lucky can one expect to be? Each model tosses 50 coins. The number of right answers has the
# binomial distribution (二项分布). The best of 1,000 stays at or below i only if all of them do, so
# that chance is the chance of one, to the power of 1,000. From that we compute the mean of the
# best: 0.725. We compare it with the mean of many repetitions.
#
# The cure: choose with the validation set, and then measure the chosen model once, on the test set.

# %%
cdf = np.cumsum([math.comb(ROWS, i) for i in range(ROWS + 1)]) / 2**ROWS
of_best = np.diff(cdf**MODELS, prepend=0.0)  # the probability that the best has i right answers
expected_best = float((of_best * np.arange(ROWS + 1)).sum() / ROWS)
repetitions = 60 if options.quick else 400
claimed, honest = [], []
for _ in lesson.progress(range(repetitions), "choosing models"):
    models = random.normal(size=(INPUTS, MODELS))
    on_validation = accuracies_of(models, ROWS)
    best_model = models[:, [on_validation.argmax()]]
    claimed.append(on_validation.max())
    honest.append(accuracies_of(best_model, ROWS)[0])
print(f"computed from the binomial distribution: {expected_best:.3f}")
lesson.table(
    [f"mean of {repetitions} repetitions", "accuracy"],
    [
        ("chosen and measured on the same 50 rows", f"{np.mean(claimed):.3f}"),
        ("chosen on 50 rows, measured on 50 others", f"{np.mean(honest):.3f}"),
    ],
)
lesson.expect("chosen and measured on the same", np.mean(claimed), expected_best, tolerance=0.02)
lesson.expect("measured on others", np.mean(honest), 0.5, tolerance=0.05)

figure, axis = lesson.figure()
edges = (np.arange(ROWS + 2) - 0.5) / ROWS
axis.hist(on_test, edges, color=lesson.SKY, edgecolor="white", label="1,000 models on the test set")
axis.axvline(
    on_test.max(), color=lesson.RED, label=f"the best on the test set: {on_test.max():.2f}"
)
axis.axvline(
    on_fresh, color="black", linestyle="--", label=f"the same on fresh rows: {on_fresh:.3f}"
)
axis.set(xlabel="accuracy", ylabel="models", title="Labels made by tossing a coin")
axis.set(xlim=(0.2, 0.8), ylim=(0, 1.45 * np.histogram(on_test, edges)[0].max()))
axis.legend(loc="upper left")
lesson.save_figure("test_set_leak")

# %% [markdown]
# Real tuning tries fewer models, and real labels can be learned. The effect is smaller then, but it
# has the same direction. 001 §5.2 makes it easy to fall in: its listing gives Keras the *test* set
# as `validation_data`. Its own §4.3.3 and §4.3.4 ask for two different sets (see lesson 13).
#
# Now our own test set, once. We chose nothing with it.

# %%
with te.no_grad():
    test_logits = model(test_set[0])
accuracy = te.metrics.accuracy(test_logits, test_set[1])
spread = math.sqrt(best * (1 - best) / 60)
print(f"test accuracy {accuracy:.3f}, best in the long run {best:.3f}")
print(f"standard deviation of the accuracy on 60 rows: {spread:.3f}")

# Measured with the seeds 0 to 4, which also generate other data.
MEASURED = [
    ("training loss, epoch 20", "0.163-0.253", "below 0.35"),
    ("test accuracy", "0.900-0.967", "above 0.78"),
]
lesson.table(["with the seeds 0 to 4", "measured", "asked"], MEASURED)
lesson.expect("training loss of the last epoch", history[-1], below=0.35)
lesson.expect("test accuracy", accuracy, above=0.78)

# %% [markdown]
# With 60 rows the accuracy is not sharp: another test set gives a number that is easily 0.034
# higher or lower. It can even be above the best possible 0.925, by luck. Say how many rows you
# measured on.
#
# ## 10. More than one number
#
# 001 §3.2.4 wants 精度 and recall (召回率), 002 §5.3 recall and F1 (F1 分数). Neither gives a
# formula. For two classes, call one of them positive (正类). Then every answer is one of four:
#
# | | called positive | called negative |
# |---|---|---|
# | **is positive** | TP, true positive (真正例) | FN, false negative (假负例) |
# | **is negative** | FP, false positive (假正例) | TN, true negative (真负例) |
#
# - accuracy (准确率) `= (TP + TN) / all`: the share of right answers;
# - precision (精确率) `= TP / (TP + FP)`: of those called positive, how many are;
# - recall (召回率) `= TP / (TP + FN)`: of the positive ones, how many were found;
# - `F1 = 2 TP / (2 TP + FP + FN)`: the harmonic mean of precision and recall.
#
# Ten samples: TP = 3, FP = 1, FN = 2, TN = 4.

# %%
lesson.heading("10. More than one number")
TP, FP, FN, TN = 3, 1, 2, 4
truth = np.array([1] * (TP + FN) + [0] * (FP + TN))
answer = np.array([1] * TP + [0] * FN + [1] * FP + [0] * TN)
matrix = te.metrics.confusion_matrix(answer, truth)
scores = te.metrics.precision_recall_f1(answer, truth)
precision, recall = TP / (TP + FP), TP / (TP + FN)
lesson.expect("confusion matrix", matrix, np.array([[TN, FP], [FN, TP]]))
lesson.compare(
    [
        ("accuracy", None, te.metrics.accuracy(answer, truth), (TP + TN) / 10),
        ("precision", None, scores.precision[1], precision),
        ("recall", None, scores.recall[1], recall),
        ("F1", None, scores.f1[1], 2 * precision * recall / (precision + recall)),
    ],
    tolerance=1e-12,
)
for name, found, wanted in (
    ("accuracy", te.metrics.accuracy(answer, truth), 0.7),
    ("precision", scores.precision[1], 0.75),
    ("recall", scores.recall[1], 0.6),
    ("F1", scores.f1[1], 2 / 3),
):
    lesson.expect(name, found, wanted, tolerance=1e-12)

# %% [markdown]
# **0/0.** A model that never says "positive" has TP = FP = 0. Its precision is 0/0. The library
# defines 0/0 as 0: who finds nothing gets no points. It gives no warning and no NaN.
#
# **More classes.** Each class in turn is the positive one. To get a single number, take the mean
# over the classes ("macro"), or add up TP, FP and FN first ("micro"). Every sample has one class,
# so the micro numbers are all the accuracy.

# %%
never = te.metrics.precision_recall_f1(np.zeros(10, int), truth)
print(never.table())
lesson.expect("never positive: precision", never.precision[1], 0)
lesson.expect("never positive: recall", never.recall[1], 0)
lesson.expect("never positive: F1", never.f1[1], 0)
nobody = te.metrics.precision_recall_f1(answer, np.zeros(10, int))
lesson.expect("nobody is positive: recall", nobody.recall[1], 0)

macro = te.metrics.precision_recall_f1(answer, truth, average="macro")
micro = te.metrics.precision_recall_f1(answer, truth, average="micro")
f1_of_0 = 2 * TN / (2 * TN + FN + FP)  # class 0 as the positive one
print(f"F1: class 1 {scores.f1[1]:.4f}, class 0 {scores.f1[0]:.4f}, ", end="")
print(f"macro {macro.f1:.4f}, micro {micro.f1:.4f}")
lesson.expect("macro F1", macro.f1, (2 / 3 + f1_of_0) / 2, tolerance=1e-12)
lesson.expect("micro F1 is the accuracy", micro.f1, 0.7, tolerance=1e-12)


def draw_matrix(axis, counts: np.ndarray, title: str, words: tuple = ("", "", "", "")) -> None:
    """A confusion matrix of two classes, right answers on blue, mistakes on orange."""
    blue, orange = (0.81, 0.90, 0.95), (0.98, 0.89, 0.70)
    axis.imshow([[blue, orange], [orange, blue]])
    for (row, column), count in np.ndenumerate(counts):
        line = f"{words[2 * row + column]}\n{count}".strip()
        axis.text(column, row, line, ha="center", va="center", fontsize=24)
    axis.set(xticks=[0, 1], yticks=[0, 1], xlabel="answer", ylabel="truth", title=title)
    axis.spines[:].set_visible(False)


figure, (left, right) = lesson.figure(1, 2, size=(13, 7.3))
draw_matrix(left, matrix, "The ten samples", ("TN", "FP", "FN", "TP"))
ours = te.metrics.confusion_matrix(test_logits, test_set[1])
draw_matrix(right, ours, f"Our test set: {ours.trace()} of {ours.sum()} right")
lesson.save_figure("confusion_matrices")
lesson.expect("right answers / all", ours.trace() / ours.sum(), accuracy, tolerance=1e-12)

# %% [markdown]
# **One Chinese word for three things.** Document 001 writes 精度 everywhere:
#
# | where | what it says | what is meant |
# |---|---|---|
# | 001 §3.2.4, §4.3.4 | 精度、召回率 | precision, since it stands beside recall; better 精确率 |
# | 001 §5.3 | 测试精度 | accuracy: the listing prints `Test accuracy`; better 准确率 |
# | 001 §9.2 | 浮点数精度 | floating-point precision: how many digits a number keeps |
#
# One sentence of §9.2 even has two of them: use lower 浮点数精度, and keep the 模型精度 of the
# model. And §4.3.4 promises precision and recall, but the listing computes only the accuracy. The
# ten samples show that it matters: accuracy 0.7, precision 0.75.
#
# ## 11. When accuracy misleads
#
# Now a rare class: of 2,000 people 100 are ill, 5 %. The points come from the same two clouds, and
# we use the network that we trained. Beside it stands a "model" that always says healthy.

# %%
lesson.heading("11. When accuracy misleads")
ill = np.repeat([1, 0], [100, 1900])
people = te.asarray(clouds(ill).astype("float32"))
with te.no_grad():
    p_ill = F.softmax(model(people)).numpy()[:, 1]
rows, curve = [], {}
for threshold in (0.1, 0.3, 0.5, 0.7, 0.9, 0.95):
    found = te.metrics.precision_recall_f1(p_ill, ill, threshold=threshold)
    numbers = te.metrics.accuracy(p_ill, ill, threshold=threshold), *(s[1] for s in found[:3])
    curve[threshold] = numbers
    rows.append((f"our network, p > {threshold:g}", *(f"{v:.3f}" for v in numbers)))
always = te.metrics.precision_recall_f1(np.zeros(2000, int), ill)
always_accuracy = te.metrics.accuracy(np.zeros(2000, int), ill)
rows.append(("always healthy", f"{always_accuracy:.3f}", *(f"{s[1]:.3f}" for s in always[:3])))
lesson.table(["model", "accuracy", "precision", "recall", "F1"], rows)
lesson.expect("always healthy: accuracy", always_accuracy, 0.95, tolerance=1e-12)
lesson.expect("always healthy: recall", always.recall[1], 0)
lesson.expect("our network, p > 0.5: accuracy is lower", curve[0.5][0], below=always_accuracy)
lesson.expect("our network, p > 0.5: recall", curve[0.5][2], above=0.75)
recalls = np.array([recall for _, _, recall, _ in curve.values()])
lesson.expect("a higher threshold never finds more", bool((np.diff(recalls) <= 0).all()), True)

hits, alarms = best * 0.05, (1 - best) * 0.95
expected_precision = hits / (hits + alarms)
print(f"precision of the best line: {best:.3f} · 5 % / ({best:.3f} · 5 % + {1 - best:.3f} · 95 %)")
print(f"  = {expected_precision:.3f}")
lesson.expect("precision, p > 0.5", curve[0.5][1], expected_precision, tolerance=0.12)

# %% [markdown]
# The useless model has a higher accuracy than our network at the usual threshold of 0.5. Our
# network finds most of the ill, but more than half of its alarms are false. That is no mistake of
# the network: even the best line is right for 0.925 of all people, and there are 19 times as many
# healthy ones. We trained it on clouds of equal size.
#
# The threshold (阈值) decides between the two errors. A low one finds more ill people (recall), a
# high one raises fewer false alarms (precision). Which is better depends on what an error costs,
# and no formula knows that.

# %%
thresholds = np.linspace(0.01, 0.99, 99)
lines = {"accuracy": [], "precision": [], "recall": [], "F1": []}
for threshold in thresholds:
    found = te.metrics.precision_recall_f1(p_ill, ill, threshold=threshold)
    values = te.metrics.accuracy(p_ill, ill, threshold=threshold), *(s[1] for s in found[:3])
    for name, value in zip(lines, values, strict=True):
        lines[name].append(value)
figure, axis = lesson.figure(size=(12, 6.5))
for (name, values), style in zip(lines.items(), (":", "-", "--", "-."), strict=True):
    axis.plot(thresholds, values, style, label=name)
axis.axhline(0.95, color="black", linewidth=1.5, label="always healthy:\naccuracy")
axis.set(xlabel="threshold: called ill if p is above it", ylabel="share", ylim=(0, 1.05))
axis.set_title("A rare class: 100 of 2,000")
axis.legend(loc="center left", bbox_to_anchor=(1, 0.5))
lesson.save_figure("threshold")

# %% [markdown]
# ## Exercises
#
# `tinygrad-edu start 8` puts a file with four unfinished functions into your folder. Fill them in.
# `tinygrad-edu check 8` tells you which are right.
#
# 1. `split_into_batches(order, size)`: each row once, the last batch what is left.
# 2. `weighted_mean(means, sizes)`: the mean over all rows, from the means of the batches.
# 3. `precision_recall_f1(answer, truth)`: by counting, with 0/0 = 0.
# 4. `train(x, y, W, b, learning_rate, batch_size)`: the loop itself, by hand, and the loss that it
#    reports. For a wrong one the check says what kind of mistake it looks like.
#
# After that, copy this lesson to `mine.py`, change it, and run `python mine.py`.
#
# 1. Section 5: train for 200 epochs. Does the validation loss rise again? Why not, with 6
#    parameters?
# 2. Section 5: take batches of 1 row, then of 210. Compare the curves by batch.
# 3. Section 9: try 10 models. How good is the best? Then take a test set of ten times as many rows.
# 4. Section 11: train on 5 % of class 1. What happens to recall at the threshold 0.5?

# %% [markdown]
# ## Where this lives in the library
#
# All paths are inside `tinygrad_edu/`.
#
# | here | in the library |
# |---|---|
# | the loop, and the rows that weigh the batches | `training.py` |
# | batches, in a new order each epoch | `data/loader.py` |
# | rows set apart | `data/split.py` |
# | `zero_grad()`, and the step | `optim/optimizer.py`, `optim/sgd.py` |
# | gradients that add up | `autograd.py` |
# | accuracy, confusion matrix, precision, recall, F1 | `metrics.py` |

# %%
lesson.finish()

# %% [markdown]
# # Lesson 9. A table and two classes
#
# **What you will learn.** You take a table (表格数据) from a file and train a classifier (分类器)
# on it. You find the holes in the file and clean it, set test rows apart, bring the columns to one
# scale, train and test. You see why the scale decides: without scaling, about half of the neurons
# of the first layer are dead before the first step. Then you do the same with real medical data,
# where one mistake is worse than the other.
#
# **Time.** About 75 minutes with the exercises. The program itself needs some seconds.
#
# **Document.** 002 §5.2 and §5.3, with a formula from §3.3.
#
# **Before this lesson.** Losses (lesson 3), optimizers (lesson 7), training loop and metrics
# (lesson 8).

# %%
import statistics
from pathlib import Path

import numpy as np

import tinygrad_edu as te
import tinygrad_edu.nn.functional as F
from tinygrad_edu import lesson, nn

# Small matrices: a second thread would only wait for the first.
options = lesson.start(9, "A table and two classes", minutes=75, threads=1)

# %% [markdown]
# ## 1. What the document does
#
# This is the listing of 002 §5.2, without its comments:
#
# ```python
# data = pd.read_csv('data.csv')
# X = data.iloc[:, :-1]
# y = data.iloc[:, -1]
# X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=42)
# scaler = StandardScaler()
# X_train = scaler.fit_transform(X_train)
# X_test = scaler.transform(X_test)
#
# model = Sequential([
#     Dense(64, activation='relu', input_shape=(X_train.shape[1],)),
#     Dense(32, activation='relu'),
#     Dense(1, activation='sigmoid')
# ])
# model.compile(optimizer='adam', loss='binary_crossentropy', metrics=['accuracy'])
# model.fit(X_train, y_train, epochs=10, batch_size=32, validation_split=0.1)
# ```
#
# The order of its steps is right: split first, then scale. But its file does not exist, nothing is
# cleaned (数据清洗), the test set is never used, and no result is printed. The text about it, §5.3,
# makes two claims that are wrong. We go through it step by step.

# %% [markdown]
# ## 2. The file that is not there
#
# The document says of `data.csv`: 100 samples (样本), two features (特征) and a label (标签). It
# does not give the file. So the listing ends at its first step. With our reader in place of pandas:

# %%
lesson.heading("2. The file that is not there")
lesson.expect_error(
    "the listing's first step",
    FileNotFoundError,
    lambda: te.data.read_csv(Path("no_such_folder", "data.csv")),
    says="is not a file",
)

# %% [markdown]
# The library has a file that fits the description. We made it ourselves, so nothing in it was
# measured: two groups of random points that overlap. The first feature is around 50, the second
# around 3, as features of a real table have different units (单位).
#
# It has defects too, because the files of the world have them.

# %%
table = te.data.two_groups()
print(table.report())
lesson.table(
    ["line in the file", *table.feature_names, "label"],
    [
        (line, *map(str, row), label)
        for line, row, label in zip(table.lines[:4], table.features, table.labels, strict=False)
    ],
)
lesson.expect("rows in the file", len(table.features), 109)

# %% [markdown]
# ## 3. Cleaning
#
# **Missing values** (缺失值). An empty cell, or one with `NA` or `nan` in it, is read as NaN, "not
# a number". Which rows have one?

# %%
lesson.heading("3. Cleaning")
has_hole = np.isnan(table.features).any(axis=1) | np.isnan(table.labels)
lesson.table(
    ["line in the file", "x1", "x2", "label"],
    [
        (line, *map(str, row), str(label))
        for line, row, label in zip(
            table.lines[has_hole], table.features[has_hole], table.labels[has_hole], strict=True
        )
    ],
)
lesson.expect("rows with a missing value", has_hole.sum(), 5)

# %% [markdown]
# Why not leave them? Because NaN is catching. A sum with one NaN in it is NaN, and so are the mean,
# the loss, the gradients and the weights. We try it with a network of the listing's sizes (section
# 6) and 32 rows with a single hole:


# %%
def make_network(features: int) -> nn.Sequential:
    """features → 64, ReLU → 32, ReLU → 1 logit: the network of 002 §5.2 without its sigmoid."""
    return nn.Sequential(
        nn.Linear(features, 64),  # (N, features) → (N, 64)
        nn.ReLU(),
        nn.Linear(64, 32),  # → (N, 32)
        nn.ReLU(),
        nn.Linear(32, 1),  # → (N, 1)
    )


def as_input(rows: np.ndarray) -> te.Tensor:
    """Rows of numbers as float32, on the device of this run."""
    return te.asarray(rows.astype("float32"))


def as_target(labels: np.ndarray) -> te.Tensor:
    """Labels (N,) as a column (N, 1), the shape of the network's output."""
    return te.asarray(labels.astype("float32")[:, None])  # (N, 1)


whole = np.flatnonzero(~has_hole)[:31]
one_hole = np.append(whole, np.flatnonzero(has_hole)[0])  # 31 whole rows, one with a hole
network = make_network(2)
optimizer = te.optim.Adam(network.parameters(), lr=0.001)
loss = F.binary_cross_entropy_with_logits(
    network(as_input(table.features[one_hole])), as_target(table.labels[one_hole])
)
loss.backward()
optimizer.step()
poisoned = sum(np.isnan(p.numpy()).sum() for p in network.parameters())
print(f"31 whole rows and 1 with a hole: loss {loss.item()}")
print(f"after one step {poisoned:,} of the 2,305 parameters are NaN")
with te.no_grad():
    answers = network(as_input(table.features[whole])).numpy()
lesson.expect("parameters that are NaN", poisoned, above=2000)
lesson.expect("answers for the whole rows that are NaN", np.isnan(answers).sum(), 31)

# %% [markdown]
# One hole destroys the whole network, and no error is raised. The listing would train ten epochs of
# NaN. (scikit-learn's scaler keeps NaN on purpose; the one of this library refuses it.)
#
# So we drop (删除) these rows. With few rows you could also fill a hole, for example with the
# column's mean over the *training* rows. A row without a label is of no use for training.

# %%
lesson.expect_error(
    "scaling a table with holes", ValueError,
    lambda: te.data.StandardScaler().fit(table.features), says="NaN",
)  # fmt: skip
whole_features, whole_labels = table.features[~has_hole], table.labels[~has_hole]
whole_lines = table.lines[~has_hole]
lesson.expect("rows without a hole", len(whole_features), 104)

# %% [markdown]
# **Repeated rows** (重复行). If a row is there twice, one copy may come into the training set and
# the other into the test set. Then the network is tested with something it has seen. We keep the
# first of each.

# %%
first_line, repeats = {}, []
for line, row, label in zip(whole_lines.tolist(), whole_features, whole_labels, strict=True):
    key = (*row.tolist(), label)
    if key in first_line:
        repeats.append((line, first_line[key], *map(str, row)))
    first_line.setdefault(key, line)
lesson.table(["line", "is the same as line", "x1", "x2"], repeats)
is_repeat = np.isin(whole_lines, [line for line, *_ in repeats])
features = whole_features[~is_repeat]
labels = whole_labels[~is_repeat].astype(int)
lesson.expect("repeated rows", len(repeats), 4)
lesson.expect("rows after cleaning", len(features), 100)
lesson.expect("rows of label 0 and of label 1", np.bincount(labels), [50, 50])

clean = table.clean()  # the library does the same in one call
same = np.array_equal(clean.features, features) and np.array_equal(clean.labels, labels)
lesson.expect("clean() keeps the same rows", same, True)

# %% [markdown]
# In a real table, think before you drop repeats: two people can truly have the same age and height.
# With several decimals in each cell, as here, it is a copy.
#
# ## 4. Training rows and test rows
#
# As the listing does, we set 20 % of the rows apart for the test, with a fixed seed (随机种子).
# Then nobody touches them until section 10. The split does not look at the labels, so the classes
# need not be equal in it.

# %%
lesson.heading("4. Training rows and test rows")
rest_x, test_x, rest_y, test_y = te.data.train_test_split(features, labels, test_size=0.2, seed=42)
lesson.table(
    ["part", "rows", "label 0", "label 1"],
    [
        (name, len(y), *np.bincount(y))
        for name, y in (("training and validation", rest_y), ("test", test_y))
    ],
)
lesson.expect("rows", (len(rest_x), len(test_x)), (80, 20))

# %% [markdown]
# ## 5. Scaling
#
# Standard scaling (标准化) takes from each column its mean (均值) μ, and divides by its standard
# deviation (标准差) s, both of the training rows:
#
# `z = (x - μ) / s`, `μ = 1/n Σ x`, `s = √(1/n Σ (x - μ)²)`
#
# Afterwards each column has the mean 0 and the standard deviation 1.

# %%
lesson.heading("5. Scaling")
mean, deviation = rest_x.mean(axis=0), rest_x.std(axis=0)
rest_z = (rest_x - mean) / deviation
test_z = (test_x - mean) / deviation

scaler = te.data.StandardScaler()
difference = np.abs(scaler.fit_transform(rest_x) - rest_z).max()
lesson.expect("fit_transform() of the training rows, difference", difference, 0, 1e-12)
difference = np.abs(scaler.transform(test_x) - test_z).max()
lesson.expect("transform() of the test rows, difference", difference, 0, 1e-12)
lesson.expect("mean of the scaled training rows", rest_z.mean(axis=0), [0, 0], 1e-12)
lesson.expect("their standard deviation", rest_z.std(axis=0), [1, 1], 1e-12)
summaries = ("smallest", np.min), ("mean", np.mean), ("largest", np.max), ("deviation", np.std)
both = np.hstack([rest_x, rest_z])  # (80, 4)
lesson.table(
    ["", "x1", "x2", "z1", "z2"],
    [
        (name, *(f"{value:.3f}" for value in summary(both, axis=0).round(9) + 0.0))
        for name, summary in summaries
    ],
)

# %% [markdown]
# **What the document says is wrong.** §5.3: the scaler brings the data to the range [-1, 1]. Look
# at the table. A z of 3 only means: three standard deviations from the mean. There is no limit. If
# all z were within [-1, 1] and had the standard deviation 1, each would have to be exactly 1 or -1.

# %%
outside = np.abs(rest_z) > 1
print(f"{outside.sum()} of the {outside.size} scaled numbers are outside [-1, 1]")
in_plain_python = [
    (x - statistics.fmean(column)) / statistics.pstdev(column)
    for column in rest_x.T.tolist() for x in column
]  # fmt: skip
wrong = lesson.compare(
    [
        ("smallest z", "-1", rest_z.min(), min(in_plain_python)),
        ("largest z", "1", rest_z.max(), max(in_plain_python)),
    ]
)
lesson.expect("wrong in the document", wrong, ["smallest z", "largest z"])
lesson.expect("share outside [-1, 1]", outside.mean(), above=0.2)

# %% [markdown]
# Another rule does give [-1, 1]: min-max scaling (最小-最大缩放), `2 (x - min) / (max - min) - 1`.
# But only on the training rows: a test row may be smaller than the smallest of them. And one
# outlier (离群值) presses all others together. Dividing pixels by 255, in lessons 10 and 13, is
# min-max scaling too. There the smallest and the largest value are known beforehand. For a table
# they are not.

# %%
low, high = rest_x.min(axis=0), rest_x.max(axis=0)
by_range = 2 * (rest_x - low) / (high - low) - 1
lesson.expect("smallest after min-max scaling", by_range.min(axis=0), [-1, -1], 1e-12)
lesson.expect("largest after min-max scaling", by_range.max(axis=0), [1, 1], 1e-12)
print("white is 0 and ink is 255: 0 / 255 = 0 and 255 / 255 = 1")

# %%
figure, (left, right) = lesson.figure(1, 2, size=(15, 7))
for axis, rows in ((left, rest_x), (right, rest_z)):
    for k, color, marker in ((0, lesson.BLUE, "o"), (1, lesson.ORANGE, "^")):
        one = rows[rest_y == k]
        axis.plot(one[:, 0], one[:, 1], marker, color=color, alpha=0.8, label=f"label {k}")
left.set(xlim=(0, 90), ylim=(-42, 48), xlabel="x1", ylabel="x2", title="As it is in the file")
right.plot([-1, 1, 1, -1, -1], [-1, -1, 1, 1, -1], "k--", linewidth=2, label="[-1, 1]")
right.set(xlim=(-3.6, 3.6), ylim=(-3.6, 3.6), xlabel="z1", ylabel="z2", title="Scaled")
for axis in (left, right):
    axis.set_aspect("equal")
    axis.legend(loc="upper left")
lesson.save_figure("scaling")

# %% [markdown]
# On the left both axes have the same unit, as the network sees it: only x1 seems to exist. On the
# right both features count.
#
# **Why only the training rows?** The test rows stand for data of the future, which we do not have.
# If μ and s are taken from all rows, the test rows have helped to prepare the training. This is
# called a leak (数据泄漏). How large is it here?

# %%
leaky = te.data.StandardScaler().fit(features)  # of all 100 rows: wrong
lesson.table(
    ["column", "μ, training", "μ, all rows", "s, training", "s, all rows"],
    [
        (name, *(f"{value:.4f}" for value in numbers))
        for name, *numbers in zip(
            table.feature_names, scaler.mean_, leaky.mean_, scaler.scale_, leaky.scale_,
            strict=True,
        )
    ],
)  # fmt: skip
moved = np.abs(leaky.transform(rest_x) - rest_z).max()
lesson.expect("largest change of a training z by the leak", moved, above=0.01, below=0.5)
print("mean of the scaled test rows", np.round(test_z.mean(axis=0), 3))
lesson.expect("it is not 0, and need not be", np.abs(test_z.mean(axis=0)).max(), above=0.01)

# %% [markdown]
# The leak is small here. With other preparations it is not: whoever chooses the best features with
# all labels can get a good test result from pure noise. So make it a habit. Split, then fit.
#
# ## 6. The network
#
# A dense layer with n inputs and m neurons has n · m + m parameters (参数). We compare the formula
# with the library's own count.

# %%
lesson.heading("6. The network")
te.manual_seed(options.seed)
model = make_network(2)
print(nn.summary(model, (2,)))


def count(network: nn.Module) -> int:
    """The number of its weights and biases."""
    return sum(p.size for p in network.parameters())


counts = [count(layer) for layer in model]
lesson.compare(
    [
        ("Dense 64: 2 · 64 + 64", None, 2 * 64 + 64, counts[0]),
        ("Dense 32: 64 · 32 + 32", None, 64 * 32 + 32, counts[2]),
        ("Dense 1: 32 · 1 + 1", None, 32 * 1 + 1, counts[4]),
        ("parameters of the network", None, 3 * 64 + 65 * 32 + 33, sum(counts)),
    ]
)
lesson.expect("parameters", sum(counts), 2305)

# %% [markdown]
# There are 2,305 parameters for 80 rows. The document says that this can overfit (过拟合), and that
# is right: lesson 14.
#
# ## 7. The loss, in two ways
#
# The listing ends the network with a sigmoid, `o = σ(z)`, the probability of label 1. Then it takes
# the binary cross-entropy (二元交叉熵), which document 002 §3.3 writes, for one sample, as
#
# `-y log(o) - (1 - y) log(1 - o)`
#
# **That is right**, for each sample. The loss is the mean over the samples, which the formula
# leaves out. And it needs 0 < o < 1. The other way is to leave the sigmoid out of the network and
# compute the same from the logit z:
#
# `max(z, 0) - z y + log(1 + exp(-|z|))`
#
# Our network ends with z. We compare both ways on the training rows.

# %%
lesson.heading("7. The loss, in two ways")
x, y = as_input(rest_z), as_target(rest_y)
with_sigmoid = nn.Sequential(*model, nn.Sigmoid())  # the same weights, and σ at the end
losses = {
    "from probabilities": F.binary_cross_entropy(with_sigmoid(x), y),
    "from logits": F.binary_cross_entropy_with_logits(model(x), y),
}
o = with_sigmoid(x).numpy()[:, 0]
by_formula = np.mean(-rest_y * np.log(o) - (1 - rest_y) * np.log(1 - o))
for name, loss in losses.items():
    lesson.expect(f"loss {name}, against the formula", loss.item(), by_formula, 1e-6)
gradients = [te.grad(loss, list(model.parameters())) for loss in losses.values()]
differences = [
    np.abs(a.numpy() - b.numpy()).max() for a, b in zip(*gradients, strict=True)
]  # of each weight and bias
lesson.expect("largest difference of a gradient", max(differences), 0, 1e-6)

# %% [markdown]
# A column is not a row. The output has the shape (N, 1), and the labels have (N,). NumPy would pair
# each output with *each* label. The library stops:

# %%
lesson.expect_error(
    "labels (N,) for an output (N, 1)", ValueError,
    lambda: F.binary_cross_entropy_with_logits(model(x), te.asarray(rest_y.astype("float32"))),
    says="shape",
)  # fmt: skip

# %% [markdown]
# Which way is safer? Ask both about an answer that is sure and wrong: z large, y = 0. The true loss
# is almost z, and its gradient `σ(z) - y` almost 1. In float32, σ(z) becomes exactly 1 at z = 17.
# The formula then gives infinity, because log(0) is minus infinity. This library keeps o a little
# away from 0 and 1, as Keras does, so the loss stays finite. But the gradient becomes 0: where the
# network is most wrong, it learns nothing.

# %%
rows = []
for z_value in (1.0, 5.0, 17.0, 40.0):
    z = te.tensor([[z_value]], requires_grad=True)
    p, y = te.sigmoid(z), te.zeros((1, 1))
    with np.errstate(divide="ignore"):
        literal = -np.log(1 - p.numpy()[0, 0])
    loss_o, loss_z = F.binary_cross_entropy(p, y), F.binary_cross_entropy_with_logits(z, y)
    slope_o, slope_z = (te.grad(loss, [z])[0].item() for loss in (loss_o, loss_z))
    rows.append((z_value, literal, loss_o.item(), loss_z.item(), slope_o, slope_z))
lesson.table(
    ["z", "formula", "loss from o", "loss from z", "gradient from o", "from z"],
    [(f"{row[0]:g}", *(f"{value:.4f}" for value in row[1:])) for row in rows],
)
z_value, literal, loss_o, loss_z, slope_o, slope_z = rows[-1]
lesson.expect("formula at z = 40", literal, np.inf)
lesson.expect("loss from the logit at z = 40", loss_z, 40.0, 1e-6)
lesson.expect("gradient from the probability at z = 40", slope_o, 0.0)
lesson.expect("gradient from the logit at z = 40", slope_z, 1.0, 1e-6)

# %% [markdown]
# **Verdict:** the listing's sigmoid is not wrong. The logit is safer, and we use it. A logit above
# 0 is a probability above one half, so the answer is label 1 where z > 0.
#
# ## 8. Training
#
# `validation_split=0.1` takes the *last* tenth of the training rows before it shuffles, as a
# validation set (验证集). Of 80 rows, 72 are left to train with, and 8 validate. With batches of
# 32, an epoch has 3 updates.

# %%
lesson.heading("8. Training")
train_rows, validation_rows = slice(0, 72), slice(72, 80)
epochs = 10
updates = epochs * len(range(0, 72, 32))
parts = len(rest_y[train_rows]), len(rest_y[validation_rows]), len(test_y)
lesson.expect("validation rows", parts[1], round(len(rest_y) * 0.1))
lesson.expect("rows to train, to validate, to test", parts, (72, 8, 20))
lesson.expect("updates in 10 epochs", updates, 30)
print(f"one validation row is {1 / 8:.1%} of the validation accuracy")

# %% [markdown]
# With 8 rows the validation accuracy moves in steps of 12.5 %. It can hardly guide anybody.
#
# Here is the loop of lesson 8, written out. It is a function, because we train several networks. It
# keeps the loss of each epoch (the mean over its rows, while the network changes) and of the
# validation rows (after the epoch).


# %%
def evaluate(network: nn.Module, rows: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Loss and accuracy of a network; nothing is learned."""
    with te.no_grad():
        logits = network(as_input(rows))
        loss = F.binary_cross_entropy_with_logits(logits, as_target(labels)).item()
    return loss, te.metrics.accuracy(logits, as_target(labels), threshold=0.0)


def train(network, rows, labels, epochs, lr=0.001, validation=None):
    """Train with Adam in batches of 32; gives (training loss, validation loss) of each epoch.

    epochs is what is gone through once an epoch: range(10), or a progress bar around it.
    """
    optimizer = te.optim.Adam(network.parameters(), lr=lr)
    data = as_input(rows), as_target(labels)
    batches = te.data.DataLoader(data, batch_size=32, shuffle=True)
    history = []
    for _ in epochs:
        total = 0.0
        for x, y in batches:
            loss = F.binary_cross_entropy_with_logits(network(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(x)
        after = evaluate(network, *validation)[0] if validation else None
        history.append((total / len(rows), after))
    return history


# %% [markdown]
# We train the same network twice: with scaled rows, and with the rows as they are in the file. Both
# start from the same weights and see the rows in the same order.

# %%
networks, histories, starts = {}, {}, {}
for name, rows in (("scaled", rest_z), ("unscaled", rest_x)):
    te.manual_seed(options.seed)
    networks[name] = make_network(2)
    starts[name] = [p.numpy().copy() for p in networks[name].parameters()]
    histories[name] = train(
        networks[name], rows[train_rows], rest_y[train_rows],
        epochs=lesson.progress(range(epochs), name),
        validation=(rows[validation_rows], rest_y[validation_rows]),
    )  # fmt: skip
lesson.expect(
    "both start from the same weights",
    all(np.array_equal(a, b) for a, b in zip(*starts.values(), strict=True)),
    True,
)
lesson.table(
    ["epoch", "scaled: training", "validation", "unscaled: training", "validation"],
    [
        (epoch, *(f"{value:.3f}" for value in (*scaled, *unscaled)))
        for epoch, (scaled, unscaled) in enumerate(zip(*histories.values(), strict=True), 1)
    ],
)

# %% [markdown]
# Random numbers decide the starting weights and the order of the rows, so one run says little. We
# ran this lesson with ten seeds. The table shows what came out, and what the lesson asks for. The
# document prints nothing to compare with.

# %%
MEASURED = {  # with the seeds 0 to 9: lowest, highest; what is asked: above, below
    "scaled: training loss of epoch 10": (0.374, 0.543, 0.2, 0.65),
    "unscaled: training loss of epoch 10": (0.640, 1.662, 0.5, 5.0),
    "scaled: test accuracy": (0.850, 0.950, 0.79, 1.01),
    "unscaled: test accuracy": (0.450, 0.600, 0.3, 0.9),
    "scaled: mean test accuracy of 20 splits": (0.883, 0.903, 0.85, 0.95),
    "unscaled: mean test accuracy of 20 splits": (0.505, 0.565, 0.4, 0.7),
    "scaled: training loss of epoch 200": (0.171, 0.195, 0.12, 0.25),
    "unscaled: training loss of epoch 200": (0.430, 0.513, 0.3, 0.65),
}
lesson.table(
    ["", "lowest", "highest", "above", "below"],
    [(name, *(f"{value:.3f}" for value in values)) for name, values in MEASURED.items()],
)


def expect_measured(name: str, value: float) -> None:
    """Check that a value is about where it was with ten seeds."""
    _, _, least, most = MEASURED[name]
    lesson.expect(name, value, above=least, below=most)


for name, history in histories.items():
    expect_measured(f"{name}: training loss of epoch 10", history[-1][0])
first, last = histories["scaled"][0][0], histories["scaled"][-1][0]
lesson.expect("scaled: loss of the last epoch, under the first", last, below=first)
print(f"ln 2 = {np.log(2):.3f}")

# %% [markdown]
# A network that always says "one half" has the loss ln 2 = 0.693. The unscaled network starts above
# it, because an x1 around 50 makes large logits. After 30 updates it has at best come down to about
# that: it knows next to nothing. Scaling speeds up the convergence (收敛), says the document, and
# **that is right**.
#
# ## 9. Dead neurons
#
# Why is it so much worse? Look at the 64 neurons of the first layer at the start, before any
# update. Each gives `ReLU(w1 x1 + w2 x2 + b)`. On which of the 80 rows is it active (激活)?


# %%
def activity(weight: np.ndarray, bias: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The share of rows on which each neuron of the first layer is active."""
    return (rows @ weight + bias > 0).mean(axis=0)


lesson.heading("9. Dead neurons")
shares = {
    "scaled": activity(*starts["scaled"][:2], rest_z),
    "unscaled": activity(*starts["unscaled"][:2], rest_x),
}
lesson.table(
    ["neurons of the first layer", "never active", "on some rows", "on all rows"],
    [
        (name, (share == 0).sum(), ((share > 0) & (share < 1)).sum(), (share == 1).sum())
        for name, share in shares.items()
    ],
)
dead = np.flatnonzero(shares["unscaled"] == 0)
lesson.expect("scaled: neurons that are never active", (shares["scaled"] == 0).sum(), 0)
lesson.expect("unscaled: neurons that are never active", len(dead), above=15)

# %% [markdown]
# All x1 are positive and large, so the sign of w1 decides almost alone: nearly every neuron is
# active on all rows or on none. It bends where no rows are. With scaled rows the mean of
# `w1 z1 + w2 z2` is 0 at the start (the biases are 0), so each neuron is active on some rows and
# not on others.
#
# A neuron that is never active is **dead** (神经元死亡). It gives 0. The slope of ReLU there is 0,
# so the gradient of its weights is exactly 0, and no update changes them. The rows do not change
# either. So it stays dead for ever.

# %%
te.manual_seed(options.seed)
network = make_network(2)
F.binary_cross_entropy_with_logits(network(as_input(rest_x)), as_target(rest_y)).backward()
first_gradient = network[0].weight.grad.numpy()  # (2, 64)
at_start, at_end = starts["unscaled"][0], networks["unscaled"][0].weight.numpy()
alive = int(np.argmax(shares["unscaled"]))
lesson.table(
    ["neuron", "w1", "w2", "largest z", "∂L/∂w1", "change of w1 in 30 updates"],
    [
        (
            f"{name} ({k})", *(f"{w:.4f}" for w in at_start[:, k]),
            f"{(rest_x @ at_start[:, k]).max():.2f}",
            *(f"{v:.6f}" for v in (first_gradient[0, k], at_end[0, k] - at_start[0, k])),
        )
        for name, k in (("dead", dead[0]), ("alive", alive))
    ],
)  # fmt: skip
lesson.expect("largest gradient of a dead neuron", np.abs(first_gradient[:, dead]).max(), 0.0)
moved = np.abs(at_end - at_start)[:, dead].max()
lesson.expect("largest change of a dead neuron in 30 updates", moved, 0.0)
lesson.expect("gradient of the living one", abs(first_gradient[0, alive]), above=0.001)

# %% [markdown]
# §5.3 says that ReLU does well at preventing dead neurons. **That is wrong.** ReLU is the
# activation that dies, because it is flat on one whole side. The sigmoid and tanh are nearly
# flat far out, but have some slope everywhere. What ReLU does help against is another thing,
# vanishing gradients (梯度消失), because its slope on the other side is 1. Against dead neurons
# helps what we did here, scaling; or an activation with a small slope on the left, such as leaky
# ReLU.
#
# §5.3 also says that Adam is gradient descent with momentum. That leaves out its division by the
# size of the gradients: lesson 7.
#
# The picture shows where each of the 64 neurons bends, the line on which its z is 0. Without
# scaling all lines go through the point (0, 0), far from the rows.

# %%
figure, (left, right) = lesson.figure(1, 2, size=(15, 7))
for axis, rows, weight in (
    (left, rest_x, starts["unscaled"][0]), (right, rest_z, starts["scaled"][0]),
):  # fmt: skip
    for w1, w2 in weight.T:
        axis.axline((0, 0), (w2, -w1), color="0.6", linewidth=1, zorder=0)
    for k, color, marker in ((0, lesson.BLUE, "o"), (1, lesson.ORANGE, "^")):
        axis.plot(*rows[rest_y == k].T, marker, color=color, alpha=0.8, label=f"label {k}")
left.set(xlim=(-10, 90), ylim=(-1, 4), xlabel="x1", ylabel="x2", title="Unscaled")
right.set(xlim=(-3.6, 3.6), ylim=(-3.6, 3.6), xlabel="z1", ylabel="z2", title="Scaled")
figure.suptitle("Where the 64 neurons of the first layer bend, before training")
left.legend(loc="lower right")
lesson.save_figure("where_neurons_bend")

# %% [markdown]
# ## 10. The test
#
# §5.3 names accuracy (准确率), recall (召回率) and F1, and the listing computes none of them on the
# test set. Label 1 is the positive class (正类). We count, and compute (lesson 8):
#
# - precision (精确率): `TP / (TP + FP)`. Of the rows called 1, how many are?
# - recall: `TP / (TP + FN)`. Of the rows that are 1, how many were found?
# - F1: `2 TP / (2 TP + FP + FN)`
#
# A network that never says 1 has TP + FP = 0. We take 0/0 as 0.

# %%
lesson.heading("10. The test")
scores = {}
for name, rows in (("scaled", test_z), ("unscaled", test_x)):
    with te.no_grad():
        said = networks[name](as_input(rows)).numpy()[:, 0] > 0
    TP, FP = int((said & (test_y == 1)).sum()), int((said & (test_y == 0)).sum())
    FN, TN = int((~said & (test_y == 1)).sum()), int((~said & (test_y == 0)).sum())
    accuracy = (TP + TN) / len(test_y)
    precision, recall = TP / max(TP + FP, 1), TP / max(TP + FN, 1)  # 0/0 is taken as 0
    f1 = 2 * TP / max(2 * TP + FP + FN, 1)
    scores[name] = [TP, FP, FN, TN, accuracy, precision, recall, f1]
    library = te.metrics.precision_recall_f1(said.astype(int), test_y)
    for metric, by_hand, values in zip(
        ("precision", "recall", "F1"), (precision, recall, f1), library, strict=False
    ):
        lesson.expect(f"{name}: {metric}, against the library's", by_hand, values[1], 1e-12)
lesson.table(
    ["network", "TP", "FP", "FN", "TN", "accuracy", "precision", "recall", "F1"],
    [
        (name, *numbers[:4], *(f"{value:.3f}" for value in numbers[4:]))
        for name, numbers in scores.items()
    ],
)
test_accuracy = scores["scaled"][4]
_, as_evaluated = evaluate(networks["scaled"], test_z, test_y)
lesson.expect("accuracy, against evaluate()", test_accuracy, as_evaluated, 1e-12)
for name, numbers in scores.items():
    expect_measured(f"{name}: test accuracy", numbers[4])

# %% [markdown]
# With 20 test rows the accuracy moves in steps of 5 %. How much does it depend on which 20 rows are
# the test? We split, scale and train anew, with 20 other seeds for the split.

# %%
results = {"scaled": [], "unscaled": []}
for seed in lesson.progress(range(20), "20 splits"):
    a, b, a_labels, b_labels = te.data.train_test_split(
        features, labels, test_size=0.2, seed=seed
    )  # fmt: skip
    scaler = te.data.StandardScaler().fit(a)
    for name, rows, others in (
        ("scaled", scaler.transform(a), scaler.transform(b)), ("unscaled", a, b),
    ):  # fmt: skip
        network = make_network(2)
        train(network, rows[train_rows], a_labels[train_rows], range(epochs))
        results[name].append(evaluate(network, others, b_labels)[1])
lesson.table(
    ["test accuracy of 20 splits", "lowest", "mean", "highest", "standard deviation"],
    [
        (name, *(f"{f(values):.3f}" for f in (np.min, np.mean, np.max, np.std)))
        for name, values in results.items()
    ],
)
for name, values in results.items():
    expect_measured(f"{name}: mean test accuracy of 20 splits", np.mean(values))
lesson.expect("scaled: highest minus lowest", np.ptp(results["scaled"]), above=0.09)

# %% [markdown]
# So do not believe a single test of 20 rows. The mean says much more, and scaled rows win clearly.
#
# ## 11. What 30 updates leave undone
#
# Ten epochs are very few here. What happens with 200, which are 600 updates? We go on with the same
# start. And because we made the data, we know the best rule of all, the probability of label 1
# that the two groups have by their formula. It cannot be beaten in the long run.

# %%
lesson.heading("11. What 30 updates leave undone")
long = {}
for name, rows in (("scaled", rest_z), ("unscaled", rest_x)):
    te.manual_seed(options.seed)
    network = make_network(2)
    history = train(
        network, rows[train_rows], rest_y[train_rows],
        epochs=lesson.progress(range(200), f"{name}, 200 epochs"),
        validation=(rows[validation_rows], rest_y[validation_rows]),
    )  # fmt: skip
    long[name] = network, history
    difference = np.abs(np.subtract(history[:10], histories[name])).max()
    lesson.expect(f"{name}: epochs 1 to 10 as in section 8, difference", difference, 0, 1e-6)

best_logit = 2 * ((test_x - (50, 3)) / (10, 0.1)) @ (1.2, 0.8)  # ln p(1)/p(0) of the two groups
best_loss = np.mean(np.logaddexp(0, best_logit) - best_logit * test_y)
rows = [
    (name, length, 3 * length, history[length - 1][0], *evaluate(network, test, test_y))
    for name, test in (("unscaled", test_x), ("scaled", test_z))
    for length, network, history in ((10, networks[name], histories[name]), (200, *long[name]))
]
rows.append(("best rule", "-", "-", np.nan, best_loss, np.mean((best_logit > 0) == test_y)))
lesson.table(
    ["network", "epochs", "updates", "training loss", "test loss", "test accuracy"],
    [(*row[:3], *(f"{value:.3f}".replace("nan", "-") for value in row[3:])) for row in rows],
)
for name, (_, history) in long.items():
    expect_measured(f"{name}: training loss of epoch 200", history[-1][0])

# %% [markdown]
# The loss of the scaled network was only halfway after 30 updates. The *accuracy* was about right
# already: where most rows lie, the border was in place, if flatter than the best rule (see the
# middle of the second picture below). But the network was not yet sure. And the unscaled network
# does learn in the end, slowly. Scaling saves time; it is no magic.
#
# In the picture, the validation loss of the scaled network lies below its training loss. That is no
# miracle either: it is measured after the epoch, when the network is better, and on 8 rows only.

# %%
figure, (left, right) = lesson.figure(1, 2, size=(15, 6.5))
for name, color in (("scaled", lesson.BLUE), ("unscaled", lesson.RED)):
    training, validation = np.array(histories[name]).T
    left.plot(range(1, 11), training, "o-", color=color, label=f"{name}, training")
    left.plot(range(1, 11), validation, "s--", color=color, label=f"{name}, 8 validation rows")
    training, _ = np.array(long[name][1]).T
    right.plot(range(1, 201), training, color=color, label=f"{name}, training")
for axis in (left, right):
    axis.axhline(np.log(2), color="black", linestyle=":", linewidth=2, label="ln 2: knows nothing")
    axis.set(xlabel="epoch", ylabel="loss", ylim=(0, 1.2))
    axis.legend(fontsize=14, loc="upper right")
left.set_title("10 epochs, as in the document")
right.set_title("200 epochs")
lesson.save_figure("learning_curves")

# %% [markdown]
# The next picture asks three networks about every point of the plane. The shade is the probability
# of label 1. The thick line is the decision boundary (决策边界), where it is one half. A network
# without a thick line gives the same label to all. The dashed line is the boundary of the best
# rule. After 200 epochs the network is much surer, and begins to bend around single rows.


# %%
def draw_boundary(axis, network, scaler, title):
    """The probability of label 1 in the plane of x1 and x2; the test rows are the filled marks."""
    x1, x2 = np.meshgrid(np.linspace(0, 90, 121), np.linspace(2.5, 3.4, 121))
    points = np.stack([x1.ravel(), x2.ravel()], axis=1)  # (14641, 2)
    with te.no_grad():
        inputs = scaler.transform(points) if scaler else points
        p = te.sigmoid(network(as_input(inputs))).numpy().reshape(x1.shape)
    shade = axis.contourf(x1, x2, p, np.linspace(0, 1, 11), cmap="PuOr_r", alpha=0.5)
    if p.min() < 0.5 < p.max():
        axis.contour(x1, x2, p, [0.5], colors="black", linewidths=4)
    axis.plot(x1[0], 3 - 0.1 * 1.2 / 0.8 * (x1[0] - 50) / 10, "k--", linewidth=2, label="best rule")
    for k, color, marker in ((0, lesson.BLUE, "o"), (1, lesson.RED, "^")):
        axis.plot(*rest_x[rest_y == k].T, marker, color=color, fillstyle="none", mew=2)
        axis.plot(
            *test_x[test_y == k].T, marker, color=color, label=f"label {k} (test rows filled)"
        )
    axis.set(xlim=(0, 90), ylim=(2.5, 3.4), xlabel="x1", title=title)
    return shade


scaler = te.data.StandardScaler().fit(rest_x)
figure, axes = lesson.figure(1, 3, size=(18, 7))
shade = draw_boundary(axes[0], networks["unscaled"], None, "unscaled, 10 epochs")
draw_boundary(axes[1], networks["scaled"], scaler, "scaled, 10 epochs")
draw_boundary(axes[2], long["scaled"][0], scaler, "scaled, 200 epochs")
axes[0].set_ylabel("x2")
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
figure.colorbar(shade, ax=axes, label="probability of label 1")
lesson.save_figure("boundaries")

# %% [markdown]
# ## 12. A real table
#
# Now data that were measured. The library has the breast cancer table of Wisconsin (1995): 569
# tumours (肿瘤), each with 30 features of its cell nuclei (细胞核), seen under a microscope. The
# label is what the doctors found: **0 is malignant (恶性), 1 is benign (良性)**. Its source and
# licence lie beside the data.

# %%
lesson.heading("12. A real table")
cancer = te.data.breast_cancer()
print("rows and features", cancer.features.shape, "classes", cancer.class_names)
lesson.expect("missing values", np.isnan(cancer.features).sum(), 0)
lesson.expect("rows that differ", len(np.unique(cancer.features, axis=0)), 569)
spread = cancer.features.std(axis=0)
order = np.argsort(spread)[[0, 15, -1]]  # the narrowest, one in the middle, the widest
lesson.table(
    ["feature", "smallest", "largest", "standard deviation"],
    [
        (cancer.feature_names[i], *(f"{f(cancer.features[:, i]):.4f}" for f in (np.min, np.max)),
         f"{spread[i]:.4f}")
        for i in order
    ],
)  # fmt: skip
print(f"the widest column is {spread.max() / spread.min():,.0f} times as wide as the narrowest")

# %% [markdown]
# There is nothing to clean, and the columns are of very different size. Scaling should matter. This
# time we split with `stratify`: both parts get the same share of each class.

# %%
cancer_x, cancer_test_x, cancer_y, cancer_test_y = te.data.train_test_split(
    cancer.features, cancer.labels, test_size=0.2, seed=42, stratify=cancer.labels
)
scaler = te.data.StandardScaler().fit(cancer_x)
cancer_z, cancer_test_z = scaler.transform(cancer_x), scaler.transform(cancer_test_x)
lesson.table(
    ["part", "rows", "malignant (0)", "benign (1)"],
    [
        (name, len(y), *np.bincount(y))
        for name, y in (("training", cancer_y), ("test", cancer_test_y))
    ],
)
print(f"largest |z| of the training rows: {np.abs(cancer_z).max():.1f}, far outside [-1, 1]")
lesson.expect("rows", (len(cancer_y), len(cancer_test_y)), (455, 114))
lesson.expect("parameters of 30 → 64 → 32 → 1", count(make_network(30)), 4097)

# %% [markdown]
# A result needs something to be compared with, a **baseline** (基线). We take two:
#
# - *always the larger class*: say "benign" to everybody;
# - *logistic regression* (逻辑回归): one dense layer, 30 → 1, and nothing else. It has 31
#   parameters. It learns more slowly, so it gets ten times the learning rate.
#
# The networks train for 20 epochs. The full run takes five seeds, the quick one a single seed.

# %%
always = np.mean(cancer_test_y == 1)
candidates = {
    "network, scaled": (lambda: make_network(30), 0.001, cancer_z, cancer_test_z),
    "network, unscaled": (lambda: make_network(30), 0.001, cancer_x, cancer_test_x),
    "logistic regression, scaled": (lambda: nn.Linear(30, 1), 0.01, cancer_z, cancer_test_z),
}
found, trained = {name: [] for name in candidates}, {}
seeds = range(options.seed, options.seed + (1 if options.quick else 5))
for name, (make, lr, rows, others) in candidates.items():
    for seed in lesson.progress(seeds, name):
        te.manual_seed(seed)
        network = make()
        train(network, rows, cancer_y, range(20), lr)
        found[name].append(evaluate(network, others, cancer_test_y)[1])
        trained.setdefault(name, network)  # that of the first seed
lesson.table(
    ["test accuracy, 114 rows", "parameters", "lowest", "highest"],
    [("always benign", 0, f"{always:.3f}", f"{always:.3f}")]
    + [
        (name, count(trained[name]), f"{min(values):.3f}", f"{max(values):.3f}")
        for name, values in found.items()
    ],
)

# %%
CANCER = {  # with the seeds 0 to 9: lowest, highest; what is asked: above, below
    "network, scaled": (0.956, 0.974, 0.93, 1.0),
    "network, unscaled": (0.868, 0.921, 0.8, 0.95),
    "logistic regression, scaled": (0.965, 0.974, 0.93, 1.0),
}
lesson.table(
    ["measured with ten seeds", "lowest", "highest", "above", "below"],
    [(name, *(f"{value:.3f}" for value in values)) for name, values in CANCER.items()],
)
lesson.expect("always benign is right for", always, 72 / 114, 1e-12)
for name, (_, _, least, most) in CANCER.items():
    lesson.expect(f"{name}: lowest test accuracy", min(found[name]), above=least)
    lesson.expect(f"{name}: highest test accuracy", max(found[name]), below=most)
scaled, unscaled, logistic = found.values()
lesson.expect("worst scaled network minus best unscaled", min(scaled) - max(unscaled), above=0.0)
gain = np.mean(scaled) - np.mean(logistic)
lesson.expect("gain of the network over logistic regression", gain, above=-0.03, below=0.02)

# %% [markdown]
# Scaling helps clearly. But compare with the baseline: the network with two hidden layers is **not
# better than logistic regression**, which has 31 parameters in place of 4,097. This table does not
# need a deep network. You only find that out if you train the baseline too.
#
# ## 13. Which mistakes matter?
#
# A benign tumour taken for malignant costs a further examination and a bad week. A malignant one
# taken for benign can cost a life. Accuracy counts both alike.
#
# Mind the numbering: 0 is malignant. So the recall that matters is that of class **0**. A program
# that takes 1 for the positive class, as most do, shows the other one.

# %%
lesson.heading("13. Which mistakes matter?")
network = trained["network, scaled"]
with te.no_grad():
    p_benign = te.sigmoid(network(as_input(cancer_test_z))).numpy()[:, 0]
matrix = te.metrics.confusion_matrix(p_benign, cancer_test_y, threshold=0.5)
lesson.table(
    ["true \\ answer", "malignant", "benign"],
    [(name, *row) for name, row in zip(cancer.class_names, matrix.tolist(), strict=True)],
)
missed, false_alarms = matrix[0, 1], matrix[1, 0]
lesson.expect("malignant rows in the matrix", matrix[0].sum(), 42)
lesson.expect("benign rows in the matrix", matrix[1].sum(), 72)
lesson.expect(
    "missed + false alarms, from the accuracy",
    (missed + false_alarms) / 114, 1 - found["network, scaled"][0], 1e-9,
)  # fmt: skip

library = te.metrics.precision_recall_f1(p_benign, cancer_test_y, threshold=0.5)
recall_0 = matrix[0, 0] / 42
always_0 = te.metrics.precision_recall_f1(np.ones(114, int), cancer_test_y).recall[0]
lesson.table(
    ["", "precision", "recall", "F1"],
    [
        (name, *(f"{column[k]:.3f}" for column in library[:3]))
        for k, name in enumerate(cancer.class_names)
    ],
)
lesson.expect("recall of malignant by hand, against the library's", recall_0, library.recall[0])
lesson.expect("recall of malignant, if one always says benign", always_0, 0.0)
lesson.expect("recall of malignant", recall_0, above=0.8)

# %% [markdown]
# Nobody says that one half has to be the border. We may call a tumour benign only if the network is
# very sure. Then we miss fewer and alarm more people for nothing. The table shows the exchange.

# %%
rows = []
for threshold in (0.1, 0.5, 0.9, 0.99, 0.999):
    (_, missed), (false_alarms, _) = te.metrics.confusion_matrix(
        p_benign, cancer_test_y, threshold=threshold
    )
    rows.append((f"{threshold:g}", missed, false_alarms))
lesson.table(["benign if p is above", "missed of 42", "false alarms of 72"], rows)
all_missed, all_alarms = [row[1] for row in rows], [row[2] for row in rows]
lesson.expect("missed never grow with the border", all_missed == sorted(all_missed)[::-1], True)
lesson.expect("false alarms never shrink", all_alarms == sorted(all_alarms), True)

# %%
figure, (left, right) = lesson.figure(1, 2, size=(16, 6.5))
left.imshow(matrix, cmap="Oranges", vmax=90)
for (row, column), number in np.ndenumerate(matrix):
    left.text(column, row, number, ha="center", va="center", fontsize=32)
left.set(xticks=[0, 1], xticklabels=cancer.class_names, xlabel="answer")
left.set(yticks=[0, 1], yticklabels=cancer.class_names, ylabel="true", title="114 test rows")
left.spines[:].set_visible(False)
borders = np.linspace(0, 1, 1001)[1:-1]
counts = [
    te.metrics.confusion_matrix(p_benign, cancer_test_y, threshold=border) for border in borders
]
right.step(borders, [m[0, 1] for m in counts], color=lesson.RED, label="missed, of 42")
right.step(borders, [m[1, 0] for m in counts], "--", color=lesson.BLUE, label="false alarms, of 72")
right.set(xlabel="called benign if p is above", ylabel="tumours", xlim=(0, 1), ylim=(0, None))
right.set_title("Moving the border")
right.legend()
lesson.save_figure("breast_cancer")

# %% [markdown]
# Whoever chooses the border by this table has used the test rows to choose. The border has to be
# chosen on validation rows, and the test asked once, at the end. And 42 malignant test rows are
# few: one more or less is 2.4 % of the recall.

# %%
print(f"one of 42 is {1 / 42:.1%}")

# %% [markdown]
# ## 14. The document, sentence by sentence

# %%
lesson.heading("14. The document, sentence by sentence")
lesson.table(
    ["002 says", "verdict", "section"],
    [
        ("read data.csv", "the file is not given", "2"),
        ("clean the data", "named, no code", "3"),
        ("split, then scale with the training rows", "right", "4, 5"),
        ("scaling gives the range [-1, 1]", "wrong: z has no limit", "5"),
        ("-y log(o) - (1-y) log(1-o)", "right for one sample, 0 < o < 1", "7"),
        ("sigmoid and binary cross-entropy", "right; the logit is safer", "7"),
        ("validation_split=0.1", "only 8 rows: steps of 12.5 %", "8"),
        ("scaling speeds up convergence", "right", "8, 11"),
        ("ReLU is good against dead neurons", "wrong: ReLU is what dies", "9"),
        ("Adam is descent with momentum", "incomplete", "lesson 7"),
        ("accuracy, recall, F1 on the test set", "named, no code", "10"),
        ("epochs=10", "30 updates: far from done", "11"),
    ],
)

# %% [markdown]
# ## Exercises
#
# `tinygrad-edu start 9` puts a file with four empty functions into your folder: cleaning, scaling
# without a leak, precision and recall of any class, and the whole backward pass of the network.
# Fill them in. `tinygrad-edu check 9` tells you which are right. For a wrong gradient it says what
# kind of mistake it looks like.
#
# After that, copy this lesson to `mine.py`, change it, and run `python mine.py`.
#
# 1. Leave the repeated rows in. How many of them have one copy in the training rows and one in the
#    test rows? Try several seeds of the split.
# 2. Use min-max scaling in place of the scaler. Are there test rows outside [-1, 1]?
# 3. Give the unscaled network `lr=0.01`. Does that repair it? Count the dead neurons again.
# 4. Put Tanh in place of ReLU in the unscaled network. No neuron is flat on one whole side now. How
#    large are the slopes `1 - tanh²` of the first layer, and does it learn better?
# 5. Train the breast cancer network on its widest column alone. How far does it get?

# %% [markdown]
# ## Where this lives in the library
#
# All paths are inside `tinygrad_edu/`.
#
# | here | in the library |
# |---|---|
# | reading and cleaning a CSV file | `data/csv_table.py` |
# | the two tables, their sources and licences | `data/tables.py`, `data/bundled/` |
# | split with a seed, `stratify` | `data/split.py` |
# | standard scaling | `data/scale.py` |
# | the binary cross-entropy, both ways | `nn/loss_functions.py`, `ops/fused.py` |
# | Adam | `optim/adam.py` |
# | the training loop in one call | `training.py` |
# | precision, recall, F1, confusion matrix | `metrics.py` |

# %%
lesson.finish()

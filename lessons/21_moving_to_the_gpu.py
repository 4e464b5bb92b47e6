# %% [markdown]
# # Lesson 21. Moving to the GPU
#
# **What you will learn.** A GPU (图形处理单元) is a second computer inside yours, with a memory of
# its own. You move a network there: its parameters, its gradients, what the optimizer keeps, its
# data. You meet the errors that everybody meets, one after another. You find the copies that hide
# in a training loop. You work out when a GPU pays, and when it only makes things slower. And you
# learn to measure it, which is harder than it looks.
#
# **Time.** About 50 minutes with the exercises. The program itself needs some seconds.
#
# **Document.** 000 §3.3 and 003 §9.2 say that GPUs make training faster. They give no number and no
# condition. This lesson asks: which part of it is faster, and from what size on?
#
# **Before this lesson.** The training loop (lesson 8), handwritten digits (lesson 10).
#
# **You need no GPU.** Without one, the lesson uses the device `"pretend-gpu"`. It computes with
# NumPy, but it keeps the rules of CuPy, which is NumPy for NVIDIA's GPUs: what is refused there is
# refused here. It also counts what you ask of it. It is not faster than the CPU, and it cannot show
# you the speed of a GPU. Where this lesson speaks of the speed of a GPU, it calculates with numbers
# from a data sheet and with assumptions, and says so.

# %%
import math
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

import tinygrad_edu as te
import tinygrad_edu.nn.functional as F
from tinygrad_edu import lesson, nn
from tinygrad_edu.backend.pretend import count_transfers

options = lesson.start(21, "Moving to the GPU", minutes=50, threads=1)
STAND_IN = "pretend-gpu"
GPU = STAND_IN if options.device == "cpu" else options.device
te.set_default_device("cpu")  # in this lesson every other device is named
print(f"the other device of this run is {GPU!r}")

# %% [markdown]
# ## 1. Two memories
#
# The processor (CPU) and its memory are called the **host** (主机). The GPU with its memory is the
# **device** (设备). A number lies in one of the two memories. The CPU cannot compute with numbers
# in the device's memory, and the GPU cannot compute with numbers in the host's. Somebody has to
# copy them (数据传输), and in this library that somebody is always you:
#
# - `te.tensor(data, device=…)` makes a tensor there.
# - `x.to(device)` gives a tensor there, and leaves x where it is.
# - `x.numpy()`, `x.item()`, `float(x)`, `print(x)` copy numbers back to the host.
#
# The result of an operation lies where its inputs lie.

# %%
lesson.heading("1. Two memories")
here = te.tensor([1.0, 2.0, 3.0])
there = here.to(GPU)
result = (there * there).sum()
lesson.table(
    ["tensor", "device", "array behind it"],
    [
        (name, x.device if x.device == "cpu" else "the other", type(x.data).__name__)
        for name, x in (("here", here), ("there", there), ("(there * there).sum()", result))
    ],
)
lesson.expect("x.to(device) leaves x where it is", here.device, "cpu")
lesson.expect("results stay on the device", result.device == GPU, True)
lesson.expect("1 + 4 + 9, copied back", result.item(), 14)

# %% [markdown]
# ## 2. What has to move
#
# A network in training is more than its weights. All of this has to be on one device:
#
# - the parameters (参数), and their gradients (梯度)
# - the buffers (缓冲区): what is kept but not learned, as the running mean of a batch normalisation
#   (批归一化): a layer that subtracts from each feature its mean over the batch and divides by its
#   standard deviation; after training it uses running means of both
# - what the optimizer keeps: Adam has `m` and `v`, two numbers for each parameter
# - the inputs and the labels of every batch
#
# `model.to(device)` moves parameters, gradients and buffers **in place**: the parameters stay the
# same objects, so the optimizer still knows them. (For a tensor, `x.to(device)` makes a new one.
# Mind the difference.) What the optimizer keeps follows with its next step. Batches are moved by
# the loader, `DataLoader(…, device=…)`, or by `fit()`, which puts them where the model is.


# %%
def network():
    te.manual_seed(options.seed)
    return nn.Sequential(
        nn.Flatten(), nn.Linear(784, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 10)
    )


def train_step(model, optimizer, x, y):
    """One step; gives the loss, which stays on the device."""
    loss = F.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss


def devices_of(model, optimizer):
    """Where each kind of thing is."""
    kinds = {
        "parameters": [p.device for p in model.parameters()],
        "gradients": [p.grad.device for p in model.parameters()],
        "buffers": [x.device for _, x in model.named_tensors() if not isinstance(x, nn.Parameter)],
        "m and v of Adam": [
            te.Tensor(a).device for arrays in optimizer.state.values() for a in arrays
        ],
    }
    return {kind: "/".join(sorted(set(devices))) for kind, devices in kinds.items()}


lesson.heading("2. What has to move")
digits = te.data.mnist()
count = 512
images = digits.train_images[:count].astype("float32") / 255  # (N, 28, 28)
labels = digits.train_labels[:count]

model = network()
optimizer = te.optim.Adam(model.parameters())
x, y = te.tensor(images[:32]), te.tensor(labels[:32])
train_step(model, optimizer, x, y)
before = devices_of(model, optimizer)
model.to(GPU)
moved = devices_of(model, optimizer)
on_host = [kind for kind, devices in moved.items() if "cpu" in devices]
lesson.expect("on the host until the next step", ", ".join(on_host), "m and v of Adam")
train_step(model, optimizer, x.to(GPU), y.to(GPU))
after = devices_of(model, optimizer)
lesson.table(
    ["", "before", "after model.to()", "after the next step"],
    [
        (kind, *("host" if place[kind] == "cpu" else "device" for place in (before, moved, after)))
        for kind in before
    ],
)
lesson.expect("left behind after the next step", "cpu" in after.values(), False)

# %% [markdown]
# How many bytes is that? A float32 has 4 bytes. The stand-in counts what is copied to it. We count
# the parameters by hand as well.

# %%
parameters = (784 * 64 + 64) + 2 * 64 + (64 * 10 + 10)
buffers = 2 * 64
with count_transfers() as counter:
    network().to(STAND_IN)
print(f"{parameters:,} parameters, {buffers} numbers in buffers, {2 * parameters:,} in Adam")
lesson.expect("copies to the device", counter.uploads, 8)
lesson.expect("bytes copied", counter.uploaded_bytes, 4 * (parameters + buffers))

# %% [markdown]
# **A trap.** `.to()` of a tensor is an operation like any other, and it records itself. So this w
# is no leaf of the graph. It is computed from a tensor on the host, and that one gets the gradient.
# Make a tensor where you want it.

# %%
w = te.tensor([1.0, 2.0], requires_grad=True).to(GPU)
(w * w).sum().backward()
lesson.expect("gradient of w = te.tensor(…).to(device)", w.grad is None, True)
w = te.tensor([1.0, 2.0], requires_grad=True, device=GPU)
(w * w).sum().backward()
lesson.expect("gradient of w = te.tensor(…, device=…)", w.grad, [2, 4])

# %% [markdown]
# ## 3. The errors that everybody meets
#
# Here they are, one after another. Read each sentence: it says what was given, what is needed, and
# the call that mends it.
#
# First the device itself. CuPy can be installed on a machine without a GPU, so there are two
# reasons why `"cuda"` may not work. The sentence tells you which.

# %%
lesson.heading("3. The errors that everybody meets")
if te.cuda_is_available():
    lesson.expect("a GPU is here", te.ones(1, device="cuda").device, "cuda")
else:
    lesson.expect_error(
        'device="cuda" without a GPU', RuntimeError, lambda: te.ones(1, device="cuda"),
        says="cannot be used: CuPy",
    )  # fmt: skip
lesson.expect_error("a misspelt device", ValueError, lambda: te.ones(1, device="gpu"), says="knows")

# %% [markdown]
# Then the classic: the model has moved, and the batch has not.

# %%
lesson.expect_error(
    "a batch left on the host", ValueError, lambda: model(x), says="needs its tensors on one device"
)
lesson.expect_error(
    "a NumPy array mixed in", ValueError, lambda: there * np.float32([1, 2, 3]), says="on 'cpu'"
)
numbers = there * [1.0, 2.0, 3.0] + 1
lesson.expect("lists and numbers may mix in", numbers, [2, 5, 10])

# %% [markdown]
# Now the way back. NumPy and matplotlib turn what they are given into NumPy arrays. An array of the
# device refuses. If it did not, each such call would copy, and you would never know. The remedy is
# to say it: `x.numpy()`.

# %%
lesson.expect_error(
    "np.asarray of a tensor", TypeError, lambda: np.asarray(there), says="call .numpy()"
)
lesson.expect("there.numpy()", there.numpy(), [1, 2, 3])

# %% [markdown]
# Behind a tensor is the raw array, `x.data`. If you write your own operations, you work with those,
# and you meet CuPy's own words:

# %%
lesson.expect_error(
    "np.asarray of the raw array", TypeError, lambda: np.asarray(there.data), says="Implicit"
)
lesson.expect_error(
    "a raw array and a NumPy array", TypeError, lambda: there.data * np.ones(3, np.float32),
    says="Unsupported type",
)  # fmt: skip

# %% [markdown]
# The worst error is the one that does not come. An index outside its axis **wraps around** on a
# GPU: of three entries, number 4 is number 1. Nobody says a word. With a wrong label the loss would
# simply be that of another class. So this library looks at the smallest and largest index while
# they are still on the host, where looking costs nothing.

# %%
silent = te.Tensor(there.data[np.array([4])])
lesson.expect("entry 4 of 3, of the raw array", silent, [2])
lesson.expect_error("entry 4 of 3, of the tensor", IndexError, lambda: there[[4]], says="index 4")
lesson.expect_error(
    "label 10 of 10 classes", IndexError,
    lambda: F.cross_entropy(model(x.to(GPU)), te.tensor([10] * 32, device=GPU)), says="10",
)  # fmt: skip

# %% [markdown]
# ## 4. The copies that hide in a loop
#
# The host does not wait for the GPU. It says "multiply these", and goes on to say the next thing.
# The GPU works through what it was told. That is called **asynchronous** (异步), and it is what
# keeps a GPU busy.
#
# Every number that you look at breaks this. To print a loss, the host has to wait until the GPU has
# computed it. Meanwhile it says nothing, and then the GPU has nothing to do. One such copy carries
# only 4 bytes. It is the waiting that costs.
#
# We train one epoch on the stand-in, with a habit added to each step, and count the copies to the
# host.

# %%
lesson.heading("4. The copies that hide in a loop")
steps = count // 32


def epoch_with(habit, at_the_end=None):
    """Copies to the host in one epoch, if habit(loss, x, y, prediction) is done in each step."""
    model = network().to(STAND_IN)
    optimizer = te.optim.Adam(model.parameters())
    loader = te.data.DataLoader((images, labels), batch_size=32, device=STAND_IN)
    with count_transfers() as counter:
        for x, y in loader:
            prediction = model(x)
            loss = F.cross_entropy(prediction, y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            habit(loss, x, y, prediction)
        if at_the_end:
            at_the_end()
    return counter.count


class MeanOnTheDevice:
    """Adds the losses up where they are; one copy gives their mean."""

    def __init__(self):
        self.total = te.tensor(0.0, device=STAND_IN)
        self.steps = 0

    def add(self, loss, *_):
        self.total = self.total + loss.detach()
        self.steps += 1

    def read(self):
        return self.total.item() / self.steps


mean = MeanOnTheDevice()
habits = [
    ("nothing", lambda *_: None, None, 0),
    ("losses.append(loss.item())", lambda loss, *_: loss.item(), None, 1),
    ("if loss > 5: …", lambda loss, *_: 1 if loss > 5 else 0, None, 1),
    ('print(f"{loss:.3f}")', lambda loss, *_: f"{loss:.3f}", None, 1),
    ("x[y == 3]", lambda loss, x, y, _: x[y == 3], None, 1),
    ("accuracy(prediction, y)", lambda loss, x, y, p: te.metrics.accuracy(p, y), None, 2),
    ("total = total + loss.detach()", mean.add, mean.read, None),
]
found = [(name, epoch_with(habit, end), each) for name, habit, end, each in habits]
lesson.table(
    ["done in each step", f"copies in {steps} steps"], [(name, copies) for name, copies, _ in found]
)
for name, copies, each in found:
    lesson.expect(f"copies: {name}", copies, 1 if each is None else each * steps)

# %% [markdown]
# The step itself copies nothing. What you add copies: `if loss > 5` looks harmless, but Python has
# to know the answer. The mask `y == 3` has to tell the host how many rows there are. The last line
# shows the way out: keep adding on the device, and look once.
#
# On a real GPU, CuPy helps you to find such places: inside `cupyx.allow_synchronize(False)` each of
# these copies is an error. The tests of this library use it where there is a GPU.

# %% [markdown]
# ## 5. The same network on both
#
# Random numbers (随机数) are always drawn on the host and copied. So one seed gives the same
# starting weights on every device, to the last bit. After that the devices may round differently: a
# GPU adds up the terms of a sum in another order. The difference is small at first. Training lets
# it grow, but the network learns the same. (The stand-in computes with NumPy too. You will see no
# difference there, or hardly any.)

# %%
lesson.heading("5. The same network on both")
epochs = 1 if options.quick else 4
trained, losses = {}, {}
for device in ("cpu", GPU):
    model = network().to(device)
    start = model.state_dict()
    optimizer = te.optim.Adam(model.parameters())
    loader = te.data.DataLoader((images, labels), batch_size=32, shuffle=True, device=device)
    mean_losses = []
    for epoch in range(epochs):
        total = te.tensor(0.0, device=device)
        for x, y in lesson.progress(loader, f"{device}, epoch {epoch + 1}/{epochs}"):
            total = total + train_step(model, optimizer, x, y).detach()
        mean_losses.append(total.item() / len(loader))  # one copy an epoch
    trained[device], losses[device] = (start, model.state_dict()), mean_losses
lesson.table(
    ["epoch", "mean loss on the CPU", "on the other device"],
    [
        (n, f"{a:.4f}", f"{b:.4f}")
        for n, a, b in zip(range(1, epochs + 1), *losses.values(), strict=True)
    ],
)
(start_here, end_here), (start_there, end_there) = trained.values()
equal = all(np.array_equal(start_here[name], start_there[name]) for name in start_here)
lesson.expect("same seed, same weights before training", equal, True)
difference = max(np.abs(end_here[name] - end_there[name]).max() for name in end_here)
print(f"largest difference of weights after training: {difference:.1e}")
lesson.expect("weights agree to rounding", bool(difference < 1e-3), True)
lesson.expect("mean loss, under that of guessing", losses[GPU][-1], below=math.log(10))

# %% [markdown]
# A file knows no device. `te.save` copies to the host, `te.load` gives NumPy arrays, and
# `load_state_dict` puts them where the model is. So you can train on a GPU and use the network on a
# laptop.

# %%
with tempfile.TemporaryDirectory() as folder:
    te.save(model.state_dict(), Path(folder, "digits.safetensors"))
    laptop = network()
    laptop.load_state_dict(te.load(Path(folder, "digits.safetensors")))
on_the_gpu = model.eval()(te.tensor(images[:5], device=GPU)).numpy()
on_the_laptop = laptop.eval()(te.tensor(images[:5])).numpy()
lesson.expect(
    "saved on the device, loaded on the host: outputs agree",
    bool(np.allclose(on_the_gpu, on_the_laptop, atol=1e-4)), True,
)  # fmt: skip

# %% [markdown]
# ## 6. When does it pay?
#
# Now the arithmetic. The time for a job on a GPU has three parts:
#
# `seconds = calls · start + operations / speed + copies · latency + bytes / bandwidth`
#
# - **start**: each call of a function starts a program on the GPU. However small its work, this
#   costs Python and the driver some time.
# - **speed**: how many additions and multiplications a second.
# - **latency and bandwidth** (延迟与带宽): each copy costs a fixed time, and then so much for each
#   byte.
#
# On a CPU the formula is the same, without copies. These are our assumptions. **Nothing here was
# measured on a GPU.** The speed and the bandwidth of the GPU are those of the data sheet of the
# NVIDIA T4, which free online notebooks often have, with 16 lanes of PCIe 3.0. The time to start a
# call, the latency and the CPU are rounded numbers of the usual size. Put in those of your machine.

# %%
lesson.heading("6. When does it pay?")
CPU_SPEED, CPU_START = 100e9, 1e-6
GPU_SPEED, GPU_START = 8.1e12, 10e-6
LATENCY, BANDWIDTH = 10e-6, 15.75e9
lesson.table(
    ["assumed, not measured", "CPU", "GPU"],
    [
        ("operations a second, float32", "100 billion", "8.1 trillion"),
        ("to start a call", "1 µs", "10 µs"),
        ("latency of a copy", "-", "10 µs"),
        ("bytes a second of a copy, PCIe 3.0", "-", "15.75 billion"),
    ],
)


def cpu_seconds(calls, operations):
    return calls * CPU_START + operations / CPU_SPEED


def gpu_seconds(calls, operations, copies=0, size=0):
    return (
        calls * GPU_START + operations / GPU_SPEED + copies * LATENCY + size / BANDWIDTH
    )  # fmt: skip


# %% [markdown]
# **One matrix product.** Two matrices of n × n numbers. Each of the n² results needs n products and
# n sums: `2 n³` operations. If the matrices have to travel, two go there and one comes back:
# `3 · 4 n²` bytes. The work grows with n³ and the luggage with n². So a large product pays even
# with its copies, and a small one does not pay at all. Where is the border?
#
# We find it in two ways: by halving an interval, and by trying every n.


# %%
def product(n):
    """Seconds for one n × n product: CPU, GPU where the data are, GPU with copies."""
    work = 2 * n**3
    return cpu_seconds(1, work), gpu_seconds(1, work), gpu_seconds(1, work, 3, 3 * 4 * n**2)


def border(seconds, column, high=1e6):
    """The n from which on the GPU is faster, by halving an interval."""
    low = 1.0
    while high - low > 1e-6:
        middle = (low + high) / 2
        times = seconds(middle)
        low, high = (low, middle) if times[column] < times[0] else (middle, high)
    return high


stay, travel = border(product, 1), border(product, 2)
lesson.table(
    ["n", "CPU, ms", "GPU, data there, ms", "GPU, with copies, ms"],
    [(n, *(f"{1000 * t:.4f}" for t in product(n))) for n in (16, 64, 128, 256, 1024, 4096)],
)
for name, column, found_n in (("data there", 1, stay), ("with copies", 2, travel)):
    tried = next(n for n in range(1, 1000) if product(n)[column] < product(n)[0])
    lesson.expect(f"smallest n that pays, {name}", math.ceil(found_n), tried)

# %% [markdown]
# **One training step.** Now the network 784-128-10 of lesson 10. How many calls is a step? We let
# the stand-in count. The number of operations we work out: a dense layer with m inputs and k
# outputs needs `2 m k` for each image going forward, the same for the gradient of its weights, and
# the same for the gradient of its inputs, which the first layer does not need.


# %%
def counted_step(n):
    """Calls, uploads and uploaded bytes of a step with n images."""
    te.manual_seed(options.seed)
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
    optimizer = te.optim.Adam(model.to(STAND_IN).parameters())
    with count_transfers() as counter:
        x, y = te.tensor(images[:n], device=STAND_IN), te.tensor(labels[:n], device=STAND_IN)
        train_step(model, optimizer, x, y)
    return counter.calls, counter.uploads, counter.uploaded_bytes, counter.count


def operations(n):
    return n * (2 * 784 * 128 * 2 + 2 * 128 * 10 * 3)


calls, uploads, size, back = counted_step(32)
print(f"a step with 32 images: {calls} calls, {uploads} copies there with {size:,} bytes")
lesson.expect("copies back", back, 0)
lesson.expect("calls do not depend on the batch", counted_step(256)[0], calls)
lesson.expect("bytes of 32 images and labels", size, 32 * (784 * 4 + 8))
weights = 784 * 128 + 128 * 10
lesson.expect(
    "operations: 6 for a weight and an image, less the first layer's inputs",
    operations(32), 32 * (6 * weights - 2 * 784 * 128),
)  # fmt: skip


def step(n):
    """Seconds of a step with n images: CPU, GPU where the data are, GPU with copies."""
    work, luggage = operations(n), n * (784 * 4 + 8)
    return cpu_seconds(calls, work), gpu_seconds(calls, work), gpu_seconds(calls, work, 2, luggage)


batches = (1, 32, 128, 256, 1024, 8192)
lesson.table(
    ["images in a batch", "CPU, ms", "GPU, data there, ms", "GPU, with copies, ms"],
    [(n, *(f"{1000 * t:.3f}" for t in step(n))) for n in batches],
)
smallest = [math.ceil(border(step, column)) for column in (1, 2)]
print(f"the GPU is faster from {smallest[0]} images on, with copies from {smallest[1]}")
lesson.expect("a batch of 32 on the GPU is slower than on the CPU", step(32)[1] > step(32)[0], True)
lesson.expect("8192 images: CPU / GPU", step(8192)[0] / step(8192)[1], above=10)

# %%
figure, axes = lesson.figure(1, 2, size=(16, 7))
for axis, seconds, sizes, name in (
    (axes[0], product, np.geomspace(8, 4096, 200), "one n × n matrix product"),
    (axes[1], step, np.geomspace(1, 8192, 200), "a training step, 784-128-10"),
):
    times = 1000 * np.array([seconds(n) for n in sizes])
    axis.loglog(sizes, times[:, 0], color=lesson.BLUE, label="CPU")
    axis.loglog(sizes, times[:, 2], "--", color=lesson.ORANGE, label="GPU, data copied each time")
    axis.loglog(sizes, times[:, 1], color=lesson.GREEN, label="GPU, data stay there")
    for column, color in ((1, lesson.GREEN), (2, lesson.ORANGE)):
        n = border(seconds, column)
        axis.plot(n, 1000 * seconds(n)[0], "o", color=color)
    axis.set(ylabel="milliseconds", title=name)
axes[0].set_xlabel("n")
axes[1].set_xlabel("images in a batch")
axes[0].legend(loc="upper left")
figure.suptitle("Calculated from assumptions, not measured; a dot: from here on the GPU is faster")
lesson.save_figure("when_it_pays")

# %% [markdown]
# What the picture says:
#
# - On the left of the dots the GPU only starts calls. Whether it could compute faster does not
#   matter there. The networks of the first ten lessons are all on that side.
# - To use a GPU well, give it more at once: larger batches, wider layers. (A larger batch means
#   fewer steps in an epoch, so look at lesson 8 before you change it.)
# - Copying every batch costs little here. Copying back in every step costs more than the formula
#   says, because the host waits, as in section 4.
#
# What the arithmetic leaves out: the sums and the ReLU are limited by the memory of the GPU and not
# by its speed, a small product does not reach full speed, and Python itself has other work.

# %% [markdown]
# ## 7. How to measure
#
# A clock around a GPU call measures how long it takes to **ask**. Here is a small model of that,
# with a thread in place of the GPU. It has a gate, so that we see for certain what is done when.

# %%
lesson.heading("7. How to measure")
gate, done = threading.Event(), []


def job(number):
    gate.wait()
    done.append(number)


with ThreadPoolExecutor(1) as queue:
    asked = [queue.submit(job, number) for number in range(4)]
    lesson.expect("asked for 4, and the host goes on; done so far", len(done), 0)
    gate.set()
    for task in asked:
        task.result()  # this is what te.synchronize() does: wait
    lesson.expect("after waiting, done", len(done), 4)

# %% [markdown]
# So wait before you read the clock, at the start and at the end: `te.synchronize(device)`.
#
# And leave the **first call** out. The first time, CuPy loads the driver, takes memory, and
# compiles a program for each new kind of operation and dtype. That may take a second and more; the
# programs are then kept in a folder, and the memory is used again. A clock that includes the first
# call measures a compiler.


# %%
def milliseconds(work, device, repeat):
    """The first call, and the mean of `repeat` calls after it."""
    te.synchronize(device)
    times = [time.perf_counter()]
    for calls in (1, repeat):
        for _ in range(calls):
            work()
        te.synchronize(device)  # without it, a GPU would look endlessly fast
        times.append(time.perf_counter())
    return 1000 * (times[1] - times[0]), 1000 * (times[2] - times[1]) / repeat


rows = []
for device in ("cpu", GPU):
    model = network().to(device)
    optimizer = te.optim.Adam(model.parameters())
    x, y = te.tensor(images, device=device), te.tensor(labels, device=device)
    first, later = milliseconds(
        lambda m=model, o=optimizer, x=x, y=y: train_step(m, o, x, y), device, 5
    )
    rows.append(("the CPU" if device == "cpu" else "the other", f"{first:.2f}", f"{later:.2f}"))
lesson.table([f"ms a step, {count} images", "the first", "later ones"], rows)
print("The stand-in computes with NumPy: its times say nothing about a GPU.")

# %% [markdown]
# On a machine with a GPU, run this lesson with `--device cuda`, and `tinygrad-edu bench --device
# cuda` for whole training jobs. Then replace the assumptions of section 6 with what you measured.
#
# **What we found in the documents.**
#
# | where | printed | what is missing |
# |---|---|---|
# | 000 §3.3 | GPUs make training "significantly" (显著) faster | enough work in each call |
# | 003 §9.2 | for slow training, use a GPU or a TPU | small networks get slower |

# %% [markdown]
# ## Exercises
#
# `tinygrad-edu start 21` puts a file with four unfinished functions into your folder. Fill them in.
# `tinygrad-edu check 21` runs them on the host and on the stand-in, and counts your copies.
#
# 1. `transfer_seconds(size, latency, bandwidth)`: what a copy costs.
# 2. `mean_loss(losses)`: the mean of many losses on a device, with a single copy.
# 3. `train_step(model, optimizer, x, y)`: a step that takes its batch from anywhere.
# 4. `tanh_layer_backward(x, w, b, g)`: a backward pass on raw arrays that runs on both.
#
# After that, change the lesson:
#
# 1. Make the network of section 6 ten times as wide. From how many images on does the GPU pay?
# 2. Add a habit of your own to the list of section 4. How many copies is `print(x.shape)`?
# 3. What do the borders become if a call costs as much on the GPU as on the CPU?

# %% [markdown]
# ## Where this lives in the library
#
# All paths are inside `tinygrad_edu/`.
#
# | here | in the library |
# |---|---|
# | devices, copies, `synchronize` | `backend/__init__.py` |
# | the reason why there is no GPU | `backend/cuda.py` |
# | the stand-in for a GPU | `backend/pretend.py` |
# | its rules, and what it counts | `backend/pretend_rules.py`, `backend/pretend_counts.py` |
# | what CuPy has, read from CuPy itself | `backend/cupy_table.json` |
# | `model.to(device)` | `nn/module.py` |
# | the state that follows | `optim/optimizer.py` |
# | indices checked on the host | `ops/index.py` |

# %%
lesson.finish()

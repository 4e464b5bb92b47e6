# %% [markdown]
# # Lesson 12. Convolution and pooling by hand
#
# **What you will learn.** You slide a small window over an image and compute every number yourself.
# This is a convolution (卷积), the heart of a network that looks at images. You write it in three
# ways that give the same numbers, and go backward through it by hand. You see which pixel a pooled
# value comes from, find the edges of a real digit, and let a layer learn an edge filter from
# examples. At the end you count the parameters of a whole network from a document, layer by layer.
#
# **Time.** About 75 minutes with the exercises. The program itself needs some seconds.
#
# **Document.** 001 §4.3.2; from the listing of §5.2 the layers and their shapes.
#
# **Before this lesson.** Gradients checked in several ways (lesson 4), the training loop
# (lesson 8), the digits (lesson 10).

# %%
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import tinygrad_edu as te
import tinygrad_edu.nn.functional as F
from tinygrad_edu import lesson, nn
from tinygrad_edu.ops.convolution import looped_conv2d

# Small matrices: a second thread would only wait for the first.
options = lesson.start(12, "Convolution and pooling by hand", minutes=75, threads=1)
random = np.random.default_rng(options.seed)

# %% [markdown]
# ## 1. What the document says
#
# Document 001 §4.3.2 designs "a simple CNN" (卷积神经网络) for images, with convolutional layers
# (卷积层), pooling layers (池化层) and dense layers (全连接层):
#
# `Conv2D → ReLU → MaxPooling2D → Flatten → Dense`
#
# It says what each part is for: the convolution finds features of the image (提取图像特征), ReLU is
# the activation (激活函数), max pooling pools (池化操作), Flatten (展平) makes one row of numbers,
# the dense layer classifies (分类). That is all. No formula, no size, no number. The listing of
# §5.2 then has these layers:
#
# ```python
# layers.Conv2D(32, (3, 3), activation='relu', input_shape=(32, 32, 3)),
# layers.MaxPooling2D((2, 2)),
# layers.Conv2D(64, (3, 3), activation='relu'),
# layers.MaxPooling2D((2, 2)),
# layers.Conv2D(64, (3, 3), activation='relu'),
# layers.Flatten(),
# layers.Dense(64, activation='relu'),
# layers.Dense(10, activation='softmax')
# ```
#
# ReLU is known from lesson 1, Flatten and the dense layer from lesson 10. This lesson is about the
# two new ones. In section 14 we come back to the document and judge it.

# %% [markdown]
# ## 2. A window that slides
#
# We take the smallest image that shows everything: 4 × 4 pixels (像素) with the values 0 to 15. The
# **kernel** (卷积核) is a 3 × 3 matrix, here of ones. Put the kernel on the upper left corner of
# the image. It covers a **window** (窗口) of 3 × 3 pixels. Multiply each pixel by the entry of the
# kernel that lies on it, and add up the products: that is one number of the result. Then slide the
# window one pixel to the right, and so on, row by row:
#
# `y[r, c] = Σ x[r + i, c + j] · W[i, j]`, the sum over all i and j of the kernel
#
# There are two places along each side. So the result is 2 × 2. It is called a feature map (特征图).


# %%
def one_line(matrix: np.ndarray, form: str = ".17g") -> str:
    """The rows of a matrix one after another, numbers in full: 45 54 | 81 90."""
    return " | ".join(" ".join(f"{value:{form}}" for value in row) for row in matrix)


lesson.heading("2. A window that slides")
image = np.arange(16.0).reshape((4, 4))
kernel = np.ones((3, 3))
by_hand = np.zeros((2, 2))
for r, c in np.ndindex(2, 2):
    seen = image[r : r + 3, c : c + 3]  # (3, 3), what the window covers
    by_hand[r, c] = (seen * kernel).sum()
    print(f"window at {(r, c)}: {' + '.join(f'{pixel:.0f}' for pixel in seen.flat)}", end="")
    print(f" = {by_hand[r, c]:.0f}")

# Layers take a batch of images with channels: (N, channels, height, width).
x = te.tensor(image[None, None], requires_grad=True)  # (1, 1, 4, 4)
W = te.tensor(kernel[None, None])  # (1, 1, 3, 3)
y = F.conv2d(x, W)  # (1, 1, 2, 2)
lesson.expect("4 × 4 image, 3 × 3 ones, by hand", one_line(by_hand), "45 54 | 81 90")
lesson.expect("by the library", one_line(y.numpy()[0, 0]), one_line(by_hand))

# %% [markdown]
# The picture shows the four steps. Above is the image with the window, below the result so far.


# %%
def draw_cells(axis: Any, values: np.ndarray, left: float, top: float, marked: Any) -> None:
    """A small matrix as squares with their numbers, the marked ones in colour; nan stays empty."""
    for (row, column), value in np.ndenumerate(values):
        x, y = left + column, top + row
        color = lesson.SKY if marked[row, column] else "white"
        axis.fill([x, x + 1, x + 1, x], [y, y, y + 1, y + 1], facecolor=color, edgecolor="gray")
        if not np.isnan(value):
            axis.text(x + 0.5, y + 0.55, f"{value:.0f}", ha="center", va="center", fontsize=19)


def draw_frame(axis: Any, left: float, top: float, size: float) -> None:
    """The outline of a square window."""
    x, y = [left, left + size, left + size, left, left], [top, top, top + size, top + size, top]
    axis.plot(x, y, color=lesson.RED, linewidth=4)


arrow = {"arrowstyle": "-|>", "color": lesson.RED, "linewidth": 2.5}
figure, axes = lesson.figure(1, 4, size=(14, 6.6))
so_far = np.full((2, 2), np.nan)
for axis, (r, c) in zip(axes, np.ndindex(2, 2), strict=True):
    so_far[r, c] = by_hand[r, c]
    window, new = np.zeros((4, 4), bool), np.zeros((2, 2), bool)
    window[r : r + 3, c : c + 3] = new[r, c] = True
    draw_cells(axis, image, 0, 0, window)
    draw_frame(axis, c, r, 3)
    draw_cells(axis, so_far, 1, 5, new)
    axis.annotate("", (2, 4.95), (2, 4.1), arrowprops=arrow)
    axis.set(xlim=(-0.1, 4.1), ylim=(7.1, -0.1), aspect="equal", title=f"window at {(r, c)}")
    axis.axis("off")
lesson.save_figure("window")

# %% [markdown]
# ## 3. The way back
#
# Let the loss be the sum of the result, `L = Σ y`. How does L change with one pixel? The pixel in
# the corner is seen by one window only, a pixel in the middle by all four. So it is in four sums.
# Each window sends its gradient (梯度) `∂L/∂y` back to the pixels that it saw, times the kernel;
# and what comes to a pixel from several windows is **added**:
#
# `∂L/∂x[r + i, c + j] += ∂L/∂y[r, c] · W[i, j]`, for all windows and all entries of the kernel
#
# Here every ∂L/∂y and every W is 1. So we count the windows that see a pixel. Three ways: by hand,
# by autograd (自动微分), and by differences (差分): each pixel moved a little up and a little down.
# (The step h is larger than in lesson 4. A convolution is linear in the pixels, so differences make
# no error but rounding, and a large h makes that small.)

# %%
lesson.heading("3. The way back")
slope = np.zeros((4, 4))
for r, c in np.ndindex(2, 2):
    slope[r : r + 3, c : c + 3] += 1.0 * kernel  # ∂L/∂y is 1
    print(f"after the window at {(r, c)}:", one_line(slope))


def differences(
    function: Callable[..., float], numbers: tuple[np.ndarray, ...], which: int = 0
) -> np.ndarray:
    """(f(a + h) - f(a - h)) / 2h for each entry of one of the arrays that f takes."""
    slopes, h = np.zeros_like(numbers[which]), 1e-4
    for place in np.ndindex(slopes.shape):
        values = []
        for step in (h, -h):
            moved = [number.copy() for number in numbers]
            moved[which][place] += step
            values.append(function(*moved))
        slopes[place] = (values[0] - values[1]) / (2 * h)
    return slopes


y.sum().backward()
moved = differences(lambda a: F.conv2d(te.tensor(a), W).sum().item(), (x.numpy(),))
wanted = np.array([[1, 2, 2, 1], [2, 4, 4, 2], [2, 4, 4, 2], [1, 2, 2, 1]])
lesson.expect("∂L/∂x by hand", one_line(slope), one_line(wanted))
lesson.expect("∂L/∂x by autograd", one_line(x.grad.numpy()[0, 0]), one_line(wanted))
error = np.abs(moved[0, 0] - wanted).max()
lesson.expect("∂L/∂x by differences, largest error", error, below=1e-8)

# %% [markdown]
# ## 4. Which way round?
#
# In mathematics the word convolution means something else: there the kernel is first turned by half
# a turn, top to bottom and left to right. What all deep learning libraries compute has another name
# in mathematics, cross-correlation (互相关):
#
# - cross-correlation: `y[r, c] = Σ x[r + i, c + j] · W[i, j]`
# - convolution: `y[r, c] = Σ x[r - i, c - j] · W[i, j]`
#
# With a kernel of ones you cannot see it. So we take the kernel 1 to 9, and an image that is 0 but
# for one pixel 1 in the middle. The mathematicians' convolution copies the kernel to that place.
# The cross-correlation shows it turned round.

# %%
lesson.heading("4. Which way round?")
point = np.zeros((1, 1, 5, 5))
point[0, 0, 2, 2] = 1
count = np.arange(1.0, 10).reshape((1, 1, 3, 3))
turned = np.ascontiguousarray(count[:, :, ::-1, ::-1])


def conv(x: np.ndarray, W: np.ndarray, *rest: Any, **how: Any) -> np.ndarray:
    """F.conv2d from arrays to an array."""
    return F.conv2d(te.tensor(x), te.tensor(W), *rest, **how).numpy()


print("kernel                          ", one_line(count[0, 0]))
print("conv2d of the point             ", one_line(conv(point, count)[0, 0]))
print("conv2d with the kernel turned   ", one_line(conv(point, turned)[0, 0]))
lesson.expect(
    "conv2d of a point: the kernel, turned",
    one_line(conv(point, count)[0, 0]),
    one_line(turned[0, 0]),
)
lesson.expect(
    "with the kernel turned: the kernel", one_line(conv(point, turned)[0, 0]), one_line(count[0, 0])
)

# %% [markdown]
# A second check. The Fourier transform (傅里叶变换) turns the mathematicians' convolution into a
# plain product. So NumPy's `fft2` can compute it without any window. `np.convolve`, along one axis,
# also turns the kernel.

# %%
noise, any_kernel = random.normal(size=(5, 5)), random.normal(size=(3, 3))
fourier = np.fft.fft2(noise, (7, 7)) * np.fft.fft2(any_kernel, (7, 7))  # 5 + 3 - 1 = 7: no wrapping
by_fourier = np.fft.ifft2(fourier).real
by_library = conv(noise[None, None], any_kernel[None, None, ::-1, ::-1].copy(), padding=2)[0, 0]
lesson.expect("turned kernel - Fourier", np.abs(by_library - by_fourier).max(), 0, 1e-12)
row, weights = te.tensor([[[1.0, 2, 3, 4]]]), te.tensor([[[1.0, 10, 100]]])
by_numpy = np.convolve([1.0, 2, 3, 4], [1.0, 10, 100]).tolist()
by_conv1d = F.conv1d(row, weights.flip(2), padding=2).numpy()[0, 0].tolist()
lesson.expect("conv1d, turned, against np.convolve", by_conv1d, by_numpy)

# %% [markdown]
# Does it matter? A layer learns its kernel, and it learns the turned one just as easily (section
# 11). But it matters when you take a kernel from a book or from another program.

# %% [markdown]
# ## 5. Channels
#
# A colour image has three **channels** (通道): red, green and blue. A kernel has a 3 × 3 matrix for
# each of them. All products are added, over all channels: three maps go in, one comes out. A layer
# has several kernels, and each gives a map of its own. And each has one **bias** (偏置), added to
# every number of its map:
#
# `y[n, o, r, c] = b[o] + Σ x[n, k, r + i, c + j] · W[o, k, i, j]`, the sum over k, i and j
#
# Here n is the image in the batch, o the output channel (输出通道), k the input channel (输入通道).
# So W has the shape (out, in, rows, columns). We compute one number of the first layer of the
# listing, 3 channels to 32, channel by channel.

# %%
lesson.heading("5. Channels")
pictures = te.data.emoji()
pixels = pictures.test_images[:2].astype(float)  # (2, 3, 32, 32), from 0 to 255
colour = 1 - pixels / 255
layer = nn.Conv2d(3, 32, 3)
nn.init.normal_(layer.bias)  # it starts as zeros, where nothing could be seen
with te.no_grad():
    maps = layer(te.asarray(colour.astype("float32"))).numpy()
weight, bias = layer.weight.numpy(), layer.bias.numpy()
print("images", colour.shape, " weight", weight.shape, " bias", bias.shape, " result", maps.shape)
n, o, r, c = 1, 5, 16, 16
parts = [(colour[n, k, r : r + 3, c : c + 3] * weight[o, k]).sum() for k in range(3)]
for name, part in zip(("red", "green", "blue"), parts, strict=True):
    print(f"{name:6} {part:9.6f}")
print(f"bias   {bias[o]:9.6f}\nsum    {sum(parts) + bias[o]:9.6f}")
lesson.expect("one number of the map", maps[n, o, r, c], sum(parts) + bias[o], tolerance=1e-5)
lesson.expect("parameters: 32 · 3 · 3 · 3 + 32", sum(p.size for p in layer.parameters()), 896)

# %% [markdown]
# Why divide by 255? Document 001 §4.3.1 asks for pixels between 0 and 1, and the listing does so.
# **Verdict: right.** A convolution without its bias is linear. So pixels that are 255 times larger
# make a map that is 255 times larger, and each following layer inherits that. (Here we also took
# 1 - x / 255: still from 0 to 1, but white is 0, which costs nothing to add up.)

# %%
kernels = weight.astype(float)
apart = conv(pixels, kernels) - 255 * conv(pixels / 255, kernels)
print(f"pixels {pixels.min():.0f} to {pixels.max():.0f}, / 255: ", end="")
print(f"{(pixels / 255).min():.2f} to {(pixels / 255).max():.2f}")
lesson.expect("map of x - 255 · map of x / 255", np.abs(apart).max(), 0, tolerance=1e-9)
lesson.expect("largest x / 255", (pixels / 255).max(), 1)

# %% [markdown]
# The listing says `input_shape=(32, 32, 3)`: Keras puts the channels **last**. This library puts
# them second, as PyTorch does. Both are conventions, and neither is wrong. But images in the other
# order do not fit, and the layer says so:

# %%
lesson.expect_error(
    "images as Keras has them",
    ValueError,
    lambda: layer(te.asarray(colour.transpose((0, 2, 3, 1)).astype("float32"))),
    says="x.transpose(0, 3, 1, 2)",
)

# %% [markdown]
# ## 6. Stride, padding, dilation
#
# Three numbers change how the window goes.
#
# - **Stride** s (步幅): the window moves s pixels at a time. The listing leaves it at 1.
# - **Padding** p (填充): p rows and columns of zeros are put on each side first. The listing has
#   none: in Keras that is called `'valid'`.
# - **Dilation** d (空洞): the entries of the kernel lie d pixels apart. A kernel of k entries then
#   reaches over `d (k - 1) + 1` pixels.
#
# How many places are there along a side of n pixels? The first place is at the border. From there
# the window can go on while it ends inside. With ⌊ ⌋ for rounding down (in this section n counts
# pixels and k the entries of a kernel along a side; in section 5 they were image and channel):
#
# `size = ⌊(n + 2p - d (k - 1) - 1) / s⌋ + 1`
#
# The rounding down means that pixels at the end may never be seen. We check the formula on a table
# of cases: by counting the windows one by one, and by the shape that the library gives.


# %%
def output_size(n: int, k: int, s: int = 1, p: int = 0, d: int = 1) -> int:
    """⌊(n + 2p - d (k - 1) - 1) / s⌋ + 1 places along one side."""
    return (n + 2 * p - d * (k - 1) - 1) // s + 1


def counted(n: int, k: int, s: int, p: int, d: int) -> int:
    """The places where all entries of the kernel are inside, counted."""
    inside = range(n + 2 * p)
    return sum(all(start + d * i in inside for i in range(k)) for start in range(0, n + 2 * p, s))


lesson.heading("6. Stride, padding, dilation")
CASES = [  # what it is, n, k, s, p, d
    ("first layer of the listing", 32, 3, 1, 0, 1),
    ("second", 15, 3, 1, 0, 1),
    ("third", 6, 3, 1, 0, 1),
    ("pooling of 30", 30, 2, 2, 0, 1),
    ("pooling of 13 drops the last", 13, 2, 2, 0, 1),
    ("padding 1 keeps the size", 32, 3, 1, 1, 1),
    ("stride 2", 28, 3, 2, 1, 1),
    ("dilation 2", 28, 3, 1, 0, 2),
    ("all three", 17, 3, 3, 2, 2),
    ("one window", 5, 5, 1, 0, 1),
    ("kernel of one", 9, 1, 4, 0, 1),
]
rows, agree = [], []
for name, n, k, s, p, d in CASES:
    shape = conv(np.zeros((1, 1, n, n)), np.zeros((1, 1, k, k)), None, s, p, d).shape
    sizes = output_size(n, k, s, p, d), counted(n, k, s, p, d), shape[2]
    agree.append(len(set(sizes)) == 1)
    rows.append((name, n, k, s, p, d, *sizes))
lesson.table(["", "n", "k", "s", "p", "d", "formula", "counted", "library"], rows)
lesson.expect("cases where all three agree", sum(agree), len(CASES))
lesson.expect("13 pixels in pairs", output_size(13, 2, s=2), 6)
lesson.expect_error(
    "a window larger than the image",
    ValueError,
    lambda: conv(np.zeros((1, 1, 4, 4)), np.zeros((1, 1, 3, 3)), dilation=2),
    says="a window of 5 × 5 does not fit",
)

# %% [markdown]
# ## 7. Three ways to compute it
#
# **The loop over windows** is the formula, word for word. For each number of the result, take the
# window, multiply, add. Easy to read, and slow, because Python goes round once for each number.


# %%
def bordered(x: np.ndarray, padding: int) -> np.ndarray:
    """Images (N, channels, H, W) with a border of zeros."""
    return np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))


def places(first: int, entries: int, step: int) -> slice:
    """So many places of an axis, each `step` after the one before."""
    return slice(first, first + step * (entries - 1) + 1, step)


def by_windows(x, W, b, stride=1, padding=0, dilation=1):
    """The convolution, one number of the result after the other."""
    x, (out, _, height, width) = bordered(x, padding), W.shape
    rows = output_size(x.shape[2], height, stride, d=dilation)
    columns = output_size(x.shape[3], width, stride, d=dilation)
    y = np.empty((len(x), out, rows, columns))
    for n, o, r, c in np.ndindex(y.shape):
        down, right = places(r * stride, height, dilation), places(c * stride, width, dilation)
        y[n, o, r, c] = (x[n, :, down, right] * W[o]).sum() + b[o]  # (in, height, width)
    return y


# %% [markdown]
# **The loop over the kernel** turns this inside out. A 3 × 3 kernel has only nine entries. Take one
# of them, i and j. Which pixels does it meet, while the window slides? All pixels of the image,
# shifted by i rows and j columns. So nine times a whole image is multiplied by one entry of the
# kernel, and added. The channels are mixed in the same step, by a sum over k.


# %%
def by_offsets(x, W, b, stride=1, padding=0, dilation=1):
    """The convolution, one entry of the kernel after the other."""
    x, (out, _, height, width) = bordered(x, padding), W.shape
    rows = output_size(x.shape[2], height, stride, d=dilation)
    columns = output_size(x.shape[3], width, stride, d=dilation)
    y = np.zeros((len(x), out, rows, columns))
    for i, j in np.ndindex(height, width):
        down, right = places(i * dilation, rows, stride), places(j * dilation, columns, stride)
        met = x[:, :, down, right]  # (N, in, rows, columns)
        y += np.einsum("nkrc,ok->norc", met, W[:, :, i, j])
    return y + b[:, None, None]


# %% [markdown]
# **One matrix product.** Write each window as one row of a large matrix: `in · 3 · 3` numbers.
# Write each kernel as a column. Then all windows meet all kernels in a single product, and matrix
# products are what computers do fastest. This is called im2col, "image to columns". The price is
# memory: a pixel stands in up to nine rows.


# %%
def by_matrix(x, W, b, stride=1, padding=0, dilation=1):
    """The convolution as one product: windows (N · rows · columns, in · k · k) times kernels."""
    x, (out, _, height, width) = bordered(x, padding), W.shape
    rows = output_size(x.shape[2], height, stride, d=dilation)
    columns = output_size(x.shape[3], width, stride, d=dilation)
    windows = [
        x[:, :, places(r * stride, height, dilation), places(c * stride, width, dilation)]
        for r, c in np.ndindex(rows, columns)
    ]  # each (N, in, height, width)
    matrix = np.stack(windows, axis=1).reshape((len(x) * rows * columns, -1))
    y = matrix @ W.reshape((out, -1)).T + b  # (N · rows · columns, out)
    return y.reshape((len(x), rows, columns, out)).transpose((0, 3, 1, 2))


# %% [markdown]
# All have to give the same numbers. The library has two of them as well: `looped_conv2d` is the
# loop over the kernel, kept as the readable form, and `F.conv2d` is the matrix product.

# %%
lesson.heading("7. Three ways to compute it")
x, W = random.normal(size=(4, 3, 14, 12)), random.normal(size=(8, 3, 3, 2))
b = random.normal(size=8)
WAYS = {"over windows": by_windows, "over the kernel": by_offsets, "matrix product": by_matrix}


def looped(x, W, b, stride=1, padding=0, dilation=1):
    """The library's readable form."""
    how = {"stride": (stride,) * 2, "padding": (padding,) * 2, "dilation": (dilation,) * 2}
    return looped_conv2d(te.tensor(x), te.tensor(W), **how).numpy() + b[:, None, None]


worst, rows = 0.0, []
for stride, padding, dilation in ((1, 0, 1), (2, 0, 1), (1, 1, 1), (1, 0, 2), (3, 2, 2)):
    how = {"stride": stride, "padding": padding, "dilation": dilation}
    right = conv(x, W, te.tensor(b), **how)
    apart = [np.abs(way(x, W, b, **how) - right).max() for way in (*WAYS.values(), looped)]
    rows.append((stride, padding, dilation, right.shape, *(f"{error:.0e}" for error in apart)))
    worst = max(worst, *apart)
header = ["stride", "padding", "dilation", "result", *WAYS, "looped_conv2d"]
lesson.table(header, rows)
lesson.expect("all ways against F.conv2d, largest difference", worst, 0, tolerance=1e-12)


def milliseconds(way: Callable[..., Any]) -> float:
    """The shortest of several runs."""
    times = []
    for _ in range(5):
        began = time.perf_counter()
        way(x, W, b)
        times.append(time.perf_counter() - began)
    return 1000 * min(times)


x, W, b = random.normal(size=(8, 3, 16, 16)), random.normal(size=(8, 3, 3, 3)), np.zeros(8)
ways = {**WAYS, "F.conv2d": lambda x, W, b: conv(x, W, te.tensor(b))}
times = {name: milliseconds(way) for name, way in ways.items()}
lesson.table(
    ["8 images, 3 → 8 channels", "ms", "times F.conv2d"],
    [(name, f"{ms:.2f}", f"{ms / times['F.conv2d']:.1f}") for name, ms in times.items()],
)

# %% [markdown]
# Our matrix product still has a Python loop, to collect the windows. So it need not be faster than
# the loop over the kernel, which goes round only nine times. The library collects the windows
# without a loop: NumPy can look at the same memory as if the windows stood side by side.

# %% [markdown]
# ## 8. Gradients by hand
#
# Backward (反向传播), with `g = ∂L/∂y`. Read the formula of section 5 again. Each gradient follows
# from one question: where does this number come in, and what stands beside it?
#
# - `b[o]` is in every number of map o, and nothing stands beside it:
#   `∂L/∂b[o] = Σ g[n, o, r, c]`, the sum over n, r and c.
# - `W[o, k, i, j]` is in the same numbers, times the pixel that it met there:
#   `∂L/∂W[o, k, i, j] = Σ g[n, o, r, c] · x[n, k, r + i, c + j]`, over n, r and c.
# - A pixel is in each window that saw it, times the entry that lay on it, as in section 3:
#   `∂L/∂x[n, k, r + i, c + j] += Σ g[n, o, r, c] · W[o, k, i, j]`, over o.
#
# So the gradient of W is the image, seen by windows of the size of g. In code it is the loop over
# the kernel of section 7, line for line. First we try it on the small image, with the kernel 1 to 9
# of section 4.


# %%
def backward(x, W, g, stride=1, padding=0, dilation=1):
    """∂L/∂x, ∂L/∂W and ∂L/∂b of a convolution, from g = ∂L/∂y."""
    seen, (rows, columns) = bordered(x, padding), g.shape[2:]
    dx, dW = np.zeros_like(seen), np.zeros_like(W)
    for i, j in np.ndindex(W.shape[2:]):
        down, right = places(i * dilation, rows, stride), places(j * dilation, columns, stride)
        dW[:, :, i, j] = np.einsum("norc,nkrc->ok", g, seen[:, :, down, right])
        dx[:, :, down, right] += np.einsum("norc,ok->nkrc", g, W[:, :, i, j])
    inside = slice(padding, padding + x.shape[2]), slice(padding, padding + x.shape[3])
    return dx[:, :, *inside], dW, g.sum(axis=(0, 2, 3))


lesson.heading("8. Gradients by hand")
g = np.array([[1.0, 2], [3, 4]])
dx, dW, db = backward(image[None, None], count, g[None, None])
print("g      ", one_line(g))
print("∂L/∂b  ", one_line(db[None]), "  the sum of g")
print("∂L/∂W  ", one_line(dW[0, 0]), "  its first entry is 1 · 0 + 2 · 1 + 3 · 4 + 4 · 5")
print("∂L/∂x  ", one_line(dx[0, 0]), "  its first entry is 1 · 1")
# One pixel to the right, x is larger by 1; one row down, by 4. And the sum of g is 10.
lesson.expect("∂L/∂W by hand", one_line(dW[0, 0]), one_line(34 + 10 * image[:3, :3]))

# %% [markdown]
# Now the same with several images, channels and kernels, with stride, padding and dilation, and
# with random numbers. Each gradient is computed in three ways, and the table shows how far apart
# they are.


# %%
def weighted_sum(
    g: np.ndarray, how: dict[str, int], x: np.ndarray, W: np.ndarray, b: np.ndarray
) -> float:
    """L = Σ g y, whose gradient for y is g."""
    return float((g * conv(x, W, te.tensor(b), **how)).sum())


numbers = random.normal(size=(2, 3, 6, 5)), random.normal(size=(4, 3, 3, 2)), random.normal(size=4)
names = "∂L/∂x", "∂L/∂W", "∂L/∂b"
rows, by_autograd, by_differences = [], 0.0, 0.0
for stride, padding, dilation in ((1, 0, 1), (2, 1, 1), (1, 1, 2)):
    how = {"stride": stride, "padding": padding, "dilation": dilation}
    x, W, b = (te.tensor(value, requires_grad=True) for value in numbers)
    y = F.conv2d(x, W, b, **how)
    g = random.normal(size=y.shape)  # any gradient may come from behind
    hand = backward(numbers[0], numbers[1], g, **how)
    auto = te.grad(y, [x, W, b], grad_output=te.tensor(g))
    for i, name in enumerate(names):
        slopes = differences(partial(weighted_sum, g, how), numbers, i)
        errors = [np.abs(hand[i] - other).max() for other in (auto[i].numpy(), slopes)]
        rows.append((name, stride, padding, dilation, *(f"{error:.0e}" for error in errors)))
        by_autograd, by_differences = max(by_autograd, errors[0]), max(by_differences, errors[1])
lesson.table(["", "stride", "padding", "dilation", "hand - autograd", "hand - differences"], rows)
lesson.expect("by hand against autograd, largest", by_autograd, 0, tolerance=1e-12)
lesson.expect("by hand against differences, largest", by_differences, below=1e-8)

# %% [markdown]
# One more thing, for stride 1. The gradient of the image is itself a convolution: put a border of
# zeros around g, turn the kernels by half a turn, exchange their input and output channels, and
# slide. So the way back of a cross-correlation is the mathematicians' convolution of section 4.

# %%
x, W, _ = numbers
g = random.normal(size=(2, 4, 4, 4))
padded = np.pad(g, ((0, 0), (0, 0), (2, 2), (1, 1)))  # kernel size - 1 on each side
by_turning = conv(padded, W[:, :, ::-1, ::-1].transpose((1, 0, 2, 3)).copy())
lesson.expect("∂L/∂x as a convolution", np.abs(by_turning - backward(x, W, g)[0]).max(), 0, 1e-12)

# %% [markdown]
# ## 9. Max pooling
#
# Max pooling (最大池化) also has a window, but no parameters: it keeps the **largest** entry. The
# listing uses windows of 2 × 2 with stride 2, so they do not overlap. Rows and columns become half
# as many, and the next layer has a quarter of the work. Each channel is pooled on its own.
#
# The gradient goes back to the pixel that the value came from, and to no other: if any other pixel
# moves a little, the largest stays what it is.


# %%
def max_pool(x: np.ndarray, size: int = 2) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """The largest entry of each window of an image (H, W), and the pixel each came from."""
    rows, columns = x.shape[0] // size, x.shape[1] // size
    y, origins = np.empty((rows, columns)), []
    for r, c in np.ndindex(rows, columns):
        seen = x[r * size : (r + 1) * size, c * size : (c + 1) * size]
        i, j = divmod(int(seen.argmax()), size)  # argmax gives the first of the largest
        y[r, c] = seen[i, j]
        origins.append((r * size + i, c * size + j))
    return y, origins


def pool_slope(image: np.ndarray, g: np.ndarray, pool: Any = F.max_pool2d) -> np.ndarray:
    """The gradient for one image (H, W), by autograd, from g = ∂L/∂y."""
    x = te.tensor(image[None, None], requires_grad=True)
    return te.grad(pool(x, 2), [x], grad_output=te.tensor(g[None, None]))[0].numpy()[0, 0]


lesson.heading("9. Max pooling")
pooled, origins = max_pool(image)
for value, origin in zip(pooled.flat, origins, strict=True):
    print(f"{value:3.0f} comes from the pixel {origin}")
by_library = F.max_pool2d(te.tensor(image[None, None]), 2).numpy()[0, 0]
lesson.expect("2 × 2 pooling of 0 … 15", one_line(pooled), "5 7 | 13 15")
lesson.expect("by the library", one_line(by_library), one_line(pooled))
marks = np.zeros((4, 4))
for origin in origins:
    marks[origin] = 1
slope = pool_slope(image, np.ones((2, 2)))
lesson.expect("its gradient is 1 at these pixels only", one_line(slope), one_line(marks))

# %% [markdown]
# **Ties.** What if two pixels of a window are the largest? Then the maximum has a corner at this
# place, and no derivative. One has to choose, and this library gives the whole gradient to the
# **first** of them, row by row. Differences choose otherwise: if one of the two goes up, the
# maximum goes up; if it goes down, the other one holds it. So they give each of them one half.

# %%
tied = np.array([[1.0, 3, 2, 0], [4, 2, 9, 5], [7, 7, 0, 6], [1, 0, 8, 2]])
upstream = np.array([[10.0, 20], [30, 40]])
pooled, origins = max_pool(tied)
by_hand = np.zeros((4, 4))
for origin, value in zip(origins, upstream.flat, strict=True):
    by_hand[origin] += value
moved = differences(
    lambda a: (upstream * F.max_pool2d(te.tensor(a[None, None]), 2).numpy()[0, 0]).sum(), (tied,)
)
slope = pool_slope(tied, upstream)
print("a window with two sevens:   ", one_line(tied[2:, :2]))
print("its gradient by autograd:   ", one_line(slope[2:, :2]))
print("its gradient by differences:", one_line(np.rint(moved[2:, :2])))
halved = np.abs(moved[2:, :2] - [[15, 15], [0, 0]]).max()
lesson.expect("origins by hand = gradient by autograd", one_line(slope), one_line(by_hand))
lesson.expect("tie: all to the first", one_line(slope[2:, :2]), "30 0 | 0 0")
lesson.expect("tie: differences halve it", halved, 0, tolerance=1e-6)

figure, axis = lesson.figure(size=(14, 4.2))
mask = by_hand > 0
pooled_mask = np.ones((2, 2), bool)
draw_cells(axis, tied, 0, 0, mask)
draw_cells(axis, pooled, 6, 1, pooled_mask)
draw_cells(axis, upstream, 10, 1, pooled_mask)
draw_cells(axis, by_hand, 14, 0, mask)
for r, c in np.ndindex(2, 2):
    draw_frame(axis, 2 * c, 2 * r, 2)
    draw_frame(axis, 14 + 2 * c, 2 * r, 2)
for start in (4.3, 12.3):
    axis.annotate("", (start + 1.4, 2), (start, 2), arrowprops=arrow)
for place, label in ((2, "image"), (7, "largest"), (11, "∂L/∂y"), (16, "∂L/∂x")):
    axis.text(place, -0.4, label, ha="center", fontsize=20)
axis.set(xlim=(-0.1, 18.1), ylim=(4.1, -1.1), aspect="equal")
axis.axis("off")
lesson.save_figure("pooling")

# %% [markdown]
# In the picture the blue pixels are the origins. From left to right: forward, and then backward.
#
# **A dropped row.** In the listing, a map of 13 × 13 is pooled. Thirteen is odd. The last row and
# the last column have no partner, no window sees them, and they are lost: 6 × 6 is left.

# %%
odd = random.normal(size=(13, 13))
unseen = pool_slope(odd, np.ones((6, 6)))
seen = np.zeros((13, 13), bool)
seen[:12, :12] = True
print(f"{(~seen).sum()} of {seen.size} numbers are not seen by any window, ", end="")
print(f"{100 * (~seen).mean():.1f} percent")
lesson.expect("13 × 13 pooled", max_pool(odd)[0].shape, (6, 6))
lesson.expect("gradient of the last row and column", np.abs(unseen[~seen]).max(), 0)
lesson.expect("pixels that a gradient reaches", (unseen != 0).sum(), 36)

# %% [markdown]
# **Average pooling** (平均池化) takes the mean of the window. Each of its four pixels gets a
# quarter of the gradient. It is a convolution in disguise: the kernel has four entries 1/4, with
# stride 2.
#
# **Global average pooling** (全局平均池化) takes the mean of a whole map: one number for each
# channel, whatever the size of the image.

# %%
x = te.tensor(image[None, None])
average = F.avg_pool2d(x, 2).numpy()[0, 0]
disguised = conv(image[None, None], np.full((1, 1, 2, 2), 0.25), stride=2)[0, 0]
print("average pooling:", one_line(average), "  global:", nn.GlobalAvgPool2d()(x).item())
lesson.expect("average pooling of 0 … 15", one_line(average), "2.5 4.5 | 10.5 12.5")
lesson.expect("as a convolution", np.abs(disguised - average).max(), 0, tolerance=1e-12)
quarters = pool_slope(image, upstream, F.avg_pool2d)
wanted = np.kron(upstream, np.full((2, 2), 0.25))
lesson.expect("gradient: a quarter for each", one_line(quarters), one_line(wanted))
lesson.expect("global average", nn.GlobalAvgPool2d()(x).item(), 7.5)
for side in (4, 7, 32):
    shape = nn.GlobalAvgPool2d()(te.tensor(np.zeros((2, 5, side, side)))).shape
    lesson.expect(f"global average of 5 maps of {side} × {side}", shape, (2, 5))

# %% [markdown]
# ## 10. Edge filters
#
# What is a kernel good for? Sobel's kernels (Sobel 算子) are more than fifty years old. The first
# takes the pixels on the right minus those on the left. Where the image is even, the two sides
# cancel. Where it changes from left to right, there is a vertical edge (边缘), and the result is
# large. The second, its transpose, finds changes from top to bottom. The strength of an edge is
# `√(across² + down²)`.
#
# We try it on a real digit and on a real colour picture. For the colour picture the kernel has
# three channels, each a third of Sobel's: it looks at the mean of red, green and blue. In both,
# white is 0, so that the zeros of the padding look like more paper.

# %%
lesson.heading("10. Edge filters")
SOBEL = np.array([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
filters = np.stack([SOBEL, SOBEL.T])[:, None]  # (2, 1, 3, 3)
print("across:", one_line(SOBEL), "\ndown:  ", one_line(SOBEL.T))
flat = conv(np.full((1, 1, 5, 5), 0.7), filters)
ramp = np.tile(np.arange(5.0), (5, 1))[None, None]  # grows by 1 from column to column
across, down = conv(ramp, filters)[0]
lesson.expect("an even image has no edges", np.abs(flat).max(), 0, tolerance=1e-12)
lesson.expect("a ramp: across is 8 everywhere", np.unique(across).tolist(), [8])
lesson.expect("a ramp: down is 0 everywhere", np.unique(down).tolist(), [0])

digits = te.data.mnist()
digit = digits.test_images[np.flatnonzero(digits.test_labels == 4)[2]] / 255  # (28, 28)
bus = 1 - pictures.test_images[31] / 255  # (3, 32, 32)
found = [  # what to show, its colours, and the two maps, as large as the image
    (1 - digit, "gray", conv(digit[None, None], filters, padding=1)[0]),
    (
        1 - bus.transpose((1, 2, 0)),
        None,
        conv(bus[None], np.repeat(filters, 3, axis=1) / 3, padding=1)[0],
    ),
]
figure, axes = lesson.figure(2, 4, size=(14, 7.6))
for (left, *others), (picture, colours, (across, down)) in zip(axes, found, strict=True):
    left.imshow(picture, cmap=colours, vmin=0, vmax=1)
    strength = np.sqrt(across**2 + down**2)
    limit = strength.max()
    for axis, values in zip(others, (across, down), strict=False):
        axis.imshow(values, "PuOr_r", vmin=-limit, vmax=limit)
    others[2].imshow(strength, "gray_r", vmin=0, vmax=limit)
    print(f"strongest edge {limit:.2f}")
for axis in axes.flat:
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set_visible(False)
for axis, title in zip(axes[0], ("image", "across", "down", "strength"), strict=True):
    axis.set_title(title)
lesson.save_figure("edges")

# %% [markdown]
# In the two middle columns, orange means that it gets darker in this direction, purple that it gets
# lighter. A stroke has an edge of each kind, one on either side.

# %% [markdown]
# ## 11. A kernel that is learned
#
# Nobody writes down the kernels of the listing. They start as random numbers, and are learned. Can
# a layer find Sobel's kernel? We give it digits x, and as the wanted answers t the edges of these
# digits. It never sees the kernel. To keep the library's own convolution out of t, we make it with
# the mathematicians' convolution, by Fourier, as in section 4. The loss is the mean squared error
# (均方误差) between the layer's map and t.

# %%
lesson.heading("11. A kernel that is learned")
sources = digits.train_images[:512] / 255  # (512, 28, 28)
fourier = np.fft.fft2(sources, (30, 30)) * np.fft.fft2(SOBEL, (30, 30))
edges = np.fft.ifft2(fourier).real[:, 2:28, 2:28]  # where the kernel is wholly inside
train_x = te.asarray(sources[:, None].astype("float32"))  # (512, 1, 28, 28)
train_t = te.asarray(edges[:, None].astype("float32"))  # (512, 1, 26, 26)

te.manual_seed(options.seed)
learner = nn.Conv2d(1, 1, 3)
optimizer = te.optim.Adam(learner.parameters(), lr=0.2)
batches = te.data.DataLoader((train_x, train_t), batch_size=32, shuffle=True)
epochs = 10 if options.quick else 20
print("kernel at the start:", one_line(learner.weight.numpy()[0, 0], ".2f"))
history = []
bar = lesson.progress(range(1, epochs + 1), "epochs")
for epoch in bar:
    total_loss, seen = 0.0, 0
    for x, t in batches:
        loss = F.mse_loss(learner(x), t)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total_loss += loss.item() * len(x)
        seen += len(x)
    bar.set_postfix_str(f"loss {total_loss / seen:.1e}", refresh=False)
    history.append((epoch, total_loss / seen))
lesson.table(["epoch", "loss"], [(epoch, f"{loss:.1e}") for epoch, loss in history])
learned = learner.weight.numpy()[0, 0]
print("kernel at the end:  ", one_line(learned, ".2f"))
# Measured with the seeds 0 to 4. There is nothing random in t, so the kernel can be found exactly.
MEASURED = [  # mode, loss of the last epoch, asked, largest error of the kernel, asked
    ("quick: 10 epochs", (7.9e-8, 4.5e-7), 1e-4, (3.3e-4, 3.4e-3), 0.05),
    ("20 epochs", (8.6e-15, 3.6e-14), 1e-8, (1.7e-7, 7.2e-7), 1e-3),
]
lesson.table(
    ["run", "loss", "below", "error of the kernel", "below"],
    [
        (mode, f"{a:.1e} to {b:.1e}", loss, f"{c:.1e} to {d:.1e}", error)
        for mode, (a, b), loss, (c, d), error in MEASURED
    ],
)
_, _, largest_loss, _, largest_error = MEASURED[not options.quick]
error = np.abs(learned - SOBEL[::-1, ::-1]).max()
lesson.expect("loss of the last epoch", history[-1][1], below=largest_loss)
lesson.expect("learned kernel - Sobel's, turned round", error, below=largest_error)
lesson.expect("learned kernel - Sobel's, not turned", np.abs(learned - SOBEL).max(), above=3)

# %% [markdown]
# The layer has found the kernel, turned by half a turn: it computes a cross-correlation, so it
# needs the turned kernel to do what the mathematicians' convolution did. It does not care which way
# round.

# %% [markdown]
# ## 12. A shifted image
#
# The same kernel is used at every place. So if the image moves, its map moves with it, by the same
# number of pixels. Nothing else changes. This is called **equivariance** (平移等变性).
#
# Often one reads that pooling makes a network **invariant** (平移不变性): that a small shift does
# not change its result at all. We measure it on real digits, with Sobel's two kernels and ReLU:
#
# `change = |map of the shifted image - map| / |map|`
#
# where |…| is the root of the sum of squares. If two maps are equally large and share no pixel, it
# is √2.

# %%
lesson.heading("12. A shifted image")
many = np.pad(digits.test_images[:200] / 255, ((0, 0), (4, 4), (4, 4)))[:, None]  # room to move


def shifted(images: np.ndarray, down: int, right: int) -> np.ndarray:
    """Each image moved, with zeros where it came from."""
    moved = np.zeros_like(images)
    height, width = images.shape[2:]
    moved[:, :, down:, right:] = images[:, :, : height - down, : width - right]
    return moved


def features(images: np.ndarray) -> te.Tensor:
    """ReLU of Sobel's two maps, as large as the images: (N, 2, 36, 36)."""
    return F.relu(F.conv2d(te.tensor(images), te.tensor(filters), padding=1))


def change(a: te.Tensor, b: te.Tensor) -> float:
    """|b - a| / |a|."""
    return float(np.linalg.norm(b.numpy() - a.numpy()) / np.linalg.norm(a.numpy()))


still = features(many)
apart = features(shifted(many, 2, 3)).numpy() - shifted(still.numpy(), 2, 3)
lesson.expect("shift, then map - map, then shift", np.abs(apart).max(), 0, tolerance=1e-12)
POOLINGS = {
    "no pooling": lambda maps: maps,
    "2 × 2": lambda maps: F.max_pool2d(maps, 2),
    "4 × 4": lambda maps: F.max_pool2d(maps, 4),
    "12 × 12": lambda maps: F.max_pool2d(maps, 12),
    "the whole map": lambda maps: F.max_pool2d(maps, 36),
}
shifts = range(5)
moved_maps = [features(shifted(many, 0, shift)) for shift in shifts]
changes = {
    name: [change(pool(still), pool(m)) for m in moved_maps] for name, pool in POOLINGS.items()
}
lesson.table(
    ["max pooling", *(f"shift {shift}" for shift in shifts)],
    [(name, *(f"{value:.3f}" for value in line)) for name, line in changes.items()],
)
pooled_still, pooled_moved = (F.max_pool2d(maps, 2).numpy() for maps in (still, moved_maps[1]))
kept = (pooled_still == pooled_moved)[pooled_still > 0].mean()
print(f"2 × 2, one pixel: {100 * kept:.0f} percent of the positive values stay as they are")
by_two = F.max_pool2d(moved_maps[2], 2).numpy() - shifted(pooled_still, 0, 1)
lesson.expect("2 pixels = 1 pixel of the pooled map", np.abs(by_two).max(), 0, tolerance=1e-12)
lesson.expect("no pooling, one pixel", changes["no pooling"][1], above=0.70, below=0.73)
lesson.expect("2 × 2, one pixel", changes["2 × 2"][1], above=0.52, below=0.55)
lesson.expect("values that stay as they are", kept, above=0.2, below=0.22)
lesson.expect("the whole map, 4 pixels", changes["the whole map"][4], 0, tolerance=1e-12)

figure, axis = lesson.figure(size=(11, 6))
for (name, line), marker in zip(changes.items(), "os^Dv", strict=True):
    axis.plot(shifts, line, f"{marker}-", label=name)
axis.set(xticks=shifts, xlabel="shift of the image in pixels", ylabel="change of the pooled map")
axis.legend(title="max pooling", loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
lesson.save_figure("shift")

# %% [markdown]
# So the honest answer is: **only roughly**. With 2 × 2 pooling, a shift of one pixel still changes
# the map by about half its size, and only one value in five stays as it is. A larger window helps
# more, and forgets more of where things are. Only the maximum of the whole map does not change at
# all, and it knows nothing of the place. What pooling is exactly: a shift by two pixels before it
# is a shift by one after it.

# %% [markdown]
# ## 13. Why a dense layer needs so many more
#
# A convolution is a dense layer (lesson 10) with two rules. First, each output is connected only
# with the pixels of its window; all other weights are 0. Second, all places share the same weights.
# To see it, we take the kernel 1 to 9 and write its convolution as the dense layer `x M` that it
# is: 16 pixels in, 4 numbers out. Each line that is printed is a column of M, the weights of one
# output.

# %%
lesson.heading("13. Why a dense layer needs so many more")
units = np.eye(16).reshape((16, 1, 4, 4))  # image i has a 1 at pixel i
matrix = conv(units, count).reshape((16, 4))  # (pixels, outputs)
for weights in matrix.T:
    print(" ".join(f"{weight:2.0f}" for weight in weights))
as_dense = image.reshape(16) @ matrix
lesson.expect("x M - conv2d(x)", np.abs(as_dense - conv(image[None, None], count).ravel()).max(), 0)
lesson.expect("weights that are not 0, of 64", np.count_nonzero(matrix), 36)
lesson.expect("different numbers among them", len(np.unique(matrix[matrix != 0])), 9)

# %% [markdown]
# Now the first layer of the listing. It takes 3 · 32 · 32 numbers and gives 32 · 30 · 30. How many
# parameters (参数) would a dense layer need for that? And one that looks only at its windows, but
# has a kernel of its own at every place?

# %%
inputs, outputs = 3 * 32 * 32, 32 * 30 * 30
print(f"{inputs:,} numbers in, {outputs:,} out")
lesson.compare(
    [
        ("dense layer", None, inputs * outputs + outputs, (3 * 32**2 + 1) * 32 * 30**2),
        ("a kernel of its own for each place", None, (3 * 9 + 1) * outputs, 28 * 28_800),
        ("convolution", None, (3 * 9 + 1) * 32, sum(p.size for p in layer.parameters())),
    ]
)
dense, local, shared = inputs * outputs + outputs, 28 * outputs, 896
print(f"small windows: {dense / local:.2f} times fewer. Sharing: {local / shared:.0f} times fewer.")
print(f"both together: {dense / shared:,.0f} times fewer")
lesson.expect("parameters of the dense layer", dense, 88_502_400)
lesson.expect("saved by sharing: the number of places", local / shared, 30 * 30)

# %% [markdown]
# The price: a convolution cannot treat the sky at the top differently from the street at the
# bottom, and one layer sees no further than its window. For images that is a good trade.

# %% [markdown]
# ## 14. The document again
#
# First the listing of §5.2, with our channels in front. The table gives the shape after each layer
# and its parameters. `(N, 64, 6, 6)` here is `(6, 6, 64)` in Keras.

# %%
lesson.heading("14. The document again")
listing = nn.Sequential(
    nn.Conv2d(3, 32, 3),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Conv2d(32, 64, 3),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Conv2d(64, 64, 3),
    nn.ReLU(),
    nn.Flatten(),
    nn.Linear(1024, 64),
    nn.ReLU(),
    nn.Linear(64, 10),  # logits; the listing has softmax here
)
print(nn.summary(listing, (3, 32, 32)))
sizes = [sum(p.size for p in part.parameters()) for part in listing]
lesson.compare(
    [
        ("Conv 32: 32 · (3 · 9 + 1)", None, 32 * (3 * 9 + 1), sizes[0]),
        ("Conv 64: 64 · (32 · 9 + 1)", None, 64 * (32 * 9 + 1), sizes[3]),
        ("Conv 64: 64 · (64 · 9 + 1)", None, 64 * (64 * 9 + 1), sizes[6]),
        ("Dense 64: 64 · (1024 + 1)", None, 64 * (1024 + 1), sizes[9]),
        ("Dense 10: 10 · (64 + 1)", None, 10 * (64 + 1), sizes[11]),
    ]
)
side, shapes = 32, []
for channels, kernel_size, stride in (
    (32, 3, 1), (32, 2, 2), (64, 3, 1), (64, 2, 2), (64, 3, 1),
):  # fmt: skip
    side = output_size(side, kernel_size, stride)
    shapes.append((channels, side, side))
found, maps = [], te.asarray(colour[:1].astype("float32"))
with te.no_grad():
    for part in listing:
        maps = part(maps)
        if isinstance(part, nn.Conv2d | nn.MaxPool2d):
            found.append(maps.shape[1:])
print("shapes by the formula:", *shapes)
lesson.expect("shapes by the formula = shapes of the layers", found == shapes, True)
lesson.expect("parameters of the listing", sum(sizes), 122_570)

# %% [markdown]
# More than half of all parameters sit in one layer, Dense 64, because Flatten hands it 1,024
# numbers. Without the two poolings it would be far worse:

# %%
without_pooling = output_size(output_size(output_size(32, 3), 3), 3)
print(f"share of Dense 64: {100 * sizes[9] / sum(sizes):.1f} percent")
print(f"without pooling, Flatten gives {64 * without_pooling**2:,} numbers, ", end="")
print(f"and Dense 64 has {64 * (64 * without_pooling**2 + 1):,} parameters")
lesson.expect("Dense 64 without pooling", 64 * (64 * without_pooling**2 + 1), 2_768_960)

# %% [markdown]
# Now the pipeline of §4.3.2, taken literally, `Conv2D → ReLU → MaxPooling2D → Flatten → Dense`: one
# convolution, one pooling, one dense layer. It gives no sizes, so we take those of the listing.
#
# One number says what the repetition is good for: the **receptive field** (感受野), how many pixels
# a number of the last map depends on. A layer with kernel k adds (k - 1) steps to it, and a step is
# as long as all strides before it, multiplied. We check it by the gradient: which pixels get any?
# (For this check, mean for maximum and no ReLU, so that no pixel is left out by chance.)

# %%
pipeline = nn.Sequential(
    nn.Conv2d(3, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(32 * 15 * 15, 10)
)
print(nn.summary(pipeline, (3, 32, 32)))


def receptive_field(network: nn.Sequential) -> int:
    """How many pixels along a side one number of the last map depends on."""
    field, step = 1, 1
    for part in network:
        if isinstance(part, nn.Conv2d | nn.MaxPool2d):
            kernel = part.weight.shape[2] if isinstance(part, nn.Conv2d) else part.kernel_size[0]
            field, step = field + (kernel - 1) * step, step * part.stride[0]
    return field


def reached(network: nn.Sequential) -> tuple[int, int]:
    """The rows and columns of pixels that get a gradient from one number of the last map."""
    x = te.tensor(np.zeros((1, 3, 32, 32), np.float32), requires_grad=True)
    maps = x
    for part in network:
        if isinstance(part, nn.Conv2d):
            maps = part(maps)
        elif isinstance(part, nn.MaxPool2d):
            maps = F.avg_pool2d(maps, part.kernel_size)
    got = te.grad(maps[0, :, 0, 0].sum(), [x])[0].numpy().any(axis=(0, 1))  # (32, 32)
    return int(got.any(axis=1).sum()), int(got.any(axis=0).sum())


networks = {"pipeline of §4.3.2": pipeline, "listing of §5.2": listing}
kinds = nn.Conv2d, nn.ReLU, nn.MaxPool2d, nn.Flatten, nn.Linear
lesson.table(
    ["", *(kind.__name__ for kind in kinds), "parameters", "receptive field"],
    [
        (
            name,
            *(sum(isinstance(part, kind) for part in network) for kind in kinds),
            sum(p.size for p in network.parameters()),
            receptive_field(network),
        )
        for name, network in networks.items()
    ],
)
for name, network in networks.items():
    field = receptive_field(network)
    lesson.expect(f"receptive field by gradient, {name}", reached(network), (field, field))
lesson.expect("parameters of the pipeline", sum(p.size for p in pipeline.parameters()), 72_906)

# %% [markdown]
# **Verdict on 001 §4.3.2: incomplete.** The order is right, and what it says of ReLU, Flatten and
# the dense layer is right. What is missing:
#
# - The listing is another network. It has three convolutions, two poolings and two dense layers;
#   the pipeline has one of each. The block of convolution, ReLU and pooling is **repeated**, and
#   that is the point: the last map of the listing sees 18 × 18 pixels, that of the pipeline only 4
#   × 4.
# - There is no size: no kernels, no window, no stride, no padding, no number of neurons. Nobody can
#   build the network from the text.
# - Of pooling it only says that it pools. You know now what it keeps and what it throws away.
# - The softmax (lesson 3) at the end of the listing is not in the pipeline.
#
# **Verdict on the layers of the listing: right.** All shapes fit, and it has 122,570 parameters.
# (The document prints none of these numbers.) Two things it does not say: Keras starts without
# padding, so each convolution takes two rows and two columns away; and the pooling of 13 × 13 drops
# one of each. The rest of the listing, its loss above all, is the matter of lesson 13.

# %% [markdown]
# ## Exercises
#
# `tinygrad-edu start 12` puts a file with four empty functions into your folder: the size of the
# result, a convolution by loops, the way back through max pooling, and the whole backward pass of a
# convolution. Fill them in. `tinygrad-edu check 12` tells you which are right. For a wrong gradient
# it says what kind of mistake it looks like.
#
# After that, copy this lesson to `mine.py`, change it, and run `python mine.py`.
#
# 1. Try the kernels 0 -1 0 | -1 4 -1 | 0 -1 0 and 1 1 1 | 1 1 1 | 1 1 1, divided by 9, on the
#    pictures of section 10. What does each of them do?
# 2. Let the layer of section 11 have a kernel of 5 × 5, with padding 1. What do the entries at its
#    border become? Then learn the strength of the edges in place of one map. Why can it not?
# 3. In the listing, leave out the poolings and give the first two convolutions stride 2. Which
#    shapes and how many parameters come out? What have you lost, and what saved?
# 4. Give all three convolutions padding 1. How many parameters does Dense 64 have then?
# 5. After ReLU many windows hold nothing but zeros. Where does max pooling send their gradient, and
#    why does it not matter?

# %% [markdown]
# ## Where this lives in the library
#
# All paths are inside `tinygrad_edu/`.
#
# | here | in the library |
# |---|---|
# | the loop over the kernel, the matrix product, pooling | `ops/convolution.py`, `ops/pooling.py` |
# | `F.conv2d`, `F.max_pool2d`, and what they refuse | `ops/images.py` |
# | `Conv2d`, `MaxPool2d`, `AvgPool2d`, `GlobalAvgPool2d` | `nn/conv.py` |
# | the table of layers | `nn/summary.py` |
# | the digits, the colour pictures | `data/sets.py`, `data/pictures.py` |
# | differences, in all variants | `gradcheck.py` |

# %%
lesson.finish()

"""Convolution and pooling: every variant against plain loops, and what the table cannot say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_edu as te
from tests.ops import loops
from tinygrad_edu.backend import backend, to_device
from tinygrad_edu.nn import functional as F
from tinygrad_edu.ops.convolution import _biased_conv2d, _conv2d
from tinygrad_edu.ops.pooling import _avg_pool2d, _max_pool2d

CLOSE = {"rtol": 1e-10, "atol": 1e-10}


def pairs(low: int, high: int) -> st.SearchStrategy[tuple[int, int]]:
    return st.tuples(st.integers(low, high), st.integers(low, high))


def as_typed(pair: tuple[int, int]) -> Any:
    """One number for a pair of equal numbers: both ways of giving it are tried."""
    return pair[0] if pair[0] == pair[1] else pair


@st.composite
def convolutions(draw: Any) -> dict[str, Any]:
    """Sizes that fit together, up to the largest kernel that the padded image allows."""
    padding, dilation, kernel = draw(pairs(0, 2)), draw(pairs(1, 2)), draw(pairs(1, 3))
    spans = [d * (k - 1) + 1 - 2 * p for k, d, p in zip(kernel, dilation, padding, strict=True)]
    lengths = [max(1, span) + draw(st.integers(0, 3)) for span in spans]
    groups = draw(st.integers(1, 3))
    size, out = draw(st.integers(1, 2)), draw(st.integers(1, 2)) * groups
    return {
        "x": (draw(st.integers(0, 5)), size * groups, *lengths),
        "weight": (out, size, *kernel),
        "how": {"stride": draw(pairs(1, 3)), "padding": padding, "dilation": dilation},
        "groups": groups,
    }


@st.composite
def poolings(draw: Any) -> dict[str, Any]:
    kernel = draw(pairs(1, 3))
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    lengths = [
        max(1, k - 2 * p) + draw(st.integers(0, 4)) for k, p in zip(kernel, padding, strict=True)
    ]
    shape = (draw(st.integers(0, 2)), draw(st.integers(1, 2)), *lengths)
    return {
        "x": shape,
        "how": {"kernel": kernel, "stride": draw(pairs(1, 3)), "padding": padding},
    }


LAYOUTS = {
    "contiguous": lambda x: x.copy(),
    "channels-last": lambda x: x.transpose(0, 2, 3, 1).copy().transpose(0, 3, 1, 2),
    "sliced": lambda x: np.repeat(np.repeat(x, 2, axis=3), 2, axis=1)[:, ::2, :, ::2],
    "backwards": lambda x: x[:, :, ::-1].copy()[:, :, ::-1],
}
layouts = st.sampled_from(sorted(LAYOUTS))
BLOCKS = st.sampled_from([1, 600, 2000, 1 << 22])  # bytes: an image at a time … all of them


def leaf(x: np.ndarray, device: str, layout: str = "contiguous") -> te.Tensor:
    """A leaf on the device with the values of x, in memory of this layout (on the CPU)."""
    array = LAYOUTS[layout](x)
    return te.Tensor(array if device == "cpu" else to_device(array, device), requires_grad=True)


@settings(max_examples=40)
@given(case=convolutions(), layout=layouts, has_bias=st.booleans(), block_bytes=BLOCKS)
def test_convolution_is_the_loops(
    case: dict[str, Any], layout: str, has_bias: bool, block_bytes: int, device: str
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backend(device).xp, "block_bytes", block_bytes)
        check_convolution(case, layout, has_bias, device)


def check_convolution(case: dict[str, Any], layout: str, has_bias: bool, device: str) -> None:
    rng = np.random.default_rng(3)
    x, weight = rng.uniform(-1, 1, case["x"]), rng.uniform(-1, 1, case["weight"])
    bias = rng.uniform(-1, 1, len(weight)) if has_bias else None
    how, groups = case["how"], case["groups"]
    inputs = [leaf(x, device, layout), leaf(weight, device)]
    inputs += [leaf(bias, device)] if bias is not None else []
    y = F.conv2d(*inputs, **{k: as_typed(v) for k, v in how.items()}, groups=groups)
    wanted = loops.conv2d(x, weight, bias, **how, groups=groups)
    assert y.device == device and y.shape == wanted.shape and y.dtype == np.float64
    np.testing.assert_allclose(y.numpy(), wanted, **CLOSE)

    g = rng.uniform(-1, 1, y.shape)
    y.backward(te.tensor(g, device=device))
    for one, slope in zip(inputs, loops.conv2d_gradients(g, x, weight, **how, groups=groups)):  # noqa: B905
        np.testing.assert_allclose(one.grad.numpy(), slope, **CLOSE)


@pytest.mark.parametrize("kind", ["max", "avg"])
@settings(max_examples=40)
@given(case=poolings(), layout=layouts)
def test_pooling_is_the_loops(kind: str, case: dict[str, Any], layout: str, device: str) -> None:
    """Many entries are equal, and many negative, which shows what the border is."""
    rng = np.random.default_rng(4)
    x = rng.integers(-3, 1, case["x"]) / 2
    how = case["how"]
    function, loop = {
        "max": (F.max_pool2d, loops.max_pool2d), "avg": (F.avg_pool2d, loops.avg_pool2d)
    }[kind]  # fmt: skip
    given_x = leaf(x, device, layout)
    y = function(given_x, *(as_typed(how[name]) for name in ("kernel", "stride", "padding")))
    np.testing.assert_allclose(y.numpy(), loop(x, **how), **CLOSE)
    g = rng.uniform(-1, 1, y.shape)
    y.backward(te.tensor(g, device=device))
    np.testing.assert_allclose(
        given_x.grad.numpy(), loops.pool_gradient(g, x, kind, **how), **CLOSE
    )


@given(case=convolutions(), has_bias=st.booleans())
def test_convolution_is_its_twin_to_the_second_gradient(
    case: dict[str, Any], has_bias: bool, device: str
) -> None:
    rng = np.random.default_rng(5)
    shapes = [case["x"], case["weight"], *([case["weight"][:1]] if has_bias else [])]
    inputs = [leaf(rng.uniform(-1, 1, shape), device) for shape in shapes]
    how = case["how"] | {"groups": case["groups"]}
    found = []
    operation = _biased_conv2d if has_bias else _conv2d
    for function in (operation, operation.composed):
        y = function(*inputs, **how)
        g = te.tensor(np.random.default_rng(7).uniform(-1, 1, y.shape), device=device)
        plain = te.grad(y, inputs, g, retain_graph=True)
        recorded = te.grad(y, inputs, g, create_graph=True)
        total = sum((slope * slope).sum() for slope in recorded)
        found.append([y, *plain, *recorded, *te.grad(total, inputs[:2])])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), **CLOSE)


@given(case=poolings())
def test_pooling_is_its_twin(case: dict[str, Any], device: str) -> None:
    """Ties included: the twin's stack().max() has the same rule."""
    rng = np.random.default_rng(6)
    x = rng.integers(-1, 1, case["x"]).astype(float)
    for operation in (_max_pool2d, _avg_pool2d):
        found = []
        for function in (operation, operation.composed):
            given_x = leaf(x, device)
            y = function(given_x, **case["how"])
            g = te.tensor(np.random.default_rng(7).uniform(-1, 1, y.shape), device=device)
            found.append([y, te.grad(y, given_x, g)])
        for one, other in zip(*found, strict=True):
            np.testing.assert_allclose(one.numpy(), other.numpy(), **CLOSE)


@pytest.mark.parametrize(
    ("shapes", "how"),
    [
        ([(2, 2, 4, 3), (2, 2, 2, 2), (2,)], {"padding": (1, 0)}),
        ([(1, 4, 3, 4), (2, 2, 2, 2)], {"groups": 2, "stride": (1, 2), "dilation": (2, 1)}),
        ([(1, 2, 3, 3), (2, 2, 1, 1), (2,)], {"stride": 2}),
    ],
)
def test_differences_agree(shapes: list[Any], how: dict[str, Any]) -> None:
    rng = np.random.default_rng(8)
    inputs = [te.tensor(rng.uniform(-1, 1, s), requires_grad=True) for s in shapes]
    for check in (te.gradcheck, te.gradgradcheck):
        check(lambda *arrays: F.conv2d(*arrays, **how), inputs)
    distinct = te.tensor(
        (rng.permutation(np.arange(36.0)) / 18 - 1).reshape(1, 2, 3, 6), requires_grad=True
    )
    for function in (F.max_pool2d, F.avg_pool2d):
        te.gradcheck(lambda x, f=function: f(x, 2, 1, 1), [distinct])
        te.gradgradcheck(lambda x, f=function: f(x, 2, 1, 1) * x.sum(), [distinct])


# --- numbers known by hand


def test_the_numbers_of_the_lesson(device: str) -> None:
    x = te.tensor(np.arange(16.0).reshape(1, 1, 4, 4), None, True, device)
    y = F.conv2d(x, te.ones((1, 1, 3, 3), dtype=te.float64, device=device))
    assert y[0, 0].tolist() == [[45, 54], [81, 90]]
    y.sum().backward()
    assert x.grad[0, 0].tolist() == [[1, 2, 2, 1], [2, 4, 4, 2], [2, 4, 4, 2], [1, 2, 2, 1]]
    assert F.max_pool2d(x, 2)[0, 0].tolist() == [[5, 7], [13, 15]]
    assert F.avg_pool2d(x, 2)[0, 0].tolist() == [[2.5, 4.5], [10.5, 12.5]]


def test_an_unsymmetric_kernel_is_not_flipped() -> None:
    """A convolution here, as in all libraries, is a correlation: the kernel lies as it is."""
    x = te.zeros((1, 1, 3, 3))
    x.data[0, 0, 1, 2] = 1
    kernel = te.tensor([[[[1.0, 2, 3], [4, 5, 6], [7, 8, 9]]]])
    assert F.conv2d(x, kernel, padding=1)[0, 0].tolist() == [[0, 9, 8], [0, 6, 5], [0, 3, 2]]


def test_what_no_window_reaches_gets_no_gradient(device: str) -> None:
    """13 rows in pairs make 6: the last row and column have gradient 0."""
    x = te.tensor(np.random.default_rng(0).random((2, 3, 13, 13)), None, True, device)
    kernel = te.ones((1, 3, 2, 2), dtype=te.float64, device=device)
    for function in (
        lambda x: F.max_pool2d(x, 2), lambda x: F.avg_pool2d(x, 2),
        lambda x: F.conv2d(x, kernel, stride=2),
    ):  # fmt: skip
        x.grad = None
        y = function(x)
        assert y.shape[2:] == (6, 6)
        y.sum().backward()
        slope = x.grad.numpy()
        assert slope.shape == x.shape and slope[:, :, :12, :12].any()
        assert not slope[:, :, 12].any() and not slope[:, :, :, 12].any()


def test_the_first_of_equal_entries_gets_all(device: str) -> None:
    """First row by row: (0, 1) comes before (1, 0)."""
    for block, wanted in [
        ([[7, 7], [7, 7]], [[1, 0], [0, 0]]), ([[0, 7], [7, 7]], [[0, 1], [0, 0]]),
        ([[0, 0], [7, 7]], [[0, 0], [1, 0]]), ([[0, 0], [0, 7]], [[0, 0], [0, 1]]),
    ]:  # fmt: skip
        x = te.tensor(np.array([[block]], float), None, True, device)
        F.max_pool2d(x, 2).sum().backward()
        assert x.grad[0, 0].tolist() == wanted
    constant = te.ones((1, 1, 3, 3), requires_grad=True, device=device)
    F.max_pool2d(constant, 2, stride=1).sum().backward()
    assert constant.grad[0, 0].tolist() == [[1, 1, 0], [1, 1, 0], [0, 0, 0]]


def test_padding_of_the_poolings(device: str) -> None:
    """−∞ for the largest, so that negative entries win; zeros that count for the mean."""
    x = te.full((1, 1, 2, 2), -4.0, requires_grad=True, device=device)
    assert F.max_pool2d(x, 2, padding=1)[0, 0].tolist() == [[-4, -4], [-4, -4]]
    assert F.avg_pool2d(x, 2, padding=1)[0, 0].tolist() == [[-1, -1], [-1, -1]]
    F.max_pool2d(x, 2, padding=1).sum().backward()
    assert x.grad[0, 0].tolist() == [[1, 1], [1, 1]]


def test_an_infinite_gradient_stays_where_it_belongs(device: str) -> None:
    """∞ · 0 would be NaN: masks choose, they do not multiply."""
    x = te.tensor(np.array([[[[3.0, 1], [2, -1]]]]), None, True, device)
    for g, shown in ((np.inf, np.inf), (np.nan, np.nan), (-2.0, -2.0)):
        for function, wanted in (
            (lambda x: F.max_pool2d(x, 2), [[shown, 0], [0, 0]]),
            (lambda x: te.relu(x), [[shown, shown], [shown, 0]]),
        ):
            y = function(x)
            found = te.grad(y, x, te.full(y.shape, g, dtype=te.float64, device=device))
            np.testing.assert_array_equal(found.numpy()[0, 0], wanted)


# --- memory


def is_channels_last(x: te.Tensor) -> bool:
    return bool(x.data.transpose((0, 2, 3, 1)).flags.c_contiguous)


def test_results_lie_channels_last() -> None:
    """So that no layer copies what the one before it made; elementwise operations keep it."""
    rng = np.random.default_rng(9)
    x = te.tensor(rng.standard_normal((2, 3, 8, 8)), requires_grad=True)
    weight, wide = te.tensor(rng.standard_normal((4, 3, 3, 3))), te.tensor(np.ones((4, 4, 1, 1)))
    hidden = F.conv2d(x, weight, padding=1)
    rectified = te.relu(hidden)
    layers = [hidden, rectified, F.max_pool2d(rectified, 2), F.avg_pool2d(rectified, 2)]
    layers += [F.conv2d(rectified, wide), F.conv2d(rectified, te.ones((4, 2, 3, 3)), groups=2)]
    assert all(map(is_channels_last, layers))
    image = rectified.data.transpose((0, 2, 3, 1))
    assert np.ascontiguousarray(image) is image  # the next layer makes no copy


def test_flatten_orders_entries_by_channel_first(device: str) -> None:
    """(C, H, W), as PyTorch does, not the order of memory."""
    x = te.tensor(np.random.default_rng(1).random((2, 3, 5, 5)), device=device)
    y = F.conv2d(x, te.ones((4, 3, 2, 2), dtype=te.float64, device=device) * 2)
    expected = np.ascontiguousarray(y.numpy()).reshape(2, -1)
    np.testing.assert_array_equal(te.nn.Flatten()(y).numpy(), expected)


# --- types of numbers, one axis


@pytest.mark.parametrize("dtype", ["uint8", "int64", "bool"])
def test_images_of_whole_numbers(dtype: str, device: str) -> None:
    """Pixels straight from a file: float32 results, the largest entry keeps its type."""
    pixels = (np.arange(32).reshape(1, 2, 4, 4) * 8).astype(dtype)
    x = te.tensor(pixels, device=device)
    weight = te.ones((1, 2, 3, 3), requires_grad=True, device=device)
    y = F.conv2d(x, weight, padding=1)
    y.sum().backward()
    assert y.dtype == weight.grad.dtype == np.float32
    np.testing.assert_array_equal(
        y.numpy(), loops.conv2d(pixels.astype(float), np.ones((1, 2, 3, 3)), padding=(1, 1))
    )
    assert F.avg_pool2d(x, 2).dtype == np.float32
    np.testing.assert_array_equal(
        F.avg_pool2d(x, 2).numpy(), loops.avg_pool2d(pixels.astype(float), (2, 2), (2, 2))
    )
    assert F.max_pool2d(x, 2).dtype == dtype


@pytest.mark.parametrize(("stride", "padding", "dilation"), [(1, 0, 1), (2, 1, 1), (1, 2, 2)])
def test_one_axis_is_an_image_of_one_row(
    stride: int, padding: int, dilation: int, device: str
) -> None:
    rng = np.random.default_rng(2)
    x, w, b = (rng.uniform(-1, 1, s) for s in [(2, 4, 7), (6, 2, 3), (6,)])
    inputs = [leaf(a, device) for a in (x, w, b)]
    y = F.conv1d(*inputs, stride, padding, dilation, groups=2)
    how = {"stride": (1, stride), "padding": (0, padding), "dilation": (1, dilation)}
    wanted = loops.conv2d(x[:, :, None], w[:, :, None], b, **how, groups=2)[:, :, 0]
    np.testing.assert_allclose(y.numpy(), wanted, **CLOSE)
    g = rng.uniform(-1, 1, y.shape)
    y.backward(te.tensor(g, device=device))
    slopes = loops.conv2d_gradients(g[:, :, None], x[:, :, None], w[:, :, None], **how, groups=2)
    for one, slope in zip(inputs, slopes, strict=True):
        np.testing.assert_allclose(one.grad.numpy(), slope.reshape(one.shape), **CLOSE)


def test_lists_and_arrays_are_taken() -> None:
    x = np.arange(9.0).reshape(1, 1, 3, 3)
    assert F.conv2d(x, np.ones((1, 1, 2, 2)), [1.0]).tolist() == [[[[9, 13], [21, 25]]]]
    by_row = F.conv2d(x, np.ones((1, 1, 2, 2)), stride=np.array([2, 1]))
    assert by_row.tolist() == [[[[8, 12]]]]
    assert F.max_pool2d(x.tolist(), [2, 3]).tolist() == [[[[5]]]]


# --- sentences

IMAGES = te.zeros((2, 3, 8, 6))


@pytest.mark.parametrize(
    ("attempt", "words"),
    [
        (lambda: F.conv2d(te.zeros((8, 6)), te.ones((4, 3, 3, 3))), r"\(8, 6\).*reshape rows"),
        (lambda: F.conv2d(te.zeros((3, 8, 6)), te.ones((4, 3, 3, 3))), r"x\[None\] makes a batch"),
        (lambda: F.conv2d(te.zeros((2, 8, 6, 3)), te.ones((4, 3, 3, 3))), r"x.transpose\(0, 3, 1"),
        (
            lambda: F.conv2d(IMAGES, te.ones((4, 2, 3, 3))),
            "of 2 channels.*in_channels=3",
        ),
        (lambda: F.conv2d(IMAGES, te.ones((4, 3))), r"\(out, in/groups, height, width\).*\(4, 3\)"),
        (lambda: F.conv2d(IMAGES, te.ones((4, 3, 3, 3)), te.ones(3)), r"bias of shape \(out,\).*3"),
        (lambda: F.conv2d(IMAGES, te.ones((4, 3, 3, 3)), groups=3), "4 output channels.*3 equal"),
        (lambda: F.conv2d(IMAGES, te.ones((4, 3, 3, 3)), groups=0), "4 output channels.*0 equal"),
        (lambda: F.conv2d(IMAGES, te.ones((4, 3, 3, 3)), groups=True), "do not make True equal"),
        (
            lambda: F.conv2d(IMAGES, te.ones((4, 3, 3, 3)), stride=np.array([1.0, 2])),
            r"stride is a whole number of at least 1, or a pair.*not \[1.0, 2.0\]",
        ),
        (lambda: F.conv1d(te.ones((2, 3, 5)), te.ones((4, 3, 3)), stride=True), "not True"),
        (lambda: te.nn.Conv2d(3, 4, 3, groups=True), "Conv2d: groups is a whole number.*not True"),
        (lambda: F.conv2d(IMAGES, te.ones((4, 3, 7, 7))), "7 × 7 does not fit.*8 × 6"),
        (lambda: F.conv2d(IMAGES, te.ones((4, 3, 4, 4)), dilation=3), "10 × 10 does not fit"),
        (lambda: F.conv2d(IMAGES, te.ones((4, 3, 3, 3)), stride=0), "stride.*at least 1.*not 0"),
        (lambda: F.conv2d(IMAGES, te.ones((4, 3, 3, 3)), padding="same"), "kernel_size // 2 keeps"),
        (lambda: F.conv2d(IMAGES, te.ones((4, 3, 3, 3)), padding=(1, 1, 1)), "pair of them"),
        (lambda: F.conv2d(IMAGES, te.ones((4, 3, 3, 3)), dilation=1.5), "dilation.*not 1.5"),
        (lambda: F.conv2d(IMAGES, te.ones((4, 3, 3, 3)), [1.0]), r"\(out,\).*and \(1,\)"),
        (lambda: F.conv1d(te.ones((2, 3, 5)), te.ones((4, 3, 3)), padding="same"), "not 'same'"),
        (lambda: F.conv1d(IMAGES, te.ones((4, 3, 3))), r"\(N, C, L\).*\(2, 3, 8, 6\)"),
        (lambda: F.conv1d(te.zeros((2, 2, 5)), te.ones((4, 3, 3))), "of 3 channels, and these"),
        (lambda: F.max_pool2d(IMAGES, 7), "7 × 7 does not fit.*8 × 6"),
        (lambda: F.max_pool2d(IMAGES, 2, padding=2), "padding 2 is more than half"),
        (lambda: F.max_pool2d(IMAGES, 0), "kernel_size is a whole number of at least 1"),
        (lambda: F.avg_pool2d(te.zeros((3, 8, 6)), 2), r"images of shape \(N, C, H, W\)"),
    ],
)
def test_what_does_not_fit_is_said(attempt: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        attempt()


def test_whole_numbers_have_no_infinity_to_pad_with() -> None:
    with pytest.raises(TypeError, match=r"uint8 cannot hold; leave out padding= or"):
        F.max_pool2d(te.zeros((1, 1, 4, 4), dtype=te.uint8), 2, padding=1)


def test_tensors_on_two_devices_are_told_by_the_name_that_was_called() -> None:
    x, weight = te.ones((1, 1, 3, 3), device="pretend-gpu"), te.ones((1, 1, 2, 2))
    for bias in (None, te.ones(1)):
        with pytest.raises(ValueError, match=r"^conv2d\(\) needs its tensors on one device"):
            F.conv2d(x, weight, bias)

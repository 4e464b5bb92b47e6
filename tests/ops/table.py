"""One line per operation: how it is called, what NumPy says it is, which inputs to try.

The checks are in checks.py; test_table.py runs every check on every line and device, and fails
where a public operation has no line here. What a line cannot say has a test of its own:
test_extremes.py, test_indexing.py, test_create.py, test_numbers.py.
"""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import tinygrad_edu as te
from tests.ops import loops
from tinygrad_edu.ops import attention, batch_norm, convolution, fused, index, layer_norm, pooling
from tinygrad_edu.tensor import identity

Shape = tuple[int, ...]
Draw = Callable[[np.random.Generator, Shape], np.ndarray]
Case = tuple[tuple[Shape, ...], dict[str, Any]]  # the inputs' shapes, and the options


class Line(NamedTuple):
    """An operation and what is to be known of it."""

    name: str  # as in te.name or Tensor.name; words after a blank tell variants apart
    call: Callable[..., te.Tensor]  # of Tensors and options
    reference: Callable[..., Any]  # of NumPy arrays and the same options
    draws: tuple[Draw, ...]  # how each input is drawn; numbers that are floating get gradients
    cases: list[Case]
    bends: bool = True  # False where the gradient does not depend on the inputs
    dtype: Any = None  # of the result, where it is not the inputs'
    differentiable: bool = True
    broadcasts: bool = False  # two inputs of any shapes that NumPy can broadcast
    transfers: bool = False  # a GPU has to tell the host something


# --- how inputs are drawn


def real(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    return rng.uniform(-2, 2, shape)


def real_and_0(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    """For smooth functions: 0 too, where a formula with |a| in it would have a kink."""
    return real(rng, shape) * (rng.random(shape) < 0.7)


def above_minus_1(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    return rng.uniform(-0.5, 2, shape) * (rng.random(shape) < 0.7)


def with_zeros(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    """For products: no zero, one, or several."""
    return kinked_at_0(rng, shape) * (rng.random(shape) < 0.8)


def positive(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    return rng.uniform(0.5, 2.5, shape)


def probability(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    return rng.uniform(0.1, 0.9, shape)


def kinked_at_0(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    """Either sign, no nearer to 0 than 0.2."""
    return rng.uniform(0.2, 2, shape) * rng.choice([-1.0, 1.0], shape)


def kinked_at_1(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    """Either side of −1 and of 1, no nearer than 0.1."""
    return rng.choice([-1.5, -0.5, 0.5, 1.5], shape) + rng.uniform(-0.4, 0.4, shape)


def distinct(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    """No two entries nearer than 0.1: nothing changes places under a small step."""
    size = int(np.prod(shape))
    return (rng.permutation(size) - size / 2).reshape(shape) * 0.25 + rng.uniform(0, 0.15, shape)


def even(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    return rng.integers(-4, 4, shape) * 0.5


def odd(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    """Never nearer than 0.25 to what `even` draws."""
    return rng.integers(-4, 4, shape) * 0.5 + 0.25


def tied(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    """Few different values, so that many are equal; for results that are flat."""
    return rng.integers(-1, 2, shape).astype(np.float64)


def with_infinities(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    return rng.choice([-np.inf, -1.5, 0.0, 2.0, np.inf, np.nan], shape)


def truth(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    return rng.random(shape) < 0.5


def below(n: int) -> Draw:
    return lambda rng, shape: rng.integers(0, n, shape)


def around(n: int) -> Draw:
    """Indices of an axis of length n, counted from the front and from the back."""
    return lambda rng, shape: rng.integers(-n, n, shape)


# --- the shapes of families of operations

ONE: list[Case] = [((shape,), {}) for shape in [(), (3,), (2, 3), (2, 1, 3), (0,), (2, 0, 3)]]
PAIRS: list[Case] = [
    (shapes, {})
    for shapes in [
        ((2, 3), (2, 3)),
        ((2, 3), (3,)),
        ((2, 1), (1, 3)),
        ((), (2, 3)),
        ((3,), ()),
        ((), ()),
        ((2, 1, 3), (4, 1)),
        ((0, 3), (1, 3)),
        ((1,), (0,)),
    ]
]
AXES: list[tuple[Shape, list[Any]]] = [
    ((), [None]),
    ((4,), [None, 0, -1]),
    ((2, 3), [None, 0, 1, -2, (0, 1), ()]),
    ((2, 3, 2), [None, 1, (0, 2), (-1, 0), (2, 1, 0)]),
    ((3, 1), [0, 1]),
]
EMPTY_AXES: list[tuple[Shape, list[Any]]] = [((0,), [None, 0]), ((2, 0, 3), [None, 0, 1, (0, 1)])]
REDUCED: list[Case] = [
    ((shape,), {"axis": axis, "keepdims": keepdims})
    for (shape, axes) in AXES
    for axis, keepdims in itertools.product(axes, [False, True])
]
ALL_OF_NOTHING: list[Case] = [
    ((shape,), {"axis": axis, "keepdims": keepdims})
    for (shape, axes) in EMPTY_AXES
    for axis, keepdims in itertools.product(axes, [False, True])
]
SOME_OF_NOTHING: list[Case] = [(((2, 0, 3),), {"axis": 0}), (((0, 3),), {"axis": (1,)})]
ALONG: list[Case] = [
    ((shape,), {"axis": axis})
    for shape, axis in [((4,), 0), ((2, 3), 1), ((2, 3), -2), ((2, 3, 2), 1), ((0, 3), 1)]
]
ONE_AXIS: list[Case] = [
    case for case in REDUCED if case[1]["axis"] is None or isinstance(case[1]["axis"], int)
]
SPREAD: list[Case] = [  # over more than one entry
    ((shape,), {"axis": axis, "keepdims": keepdims, "correction": correction})
    for shape, axis in [
        ((4,), None),
        ((4,), -1),
        ((2, 3), 0),
        ((2, 3), (0, 1)),
        ((3, 2, 2), (0, 2)),
    ]
    for keepdims, correction in [(False, 0), (True, 1), (False, 1)]
]
PRODUCTS: list[Case] = [
    (shapes, {})
    for shapes in [
        ((2, 3), (3, 4)),
        ((3,), (3,)),
        ((3,), (3, 2)),
        ((2, 3), (3,)),
        ((2, 2, 3), (3, 4)),
        ((2, 3), (2, 3, 2)),
        ((3,), (2, 3, 2)),
        ((2, 2, 3), (3,)),
        ((2, 1, 2, 3), (3, 3, 2)),
        ((0, 3), (3, 2)),
        ((2, 0), (0, 3)),
        ((1, 1), (1, 1)),
    ]
]

SUMS: list[Any] = [
    ("ij,jk->ik", (2, 3), (3, 4)),
    ("ij,jk", (2, 3), (3, 2)),
    ("ij->ji", (2, 3)),
    ("ij->", (2, 3)),
    ("ij->i", (2, 3)),
    ("i,i->", (3,), (3,)),
    ("i,j->ij", (3,), (2,)),
    ("ij,ij->j", (2, 3), (2, 3)),
    ("ij,j->i", (2, 3), (3,)),
    ("ij,kl->", (2, 3), (3, 2)),
    ("bij,bjk->bik", (2, 2, 3), (2, 3, 2)),
    ("...ij,jk->...ik", (2, 2, 3), (3, 2)),
    ("...i,...i->...", (2, 3), (3,)),
    ("ij,jk,kl->il", (2, 3), (3, 2), (2, 2)),
    ("bqhd,bkhd->bhqk", (1, 2, 2, 3), (1, 3, 2, 3)),
    ("ij,jk->ik", (0, 3), (3, 2)),
    (",ij->ij", (), (2, 3)),
]


CONVOLVED: list[Case] = [
    (((2, 2, 4, 3), (3, 2, 2, 2), (3,)), {}),
    (((2, 1, 3, 5), (2, 1, 3, 2), (2,)), {"stride": (1, 2), "padding": (1, 0)}),
    (((1, 2, 5, 3), (2, 1, 2, 2), (2,)), {"groups": 2, "dilation": (2, 1)}),
    (((2, 3, 2, 2), (2, 3, 1, 1), (2,)), {}),
    (((2, 2, 3, 3), (2, 2, 1, 1), (2,)), {"stride": (2, 2)}),
    (((0, 1, 3, 3), (2, 1, 2, 2), (2,)), {}),
    (((2, 0, 3, 3), (2, 0, 2, 2), (2,)), {}),
    (((2, 1, 3, 3), (0, 1, 2, 2), (0,)), {}),
]
POOLED: list[Case] = [
    (((2, 2, 4, 4),), {"kernel": (2, 2), "stride": (2, 2)}),
    (((1, 2, 5, 3),), {"kernel": (3, 2), "stride": (1, 2), "padding": (1, 1)}),
    (((2, 1, 3, 4),), {"kernel": (2, 3)}),
    (((1, 2, 2, 3),), {}),
    (((0, 2, 4, 4),), {"kernel": (2, 2), "stride": (2, 2)}),
]


# --- the forms of lines


def unary(name: str, reference: Any, draw: Draw, **known: Any) -> Line:
    call = known.pop("call", None) or getattr(te, name)
    return Line(name, call, reference, (draw,), ONE, **known)


def binary(name: str, reference: Any, draw_a: Draw, draw_b: Draw, **known: Any) -> Line:
    call = known.pop("call", None) or getattr(te, name)
    known.setdefault("broadcasts", True)
    cases = known.pop("cases", PAIRS)
    return Line(name, call, reference, (draw_a, draw_b), cases, **known)


def flat(name: str, reference: Any, *draws: Draw, dtype: Any = bool, **known: Any) -> Line:
    """An operation that carries no gradient."""
    form = unary if len(draws) == 1 else binary
    line = form(name, reference, *draws, dtype=dtype, differentiable=False, **known)
    return line


def along(name: str, reference: Any, draw: Draw, cases: list[Case], **known: Any) -> Line:
    call = known.pop("call", None) or getattr(te, name)
    return Line(name, call, reference, (draw,), cases, **known)


def moving(name: str, reference: Any, cases: list[Any], **known: Any) -> Line:
    """An operation that only moves entries; its cases are (shape, options)."""
    call = known.pop("call", None) or getattr(te, name)
    listed = [((shape,), options) for shape, options in cases]
    return Line(name, call, reference, (real,), listed, bends=False, **known)


# --- what NumPy has no function for


def sigmoid(a: np.ndarray) -> Any:
    return 1 / (1 + np.exp(-a))


def logsumexp(a: np.ndarray, axis: Any = None, keepdims: bool = False) -> Any:
    return np.log(np.exp(a).sum(axis=axis, keepdims=keepdims))


def softmax(a: np.ndarray, axis: Any = -1) -> Any:
    return np.exp(a) / np.exp(a).sum(axis=axis, keepdims=True)


def log_softmax(a: np.ndarray, axis: Any = -1) -> Any:
    return np.log(softmax(a, axis))


def gelu(a: np.ndarray, approximate: str) -> Any:
    if approximate == "tanh":
        return a / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (a + 0.044715 * a**3)))
    return a / 2 * (1 + np.vectorize(math.erf, otypes=[float])(a / math.sqrt(2)))


def var(a: np.ndarray, axis: Any, keepdims: bool, correction: int = 0) -> Any:
    return np.var(a, axis=axis, keepdims=keepdims, ddof=correction)


def flatten(a: np.ndarray, start_axis: int = 0) -> np.ndarray:
    lengths = a.shape[start_axis:]
    return a.reshape((*a.shape[:start_axis], int(np.prod(lengths))))


def scatter_add(a: np.ndarray, values: np.ndarray, indices: np.ndarray) -> np.ndarray:
    result = a.copy()
    np.add.at(result, indices, values)
    return result


def linear(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> Any:
    return x @ weight + bias


def embedding(weight: np.ndarray, indices: np.ndarray, padding_index: Any = None) -> Any:
    return weight[indices]


def normalised(x: np.ndarray, weight: np.ndarray, bias: np.ndarray, eps: float = 1e-5) -> Any:
    centred = x - x.mean(axis=-1, keepdims=True)
    return centred / np.sqrt(x.var(axis=-1, keepdims=True) + eps) * weight + bias


def attended(
    q: np.ndarray, k: np.ndarray, v: np.ndarray, mask: Any = True, is_causal: bool = False
) -> np.ndarray:
    """Query by query and key by key, in plain loops."""
    n, m = q.shape[-2], k.shape[-2]
    lead = np.broadcast_shapes(q.shape[:-2], k.shape[:-2], v.shape[:-2])
    q, k, v = (np.broadcast_to(a, (*lead, *a.shape[-2:])) for a in (q, k, v))
    mask = np.broadcast_to(mask, (*lead, n, m))
    y = np.zeros((*lead, n, v.shape[-1]))
    for place in np.ndindex(*lead, n):
        *which, i = place
        row = tuple(which)
        seen = [j for j in range(m) if mask[(*place, j)] and (not is_causal or j <= i + m - n)]
        powers = [np.exp(q[place] @ k[row][j] / math.sqrt(q.shape[-1])) for j in seen]
        for j, power in zip(seen, powers, strict=True):
            y[place] += power / sum(powers) * v[row][j]
    return y


def softmax_cross_entropy(logits: np.ndarray, target: np.ndarray) -> np.ndarray:
    return -log_softmax(logits)[np.arange(len(target)), target]


# --- the table

FUNCTIONS = [
    # arithmetic
    binary("add", np.add, real, real, bends=False),
    binary("sub", np.subtract, real, real, bends=False),
    binary("mul", np.multiply, real, real),
    binary("div", np.divide, real, kinked_at_0),
    binary("power", np.power, positive, real),
    unary("neg", np.negative, real, bends=False),
    unary("abs", np.abs, kinked_at_0, bends=False),
    flat("sign", np.sign, tied, dtype=None),
    # comparisons
    flat("equal", np.equal, tied, tied),
    flat("not_equal", np.not_equal, tied, tied),
    flat("less", np.less, tied, tied),
    flat("less_equal", np.less_equal, tied, tied),
    flat("greater", np.greater, tied, tied),
    flat("greater_equal", np.greater_equal, tied, tied),
    flat("logical_not", np.logical_not, truth),
    flat("logical_and", np.logical_and, truth, truth),
    flat("logical_or", np.logical_or, truth, truth),
    flat("logical_not numbers", np.logical_not, tied, call=te.logical_not),
    flat("isfinite", np.isfinite, with_infinities),
    # exponentials, roots, activations
    unary("exp", np.exp, real_and_0),
    unary("log", np.log, positive),
    unary("sqrt", np.sqrt, positive),
    unary("sigmoid", sigmoid, real_and_0),
    unary("tanh", np.tanh, real_and_0),
    unary("relu", lambda a: np.maximum(a, 0), kinked_at_0, bends=False),
    unary("log1p", np.log1p, above_minus_1),
    unary("expm1", np.expm1, real_and_0),
    unary("sin", np.sin, real_and_0),
    unary("cos", np.cos, real_and_0),
    flat("floor", np.floor, real, dtype=None),
    unary("softplus", lambda a: np.log(1 + np.exp(a)), real_and_0),
    unary("erf", np.vectorize(math.erf, otypes=[float]), real_and_0),
    along(
        "gelu",
        gelu,
        real_and_0,
        [
            (shapes, {"approximate": approximate})
            for shapes, _ in ONE
            for approximate in ("none", "tanh")
        ],
    ),
    # selection
    binary("maximum", np.maximum, even, odd, bends=False),
    binary("minimum", np.minimum, even, odd, bends=False),
    along(
        "clip",
        lambda a, low=None, high=None: np.clip(a, low, high),
        kinked_at_1,
        [
            (shapes, bounds)
            for shapes, _ in ONE
            for bounds in ({"low": -1, "high": 1.0}, {"low": -1.0}, {"high": 1})
        ],
        bends=False,
    ),
    Line(
        "where",
        te.where,
        np.where,
        (truth, real, real),
        [
            (((2, 3), (2, 3), (2, 3)), {}),
            (((2, 1), (3,), ()), {}),
            (((), (2, 3), (1,)), {}),
            (((0, 1), (3,), (1, 3)), {}),
            (((), (), ()), {}),
        ],
        bends=False,
    ),
    # reductions; NumPy refuses an extremum, and warns at a mean, of nothing: test_extremes.py
    along("sum", np.sum, real, REDUCED + ALL_OF_NOTHING, bends=False),
    along("mean", np.mean, real, REDUCED + SOME_OF_NOTHING[:1], bends=False),
    along("max", np.max, distinct, REDUCED + SOME_OF_NOTHING[:1], bends=False),
    along("min", np.min, distinct, REDUCED + SOME_OF_NOTHING[:1], bends=False),
    along("argmax", np.argmax, tied, ONE_AXIS, dtype=np.int64, differentiable=False),
    along("argmin", np.argmin, tied, ONE_AXIS, dtype=np.int64, differentiable=False),
    along("cumsum", np.cumsum, real, [*ALONG, (((2, 0),), {"axis": 1})], bends=False),
    along("logsumexp", logsumexp, real, REDUCED),
    along("softmax", softmax, real, ALONG),
    along("log_softmax", log_softmax, real, ALONG),
    along("var", var, real, SPREAD),
    along("std", lambda a, **how: np.sqrt(var(a, **how)), real, SPREAD),
    along("prod", np.prod, with_zeros, ONE_AXIS + SOME_OF_NOTHING[:1] + ALL_OF_NOTHING[:2]),
    along("any", np.any, truth, REDUCED + ALL_OF_NOTHING, dtype=bool, differentiable=False),
    along("all", np.all, truth, REDUCED + ALL_OF_NOTHING, dtype=bool, differentiable=False),
    # another shape
    moving(
        "reshape",
        lambda a, shape: np.reshape(a, shape),
        [
            ((2, 3), {"shape": (3, 2)}),
            ((2, 3), {"shape": -1}),
            ((2, 3), {"shape": (1, -1, 2)}),
            ((), {"shape": (1, 1)}),
            ((1,), {"shape": ()}),
            ((2, 0), {"shape": (0, 5)}),
        ],
    ),
    moving(
        "flatten",
        flatten,
        [((2, 3, 2), {"start_axis": axis}) for axis in (0, 1, 2, -1)]
        + [((), {}), ((3,), {}), ((2, 0, 3), {}), ((0, 2, 3), {"start_axis": 1})],
    ),
    moving(
        "expand_dims",
        np.expand_dims,
        [((2, 3), {"axis": axis}) for axis in (0, 1, -1, (0, 2), (-1, 0))] + [((), {"axis": 0})],
    ),
    moving(
        "squeeze",
        np.squeeze,
        [((1, 3, 1), {"axis": axis}) for axis in (None, 0, -1, (0, 2))]
        + [((2, 3), {}), ((1, 0), {}), ((1, 1), {})],
    ),
    moving(
        "broadcast_to",
        np.broadcast_to,
        [
            ((), {"shape": (2, 3)}),
            ((3,), {"shape": (2, 3)}),
            ((2, 1), {"shape": (4, 2, 3)}),
            ((2, 3), {"shape": (2, 3)}),
            ((1,), {"shape": (0,)}),
        ],
    ),
    # another order
    moving(
        "transpose",
        np.transpose,
        [((2, 3, 4), {"axes": axes}) for axes in (None, (1, 2, 0), (2, 0, 1), (0, -1, 1))]
        + [((2, 3), {}), ((3,), {}), ((), {}), ((0, 2), {})],
    ),
    moving(
        "swapaxes",
        np.swapaxes,
        [
            ((2, 3, 4), {"axis1": 0, "axis2": 2}),
            ((2, 3), {"axis1": -1, "axis2": 0}),
            ((2, 3), {"axis1": 1, "axis2": 1}),
            ((0, 2), {"axis1": 0, "axis2": 1}),
        ],
    ),
    moving(
        "flip",
        np.flip,
        [((2, 3), {"axis": axis}) for axis in (None, 0, 1, -1, (0, 1))] + [((), {}), ((0, 2), {})],
    ),
    # padded, moved, repeated
    moving(
        "pad",
        lambda a, pad_width, constant_values=0: np.pad(
            a, pad_width, constant_values=constant_values
        ),
        [
            ((2, 3), {"pad_width": 1}),
            ((2, 3), {"pad_width": (1, 0), "constant_values": 2.5}),
            ((2, 3), {"pad_width": ((0, 1), (2, 0)), "constant_values": -1}),
            ((3,), {"pad_width": 0}),
            ((0, 2), {"pad_width": 1}),
        ],
    ),
    moving(
        "roll",
        np.roll,
        [
            ((2, 3), {"shift": 1, "axis": 1}),
            ((2, 3), {"shift": -4, "axis": 0}),
            ((2, 3), {"shift": 2}),
            ((2, 3), {"shift": (1, 2), "axis": (0, 1)}),
            ((2, 3), {"shift": 0, "axis": -1}),
            ((0, 2), {"shift": 1, "axis": 0}),
        ],
    ),
    moving(
        "repeat",
        np.repeat,
        [((2, 3), {"repeats": n, "axis": axis}) for n in (0, 1, 3) for axis in (0, 1, -2)],
    ),
    *(
        moving(
            name,
            lambda a, diagonal=0, of=of: of(a, diagonal),
            [((3, 4), {"diagonal": k}) for k in (-5, -1, 0, 2)] + [((2, 3, 3), {}), ((0, 2), {})],
        )
        for name, of in [("tril", np.tril), ("triu", np.triu)]
    ),
    Line(
        "split",
        lambda a, parts, axis, part: te.split(a, parts, axis)[part],
        lambda a, parts, axis, part: np.split(a, parts, axis)[part],
        (real,),
        [
            (((4, 3),), {"parts": 2, "axis": 0, "part": 1}),
            (((2, 6),), {"parts": 3, "axis": -1, "part": 0}),
            (((5,),), {"parts": [1, 3], "axis": 0, "part": 1}),
            (((5,),), {"parts": [1, 3], "axis": 0, "part": 2}),
        ],
        bends=False,
    ),
    # another type or place
    moving(
        "astype",
        lambda a, dtype: np.asarray(a).astype(dtype),
        [(shapes[0], {"dtype": np.float64}) for shapes, _ in ONE],
        dtype=np.float64,
    ),
    along(
        "astype to integers",
        lambda a, dtype: np.asarray(a).astype(dtype),
        real,
        [((shape,), {"dtype": np.int64}) for (shape,), _ in ONE],
        call=te.astype,
        dtype=np.int64,
        differentiable=False,
    ),
    moving("copy", np.copy, [(shapes[0], {}) for shapes, _ in ONE]),
    moving(
        "to_device",
        np.copy,
        [(shapes[0], {}) for shapes, _ in ONE],
        call=lambda a: te.to_device(a, a.device),
    ),
    moving("identity", np.copy, [(shapes[0], {}) for shapes, _ in ONE], call=identity),
    # joined
    Line(
        "concatenate",
        lambda *parts, axis=0: te.concatenate(parts, axis),
        lambda *parts, axis=0: np.concatenate(parts, axis),
        (real, real, real),
        [
            (((2, 3), (1, 3), (2, 3)), {}),
            (((2, 1), (2, 3), (2, 0)), {"axis": 1}),
            (((2, 1), (2, 3), (2, 2)), {"axis": -1}),
            (((3,), (1,), (0,)), {}),
        ],
        bends=False,
    ),
    Line(
        "stack",
        lambda *parts, axis=0: te.stack(parts, axis),
        lambda *parts, axis=0: np.stack(parts, axis),
        (real, real, real),
        [
            (((2, 3),) * 3, {"axis": 0}),
            (((2, 3),) * 3, {"axis": 1}),
            (((2, 3),) * 3, {"axis": -1}),
            (((),) * 3, {}),
            (((0,),) * 3, {}),
        ],
        bends=False,
    ),
    # products
    binary("matmul", np.matmul, real, real, cases=PRODUCTS, broadcasts=False),
    Line("dot", te.dot, np.dot, (real, real), [(((3,), (3,)), {}), (((0,), (0,)), {})]),
    Line("outer", te.outer, np.outer, (real, real), [(((3,), (2,)), {}), (((0,), (2,)), {})]),
    Line(
        "einsum",
        lambda *arrays, letters: te.einsum(letters, *arrays),
        lambda *arrays, letters: np.einsum(letters, *arrays),
        (real, real, real),
        [
            (shapes, {"letters": letters})
            for letters, *shapes_ in SUMS
            for shapes in [tuple(shapes_)]
        ],
    ),
    # places
    Line(
        "take",
        te.take,
        np.take,
        (real, around(3)),
        [
            (((3, 2), (4,)), {"axis": 0}),
            (((2, 3), (2, 2)), {"axis": 1}),
            (((2, 3), (5,)), {"axis": -1}),
            (((3,), ()), {}),
            (((3, 2), (0,)), {"axis": 0}),
        ],
        bends=False,
    ),
    Line(
        "take_along_axis",
        te.take_along_axis,
        np.take_along_axis,
        (real, around(3)),
        [
            (((2, 3), (2, 2)), {"axis": 1}),
            (((3, 2), (1, 2)), {"axis": 0}),
            (((2, 2, 3), (2, 2, 4)), {"axis": -1}),
            (((3,), (0,)), {"axis": 0}),
        ],
        bends=False,
    ),
    Line(
        "scatter_add",
        lambda a, values, indices: te.scatter_add(a, indices, values),
        scatter_add,
        (real, real, around(3)),
        [
            (((3, 2), (4, 2), (4,)), {}),
            (((3,), (2, 2), (2, 2)), {}),
            (((3, 2), (2,), (5,)), {}),
            (((3,), (), (4,)), {}),
            (((3, 2), (0, 2), (0,)), {}),
        ],
        bends=False,
    ),
    Line(
        "one_hot",
        te.one_hot,
        lambda indices, num_classes: np.eye(num_classes, dtype=np.float32)[indices],
        (below(4),),
        [((shape,), {"num_classes": 4}) for shape in [(), (3,), (2, 3), (0,)]],
        dtype=np.float32,
        differentiable=False,
    ),
]

SEVERAL_STEPS = [
    Line(
        "linear",
        fused.linear,
        linear,
        (real, real, real),
        [
            (((4, 3), (3, 2), (2,)), {}),
            (((2, 4, 3), (3, 2), (2,)), {}),
            (((3,), (3, 2), (2,)), {}),
            (((0, 3), (3, 2), (2,)), {}),
        ],
    ),
    Line(
        "softmax_cross_entropy",
        fused.softmax_cross_entropy,
        softmax_cross_entropy,
        (real, below(3)),
        [(((4, 3), (4,)), {}), (((1, 3), (1,)), {})],
    ),
    Line(
        "embedding",
        index._embedding,
        embedding,
        (real, below(3)),
        [(((3, 2), shape), {}) for shape in [(4,), (2, 3), (), (0,), (1, 0, 2)]]
        + [(((3, 0), (4,)), {})],
        bends=False,
    ),
    Line(
        "layer_norm",
        layer_norm.layer_norm,
        normalised,
        (real, real, real),
        [
            (((4, 3), (3,), (3,)), {}),
            (((2, 2, 4), (4,), (4,)), {"eps": 0.1}),
            (((5,), (5,), (5,)), {}),
            (((0, 3), (3,), (3,)), {}),
        ],
    ),
    Line(
        "scaled_dot_product_attention",
        attention._scaled_dot_product_attention,
        attended,
        (real, real, real, truth),
        [
            (((3, 2), (3, 2), (3, 2)), {}),
            (((3, 2), (3, 2), (3, 2)), {"is_causal": True}),
            (((2, 3), (4, 3), (4, 2)), {}),  # cross attention
            (((2, 3), (4, 3), (4, 1)), {"is_causal": True}),  # the last two of four positions
            (((2, 2, 3, 2), (2, 3, 2), (2, 1, 3, 2)), {}),  # (batch, heads, time, d)
            (((3, 2), (2, 4, 2), (4, 2), (3, 4)), {}),  # a mask
            (((2, 3, 2), (2, 3, 2), (2, 3, 2), (2, 1, 3)), {"is_causal": True}),
            (((0, 2), (3, 2), (3, 2)), {}),
        ],
    ),
    binary(
        "sigmoid_cross_entropy",
        lambda z, y: np.log(1 + np.exp(z)) - z * y,
        real_and_0,
        probability,
        call=fused.sigmoid_cross_entropy,
    ),
    binary(
        "probability_cross_entropy",
        lambda p, y: -(y * np.log(p) + (1 - y) * np.log(1 - p)),
        probability,
        probability,
        call=fused.probability_cross_entropy,
    ),
    Line(
        "batch_norm",
        batch_norm._batch_norm,
        loops.batch_norm,
        (real, real, real),
        [
            (((4, 3), (3,), (3,)), {}),
            (((2, 3, 2, 2), (3,), (3,)), {"eps": 0.1}),
            (((3, 2, 2), (2,), (2,)), {}),
        ],
    ),
    Line(
        "conv2d",
        convolution._conv2d,
        loops.conv2d,
        (real, real),
        [(shapes[:2], how) for shapes, how in CONVOLVED],
    ),
    Line(
        "conv2d with a bias",
        convolution._biased_conv2d,
        loops.conv2d,
        (real, real, real),
        CONVOLVED,
    ),
    Line(
        "max_pool2d",
        pooling._max_pool2d,
        loops.max_pool2d,
        (distinct,),
        POOLED,
        bends=False,
    ),
    Line(
        "avg_pool2d",
        pooling._avg_pool2d,
        loops.avg_pool2d,
        (real,),
        POOLED,
        bends=False,
    ),
]

KEYS: list[tuple[Shape, Any]] = [
    ((3, 4), 1),
    ((3, 4), -1),
    ((3, 4), (2, -3)),
    ((3, 4), slice(1, None)),
    ((3, 4), (slice(None), slice(None, None, -2))),
    ((3, 4), (..., None, 0)),
    ((3, 4), (None, slice(2, 0, -1), ..., None)),
    ((3, 4), ()),
    ((3, 4), ...),
    ((3, 4), slice(5, 9)),
    ((), ()),
    ((), None),
    ((0, 2), slice(None)),
    ((3, 4), [0, 2, 2, -1]),
    ((3, 4), (slice(1, 3), [1, 1, -4])),
    ((3, 4), ([0, 1, 0], [3, 3, 3])),
    ((3, 4), ([[0], [2]], [1, -1])),
    ((2, 3, 4), ([0, 1], slice(None), [1, 3])),
    ((2, 3, 4), (1, ..., [1, 1])),
    ((3, 4), []),
]
MASKS: list[tuple[Shape, Any]] = [
    ((3,), np.array([True, False, True])),
    ((2, 3), np.array([[True, False, True], [False, False, True]])),
    ((2, 3), (slice(None), np.array([False, True, True]))),
    ((2, 3), np.zeros((2, 3), bool)),
    ((2, 3, 2), (np.array([True, True]), [0, -1])),
]


def indexed(keys: list[tuple[Shape, Any]], variant: str = "", **known: Any) -> Line:
    cases: list[Case] = [((shape,), {"key": key}) for shape, key in keys]
    reference: Any = lambda a, key: a[key]  # noqa: E731
    call: Any = reference
    return Line(f"__getitem__{variant}", call, reference, (real,), cases, bends=False, **known)


def operation(name: str, of: Any, *draws: Draw, **known: Any) -> Line:
    """An operator: `of` stands for it on Tensors and on arrays alike."""
    form = unary if len(draws) == 1 else binary
    line = form(f"__{name}__", of, *draws, call=of, **known)
    return line._replace(cases=line.cases[1:4], broadcasts=False)


def reflected(name: str, of: Any, *draws: Draw, **known: Any) -> Line:
    """What Python calls on the right operand."""
    call: Any = lambda a, b: getattr(a, f"__{name}__")(b)  # noqa: E731
    reference: Any = lambda a, b: of(b, a)  # noqa: E731
    line = binary(f"__{name}__", reference, *draws, call=call, **known)
    return line._replace(cases=line.cases[1:4], broadcasts=False)


COMPARED: dict[str, Any] = {"dtype": bool, "differentiable": False}
OPERATORS = [
    operation("add", operator.add, real, real, bends=False),
    operation("sub", operator.sub, real, real, bends=False),
    operation("mul", operator.mul, real, real),
    operation("truediv", operator.truediv, real, kinked_at_0),
    operation("pow", operator.pow, positive, real),
    operation("matmul", operator.matmul, real, real, cases=PRODUCTS),
    reflected("radd", operator.add, real, real, bends=False),
    reflected("rsub", operator.sub, real, real, bends=False),
    reflected("rmul", operator.mul, real, real),
    reflected("rtruediv", operator.truediv, kinked_at_0, real),
    reflected("rpow", operator.pow, real, positive),
    reflected(
        "rmatmul", operator.matmul, real, real,
        cases=[((b, a), options) for (a, b), options in PRODUCTS],
    ),
    operation("neg", operator.neg, real, bends=False),
    operation("pos", operator.pos, real, bends=False),
    operation("abs", operator.abs, kinked_at_0, bends=False),
    operation("invert", operator.invert, truth, **COMPARED),
    operation("and", operator.and_, truth, truth, **COMPARED),
    operation("or", operator.or_, truth, truth, **COMPARED),
    reflected("rand", operator.and_, truth, truth, **COMPARED),
    reflected("ror", operator.or_, truth, truth, **COMPARED),
    operation("eq", operator.eq, tied, tied, **COMPARED),
    operation("ne", operator.ne, tied, tied, **COMPARED),
    operation("lt", operator.lt, tied, tied, **COMPARED),
    operation("le", operator.le, tied, tied, **COMPARED),
    operation("gt", operator.gt, tied, tied, **COMPARED),
    operation("ge", operator.ge, tied, tied, **COMPARED),
    indexed(KEYS),
    indexed(MASKS, " with masks", transfers=True),
]  # fmt: skip

# Methods that are called otherwise than the function of their name; the others are the function.
METHODS = [
    moving("T", np.transpose, [((2, 3), {}), ((2, 3, 4), {}), ((), {})], call=lambda a: a.T),
    moving(
        "reshape method",
        lambda a, lengths: a.reshape(*lengths),
        [((2, 3), {"lengths": lengths}) for lengths in [(3, -1), (6,), ((6,),), ([2, 3],)]],
        call=lambda a, lengths: a.reshape(*lengths),
    ),
    moving(
        "transpose method",
        lambda a, order: np.transpose(a, order[0] if order and len(order) == 1 else order or None),
        [((2, 3, 4), {"order": order}) for order in [(), (2, 0, 1), ((1, 0, 2),)]],
        call=lambda a, order: a.transpose(*order),
    ),
    moving(
        "to", np.copy, [((2, 3), {}), ((), {})], call=lambda a: a.to(a.device)
    ),
]  # fmt: skip

LINES = [*FUNCTIONS, *SEVERAL_STEPS, *OPERATORS, *METHODS]

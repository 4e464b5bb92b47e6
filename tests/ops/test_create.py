"""New tensors: each creating function against NumPy, on every device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as te

# name -> what NumPy makes of the same arguments in float32, and the arguments
CREATED: dict[str, tuple[Callable[..., Any], list[tuple[Any, ...]]]] = {
    "zeros": (np.zeros, [((2, 3),), (3,), ((),), ((0, 2),)]),
    "ones": (np.ones, [((2, 3),), (3,), ((),), ((0, 2),)]),
    "full": (np.full, [((2, 3), 1.5), (3, -2.0), ((), 0.5)]),
    "eye": (np.eye, [(3,), (1,), (0,)]),
    "arange": (np.arange, [(0.0, 1.0, 0.25), (2.0, 5.0), (5.0, 2.0, -1.0), (3.0,)]),
    "rand": (lambda *shape: np.random.default_rng(7).random(shape), [(2, 3), (4,), (), (0, 2)]),
    "randn": (
        lambda *shape: np.random.default_rng(7).standard_normal(shape), [(2, 3), (4,), (), (0, 2)]
    ),
    "zeros_like": (np.zeros_like, [(np.ones((2, 3), np.float32),), (np.ones((), np.float32),)]),
    "ones_like": (np.ones_like, [(np.zeros((2, 3), np.float32),), (np.zeros((), np.float32),)]),
    "full_like": (np.full_like, [(np.ones((2, 3), np.float32), 2.5)]),
}  # fmt: skip
LIKE = [name for name in CREATED if name.endswith("_like")]
OTHERS = [name for name in CREATED if name not in LIKE]


@pytest.fixture(autouse=True)
def _seed(seeded: None) -> None:
    te.manual_seed(7)


def made(name: str, args: tuple[Any, ...], device: str, **options: Any) -> te.Tensor:
    te.manual_seed(7)
    if name in LIKE:
        args = (te.tensor(args[0], device=device), *args[1:])
    else:
        options["device"] = device
    return getattr(te, name)(*args, **options)


@pytest.mark.parametrize("name", CREATED)
def test_values_are_numpys(name: str, device: str) -> None:
    reference, calls = CREATED[name]
    for args in calls:
        found = made(name, args, device)
        expected = np.asarray(reference(*args)).astype(np.float32)
        assert found.device == device
        assert (found.dtype, found.shape) == (np.float32, expected.shape)
        np.testing.assert_array_equal(found.numpy(), expected)


@pytest.mark.parametrize("name", CREATED)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_dtype_is_kept(name: str, dtype: Any, device: str) -> None:
    assert made(name, CREATED[name][1][0], device, dtype=dtype).dtype == dtype


@pytest.mark.parametrize("name", LIKE)
def test_like_takes_dtype_and_device_of_its_model(name: str, device: str) -> None:
    for dtype in (np.float16, np.float64, np.int64):
        model = te.tensor(np.ones((2, 3), dtype), device=device)
        found = getattr(te, name)(model, *CREATED[name][1][0][1:])
        assert (found.dtype, found.device, found.shape) == (dtype, device, (2, 3))


@pytest.mark.parametrize("name", [name for name in OTHERS if name != "arange"])
def test_gradients_can_be_asked_for(name: str, device: str) -> None:
    found = made(name, CREATED[name][1][0], device, requires_grad=True)
    assert found.requires_grad
    assert not made(name, CREATED[name][1][0], device).requires_grad


@pytest.mark.parametrize("name", ["zeros", "ones", "eye", "rand"])
def test_default_device_is_used(name: str, device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(te.backend, "_default_device", te.default_device())
    te.set_default_device(device)
    assert getattr(te, name)(2).device == device


# --- dtypes of what Python and NumPy give


@pytest.mark.parametrize(
    ("data", "dtype"),
    [
        (1.5, np.float32),
        ([1.0, 2.0], np.float32),
        ([[1, 2.5]], np.float32),
        ([], np.float32),
        (3, np.int64),
        ([1, 2], np.int64),
        (True, np.bool_),
        ([True, False], np.bool_),
        (np.float64(1.5), np.float64),
        (np.float16(1.5), np.float16),
        (np.ones(2), np.float64),
        (np.ones(2, np.float16), np.float16),
        (np.ones(2, np.int32), np.int32),
        ([np.ones(2), np.zeros(2)], np.float64),
        ([np.float32(1), np.float32(2)], np.float32),
    ],
    ids=repr,
)
@pytest.mark.parametrize("make", [te.tensor, te.asarray])
def test_dtype_of_data(make: Any, data: Any, dtype: Any, device: str) -> None:
    assert make(data, device=device).dtype == dtype


def test_tensor_copies_and_asarray_shares() -> None:
    data = np.zeros(3)
    copied, shared = te.tensor(data), te.asarray(data)
    data[0] = 1
    assert copied.tolist() == [0, 0, 0]
    assert shared.tolist() == [1, 0, 0]
    assert te.asarray(copied) is copied
    assert not np.shares_memory(te.tensor(copied).data, copied.data)


def test_tensor_of_a_tensor_on_a_device_copies(device: str) -> None:
    first = te.tensor([1.0, 2.0], device=device)
    second = te.tensor(first, device=device)
    second.data += 1
    assert first.tolist() == [1, 2]
    assert te.tensor(first, dtype=np.float64, device=device).dtype == np.float64


@pytest.mark.parametrize(
    ("data", "error", "sentence"),
    [
        ("text", TypeError, "a tensor holds numbers"),
        ([None], TypeError, "a tensor holds numbers"),
        ([[1, 2], [3]], ValueError, "differ in length"),
        (np.ones(2, np.longdouble), TypeError, "is not supported"),
    ],
    ids=["text", "None", "ragged", "longdouble"],
)
def test_what_is_no_block_of_numbers_is_refused(data: Any, error: Any, sentence: str) -> None:
    with pytest.raises(error, match=sentence):
        te.tensor(data)


def test_a_tensor_wraps_arrays_only() -> None:
    with pytest.raises(TypeError, match="te.tensor"):
        te.Tensor([1.0])  # type: ignore[arg-type]


# --- random numbers


@pytest.mark.parametrize("name", ["rand", "randn"])
def test_a_seed_gives_the_same_numbers_on_every_device(name: str, device: str) -> None:
    te.manual_seed(3)
    here = getattr(te, name)(4, 5)
    te.manual_seed(3)
    there = getattr(te, name)(4, 5, device=device)
    np.testing.assert_array_equal(here.numpy(), there.numpy())
    assert (getattr(te, name)(4, 5).numpy() != here.numpy()).any()


def test_random_numbers_have_their_distribution() -> None:
    uniform, normal = te.rand(20000).numpy(), te.randn(20000).numpy()
    assert 0 <= uniform.min() and uniform.max() < 1
    assert abs(uniform.mean() - 0.5) < 0.01 and abs(uniform.std() - 12**-0.5) < 0.01
    assert abs(normal.mean()) < 0.03 and abs(normal.std() - 1) < 0.03


# --- devices


def test_an_unknown_device_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="no device 'gpu'; this library knows 'cpu', 'cuda'"):
        te.zeros(2, device="gpu")


def test_tensors_move_between_devices_with_their_gradient(device: str) -> None:
    x = te.tensor([1.0, 2.0], requires_grad=True)
    there = x.to(device)
    assert (there.device, there.dtype) == (device, np.float32)
    (there * there).to("cpu").sum().backward()
    assert x.grad.device == "cpu"
    assert x.grad.tolist() == [2, 4]


def test_to_the_same_device_is_the_same_memory(device: str) -> None:
    x = te.tensor([1.0], device=device)
    assert x.to(device).data is x.data

"""DataLoader: every row once in a pass, in an order that a seed fixes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_edu as te
from tinygrad_edu.data import DataLoader, TensorDataset


def rows(n: int, device: str = "cpu") -> TensorDataset:
    """Row i is (i, i + ½) with the label 10 i."""
    x = np.arange(n, dtype=np.float32)[:, None] + np.float32([0, 0.5])
    return TensorDataset(te.tensor(x, device=device), te.tensor(10 * np.arange(n), device=device))


def order(loader: DataLoader) -> list[int]:
    """The rows of one pass, in order; each batch's parts belong together."""
    found = []
    for x, y in loader:
        np.testing.assert_array_equal(x.numpy()[:, 0] * 10, y.numpy())
        np.testing.assert_array_equal(x.numpy()[:, 1], x.numpy()[:, 0] + 0.5)
        found += (y.numpy() // 10).tolist()
    return found


@given(
    n=st.integers(0, 40),
    batch_size=st.integers(1, 45),
    shuffle=st.booleans(),
    drop_last=st.booleans(),
    seed=st.integers(0, 99),
)
def test_every_row_once_in_a_pass(n, batch_size, shuffle, drop_last, seed):
    loader = DataLoader(rows(n), batch_size, shuffle, drop_last, seed)
    for _ in range(2):
        sizes = [len(x) for x, _ in loader]
        whole, rest = divmod(n, batch_size)
        assert sizes == [batch_size] * whole + [rest] * (rest > 0 and not drop_last)
        assert len(loader) == len(sizes)
        met = order(loader)
        kept = n - rest if drop_last else n
        assert len(met) == len(set(met)) == kept and set(met) <= set(range(n))
        if not shuffle:
            assert met == list(range(kept))


@pytest.mark.usefixtures("seeded")
@pytest.mark.parametrize(
    ("n", "batch_size", "drop_last", "sizes"),
    [
        (10, 3, False, [3, 3, 3, 1]), (10, 3, True, [3, 3, 3]), (9, 3, False, [3, 3, 3]),
        (9, 3, True, [3, 3, 3]), (2, 3, False, [2]), (2, 3, True, []), (3, 1, False, [1, 1, 1]),
        (0, 3, False, []),
    ],
)  # fmt: skip
@pytest.mark.parametrize("shuffle", [False, True])
def test_sizes_of_the_batches(n, batch_size, drop_last, sizes, shuffle, device):
    loader = DataLoader(rows(n, device), batch_size, shuffle=shuffle, drop_last=drop_last)
    batches = list(loader)
    assert [len(x) for x, _ in batches] == sizes and len(loader) == len(sizes)
    for x, y in batches:
        assert x.shape[1:] == (2,) and y.shape == x.shape[:1]
        assert (x.dtype, y.dtype) == (np.float32, np.int64)
        assert x.device == y.device == device
        assert not x.requires_grad


def test_defaults_are_single_rows_in_order():
    assert [x.shape for x, _ in DataLoader(rows(3))] == [(1, 2)] * 3
    assert order(DataLoader(rows(5))) == [0, 1, 2, 3, 4]


# --- orders


def test_a_seed_fixes_the_order_of_every_pass(device):
    one, other = (DataLoader(rows(30, device), 7, shuffle=True, seed=5) for _ in "ab")
    passes = [order(one) for _ in range(4)]
    assert passes == [order(other) for _ in range(4)]
    assert len({tuple(p) for p in passes}) == 4  # each pass has a new order
    assert all(p != list(range(30)) for p in passes)
    assert passes[0] != order(DataLoader(rows(30), 7, shuffle=True, seed=6))


def test_the_batch_size_does_not_change_a_seeded_order():
    assert len({tuple(order(DataLoader(rows(30), b, True, seed=5))) for b in (1, 4, 30, 99)}) == 1


@pytest.mark.usefixtures("seeded")
def test_a_seed_of_its_own_draws_nothing_from_the_library():
    before = te.backend.generator().bit_generator.state
    order(DataLoader(rows(9), 2, shuffle=True, seed=5))
    order(DataLoader(rows(9), 2))
    assert te.backend.generator().bit_generator.state == before


@pytest.mark.usefixtures("seeded")
def test_manual_seed_fixes_the_order(device):
    found = []
    for seed in (3, 3, 4):
        te.manual_seed(seed)
        loader = DataLoader(rows(30, device), 7, shuffle=True)
        found.append([order(loader) for _ in range(3)])
    assert found[0] == found[1] != found[2]
    assert len({tuple(p) for p in found[0]}) == 3
    loader = DataLoader(rows(30), 7, shuffle=True)  # made before the seed is set
    te.manual_seed(3)
    assert order(loader) == found[0][0]


def test_shuffling_is_fair():
    """Each of the 6 orders of 3 rows comes about once in 6: 1000 each, 6 deviations are 173."""
    loader = DataLoader(rows(3), 3, shuffle=True, seed=0)
    counts: dict[tuple[int, ...], int] = {}
    for _ in range(6000):
        ((_, y),) = loader
        key = tuple(y.tolist())
        counts[key] = counts.get(key, 0) + 1
    assert len(counts) == math.factorial(3)
    assert all(abs(count - 1000) < 173 for count in counts.values())


def test_two_passes_at_once_do_not_disturb_each_other():
    loader = DataLoader(rows(20), 3, shuffle=True, seed=1)
    pairs = list(zip(loader, loader, strict=True))
    for side in (0, 1):
        met = [v for pair in pairs for v in pair[side][1].tolist()]
        assert sorted(met) == [10 * i for i in range(20)]


def test_a_pass_that_was_broken_off_does_no_harm():
    loader = DataLoader(rows(20), 3, shuffle=True, seed=1)
    next(iter(loader))
    assert sorted(order(loader)) == list(range(20))


# --- what it is given


def test_batches_are_copies_of_the_rows():
    data = rows(6)
    for x, _ in DataLoader(data, 2):
        x.data = x.data + 100
    assert order(DataLoader(data, 2)) == list(range(6))


def test_a_tuple_becomes_a_data_set():
    images, labels = np.zeros((5, 28, 28), np.uint8), np.arange(5)
    for pair in ((images, labels), [images, labels]):
        loader = DataLoader(pair, batch_size=2)
        assert isinstance(loader.dataset, TensorDataset)
        assert [(x.shape, x.dtype, y.tolist()) for x, y in loader] == [
            ((2, 28, 28), np.uint8, [0, 1]), ((2, 28, 28), np.uint8, [2, 3]),
            ((1, 28, 28), np.uint8, [4]),
        ]  # fmt: skip
    assert [x.tolist() for (x,) in DataLoader((np.arange(3),), 2)] == [[0, 1], [2]]


def test_a_loader_over_other_rows():
    loader = DataLoader(rows(10), 4, shuffle=True, drop_last=True, seed=1)
    other = loader.over(rows(7))
    assert [len(x) for x, _ in other] == [4] and len(other) == 1
    assert (other.batch_size, other.shuffle, other.drop_last) == (4, True, True)
    assert other.generator is loader.generator and len(loader) == 2


@pytest.mark.parametrize("data", [np.zeros((4, 3)), te.zeros((4, 3)), 5, None, "text"])
def test_a_single_array_is_refused(data):
    """Its rows would be taken for arrays that stand side by side."""
    with pytest.raises(TypeError, match=rf"not one {type(data).__name__}.*\(array,\)"):
        DataLoader(data, 2)


def test_tensors_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"rows.*\(4,\).*\(3,\)"):
        DataLoader((np.zeros(4), np.zeros(3)))


@pytest.mark.parametrize("size", [0, -1, 2.0, "2", None])
def test_batch_sizes_that_are_no_whole_numbers_are_refused(size):
    with pytest.raises(ValueError, match="batch_size is a whole number of at least 1, not"):
        DataLoader(rows(3), size)


def test_batch_sizes_that_are_numpy_numbers():
    assert [len(x) for x, _ in DataLoader(rows(5), np.int64(2))] == [2, 2, 1]


def test_batches_are_put_on_the_device_that_is_asked_for(device):
    x, y = np.arange(12.0, dtype=np.float32).reshape(6, 2), np.array([0, 1, 2, 0, 1, 2])
    plain = DataLoader((x, y), batch_size=4)
    loader = DataLoader((x, y), batch_size=4, device=device)
    for one, other in zip(plain, loader.over(loader.dataset), strict=True):
        assert {t.device for t in other} == {device}
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a.numpy(), b.numpy())
    assert {t.device for t in loader.dataset.tensors} == {"cpu"}
    with pytest.raises(ValueError, match="there is no device 'gpu'"):
        DataLoader((x, y), device="gpu")

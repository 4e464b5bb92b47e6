"""train_test_split and KFold: every row once, rows stay together, shares, seeds, wrong use."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_edu as te
from tinygrad_edu.data.split import KFold, train_test_split


def table(rows):
    """Rows that can be told apart, and labels that belong to them."""
    return np.arange(rows)[:, None] + np.array([0.0, 0.25]), 10 * np.arange(rows)


# --- train_test_split -----------------------------------------------------------------------------


@given(st.integers(2, 60), st.data())
def test_every_row_is_in_one_part_and_stays_with_its_label(rows, data):
    count = data.draw(st.integers(1, rows - 1))
    x, y = table(rows)
    kept = x.copy(), y.copy()
    parts = train_test_split(x, y, test_size=count, seed=data.draw(st.integers(0, 99)))
    x_train, x_test, y_train, y_test = parts
    assert x_test.shape == (count, 2) and x_train.shape == (rows - count, 2)
    for features, labels in ((x_train, y_train), (x_test, y_test)):
        np.testing.assert_array_equal(10 * features[:, 0], labels)
        np.testing.assert_array_equal(features[:, 1] - features[:, 0], 0.25)
    assert sorted(np.concatenate([y_train, y_test]).tolist()) == y.tolist()
    np.testing.assert_array_equal(x, kept[0])
    np.testing.assert_array_equal(y, kept[1])


@pytest.mark.parametrize(
    ("rows", "test_size", "count"),
    [
        (100, 0.2, 20),
        (10, 0.25, 3),  # rounded up
        (3, 0.01, 1),
        (150, 0.5, 75),
        (5, 2, 2),
        (5, np.int64(2), 2),
        (5, np.float64(0.4), 2),
        (2, 1, 1),
    ],
)
def test_number_of_test_rows(rows, test_size, count):
    train, test = train_test_split(np.arange(rows), test_size=test_size, seed=0)
    assert (len(train), len(test)) == (rows - count, count)


def test_a_quarter_is_the_default():
    assert len(train_test_split(np.arange(20), seed=0)[1]) == 5


@pytest.mark.parametrize("rows", [25, 50, 100, 1000])
def test_a_share_in_hundredths_gives_no_row_too_many(rows):
    # 0.07 * 100 is 7.000000000000001, which rounded up would be 8.
    for percent in range(1, 100):
        count = -(-percent * rows // 100)
        if count < rows:
            _, test = train_test_split(np.arange(rows), test_size=percent / 100, seed=0)
            assert len(test) == count


def test_the_order_is_random_in_both_parts():
    train, test = train_test_split(np.arange(400), test_size=0.5, seed=1)
    for part in (train, test):
        assert abs(np.corrcoef(part, np.arange(200))[0, 1]) < 0.3
    y = np.arange(400) % 2
    for part in train_test_split(np.arange(400), test_size=0.5, stratify=y, seed=1):
        assert abs(np.corrcoef(part, np.arange(200))[0, 1]) < 0.3
        assert 70 < np.sum((part[1:] - part[:-1]) % 2) < 130  # classes are mixed


def test_each_row_is_a_test_row_equally_often():
    count = np.zeros(10)
    for seed in range(400):
        count[train_test_split(np.arange(10), test_size=3, seed=seed)[1]] += 1
    assert np.all(np.abs(count - 120) < 46)  # 5 standard deviations of √(400 · 0.3 · 0.7) = 9.2


@pytest.mark.parametrize("stratify", [None, [0, 1] * 10])
def test_a_seed_fixes_the_order_and_leaves_the_library_alone(stratify):
    # The fixture of conftest.py fails this test if the library's generator is used.
    def split(seed):
        return train_test_split(np.arange(20), seed=seed, stratify=stratify)[0].tolist()

    assert split(3) == split(3) != split(4)
    assert split(0) == split(0) != split(3)


@pytest.mark.parametrize("stratify", [None, [0, 1] * 10])
def test_without_a_seed_manual_seed_decides(seeded, stratify):
    def split():
        return train_test_split(np.arange(20), stratify=stratify)[0].tolist()

    te.manual_seed(5)
    first, second = split(), split()
    te.manual_seed(5)
    assert [split(), split()] == [first, second] and first != second


def test_arrays_lists_and_tensors(device):
    x, y = table(12)
    tensor = te.tensor(x, dtype=te.float32, device=device)
    words = [f"row {i}" for i in range(12)]
    parts = train_test_split(tensor, y, words, y.tolist(), test_size=5, seed=0)
    assert len(parts) == 8
    for train, test in (parts[:2], parts[2:4], parts[4:6], parts[6:]):
        assert len(train) == 7 and len(test) == 5
    for i in (0, 1):
        features, labels, names, listed = parts[i::2]
        assert isinstance(features, te.Tensor)
        assert features.device == device and features.dtype == np.float32
        assert isinstance(labels, np.ndarray) and labels.dtype == y.dtype
        np.testing.assert_array_equal(features.numpy()[:, 0] * 10, labels)
        np.testing.assert_array_equal(listed, labels)
        assert [f"row {label // 10}" for label in labels] == list(names)


def test_gradients_flow_to_the_rows_of_a_tensor():
    x = te.tensor(np.arange(4.0), requires_grad=True)
    train, test = train_test_split(x, test_size=1, seed=0)
    ((2 * train).sum() + (3 * test).sum()).backward()
    wanted = np.where(np.arange(4) == test.detach().numpy()[0], 3.0, 2.0)
    np.testing.assert_array_equal(x.grad.numpy(), wanted)


@given(
    st.lists(st.integers(0, 3), min_size=2, max_size=80),
    st.data(),
)
def test_stratified_shares_are_right_to_the_nearest_row(labels, data):
    rows = len(labels)
    count = data.draw(st.integers(1, rows - 1))
    labels = np.array(labels)
    index, y = np.arange(rows), labels + 5
    parts = train_test_split(index, y, test_size=count, stratify=labels, seed=2)
    train, test, y_train, y_test = parts
    assert len(test) == count and sorted([*train, *test]) == list(range(rows))
    np.testing.assert_array_equal(labels[train] + 5, y_train)
    np.testing.assert_array_equal(labels[test] + 5, y_test)
    whole, above = [], []  # of each class: rows of its share, and whether it got one more
    for label in np.unique(labels):
        size, found = int(np.sum(labels == label)), int(np.sum(labels[test] == label))
        remainder = size * count % rows
        assert found in (size * count // rows, -(-size * count // rows))
        (above if found > size * count // rows else whole).append(remainder)
    assert min(above, default=rows) >= max(whole, default=0)  # one more goes where most is cut off


def test_stratified_split_of_a_rare_class():
    labels = np.array([0] * 90 + [1] * 10)
    for seed in range(20):
        _, test = train_test_split(labels, test_size=0.2, stratify=labels, seed=seed)
        assert np.bincount(test).tolist() == [18, 2]
    plain = [
        np.bincount(train_test_split(labels, test_size=0.2, seed=seed)[1], minlength=2)[1]
        for seed in range(20)
    ]
    assert len(set(plain)) > 2  # without stratify it is left to chance


@pytest.mark.parametrize(
    "labels",
    [
        ["dog", "cat", "dog", "cat", "dog", "cat", "dog", "cat"],
        te.tensor([0, 1, 0, 1, 0, 1, 0, 1]),
        te.tensor([0, 1, 0, 1, 0, 1, 0, 1], device="pretend-gpu"),
        np.array([0.5, np.nan] * 4),
        [True, False] * 4,
    ],
    ids=["text", "tensor", "device", "nan", "bool"],
)
def test_stratify_takes_labels_of_any_kind(labels):
    for seed in range(5):
        _, test = train_test_split(np.arange(8), test_size=4, stratify=labels, seed=seed)
        assert np.bincount(test % 2).tolist() == [2, 2]


@pytest.mark.parametrize("test_size", [0, 0.0, 1.0, 1.5, -0.2, 10, 11, -1, np.int64(10)])
def test_a_part_without_rows_is_refused(test_size):
    sentence = re.escape(f"test_size={test_size!r} of 10 rows would leave one part empty")
    for stratify in (None, [0, 1] * 5):
        with pytest.raises(ValueError, match=sentence):
            train_test_split(np.arange(10), test_size=test_size, stratify=stratify, seed=0)


def test_wrong_use_is_refused():
    with pytest.raises(ValueError, match=r"equally many rows; they have \[3, 4\]"):
        train_test_split(np.zeros((3, 2)), te.zeros(4))
    with pytest.raises(ValueError, match="at least one array"):
        train_test_split()
    with pytest.raises(ValueError, match=r"one label a row, of shape \(4,\), not \(3,\)"):
        train_test_split(np.arange(4), stratify=[0, 1, 0], seed=0)
    with pytest.raises(ValueError, match=r"one label a row, of shape \(4,\), not \(4, 1\)"):
        train_test_split(np.arange(4), stratify=np.zeros((4, 1)), seed=0)
    with pytest.raises(ValueError, match="1 rows would leave one part empty"):
        train_test_split([7])
    with pytest.raises(TypeError):
        train_test_split(np.float64(3.0))


# --- KFold ----------------------------------------------------------------------------------------


@given(st.integers(2, 12), st.integers(0, 40), st.booleans())
def test_folds_are_disjoint_complete_and_of_one_size(n_splits, more, shuffle):
    rows = n_splits + more
    folds = list(KFold(n_splits, shuffle=shuffle, seed=1).split(np.zeros((rows, 3))))
    assert len(folds) == n_splits
    for train, test in folds:
        assert sorted([*train, *test]) == list(range(rows))
        assert train.dtype.kind == test.dtype.kind == "i"
    assert sorted(np.concatenate([test for _, test in folds]).tolist()) == list(range(rows))
    sizes = [len(test) for _, test in folds]
    assert max(sizes) - min(sizes) <= 1


def test_folds_without_shuffle_are_blocks_of_neighbours():
    folds = [(train.tolist(), test.tolist()) for train, test in KFold(3).split(np.zeros(7))]
    assert folds == [
        ([3, 4, 5, 6], [0, 1, 2]),
        ([0, 1, 2, 5, 6], [3, 4]),
        ([0, 1, 2, 3, 4], [5, 6]),
    ]
    assert len(list(KFold().split(np.zeros(10)))) == 5


def folds_of(kfold):
    return [test.tolist() for _, test in kfold.split(np.zeros(30))]


def test_shuffled_folds_follow_their_seed():
    kfold = KFold(3, shuffle=True, seed=0)
    assert folds_of(kfold) == folds_of(kfold) == folds_of(KFold(3, shuffle=True, seed=0))
    assert folds_of(kfold) != folds_of(KFold(3, shuffle=True, seed=1))
    assert folds_of(kfold)[0] != list(range(10))


def test_shuffled_folds_without_a_seed_follow_manual_seed(seeded):
    kfold = KFold(3, shuffle=True)
    te.manual_seed(8)
    first, second = folds_of(kfold), folds_of(kfold)
    te.manual_seed(8)
    assert [folds_of(kfold), folds_of(kfold)] == [first, second] and first != second


def test_folds_without_shuffle_draw_nothing():
    # The fixture of conftest.py fails this test if the library's generator is used.
    assert len(list(KFold(2).split(np.zeros(4)))) == 2


@pytest.mark.parametrize("data", [te.zeros((7, 2)), [[1]] * 7, np.zeros(7)], ids=type)
def test_folds_take_arrays_lists_and_tensors(data):
    assert [len(test) for _, test in KFold(3).split(data)] == [3, 2, 2]


@pytest.mark.parametrize("n_splits", [1, 0, -3, 2.0, "3", True])
def test_folds_need_to_be_two(n_splits):
    with pytest.raises(ValueError, match=f"at least 2 folds, not {n_splits!r}"):
        KFold(n_splits)


def test_more_folds_than_rows_are_refused():
    with pytest.raises(ValueError, match="4 rows do not fill 5 folds"):
        list(KFold(5).split(np.zeros(4)))
    assert len(list(KFold(4).split(np.zeros(4)))) == 4

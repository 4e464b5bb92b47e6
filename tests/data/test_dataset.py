"""TensorDataset: rows side by side."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_edu as te
from tinygrad_edu.data import TensorDataset

X = np.arange(12, dtype=np.float32).reshape(4, 3)
Y = np.array([0, 1, 2, 3])


def test_rows_belong_together(device):
    data = TensorDataset(te.tensor(X, device=device), te.tensor(Y, device=device))
    assert len(data) == 4
    x, y = data[2]
    assert x.tolist() == [6, 7, 8] and y.item() == 2 and {x.device, y.device} == {device}
    for key in (slice(1, 3), [1, 2], np.array([1, 2]), Y % 3 > 0):
        x, y = data[key]
        rows = np.arange(4)[key]
        np.testing.assert_array_equal(x.numpy(), X[rows])
        np.testing.assert_array_equal(y.numpy(), Y[rows])
        assert (x.dtype, y.dtype, x.device) == (np.float32, np.int64, device)


def test_any_number_of_tensors_of_any_shape():
    arrays = [X, Y, X.reshape(4, 1, 3, 1), np.zeros((4, 0))]
    for count in range(1, 5):
        row = TensorDataset(*arrays[:count])[0]
        assert isinstance(row, tuple)
        assert [x.shape for x in row] == [a.shape[1:] for a in arrays[:count]]
    assert len(TensorDataset(X[:0], Y[:0])) == 0


def test_lists_arrays_and_tensors_keep_the_dtypes_they_have_in_te_tensor():
    data = TensorDataset([[1.0], [2.0]], np.float64([1, 2]), te.tensor([1, 2]), np.uint8([1, 2]))
    assert [x.dtype for x in data.tensors] == ["float32", "float64", "int64", "uint8"]


def test_nothing_is_copied():
    tensor = te.tensor(X)
    data = TensorDataset(tensor, Y)
    assert data.tensors[0] is tensor and np.shares_memory(data.tensors[1].data, Y)


def test_new_tensors_are_made_on_the_default_device(monkeypatch):
    monkeypatch.setattr(te.backend, "_default_device", te.default_device())
    te.set_default_device("pretend-gpu")
    assert {x.device for x in TensorDataset(X, Y).tensors} == {"pretend-gpu"}


def test_iteration_gives_the_rows_and_ends():
    rows = list(TensorDataset(X, Y))
    assert [y.item() for _, y in rows] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("tensors", "words"),
    [
        ((), "at least one tensor"),
        ((X, Y[:3]), r"rows.*\(4, 3\).*\(3,\)"),
        ((X, X.T), r"rows.*\(4, 3\).*\(3, 4\)"),
        ((X, 1.0), r"rows.*\(4, 3\).*\(\)"),
        ((1.0,), r"rows.*\(\)"),
    ],
)
def test_tensors_that_do_not_fit_give_a_sentence(tensors, words):
    with pytest.raises(ValueError, match=words):
        TensorDataset(*tensors)


def test_things_that_are_no_numbers_give_a_sentence():
    with pytest.raises(TypeError, match="holds numbers"):
        TensorDataset(["a", "b"])
    with pytest.raises(ValueError, match="differ in length"):
        TensorDataset([[1.0], [1.0, 2.0]])


@pytest.mark.parametrize("key", [4, -5, [0, 4]])
def test_rows_that_do_not_exist_give_an_index_error(key, device):
    data = TensorDataset(te.tensor(X, device=device), te.tensor(Y, device=device))
    with pytest.raises(IndexError):
        data[key]

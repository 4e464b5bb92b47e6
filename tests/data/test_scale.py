"""StandardScaler: z of the training rows, the way back, constant columns, dtypes, wrong use."""

import statistics

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_edu as te
from tinygrad_edu.data import tables
from tinygrad_edu.data.scale import StandardScaler

RANDOM = np.random.default_rng(0)
DATA = RANDOM.normal(size=(80, 3)) * [10, 0.1, 1] + [50, 3, -7]
# Hundredths, so that no column is nearly constant: what rounding does to such is another matter.
values = st.integers(-10_000, 10_000).map(lambda x: x / 100)
arrays = hnp.arrays(np.float64, st.tuples(st.integers(1, 30), st.integers(1, 4)), elements=values)


@given(arrays)
def test_training_rows_have_mean_0_and_sd_1(data):
    kept = data.copy()
    z = StandardScaler().fit_transform(data)
    assert z.shape == data.shape and z.dtype == np.float64
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=1e-12)
    sd = np.where((data == data[0]).all(axis=0), 0, 1)  # a column that never changes stays 0
    np.testing.assert_allclose(z.std(axis=0), sd, atol=1e-12)
    np.testing.assert_array_equal(data, kept)


@given(arrays, st.data())
def test_inverse_transform_is_the_way_back(data, draw):
    scaler = StandardScaler().fit(data)
    rows = st.tuples(st.integers(1, 5), st.just(data.shape[1]))
    other = draw.draw(hnp.arrays(np.float64, rows, elements=values))
    back = scaler.inverse_transform(scaler.transform(other))
    np.testing.assert_allclose(back, other, rtol=1e-12, atol=1e-11)


def test_sd_is_the_population_s():
    scaler = StandardScaler().fit([[1.0], [2.0], [3.0], [6.0]])
    assert scaler.mean_.tolist() == [3.0]
    assert scaler.scale_.tolist() == [statistics.pstdev([1, 2, 3, 6])] == [3.5**0.5]
    z = scaler.transform([[3.0], [6.0]])
    np.testing.assert_allclose(z, [[0], [3 / 3.5**0.5]], rtol=1e-15)


def test_test_rows_are_scaled_with_the_training_rows_mean_and_sd():
    train, test = DATA[:60], DATA[60:] + 5
    scaler = StandardScaler().fit(train)
    expected = (test - train.mean(axis=0)) / train.std(axis=0)
    np.testing.assert_allclose(scaler.transform(test), expected, rtol=1e-12)
    assert scaler.transform(test[:1]).shape == (1, 3)
    assert abs(scaler.transform(test).mean()) > 0.3  # not their own


def test_z_is_not_confined_to_minus_1_and_1():
    # Document 002 §5.2.1 has it confined.
    z = StandardScaler().fit_transform(DATA)
    assert z.min() < -2 and z.max() > 2
    assert StandardScaler().fit([[-1.0], [1.0]]).transform([[3.0]]).tolist() == [[3.0]]
    real = StandardScaler().fit_transform(tables.breast_cancer().features)
    assert real.max() > 10


@pytest.mark.parametrize("value", [0.0, 5.0, 0.1, 0.3, 1.1, 1e6 + 0.1, -1e-300, 5e-324])
@pytest.mark.parametrize("rows", [1, 2, 3, 7, 10, 1000])
def test_a_column_that_never_changes_keeps_sd_1(value, rows):
    # np.std of 0.1, 0.1, 0.1 is 1.4e-17.
    data = np.column_stack([np.full(rows, value), np.arange(rows)])
    scaler = StandardScaler().fit(data)
    assert scaler.scale_[0] == 1.0
    z = scaler.transform(data)
    assert z[:, 0].tolist() == [0.0] * rows
    np.testing.assert_allclose(scaler.transform([[value + 2.5, 0]])[0, 0], 2.5, rtol=1e-9)
    assert scaler.inverse_transform(z)[:, 0].tolist() == [value] * rows


def test_an_sd_that_vanishes_in_floating_point_is_not_divided_by():
    data = np.array([[0.0], [5e-324]])
    assert np.isfinite(StandardScaler().fit_transform(data)).all()


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int64", "uint8", "bool"])
def test_dtype_is_kept_where_it_is_a_float(dtype, device):
    array = np.array([[0, 1], [1, 1], [1, 0], [0, 1]], dtype)
    wanted = dtype if dtype.startswith("float") else "float64"
    scaler = StandardScaler().fit(array)
    assert scaler.mean_.dtype == scaler.scale_.dtype == np.float64
    for result in (scaler.transform(array), scaler.inverse_transform(scaler.transform(array))):
        assert isinstance(result, np.ndarray) and result.dtype.name == wanted
    tensor = te.tensor(array, device=device)
    for result in (scaler.transform(tensor), StandardScaler().fit_transform(tensor)):
        assert isinstance(result, te.Tensor) and result.dtype == np.dtype(wanted)
        assert result.device == device and not result.requires_grad
        np.testing.assert_array_equal(result.numpy(), scaler.transform(array))
    back = scaler.inverse_transform(scaler.transform(tensor))
    np.testing.assert_allclose(back.numpy(), array, atol=1e-3)


def test_float32_is_computed_in_float64():
    # In float32 the mean of these would be off by more than their spread.
    data = (1e6 + np.arange(1000)[:, None] / 16).astype(np.float32)
    z = StandardScaler().fit_transform(data)
    assert abs(z.mean(dtype=np.float64)) < 1e-6 and abs(z.std(dtype=np.float64) - 1) < 1e-6


def test_lists_and_transposed_arrays():
    z = StandardScaler().fit_transform([[1, 10], [3, 30]])
    assert isinstance(z, np.ndarray) and z.tolist() == [[-1, -1], [1, 1]]
    data = np.asfortranarray(DATA)
    np.testing.assert_allclose(
        StandardScaler().fit_transform(data), StandardScaler().fit_transform(DATA), rtol=1e-10
    )


def test_fit_returns_the_scaler_and_forgets_what_it_saw_before():
    scaler = StandardScaler()
    assert scaler.mean_ is None and scaler.scale_ is None
    assert scaler.fit(DATA) is scaler
    scaler.fit(DATA[:, :2] * 2)
    np.testing.assert_allclose(scaler.mean_, 2 * DATA[:, :2].mean(axis=0))
    assert scaler.transform(DATA[:, :2]).shape == (80, 2)


def test_transform_does_not_fit():
    scaler = StandardScaler().fit(DATA)
    mean, scale = scaler.mean_.copy(), scaler.scale_.copy()
    scaler.inverse_transform(scaler.transform(DATA + 100))
    np.testing.assert_array_equal(scaler.mean_, mean)
    np.testing.assert_array_equal(scaler.scale_, scale)


@pytest.mark.parametrize("method", ["transform", "inverse_transform"])
def test_a_scaler_that_saw_no_data_says_so(method):
    with pytest.raises(RuntimeError, match=r"seen no data; call fit\(training_rows\) first"):
        getattr(StandardScaler(), method)(DATA)


@pytest.mark.parametrize("method", ["transform", "inverse_transform"])
def test_other_columns_are_refused(method):
    scaler = StandardScaler().fit(DATA)
    for columns in (1, 2, 4):  # 1 would broadcast
        with pytest.raises(ValueError, match=f"fitted on 3 columns; the data has {columns}"):
            getattr(scaler, method)(np.zeros((5, columns)))


@pytest.mark.parametrize("method", ["fit", "transform", "inverse_transform", "fit_transform"])
@pytest.mark.parametrize(
    ("data", "said"),
    [
        (np.zeros(3), r"\(rows, columns\), not on \(3,\); a single column is x\[:, None\]"),
        (te.zeros((2, 3, 1)), r"\(rows, columns\), not on \(2, 3, 1\)"),
        (np.zeros((0, 3)), r"\(rows, columns\), not on \(0, 3\)"),
        (np.array([[1, 2, 3], [1, np.nan, 3]]), "NaN or infinite"),
        (te.tensor([[1.0, 2.0, -np.inf]]), "NaN or infinite"),
        ([["1", "2", "three"]], "numbers, not on a table of <U5"),
        (np.zeros((2, 3), complex), "numbers, not on a table of complex128"),
    ],
    ids=["1-d", "3-d", "empty", "nan", "inf", "text", "complex"],
)
def test_what_is_no_table_of_numbers_is_refused(method, data, said):
    scaler = StandardScaler().fit(DATA)
    mean = scaler.mean_.copy()
    with pytest.raises(ValueError, match=said):
        getattr(scaler, method)(data)
    np.testing.assert_array_equal(scaler.mean_, mean)  # a refused fit leaves the scaler as it was

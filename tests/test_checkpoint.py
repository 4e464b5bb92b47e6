"""te.save and te.load: what is written comes back, a crash harms nothing, damage is refused."""

from __future__ import annotations

import json
import os
import pickle
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tinygrad_edu as te
from tinygrad_edu import nn

DTYPES = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
DTYPES += ["float16", "float32", "float64", "complex64"]


def same(one: object, other: object) -> bool:
    """Equal in every bit, dtype and shape; NaN equals NaN; tuples count as lists."""
    if isinstance(one, np.ndarray):
        return (
            isinstance(other, np.ndarray)
            and (one.dtype, one.shape) == (other.dtype, other.shape)
            and one.tobytes() == other.tobytes()
        )
    if isinstance(one, dict):
        return isinstance(other, dict) and one.keys() == other.keys() and all(
            same(value, other[key]) for key, value in one.items()
        )  # fmt: skip
    if isinstance(one, list | tuple):
        return type(other) is list and len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and (one == other or one != one)


def back(state: object, folder: Path) -> object:
    te.save(state, folder / "state.safetensors")
    assert os.listdir(folder) == ["state.safetensors"]  # no draft is left
    return te.load(folder / "state.safetensors")


# --- round trips


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_and_layout(dtype, tmp_path):
    a = np.arange(24).reshape(2, 3, 4).astype(dtype)
    state = {
        "plain": a, "transposed": a.T, "axes swapped": a.transpose(1, 2, 0),
        "columns first": np.asfortranarray(a), "backwards": a[::-1, :, ::-1], "steps": a[:, ::2, 1],
        "broadcast": np.broadcast_to(a[0, 0], (5, 4)), "one": a[:1, :1, :1],
        "0-d": np.array(a[0, 0, 1]), "size 0": a[:, :0], "size 0 of one axis": a[0, 0, :0],
    }  # fmt: skip
    assert same(state, back(state, tmp_path))
    swapped = back({"a": a.astype(np.dtype(dtype).newbyteorder(">"))}, tmp_path)
    assert same({"a": a}, swapped)


def test_floats_that_are_no_numbers_keep_their_bits(tmp_path):
    for dtype in (np.float16, np.float32, np.float64):
        info = np.finfo(dtype)
        a = np.array([np.nan, np.inf, -np.inf, -0.0, info.tiny, info.max, info.smallest_subnormal])
        assert same({"a": a.astype(dtype)}, back({"a": a.astype(dtype)}, tmp_path))


def test_tensors_come_back_as_arrays(device, tmp_path):
    a = np.float32([[1, 2], [3, 4]])
    x = te.tensor(a, device=device, requires_grad=True)
    state = {"leaf": x, "computed": x * 2, "view": x.T, "raw": x.data, "0-d": x.sum()}
    wanted = {"leaf": a, "computed": 2 * a, "view": a.T, "raw": a, "0-d": np.array(a.sum())}
    assert same(wanted, back(state, tmp_path))


PLAIN = {
    "whole": 3, "huge": 2**127 + 1, "negative": -5, "number": 0.1, "tiny": 5e-324,
    "infinite": float("inf"), "not a number": float("nan"), "yes": True, "none": None,
    "text": 'quotes ", \\ and\nlines', "中文": "梯度 ∂L/∂θ 🙂", "": "no name", "empty text": "",
    "list": [1, [2.5, "a"], {"b": [], "c": {}}], "tuple": (1, (2, 3)), "empty": {}, "nothing": [],
}  # fmt: skip


def test_plain_values(tmp_path):
    found = back(PLAIN, tmp_path)
    assert same(PLAIN, found)
    assert found["huge"] == 2**127 + 1 and found["number"] == 0.1 and found["yes"] is True


def test_numpys_numbers_come_back_as_pythons(tmp_path):
    numbers = [np.int64(3), np.uint8(4), np.float32(0.5), np.float64(0.1), np.bool_(True)]
    state = {"list": numbers, "one": np.int32(7), "size 0": np.zeros(0)}
    found = back(state, tmp_path)
    assert found["list"] == [3, 4, 0.5, 0.1, True] and found["one"] == 7
    assert [type(x) for x in found["list"]] == [int, int, float, float, bool]


def test_nested_dicts_and_names(tmp_path):
    a = np.arange(3)
    state = {
        "model": {"0.weight": a, "block.第一层": a * 2, "with space": {"deep": {"er": a, "x": 1}}},
        "": {"": a}, "epoch": 3, "empty": {}, "a.b": {"c": a}, "a": {"b.c": a + 1}, "ünï": {"ñ": a},
        "nul\0": a, "dots": {"..": a, ".": 1},
    }  # fmt: skip
    assert same(state, back(state, tmp_path))
    assert same({}, back({}, tmp_path))


names = st.text(max_size=8).filter(
    lambda name: (
        "/" not in name
        and name != "__metadata__"
        and not any("\ud800" <= c <= "\udfff" for c in name)
    )
)
arrays = st.sampled_from(DTYPES).flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, min_side=0, max_dims=4))
)
numbers = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
values = numbers | st.lists(numbers, max_size=3)


@given(
    state=st.recursive(
        st.dictionaries(names, arrays | arrays.map(np.transpose) | values, max_size=4),
        lambda inner: st.dictionaries(names, inner | values, max_size=3),
        max_leaves=8,
    )
)
def test_any_state_comes_back(state, tmp_path):
    assert same(state, back(state, tmp_path))


def test_loaded_arrays_are_ones_own(tmp_path):
    """They can be written to, and the file does not change with them, nor they with the file."""
    path = tmp_path / "a"
    te.save({"a": np.zeros(3), "b": np.ones(3)}, path)
    found = te.load(path)
    found["a"] += 1
    assert te.load(path)["a"].tolist() == [0, 0, 0] and found["b"].tolist() == [1, 1, 1]
    te.save({"a": np.full(3, 7.0)}, path)
    assert found["a"].tolist() == found["b"].tolist() == [1, 1, 1]


@pytest.mark.usefixtures("seeded")
def test_saving_changes_nothing(tmp_path):
    model = nn.Linear(2, 3)
    state = {"model": model.state_dict(), "t": (1, 2), "w": model.weight}
    before = pickle.dumps([state["model"], state["t"]])
    te.save(state, tmp_path / "a")
    assert pickle.dumps([state["model"], state["t"]]) == before
    assert model.weight.requires_grad and model.weight.grad is None


def test_other_programs_can_read_the_file(tmp_path):
    from safetensors.numpy import load_file, save_file

    path = tmp_path / "a.safetensors"
    te.save({"model": {"w": np.arange(6.0).reshape(2, 3).T}, "epoch": 1}, path)
    (name, array), *rest = load_file(path).items()
    assert name == "model/w" and array.tolist() == [[0, 3], [1, 4], [2, 5]] and not rest
    save_file({"w": np.arange(3)}, path, metadata={"format": "pt"})
    assert same(te.load(path), {"w": np.arange(3)})


# --- what cannot be saved


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"f": print}, r"'f' is a builtin_function_or_method"),
        ({"a": {"b": {1, 2}}}, "'a/b' is a set"),
        ({"a": [1, {"b": object()}]}, r"'a\[1\]/b' is a object"),
        ({"a": [np.zeros(2)]}, r"'a\[0\]' is a ndarray.*lists hold no arrays"),
        ({"a": [{1: 2}]}, r"'a\[0\]' is a dict.*by name"),
        ({"a": 1j}, "'a' is a complex"),
        ({"a": b"bytes"}, "'a' is a bytes"),
        ({1: np.zeros(2)}, "names in a checkpoint are strings.*'1'"),
        ({"a": {None: 1}}, "names in a checkpoint are strings.*'a/None'"),
        ({"a/b": 1}, "without a slash.*'a/b'"),
        ({"__metadata__": np.zeros(2)}, "not safetensors' own '__metadata__'"),
        ({"a": np.zeros(2, np.complex128)}, "'a' is an array of complex128"),
        ({"a": np.array(["x"])}, "'a' is an array of <U1"),
        ({"a": np.array([None])}, "'a' is an array of object"),
        ({"a": np.zeros(2, "M8[s]")}, "'a' is an array of datetime64"),
        ({"a": np.zeros(2, [("x", "f4")])}, "'a' is an array of"),
        (nn.Sequential(), "first a dict such as model.state_dict.*was a Sequential"),
        ([np.zeros(2)], "was a list"),
        (te.zeros(2), "was a Tensor"),
    ],
)
def test_what_is_no_state_is_refused_and_the_old_file_stays(state, words, tmp_path):
    path = tmp_path / "state.safetensors"
    te.save({"old": 1}, path)
    with pytest.raises(TypeError, match=words):
        te.save(state, path)
    assert te.load(path) == {"old": 1} and os.listdir(tmp_path) == [path.name]


def test_a_name_that_is_no_text_is_refused(tmp_path):
    te.save({"old": 1}, tmp_path / "a")
    with pytest.raises(ValueError, match="surrogates not allowed"):
        te.save({"\ud800": np.zeros(1)}, tmp_path / "a")
    assert te.load(tmp_path / "a") == {"old": 1} and os.listdir(tmp_path) == ["a"]


def test_places_that_do_not_exist(tmp_path):
    with pytest.raises(IsADirectoryError, match="is a folder; te.save.. needs the name of a file"):
        te.save({}, tmp_path)
    with pytest.raises(FileNotFoundError, match="there is no folder .*nowhere to put a in"):
        te.save({}, tmp_path / "nowhere" / "a")
    with pytest.raises(IsADirectoryError, match="is a folder; te.load.. needs the name of a file"):
        te.load(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"there is no file .*a; te.save\(state, path\)"):
        te.load(tmp_path / "a")
    assert os.listdir(tmp_path) == []


def test_names_of_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for path in ("plain", Path("path"), "中文 ∂.safetensors", ".hidden", "x" * 250, "no/../a"):
        os.makedirs("no", exist_ok=True)
        te.save({"a": np.arange(3)}, path)
        assert te.load(str(path))["a"].tolist() == [0, 1, 2]
    assert not [name for name in os.listdir() if name.endswith(".part")]


# --- crashes while writing


class Crash(Exception):
    pass


def crash(*_: object, **__: object) -> None:
    raise Crash


def half_written(path: Path, data: bytes) -> None:
    with open(path, "wb") as file:
        file.write(data[: len(data) // 2])
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize(
    ("owner", "name", "stand_in"),
    [(os, "replace", crash), (Path, "write_bytes", half_written), (Path, "write_bytes", crash)],
)
@pytest.mark.parametrize("error", [Exception, KeyboardInterrupt])
def test_a_crash_leaves_the_old_file_whole(owner, name, stand_in, error, tmp_path, monkeypatch):
    path = tmp_path / "state.safetensors"
    te.save({"w": np.arange(1000)}, path)
    before = path.read_bytes()

    def failing(*arguments: object, **options: object) -> None:
        try:
            stand_in(*arguments, **options)
        except Exception as fault:
            raise (KeyboardInterrupt if error is KeyboardInterrupt else type(fault)) from None

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, failing)
        with pytest.raises((Crash, OSError, KeyboardInterrupt)):
            te.save({"w": np.arange(2000)}, path)
    assert path.read_bytes() == before and os.listdir(tmp_path) == [path.name]
    te.save({"w": np.arange(2000)}, path)
    assert len(te.load(path)["w"]) == 2000


def test_a_killed_process_leaves_the_old_file_whole(tmp_path):
    """The real thing: the process dies between writing and renaming; only its draft stays."""
    path = tmp_path / "state.safetensors"
    te.save({"w": np.arange(1000)}, path)
    before = path.read_bytes()
    code = (
        "import os, sys, numpy as np, tinygrad_edu as te\n"
        "os.replace = lambda *_: os._exit(9)\n"
        "te.save({'w': np.arange(2000)}, sys.argv[1])"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True)
    assert done.returncode == 9, done.stderr
    assert path.read_bytes() == before
    drafts = [name for name in os.listdir(tmp_path) if name != path.name]
    assert len(drafts) == 1 and drafts[0].endswith(".part")


# --- damaged files


def with_header(header: bytes, data: bytes = b"") -> bytes:
    return struct.pack("<Q", len(header)) + header + data


def made(entries: dict[str, object], data: bytes = b"") -> bytes:
    return with_header(json.dumps(entries).encode(), data)


def entry(dtype: str, shape: list[int], start: int, end: int) -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


DEEP = 100_000
DAMAGED = {
    "empty": b"",
    "text": b"this is no checkpoint, but it is long enough to look like one",
    "zeros": bytes(200),
    "ones": b"\xff" * 200,
    "random": np.random.default_rng(0).bytes(1000),
    "pickle": pickle.dumps({"w": np.zeros(3)}),
    "npz": b"PK\x03\x04" + bytes(100),
    "npy": b"\x93NUMPY\x01\x00" + bytes(100),
    "header beyond the end": struct.pack("<Q", 10**6) + b"{}",
    "header of 2⁶³ bytes": struct.pack("<Q", 2**63) + b"{}",
    "no JSON": with_header(b"{oops"),
    "no dict": with_header(b"[1, 2]"),
    "offsets beyond the end": made({"w": entry("F32", [4], 0, 16)}, bytes(8)),
    "offsets backwards": made({"w": entry("F32", [4], 16, 0)}, bytes(16)),
    "offsets overlap": made(
        {"v": entry("F32", [2], 0, 8), "w": entry("F32", [2], 4, 12)}, bytes(12)
    ),
    "size that does not fit": made({"w": entry("F32", [5], 0, 16)}, bytes(16)),
    "size that overflows": made({"w": entry("F32", [2**62, 8], 0, 16)}, bytes(16)),
    "unknown dtype": made({"w": entry("Q99", [4], 0, 16)}, bytes(16)),
    "bytes at the end": made({"w": entry("F32", [2], 0, 8)}, bytes(9)),
    "a name inside an array": made(
        {"w": entry("F32", [1], 0, 4), "w/x": entry("F32", [1], 4, 8)}, bytes(8)
    ),
    "a name that is an array inside": made(
        {"w/x": entry("F32", [1], 0, 4), "w": entry("F32", [1], 4, 8)}, bytes(8)
    ),
    **{
        f"plain values: {name}": made({"__metadata__": {"tinygrad_edu": text}})
        for name, text in {
            "no JSON": "{oops", "number": "5", "list": "[1]", "text": '"a"', "null": "null",
            "inside another": '{"a": 1, "a/b": 2}', "around another": '{"a/b": 2, "a": 1}',
            "deep": "[" * DEEP + "]" * DEEP,
            "deep dicts": '{"a":' * DEEP + "1" + "}" * DEEP,
            "endless number": '{"a": ' + "9" * 10_000 + "}",
        }.items()
    },
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_file_is_refused_with_a_sentence(name, tmp_path):
    path = tmp_path / "state.safetensors"
    path.write_bytes(DAMAGED[name])
    with pytest.raises(ValueError, match=r"state\.safetensors is no whole checkpoint \(.*again"):
        te.load(path)


def test_a_plain_value_that_hides_an_array_is_refused(tmp_path):
    both = {"__metadata__": {"tinygrad_edu": '{"w": 1}'}, "w": entry("F32", [1], 0, 4)}
    (tmp_path / "a").write_bytes(made(both, bytes(4)))
    with pytest.raises(ValueError, match="no whole checkpoint"):
        te.load(tmp_path / "a")


def test_every_truncation_is_refused(tmp_path):
    path = tmp_path / "state.safetensors"
    te.save({"a": np.arange(5), "b": {"c": np.float32(np.ones((2, 3)))}, "epoch": 3}, path)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match="is no whole checkpoint.*cut short or damaged"):
            te.load(path)
    path.write_bytes(whole)
    assert te.load(path)["epoch"] == 3


@given(place=st.integers(0, 10**6), bit=st.integers(0, 7), data=st.data())
def test_a_flipped_bit_gives_a_dict_or_a_sentence(place, bit, data, tmp_path):
    """Numbers have no checksum, so a flip among them loads; it never crashes or gives no dict."""
    path = tmp_path / "state.safetensors"
    te.save({"a": np.arange(5), "b": {"c": np.ones((2, 3))}, "epoch": 3}, path)
    whole = bytearray(path.read_bytes())
    whole[place % len(whole)] ^= 1 << bit
    path.write_bytes(bytes(whole))
    try:
        found = te.load(path)
    except ValueError as error:
        assert "is no whole checkpoint" in str(error)
    else:
        assert type(found) is dict


@given(garbage=st.binary(max_size=300))
def test_random_bytes_are_refused(garbage, tmp_path):
    (tmp_path / "a").write_bytes(garbage)
    with pytest.raises(ValueError, match="is no whole checkpoint"):
        te.load(tmp_path / "a")


def test_loading_runs_no_code(tmp_path):
    """A pickle would run what __reduce__ names."""

    class Evil:
        def __reduce__(self) -> object:
            return os.mkdir, (str(tmp_path / "was run"),)

    path = tmp_path / "evil"
    for data in (
        pickle.dumps({"w": Evil()}),
        made({"__metadata__": {"tinygrad_edu": json.dumps({"w": {"__reduce__": "os.mkdir"}})}}),
    ):
        path.write_bytes(data)
        try:
            found = te.load(path)
        except ValueError:
            continue
        assert found == {"w": {"__reduce__": "os.mkdir"}}
    assert os.listdir(tmp_path) == ["evil"]
    pickle.loads(pickle.dumps(Evil()))  # so that it is seen that it would
    assert (tmp_path / "was run").exists()


# --- into models


class Net(nn.Module):
    """Parameters, a nested layer, and a buffer."""

    def __init__(self, hidden: int = 4) -> None:
        self.first = nn.Linear(3, hidden)
        self.rest = nn.Sequential(nn.ReLU(), nn.Linear(hidden, 2))
        self.mean = te.zeros(hidden)

    def forward(self, x: te.Tensor) -> te.Tensor:
        return self.rest(self.first(x) - self.mean)


def trained(device: str) -> tuple[Net, te.optim.Adam]:
    model = Net().to(device)
    optimizer = te.optim.Adam(model.parameters(), lr=0.1)
    model(te.ones((2, 3), device=device)).sum().backward()
    optimizer.step()
    return model, optimizer


@pytest.mark.usefixtures("seeded")
@pytest.mark.parametrize("saved_on", ["cpu", "pretend-gpu"])
def test_a_model_goes_to_any_device(saved_on, device, tmp_path):
    model, optimizer = trained(saved_on)
    path = tmp_path / "a"
    te.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, path)
    found = te.load(path)
    other, its = trained(device)
    other.load_state_dict(found["model"])
    its.load_state_dict(found["optimizer"])
    assert same(model.state_dict(), other.state_dict())
    assert all(x.device == device for _, x in other.named_tensors())
    for m, opt, place in ((model, optimizer, saved_on), (other, its, device)):
        opt.zero_grad()
        m(te.ones((2, 3), device=place)).sum().backward()
        opt.step()
    for name, array in model.state_dict().items():
        np.testing.assert_allclose(other.state_dict()[name], array, rtol=1e-6)


def changed(state: dict[str, np.ndarray], **entries: object) -> dict[str, object]:
    return {k: v for k, v in {**state, **entries}.items() if v is not None}


@pytest.mark.usefixtures("seeded")
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"mean": None}, "it lacks 'mean'"),
        ({"first.weight": None}, "it lacks 'first.weight'"),
        ({"extra": np.zeros(2)}, "it has 'extra', which the model lacks"),
        ({"mean": np.zeros(4)}, "'mean' has dtype float64 where the model has float32"),
        ({"mean": np.zeros(4, np.int64)}, "'mean' has dtype int64"),
        ({"mean": np.zeros(5, np.float32)}, r"'mean' has shape \(5,\) where the model has \(4,\)"),
        ({"mean": np.zeros((4, 1), np.float32)}, r"'mean' has shape \(4, 1\)"),
        ({"mean": np.float32(0)}, "'mean' is a float and no array"),
        ({"mean": "text"}, "'mean' is a str and no array"),
        ({"first.weight": np.zeros((4, 3), np.float32)}, r"shape \(4, 3\)"),
    ],
)
def test_a_file_that_does_not_fit_leaves_the_model_untouched(change, words, device, tmp_path):
    model = Net().to(device)
    te.save(changed(model.state_dict(), **change), tmp_path / "a")
    target = Net().to(device)
    before = target.state_dict()
    with pytest.raises(ValueError, match=words):
        target.load_state_dict(te.load(tmp_path / "a"))
    assert same(before, target.state_dict())


@pytest.mark.usefixtures("seeded")
def test_models_of_other_sizes_and_nested_states_are_refused(tmp_path):
    te.save({"model": Net(5).state_dict(), "other": nn.Linear(3, 4).state_dict()}, tmp_path / "a")
    found, model = te.load(tmp_path / "a"), Net()
    before = model.state_dict()
    for state, words in (
        (found["model"], r"shape \(3, 5\) where the model has \(3, 4\)"),
        (found["other"], "it lacks 'first.weight'.*it has 'weight'"),
        (found, "it has 'model', which the model lacks"),
        ({}, "it lacks"),
    ):
        with pytest.raises(ValueError, match=words):
            model.load_state_dict(state)
    assert same(before, model.state_dict())

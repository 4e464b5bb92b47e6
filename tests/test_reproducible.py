"""One seed covers every draw: the same numbers in every process and on every device."""

from __future__ import annotations

import ast
import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_edu as te
from tinygrad_edu import backend, data, nn, optim

F = nn.functional
ROOT = Path(te.__file__).parent


def drawn(draw: Callable[[te.Tensor], Any]) -> Callable[[str], list[np.ndarray]]:
    """What a function leaves in a matrix of zeros."""
    return lambda device: [np.array(draw(te.zeros((4, 3), device=device)).numpy())]


def layer(device: str) -> list[np.ndarray]:
    return list(nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2)).to(device).state_dict().values())


def dropout_layer(device: str) -> list[np.ndarray]:
    dropped = nn.Dropout(0.3)
    return [dropped(te.ones((8, 8), device=device)).numpy() for _ in range(2)]


def loader(device: str) -> list[np.ndarray]:
    """Two passes, each in an order of its own."""
    rows = data.DataLoader((te.arange(20, device=device),), batch_size=6, shuffle=True)
    return [batch.numpy() for _ in range(2) for (batch,) in rows]


def split(device: str) -> list[np.ndarray]:
    x, y = te.arange(40, device=device), np.arange(40) % 4
    parts = data.train_test_split(x, y, test_size=0.3)
    parts += data.train_test_split(x, y, test_size=0.3, stratify=y)
    return [np.array(part.numpy() if isinstance(part, te.Tensor) else part) for part in parts]


def folds(device: str) -> list[np.ndarray]:
    return [rows for pair in data.KFold(3, shuffle=True).split(np.zeros(10)) for rows in pair]


def generated(device: str) -> list[np.ndarray]:
    """Words of a model that knows nothing yet."""
    return [nn.GPT(24, 12, 8, 2, 1).to(device).generate([[1], [2]], 10).numpy()]


def hidden(device: str) -> list[np.ndarray]:
    """Words to be guessed."""
    model = nn.MaskedLanguageModel(24, 12, 8, 2, 1, mask_token=0)
    return [x.numpy() for x in model.hide(te.ones((3, 12), dtype=te.int64, device=device))]


def augmented(change: Callable[[Any], Any]) -> Callable[[str], list[np.ndarray]]:
    """Eight pictures of random numbers, flipped, cropped, shifted or turned."""
    pictures = np.random.default_rng(0).random((8, 3, 8, 8), np.float32)
    return lambda device: [change(te.tensor(pictures, device=device)).numpy()]


def sentences(device: str) -> list[np.ndarray]:
    return [np.frombuffer(" ".join(data.grammar.sentences(20)).encode(), np.uint8)]


def windows(device: str) -> list[np.ndarray]:
    return list(data.random_windows(np.arange(100), 5, 4))


# Everything that draws, by the file in which it asks for the generator
CONSUMERS: dict[str, dict[str, Callable[[str], list[np.ndarray]]]] = {
    "ops/create.py": {
        "rand": lambda device: [te.rand(4, 3, device=device).numpy()],
        "randn": lambda device: [te.randn(4, 3, device=device).numpy()],
    },
    "nn/init.py": {
        "layer": layer,
        **{
            name: drawn(getattr(nn.init, name))
            for name in (
                "uniform_", "normal_", "xavier_uniform_", "xavier_normal_", "kaiming_uniform_",
                "kaiming_normal_", "pytorch_linear_",
            )
        },
    },
    "nn/functional.py": {
        "dropout": lambda device: [F.dropout(te.ones((8, 8), device=device)).numpy()],
        "dropout layer": dropout_layer,
    },
    "nn/gpt.py": {"generate": generated},
    "nn/masked.py": {"hide": hidden},
    "data/augment.py": {
        "flip": augmented(data.flip),
        "crop": augmented(lambda x: data.crop(x, 8, padding=2)),
        "shift": augmented(lambda x: data.shift(x, 3)),
        "rotate": augmented(lambda x: data.rotate(x, 30)),
    },
    "data/grammar.py": {"sentences": sentences},
    "data/loader.py": {"loader": loader},
    "data/pictures.py": {"shapes": lambda device: [data.shapes(5).images]},
    "data/split.py": {"split": split, "folds": folds},
    "data/text.py": {"windows": windows},
}  # fmt: skip
DRAWS = {name: draw for draws in CONSUMERS.values() for name, draw in draws.items()}
draws = pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)


def exactly(arrays: list[np.ndarray]) -> list[tuple[str, tuple[int, ...], bytes]]:
    return [(a.dtype.str, a.shape, a.tobytes()) for a in arrays]


@draws
def test_a_seed_gives_the_same_numbers_on_every_device(
    draw: Callable[[str], list[np.ndarray]], device: str, seeded: None
) -> None:
    te.manual_seed(7)
    first = exactly(draw("cpu"))
    te.manual_seed(7)
    assert exactly(draw(device)) == first
    assert exactly(draw(device)) != first, "a second draw gives new numbers"
    te.manual_seed(8)
    assert exactly(draw(device)) != first


@draws
def test_a_restored_state_goes_on_where_it_was(
    draw: Callable[[str], list[np.ndarray]], seeded: None
) -> None:
    te.manual_seed(3)
    te.rand(5)
    state = te.random_state()
    first = exactly(draw("cpu"))
    te.set_random_state(state)
    assert exactly(draw("cpu")) == first


def asks_for_random_numbers(source: str) -> bool:
    """Whether a file takes the library's generator() from the backend, under whatever name."""
    return any(
        isinstance(node, ast.ImportFrom)
        and (node.module or "").endswith("backend")
        and any(alias.name == "generator" for alias in node.names)
        for node in ast.walk(ast.parse(source))
    )


def draws_elsewhere(source: str) -> list[str]:
    """Uses of other sources of randomness: Python's, NumPy's global one, one without a seed."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import) and any(a.name == "random" for a in node.names):
            found.append("import random")
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            name = ast.unparse(node.func)
            seeded = name == "np.random.default_rng" and node.args
            if ast.unparse(node.func.value) == "np.random" and not seeded:
                found.append(name)
    return found


def test_everything_that_draws_has_a_line_here() -> None:
    asking = {
        path.relative_to(ROOT).as_posix()
        for path in ROOT.rglob("*.py")
        if asks_for_random_numbers(path.read_text(encoding="utf-8"))
    }
    assert asking == set(CONSUMERS)
    initialisers = {
        name for name in dir(nn.init) if name.endswith("_") and not name.startswith("_")
    }
    assert initialisers - set(DRAWS) == {"zeros_", "ones_", "constant_"}


def test_nothing_draws_elsewhere() -> None:
    for path in ROOT.rglob("*.py"):
        found = draws_elsewhere(path.read_text(encoding="utf-8"))
        name = path.relative_to(ROOT).as_posix()
        assert found == (["np.random.default_rng"] if name == "backend/__init__.py" else []), name


def test_other_sources_of_randomness_are_seen() -> None:
    for source in ("import random", "np.random.rand(3)", "np.random.default_rng()"):
        assert draws_elsewhere(source)
    assert not draws_elsewhere("np.random.default_rng(0)")
    assert asks_for_random_numbers("from ..backend import generator as g")
    assert not asks_for_random_numbers("from .loader import generator")


# --- a whole training, in one process and in several


def digest(device: str, seed: int = 5) -> str:
    """Every number of a small training: draws of all kinds, all optimizers, what they learned."""
    te.manual_seed(seed)
    found = hashlib.sha256()

    def note(*arrays: Any) -> None:
        for a in arrays:
            found.update(np.ascontiguousarray(a).tobytes())

    for draw in DRAWS.values():
        note(*draw(device))
    x = te.randn(60, 6, device=device)
    y = (x.sum(axis=1) > 0).astype(te.int64)
    train_x, test_x, train_y, test_y = data.train_test_split(x, y, test_size=0.2)
    for make in (optim.SGD, optim.Adam, optim.AdamW, optim.Adagrad, optim.RMSprop):
        model = nn.Sequential(
            nn.Linear(6, 8), nn.Tanh(), nn.Dropout(0.2), nn.Linear(8, 2)
        ).to(device)  # fmt: skip
        named = {name for name, _ in model.named_parameters()}  # a set: its order is the process's
        optimizer = make(model.parameters(), lr=0.05)
        for batch_x, batch_y in data.DataLoader((train_x, train_y), batch_size=16, shuffle=True):
            loss = F.cross_entropy(model(batch_x), batch_y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            note(loss.numpy())
        state = model.state_dict()
        note(*state.values(), *(state[name] for name in sorted(named)))
        note(model.eval()(test_x).numpy(), test_y.numpy())
        saved = optimizer.state_dict()
        note(*(value for value in saved.values() if isinstance(value, np.ndarray)))
        found.update(repr([*state, *saved]).encode())
    found.update(repr(te.random_state()).encode())
    return found.hexdigest()


def test_a_training_is_the_same_again_and_on_every_device(device: str, seeded: None) -> None:
    assert digest(device) == digest("cpu")
    assert digest(device, seed=6) != digest("cpu")


def test_a_training_is_the_same_in_every_process(seeded: None) -> None:
    """Python orders its sets anew in each process; nothing here may depend on it."""
    wanted = digest("cpu")
    running = [
        subprocess.Popen(
            [sys.executable, "-W", "error", __file__, "pretend-gpu" if i == 2 else "cpu"],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            stdout=subprocess.PIPE,
            text=True,
        )
        for i, hash_seed in enumerate(("0", "1", "12345"))
    ]
    answers = [process.communicate(timeout=120)[0].split() for process in running]
    assert [process.returncode for process in running] == [0, 0, 0]
    assert [found for found, _ in answers] == [wanted] * 3
    assert len({order for _, order in answers}) > 1, "the processes did order sets differently"


def test_the_generator_is_the_only_state(seeded: None) -> None:
    """manual_seed() starts one generator; there is no other that it would have to reach."""
    te.manual_seed(1)
    assert backend.generator().random() == np.random.default_rng(1).random()


if __name__ == "__main__":  # one of the processes above
    words = "-".join({"linear", "bias", "weight", "one", "two", "three", "four"})
    print(digest(sys.argv[1]), words)

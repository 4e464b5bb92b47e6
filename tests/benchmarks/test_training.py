"""The benchmark of whole training steps: peers compute the same, and take turns."""

from __future__ import annotations

import importlib.util
import itertools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tinygrad_edu as te
from benchmarks import jobs, training
from benchmarks.peers import numpy_by_hand, tinygrad_edu_itself

BY_HAND = [*jobs.DENSE, "2-64-32-1"]


@pytest.mark.parametrize("job", BY_HAND)
def test_the_gradients_by_hand_are_those_of_the_library(job: str, seeded: None) -> None:
    model, loss_of = tinygrad_edu_itself.network(job)
    x, y = jobs.batches(job)[0]
    loss = loss_of(model(te.tensor(x)), te.tensor(y))
    loss.backward()
    slope = numpy_by_hand.softmax_slope if job in jobs.DENSE else numpy_by_hand.sigmoid_slope
    parameters = [p.numpy() for p in model.parameters()]
    found = numpy_by_hand.gradients(parameters, x, y, slope)
    for p, g in zip(model.parameters(), found, strict=True):
        np.testing.assert_allclose(p.grad.numpy(), g, rtol=1e-4, atol=1e-7)


def test_adam_by_hand_is_that_of_the_library(seeded: None) -> None:
    theta = te.randn(4, 3, requires_grad=True)
    copy = theta.numpy().copy()
    optimizer = te.optim.Adam([theta], lr=jobs.LEARNING_RATE)
    step = numpy_by_hand.adam([copy])
    for _ in range(3):
        g = te.randn(4, 3)
        theta.grad = g
        optimizer.step()
        step([g.numpy()])
    np.testing.assert_allclose(theta.numpy(), copy, rtol=1e-6)


@pytest.mark.parametrize("job", jobs.JOBS)
def test_every_job_runs(job: str, seeded: None) -> None:
    run = tinygrad_edu_itself.prepare(job, {})
    assert run is not None
    run(1)


@pytest.mark.parametrize(("job", "count"), [("CIFAR CNN", 122_570), ("GPT", 818_241)])
def test_the_networks_have_the_parameters_they_are_named_for(
    job: str, count: int, seeded: None
) -> None:
    model, _ = tinygrad_edu_itself.network(job)
    assert sum(p.size for p in model.parameters()) == count


def test_workers_take_turns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "bench.png"
    arguments = ["--jobs", "2-64-32-1", "chain of 200", "--rounds", "2", "--seconds", "0.001"]
    peers = ["--peers", "tinygrad_edu", "NumPy by hand", "--figure", str(picture)]
    assert training.main([*arguments, *peers]) == 0
    shown = capsys.readouterr().out
    first, second = shown.split("\nchain of 200: ")
    for name in ("tinygrad_edu", "NumPy by hand"):
        assert any(line.startswith(f"  {name}") and " ms " in line for line in first.splitlines())
    assert "NumPy by hand" not in second, "it has no such job"
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_the_ratio_is_of_pairs_within_a_round() -> None:
    class Done(training.Worker):
        def __init__(self, name: str, setting: str, seconds: list[float]) -> None:
            self.name, self.setting, self.seconds = name, setting, seconds

        def ask(self, steps: int) -> float:
            return 2.0**20

    ours = Done(training.OURS, "", [1.0, 10.0, 2.0])
    slow = Done("PyTorch", "", [9.0, 90.0, 18.0])
    fast = Done("PyTorch", "one thread", [2.0, 20.0, 4.0])
    results = training._results("GPT", [ours, slow, fast])
    assert [(r.peer, r.setting, r.seconds) for r in results] == [
        ("tinygrad_edu", "", 2.0), ("PyTorch", "one thread", 4.0),
    ]  # fmt: skip
    assert results[1].ratios == (0.5, 0.5, 0.5)
    assert results[0].ratios is None


def test_what_is_not_installed_is_named() -> None:
    here = [
        name for name in training.PEERS if importlib.util.find_spec(training.PEERS[name].package)
    ]
    assert training.missing(list(training.PEERS)) == [n for n in training.PEERS if n not in here]
    assert {"tinygrad_edu", "NumPy by hand"} <= set(here)


def test_a_peer_that_fails_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = training.Peer("no_such_module", "numpy", {"": {}})
    monkeypatch.setitem(training.PEERS, "broken", broken)
    worker = training.Worker("broken", "", "GPT", "cpu")
    try:
        with pytest.raises(RuntimeError, match="broken ended: .*no_such_module"):
            worker.has_job()
    finally:
        worker.end()


def test_a_peer_that_fails_is_left_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(training.PEERS, "broken", training.Peer("no_such", "numpy", {"": {}}))
    results = training.measure("2-64-32-1", ["broken", training.OURS], "cpu", 1, 0.001)
    assert {result.peer for result in results} == {training.OURS}
    assert "left out: broken ended: " in capsys.readouterr().err


def test_a_peer_that_complains_at_length_is_not_stopped_by_it(tmp_path: Path) -> None:
    """180 kB of warnings are more than a pipe holds."""
    folder = tmp_path / "talkative"
    (folder / "peers").mkdir(parents=True)
    source = Path(training.__file__).parent
    for name in ("worker.py", "__init__.py"):
        (folder / name).write_text((source / name).read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "peers" / "__init__.py").touch()
    (folder / "peers" / "loud.py").write_text(
        "import sys\n"
        "def prepare(job, options):\n"
        "    print('careful! ' * 20_000, file=sys.stderr)\n"
        "    return lambda steps: None\n"
    )
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from benchmarks import training\n"
        "training.__package__ = 'talkative'\n"
        "training.PEERS['loud'] = training.Peer('loud', 'numpy', {'': {}})\n"
        "worker = training.Worker('loud', '', 'GPT', 'cpu')\n"
        "print(worker.has_job(), worker.ask(3) >= 0)\n"
        "worker.end()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        cwd=source.parent, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.stdout.split() == ["True", "True"], done.stderr


@pytest.mark.parametrize("rounds", ["0", "-1", "x"])
def test_the_number_of_rounds_is_at_least_1(
    rounds: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        training.main(["--rounds", rounds])
    assert "a whole number of at least 1" in capsys.readouterr().err


def test_batches_differ_and_are_the_same_each_time() -> None:
    for job in jobs.JOBS[:-1]:
        first, second = jobs.batches(job), jobs.batches(job)
        for (x, y), (same_x, same_y) in zip(first, second, strict=True):
            np.testing.assert_array_equal(x, same_x)
            np.testing.assert_array_equal(y, same_y)
        assert all(not np.array_equal(a[0], b[0]) for a, b in itertools.pairwise(first))

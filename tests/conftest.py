"""What all tests share: the devices, a seeded generator, and a guard on the library's own state."""

from __future__ import annotations

from collections.abc import Iterator

import hypothesis
import numpy as np
import pytest

from tinygrad_edu import backend, recording
from tinygrad_edu.backend import cuda
from tinygrad_edu.backend.threads import limit_threads

limit_threads(1)  # where tests run side by side, more threads would only wait for each other

NO_GPU = cuda.reason_not_available()
ON_GPU = pytest.param("cuda", marks=pytest.mark.gpu)

hypothesis.settings.register_profile(
    "short", max_examples=15, derandomize=True, deadline=None, database=None,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
)  # fmt: skip
hypothesis.settings.register_profile(
    "long", hypothesis.settings.get_profile("short"), max_examples=1000, derandomize=False
)
hypothesis.settings.load_profile("short")  # --hypothesis-profile=long for a campaign


def pytest_report_header() -> str:
    return "devices: cpu, pretend-gpu, " + (f"not cuda: {NO_GPU}" if NO_GPU else "cuda")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what asks for a `device` on each that can be used here.

    `pytest -m gpu` runs all of it on the GPU and nothing else; where there is none it shows how
    many tests it would have been, and why they are skipped.
    """
    if "device" in metafunc.fixturenames:
        asked = "gpu" in (metafunc.config.option.markexpr or "")
        others = [ON_GPU] if asked or not NO_GPU else []
        metafunc.parametrize("device", ["cpu", "pretend-gpu", *others])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if NO_GPU and item.get_closest_marker("gpu"):
            item.add_marker(pytest.mark.skip(reason=f"not run on a GPU: {NO_GPU}"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the tables that tests leave with add_report_section("call", "table", …)."""
    for report in terminalreporter.stats.get("passed", ()):
        for _, content in (s for s in report.sections if s[0].endswith("table call")):
            terminalreporter.write_sep("-", report.nodeid)
            terminalreporter.write_line(content)


@pytest.fixture
def seeded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library's generator starts from a fixed seed, and is put back after the test."""
    monkeypatch.setattr(backend, "_generator", np.random.default_rng(20240229))


def library_state() -> dict[str, object]:
    """What a test must leave as it found it."""
    return {
        "grad mode": recording.is_grad_enabled(),
        "default device": backend.default_device(),
        "random generator": backend.generator(),
        "state of the random generator": backend.generator().bit_generator.state,
        "state of numpy.random": str(np.random.get_state()[2]),  # noqa: NPY002
        "debug guard": recording.guard,
    }


@pytest.fixture(autouse=True)
def _state_is_left_as_it_was() -> Iterator[None]:
    """Fails a test that leaves grad mode, default device, seed or debug mode changed.

    A test that draws random numbers from the library asks for the fixture `seeded`.
    """
    before = library_state()
    yield
    after = library_state()
    recording.on = before["grad mode"]
    backend._default_device = before["default device"]
    backend._generator = before["random generator"]
    recording.guard = before["debug guard"]
    left = [name for name in before if after[name] != before[name]]
    assert not left, (
        f"this test left changed: {', '.join(left)}. Use the fixture `seeded` to draw, "
        "no_grad() as a context, monkeypatch for the default device"
    )

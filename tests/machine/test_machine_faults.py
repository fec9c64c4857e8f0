"""A sample of the fault matrix (see fault_matrix.py); ``benchmarks/fault_matrix.py`` runs the whole of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gpusetup.machine.read import read
from tests.fake_driver import FakeDriver
from tests.machine.fault_matrix import DEADLINE, MARGIN, Cell, cells, functions, meet
from tests.support import drawn

pytestmark = pytest.mark.slow

SAMPLE = 40


@pytest.fixture
def driven(fake_driver: FakeDriver) -> Path:
    return fake_driver.library


def test_the_matrix_spans_all_that_we_call(fake_driver: FakeDriver) -> None:
    assert len(functions(fake_driver.library)) >= 50
    assert {"nvmlInit", "nvmlDeviceGetName", "nvmlDeviceGetP2PStatus"} <= set(functions(fake_driver.library))
    assert {15, 18, 999} <= {cell.fault for cell in cells(fake_driver.library)}


def test_without_a_fault_nothing_is_told(driven: Path) -> None:
    outcome = meet(driven, None)
    assert (outcome.state, outcome.read_all) == ("healthy", True)
    gpus = read(driven.parent, 10, library=driven).gpus
    assert gpus == ()  # no GPU is planned outside the matrix


def test_a_random_sample_is_told_in_time(driven: Path, fake_driver: FakeDriver) -> None:
    for cell in drawn("faults of the driver", cells(fake_driver.library), SAMPLE):
        check(driven, cell, str(cell))


@pytest.mark.parametrize(
    "function", ["nvmlInit", "nvmlDeviceGetCount", "nvmlDeviceGetMemoryInfo", "nvmlDeviceGetP2PStatus"]
)
@pytest.mark.parametrize("fault", [4, 9, 15, 17, 18, 999, "hang", "segv", "exit"])
def test_what_people_meet_is_told_in_time(driven: Path, function: str, fault: int | str) -> None:
    check(driven, Cell(function, fault), "")


@pytest.mark.parametrize(
    ("function", "fault"),
    [
        ("nvmlDeviceGetTemperature", "zeros"),
        ("nvmlDeviceGetPowerUsage", "zeros"),
        ("nvmlDeviceGetPowerUsage", "text"),
        ("nvmlDeviceGetEnforcedPowerLimit", "text"),
        ("nvmlDeviceGetClockInfo", "zeros"),
        ("nvmlDeviceGetMigMode", "zeros"),
        ("nvmlDeviceGetMinorNumber", "zeros"),
        ("nvmlDeviceGetGpuInstanceId", "zeros"),
        ("nvmlDeviceGetNvLinkState", "zeros"),
        ("nvmlDeviceGetGspFirmwareMode", "zeros"),
        ("nvmlDeviceGetGpuFabricInfoV", "zeros"),
        ("nvmlDeviceGetGpuFabricInfoV", "text"),
    ],
)
def test_an_answer_that_could_be_true_is_exposed_by_another(driven: Path, function: str, fault: str) -> None:
    outcome = meet(driven, Cell(function, fault))
    assert not outcome.named, "its own reading refuses it: this shows nothing"
    assert outcome.state == "unknown"


def check(library: Path, cell: Cell, words: str) -> None:
    outcome = meet(library, cell)
    assert outcome.seconds < DEADLINE + MARGIN, words
    if cell.kind in {"code", "hang", "death"}:
        assert outcome.named, words
        assert not outcome.read_all, words
        assert outcome.state != "healthy", words


def test_the_matrix_can_fail(driven: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A detection that takes a fault for "all right" is noticed."""
    healthy = meet(driven, None)
    monkeypatch.setitem(globals(), "meet", lambda *_: healthy)
    with pytest.raises(AssertionError):
        check(driven, Cell("nvmlDeviceGetName", 15), "")

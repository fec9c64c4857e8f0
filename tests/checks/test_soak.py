"""The check `soak` names the first wrong bit, and tells what a device says of itself; what it cannot read is absent."""

from __future__ import annotations

import ctypes
import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from checks.common.readings import FREE, Gauge
from checks.common.record import Recorder
from checks.soak import LAWS, burst, report, soak
from checks.soak.bounds import BYTES, card_blocks, host_blocks
from checks.soak.patterns import BLOCK, PATTERNS, block_of, describe
from checks.soak.sensors import Watched
from tests.checks.one_job import JOB
from tests.support import chance

PRODUCT = np.arange(12, dtype=np.float32).reshape(3, 4)


class Host:
    """A device of NumPy whose products and memory can be spoilt."""

    def __init__(self, *, wrong_product: bool = False, stuck: tuple[int, int, int] | None = None) -> None:
        self.wrong_product, self.stuck, self.memory = wrong_product, stuck, [block_of(0, 0)] * 2

    def multiply(self) -> np.ndarray:
        return PRODUCT

    def keep(self, product: np.ndarray) -> None:
        self.kept = product

    def wrong(self) -> np.ndarray | None:
        found = self.kept.copy()
        found[2, 1] += self.wrong_product
        return found if self.wrong_product else None

    def blocks(self) -> int:
        return len(self.memory)

    def fill(self, number: int, pattern: np.ndarray) -> None:
        kept = pattern.copy()
        if self.stuck is not None and number == self.stuck[0]:
            kept.view(np.uint32)[self.stuck[1]] |= np.uint32(1 << self.stuck[2])
        self.memory[number] = kept

    def differs(self, number: int, pattern: np.ndarray) -> np.ndarray | None:
        return None if np.array_equal(self.memory[number], pattern) else self.memory[number]


def laws(device: Host, minutes: float = 1e-6) -> dict[str, tuple[bool, str]]:
    recorder = Recorder(lambda *_: None)
    job = dataclasses.replace(JOB, minutes=minutes)
    report(soak(device, PRODUCT, job, Watched(Gauge("cpu", Path("/nowhere"))), recorder), 1, job, recorder)
    return {one["name"]: (one["holds"], one["detail"]) for one in recorder.result()["invariants"]}


def test_a_sound_device_is_not_accused() -> None:
    assert [holds for holds, _ in laws(Host()).values()] == [True, True]


def test_products_are_made_until_the_time_is_over_or_one_is_wrong() -> None:
    sound, spoilt = Host(), Host(wrong_product=True)
    sound.keep(PRODUCT)
    spoilt.keep(PRODUCT)
    assert burst(sound, 0.0) == (1, None)
    times, found = burst(sound, 0.05)
    assert (times > 1, found) == (True, None)
    times, found = burst(spoilt, 60.0)
    assert (times, found is not None) == (1, True)


def test_a_wrong_product_is_named_with_its_element_and_bits() -> None:
    holds, detail = laws(Host(wrong_product=True))[LAWS["product"]]
    assert not holds
    assert "product [2, 1] (round 0): 0x41200000 instead of 0x41100000" in detail  # 10 and 9
    assert "bits 20, 21 of" in detail
    assert laws(Host(wrong_product=True))[LAWS["memory"]][0]


def test_a_stuck_bit_is_named_with_its_block_and_number() -> None:
    draw = chance("stuck bits")
    place, bit = draw.randrange(BLOCK), draw.randrange(23, 32)  # bits that addresses of two blocks do not have
    holds, detail = laws(Host(stuck=(1, place, bit)))[LAWS["memory"]]
    assert not holds
    assert f"bit {bit} of memory [{place}] (block 1, its own address)" in detail


def test_patterns_find_every_stuck_bit() -> None:
    """Each bit is written as 0 and as 1 by some pattern, so that one that is stuck at either is seen."""
    blocks = [block_of(0, pattern)[:1].view(np.uint32)[0] for name, pattern in PATTERNS if name != "its own address"]
    assert np.bitwise_or.reduce(blocks) == 0xFFFFFFFF
    assert np.bitwise_and.reduce(blocks) == 0
    first, second = block_of(0, -1), block_of(1, -1)
    assert not np.isin(first, second, kind="table").any()  # a table of 8 million, where sorting takes half a minute


def test_differences_are_of_bits_and_not_of_numbers() -> None:
    """-0 equals 0 as a number; its bit 31 is another."""
    found = describe("memory", "here", np.array([0.0, -0.0], np.float32), np.zeros(2, np.float32))
    assert (found.place, found.got, found.wrong) == ((1,), 0x80000000, 1)


def test_a_host_gives_away_a_bounded_part_of_its_memory(tmp_path: Path) -> None:
    meminfo = tmp_path / "meminfo"
    for free_kib, blocks in ((16 << 20, 32), (1 << 20, 8), (1 << 10, 1)):
        meminfo.write_text(f"MemTotal: 99 kB\nMemAvailable:   {free_kib} kB\n")
        assert host_blocks("full", 0, meminfo) == blocks, free_kib
    assert host_blocks("quick", 0, meminfo) == 1
    assert card_blocks(140 << 30) * BYTES <= 0.9 * (140 << 30)


def test_a_hosts_files_are_read_and_what_is_not_there_is_absent(tmp_path: Path) -> None:
    files = {
        "sys/class/thermal/thermal_zone0/temp": "41000",
        "sys/class/thermal/thermal_zone1/temp": "67500",
        "sys/class/powercap/intel-rapl:0/energy_uj": "5000000",
        "sys/class/powercap/intel-rapl:0:0/energy_uj": "3000000",
        "sys/devices/system/edac/mc/mc0/ue_count": "nonsense",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(text)
    gauge = Gauge("cpu", tmp_path)
    assert gauge.read() == {"temperature (°C)": 67.5, "energy (J)": 5.0}
    assert set(gauge.lacks) == {"slowest clock (MHz)", "corrected memory errors", "uncorrected memory errors"}
    assert "invalid literal" in gauge.lacks["uncorrected memory errors"]


class Nvml:
    """A driver that answers with what it is given; a number below 0 is an error."""

    def __init__(self, answers: dict[str, int]) -> None:
        for name, answer in answers.items():
            setattr(self, name, self._function(name, answer))

    @staticmethod
    def _function(name: str, answer: int) -> Any:
        def call(*given: Any) -> int:
            if answer < 0:
                return -answer
            if given:
                target = given[-1]._obj
                if name == "nvmlDeviceGetMemoryInfo":
                    target[1] = answer
                else:
                    target.value = answer
            return 0

        return call


def test_a_card_is_asked_and_what_its_driver_does_not_tell_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = Nvml(
        {"nvmlInit_v2": 0, "nvmlDeviceGetHandleByIndex_v2": 4711, "nvmlDeviceGetTemperature": 64,
         "nvmlDeviceGetPowerUsage": 699_500, "nvmlDeviceGetTotalEccErrors": -3, "nvmlDeviceGetMemoryInfo": 9 << 30}
    )  # fmt: skip
    monkeypatch.setattr(ctypes, "CDLL", lambda _: driver)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    gauge = Gauge("cuda:1")
    found = gauge.read()
    assert found == {"temperature (°C)": 64, "power (W)": 699.5, FREE: float(9 << 30)}
    assert gauge.lacks["uncorrected memory errors"] == "nvmlDeviceGetTotalEccErrors returned 3"
    assert gauge.lacks["clock (MHz)"] == "this driver has no nvmlDeviceGetClockInfo"


def test_a_host_without_a_driver_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(_: str) -> ctypes.CDLL:
        raise OSError

    monkeypatch.setattr(ctypes, "CDLL", none)
    gauge = Gauge("cuda:0")
    assert gauge.read() == {}
    assert "libnvidia-ml" in gauge.lacks["every reading"]


class Script:
    """A gauge that reads what is given, one after another."""

    def __init__(self, *numbers: dict[str, float]) -> None:
        self.lacks: dict[str, str] = {}
        self._numbers = iter(numbers)

    def read(self) -> dict[str, float]:
        return next(self._numbers)


@pytest.mark.parametrize(("after", "holds"), [(2.0, True), (3.0, False)])
def test_an_uncorrected_error_that_is_counted_meanwhile_fails(after: float, holds: bool) -> None:
    name, heat = "uncorrected memory errors", "reasons for lower clocks (bits)"
    watched = Watched(Script({name: 2.0, heat: 0.0}, {name: after, heat: float(0x44)}))  # type: ignore[arg-type]
    watched.look()
    recorder = Recorder(lambda *_: None)
    watched.report(recorder)
    result = recorder.result()
    assert [one["holds"] for one in result["invariants"]] == [holds]
    assert "heat (hardware), in 50%" in next(one["text"] for one in result["observations"] if "lowered" in one["row"])

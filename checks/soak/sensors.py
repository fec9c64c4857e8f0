"""The readings of a device over a soak: the range of each, and what its counters have counted meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from checks.common.readings import Gauge, Readings
    from checks.common.record import Recorder

COUNTERS = ("corrected memory errors", "uncorrected memory errors", "PCIe replays", "energy (J)")
_MUST_NOT_RISE = "uncorrected memory errors"
_BITS = "reasons for lower clocks (bits)"
_SLOWED = {0x8: "hardware slowdown", 0x20: "heat (software)", 0x40: "heat (hardware)", 0x80: "power brake (hardware)"}
"""Bits of nvmlClocksEventReason that say that something is wrong; a power cap under full load is normal (nvml.h)."""


class Watched:
    """A device that is looked at again and again."""

    def __init__(self, gauge: Gauge) -> None:
        self._gauge, self._all = gauge, [gauge.read()]

    def look(self) -> None:
        """Read once more."""
        self._all.append(self._gauge.read())

    def report(self, record: Recorder) -> None:
        """Record ranges and counts, why others are absent, and that ECC counted no uncorrected memory error."""
        for name in self._all[0]:
            numbers = [one[name] for one in self._all if name in one]
            if name == _BITS:
                self._slowed(numbers, record)
            elif name in COUNTERS:
                record.observe("soak: readings", name, f"{numbers[-1] - numbers[0]:g} during the soak")
            else:
                record.observe("soak: readings", name, f"{min(numbers):g} to {max(numbers):g}")
        for name, why in self._gauge.lacks.items():
            record.observe("soak: readings", name, f"absent: {why}")
        self._errors(record)

    def _errors(self, record: Recorder) -> None:
        counted: list[Readings] = [one for one in self._all if _MUST_NOT_RISE in one]
        if len(counted) > 1:
            rise = counted[-1][_MUST_NOT_RISE] - counted[0][_MUST_NOT_RISE]
            record.invariant(
                "ECC counts no uncorrected memory error meanwhile", rise <= 0, f"{rise:g} more than before"
            )

    def _slowed(self, numbers: list[float], record: Recorder) -> None:
        found = {text for number in numbers for bit, text in _SLOWED.items() if int(number) & bit}
        share = sum(any(int(number) & bit for bit in _SLOWED) for number in numbers) / len(numbers)
        text = f"{', '.join(sorted(found))}, in {share:.0%} of the readings" if found else "none but power and idleness"
        record.observe("soak: readings", "clocks lowered by", text)

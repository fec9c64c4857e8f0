"""Constraints on what GPUs are said to do at most: dense, of one card, and of the clock that is stated."""

from __future__ import annotations

from collections.abc import Iterator

from gpusetup.facts import Facts
from gpusetup.facts.check.contradiction import Contradiction
from gpusetup.facts.model.hardware import GpuRow, Peak

CORES = {"6.0": 64, "7.0": 64, "7.5": 64, "8.0": 64}
"""CUDA cores per multiprocessor: 128 where nothing else stands (CUDA C++ Programming Guide, Compute Capabilities)."""
SPEEDUP = {
    "6.0": 2.0, "7.0": 8.0, "7.5": 8.0, "8.0": 16.0, "8.6": 4.0, "8.9": 4.0, "9.0": 16.0, "10.0": 32.0, "10.3": 32.0,
    "12.0": 4.0,
}  # fmt: skip
"""How many times faster half precision is than float32 at most, per clock and dense, by the architectures' whitepapers.

Of 10.0 and 10.3 the clocks are not stated: 32 is the next power of two to 2250 against 75 TFLOP/s.
"""
GEFORCE = {"7.5": 4.0, "8.6": 2.0, "8.9": 2.0, "12.0": 2.0}
"""A GeForce's tensor cores have half the rate where sums are kept in float32 (the same whitepapers)."""
ROUNDED = 1.03


def peaks_are_of_known_gpus(facts: Facts) -> Iterator[Contradiction]:
    """Demand rows of the table ``gpu``, each with one peak at most, and a name that the driver gives one alone."""
    known = {row.id for row in facts.gpu}
    seen: dict[str, str] = {}
    for row in facts.peak:
        for name in (*row.gpu, *row.reported):
            if name in row.gpu and name not in known:
                yield Contradiction(row=row.id, text=f"is about {name}, which has no row")
            if name in seen:
                yield Contradiction(row=row.id, text=f"is about {name}, and so is {seen[name]}")
            seen[name] = row.id


def peaks_grow_as_precision_falls(facts: Facts) -> Iterator[Contradiction]:
    """Demand float64 ≤ float32 ≤ TF32 ≤ half precision, and the same rate in bfloat16 and float16 where both are."""
    for row in facts.peak:
        ordered = [row.float64, row.float32, row.tf32, row.bf16 or row.fp16]
        stated = [figure for figure in ordered if figure]
        if stated != sorted(stated):
            yield Contradiction(row=row.id, text=f"is slower in a shorter format: {stated}")
        if row.bf16 and row.bf16 != row.fp16:
            yield Contradiction(row=row.id, text=f"has {row.bf16} in bfloat16 and {row.fp16} in float16")
        if row.float64_tensor and not row.float64 <= row.float64_tensor <= max(row.float32, row.float64):
            yield Contradiction(row=row.id, text=f"has {row.float64_tensor} in float64 in its tensor cores")


def peaks_are_dense(facts: Facts) -> Iterator[Contradiction]:
    """Demand that half precision is not faster than the tensor cores of the architecture are without sparsity."""
    for row, gpu in _cards(facts):
        rates = GEFORCE if gpu.name.startswith("GeForce") else SPEEDUP  # a TITAN has the whole rate
        most = rates.get(gpu.cc, 1.0)
        half = max(row.bf16, row.fp16)
        if row.float32 and half > most * row.float32 * ROUNDED:
            yield Contradiction(row=row.id, text=f"{half} is more than {most:g} times {row.float32}: with sparsity?")
        if row.tf32 and half and not 1.9 < half / row.tf32 < 2.1:
            yield Contradiction(row=row.id, text=f"has {row.tf32} in TF32, which is not half of {half}")


def peaks_follow_from_the_clock(facts: Facts) -> Iterator[Contradiction]:
    """Demand what so many multiprocessors do at the stated clock: one multiplication and addition per core."""
    for row, gpu in _cards(facts):
        if row.float32 and row.multiprocessors and row.boost_mhz:
            cores = row.multiprocessors * CORES.get(gpu.cc, 128)
            follows = 2 * cores * row.boost_mhz / 1e6
            if not 1 / ROUNDED < row.float32 / follows < ROUNDED:
                yield Contradiction(row=row.id, text=f"{cores} cores at that clock do {follows:.1f}, not {row.float32}")


def peaks_are_stated(facts: Facts) -> Iterator[Contradiction]:
    """Demand that a row states something to compare with."""
    for row in facts.peak:
        if not any((row.float32, row.tf32, row.bf16, row.fp16, row.bandwidth)):
            yield Contradiction(row=row.id, text="states no figure")


def _cards(facts: Facts) -> Iterator[tuple[Peak, GpuRow]]:
    known = {row.id: row for row in facts.gpu}
    for row in facts.peak:
        yield from ((row, known[name]) for name in row.gpu if name in known)

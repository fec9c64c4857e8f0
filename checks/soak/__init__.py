"""Full load for as long as is asked for: products of integers and patterns in memory, each with one right answer.

Products of whole numbers of -8 to 7 stay below 2^24, so float32 holds every sum whatever the order; with TF32's 11 bits
too. A round multiplies at full load and compares on the device, with NumPy's product; then it fills the device's memory
with a pattern, block by block, and reads all of it back. The first wrong bit is named, with its place. Between rounds
the device is asked for its clocks, heat, power and error counters (`checks/common/readings.py`).

A quick run takes two seconds, a full one ten, and ``--minutes N`` as long as that. On a GPU nine tenths of the free
memory are filled, on a CPU a stated part of what is free (`bounds.py`).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from checks.common.draw import integers
from checks.common.readings import Gauge
from checks.soak.patterns import PATTERNS, Wrong, block_of, describe
from checks.soak.sensors import Watched

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.common.record import Recorder

Array = NDArray[Any]

SECONDS = {"quick": 2.0, "full": 10.0}
SIDE = 512
"""Of the drawn matrices: a product takes a millisecond on a core."""
TILES = {"cpu": 1, "gpu": 8}
"""How often the left matrix stands below itself, and the right one beside itself: 4096 × 4096 sums fill any card."""
BURST = 0.25
"""Seconds of products in a round, before memory has its turn."""
LAWS = {"product": "every product is right to the last bit", "memory": "memory keeps what is written"}
_MOST_WRONG = 8
"""Lines of detail about wrong numbers."""


class Device(Protocol):
    """A device with two matrices (n, n) of whole numbers and blocks of memory."""

    def __init__(self, left: Array, right: Array, job: Job) -> None: ...
    def multiply(self) -> Array:
        """Return the product."""

    def keep(self, product: Array) -> None:
        """Keep the right product on the device, to compare with."""

    def wrong(self) -> Array | None:
        """Multiply once more; return the product where it is not the one kept, else None."""

    def blocks(self) -> int:
        """Return how many blocks (`BLOCK` numbers of 32 bits) of memory there are to fill."""

    def fill(self, number: int, pattern: Array) -> None:
        """Write block `number`."""

    def differs(self, number: int, pattern: Array) -> Array | None:
        """Return what is in a block where it is not the pattern, else None."""


class Soaked(NamedTuple):
    """What was done, and what was wrong."""

    products: int
    filled: int
    rounds: int
    seconds: float
    wrong: list[Wrong]


def prove(backend: Any, job: Job, record: Recorder) -> None:
    """Soak the device, or compute what is right."""
    left, right = (integers(job.seed, name, (SIDE, SIDE), bits=4) - 8.0 for name in ("left", "right"))
    product = (left @ right).astype(np.float32)
    if job.framework == "reference":
        record.tensor("exact", "product of whole numbers", product)
        return
    tiles = TILES["cpu" if job.device == "cpu" else "gpu"]
    device: Device = backend.Device(np.tile(left, (tiles, 1)), np.tile(right, (1, tiles)), job)
    record.tensor("exact", "product of whole numbers", device.multiply()[:SIDE, :SIDE])
    watched = Watched(Gauge(job.device))
    report(soak(device, np.tile(product, (tiles, tiles)), job, watched, record), tiles, job, record)
    watched.report(record)


def soak(device: Device, product: Array, job: Job, watched: Watched, record: Recorder) -> Soaked:
    """Work in rounds until the time is over; at least one."""
    device.keep(product)
    seconds = 60 * job.minutes or SECONDS[job.profile]
    started, products, filled, rounds = time.monotonic(), 0, 0, 0
    wrong: list[Wrong] = []
    while not rounds or time.monotonic() - started < seconds:
        times, differing = burst(device, BURST)
        products += times
        if differing is not None:
            wrong.append(describe("product", f"round {rounds}", differing, product))
        name, pattern = PATTERNS[rounds % len(PATTERNS)]
        filled += _fill(device, name, pattern, wrong)
        rounds += 1
        watched.look()
        record.progress(int(time.monotonic() - started) + rounds, 0)
    return Soaked(products, filled, rounds, time.monotonic() - started, wrong)


def burst(device: Device, seconds: float) -> tuple[int, Array | None]:
    """Multiply for so long, once at least; return how often, and the first product that was wrong."""
    until, times, wrong = time.monotonic() + seconds, 0, None
    while wrong is None and (not times or time.monotonic() < until):
        wrong = device.wrong()
        times += 1
    return times, wrong


def _fill(device: Device, name: str, pattern: int, wrong: list[Wrong]) -> int:
    """Write every block before the first is read back, so that a write that lands elsewhere is seen."""
    count = device.blocks()
    for number in range(count):
        device.fill(number, block_of(number, pattern))
    for number in range(count):
        expected = block_of(number, pattern)
        found = device.differs(number, expected)
        if found is not None:
            wrong.append(describe("memory", f"block {number}, {name}", found, expected))
    return count


def report(soaked: Soaked, tiles: int, job: Job, record: Recorder) -> None:
    """Record what was done, and the first wrong bits with their places."""
    done = {"product": f"{soaked.products} products", "memory": f"{soaked.filled} blocks"}
    for what, name in LAWS.items():
        bad = [one for one in soaked.wrong if one.what == what]
        fine = f"{done[what]} in {soaked.seconds:.0f} s"
        record.invariant(name, not bad, f"{len(bad)} times wrong on {job.device}, first {bad[0]}" if bad else fine)
    for number, one in enumerate(soaked.wrong[:_MOST_WRONG]):
        record.observe("soak: wrong", f"{job.device} {number}", str(one))
    rate = soaked.products * 2 * SIDE * (SIDE * tiles) ** 2 / max(soaked.seconds, 1e-9) / 1e9
    record.measure("GFLOP/s over the whole time", rate)
    record.observe("soak", job.device, f"{soaked.rounds} rounds, {done['product']}, {done['memory']} of 16 MiB")

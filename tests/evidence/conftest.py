"""A check whose bits depend on what the test sets, and the proofs of it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from gpusetup.evidence.compare import compare
from gpusetup.evidence.made import evidence
from gpusetup.evidence.model import Comparison, Evidence
from gpusetup.evidence.pairs import pairs
from gpusetup.evidence.settle import Bench, settle
from gpusetup.selftest.registry import checks
from gpusetup.selftest.schedule import RunLimits, Selection
from tests.selftest.small_world import World

REFERENCE = """
import numpy as np

def run(job, record):
    for step in range(3):
        record.tensor("value", "loss", np.float32(1 / 3 + job.seed + step / 7), step)
"""
TOUCHY = """
import os
from pathlib import Path
import numpy as np

def run(job, record):
    shift = BY_THREADS * (job.threads > 1) + BY_VARIABLE * (os.environ.get("MKL_CBWR") == "COMPATIBLE")
    if job.data:
        shift += sum(float(file.read_text()) for file in Path(job.data).glob("*.txt"))
    for step in range(3):
        record.tensor("value", "loss", np.float32(1 / 3 + shift + job.seed + step / 7), step)
"""
NAMES = ("the lock", "this machine")
ULP = "2.0**-25"  # of float32, below 0.5


class Ground(NamedTuple):
    """One check called ``one``, whose bits move by so much with two threads and with MKL_CBWR."""

    world: World

    def write(self, threads: str = "0", cbwr: str = "0", more: str = "") -> None:
        text = TOUCHY.replace("BY_THREADS", threads).replace("BY_VARIABLE", cbwr) + more
        if not (self.world.folder / "one").exists():
            self.world.add("one", reference=REFERENCE, pytorch=text)
            description = self.world.folder / "one" / "check.toml"
            description.write_text(description.read_text().replace("proves =", 'data = "*.txt"\nproves ='))
        (self.world.folder / "one" / "pytorch.py").write_text(text)

    def evidence(self, threads: int = 1, seeds: tuple[int, ...] = (0,), repeat: int = 1, data: str = "") -> Evidence:
        proof = self.world.prove(
            "one", frameworks=("pytorch",), threads=threads, seeds=seeds, repeat=repeat, data=data, jobs=1
        )
        return evidence(proof, checks(self.world.folder), {})

    def settled(self, before: Evidence, now: Evidence, python: str) -> Comparison:
        selection = Selection(checks=("one",), pythons={"pytorch": python}, threads=now.threads)
        bench = Bench(selection, checks(self.world.folder), self.world.folder, RunLimits(seconds=60), lambda _: None)
        return settle(compare(before, now, NAMES), pairs(before, now), before, bench)


@pytest.fixture
def ground(world: World) -> Ground:
    return Ground(world)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "checks")

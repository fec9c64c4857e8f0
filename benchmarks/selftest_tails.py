"""How near a sound framework comes to its limits, over many seeds: ``… [--framework NAME] [--check NAME] [--seeds N]``.

Runs the reference and a framework beside each other, seed by seed in one process, up to the last tensor that has a
limit; what comes later, and invariants, are the subject of `selftest_false_alarms.py`. Of each seed the largest share
of a limit is kept, and where, in ``build/tails/`` with a digest of the sources, as `selftest_planted_faults.py` has it:
the campaign can be run in pieces. The table of ``docs/evidence/limits.md`` is written anew from all that is kept.

The largest tenth of the seeds, but no fewer than `FEWEST`, is taken to fall as a power (Hill's estimator): where a step
of Adam divides by a slope that cancelled, errors do fall as 1/x, and a tail that falls faster gets a chance of passing
1 that is too large, never too small. Beside the estimate stands its upper bound, from the lower bound of the power
(2kα/α̂ is χ² of 2k degrees of freedom). Ends with 1 where a limit is passed, or the estimate is above `ALLOWED`.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import importlib
import math
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from types import ModuleType
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import msgspec
import numpy as np

from benchmarks.check_sources import sources
from benchmarks.selftest_planted_faults import CACHE
from checks.common.compare import UNIT, distance
from checks.common.job import Job
from checks.common.record import Recorder
from gpusetup.selftest.registry import FLOAT32_DIGITS, Check, checks
from tests.checks.planted import ROOT

PAGE = ROOT / "docs" / "evidence" / "limits.md"
KEPT = ROOT / "build" / "tails"
FRAMEWORKS = ("pytorch", "tensorflow", "jax")
ALLOWED = 1e-4
TENTH, FEWEST = 10, 10
QUANTILE = -1.645
"""Of the normal distribution: one in twenty lies below."""
SELDOM = 1e-9
"""A smaller chance is not printed: no tail is known so far out."""
BEGIN, END = "<!-- tails -->", "<!-- /tails -->"


class Enough(Exception):  # noqa: N818 - not an error
    """All that has a limit was recorded."""


class Share(NamedTuple):
    """The largest share of a limit that a seed uses, and where."""

    share: float
    where: str


class Tail(NamedTuple):
    """By which power the largest fall, the chance that one is above 1, and its upper bound (95 %)."""

    power: float
    chance: float
    bound: float


Shares = dict[str, Share]
"""By seed."""


class Kept(Recorder):
    """What was recorded, in memory; after `count` records it is enough."""

    def __init__(self, count: float = math.inf) -> None:
        super().__init__(lambda *_: None)
        self.count = count

    def tensor(self, kind: str, name: str, value: Any, step: int = 0, unit: float = 0.0) -> None:
        super().tensor(kind, name, value, step, unit)
        if len(self._records) == self.count:
            raise Enough

    def limited(self, check: Check) -> int:
        """Return how many records there are up to the last that has a limit."""
        finite = [number for number, one in enumerate(self._records, start=1)
                  if math.isfinite(check.limit(one["kind"], one["step"]))]  # fmt: skip
        return max(finite, default=len(self._records))

    def worst(self, truth: Truth, check: Check) -> Share:
        """Return the largest share of a limit that a tensor uses."""
        found = Share(0.0, "")
        for key, kind, step in truth.records:
            limit = check.limit(kind, step)
            if not limit or math.isinf(limit) or key not in self._arrays:
                continue
            ulps = distance(self._arrays[key], truth.arrays[key], truth.unit(key))["ulps"]
            share = math.inf if ulps is None else math.ldexp(ulps, check.digits(kind) - FLOAT32_DIGITS) / limit
            found = max(found, Share(share, f"{key.partition(' ')[2]}, step {step}"))
        return found

    def truth(self) -> Truth:
        """Return what was recorded as the reference's."""
        records = [(f"{one['step']} {one['name']}", one["kind"], one["step"]) for one in self._records]
        return Truth(records, self._arrays)


class Truth(NamedTuple):
    """What the reference recorded: key, kind and step of each tensor, and the arrays with their units."""

    records: list[tuple[str, str, int]]
    arrays: dict[str, np.ndarray[Any, Any]]

    def unit(self, key: str) -> float:
        """Return the unit that a tensor is known by, or 0."""
        return float(self.arrays.get(UNIT + key, 0.0))


class Campaign:
    """One check in one framework."""

    def __init__(self, check: Check, framework: str, digest: str) -> None:
        self.check, self.framework, self.digest = check, framework, digest
        self.module = importlib.import_module(f"checks.{check.name}")
        self.count: float = math.inf

    def shares(self, first: int, seeds: int) -> Shares:
        """Return the share of each seed, with those that are kept; what is new is kept as it comes."""
        file = KEPT / f"{self.check.name}-{self.framework}-{self.digest}.json"
        found = msgspec.json.decode(file.read_bytes(), type=Shares) if file.exists() else {}
        for seed in range(first, first + seeds):
            if str(seed) not in found:
                found[str(seed)] = self._ran(seed)
                file.write_bytes(msgspec.json.encode(found))
        return found

    def _ran(self, seed: int) -> Share:
        truth = self._truth(seed)
        return run(self.module, self.check.name, self.framework, seed, len(truth.records)).worst(truth, self.check)

    def _truth(self, seed: int) -> Truth:
        """Return what the reference records, which all frameworks share."""
        file = KEPT / "reference" / f"{self.check.name}-{self.digest}-{seed}.npz"
        if file.exists():
            with np.load(file, allow_pickle=False) as kept:
                arrays = {name: kept[name] for name in kept.files}
            return Truth(msgspec.json.decode(arrays.pop("records").tobytes(), type=list[tuple[str, str, int]]), arrays)
        if math.isinf(self.count):
            self.count = run(self.module, self.check.name, "reference", seed).limited(self.check)
        truth = run(self.module, self.check.name, "reference", seed, self.count).truth()
        file.parent.mkdir(parents=True, exist_ok=True)
        records = np.frombuffer(msgspec.json.encode(truth.records), np.uint8)
        np.savez_compressed(file, records=records, **truth.arrays)  # type: ignore[arg-type]  # as in Recorder.save
        return truth


def run(module: ModuleType, name: str, framework: str, seed: int, count: float = math.inf) -> Kept:
    """Run a check once, in this process, up to so many records."""
    where: dict[str, Any] = {"device": "cpu", "threads": 1, "trace": "", "log": "", "data": ""}
    job = Job(check=name, framework=framework, seed=seed, round=1, profile="quick", **where)
    importlib.import_module(f"checks.common.{framework}").prepare(job)
    kept = Kept(count)
    with contextlib.suppress(Enough):
        module.prove(importlib.import_module(f"checks.{name}.{framework}"), job, kept)
    return kept


def tail(shares: Sequence[float]) -> Tail:
    """Return how the largest shares fall, and how likely one is above 1."""
    ordered = sorted(shares, reverse=True)
    count = min(max(FEWEST, len(ordered) // TENTH), len(ordered) - 1)
    edge = ordered[count]
    if math.isinf(ordered[0]):
        return Tail(0.0, 1.0, 1.0)
    if edge <= 0 or ordered[0] == edge:
        return Tail(math.inf, 0.0, 0.0)
    power = count / sum(math.log(one / edge) for one in ordered[:count])
    lowest = power * chi_square(2 * count) / (2 * count)
    chance, bound = (count / len(ordered) * min(1.0, edge) ** one for one in (power, lowest))
    return Tail(power, chance, bound)


def chi_square(degrees: int) -> float:
    """Return what one in twenty of χ² with so many degrees of freedom is below (Wilson and Hilferty 1931)."""
    spread = 2 / (9 * degrees)
    return float(degrees * (1 - spread + QUANTILE * math.sqrt(spread)) ** 3)


def limited(found: dict[str, Check]) -> list[str]:
    """Return the checks that compare numbers within a limit."""
    return [name for name, check in found.items() if any(math.isfinite(one.ulps) for one in check.tolerance.values())]


def row(check: str, framework: str, shares: Shares) -> str:
    """Return a line of the page."""
    most = max(shares.values())
    power, chance, bound = tail([one.share for one in shares.values()])
    middle = median(one.share for one in shares.values())
    where = most.where.replace("|", "/")
    return (f"| {check} | {framework} | {len(shares)} | {middle:.2f} | {most.share:.2f}: {where} | {power:.1f} |"
            f" {seldom(chance)} | {seldom(bound)} |")  # fmt: skip


def seldom(chance: float) -> str:
    """Return a chance as text."""
    return f"{chance:.0e}" if chance >= SELDOM else f"< {SELDOM:.0e}"


def write(rows: dict[tuple[str, str], str]) -> None:
    """Put rows into the page's table; the other rows stay as they are."""
    text = PAGE.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    table, _, after = rest.partition(END)
    head, lines = table.strip().splitlines()[:2], table.strip().splitlines()[2:]
    cells = [[cell.strip() for cell in line.split("|")] for line in lines]
    every = {(one[1], one[2]): line for one, line in zip(cells, lines, strict=True)} | rows
    table = "\n".join([*head, *(every[one] for one in sorted(every))])
    PAGE.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", "utf-8")


def main(wanted: argparse.Namespace) -> int:
    if not wanted.framework:  # each in a process of its own, for what one sets may change another
        command = [sys.executable, *sys.argv]
        return max(subprocess.run([*command, "--framework", one], check=False).returncode for one in FRAMEWORKS)
    found, rows, likely = checks(), dict[tuple[str, str], str](), False
    KEPT.mkdir(parents=True, exist_ok=True)
    for name in wanted.check or limited(found):
        digest = hashlib.sha256(sources(name)).hexdigest()[:8]
        shares = Campaign(found[name], wanted.framework, digest).shares(wanted.first, wanted.seeds)
        rows[name, wanted.framework] = row(name, wanted.framework, shares)
        print(rows[name, wanted.framework], flush=True)
        likely |= tail([one.share for one in shares.values()]).chance > ALLOWED
    if wanted.write:
        write(rows)
    return 1 if likely else 0


if __name__ == "__main__":
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "NPROC"), "1") | CACHE | {"JAX_PLATFORMS": "cpu"}
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--framework", choices=FRAMEWORKS, help="(default all)")
    options.add_argument("--seeds", type=int, default=400)
    options.add_argument("--first", type=int, default=10_000)
    options.add_argument("--check", action="append", default=[])
    options.add_argument("--write", action="store_true", help="write the rows into docs/evidence/limits.md")
    sys.exit(main(options.parse_args()))

"""How likely a sound run is accused: the share of each limit that is used, over many seeds in one process.

``… FRAMEWORK [--check NAME] [--seeds N]`` runs the reference and the framework beside each other, seed by seed, up to
the last tensor that has a limit; what comes later, and invariants, are the subject of `selftest_false_alarms.py`.

Of each tensor the largest share of its limit per seed is kept. The tail is taken to fall as a power (Hill's estimator
over the largest tenth of the seeds): Adam divides by the size of a slope, so the error of one that cancelled falls as
1/x, and a normal or exponential tail would promise too much. Prints each tensor's median and largest share, the power,
and the probability per run that 1 is exceeded; what is above `ALLOWED` is marked.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import math
import os
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from types import ModuleType
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from checks.common.compare import UNIT, distance
from checks.common.job import Job
from checks.common.record import Recorder
from gpusetup.selftest.registry import FLOAT32_DIGITS, Check, checks

ALLOWED = 1e-4
LARGEST = 10
"""One in so many seeds belongs to the tail."""
Worst = dict[tuple[str, str], float]


class Enough(Exception):  # noqa: N818 - not an error
    """All that has a limit was recorded."""


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

    def shares(self, truth: Kept, check: Check) -> Worst:
        """Return the largest share of its limit that each tensor uses, whatever the step."""
        found: Worst = defaultdict(float)
        for record in truth._records:
            kind, step, name = record["kind"], record["step"], record["name"]
            limit = check.limit(kind, step)
            key = f"{step} {name}"
            if not limit or math.isinf(limit) or key not in self._arrays:
                continue
            unit = float(truth._arrays.get(UNIT + key, 0.0))
            ulps = distance(self._arrays[key], truth._arrays[key], unit)["ulps"]
            share = math.inf if ulps is None else math.ldexp(ulps, check.digits(kind) - FLOAT32_DIGITS) / limit
            found[kind, name] = max(found[kind, name], share)
        return found


def main(wanted: argparse.Namespace) -> int:
    found = checks()
    likely = False
    for name in wanted.check or sorted(found):
        module = importlib.import_module(f"checks.{name}")
        count = run(module, name, "reference", wanted.first).limited(found[name])
        shares: dict[tuple[str, str], list[float]] = defaultdict(list)
        for seed in range(wanted.first, wanted.first + wanted.seeds):
            truth, ran = (run(module, name, one, seed, count) for one in ("reference", wanted.framework))
            worst = ran.shares(truth, found[name])
            for one, share in worst.items():
                shares[one].append(share)
            if worst and max(worst.values()) > wanted.show:
                one = max(worst, key=lambda each: worst[each])
                print(f"    {name} seed {seed}: {worst[one]:.2f} of the limit, {one[0]}, {one[1]}", flush=True)
        marked = [report(name, wanted.framework, each, shares[each], wanted.least) for each in shares]
        likely |= any(marked)
    return 1 if likely else 0


def run(module: ModuleType, name: str, framework: str, seed: int, count: float = math.inf) -> Kept:
    """Run a check once, in this process, up to so many records."""
    where: dict[str, Any] = {"device": "cpu", "threads": 1, "trace": "", "log": "", "data": ""}
    job = Job(check=name, framework=framework, seed=seed, round=1, profile="quick", **where)
    importlib.import_module(f"checks.common.{framework}").prepare(job)
    kept = Kept(count)
    with contextlib.suppress(Enough):
        module.prove(importlib.import_module(f"checks.{name}.{framework}"), job, kept)
    return kept


def report(name: str, framework: str, kind: tuple[str, str], shares: Sequence[float], least: float) -> bool:
    """Print a line about a tensor, and return whether it is too likely to be accused."""
    power, chance = tail(shares)
    if max(shares) >= least or chance > ALLOWED:
        marked = "  <-- too likely" if chance > ALLOWED else ""
        print(
            f"{name:16}{framework:11}{kind[0]:12}{kind[1]:34} {len(shares):5} seeds, median {median(shares):.3f},"
            f" largest {max(shares):.3f}, falls as x^-{power:.1f}, beyond the limit {chance:.0e}{marked}",
            flush=True,
        )
    return chance > ALLOWED


def tail(shares: Sequence[float]) -> tuple[float, float]:
    """Return the power by which the largest fall, and the probability that one is above 1."""
    ordered = sorted(shares, reverse=True)
    count = max(4, len(ordered) // LARGEST)
    edge = ordered[min(count, len(ordered) - 1)]
    if edge <= 0 or ordered[0] == edge:
        return math.inf, 0.0
    power = count / sum(math.log(one / edge) for one in ordered[:count]) if ordered[0] < math.inf else 0.0
    return power, count / len(ordered) * min(1.0, edge) ** power


if __name__ == "__main__":
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("framework", choices=("pytorch", "tensorflow", "jax"))
    options.add_argument("--seeds", type=int, default=400)
    options.add_argument("--first", type=int, default=10_000)
    options.add_argument("--check", action="append", default=[])
    options.add_argument("--show", type=float, default=0.9, help="name each seed that uses more of a limit")
    options.add_argument("--least", type=float, default=0.3, help="leave out tensors that use less of their limit")
    sys.exit(main(options.parse_args()))

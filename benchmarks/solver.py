"""How fast the solver is, and whether it agrees with the oracle on the whole matrix.

A full solve is a request in, a `Stack` with all its reasons and alternatives out. The budget is 100 of them within one
start of the floor, ``python -c "import click, pynvml"``. Both are CPU time, so that a busy machine does not count, and
are taken in turns, so that a slow minute slows both.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from gpusetup.facts import facts
from gpusetup.resolve import attempt
from gpusetup.resolve.asked.cards import named
from gpusetup.resolve.model import Request
from gpusetup.resolve.solver.solve import solve
from tests.resolve.matrix import TODAY, cases, request, solved
from tests.resolve.oracle import best

REQUESTS = (("GTX 1050 Mobile",), ("RTX 4090",), ("RTX 5090",), ("H100",), ("T4", "GTX 1080"), ())
BATCHES, ROUNDS = 20, 25
BUDGET = 100
FLOOR = (sys.executable, "-c", "import click, pynvml")


def seconds(work: Callable[[], object]) -> float:
    """Return the CPU seconds of one call, the mean of a batch."""
    start = time.process_time()
    for _ in range(ROUNDS):
        work()
    return (time.process_time() - start) / ROUNDS


def floor() -> float:
    """Return the CPU seconds of one start of the floor."""
    before = os.times()
    subprocess.run(FLOOR, check=True, env={k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"})
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def main() -> int:
    tables = facts()
    asked = {names: Request(cards=named(tables, names, ()), release="44") for names in REQUESTS}
    for one in asked.values():
        attempt(one, tables, TODAY)  # makes the candidates
    floors: list[float] = []
    full: dict[tuple[str, ...], list[float]] = {names: [] for names in REQUESTS}
    bare: dict[tuple[str, ...], list[float]] = {names: [] for names in REQUESTS}
    for _ in range(BATCHES):
        floors.append(floor())
        for names, one in asked.items():
            full[names].append(seconds(lambda one=one: attempt(one, tables, TODAY)))  # type: ignore[misc]
            bare[names].append(seconds(lambda one=one: solve(one, tables, TODAY)))  # type: ignore[misc]
    for names in REQUESTS:
        what = " + ".join(names) or "no GPU"
        print(f"{what:20} {min(floors) / min(full[names]):5.0f} full solves within the floor's "
              f"{min(floors) * 1e3:.0f} ms, {min(floors) / min(bare[names]):5.0f} without the explanation")  # fmt: skip
    slowest = min(floors) / max(min(each) for each in full.values())
    print(f"slowest: {slowest:.0f} within the floor (budget {BUDGET})")

    every = list(cases(tables))
    start = time.process_time()
    for case in every:
        solve(request(tables, case), tables, TODAY)
    print(f"matrix: {len(every)} questions in {time.process_time() - start:.1f} s")

    found = [(case, solved(tables, case)) for case in every]
    start = time.process_time()
    differ = [case for case, said in found
              if said != best(tables, case.ccs, case.jetson, case.release, case.repo, case.python)]  # fmt: skip
    took = time.process_time() - start
    possible = sum(said is not None for _, said in found)
    print(f"oracle: {len(differ)} of {len(every)} answers differ ({possible} stacks, {len(every) - possible} refusals; "
          f"the oracle took {took:.0f} s)")  # fmt: skip
    for case in differ[:10]:
        print(f"  differs: {case}")
    return 1 if differ or slowest < BUDGET else 0


if __name__ == "__main__":
    sys.exit(main())

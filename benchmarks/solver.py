"""How fast the solver is, and whether it agrees with the oracle on the whole matrix.

Speed is CPU time, so that a busy machine does not count; a full solve is a request in, a `Stack` with all its reasons
and alternatives out. The budget is 1,000 of them a second on one core.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from gpusetup.facts import facts
from gpusetup.resolve import attempt
from gpusetup.resolve.cards import named
from gpusetup.resolve.model import Request
from gpusetup.resolve.solve import solve
from tests.resolve.matrix import TODAY, cases, request, solved
from tests.resolve.oracle import best

REQUESTS = (("GTX 1050 Mobile",), ("RTX 4090",), ("RTX 5090",), ("H100",), ("T4", "GTX 1080"), ())
ROUNDS = 500
BUDGET = 1000


def seconds(work: Callable[[], object], rounds: int) -> float:
    """Return the CPU seconds of one call, in the best of ten batches: a neighbour on the same core only ever slows."""
    work()
    batches = []
    for _ in range(10):
        start = time.process_time()
        for _ in range(rounds // 10):
            work()
        batches.append((time.process_time() - start) / (rounds // 10))
    return min(batches)


def main() -> int:
    tables = facts()
    slowest = 0.0
    for names in REQUESTS:
        asked = Request(cards=named(tables, names, ()), release="44")
        bare = seconds(lambda asked=asked: solve(asked, tables, TODAY), ROUNDS)  # type: ignore[misc]
        full = seconds(lambda asked=asked: attempt(asked, tables, TODAY), ROUNDS)  # type: ignore[misc]
        slowest = max(slowest, full)
        what = " + ".join(names) or "no GPU"
        print(f"{what:20} {1 / full:7.0f} full solves a second, {1 / bare:7.0f} without the explanation")
    print(f"slowest: {1 / slowest:.0f} full solves a second (budget {BUDGET})")

    every = list(cases(tables))
    start = time.process_time()
    for one in every:
        solve(request(tables, one), tables, TODAY)
    print(f"matrix: {len(every)} questions in {time.process_time() - start:.1f} s")

    found = [(one, solved(tables, one)) for one in every]
    start = time.process_time()
    differ = [one for one, said in found
              if said != best(tables, one.ccs, one.jetson, one.release, one.repo, one.python)]  # fmt: skip
    took = time.process_time() - start
    possible = sum(said is not None for _, said in found)
    print(f"oracle: {len(differ)} of {len(every)} answers differ ({possible} stacks, {len(every) - possible} refusals; "
          f"the oracle took {took:.0f} s)")  # fmt: skip
    for one in differ[:10]:
        print(f"  differs: {one}")
    return 1 if differ or 1 / slowest < BUDGET else 0


if __name__ == "__main__":
    sys.exit(main())

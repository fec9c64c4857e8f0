"""The compatibility matrix whole: how long it takes, how large its page is, and whether each field is the solver's.

A field is asked again as a user asks, with pins, toolkit and compiler included. Times are CPU time.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from gpusetup.facts import facts
from gpusetup.resolve.matrix import matrix
from gpusetup.resolve.solver.solve import solve
from tests.report_page.test_plan_page import MOST, shown
from tests.resolve.test_compatibility_matrix import DAY, alike, fields, pinned, request, whole

SECONDS = 5


def main() -> int:
    start = time.process_time()
    found = matrix(facts(), request(), DAY)
    took = time.process_time() - start
    size = len(shown(found).encode())
    print(f"{len(found.cards)} cards, {len(found.rows)} builds on a card, {len(fields())} fields: {took:.2f} s")
    print(f"its page has {size} bytes")
    said = Counter(_agrees(place, python) for place, python in fields())
    print(f"{said[True]} fields are as a whole solve has them, {said[False]} are not")
    return int(said[False] > 0 or took > SECONDS or size > MOST)


def _agrees(place: int, python: str) -> bool:
    row = whole().rows[place]
    solved = solve(pinned(row, python), facts(), DAY).solution is not None
    agrees = solved == any(python in one.pythons for one in alike(row))
    if not agrees:
        print(f"  differs: {row.build} on {whole().cards[row.card].name} with Python {python}")
    return agrees


if __name__ == "__main__":
    sys.exit(main())

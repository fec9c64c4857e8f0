"""Whether every fault of every NVML function we call is told by name, in time, and never ends in "healthy".

Faults are all return codes, a call that never returns, three kinds of crash and three of garbage.
Exits 1 when a fault was not told by name, took longer than its deadline allows, or ended in "healthy".
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the campaign lives beside the tests

from tests.fake_driver import FakeDriver, build
from tests.machine.fault_matrix import DEADLINE, MARGIN, Cell, Outcome, cells, functions, meet

KINDS = ("code", "benign", "hang", "death", "garbage")


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        library = FakeDriver(build(root)).install(root)
        every = cells(library)
        print(f"{len(functions(library))} functions, {len(every)} cells; without a fault: {meet(root, None).state}")
        start = time.monotonic()
        met = [(cell, meet(root, cell)) for cell in every]
        print(f"all met in {time.monotonic() - start:.0f} s")
    return _report(met)


def _report(met: list[tuple[Cell, Outcome]]) -> int:
    wrong = 0
    print(f"{'kind':8} {'cells':>5} {'named':>6} {'healthy':>8} {'slowest':>8}")
    for kind in KINDS:
        own = [(cell, outcome) for cell, outcome in met if cell.kind == kind]
        named = sum(outcome.named for _, outcome in own)
        healthy = [cell for cell, outcome in own if outcome.state == "healthy"]
        slowest = max(outcome.seconds for _, outcome in own)
        print(f"{kind:8} {len(own):5} {named:6} {len(healthy):8} {slowest:6.2f} s")
        wrong += slowest > DEADLINE + MARGIN
        if kind in {"code", "hang", "death"}:
            wrong += len(own) - named + len(healthy)
            for function, count in Counter(cell.function for cell in healthy).most_common():
                print(f"         healthy in {count} cells of {function}")
    passed = [cell for cell, outcome in met if cell.kind == "garbage" and not outcome.named]
    print(f"garbage that could be true, and passes for a reading: {len(passed)}")
    for cell in passed:
        print(f"         {cell.function} {cell.fault}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

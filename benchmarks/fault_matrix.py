"""Checks that every fault of every NVML function used is reported by name, in time, and never ends in "healthy".

``python benchmarks/fault_matrix.py [SHARE [SLICE]]``. Faults are all return codes, a call that never returns, three
kinds of crash and three of garbage. SHARE (default 1) takes every n-th cell, beginning with the SLICE-th (default 0).
Exits 1 when a fault was not reported by name, took longer than its deadline allows, or ended in "healthy".
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the campaign lives beside the tests

from tests.fake_driver import build
from tests.machine.fault_matrix import DEADLINE, MARGIN, Cell, Outcome, cells, functions, meet

KINDS = ("code", "benign", "hang", "death", "garbage")


def main(share: int = 1, part: int = 0) -> int:
    with tempfile.TemporaryDirectory() as folder:
        library = build(Path(folder))
        whole = cells(library)
        every = whole[part::share]
        well = meet(library, None).state
        print(f"{len(functions(library))} functions, {len(every)} of {len(whole)} cells; without a fault: {well}")
        start = time.monotonic()
        met = [(cell, meet(library, cell)) for cell in every]
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
    _report_garbage([(cell, outcome) for cell, outcome in met if cell.kind == "garbage" and not outcome.named])
    return 1 if wrong else 0


def _report_garbage(passed: list[tuple[Cell, Outcome]]) -> None:
    """Print the garbage that each reading alone takes for an answer: exposed by another one, the truth, or believed."""
    exposed = [cell for cell, outcome in passed if outcome.state != "healthy"]
    truth = [cell for cell, outcome in passed if outcome.state == "healthy" and outcome.read_all]
    believed = [cell for cell, outcome in passed if outcome.state == "healthy" and not outcome.read_all]
    print(f"garbage that could be true: {len(passed)}; {len(exposed)} exposed by what else is known, {len(truth)} true")
    print(f"believed, and another value than the true one: {len(believed)}")
    for cell in believed:
        print(f"         {cell.function} {cell.fault}")


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))

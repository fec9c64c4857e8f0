"""Fuzzes every reader of untrusted data with damaged samples; none may crash, hang or exhaust memory.

``python benchmarks/fuzz_readers.py [SECONDS] [SEED]`` cycles through all readers (default 60 s). Each gets its
inputs in a child with 512 MiB and 2 s of processor time for one. An input that is too much for a reader is kept and
named. Exits 1 when there was any.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the campaign lives beside the tests

from tests.machine.fuzz import Outcome, meet
from tests.machine.fuzz_targets import targets

EXAMPLES = 200
MEMORY = "/dev/shm"


def main(seconds: str = "60", number: str = "") -> int:
    first = int(number) if number else random.randrange(1 << 32)
    end = time.monotonic() + float(seconds)
    outcomes: dict[str, list[Outcome]] = defaultdict(list)
    with tempfile.TemporaryDirectory(dir=MEMORY if os.access(MEMORY, os.W_OK) else None) as folder:
        readers = targets(Path(folder))
        print(f"seed {first}, {len(readers)} readers")
        turn = 0
        while time.monotonic() < end:
            for target in readers:
                if time.monotonic() < end:
                    outcome = meet(target, first + turn, EXAMPLES, Path(folder) / "kept")
                    outcomes[target.name].append(outcome)
                    if outcome.wrong:
                        _keep(target.name, outcome, Path(folder) / "kept", first + turn)
            turn += 1
    return _report(outcomes, float(seconds))


def _keep(name: str, outcome: Outcome, kept: Path, number: int) -> None:
    handle, place = tempfile.mkstemp(prefix="fuzz-")
    with os.fdopen(handle, "wb") as file:
        file.write(kept.read_bytes())
    print(f"{outcome.wrong.upper()} of {name}, seed {number}, input kept as {place}\n{outcome.detail}", flush=True)


def _report(outcomes: dict[str, list[Outcome]], seconds: float) -> int:
    every = [one for each in outcomes.values() for one in each]
    for name, each in sorted(outcomes.items(), key=lambda one: -max(each.seconds for each in one[1])):
        wrong = ", ".join(sorted({one.wrong for one in each if one.wrong}))
        tried, slowest = sum(one.tried for one in each), max(one.seconds for one in each)
        print(f"{tried:8} inputs, slowest {slowest:6.3f} s  {name}  {wrong}")
    counts = {kind: sum(one.wrong == kind for one in every) for kind in ("crash", "hang", "memory")}
    print(f"{len(outcomes)} readers x {sum(one.tried for one in every)} inputs in {seconds:.0f} s: "
          f"{counts['crash']} crashes, {counts['hang']} over 2 s, {counts['memory']} over 512 MiB")  # fmt: skip
    return 1 if any(counts.values()) else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

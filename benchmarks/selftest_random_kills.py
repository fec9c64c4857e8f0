"""Kills workers at random moments: every suite must end, with a correct report: ``… [KILLS] [SEED]``.

Suites of small checks run one after another while their workers and jobs get SIGKILL, SIGSEGV and SIGTERM at random,
until so many blows were struck. Takes about half a second per blow.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.selftest.killing import prove_under_fire, untruths
from tests.selftest.small_world import World


def main(wanted: int, seed: int) -> int:
    blows = suites = lost = wrong = 0
    longest = 0.0
    while blows < wanted:
        with tempfile.TemporaryDirectory() as folder:
            started = time.monotonic()
            proof, struck = prove_under_fire(World(Path(folder) / "checks"), seed + suites)
            longest = max(longest, time.monotonic() - started)
        suites, blows = suites + 1, blows + struck
        lost += sum(run.outcome != "finished" for run in proof.runs)
        for untruth in untruths(proof):
            wrong += 1
            print(f"UNTRUE, seed {seed + suites - 1}: {untruth}")
    print(f"{blows} blows in {suites} suites of 25 runs: all ended, the longest after {longest:.1f} s;")
    print(f"{lost} runs were lost and said so, {wrong} untruths")
    return 1 if wrong else 0


if __name__ == "__main__":
    given = dict(enumerate(map(int, sys.argv[1:])))
    sys.exit(main(given.get(0, 100), given.get(1, 0)))

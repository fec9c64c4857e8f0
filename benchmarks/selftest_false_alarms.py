"""Clean runs must never be accused: checks × frameworks × seeds × thread counts, twice each: ``… [SEEDS] [CHECK…]``.

Every framework that is installed takes part. Prints the number of runs and every verdict that failed. A seed takes
about a minute and a half per thread count on two cores.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from gpusetup.selftest.catalogue import checks
from gpusetup.selftest.choose import choose_checks
from gpusetup.selftest.frameworks import interpreters
from gpusetup.selftest.plan import Limits, Selection
from gpusetup.selftest.prove import prove

THREADS = (1, 2)


def main(seeds: int, wanted: tuple[str, ...]) -> int:
    found = checks()
    names, pythons = choose_checks(wanted, found), interpreters((), {})
    runs: Counter[str] = Counter()
    verdicts = alarms = 0
    for seed in range(1, seeds + 1):
        for threads in THREADS:
            chosen = Selection(checks=names, pythons=pythons, seeds=(seed,), threads=threads)
            proof = prove(chosen, found, jobs=2, limits=Limits(seconds=600))
            runs.update(run.job.framework for run in proof.runs)
            verdicts += len(proof.verdicts)
            for verdict in proof.verdicts:
                if verdict.state == "failed":
                    alarms += 1
                    print(
                        f"FALSE ALARM, {threads} threads: {verdict.kind} {verdict.check} {verdict.framework}", end=" "
                    )
                    print(verdict.summary, verdict.divergence)
            print(f"seed {seed}, {threads} threads: {runs.total()} runs, {alarms} false alarms so far", flush=True)
    listed = ", ".join(f"{count} in {framework}" for framework, count in sorted(runs.items()))
    print(f"{runs.total()} clean runs ({listed}) of {', '.join(names)}; {verdicts} verdicts, {alarms} false alarms")
    return 1 if alarms else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5, tuple(sys.argv[2:])))

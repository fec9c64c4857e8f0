"""Clean runs must never be accused: checks × frameworks × seeds × thread counts × processors, twice each.

Every framework that is installed takes part unless some are named. A processor is this one, or this one with wide
instructions hidden from the libraries: what is within its limits by one must be by all. Each seed meets one of them, in
turn. Prints the number of runs and every verdict that failed. A seed takes about a minute and a half per thread count
on two cores.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from gpusetup.selftest.frameworks import interpreters
from gpusetup.selftest.proof import Proof
from gpusetup.selftest.prove import prove
from gpusetup.selftest.registry import checks
from gpusetup.selftest.schedule import RunLimits, Selection
from gpusetup.selftest.selection import choose_checks

THREADS = (1, 2)
PROCESSORS = {
    "this processor": {},
    "no more than AVX2": {
        "ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_CBWR": "AVX2",
        "XLA_FLAGS": "--xla_cpu_max_isa=AVX2",
    },
    "no more than SSE 4": {
        "ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41", "MKL_CBWR": "COMPATIBLE",
        "XLA_FLAGS": "--xla_cpu_max_isa=SSE4_2",
    },
    "TensorFlow without oneDNN": {"TF_ENABLE_ONEDNN_OPTS": "0"},
}  # fmt: skip


def main(wanted: argparse.Namespace) -> int:
    found = checks()
    names, pythons = choose_checks(tuple(wanted.check), found), interpreters(tuple(wanted.framework), {})
    runs: Counter[str] = Counter()
    verdicts = alarms = 0
    for seed in range(wanted.first, wanted.first + wanted.seeds):
        processor, hidden = list(PROCESSORS.items())[seed % len(PROCESSORS)]
        os.environ.update(hidden)  # workers start with what is set here
        for threads in wanted.threads or THREADS:
            chosen = Selection(checks=names, pythons=pythons, seeds=(seed,), threads=threads)
            proof = prove(chosen, found, jobs=2, limits=RunLimits(seconds=600))
            runs.update(run.job.framework for run in proof.runs)
            verdicts += len(proof.verdicts)
            alarms += accused(proof, f"seed {seed}, {threads} threads, {processor}")
            print(f"seed {seed}, {threads} threads, {processor}: {runs.total()} runs, {alarms} alarms", flush=True)
        for name in hidden:
            del os.environ[name]
    listed = ", ".join(f"{count} in {framework}" for framework, count in sorted(runs.items()))
    print(f"{runs.total()} clean runs ({listed}) of {', '.join(names)}; {verdicts} verdicts, {alarms} false alarms")
    return 1 if alarms else 0


def accused(proof: Proof, where: str) -> int:
    """Print the verdicts of `proof` that failed, and return how many there are."""
    failed = [verdict for verdict in proof.verdicts if verdict.state == "failed"]
    for one in failed:
        print(f"FALSE ALARM, {where}: {one.kind} {one.check} {one.framework} {one.summary} {one.divergence or ''}")
    return len(failed)


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seeds", type=int, default=5, help="how many (default 5)")
    options.add_argument("--first", type=int, default=1, help="the first seed (default 1)")
    options.add_argument("--threads", type=int, action="append", default=[], help="(default 1 and 2)")
    options.add_argument("--check", action="append", default=[])
    options.add_argument("--framework", action="append", default=[])
    sys.exit(main(options.parse_args()))

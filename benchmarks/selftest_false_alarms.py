"""Clean runs must never be accused: campaigns over seeds, each in one setting of threads and processor.

A setting is a number of threads and a processor: this one, this one with wide instructions hidden from the libraries,
or TensorFlow without oneDNN. What is within its limits by one must be by all. A campaign is one seed in one setting, in
every framework that is installed unless some are named (`--python` has other releases); the seeds are dealt to the
settings in turn, and those of one setting share their workers. Prints every verdict that failed, and in the end the
number of campaigns, runs and alarms.
"""

from __future__ import annotations

import argparse
import itertools
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from gpusetup.selftest.frameworks import interpreters, parse
from gpusetup.selftest.proof import Proof
from gpusetup.selftest.prove import prove
from gpusetup.selftest.registry import checks
from gpusetup.selftest.schedule import RunLimits, Selection
from gpusetup.selftest.selection import choose_checks

THREADS = (1, 2, 4)
STARTS = {
    "jax": "import jax; jax.devices('cpu')",
    "tensorflow": "import tensorflow as tf; tf.function(lambda x: x + 1, jit_compile=True)(tf.ones(2))",
}
"""What makes XLA read its flags, and end the process where it does not know one: releases before --xla_cpu_max_isa."""
WIDE = "X86_V4 AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR"
"""What NumPy 1.26 to 2.4 call the instructions of AVX-512; a name that one does not know it ignores."""
PROCESSORS = {
    "this processor": {},
    "no more than AVX2": {
        "ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_CBWR": "AVX2",
        "XLA_FLAGS": "--xla_cpu_max_isa=AVX2", "NPY_DISABLE_CPU_FEATURES": WIDE,
    },
    "no more than SSE 4": {
        "ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41", "MKL_CBWR": "COMPATIBLE",
        "XLA_FLAGS": "--xla_cpu_max_isa=SSE4_2", "NPY_DISABLE_CPU_FEATURES": f"{WIDE} X86_V3 AVX2 FMA3 F16C AVX",
    },
    "TensorFlow without oneDNN": {"TF_ENABLE_ONEDNN_OPTS": "0"},
}  # fmt: skip


def main(wanted: argparse.Namespace) -> int:
    settings = list(itertools.product(PROCESSORS.items(), wanted.threads or THREADS))
    pythons = interpreters(tuple(wanted.framework), parse(tuple(wanted.python)))
    runs: Counter[str] = Counter()
    campaigns = verdicts = cases = alarms = 0
    for number, ((processor, wide), threads) in enumerate(settings):
        seeds = tuple(range(wanted.first, wanted.first + wanted.seeds))[number :: len(settings)]
        if not seeds:
            continue
        hidden = known_flags(wide, pythons)
        os.environ.update(hidden)  # workers start with what is set here
        proof = measure(wanted, pythons, seeds, threads)
        for name in hidden:
            del os.environ[name]
        campaigns += len(seeds)
        runs.update(run.job.framework for run in proof.runs)
        verdicts += len(proof.verdicts)
        cases += sum(len(run.result.cases) for run in proof.runs if run.result)
        alarms += accused(proof, f"{threads} threads, {processor}")
        print(
            f"{campaigns} campaigns, {threads} threads, {processor}: {runs.total()} runs, {alarms} alarms", flush=True
        )
    listed = ", ".join(f"{count} in {framework}" for framework, count in sorted(runs.items()))
    print(f"{campaigns} campaigns, {runs.total()} clean runs ({listed}), {cases} cases judged")
    print(f"{verdicts} verdicts, {alarms} false alarms")
    return 1 if alarms else 0


def known_flags(hidden: dict[str, str], pythons: dict[str, str]) -> dict[str, str]:
    """Return the setting without XLA's flags where a release of these has none of them."""
    for framework, python in pythons.items():
        if framework in STARTS and "XLA_FLAGS" in hidden:
            here = os.environ | hidden
            ended = subprocess.run([python, "-P", "-c", STARTS[framework]], env=here, capture_output=True, check=False)
            if ended.returncode < 0:
                hidden = {name: value for name, value in hidden.items() if name != "XLA_FLAGS"}
    return hidden


def measure(wanted: argparse.Namespace, pythons: dict[str, str], seeds: tuple[int, ...], threads: int) -> Proof:
    """Return the proof of these seeds in the setting that the environment has."""
    found = checks()
    chosen = Selection(
        checks=choose_checks(tuple(wanted.check), found),
        pythons=pythons,
        seeds=seeds,
        threads=threads,
        profile=wanted.profile,
        precisions=tuple(wanted.precision) or ("float32",),
        repeat=wanted.repeat,
    )
    return prove(chosen, found, jobs=wanted.jobs, limits=RunLimits(seconds=wanted.deadline))


def accused(proof: Proof, where: str) -> int:
    """Print the verdicts of `proof` that failed, and return how many there are."""
    failed = [verdict for verdict in proof.verdicts if verdict.state == "failed"]
    for one in failed:
        print(f"FALSE ALARM, {where}: {one.kind} {one.check} {one.framework} {one.precision} {one.summary}")
        print("".join(f"    {line}\n" for line in one.evidence), end="", flush=True)
    return len(failed)


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seeds", type=int, default=12, help="how many (default 12: each setting once)")
    options.add_argument("--first", type=int, default=1, help="the first seed (default 1)")
    options.add_argument("--threads", type=int, action="append", default=[], help="(default 1, 2 and 4)")
    options.add_argument("--check", action="append", default=[])
    options.add_argument("--framework", action="append", default=[])
    options.add_argument("--python", action="append", default=[], help="FRAMEWORK=PATH, as gpusetup selftest has it")
    options.add_argument("--precision", action="append", default=[], help="(default float32)")
    options.add_argument("--profile", choices=("quick", "full"), default="quick")
    options.add_argument("--repeat", type=int, default=2, help="fresh processes per seed (default 2)")
    options.add_argument("--jobs", type=int, default=2, help="workers at a time (default 2)")
    options.add_argument("--deadline", type=float, default=600, help="seconds per run (default 600)")
    sys.exit(main(options.parse_args()))

"""Clean runs must never be accused: campaigns over seeds, each in one setting of threads and processor.

A setting is a number of threads and a processor: this one, this one with instructions wider than AVX2 or SSE 4 hidden
from the libraries, or TensorFlow without oneDNN. What is within its limits by one must be by all. A campaign is one
seed in one setting, in every framework that is installed unless some are named (`--python` has other releases); the
seeds are dealt to the settings in turn, and those of one setting share their workers. Prints every verdict that failed,
and in the end the number of campaigns, runs and alarms. With `--keep` the evidence gets a row of it, in
docs/evidence/clean-campaigns.toml, unless a framework judged nothing.
"""

from __future__ import annotations

import argparse
import itertools
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from gpusetup.selftest.frameworks import interpreters, parse
from gpusetup.selftest.proof import Proof
from gpusetup.selftest.prove import prove
from gpusetup.selftest.registry import checks
from gpusetup.selftest.schedule import RunLimits, Selection
from gpusetup.selftest.selection import choose_checks
from tools.campaigns_page import Campaigns, append, name_frameworks

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
    "AVX2": {
        "ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_CBWR": "AVX2",
        "XLA_FLAGS": "--xla_cpu_max_isa=AVX2", "NPY_DISABLE_CPU_FEATURES": WIDE,
    },
    "SSE 4": {
        "ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41", "MKL_CBWR": "COMPATIBLE",
        "XLA_FLAGS": "--xla_cpu_max_isa=SSE4_2", "NPY_DISABLE_CPU_FEATURES": f"{WIDE} X86_V3 AVX2 FMA3 F16C AVX",
    },
    "without oneDNN": {"TF_ENABLE_ONEDNN_OPTS": "0"},
}  # fmt: skip


def main(wanted: argparse.Namespace) -> int:
    settings = list(itertools.product(PROCESSORS.items(), wanted.threads or THREADS))
    pythons = interpreters(tuple(wanted.framework), parse(tuple(wanted.python)))
    proofs: list[tuple[Proof, str, int]] = []
    campaigns = alarms = 0
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
        alarms += accused(proof, f"{threads} threads, {processor}")
        proofs.append((proof, processor, threads))
        print(f"{campaigns} campaigns, {threads} threads, {processor}: {alarms} alarms", flush=True)
    print_sums([proof for proof, _, _ in proofs], campaigns, alarms)
    idle, empty = silent([proof for proof, _, _ in proofs])
    print("".join(f"JUDGED NOTHING: {one}\n" for one in idle), end="")
    if wanted.keep and not empty:
        append(row_of(wanted, proofs, campaigns, alarms, "; ".join(idle)))
    return 1 if alarms or empty else 0


def silent(proofs: Sequence[Proof]) -> tuple[list[str], set[str]]:
    """Return the runs without a result, with the reason, and the frameworks that have no other: no clean campaign."""
    runs = [run for proof in proofs for run in proof.runs]
    idle = {
        f"`{run.job.check}` in {run.job.framework}, {run.job.precision}: {run.cause}" for run in runs if not run.result
    }
    return sorted(idle), {run.job.framework for run in runs} - {run.job.framework for run in runs if run.result}


def print_sums(proofs: Sequence[Proof], campaigns: int, alarms: int) -> None:
    """Print how much was judged, and how often falsely."""
    runs = Counter(run.job.framework for proof in proofs for run in proof.runs)
    verdicts = sum(len(proof.verdicts) for proof in proofs)
    listed = ", ".join(f"{count} in {framework}" for framework, count in sorted(runs.items()))
    print(f"{campaigns} campaigns, {runs.total()} clean runs ({listed}), {len(cases_of(proofs))} cases judged")
    print(f"{verdicts} verdicts, {alarms} false alarms")


def cases_of(proofs: Sequence[Proof]) -> list[str]:
    """Return the name of each case of `operations` that was judged, as often as it was."""
    every = [case for proof in proofs for run in proof.runs if run.result for case in run.result.cases]
    return [case.case for case in every if case.outcome in {"passed", "failed"}]


def row_of(
    wanted: argparse.Namespace, ran: Sequence[tuple[Proof, str, int]], campaigns: int, alarms: int, note: str
) -> Campaigns:
    """Return the row that the evidence keeps."""
    proofs = [proof for proof, _, _ in ran]
    frameworks, numpy = name_frameworks([key for proof in proofs for key in proof.environments.values()])
    cases = cases_of(proofs)
    return Campaigns(
        frameworks=frameworks,
        numpy=numpy,
        threads=tuple(dict.fromkeys(threads for _, _, threads in ran)),
        processors=tuple(dict.fromkeys(processor for _, processor, _ in ran)),
        campaigns=campaigns,
        day=datetime.now(UTC).date().isoformat(),
        checks=tuple(proofs[0].checks),
        profile=wanted.profile,
        precisions=tuple(wanted.precision) or ("float32",),
        cases=len(cases),
        samples=sum(case.startswith("random.") for case in cases),
        alarms=alarms,
        note=note,
    )


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
    options.add_argument("--keep", action="store_true", help="add a row to docs/evidence/clean-campaigns.toml")
    options.add_argument("--deadline", type=float, default=600, help="seconds per run (default 600)")
    sys.exit(main(options.parse_args()))

"""The page of what ran of `operations`, from the proofs of its runs: quick, full, and the checks of half precision."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from checks.operations.case import FRAMEWORKS
from checks.operations.families import families
from gpusetup.selftest.proof import Kept, Proof
from gpusetup.selftest.verdict import Verdict
from tools.operations_ran import lines_of

HALVES = ("bf16", "fp16")
_HEAD = """# What ran of `operations`, by profile and precision

Each cell counts the distinct cases that passed, by mode, then what ended otherwise, from the proof of a run; where
there is none it says why. Made on {made_at} on a CPU with {machine} ({versions}), where PROFILE is quick and full, by

    gpusetup selftest --PROFILE --check operations --framework pytorch --framework tensorflow --framework jax \\
        --precision float32 --precision float64 --device cpu --repeat 1 --save FILE

and written by `python -m tools.operations_page --ran FILE…`. What failed or crashed is listed in
[upstream faults](upstream-faults.md), or, where the check was at fault and is corrected, in
[clean campaigns](clean-campaigns.md). No card ran here.
"""
_ABSENT = """## Devices and precisions without a column

| device | precision | why |
|---|---|---|
| a card | every | none was at hand. Each of the {lowered} cases that JAX has is lowered for CUDA by a test, and what differs there is in [on a card](on-a-card.md) |
| cpu | tf32 | only cards from compute capability 8.0 on have it |
| cpu | bf16, fp16 | `operations` judges float32 and float64: one rounding to 8 or 11 bits is as large as most faults that it looks for |
"""  # noqa: E501 - a row of a table is one line
_HALF = """## Half precision

In half precision trainings are judged by the checks below (`--precision bf16`, `--precision fp16`), and products, sums
and conversions of half-precision numbers by `numerics`, in each of its runs. Each cell has the verdicts that passed.
"""


def write_ran(proofs: Sequence[Proof]) -> str:
    """Return the page: a table per profile, then the checks in half precision."""
    keys = [proof.environments[run.result.environment] for proof in proofs for run in proof.runs if run.result]
    found = {f"{name} {key[name]}" for key in keys for name in ("torch", "tensorflow", "keras", "jax") if name in key}
    machine = next(key["instruction set"] for key in keys)
    made_at = max(proof.made_at for proof in proofs)[:10]
    lines = [_HEAD.format(made_at=made_at, machine=machine, versions=", ".join(sorted(found)))]
    for profile in ("quick", "full"):
        runs = _runs(proofs, profile)
        lines += [f"## {profile.capitalize()} runs", "", *([*lines_of(runs), ""] if runs else []), *_missing(runs)]
    lowered = sum("jax" in case.code for cases in families().values() for case in cases)
    return "\n".join([*lines, _ABSENT.format(lowered=lowered), _HALF, *_half(proofs), ""])


def _runs(proofs: Sequence[Proof], profile: str) -> list[Kept]:
    return [run for proof in proofs for run in proof.runs if run.job.profile == profile]


def _missing(runs: Sequence[Kept]) -> list[str]:
    """Return why a framework has no column."""
    there = {(run.job.framework, run.job.precision) for run in runs}
    every = [(one, precision) for one in FRAMEWORKS for precision in ("float32", "float64")]
    left = [" in ".join(one) for one in every if one not in there]
    return (
        [f"Not run for this page, as it compiles every case for many minutes: {', '.join(left)}.", ""] if left else []
    )


def _half(proofs: Sequence[Proof]) -> Iterator[str]:
    """Yield the table of the checks that ran in half precision."""
    ran = [run for proof in proofs for run in proof.runs if run.job.precision in HALVES]
    if not ran:
        yield "Not run for this page."
        return
    verdicts = [one for proof in proofs for one in proof.verdicts if one.precision in HALVES]
    columns = sorted({(run.job.framework, run.job.precision, run.job.device) for run in ran})
    yield f"| check | {' | '.join(', '.join(column) for column in columns)} |"
    yield "|---" * (len(columns) + 1) + "|"
    for check in sorted({run.job.check for run in ran}):
        cells = [_cell(check, column, ran, verdicts) for column in columns]
        yield f"| {check} | {' | '.join(cells)} |"


def _cell(check: str, column: tuple[str, str, str], ran: Sequence[Kept], verdicts: Sequence[Verdict]) -> str:
    here = [one for one in verdicts if (one.check, (one.framework, one.precision, one.device)) == (check, column)]
    passed = dict.fromkeys(one.kind for one in here if one.state == "passed")
    other = [f"{one.kind} {one.state}" for one in here if one.state != "passed"]
    if passed:
        return ", ".join([*passed, *other])
    jobs = [(run.job.check, (run.job.framework, run.job.precision, run.job.device)) for run in ran]
    why = next(
        (run.cause for run, job in zip(ran, jobs, strict=True) if job == (check, column)), "not part of this run"
    )
    return f"none: {why}"

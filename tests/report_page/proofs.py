"""Proofs to make pages of: small real ones, whose runs are computed here by the checks themselves in float64."""

from __future__ import annotations

import functools
import importlib
from dataclasses import replace
from typing import Any

import msgspec

from checks.common.record import Recorder
from gpusetup.selftest.model import Job, Picture, Result, Run
from gpusetup.selftest.proof import Proof
from gpusetup.selftest.proof_codec import pack
from gpusetup.selftest.verdict import Divergence, Verdict, VerdictBasis
from tests.checks.one_job import JOB

CHECKS = ("attribution", "boundary", "sgd", "transformer", "inpaint")
"""Those that draw something."""


@functools.cache
def computed(check: str) -> Result:
    """Return what the float64 reference of a check records in a quick run."""
    recorder = Recorder(lambda *_: None)
    job = replace(JOB, check=check)
    importlib.import_module(f"checks.{check}").prove(
        importlib.import_module(f"checks.{check}.reference"), job, recorder
    )
    return msgspec.convert({"environment": {"python": "3.11"}, **recorder.result()}, Result)


def run(check: str, framework: str, result: Result, **job: Any) -> Run:
    """Return a finished run."""
    given: dict[str, Any] = {"device": "cpu", "seed": 3, "round": 1, "profile": "quick", "threads": 1} | job
    return Run(job=Job(check=check, framework=framework, **given), outcome="finished", seconds=1.0, result=result)


def proof(runs: list[Run], *verdicts: Verdict, made_at: str = "2026-11-30T12:00:00+00:00") -> Proof:
    """Return a proof of runs."""
    packed = pack(runs)
    return Proof(
        gpusetup="0.1.0", made_at=made_at, profile="quick", seconds=9.0,
        environments=packed.environments, layouts=packed.layouts, runs=packed.runs, verdicts=verdicts,
        checks={one.job.check: "version 1, 00" for one in runs},
        unproven=("GPU: no check ran on one",),
    )  # fmt: skip


@functools.cache
def real() -> Proof:
    """Return a proof in which a framework computed exactly what the reference did."""
    return proof([run(check, name, computed(check)) for check in CHECKS for name in ("reference", "pytorch")], passed())


def wrong() -> Proof:
    """Return a proof that failed, of one check."""
    return proof([run("attribution", "pytorch", computed("attribution"))], passed(), failed())


def passed(check: str = "boundary", framework: str = "pytorch") -> Verdict:
    """Return a verdict that passed."""
    basis = VerdictBasis(count=8, tensors=2, against="float64")
    return Verdict(
        kind="parity", check=check, framework=framework, device="cpu", precision="float32", seed=3, state="passed",
        summary="at most 3% of the tolerance", basis=basis, level="L3",
    )  # fmt: skip


def failed() -> Verdict:
    """Return a verdict that failed at a known place."""
    where = Divergence(step=7, tensor="loss", index=(2,), got="1.5", expected="1.25", ulps=4096.0, limit=16.0,
                       cause="a sum instead of a mean")  # fmt: skip
    return msgspec.structs.replace(passed(), state="failed", summary="beyond tolerance", divergence=where)


def figures(check: str, framework: str, **measures: float) -> Run:
    """Return a run with measures alone."""
    named = {name.replace("_", " "): value for name, value in measures.items()}
    result = Result(environment={}, records=(), invariants=(), measures=named, fingerprint="0")
    return run(check, framework, result)


def with_picture(result: Result, name: str, picture: Picture) -> Result:
    """Return a result in which another picture stands under `name`."""
    pictures = tuple(picture if one.name == name else one for one in result.pictures)
    return msgspec.structs.replace(result, pictures=pictures)


def redrawn(result: Result, name: str, **how: Any) -> Result:
    """Return a result in which the picture `name` has other numbers, drawn anew by the recorder."""
    recorder = Recorder(lambda *_: None)
    recorder.picture(name, **how)
    return with_picture(result, name, msgspec.convert(recorder.result()["pictures"][0], Picture))

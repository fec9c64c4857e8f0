"""`Verdict`: a judgement about runs, and the evidence it rests on."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Literal

import msgspec

from gpusetup.selftest.model import Job, Precision, Record
from gpusetup.value import Value

Kind = Literal["run", "parity", "agreement", "published", "invariant", "determinism", "baseline", "speed", "defect"]
State = Literal["passed", "failed", "unproven", "known"]
"""``known`` is a wrong result that a listed defect of the release explains."""
Level = Literal["", "L0", "L2", "L3"]
"""What is reproducible: on any hardware and framework (L0), in this environment (L2), within tolerance (L3)."""


class Divergence(Value, omit_defaults=True):
    """The first place where two runs differ by more than is allowed, at its worst element.

    `ulps` counts spacings (float32's unless its tolerance says otherwise) at the tensor's largest magnitude; None when
    it cannot be measured.
    """

    step: int
    tensor: str
    index: tuple[int, ...]
    got: str
    expected: str
    ulps: float | None
    limit: float
    cause: str = ""
    """The usual cause of a difference there."""


class VerdictBasis(Value, omit_defaults=True):
    """What a verdict rests on: `count` items of the kind `of`, compared with `against`; 0 is no evidence.

    Elements are counted where they could have differed: not those of a tensor without a limit, nor a NaN beside a NaN.
    """

    count: int = 0
    of: Literal["elements", "invariants", "rates"] = "elements"
    tensors: int = 0
    """The tensors whose elements are counted."""
    left_out: int = 0
    """Tensors that should be judged, and had nothing to be compared with."""
    against: str = ""


class KnownDefect(Value, omit_defaults=True):
    """A defect of a release that the table of facts lists, and that showed here."""

    id: str
    release: str
    """``tensorflow 2.21.0``"""
    symptom: str
    """What it breaks."""
    way_out: str
    """How to avoid it."""
    threads: tuple[str, ...]
    cases: tuple[str, ...]
    """What was wrong here: ``matmul.rank4_rank2 forward eager``."""
    workaround: tuple[str, ...] = ()
    """The variables that avoid it, as ``NAME=value``."""
    verified: bool = False
    """Whether these cases were right in a second run with the work-around."""


class Changed(Value):
    """One difference between two environments, and why it may change bits.

    `rank` orders changes, most likely cause of different bits first; 0 means that it cannot change bits.
    """

    key: str
    before: str
    now: str
    rank: int
    why: str

    def __str__(self) -> str:
        return f"{self.key} {self.before} → {self.now}"


_NO_BASIS = VerdictBasis()


class Verdict(Value, omit_defaults=True):
    """One judgement about one subject; `seed` is None when it covers several seeds.

    A verdict can be ``passed`` only if something was compared. Without that it becomes ``unproven`` on construction.
    """

    kind: Kind
    check: str
    framework: str
    device: str
    precision: Precision
    seed: int | None
    state: State
    summary: str
    divergence: Divergence | None = None
    evidence: tuple[str, ...] = ()
    against: str = ""
    """The other run that an agreement is about, as ``pytorch on cpu``."""
    basis: VerdictBasis = _NO_BASIS
    required: bool = True
    """False where it was not requested: if unproven, it does not affect the conclusion."""
    level: Level = ""
    """The level of reproducibility that it is evidence for, for verdicts about bits."""
    changed: tuple[Changed, ...] = ()
    """Differences from the environment in which the baseline was saved."""
    defect: KnownDefect | None = None
    """The defect that a verdict of the kind ``defect`` is about."""
    script: str = ""
    """A program that shows the fault with the framework alone, for a report upstream."""

    def __post_init__(self) -> None:
        if self.state == "passed" and not self.basis.count:
            msgspec.structs.force_setattr(self, "state", "unproven")
            msgspec.structs.force_setattr(self, "summary", f"nothing was compared: {self.summary}")


def conclude(
    kind: Kind,
    job: Job,
    state: State,
    summary: str,
    first: Divergence | None = None,
    *,
    evidence: tuple[str, ...] = (),
    basis: VerdictBasis = _NO_BASIS,
    required: bool = True,
    level: Level = "",
) -> Verdict:
    """Return the verdict of this kind about what `job` ran."""
    return Verdict(
        kind=kind,
        check=job.check,
        framework=job.framework,
        device=job.device,
        precision=job.precision,
        seed=job.seed,
        state=state,
        summary=summary,
        divergence=first,
        evidence=evidence,
        basis=basis,
        required=required,
        level=level,
    )


def elements(records: Iterable[Record]) -> VerdictBasis:
    """Return the basis that counts every element of `records`, for comparisons of bits."""
    sizes = [size for record in records if (size := math.prod(record.shape))]
    return VerdictBasis(count=sum(sizes), tensors=len(sizes))

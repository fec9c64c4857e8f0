"""`Verdict`: what we conclude of runs, and what the conclusion rests on."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Literal

import msgspec

from gpusetup.selftest.model import Job, Precision, Record
from gpusetup.value import Value

Kind = Literal["run", "parity", "agreement", "published", "invariant", "determinism", "baseline", "speed"]
State = Literal["passed", "failed", "unproven"]
Level = Literal["", "L0", "L2", "L3"]
"""How much is the same: any hardware and framework, this build and environment, or within tolerance."""


class Divergence(Value, omit_defaults=True):
    """The first place where two runs differ by more than is allowed, at its worst element.

    `ulps` counts spacings (float32's unless its tolerance says otherwise) at the tensor's largest magnitude; None when
    no number can say.
    """

    step: int
    tensor: str
    index: tuple[int, ...]
    got: str
    expected: str
    ulps: float | None
    limit: float
    cause: str = ""
    """What usually causes a difference there."""


class VerdictBasis(Value, omit_defaults=True):
    """What a verdict rests on: `count` things of the kind `of`, held against `against`; none of them is no evidence.

    Elements are counted where they could have differed: not those of a tensor without a limit, nor a NaN beside a NaN.
    """

    count: int = 0
    of: Literal["elements", "invariants", "rates"] = "elements"
    tensors: int = 0
    """The tensors whose elements are counted."""
    left_out: int = 0
    """Tensors that should be judged, and that nothing was held against."""
    against: str = ""


class Changed(Value):
    """A line of the environment that is another than it was, and why that may change bits.

    `rank` orders changes, the likeliest cause of other bits first; 0 means that none is known.
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
    """One conclusion about one subject; `seed` is None when it speaks for several.

    The first law: what passed rests on something that was compared. Without that it is ``unproven``, whoever made it.
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
    """False where nobody asked for it: unproven, it then leaves the proof what it is."""
    level: Level = ""
    """The sameness that it is evidence of, for verdicts about bits."""
    changed: tuple[Changed, ...] = ()
    """What of the environment is not what it was when the baseline was saved."""

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
    """Return the basis that is every element of `records`, as where bits are compared."""
    sizes = [size for record in records if (size := math.prod(record.shape))]
    return VerdictBasis(count=sum(sizes), tensors=len(sizes))

"""`Job`, `Run` and `Verdict`: what is asked of a worker, what it computed, and what we conclude."""

from __future__ import annotations

from typing import Literal

from gpusetup.value import Value

Outcome = Literal["finished", "failed", "unsupported", "crashed", "out of memory", "hung"]
Kind = Literal["run", "parity", "agreement", "published", "invariant", "determinism", "baseline", "speed"]
Precision = Literal["float32", "tf32", "bf16", "fp16", "float64"]
State = Literal["passed", "failed", "unproven"]
Profile = Literal["quick", "full"]

HALVES: tuple[Precision, ...] = ("bf16", "fp16")
REFERENCE = "reference"
"""The framework that is none: the float64 NumPy meaning of a check."""


class Job(Value, omit_defaults=True):
    """One check × framework × device × seed × precision to run, for the `round`-th time.

    `trace` is where the worker leaves its arrays, `log` where whatever it prints goes; both are gone once the run is
    judged. `data` is the user's own data folder, "" for the check's own.
    """

    check: str
    framework: str
    device: str
    seed: int
    round: int
    profile: Profile
    threads: int
    trace: str = ""
    log: str = ""
    data: str = ""
    precision: Precision = "float32"


class Record(Value):
    """One recorded tensor: its digest, and as much of its content as a later comparison within tolerance needs.

    `kind` names the tolerance that applies (the check's own, or ``exact``). `digest` is the beginning of its SHA-256.
    `sample` holds a few elements spread evenly from the first to the last, none of a tensor that must be exact; None
    stands for a number that is not finite.
    """

    step: int
    kind: str
    name: str
    dtype: str
    shape: tuple[int, ...]
    digest: str
    largest: float | None
    sample: tuple[float | None, ...]


class Invariant(Value):
    """A fact that must hold whatever the numbers; `detail` gives the measured and the expected value."""

    name: str
    holds: bool
    detail: str


class Observation(Value):
    """What was found out about `row`, a line of a table that is reported and never judged."""

    table: str
    row: str
    text: str


class Result(Value):
    """What a worker sends when a job is done. `fingerprint` is the SHA-256 over all records in order."""

    environment: dict[str, str]
    records: tuple[Record, ...]
    invariants: tuple[Invariant, ...]
    measures: dict[str, float]
    """Figures with their unit in the name: ``names per second``, ``seconds``."""
    fingerprint: str
    observations: tuple[Observation, ...] = ()


class Run(Value):
    """One executed job. `result` is None unless the outcome is ``finished``; `cause` then says why in one line."""

    job: Job
    outcome: Outcome
    seconds: float
    result: Result | None = None
    cause: str = ""
    log: tuple[str, ...] = ()
    """The last lines it printed, when it did not finish."""


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


class Verdict(Value, omit_defaults=True):
    """One conclusion about one subject; `seed` is None when it speaks for several.

    `against` is the other run that an agreement is about, as ``pytorch on cpu``.
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


def conclude(
    kind: Kind, job: Job, state: State, summary: str, first: Divergence | None = None, evidence: tuple[str, ...] = ()
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
    )

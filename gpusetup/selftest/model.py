"""`Job` and `Run`: what is asked of a worker, and what it computed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

from gpusetup.value import Value

if TYPE_CHECKING:
    from gpusetup.selftest.verdict import Verdict

Outcome = Literal["finished", "failed", "unsupported", "crashed", "out of memory", "hung"]
Precision = Literal["float32", "tf32", "bf16", "fp16", "float64"]
Profile = Literal["quick", "full"]

HALVES: tuple[Precision, ...] = ("bf16", "fp16")
REFERENCE = "reference"
"""Stands in the place of a framework: the float64 NumPy implementation of a check."""


class Job(Value, omit_defaults=True):
    """One check × framework × device × seed × precision to run, for the `round`-th time.

    `trace` is the file for the worker's arrays, `log` the file for its output; both are deleted once the run is
    judged. `data` is the user's own data folder, "" for the data that comes with the check.
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
    minutes: float = 0.0
    """How long a check that is timed runs; 0 for as long as its profile has it."""
    model: str = ""
    """The user's own model as ``/path/file.py:function``, which has no reference; "" for the check's own."""
    only: tuple[str, ...] = ()
    """The cases to run (``matmul.rank4_rank2``), of a check that has cases; () for all."""
    skip: tuple[str, ...] = ()
    """Cases not to run again in a mode (``matmul.rank4_rank2 eager``), since each has ended a process of this job."""
    shrink: float = 0.0
    """Seconds to make each wrong case smaller in; 0 for a usual run."""


class Record(Value):
    """One recorded tensor: its digest, and as much of its content as a later comparison within tolerance needs.

    `kind` names the tolerance that applies (one of the check, or ``exact``). `digest` is the beginning of its SHA-256.
    `sample` holds a few elements spread evenly from the first to the last, and is empty for a tensor that must be
    exact; None means a number that is not finite.
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
    """A property that must hold for any input; `detail` gives the measured and the expected value."""

    name: str
    holds: bool
    detail: str


class Observation(Value):
    """An observation about `row`, a line of a table that is reported and never judged."""

    table: str
    row: str
    text: str


class Picture(Value):
    """Numbers that a report can draw; `about` says what the axes of `shape` are. Never judged or compared.

    `data` is base64 of the zlib-compressed little-endian numbers, the last axis fastest.
    """

    name: str
    about: str
    dtype: Literal["uint8", "float16"]
    shape: tuple[int, ...]
    data: str


class Case(Value, omit_defaults=True):
    """One operation on drawn inputs, in one direction and mode, held against its float64 reference.

    `error` and `bound` are those of the worst element; `ulps` is the error in spacings at the tensor's largest
    magnitude. `detail` says where, or why the case did not run; `script` repeats it without gpusetup.
    """

    case: str
    """``matmul.rank4_rank2``: family and case."""
    direction: Literal["forward", "backward"]
    mode: str
    """``eager``, ``compiled``, ``graph``, ``xla``, ``jit`` …"""
    dtype: str
    device: str
    drawn: str
    """The shapes and options drawn from the seed."""
    outcome: Literal["passed", "failed", "crashed", "unsupported"]
    elements: int = 0
    error: float | None = None
    bound: float | None = None
    ulps: float | None = None
    detail: str = ""
    script: str = ""


Place: TypeAlias = tuple[str, str, str, str, int | None]
"""Check, framework, device, precision, seed."""


def place_of(one: Job | Verdict) -> Place:
    """Return what a verdict is about: a job, whose rounds share it."""
    return one.check, one.framework, one.device, one.precision, one.seed


def name_case(case: Case) -> str:
    """Return ``matmul.rank4_rank2 forward eager``, as it is announced and reported."""
    return f"{case.case} {case.direction} {case.mode}"


class Result(Value):
    """What a worker sends when a job has finished. `fingerprint` is the SHA-256 over all records in order."""

    environment: dict[str, str]
    records: tuple[Record, ...]
    invariants: tuple[Invariant, ...]
    measures: dict[str, float]
    """Figures with their unit in the name: ``names per second``, ``seconds``."""
    fingerprint: str
    observations: tuple[Observation, ...] = ()
    cases: tuple[Case, ...] = ()
    absent: dict[str, str] = msgspec.field(default_factory=dict)
    """``step name`` of a tensor that could not be computed here → why, such as a device without such a format."""
    pictures: tuple[Picture, ...] = ()


class Run(Value):
    """One executed job. `result` is None unless the outcome is ``finished``; `cause` then says why in one line."""

    job: Job
    outcome: Outcome
    seconds: float
    result: Result | None = None
    cause: str = ""
    log: tuple[str, ...] = ()
    """The last lines it printed, when it did not finish."""

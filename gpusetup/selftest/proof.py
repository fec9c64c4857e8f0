"""`Proof`: every run and the verdicts over them, to save, publish and compare with later.

A proof compares thousands of tensors, the same ones in every framework and round. So their names and shapes are saved
once, as a layout; a run has a digest and a few values for each tensor, in the layout's order.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from gpusetup.selftest.conclusion import Conclusion, conclude_all
from gpusetup.selftest.model import Case, Invariant, Job, Observation, Outcome, Picture, Profile
from gpusetup.selftest.verdict import Verdict
from gpusetup.value import Value


class Tensor(Value, array_like=True):
    """``[step, kind, name, dtype, shape, sampled]``: one recorded tensor, and how many of its elements are kept."""

    step: int
    kind: str
    name: str
    dtype: str
    shape: tuple[int, ...]
    sampled: int


class KeptResult(Value, omit_defaults=True):
    """What a run computed.

    `digests` has the first 16 hexadecimal digits of each tensor's SHA-256, one after another. `values` is base64 of,
    for each tensor with samples, its largest magnitude and its samples: little-endian float32 for floats of at most
    32 bits and float64 for all others, NaN for what is not finite. Both are "" when an earlier run with the same
    layout has the same `fingerprint`, and so the same of both.
    """

    environment: str
    """Its name in `Proof.environments`."""
    layout: str
    """Its name in `Proof.layouts`."""
    fingerprint: str
    digests: str = ""
    values: str = ""
    invariants: tuple[Invariant, ...] = ()
    measures: dict[str, float] = msgspec.field(default_factory=dict)
    observations: tuple[Observation, ...] = ()
    cases: tuple[Case, ...] = ()
    """Empty in a later round of the same job, unless something else came of it than in the first."""
    absent: dict[str, str] = msgspec.field(default_factory=dict)
    pictures: tuple[Picture, ...] = ()
    """Empty in a later round of the same job, unless another was drawn than in the first."""


class Kept(Value, omit_defaults=True):
    """One executed job. `result` is None unless the outcome is ``finished``; `cause` then says why in one line."""

    job: Job
    outcome: Outcome
    seconds: float
    result: KeptResult | None = None
    cause: str = ""
    log: tuple[str, ...] = ()


class Proof(Value):
    """All runs and the verdicts over them; `unproven` lists in words what was not checked."""

    version: Literal[2] = 2
    gpusetup: str
    made_at: str
    profile: Profile
    seconds: float
    checks: dict[str, str]
    """Check → version and digest of its source, so that a baseline of another workload is never compared."""
    environments: dict[str, dict[str, str]]
    layouts: dict[str, tuple[Tensor, ...]]
    runs: tuple[Kept, ...]
    verdicts: tuple[Verdict, ...]
    unproven: tuple[str, ...]
    data: dict[str, dict[str, str]] = msgspec.field(default_factory=dict)
    """Check → file of the user's data folder that it read → the beginning of its SHA-256."""
    missed: tuple[str, ...] = ()
    """What was requested by name and could not be run at all."""
    conclusion: Conclusion | None = None
    """The overall result, for readers of the file; gpusetup always derives it from the verdicts again."""

    @property
    def failed(self) -> bool:
        """True when any verdict failed."""
        return any(verdict.state == "failed" for verdict in self.verdicts)

    @property
    def model(self) -> str:
        """The user's own model that was run, ``/path/file.py:function``; "" where the checks ran their own."""
        return next((run.job.model for run in self.runs if run.job.model), "")

    def concluded(self) -> Conclusion:
        """Return the overall result that follows from the verdicts."""
        return conclude_all([run.job for run in self.runs], self.verdicts, self.missed)

"""`Job`: one task for a worker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

DIGITS = {"float32": 24, "tf32": 11, "bf16": 8, "fp16": 11, "float64": 53}
"""Significant bits of each precision."""
LOSS_SCALE = 2.0**12
"""How much larger a loss is made in float16, so that its slopes stay above 2^-24, the smallest number there."""
FAINT = 1 / LOSS_SCALE
"""A part of a loss whose slopes float16 cannot hold, unless the loss is made larger first."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One check × framework × device × seed × precision; `device` is ``cpu`` or ``cuda:N``.

    `profile` is ``quick`` or ``full``. `precision` is what numbers are computed in: ``float32``, ``tf32``, ``bf16``,
    ``fp16`` or ``float64``. `trace` is the file for the arrays, `log` the file for the output, `data` the user's data
    folder or "". `only` and `skip` choose between the cases of a check that has some: see `wants`.
    `minutes` is how long a check that is timed runs, 0 for its own time. `model` is the user's own model as
    ``/path/file.py:function`` or "", for the check that takes one.
    With `shrink` a check makes each wrong case small, for so many seconds, instead of recording all of them.
    """

    check: str
    framework: str
    device: str
    seed: int
    round: int
    profile: str
    threads: int
    trace: str
    log: str
    data: str = ""
    model: str = ""
    minutes: float = 0.0
    precision: str = "float32"
    only: Sequence[str] = ()
    skip: Sequence[str] = ()
    shrink: float = 0.0

    def wants(self, case: str, mode: str) -> bool:
        """Return whether to run `case` (``matmul.rank4_rank2``) in `mode`: the engine may ask for some cases alone.

        It leaves out those that have already ended a process of this job.
        """
        return (not self.only or case in self.only) and f"{case} {mode}" not in self.skip

    def rounding(self, roundings: int, rounded: int) -> float:
        """Return what separates two orders of computation, relative to the largest: so many `roundings` in float32.

        Where products have fewer bits, sums are kept in float32 all the same, and what counts is how often one tensor
        after another is `rounded`, in the coarser spacing.
        """
        coarse = DIGITS[self.precision] < DIGITS["float32"]
        return rounded * 2.0 ** (1 - DIGITS[self.precision]) if coarse else roundings * 2.0**-23

"""`Job`: what a worker is asked to do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Job:
    """One check × framework × device × seed × precision; `device` is ``cpu`` or ``cuda:N``.

    `profile` is ``quick`` or ``full``. `precision` is what numbers are computed in: ``float32``, ``tf32``, ``bf16``,
    ``fp16`` or ``float64``. `trace` is where the arrays go, `log` where whatever is printed goes, `data` the user's own
    data folder or "".
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
    precision: str = "float32"

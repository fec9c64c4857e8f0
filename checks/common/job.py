"""`Job`: what a worker is asked to do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Job:
    """One check × framework × device × seed; `profile` is ``quick`` or ``full``, `device` ``cpu`` or ``cuda:N``.

    `trace` is where the arrays go, `log` where whatever is printed goes, `data` the user's own data folder or "".
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
    data: str

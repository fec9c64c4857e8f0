"""Fleets in memory, and what is judged of them."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from gpusetup.fleet.gather import gather
from gpusetup.fleet.inventory import NO_PLAN, Plan
from gpusetup.fleet.judge import judge
from gpusetup.fleet.model import Fleet, HostResult
from tests.fleet.synthetic import NOW, Parts, lines, name, sound

AT = datetime.fromisoformat(NOW).astimezone(UTC)


def hosts(count: int, draw: random.Random, *, proofs: bool = True) -> dict[str, Parts]:
    return {name(number): sound(number, draw, proofs=proofs) for number in range(count)}


def judged(some: Mapping[str, Parts], folder: Path, plan: Plan = NO_PLAN) -> Fleet:
    """Return the judgement of hosts that are given as one stream."""
    stream = folder / "hosts.jsonl"
    stream.write_bytes(b"".join(lines(some)))
    return judge(gather([stream], plan.check if plan.file else None), AT, plan)


def of(fleet: Fleet, host: str) -> HostResult:
    return next(one for one in fleet.hosts if one.name == host)


def texts(one: HostResult, *weights: str) -> list[str]:
    return [reason.text for reason in one.reasons if not weights or reason.weight in weights]

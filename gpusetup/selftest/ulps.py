"""Distances between two runs. A child process with NumPy reads the arrays; the engine does not need NumPy."""

from __future__ import annotations

import math
import subprocess
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from gpusetup.content_dirs import content_root
from gpusetup.errors import CannotLookError
from gpusetup.selftest.model import REFERENCE
from gpusetup.selftest.registry import FLOAT32_DIGITS
from gpusetup.selftest.verdict import Divergence
from gpusetup.selftest.workers.exit_causes import name_signal
from gpusetup.value import Value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gpusetup.selftest.model import Record, Run
    from gpusetup.selftest.registry import Check

_SMALLEST = -125  # exponent of the smallest normal float32
_TRIES = 3  # a comparison killed by a signal (OOM killer) is repeated: it reads files and changes nothing


class Distance(Value):
    """The error of one tensor at its worst element, in the unit of its kind; None when it cannot be measured.

    `finite` is how many of its elements were compared with a finite number.
    """

    key: str
    ulps: float | None
    index: tuple[int, ...]
    got: str
    expected: str
    finite: int = 0


class Pair(NamedTuple):
    """A run, the run it is compared with, and the distance of every tensor the latter recorded."""

    run: Run
    against: Run
    distances: tuple[Distance, ...]

    def used(self, check: Check, slack: float) -> Iterator[tuple[Record, Distance, float]]:
        """Yield record, distance and the share of the limit it uses, in recorded order; above 1 is a failure.

        `slack` widens the limits: two frameworks, each within one limit of the reference, may be two limits apart.
        """
        for record, distance in zip(recorded(self.against), self.distances, strict=True):
            yield (
                record,
                distance,
                _used(distance.ulps, slack * check.limit(record.kind, record.step, self.run.job.precision)),
            )


def recorded(run: Run) -> tuple[Record, ...]:
    """Return the records of a run; none when it did not finish."""
    return run.result.records if run.result is not None else ()


def measure(pairs: Sequence[tuple[Run, Run]], checks: dict[str, Check], python: str) -> list[Pair]:
    """Return the distances of each pair, computed by the interpreter `python`, in the units of the reference."""
    if not pairs:
        return []
    units = {
        (against.job.check, against.job.seed): against.job.trace
        for _, against in pairs
        if against.job.framework == REFERENCE
    }
    question = msgspec.json.encode(
        [(run.job.trace, against.job.trace, units.get((run.job.check, run.job.seed), "")) for run, against in pairs]
    )
    found = msgspec.json.decode(_compare(python, question), type=list[tuple[Distance, ...]])
    return [
        Pair(run, against, tuple(_in_unit(run, against, distances, checks[run.job.check])))
        for (run, against), distances in zip(pairs, found, strict=True)
    ]


def _compare(python: str, question: bytes) -> bytes:
    """Return the output of ``compare.py``; it changes nothing, so it is run again when a signal ended it."""
    script = content_root() / "checks" / "common" / "compare.py"
    for _ in range(_TRIES):
        answer = subprocess.run([python, "-P", str(script)], input=question, capture_output=True, check=False)
        if answer.returncode >= 0:
            break
    if answer.returncode:
        code = answer.returncode
        how = name_signal(-code) if code < 0 else answer.stderr.decode(errors="replace").strip()[-300:]
        raise CannotLookError(f"cannot compare the workers' results: {how}", "nothing is proven; run it again")
    return answer.stdout


def divergence(record: Record, distance: Distance, limit: float, cause: str) -> Divergence:
    """Return the location of a difference, with its usual cause."""
    return Divergence(
        step=record.step,
        tensor=record.name,
        index=distance.index,
        got=distance.got,
        expected=distance.expected,
        ulps=distance.ulps,
        limit=limit,
        cause=cause,
    )


def spacing(largest: float, digits: int) -> float:
    """Return the distance between neighbouring numbers of `digits` significant bits at magnitude `largest`."""
    exponent = math.frexp(largest)[1] if largest else _SMALLEST
    # below the smallest normal number the spacing no longer shrinks (denormals)
    return math.ldexp(1.0, max(exponent, _SMALLEST) - digits)


def _in_unit(run: Run, against: Run, distances: Sequence[Distance], check: Check) -> Iterator[Distance]:
    """Yield the distances, which come in float32 ulps, in the unit of each tensor's kind."""
    by_key = {one.key: one for one in distances}  # a trace also has what is left out of the records
    for record in recorded(against):
        distance = by_key[f"{record.step} {record.name}"]
        if distance.ulps is None or (finer := check.digits(record.kind, run.job.precision) - FLOAT32_DIGITS) == 0:
            yield distance
        else:
            yield msgspec.structs.replace(distance, ulps=math.ldexp(distance.ulps, finer))


def _used(ulps: float | None, limit: float) -> float:
    """Return the share of `limit` that `ulps` uses; 0 where the limit is infinite."""
    if math.isinf(limit):
        return 0.0
    if ulps is None or limit == 0:
        return math.inf if ulps != 0 else 0.0
    return ulps / limit

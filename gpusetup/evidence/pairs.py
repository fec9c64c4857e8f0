"""Runs of two sides that belong together, and how the environments of each pair differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gpusetup.evidence.codec import runs
from gpusetup.selftest.changes import changes
from gpusetup.selftest.model import REFERENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gpusetup.evidence.model import Evidence, Result
    from gpusetup.selftest.model import Run
    from gpusetup.selftest.verdict import Changed

_LOOSER = ((), ("seed",), ("precision",), ("device",))
"""What two runs may differ in, tried in this order: a run with another seed is the same run, and the seed the cause."""
_FIELDS = ("check", "framework", "device", "precision", "seed")


class Side(NamedTuple):
    """One run as it is kept, with its records."""

    row: Result
    run: Run


class Pair(NamedTuple):
    """A run and its counterpart, None where there is none; `changed` lists the differences of what they ran in."""

    before: Side
    now: Side | None
    changed: tuple[Changed, ...] = ()
    truth: Run | None = None
    """The float64 reference of the first side, by which a tensor that cancelled has its unit."""

    @property
    def repeats(self) -> bool:
        """Return whether every process gave the same bits, on each side that has the run."""
        return self.before.row.repeats and (self.now is None or self.now.row.repeats)


def pairs(before: Evidence, now: Evidence) -> list[Pair]:
    """Return each run of `before` with the most similar one of `now`."""
    left = [Side(*one) for one in zip(before.run, runs(before), strict=True)]
    free = [Side(*one) for one in zip(now.run, runs(now), strict=True)]
    found: dict[int, Side] = {}
    for loose in _LOOSER:
        for number, one in enumerate(left):
            if number in found:
                continue
            match = next((other for other in free if _same(one.row, other.row, loose)), None)
            if match is not None:
                found[number] = match
                free = [other for other in free if other is not match]
    truths = {(one.row.check, one.row.seed): one.run for one in left if one.row.framework == REFERENCE}
    return [
        _pair(one, found.get(number), before, now)._replace(truth=truths.get((one.row.check, one.row.seed)))
        for number, one in enumerate(left)
    ]


def _same(one: Result, other: Result, loose: tuple[str, ...]) -> bool:
    return all(getattr(one, name) == getattr(other, name) for name in _FIELDS if name not in loose)


def _pair(one: Side, other: Side | None, before: Evidence, now: Evidence) -> Pair:
    if other is None:
        return Pair(one, None)
    both = set(before.installed) & set(now.installed)
    old, new = (_key(side, part, packages=one.row.framework in both) for side, part in ((one, before), (other, now)))
    return Pair(one, other, changes(new, old))


def _key(side: Side, whole: Evidence, *, packages: bool) -> dict[str, str]:
    """Return all that may change the bits of a run: its environment, its program, its data, and what is installed."""
    row, check = side.row, whole.check[side.row.check]
    source, _, model = check.source.partition(", model ")
    found = whole.environment[row.environment] | dict(_asked(row, whole))
    found |= {"check source": source} | ({"model source": model} if model else {})
    found |= {f"data {name}": digest for name, digest in check.data.items()}
    if packages:
        found |= {f"package {name}": version for name, version in whole.installed[row.framework].packages.items()}
    return found


def _asked(row: Result, whole: Evidence) -> Iterator[tuple[str, str]]:
    yield "seed", str(row.seed)
    yield "device", row.device.partition(":")[0]
    yield "profile", whole.profile
    if whole.minutes:
        yield "minutes", f"{whole.minutes:g}"

"""What a lock holds, computed again here."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gpusetup.errors import MissingError, RefusedError
from gpusetup.selftest.frameworks import interpreters
from gpusetup.selftest.model import REFERENCE
from gpusetup.selftest.schedule import Selection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from gpusetup.evidence.model import Evidence, Result
    from gpusetup.selftest.registry import Check


class Narrowed(NamedTuple):
    """What of a lock is computed again: () is all of it."""

    checks: tuple[str, ...] = ()
    frameworks: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()

    def has(self, row: Result) -> bool:
        """Return whether a run is among them; the float64 reference of a check is wherever the check is."""
        framework = row.framework == REFERENCE or not self.frameworks or row.framework in self.frameworks
        device = row.framework == REFERENCE or not self.devices or row.device in self.devices
        return framework and device and (not self.checks or row.check in self.checks)


class Changes(NamedTuple):
    """What is computed otherwise than locked, on purpose."""

    threads: int | None = None
    seeds: tuple[int, ...] = ()
    data: str = ""


def narrowed(whole: Evidence, to: Narrowed) -> Evidence:
    """Return the part of a lock's evidence that is compared."""
    from msgspec.structs import replace

    return replace(whole, run=tuple(row for row in whole.run if to.has(row)))


def at_hand(whole: Evidence, pythons: tuple[str, ...], lost: list[str]) -> dict[str, str]:
    """Return framework → interpreter of those that the lock has and that are installed; reasons go to `lost`.

    Raises `MissingError` where none is.
    """
    from gpusetup.selftest.frameworks import parse

    named = parse(pythons)
    wanted = sorted({row.framework for row in whole.run} - {REFERENCE})
    try:
        here = interpreters((), named)
    except MissingError:
        here = {}
    lost += [f"{name}: the lock has it, and it is not installed here" for name in wanted if name not in here]
    found = {name: here[name] for name in wanted if name in here}
    if not found:
        raise MissingError(f"none of what the lock was computed with is installed: {', '.join(wanted)}")
    return found


def selection(
    whole: Evidence, pythons: Mapping[str, str], checks: Mapping[str, Check], devices: Callable[[], tuple[str, ...]],
    change: Changes, lost: list[str],
) -> Selection:  # fmt: skip
    """Return what the self-test runs for the runs of `whole`; what is not here goes to `lost`, with the reason."""
    rows = [row for row in whole.run if row.framework in pythons]
    there = devices() if any(row.device != "cpu" for row in rows) else ("cpu",)
    wanted = _each(row.device for row in rows)
    lost += [f"{name}: the lock has it, and it is not visible here" for name in wanted if name not in there]
    names = _each(row.check for row in rows)
    lost += [f"{name}: the lock has this check, and there is none here" for name in names if name not in checks]
    chosen = tuple(name for name in names if name in checks)
    if not chosen or not set(wanted) & set(there):
        raise RefusedError("nothing of what the lock holds can be run here", "; ".join(lost))
    return Selection(
        checks=chosen,
        pythons=dict(pythons),
        devices=tuple(name for name in wanted if name in there),
        seeds=change.seeds or tuple(sorted({row.seed for row in rows})),
        profile=whole.profile,
        repeat=2 if any(not row.repeats for row in rows) else 1,
        threads=change.threads or whole.threads,
        data=change.data or whole.data,
        precisions=tuple(sorted({row.precision for row in rows})),
        minutes=whole.minutes,
        model=whole.model,
    )


def _each(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))

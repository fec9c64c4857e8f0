"""What comes and goes: a fault that is gone when somebody looks is still a fault.

It is counted, not judged: something came if a collection has it and the one before had looked and had it not. What a
rule could not check is no absence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from gpusetup.fleet.history.memory import DAY, Aspects, Span, iso
from gpusetup.fleet.history.model import Flapping

FEWEST = 3
"""Times that something has to come."""
WINDOW = 30 * DAY
"""Within so long before the last collection."""

Parts = Callable[[Any], tuple[set[str], set[str] | None]]
"""From a content to what is there, and of what else nothing is known; None where nothing else is."""


def flapping(subject: str, aspects: Aspects) -> list[Flapping]:
    """Return what came and went on one host or GPU, the most frequent first."""
    found = [one for aspect, parts in _PARTS.items() for one in _of(subject, aspects.get(aspect, ()), parts)]
    return sorted(found, key=lambda one: (-one.times, one.what))


def _of(subject: str, spans: Sequence[Span], parts: Parts) -> Iterator[Flapping]:
    if len(spans) < 2 * FEWEST:  # it was absent before each time
        return
    limit = spans[-1].last - WINDOW
    seen = [(one.first, *parts(one.content)) for one in spans]
    for what in sorted({what for _, there, _ in seen for what in there}):
        late = [at for at in _arrivals(what, seen) if at >= limit]
        if len(late) >= FEWEST:
            yield Flapping(subject=subject, what=what, times=len(late), last=iso(late[-1]))


def _arrivals(what: str, seen: Sequence[tuple[int, set[str], set[str] | None]]) -> Iterator[int]:
    """Yield when it came: it is there, and was not when it was looked for last."""
    absent = False
    for at, there, unknown in seen:
        if what in there:
            if absent:
                yield at
            absent = False
        elif unknown is not None and what not in unknown:
            absent = True


def _findings(content: Sequence[Sequence[str]]) -> tuple[set[str], set[str]]:
    there = {f"{rule} {state}" for rule, state in content if state != "unknown"}
    blind = {rule for rule, state in content if state == "unknown"}
    return there, {f"{rule} {state}" for rule in blind for state in ("error", "warning")}


def _reasons(content: Mapping[str, Any]) -> tuple[set[str], set[str] | None]:
    """Return the reasons without the doctor's, which are counted as findings; of an unknown host nothing else is."""
    there = {
        f"{where}: {of}" if where else of or kind
        for kind, weight, of, where, _ in content["reasons"]
        if kind != "finding" and weight in {"drain", "warn"}
    }
    return there, None if content["state"] == "unknown" else set()


_PARTS: Mapping[str, Parts] = {"findings": _findings, "verdict": _reasons, "said": lambda some: ({*some}, set())}

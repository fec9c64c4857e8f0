"""The history of a host: since when it is as it is, and what changed on it before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from gpusetup.fleet.history.changes import between, changes
from gpusetup.fleet.history.flapping import flapping
from gpusetup.fleet.history.memory import Aspects, Memory, Span, Subject, iso
from gpusetup.fleet.history.model import HostHistory, Standing
from gpusetup.fleet.history.trends import Names, trends
from gpusetup.fleet.model import State


def host_history(memory: Memory, names: Names, host: Subject) -> HostHistory:
    """Return everything that is remembered of one host; its GPUs' trends are among its own."""
    aspects = memory.aspects(host)
    verdicts = aspects.get("verdict", ())
    cards: dict[str, dict[str, str]] = next((one.content for one in reversed(aspects.get("cards", ()))), {})
    numbers = {name: number for number, name in names.of.items()}
    mine = {host.id, *(numbers[one["gpu"]] for one in cards.values() if one["gpu"] in numbers)}
    state: State = verdicts[-1].content["state"] if verdicts else "unknown"
    spans = [one for some in aspects.values() for one in some]
    return HostHistory(
        host=host.name,
        state=state,
        since=iso(_since(verdicts, lambda content: content["state"] == state)[0]) if verdicts else "",
        first=iso(min((one.first for one in spans), default=0)),
        last=iso(verdicts[-1].last if verdicts else 0),
        standing=tuple(_standing(aspects)),
        changes=tuple(changes(aspects)),
        flapping=tuple(flapping(host.name, aspects)),
        trends=trends(memory, names, mine).trends,
        cards=tuple(sorted((place, one["gpu"]) for place, one in cards.items())),
    )


def _standing(aspects: Aspects) -> Iterator[Standing]:
    """Yield each reason of the last judgement with its beginning; the doctor's notes on what everybody has are none."""
    verdicts = aspects.get("verdict", ())
    for reason in verdicts[-1].content["reasons"] if verdicts else ():
        if reason[1] == "note":
            continue
        key = _key(reason)
        since, after = _since(verdicts, lambda content, key=key: key in map(_key, content["reasons"]))
        before = between(aspects, after, since) if after else []
        yield Standing(text=reason[4], weight=reason[1], since=iso(since), after=iso(after) if after else "",
                       before=tuple(before))  # fmt: skip


def _key(reason: Sequence[str]) -> tuple[str, ...]:
    """Return what a reason is about: its text has counts of other hosts, which change with them."""
    kind, _, of, where, text = reason
    return (kind, of, where) if of else (kind, text)


def _since(spans: Sequence[Span], holds: Any) -> tuple[int, int]:
    """Return when what holds now began, and when it was last seen otherwise before (0 for never)."""
    since = spans[-1].first
    for one in reversed(spans):
        if not holds(one.content):
            return since, one.last
        since = one.first
    return since, 0

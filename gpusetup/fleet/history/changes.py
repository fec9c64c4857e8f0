"""From spans to changes: what is otherwise than when it was last seen."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gpusetup.fleet.forms import NONE, is_known, number_in
from gpusetup.fleet.history.memory import Aspects, iso
from gpusetup.fleet.history.model import Change
from gpusetup.fleet.properties import Property, by_key, properties
from gpusetup.fleet.reasons import few
from gpusetup.fleet.store.series import by_name

_MOST_MEMBERS = 6


def changes(aspects: Aspects) -> list[Change]:
    """Return everything that changed on a host or a GPU, oldest first."""
    found = [
        Change(at=iso(now.first), after=iso(before.last), text=text, kind=kind)
        for aspect, (kind, told) in _TOLD.items()
        for before, now in itertools.pairwise(aspects.get(aspect, ()))
        for text in told(before.content, now.content)
    ]
    return sorted(found, key=lambda one: one.at)


def between(aspects: Aspects, after: int, until: int) -> list[str]:
    """Return what changed on a host after one time and until another, but for what was said of it."""
    return [
        text
        for aspect in ("machine", "cards")
        for before, now in itertools.pairwise(aspects.get(aspect, ()))
        if after < now.first <= until
        for text in _TOLD[aspect][1](before.content, now.content)
    ]


def _host_row(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    yield from _row(properties().host, before, now)


def _card_row(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    yield from _row(properties().gpu, before, now)


def _row(table: Sequence[Property], before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """Yield the properties that differ; what follows from another one that does is not said again."""
    other = {one.path for one in table if before.get(one.path) != now.get(one.path)}
    for one in table:
        if one.path not in other or other & {*one.follows}:
            continue
        was, is_ = before.get(one.path), now.get(one.path)
        if isinstance(was, dict) and isinstance(is_, dict):
            yield from _family(one, was, is_)
        elif isinstance(was, str) and isinstance(is_, str) and not _alike(was, is_, one.near):
            yield f"{one.title} {was} → {is_}"


def _family(one: Property, was: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    told = [
        f"{name} {was.get(name, NONE)} → {now.get(name, NONE)}"
        for name in sorted({*was, *now})
        if was.get(name) != now.get(name)
    ]
    if told:
        yield f"{one.title} {few(told, _MOST_MEMBERS)}"


def _alike(was: str, now: str, near: float) -> bool:
    """Say whether two values are near each other; one that could not be read is no other value."""
    if not is_known(was) or not is_known(now):
        return True
    first, second = number_in(was), number_in(now)
    return near > 0 and first is not None and second is not None and abs(first - second) <= near * max(first, second)


def _findings(before: Sequence[Sequence[str]], now: Sequence[Sequence[str]]) -> Iterator[str]:
    was, is_ = ({(rule, state) for rule, state in some} for some in (before, now))
    blind = {rule for rule, state in is_ if state == "unknown"}
    for rule, state in sorted(is_ - was):
        yield f"{rule} cannot check" if state == "unknown" else f"{rule} {state} came"
    for rule, state in sorted(was - is_):
        if state != "unknown" and rule not in blind:
            yield f"{rule} {state} is gone"


def _state(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    if before["state"] != now["state"]:
        why = now["drain"] or next((one[4] for one in now["reasons"]), "")
        yield f"{before['state']} → {now['state']}" + (f": {why}" if why else "")


def _cards(before: Mapping[str, Mapping[str, str]], now: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    for place in sorted({*before, *now}):
        was, is_ = (some.get(place, {}).get("gpu", NONE) for some in (before, now))
        if was != is_:
            yield f"{place}: {was} → {is_}"


def _place(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    was, is_ = (f"{one['host']}: {one['place']}" for one in (before, now))
    if was != is_:
        yield f"{was} → {is_}"


def _damage(before: Mapping[str, int], now: Mapping[str, int]) -> Iterator[str]:
    for name, value in now.items():
        if name in by_name() and by_name()[name].kind == "damage" and value > before.get(name, value):
            yield f"{name} {before[name]} → {value}"


def _said(before: Sequence[str], now: Sequence[str]) -> Iterator[str]:
    yield from (f"{one} came" for one in now if one not in before)
    yield from (f"{one} is gone" for one in before if one not in now)


def _differs(before: Sequence[str], now: Sequence[str]) -> Iterator[str]:
    titles = {key: one.title for key, one in by_key().items()}
    yield from (f"differs from its equals in {titles.get(one, one)}" for one in now if one not in before)
    yield from (f"is like its equals again in {titles.get(one, one)}" for one in before if one not in now)


_TOLD: Mapping[str, tuple[Any, Any]] = {
    "machine": ("machine", _host_row),
    "cards": ("card", _cards),
    "findings": ("finding", _findings),
    "verdict": ("state", _state),
    "place": ("moved", _place),
    "card": ("card", _card_row),
    "counters": ("damage", _damage),
    "said": ("finding", _said),
    "differs": ("finding", _differs),
}
"""Aspect → the kind of its changes, and how two contents are told apart."""

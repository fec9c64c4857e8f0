"""The history of a GPU by its UUID: where it was, and whether a fault went with it or stayed at the place."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from gpusetup.fleet.history.changes import changes
from gpusetup.fleet.history.flapping import flapping
from gpusetup.fleet.history.memory import Aspects, Memory, Span, Subject, iso
from gpusetup.fleet.history.model import CardHistory, Followed, Place
from gpusetup.fleet.history.trends import Names, trends
from gpusetup.fleet.properties import by_key


def card_history(memory: Memory, names: Names, card: Subject) -> CardHistory:
    """Return everything that is remembered of one GPU."""
    aspects = memory.aspects(card)
    places = aspects.get("place", ())
    return CardHistory(
        gpu=card.name,
        model=str(next((one.content.get("model", "") for one in reversed(aspects.get("card", ()))), "")),
        serial=str(next((one.content.get("serial", "") for one in reversed(places)), "")),
        places=tuple(
            Place(host=one.content["host"], place=one.content["place"], pci=one.content["pci"], first=iso(one.first),
                  last=iso(one.last))
            for one in places
        ),
        said=tuple(_words(what) for what in sorted(_now(aspects))),
        followed=tuple(_followed(memory, aspects)),
        changes=tuple(changes(aspects)),
        flapping=tuple(flapping(card.name, aspects)),
        trends=trends(memory, names, {card.id}).trends,
    )  # fmt: skip


def _now(aspects: Aspects) -> set[str]:
    return {what for aspect in ("said", "differs") for one in aspects.get(aspect, ())[-1:] for what in one.content}


def _words(what: str) -> str:
    """Return a rule as it is, and a property by its title."""
    return by_key()[what].title if what in by_key() else what


def _followed(memory: Memory, aspects: Aspects) -> Iterator[Followed]:
    """Yield, for each move to another place, what became of what was said of the card just before."""
    for was, now in itertools.pairwise(aspects.get("place", ())):
        if (was.content["host"], was.content["place"]) == (now.content["host"], now.content["place"]):
            continue
        for aspect in ("said", "differs"):
            spans = aspects.get(aspect, ())
            before = next((one for one in reversed(spans) if one.first < now.first), None)
            for what in before.content if before is not None else ():
                yield Followed(what=_words(what), fate=_fate(memory, aspect, what, was, now, spans),  # type: ignore[arg-type]  # one of the five
                               moved=iso(now.first))  # fmt: skip


def _fate(memory: Memory, aspect: str, what: str, was: Span, now: Span, spans: Sequence[Span]) -> str:
    later = [one.content for one in spans if one.last >= now.first]
    if not later:
        return "not looked since"
    with_card = any(what in content for content in later)
    successors = memory.at_place(was.content["host"], was.content["place"], was.last)
    at_place = any(
        what in one.content
        for other in successors
        for one in memory.aspects(other).get(aspect, ())
        if one.last > was.last and _was_there(memory, other, was, one)
    )
    if with_card:
        return "is at both" if at_place else "goes with the card"
    return "stays at the place" if at_place else "is gone since"


def _was_there(memory: Memory, card: Subject, place: Span, said: Span) -> bool:
    """Say whether a card was at the place while something was said of it."""
    at = (place.content["host"], place.content["place"])
    there = memory.aspects(card).get("place", ())
    return any(
        (one.content["host"], one.content["place"]) == at and one.first <= said.last and said.first <= one.last
        for one in there
    )

"""The history of all: what comes and goes, what gets worse, which GPUs were moved, of whom nothing is heard."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator

from gpusetup import __version__
from gpusetup.fleet.history.cards import card_history
from gpusetup.fleet.history.flapping import flapping
from gpusetup.fleet.history.hosts import host_history
from gpusetup.fleet.history.memory import Memory, Span, iso
from gpusetup.fleet.history.model import Flapping, History, Moved, Overview
from gpusetup.fleet.history.trends import ALARM_RATE, Names, names_of, trends
from gpusetup.fleet.store.observed import HOST

SILENT = 26 * 3600
"""Seconds before the last collection: hosts may be kept in parts, over a day."""


def history(memory: Memory, store: str, words: tuple[str, ...] = ()) -> History:
    """Return the history of the hosts and GPUs that `words` name, or of all.

    Raises `WrongInputError` for a word that names none.
    """
    found = [memory.find(word) for word in words]
    names = names_of(memory)
    return History(
        gpusetup=__version__,
        store=store,
        alarm_rate=ALARM_RATE,
        hosts=tuple(host_history(memory, names, one) for one in found if one.kind == HOST),
        cards=tuple(card_history(memory, names, one) for one in found if one.kind != HOST),
        overview=None if words else overview(memory, names),
    )


def overview(memory: Memory, names: Names) -> Overview:
    """Return what stands out among all hosts and GPUs."""
    worse = trends(memory, names)
    count, first, last = memory.collections()
    verdicts = {number: some[-1].last for number, some in memory.all_spans("verdict")}
    places = dict(memory.all_spans("place"))
    silent = sorted((names.of[number], iso(at)) for number, at in verdicts.items() if at < last - SILENT)
    return Overview(
        hosts=len(verdicts),
        gpus=len(places),
        collections=count,
        first=iso(first) if first else "",
        last=iso(last) if last else "",
        silent=tuple(silent),
        flapping=tuple(_flapping(memory, names)),
        trends=worse.trends,
        moved=tuple(sorted(_moved(names, places), key=lambda one: one.at, reverse=True)),
        series=worse.judged,
        unjudged=worse.unjudged,
    )


def _flapping(memory: Memory, names: Names) -> list[Flapping]:
    """Return what comes and goes, of each host, and of a GPU only what its host's does not say already."""
    spans: dict[int, dict[str, list[Span]]] = defaultdict(dict)
    for aspect in ("findings", "verdict"):
        for number, some in memory.all_spans(aspect):
            if len(some) > 1:
                spans[number][aspect] = some
    found = [one for number, aspects in spans.items() for one in flapping(names.of[number], aspects)]
    return sorted(found, key=lambda one: (-one.times, one.subject))


def _moved(names: Names, places: dict[int, list[Span]]) -> Iterator[Moved]:
    for number, some in places.items():
        for before, now in itertools.pairwise(some):
            was, is_ = (f"{one.content['host']}: {one.content['place']}" for one in (before, now))
            if was != is_:
                yield Moved(gpu=names.of[number], was=was, now=is_, at=iso(now.first))

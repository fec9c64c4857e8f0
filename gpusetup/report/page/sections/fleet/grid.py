"""Hosts × findings: a row for hosts with the same reasons, a column for each field that anything was found in."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gpusetup.fleet.model import RANK
from gpusetup.fleet.properties import by_key
from gpusetup.report.fleet_rows import Block as Alike
from gpusetup.report.fleet_rows import alike
from gpusetup.report.page.sections.fleet.listed import Listed, listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gpusetup.fleet.model import Fleet, Reason
    from gpusetup.report.page.model import State

MOST_BLOCKS = 100
MOST_REASONS = 12
_STATES: dict[str, State] = {"drain": "error", "unknown": "unknown", "warn": "warning", "note": "info"}
OF_HOST: dict[str, State] = {"drain": "error", "unknown": "unknown", "attention": "warning", "ok": "ok"}
_ORDER = ("error", "unknown", "warning", "ok")
_COLUMNS = {
    "unreadable": "input", "missing": "input", "clock": "input", "identity": "input", "expectation": "expected",
    "finding": "doctor", "proof": "self-test", "bits": "bits", "speed": "speed",
    "link": "links",
}  # fmt: skip
"""Column of a reason that is no difference; of a difference its topic."""
_FIRST = ("input", "expected", "doctor", "self-test", "bits", "speed", "links")


class Block(NamedTuple):
    """Hosts with the same reasons."""

    state: State
    hosts: int
    names: Listed
    group: str
    reasons: tuple[tuple[State, Reason, str], ...]
    """The state it means, the reason, and its text; `more` are left out."""
    more: int
    number: int
    """Its place, by which the grid links to it."""


class GridRow(NamedTuple):
    """One block's worst state in each column, "" where there is nothing."""

    block: Block
    cells: tuple[State | None, ...]


class Grid(NamedTuple):
    """The table; `alike` hosts have nothing in any column."""

    columns: tuple[str, ...]
    rows: tuple[GridRow, ...]
    alike: int


def blocks(fleet: Fleet) -> tuple[list[Block], int]:
    """Return the blocks of hosts that are not ``ok``, the worst first, and how many hosts are left out."""
    found = alike([one for one in fleet.hosts if one.state != "ok"])
    found.sort(key=lambda some: _ORDER.index(OF_HOST[some.hosts[0].state]))
    shown = [_block(some, number) for number, some in enumerate(found[:MOST_BLOCKS], 1)]
    return shown, sum(len(some.hosts) for some in found[MOST_BLOCKS:])


def grid(fleet: Fleet, some: Sequence[Block]) -> Grid:
    """Return the grid of these blocks."""
    topics: dict[str, str] = {key: one.topic for key, one in by_key().items()}
    found = [(block, _cells(block, topics)) for block in some]
    used = {name for _, cells in found for name in cells}
    columns = tuple(name for name in (*_FIRST, *dict.fromkeys(topics.values()), "other") if name in used)
    rows = tuple(GridRow(block, tuple(cells.get(name) for name in columns)) for block, cells in found)
    return Grid(columns, rows, sum(one.state == "ok" for one in fleet.hosts))


def _block(some: Alike, number: int) -> Block:
    first = some.hosts[0]
    return Block(
        state=OF_HOST[first.state],
        hosts=len(some.hosts),
        names=listed([one.name for one in some.hosts]),
        group=first.group,
        reasons=tuple((_STATES[one.weight], one, text) for one, text in some.reasons[:MOST_REASONS]),
        more=max(0, len(some.reasons) - MOST_REASONS),
        number=number,
    )


def _cells(block: Block, topics: dict[str, str]) -> dict[str, State]:
    worst: dict[str, Reason] = {}
    for _, one, _ in block.reasons:
        name = _COLUMNS.get(one.kind) or _topic(one.of, topics)
        if one.weight != "note" and (name not in worst or RANK[one.weight] < RANK[worst[name].weight]):
            worst[name] = one
    return {name: _STATES[one.weight] for name, one in worst.items()}


def _topic(of: str, topics: dict[str, str]) -> str:
    """Return the topic of a property; a member of a family has its family's (``host.distributions.torch``)."""
    while of and of not in topics:
        of = of.rpartition(".")[0]
    return topics.get(of, "other")

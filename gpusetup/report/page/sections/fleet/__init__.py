"""A fleet: how many hosts are well, which are not and why, what differs, whose bits, whose speed.

The page of ten thousand hosts has to stay small: hosts with the same reasons are one block, long lists are cut and say
so; the JSON of ``gpusetup fleet`` has everything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.report.fleet_rows import counted, headline, states
from gpusetup.report.page.model import Section
from gpusetup.report.page.sections.fleet.grid import OF_HOST, blocks, grid
from gpusetup.report.page.sections.fleet.links import links_section
from gpusetup.report.page.sections.fleet.listed import differences, listed
from gpusetup.report.page.sections.fleet.speed import said_of, strips

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gpusetup.fleet.model import Fleet
    from gpusetup.report.page.model import Result

_MOST_DIFFERENCES, _MOST_BITS, _MOST_SPOILT, _MOST_RATES = 100, 60, 100, 60


def sections(results: Sequence[Result]) -> Iterator[Section]:
    """Yield the sections of each fleet."""
    for one in results:
        of = f" of {one.name}" if len(results) > 1 else ""  # two parts of a page must not have the same name
        for made in _sections(one.value):
            yield made._replace(title=f"{made.title}{of}", view={**made.view, "of": of})


def _sections(fleet: Fleet) -> Iterator[Section]:
    some, left = blocks(fleet)
    yield _overview(fleet, grid(fleet, some), left)
    if some:
        yield Section("fleet-hosts", "Hosts", "fleet_hosts.html.j2", {"blocks": some, "left": left})
    if fleet.differences:
        found = differences(fleet)
        yield Section(
            "fleet-differences", "Differences", "fleet_differences.html.j2",
            {"rows": found[:_MOST_DIFFERENCES], "left": len(found) - _MOST_DIFFERENCES},
        )  # fmt: skip
    if fleet.bits:
        yield _bits(fleet)
    if fleet.figures:
        yield _speed(fleet)
    if fleet.links:
        yield links_section(fleet.links)


def _speed(fleet: Fleet) -> Section:
    rates = said_of(fleet.figures)
    return Section(
        id="fleet-speed",
        title="Speed",
        template="fleet_speed.html.j2",
        view={
            "rates": rates[:_MOST_RATES],
            "left": len(rates) - _MOST_RATES,
            "rate": f"One in {round(1 / fleet.alarm_rate):,} sound fleets gets a false alarm",
        },
        charts=strips(rates),
        state=rates[0].state,
        answer=f"{rates[0].name}: {rates[0].answer}",
    )


def _overview(fleet: Fleet, rows: object, left: int) -> Section:
    return Section(
        id="fleet",
        title="Fleet",
        template="fleet.html.j2",
        view={
            "counts": [(OF_HOST[state], count, word) for state, count, word in states(fleet)],
            "groups": fleet.groups,
            "grid": rows,
            "left": left,
            "everywhere": [one for one in fleet.findings if one.everywhere],
            "missing": listed(fleet.inventory.missing),
            "unexpected": listed(fleet.inventory.unexpected),
            "expected": fleet.inventory,
            "spoilt": fleet.spoilt[:_MOST_SPOILT],
            "spoilt_left": len(fleet.spoilt) - _MOST_SPOILT,
            "notes": fleet.notes,
        },
        state=OF_HOST[fleet.verdict],
        answer=headline(fleet),
    )


def _bits(fleet: Fleet) -> Section:
    agree = [one for one in fleet.bits if one.state == "agree"]
    rows = [
        (one, [(other, listed(other.places)) for other in one.others]) for one in fleet.bits if one.state != "agree"
    ]
    wrong = any(one.state == "majority" for one in fleet.bits)
    blind = any(one.state in {"no majority", "unsteady"} for one in fleet.bits)
    return Section(
        id="fleet-bits",
        title="Bits",
        template="fleet_bits.html.j2",
        view={"rows": rows[:_MOST_BITS], "left": len(rows) - _MOST_BITS, "agree": agree[:_MOST_BITS]},
        state="error" if wrong else "unknown" if blind else "ok" if agree else "none",
        answer=f"{len(agree)} of {counted(len(fleet.bits), 'run')} have the same bits on all devices",
    )

"""A fleet as text: who should get no work and why, what is everybody's, who computes other bits, who is slow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.report.console import console
from gpusetup.report.fleet_rows import alike, counted, headline, names
from gpusetup.report.lines import line
from gpusetup.report.links import headline as links_headline
from gpusetup.report.links import show_links

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from gpusetup.fleet.model import Bits, Difference, Figure, Fleet, HostResult, SharedFinding, State

INDENT = "  "
_STYLES: dict[State, str] = {
    "drain": "bold red",
    "unknown": "bold yellow",
    "attention": "bold yellow",
    "ok": "bold green",
}
_TITLES: dict[State, str] = {
    "drain": "Drain", "unknown": "Cannot be judged", "attention": "Need attention, and can take work",
}  # fmt: skip
_SIGNS: dict[str, str] = {"drain": "✗ ", "unknown": "? ", "warn": "! ", "note": "· "}
_BLOCKS, _REASONS, _LINES = 12, 6, 8


def show(fleet: Fleet) -> None:
    """Print the judgement: the verdict, the hosts by state, then what groups, bits and rates say."""
    out = console()
    line(out, "", headline(fleet), _STYLES[fleet.verdict])
    for group in fleet.groups:
        cards = f", {counted(group.cards, 'GPU')}" if group.cards else ""
        line(out, INDENT, f"{group.name or 'GPUs not known'}: {counted(group.hosts, 'host')}{cards}")
    for state, title in _TITLES.items():
        _hosts(out, title, [one for one in fleet.hosts if one.state == state], _STYLES[state])
    _everywhere(out, [one for one in fleet.findings if one.everywhere])
    _undecided(out, [one for one in fleet.differences if not one.most])
    _bits(out, fleet.bits)
    _speed(out, fleet.figures, fleet.alarm_rate)
    for links in fleet.links:
        line(out, "", links_headline(links), "bold")
        show_links(out, links)
    if fleet.inventory.unexpected:
        line(out, "! ", f"not in {fleet.inventory.file}: {names(fleet.inventory.unexpected)}", "yellow")
    for note in fleet.notes[:_LINES]:
        line(out, "? ", note, "yellow")


def _hosts(out: Console, title: str, hosts: Sequence[HostResult], style: str) -> None:
    """Print hosts of one state; those with the same reasons are one block."""
    if not hosts:
        return
    line(out, "", f"{title}: {counted(len(hosts), 'host')}", style)
    blocks = alike(hosts)
    for some in blocks[:_BLOCKS]:
        line(out, INDENT, names([one.name for one in some.hosts]), "bold")
        for reason, text in some.reasons[:_REASONS]:
            line(out, f"{INDENT * 2}{_SIGNS[reason.weight]}", text)
        if len(some.reasons) > _REASONS:
            line(out, f"{INDENT * 2}· ", f"and {len(some.reasons) - _REASONS} more (--json has all)")
    left = sum(len(some.hosts) for some in blocks[_BLOCKS:])
    if left:
        line(out, INDENT, f"and {counted(left, 'host')} more (--json has all)")


def _everywhere(out: Console, found: Sequence[SharedFinding]) -> None:
    if found:
        line(out, "", "The same on most hosts, so no fault of a single one", "bold")
    for one in found[:_LINES]:
        where = f"{len(one.hosts)} of {one.of} hosts" + (f" of {one.group}" if one.group else "")
        line(
            out, f"{INDENT}{'✗' if one.state == 'error' else '!'} ", f"{one.rule} {one.state}, {one.summary} ({where})"
        )


def _undecided(out: Console, found: Sequence[Difference]) -> None:
    if found:
        line(out, "", "Differences without a majority: no host is named", "bold")
    for one in found[:_LINES]:
        values = "; ".join(f"{other.value} on {counted(len(other.hosts), 'host')}" for other in one.others[:4])
        more = f" and {len(one.others) - 4} more values" if len(one.others) > 4 else ""
        line(out, f"{INDENT}? ", f"{one.title}: {values}{more}")
    if len(found) > _LINES:
        line(out, INDENT, f"and {len(found) - _LINES} more (--json has all)")


def _bits(out: Console, bits: Sequence[Bits]) -> None:
    if not bits:
        return
    agree, alone = ([one for one in bits if one.state == state] for state in ("agree", "alone"))
    found = f"{len(agree)} of {counted(len(bits), 'run')} have the same bits on all devices"
    line(out, "", f"Bits: {found}" + (f", {len(alone)} ran on one device alone" if alone else ""), "bold")
    for one in [one for one in bits if one.state in {"majority", "no majority", "unsteady"}][:_LINES]:
        places = names([place for other in one.others for place in other.places])
        texts = {
            "majority": f"{one.run}: {one.count} of {one.of} devices have {one.most}, not {places}",
            "no majority": f"{one.run}: {len(one.others)} patterns on {counted(one.of, 'device')}, and no majority",
            "unsteady": f"{one.run}: most devices do not give the same bits twice themselves",
        }
        line(out, f"{INDENT}{'✗' if one.state == 'majority' else '?'} ", texts[one.state])


def _speed(out: Console, figures: Sequence[Figure], rate: float) -> None:
    if not figures:
        return
    line(out, "", f"Speed: one in {round(1 / rate):,} sound fleets gets a false alarm", "bold")
    for one in sorted(figures, key=lambda one: (-len(one.slow), bool(one.unsaid)))[:_LINES]:
        of = f"{one.check} in {one.framework}, {one.precision}: median {one.median:,.6g} {one.measure}"
        if one.unsaid:
            line(out, f"{INDENT}? ", f"{of}: nothing can be said, {one.unsaid}")
        elif one.slow:
            slow = names([f"{each.host} {each.device} ({each.share:.0%})" for each in one.slow])
            line(out, f"{INDENT}✗ ", f"{of}; slow: {slow}")
        else:
            line(out, f"{INDENT}  ", f"{of}; none of {counted(one.devices, 'device')} is slow")

"""A fleet's history as text: one host, one GPU, or what stands out among all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.report.console import console
from gpusetup.report.fleet_rows import counted, names
from gpusetup.report.lines import line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from gpusetup.fleet.history.model import CardHistory, Change, Flapping, History, HostHistory, Overview, Trend

INDENT = "  "
_MOST = 12
_SIGNS: dict[str, str] = {"drain": "✗ ", "unknown": "? ", "warn": "! "}


def show(found: History) -> None:
    """Print the history."""
    out = console()
    for host in found.hosts:
        _host(out, host)
    for card in found.cards:
        _card(out, card)
    if found.overview is not None:
        _overview(out, found.overview, found.alarm_rate)


def _host(out: Console, one: HostHistory) -> None:
    known = f"known since {minute(one.first)}, last judged {minute(one.last)}"
    line(out, "", f"{one.host}: {one.state} since {minute(one.since)}; {known}", "bold")
    for why in one.standing:
        since = f"since {minute(why.since)}" if why.after else "since it is known"
        line(out, f"{INDENT}{_SIGNS.get(why.weight, '· ')}", f"{why.text} ({since})")
        if why.before:
            line(out, f"{INDENT * 3}", f"changed on it before: {names(why.before, 4)}")
    _worse(out, one.flapping, one.trends)
    _changes(out, one.changes)
    for place, gpu in one.cards:
        line(out, INDENT, f"{place}: {gpu}")


def _card(out: Console, one: CardHistory) -> None:
    serial = f", serial number {one.serial}" if one.serial else ""
    line(out, "", f"{one.gpu}: {one.model or 'model not known'}{serial}", "bold")
    for place in one.places:
        pci = f" ({place.pci})" if place.pci else ""
        line(out, INDENT, f"{minute(place.first)} to {minute(place.last)}: {place.host}: {place.place}{pci}")
    if one.said:
        line(out, f"{INDENT}! ", f"now: {', '.join(one.said)}")
    for fate in one.followed:
        line(out, f"{INDENT}→ ", f"{fate.what} {fate.fate}, moved {minute(fate.moved)}")
    _worse(out, one.flapping, one.trends)
    _changes(out, one.changes)


def _overview(out: Console, one: Overview, rate: float) -> None:
    times = f"{counted(one.collections, 'collection')} from {minute(one.first)} to {minute(one.last)}"
    line(out, "", f"{counted(one.hosts, 'host')}, {counted(one.gpus, 'GPU')}, {times}", "bold")
    if one.silent:
        told = [f"{host} (last {minute(at)})" for host, at in one.silent]
        line(out, f"{INDENT}? ", f"not heard of any more: {names(told)}")
    _worse(out, one.flapping, one.trends)
    for moved in one.moved[:_MOST]:
        line(out, f"{INDENT}→ ", f"{moved.gpu}: {moved.was} → {moved.now}, {minute(moved.at)}")
    _more(out, len(one.moved))
    if one.series:
        alarms = f"one in {round(1 / rate):,} such histories of sound hosts gets a false alarm"
        line(
            out,
            INDENT,
            f"Trends of {one.series:,} figures were judged: {alarms}, if each is as its equals from day to day",
        )
    if one.unjudged:
        line(out, INDENT, f"{one.unjudged:,} figures have too few days or equals, or days that resemble the one before")


def _worse(out: Console, flapping: Sequence[Flapping], trends: Sequence[Trend]) -> None:
    for one in flapping[:_MOST]:
        line(
            out, f"{INDENT}~ ", f"{one.subject}: {one.what} came {one.times} times in 30 days, last {minute(one.last)}"
        )
    _more(out, len(flapping))
    for trend in trends[:_MOST]:
        where = f" ({trend.where})" if trend.where and trend.where != trend.subject else ""
        until = f" to {minute(trend.last)}" if trend.last != trend.first else ""
        line(out, f"{INDENT}↑ ", f"{trend.subject}{where}: {trend.text}, {minute(trend.first)}{until}")
    _more(out, len(trends))


def _changes(out: Console, changes: Sequence[Change]) -> None:
    for one in reversed(changes[-_MOST:]):
        line(out, INDENT, f"{minute(one.at)} (last seen otherwise {minute(one.after)}): {one.text}")
    _more(out, len(changes))


def _more(out: Console, count: int) -> None:
    if count > _MOST:
        line(out, INDENT, f"and {count - _MOST:,} more (--json has all)")


def minute(at: str) -> str:
    """Return a time without its seconds: ``2026-11-30 10:00``."""
    return at[:16].replace("T", " ")

"""Licences as text: parts that are not free first, then alternative stacks with fewer of them."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from gpusetup.report.console import console, show_table
from gpusetup.text import neutral

if TYPE_CHECKING:
    from gpusetup.licences.model import Alternative, Licences, Part

FREE = {True: "yes", False: "no", None: "unknown"}
ORDER = {False: 0, None: 1, True: 2}


def show(report: Licences, *, everything: bool) -> None:
    """Print the parts of a report; the free ones of an image are only counted, unless `everything` is set."""
    from rich.table import Table  # the console loads it

    out = console()
    out.print(neutral(report.subject), style="bold", soft_wrap=True)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("part", "version", "licence", "free", "redistributable", "source"):
        table.add_column(column, overflow="fold")
    shown = [part for part in report.parts if everything or part.where != "image" or part.free is not True]
    for part in sorted(shown, key=lambda one: (ORDER[one.free], one.where, one.name)):
        table.add_row(*map(neutral, _row(part)))
    show_table(table)
    out.print(_summary(report, len(report.parts) - len(shown)), soft_wrap=True)
    for one in report.freer:
        out.print(_alternative(one), soft_wrap=True)


def _row(part: Part) -> tuple[str, ...]:
    licence = part.licence or part.spdx or "unknown"
    return part.name, part.version, licence, FREE[part.free], part.redistributable or "unknown", part.fact or "metadata"


def _summary(report: Licences, hidden: int) -> str:
    known = [part for part in report.parts if part.free is not None]
    free = sum(part.free is True for part in known)
    unknown = len(report.parts) - len(known)
    text = f"{len(report.parts)} parts: {free} free software, {len(known) - free} not free, {unknown} unknown"
    return f"{text}; {hidden} free ones are not shown (--all)" if hidden else text


def _alternative(one: Alternative) -> str:
    left = f"not free: {', '.join(one.not_free)}" if one.not_free else "everything is free"
    return neutral(f"→ {one.text}: {shlex.join(one.options)} — {left}; gives up {one.gives_up}")

"""An upgrade as text: what changes, what is at risk, what is better afterwards, and the next command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.report.console import console
from gpusetup.report.lines import line
from gpusetup.report.plan_rows import change_rows
from gpusetup.resolve.pins import pinned
from gpusetup.resolve.upgrades.risks import NVIDIA

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from gpusetup.resolve.model import Change, Request
    from gpusetup.resolve.upgrades.model import Kind, Risk, Upgrade

TITLES: dict[Kind, tuple[str, str, str]] = {
    "lost": ("Not in the new environment (--with NAME keeps it; the old environment stays on disk)", "- ", "yellow"),
    "driver": ("The host comes first", "✗ ", "red"),
    "defect": ("Known defects of what comes", "! ", "yellow"),
    "code": ("Your code may have to follow", "! ", "yellow"),
    "bits": ("Results may differ in their bits", "~ ", ""),
    "fixed": ("Known defects that go", "✓ ", "green"),
}
MOST = 6
"""Packages that are no framework and not NVIDIA's, and risks of a kind, that are shown without --explain."""


def show(found: Upgrade, *, explain: bool, following: str) -> None:
    """Print an upgrade and the command that is `following`."""
    out = console()
    if not found.changes:
        line(out, "", f"{found.origin}: nothing newer for these wishes", "bold green")
        return
    line(out, "", f"{found.origin}: now → after", "bold")
    shown, left = _shown(found.changes, explain=explain)
    width = max(len(one.component) for one in shown) + 2
    for name, value in change_rows(shown):
        line(out, name.ljust(width), value)
    if left:
        line(out, "", f"and {left} more packages: --explain", "dim")
    if kept := list(_kept(found.stack.request)):
        line(out, "", f"kept as asked for: {', '.join(kept)}", "dim")
    for kind in TITLES:
        _risks(out, [one for one in found.risks if one.kind == kind], kind, explain=explain)
    line(out, "", "")
    line(out, "", f"Nothing was changed. Next: {following}", "dim")


def _shown(changes: tuple[Change, ...], *, explain: bool) -> tuple[tuple[Change, ...], int]:
    """Return the changes to show, and how many are left out: first dependencies of the user's packages."""
    if explain or len(changes) <= MOST:
        return changes, 0
    core = [one for one in changes if ": " not in one.component or _matters(one)]
    others = [one for one in changes if one not in core]
    room = max(0, MOST - len(core))
    return tuple(one for one in changes if one in core or one in others[:room]), len(others[room:])


def _matters(change: Change) -> bool:
    package = change.component.partition(": ")[2]
    core = ("torch", "tensorflow", "jax", "Python", "CUDA", "numpy", "triton")
    return package in core or package.startswith((f"{NVIDIA}cudnn", f"{NVIDIA}cublas", f"{NVIDIA}nccl"))


def _kept(request: Request) -> Iterator[str]:
    for name, value in pinned(request).items():
        if value and name not in request.packages.fixes:
            yield f"{name} {value}"


def _risks(out: Console, found: list[Risk], kind: Kind, *, explain: bool) -> None:
    if not found:
        return
    title, sign, style = TITLES[kind]
    line(out, "", "")
    line(out, "", title, "bold")
    for one in found if explain else found[:MOST]:
        fact = f" [{one.fact}]" if one.fact else ""
        line(out, sign, f"{one.component}: {one.text}{fact}", style)
        for source in one.sources if explain else ():
            line(out, "      source: ", source, "dim")
    if not explain and len(found) > MOST:
        line(out, "  ", f"and {len(found) - MOST} more: --explain", "dim")

"""Whether results are as locked, and why not, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.report.console import console
from gpusetup.report.lines import line
from gpusetup.selftest.model import REFERENCE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console

    from gpusetup.evidence.model import Cause, Comparison, Moved, Standing, Verdict

INDENT = "  "
STYLES: dict[Verdict, str] = {
    "identical": "bold green", "within tolerance": "bold green", "drifted": "bold red", "not compared": "bold yellow",
    "same parts": "bold green", "other parts": "bold yellow",
}  # fmt: skip
STANDINGS: dict[Standing, tuple[str, str]] = {
    "settled": ("→ ", "settled by running"), "alone": ("→ ", "nothing else changed"), "possible": ("→ ", "possible"),
    "ruled out": ("· ", "ruled out"), "no effect": ("· ", "no effect"),
}  # fmt: skip
QUIET: tuple[Standing, ...] = ("ruled out", "no effect")
BEYOND, WITHIN, BITS = "beyond tolerance", "within tolerance", "other bits"
_CAUSES = 6
_KNOWN = 2
_ROWS = 12
_LONG = 60


def show(found: Comparison) -> None:
    """Print the verdict, its causes, what moved and by how much, and what was not compared."""
    out = console()
    line(out, "", headline(found), STYLES[found.verdict])
    _causes(out, found.causes)
    _moved(out, [one for one in found.results if one.state in {BEYOND, WITHIN, BITS} and one.framework != REFERENCE])
    for note in found.notes:
        line(out, "! ", note, "yellow")
    for text in found.missing:
        line(out, "? ", f"not compared: {text}", "yellow")


def headline(found: Comparison) -> str:
    """Return the verdict with its first cause: ``DRIFTED because of threads 1 → 2: 3 of 16 results …``."""
    results = [one for one in found.results if one.framework != REFERENCE]
    there = [one for one in results if one.state not in {"missing", "not judged"}]
    moved = sum(one.state != "identical" for one in there)
    because = _because(found.causes)
    count = f"{len(there)} result{'' if len(there) == 1 else 's'}"
    texts: dict[Verdict, str] = {
        "identical": f"BIT-IDENTICAL: {count}, all with the bits of {found.before}",
        "within tolerance": f"SAME WITHIN TOLERANCE{because}: other bits in {moved} of {count}",
        "drifted": f"DRIFTED{because or ', and nothing that is recorded has changed'}; "
        f"not as in {found.before}: {sum(one.state in {BEYOND, BITS} for one in there)} of {count}",
        "not compared": f"NOT COMPARED: {found.before} and {found.now} have no result in common",
        "same parts": f"THE SAME: nothing that both name differs between {found.before} and {found.now}",
        "other parts": f"THEY DIFFER: {found.before} and {found.now}",
    }
    return texts[found.verdict]


def _because(causes: Sequence[Cause]) -> str:
    likely = [one for one in causes if one.standing in {"settled", "alone"}]
    possible = [one for one in causes if one.standing == "possible"]
    if likely:
        return f" because of {' and '.join(_change(one) for one in likely[:2])}"
    return f", most likely because of {_change(possible[0])}" if possible else ""


def _change(one: Cause) -> str:
    return f"{one.change.key} {_short(one.change.before)} → {_short(one.change.now)}"


def _short(text: str) -> str:
    return text if len(text) <= _LONG else f"{text[:_LONG]}…"


def _causes(out: Console, causes: Sequence[Cause]) -> None:
    for one in causes[:_CAUSES]:
        quiet = one.standing in QUIET
        line(out, STANDINGS[one.standing][0], caused(one), "" if quiet else "bold")
        if one.change.why and not quiet:
            line(out, INDENT, f"{one.change.why}{_source(one)}")
        for text in one.known[:_KNOWN]:
            line(out, INDENT, f"known of {text}")
        if len(one.known) > _KNOWN:
            line(out, INDENT, f"and {len(one.known) - _KNOWN} more known defects (--json has all)")
        if one.shown:
            line(out, INDENT, one.shown)
        if one.brings:
            line(out, INDENT, f"with it: {', '.join(each.key for each in one.brings)}", "dim")
    if len(causes) > _CAUSES:
        line(out, "· ", f"and {len(causes) - _CAUSES} more changes (--json has all)")


def caused(one: Cause) -> str:
    """Return one change with its standing: ``threads 1 → 2 (nothing else changed; 3 of 3 results moved)``."""
    count = f"; {one.moved} of {one.of} results moved" if one.of and one.standing not in QUIET else ""
    return f"{_change(one)} ({STANDINGS[one.standing][1]}{count})"


def _source(one: Cause) -> str:
    return f" [{one.source.partition(' ')[0]}]" if one.source else ""


def _moved(out: Console, moved: Sequence[Moved]) -> None:
    """Print the results that moved, the worst first."""
    order = (BEYOND, BITS, WITHIN)
    ranked = sorted(moved, key=lambda one: (order.index(one.state), -one.share))
    for one in ranked[:_ROWS]:
        line(out, "✗ " if one.state != WITHIN else "≈ ", moved_by(one), "red" if one.state != WITHIN else "")
        for text in details(one):
            line(out, INDENT, text)
    if len(ranked) > _ROWS:
        line(out, "· ", f"and {len(ranked) - _ROWS} more results (--json has all)")


def moved_by(one: Moved) -> str:
    """Return what became of one result: how many tensors moved, by how many ulps, in which kinds."""
    used = f", {one.share:.0%} of the tolerance" if one.worst is not None and one.share else ""
    by = f" by at most {one.worst:.3g} ulps{used}" if one.worst else ""
    return f"{one.name}: {one.state}; {one.tensors} of {one.of} tensors moved{by} ({', '.join(one.groups)})"


def details(one: Moved) -> Iterable[str]:
    """Yield the first tensor that differs, and where the trajectory that moved most ended."""
    first = one.first
    if first is not None:
        ulps = f"{first.ulps:.3g} ulps" if first.ulps is not None else "no distance"
        limit = f", allowed {first.limit:.3g}" if first.limit not in {0.0, float("inf")} else ""
        index = f"[{', '.join(map(str, first.index))}]" if first.index else ""
        yield f"first {first.tensor}{index}, step {first.step}: {first.expected} → {first.got} ({ulps}{limit})"
    if one.trajectory:
        spread = f": {one.of_spread:.2g} of the spread over seeds" if one.of_spread is not None else ""
        yield f"ends at {one.trajectory}{spread}"

"""A comparison of two sides: the verdict, what changed, most likely cause first, and which results moved how far."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gpusetup.report.comparison import QUIET, STANDINGS, details, headline
from gpusetup.report.page.model import Chart, Section, State
from gpusetup.selftest.model import REFERENCE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gpusetup.evidence.model import Cause, Comparison, Moved, Verdict
    from gpusetup.report.page.model import Result

STATES: dict[Verdict, State] = {
    "identical": "ok", "within tolerance": "ok", "drifted": "error", "not compared": "unknown", "same parts": "ok",
    "other parts": "warning",
}  # fmt: skip
_MOVED: dict[str, State] = {
    "identical": "ok", "within tolerance": "ok", "beyond tolerance": "error", "other bits": "error",
    "not judged": "unknown", "missing": "unknown",
}  # fmt: skip
_ORDER = tuple(reversed(_MOVED))


class Change(NamedTuple):
    """One change of the environment, and what speaks for it as the cause."""

    cause: Cause
    standing: str
    moved: str
    quiet: bool


class Row(NamedTuple):
    """One result before and now."""

    name: str
    state: State
    word: str
    tensors: str
    worst: str
    share: str
    said: tuple[str, ...]


def sections(results: Sequence[Result]) -> Iterator[Section]:
    """Yield one section for each comparison."""
    for number, one in enumerate(results, start=1):
        made = _section(one.value)
        yield made if len(results) == 1 else made._replace(title=f"{made.title} ({number})")


def _section(found: Comparison) -> Section:
    shown = [one for one in found.results if one.framework != REFERENCE]
    chart = _shares(shown)
    return Section(
        id="comparison",
        title="Comparison",
        template="comparison.html.j2",
        view={
            "found": found,
            "changes": [_change(one) for one in found.causes],
            "rows": [_row(one) for one in sorted(shown, key=lambda one: (_ORDER.index(one.state), -one.share))],
        },
        charts={} if chart is None else {"shares": chart},
        state=STATES[found.verdict],
        answer=headline(found),
    )


def _change(one: Cause) -> Change:
    count = f"{one.moved} of {one.of} results moved" if one.of else ""
    return Change(one, STANDINGS[one.standing][1], count, one.standing in QUIET)


def _row(one: Moved) -> Row:
    return Row(
        name=one.name,
        state=_MOVED[one.state],
        word=one.state.capitalize(),
        tensors=f"{one.tensors} of {one.of}",
        worst="" if one.worst is None else f"{one.worst:.3g}",
        share=f"{one.share:.0%}" if one.share else "",
        said=tuple(filter(None, (one.why, *details(one)))),
    )


def _shares(shown: Sequence[Moved]) -> Chart | None:
    """Return how much of its tolerance each result uses that moved and is judged, or None where none is."""
    moved = [one for one in shown if one.state in {"within tolerance", "beyond tolerance", "other bits"}]
    drawn = [one for one in moved if one.worst is not None]  # another shape, or exact bits, have no distance
    if not drawn:
        return None
    rest = len(moved) - len(drawn)
    more = f" {rest} more have no distance, such as another shape: the table has them." if rest else ""
    return Chart(
        spec="comparison-shares",
        title="Share of the tolerance that each moved result uses",
        said="One point for each result whose bits differ; right of the line it is beyond its tolerance. "
        f"Results with the same bits are not drawn.{more}",
        data={"rows": [
            {"result": f"{one.check}, {one.framework}, {one.device}, seed {one.seed}", "state": one.state,
             "share": float(f"{one.share:.4g}"), "ulps": one.worst}
            for one in sorted(drawn, key=lambda one: -one.share)
        ]},
    )  # fmt: skip

"""Whether a command gives the same twice: the verdict, the axes it depends on, and where it first differs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gpusetup.report.page.model import Section, State
from gpusetup.report.repro import first_operation, headline, place
from gpusetup.repro.axes import axes
from gpusetup.repro.search import differing_axes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gpusetup.report.page.model import Result
    from gpusetup.repro.model import Effect, Repro

_ORDER = ("matters", "unknown", "none")
_STATES: dict[str, State] = {"matters": "error", "unknown": "unknown", "none": "ok"}
_WORDS = {"matters": "It matters", "unknown": "Cannot check", "none": "No effect"}
_NO_SUBJECT: State = "none"


class Row(NamedTuple):
    """One axis, and what became of the result when it was varied."""

    title: str
    state: State
    word: str
    said: str


class Cause(NamedTuple):
    """An axis that the result depends on, with what to do."""

    cause: str
    where: str
    remedies: tuple[str, ...]
    source: str


def sections(results: Sequence[Result]) -> Iterator[Section]:
    """Yield one section for each command."""
    for number, one in enumerate(results, start=1):
        made = _section(one.value)
        yield made if len(results) == 1 else made._replace(title=f"{made.title} ({number})")


def _section(found: Repro) -> Section:
    return Section(
        id="repro",
        title="Does it reproduce?",
        template="repro.html.j2",
        view={
            "found": found,
            "command": " ".join(found.command),
            "where": place(found.difference) if found.difference is not None else "",
            "causes": list(_causes(found)),
            "first": first_operation(found.operation) if found.operation is not None else "",
            "rows": [_row(one) for one in sorted(found.effects, key=lambda one: _ORDER.index(one.state))],
        },
        state=_state(found),
        answer=headline(found),
    )


def _state(found: Repro) -> State:
    if not found.reproduces:
        return "error"
    return "ok" if found.files or found.items else "unknown"


def _causes(found: Repro) -> Iterator[Cause]:
    for axis, effect in differing_axes(found):
        where = place(effect.difference) if effect.difference is not None else ""
        yield Cause(axis.cause, where, axis.remedy, axis.source)


def _row(one: Effect) -> Row:
    """Return the row of an axis; one that the program has nothing to do with is neither well nor ill."""
    axis = axes().get(one.axis)
    idle = one.state == "none" and bool(one.why)
    said = place(one.difference) if one.difference is not None else one.why
    return Row(
        axis.title if axis is not None else one.axis,
        _NO_SUBJECT if idle else _STATES[one.state],
        "Does not apply" if idle else _WORDS[one.state],
        said,
    )

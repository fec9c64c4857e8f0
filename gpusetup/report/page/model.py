"""What a page is made of: results, sections and charts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from gpusetup.machine.model import Machine

Rows: TypeAlias = Sequence[Mapping[str, str | float | None]]
State = Literal["ok", "info", "warning", "error", "unknown", "none"]
"""``unknown`` is never shown as ``ok``; ``none``: there is nothing to judge."""


class Result(NamedTuple):
    """One result, and where it comes from: a file as the user named it."""

    name: str
    value: Any
    machine: Machine | None = None
    """The machine that a doctor's report is about, where it is among the results."""


class Chart(NamedTuple):
    """A figure. `spec` is the name of a Vega-Lite specification in ``charts/``, without ``.vl.json``."""

    spec: str
    title: str
    said: str
    """One or two sentences that say what it shows: the caption, and what a screen reader reads."""
    data: Mapping[str, Rows]
    """Rows of each named data source of the specification."""
    table: bool = True
    """Whether the rows also stand below it, in a table that can be unfolded."""


class Section(NamedTuple):
    """A part of the page. `template` is a file in ``templates/``, which gets `view` and `charts`."""

    id: str
    """Its anchor, in lower case; the second of the same id gets a number."""
    title: str
    template: str
    view: Mapping[str, object]
    charts: Mapping[str, Chart] = {}
    state: State = "none"
    answer: str = ""
    """What the section says, in one line; the summary on top of the page has it too."""

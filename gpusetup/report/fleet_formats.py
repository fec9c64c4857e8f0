"""A fleet for other programs: an outcome for each host, and for what is everybody's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup import __version__
from gpusetup.report.fleet_rows import headline
from gpusetup.report.formats.outcome import Outcome, Outcomes, State

if TYPE_CHECKING:
    from gpusetup.fleet import model
    from gpusetup.fleet.model import Fleet, HostResult, SharedFinding

_STATES: dict[model.State, State] = {"ok": "passed", "attention": "warning", "drain": "failed", "unknown": "unknown"}


def outcomes(fleet: Fleet) -> Outcomes:
    """Return an outcome for every host, and one for every finding that most of a group have."""
    return Outcomes(
        program="gpusetup fleet",
        version=__version__,
        headline=headline(fleet),
        rows=(*map(_host, fleet.hosts), *(_shared(one) for one in fleet.findings if one.everywhere)),
        properties={"verdict": fleet.verdict},
    )


def _host(one: HostResult) -> Outcome:
    told = [reason.text for reason in one.reasons]
    return Outcome(
        rule="host", subject=one.name, group=one.group or "hosts", name=one.name, state=_STATES[one.state],
        message=one.drain or (told[0] if told else "like its equals"), details=tuple(told[1:]),
    )  # fmt: skip


def _shared(one: SharedFinding) -> Outcome:
    return Outcome(
        rule=one.rule, subject=one.group or "all hosts", group="most hosts", name=one.rule, slug=one.slug,
        state="failed" if one.state == "error" else "warning",
        message=f"{one.summary} (on {len(one.hosts)} of {one.of} hosts)",
    )  # fmt: skip

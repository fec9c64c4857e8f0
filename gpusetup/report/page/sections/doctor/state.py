"""The state of a whole report, in the words of the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gpusetup.doctor.finding import Finding, Report
    from gpusetup.report.page.model import State

_STATE: dict[str, State] = {"healthy": "ok", "no-gpu": "info", "silenced": "info", "unknown": "unknown"}
WORST_FIRST: tuple[State, ...] = ("error", "warning", "unknown", "info", "ok", "none")


def state_of(report: Report) -> State:
    """Return the state of `report`; one that only warns is no error, and one that cannot check is not well."""
    return _STATE[report.verdict] if report.verdict in _STATE else worst(one.state for one in report.findings)


def unseen(findings: Iterable[Finding], report: Report) -> list[str]:
    """Return the rules of `report` that cannot check, and because of which some of `findings` cannot either.

    A kernel log that cannot be read shows no Xid: what else is known of a GPU does not make it well.
    """
    blind = {one.rule for one in report.findings if one.state == "unknown"}
    return sorted({one.caused_by for one in findings if one.state == "skipped"} & blind)


def worst(states: Iterable[str]) -> State:
    """Return the worst of `states`, ``none`` without any; skipped ones do not count."""
    seen = set(states)
    return next((one for one in WORST_FIRST if one in seen), "none")

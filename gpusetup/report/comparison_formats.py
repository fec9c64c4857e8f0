"""A comparison for other programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup import __version__
from gpusetup.report.comparison import QUIET, caused, details, headline, moved_by
from gpusetup.report.formats.outcome import Outcome, Outcomes, State
from gpusetup.selftest.model import REFERENCE

if TYPE_CHECKING:
    from gpusetup.evidence import model
    from gpusetup.evidence.model import Cause, Comparison, Moved

_STATES: dict[model.State, State] = {
    "identical": "noted", "within tolerance": "noted", "beyond tolerance": "failed", "other bits": "failed",
    "not judged": "unknown", "missing": "unknown",
}  # fmt: skip


def outcomes(found: Comparison, program: str, *, bits: bool = False) -> Outcomes:
    """Return an outcome for every result and every change; with `bits` a result within tolerance failed."""
    causes = tuple(one for one in found.causes if one.standing not in QUIET)
    results = [one for one in found.results if one.framework != REFERENCE]
    return Outcomes(
        program=program,
        version=__version__,
        headline=headline(found),
        rows=(
            *(_result(one, causes, bits=bits) for one in results),
            *map(_change, found.causes),
            *(_note(text, "info") for text in found.notes),
            *(_note(text, "unknown") for text in found.missing),
        ),
        properties={"verdict": found.verdict},
    )


def _result(one: Moved, causes: tuple[Cause, ...], *, bits: bool) -> Outcome:
    state: State = "failed" if bits and one.state == "within tolerance" else _STATES[one.state]
    told = moved_by(one) if one.tensors else f"{one.name}: {one.why or one.state}"
    why = tuple(caused(cause) for cause in causes) if state == "failed" else ()
    return Outcome(
        rule="result", subject=one.name, group=f"{one.check} in {one.framework}", name=one.name, state=state,
        message=told, details=(*details(one), *why),
    )  # fmt: skip


def _change(one: Cause) -> Outcome:
    counts = one.standing not in QUIET
    return Outcome(
        rule="change", subject=one.change.key, group="changes", name=one.change.key,
        state="warning" if counts else "info", message=caused(one), details=(one.shown,) if one.shown else (),
    )  # fmt: skip


def _note(text: str, state: State) -> Outcome:
    return Outcome(rule="note", subject=text.partition(":")[0], group="notes", name=text, state=state, message=text)

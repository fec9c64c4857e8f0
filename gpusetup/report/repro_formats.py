"""What `gpusetup repro` found, for other programs."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import gpusetup
from gpusetup.report.formats.outcome import Outcome, Outcomes, State
from gpusetup.report.repro import first_operation, headline, place
from gpusetup.repro.axes import axes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gpusetup.repro.model import Effect, Repro

_CALLER = re.compile(r"([^ :]+):(\d+)\b")
"""The innermost line of the user's program, ``train.py:5 <module>``."""


def outcomes(found: Repro) -> Outcomes:
    """Return an outcome for the command as it is, and one for each axis that was varied."""
    return Outcomes(
        program="gpusetup repro",
        version=gpusetup.__version__,
        headline=headline(found),
        rows=(_as_it_is(found), *(_varied(found, one) for one in found.effects)),
        properties={"command": shlex.join(found.command), "folder": found.folder},
    )


def _as_it_is(found: Repro) -> Outcome:
    path, line = _line(found)
    return Outcome(
        rule="reproduces",
        subject=shlex.join(found.command),
        group="as it is",
        name=shlex.join(found.command),
        state="noted" if found.reproduces else "failed",
        message=headline(found) if found.difference is None else f"two runs differ: {place(found.difference)}",
        details=tuple(_why(found)),
        path=path,
        line=line,
    )


def _why(found: Repro) -> Iterator[str]:
    if not found.reproduces:
        for effect in found.effects:
            if effect.state == "matters":
                yield f"it depends on {axes()[effect.axis].cause}"
                yield from axes()[effect.axis].remedy
    if found.operation is not None:
        yield first_operation(found.operation)
        yield from (f"at {caller}" for caller in found.operation.callers)
    yield from found.notes


def _line(found: Repro) -> tuple[str, int]:
    """Return the file and line that asked for the first operation that differs, as the user has them."""
    for caller in found.operation.callers if found.operation is not None else ():
        if match := _CALLER.match(caller):
            return match[1], int(match[2])
    return "", 0


def _varied(found: Repro, effect: Effect) -> Outcome:
    """Return what became of one axis; of a command that does not reproduce it only explains the failure."""
    axis = axes()[effect.axis]
    matters = effect.state == "matters"
    message = {"none": "no effect", "unknown": effect.why}.get(effect.state, f"it depends on {axis.cause}")
    differs = [f"varied: {place(effect.difference)}"] if effect.difference is not None else []
    states: dict[str, State] = {"unknown": "unknown", "matters": "failed" if found.reproduces else "noted"}
    return Outcome(
        rule=effect.axis,
        subject=axis.title,
        group="varied",
        name=axis.title,
        state=states.get(effect.state, "noted"),
        message=message,
        details=(*differs, *axis.remedy) if matters else (),
    )

"""Crashes that belong to one case of a check: it is left out, and the job runs again for the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from gpusetup.selftest.model import Case, Job, Result

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST = 8
"""Cases of a job that may crash before the job itself counts as crashed."""
_WORDS = 3
"""Of an announcement: case, direction, mode."""
_LINE = 200


class CrashedCases:
    """The cases that have ended a process of the current job."""

    def __init__(self) -> None:
        self._found: list[Case] = []

    def without(self, job: Job, announced: str, cause: str, log: Sequence[str]) -> Job | None:
        """Attribute a crash to the case that was `announced` last, and return the job without it.

        Returns None where none was, or too many have crashed: then the job itself has.
        """
        words = announced.split()
        if len(words) != _WORDS or len(self._found) >= _MOST:
            return None
        case, direction, mode = words
        fields = {"case": case, "direction": direction, "mode": mode, "dtype": job.precision, "device": job.device}
        said = f": {log[0][:_LINE]}" if log else ""
        crashed = fields | {"drawn": "", "outcome": "crashed", "detail": f"{cause}{said}"}
        try:
            self._found.append(msgspec.convert(crashed, Case))
        except msgspec.ValidationError:  # a check of the user's announces in words of its own
            return None
        return msgspec.structs.replace(job, skip=(*job.skip, f"{case} {mode}"))

    def added_to(self, result: Result | None) -> Result | None:
        """Return the result of the job with the cases that crashed, and forget them."""
        found, self._found = tuple(self._found), []
        if result is None or not found:
            return result
        return msgspec.structs.replace(result, cases=(*result.cases, *found))

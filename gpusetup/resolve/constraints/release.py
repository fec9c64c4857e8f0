"""The life span of the release itself."""

from __future__ import annotations

from gpusetup.resolve.candidates import Release
from gpusetup.resolve.solver.problem import ConstraintResult, because, constraint, holds


@constraint("release")
def release_is_known(release: Release) -> ConstraintResult:
    """Give the dates of release and end of life as a reason."""
    row = release.row
    if row.released is None:
        return holds(because(row, f"{release} was due on {row.target}; its release is not confirmed"))
    return holds(because(row, f"{release} was released on {row.released} and is maintained until {row.eol}"))

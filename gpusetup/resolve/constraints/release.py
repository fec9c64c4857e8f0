"""What is known of the release itself."""

from __future__ import annotations

from gpusetup.resolve.candidates import Release
from gpusetup.resolve.problem import ConstraintResult, because, constraint, holds


@constraint("release")
def release_is_known(release: Release) -> ConstraintResult:
    """Say when the release came out and when it ends."""
    row = release.row
    if row.released is None:
        return holds(because(row, f"{release} was due on {row.target}; that it came out is not confirmed"))
    return holds(because(row, f"{release} came out on {row.released} and is maintained until {row.eol}"))

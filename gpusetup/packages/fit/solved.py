"""A solver that remembers: what packages are asked for adds no constraint, so one answer serves all that ask for it."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from msgspec.structs import replace

from gpusetup.resolve.model import Packages

if TYPE_CHECKING:
    from gpusetup.packages.fit.allowed import Solve
    from gpusetup.resolve.model import Refusal, Request, Stack


def remembered(solve: Solve) -> Solve:
    """Return `solve` with a memory: a release is tried for each Python and each change, and a refusal takes 10 ms."""
    known = functools.cache(solve)

    def answer(request: Request) -> Stack | Refusal:
        own = request.packages
        if own.pinned or own.built or own.previewed:
            return known(request)
        return replace(known(replace(request, packages=Packages(fixes=own.fixes))), request=request)

    return answer

"""The one way in: a request whose packages are still open becomes one whose packages are pinned, or a refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.errors import CannotLookError
from gpusetup.packages.fit.explain import explain
from gpusetup.packages.fit.search import fit
from gpusetup.packages.fit.solved import remembered
from gpusetup.packages.model import Fit, Unfit
from gpusetup.packages.resolver import find_resolver
from gpusetup.text import neutral

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.packages.fit.allowed import Solve
    from gpusetup.packages.resolver import Resolve
    from gpusetup.resolve.model import Refusal, Request


def fitted(
    request: Request, facts: Facts, solve: Solve, *, named: bool, glibc: str = "", resolve: Resolve | None = None
) -> Fit | Refusal:
    """Return the stack that suits the packages of `request`, which are pinned then, or why none does.

    `solve` chooses a stack for a request; `named` says whether the user named the
    frameworks, `glibc` which C library the target has where that is not the release's. Raises `MissingError`
    without a resolver, `CannotLookError` where it gives no answer.
    """
    resolver = resolve or find_resolver()
    solve = remembered(solve)
    found = fit(request, facts, solve, resolver, named=named, glibc=glibc)
    if isinstance(found, Unfit) and found.rejection.kind == "unreachable":
        index = neutral(found.rejection.index)
        raise CannotLookError(f"the package index did not answer: {index}", "plan again when it does")
    if not isinstance(found, Unfit):
        return found
    return explain(request, found, facts, solve, resolver, named=named, glibc=glibc)

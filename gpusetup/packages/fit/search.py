"""Fits stack and packages to each other: the stack's choice goes to the resolver, its refusal sends the choice back.

First the best stack as it is; then, for each Python in turn, every release of the frameworks that has a stack, of which
the resolver picks; the stack is then solved again around its pick. What was found is resolved once more exactly as it
will be installed, and looked through for a CUDA that differs from the environment's, which no resolver sees.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from gpusetup.packages.fit.allowed import framework_of
from gpusetup.packages.fit.question import Asker
from gpusetup.packages.fit.settled import settled
from gpusetup.packages.fit.stacks import Stacks
from gpusetup.packages.model import Fit, Rejection, Resolution, Unfit
from gpusetup.packages.resolver.refusals import bare
from gpusetup.resolve.model import Refusal

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.packages.fit.allowed import Solve
    from gpusetup.packages.resolver import Resolve
    from gpusetup.resolve.model import Request, Stack

FINAL = ("not-found", "cuda", "card", "unreachable")
"""Refusals that another release or Python would not change."""


def fit(
    request: Request, facts: Facts, solve: Solve, resolve: Resolve, *, named: bool, glibc: str = ""
) -> Fit | Unfit | Refusal:
    """Return the first fit of stack and packages, else why there is none; `named`: the user named the frameworks."""
    first = solve(request)
    if isinstance(first, Refusal):
        return first
    stacks, ask = Stacks(request, facts, solve, named), Asker(request, facts, resolve, glibc)
    found = _search(stacks, ask, first)
    if isinstance(found, Unfit) and ask.source_only:
        ask.builds = True
        found = _fewest(stacks, ask, first) or _search(stacks, ask, first)
    if isinstance(found, Fit):
        return found
    ask.limits = found.rejection.older
    major = found.rejection.cuda if "torch" in request.frameworks else 0
    again = _search(replace(stacks, major=major), ask, first) if major or ask.limits else found
    return again if isinstance(again, Fit) else found


def _search(stacks: Stacks, ask: Asker, first: Stack) -> Fit | Unfit:
    """Return the first fit, a refusal that nothing would change, or of the others the one that says most."""
    refused: list[Unfit] = []
    for request, constraints in stacks.attempts(first):
        found = _tried(stacks, ask, request, constraints)
        if isinstance(found, Fit) or (found and found.rejection.kind in FINAL):
            return found
        refused += [found] if found else []
    nothing = Unfit(request=stacks.request, rejection=Rejection(kind="other"), stack=first)
    # what is said of one exact stack is about our choice; of every release that may be, about the packages
    return max(refused, key=lambda one: one.request is not stacks.request and _tells(one.rejection), default=nothing)


def _fewest(stacks: Stacks, ask: Asker, first: Stack) -> Fit | None:
    """Return the fit with the fewest packages to build: what has no wheel for one Python may have one for another."""
    found: list[Fit] = []
    for request, constraints in stacks.attempts(first):
        one = _tried(stacks, ask, request, constraints)
        found += [one] if isinstance(one, Fit) else []
        if isinstance(one, Fit) and len(one.request.packages.built) == 1:
            break
    return min(found, key=lambda one: len(one.request.packages.built), default=None)


def _tried(stacks: Stacks, ask: Asker, request: Request, constraints: tuple[str, ...]) -> Fit | Unfit | None:
    """Return what the resolver makes of one attempt, None where that has no stack."""
    stack = stacks.solve(request)
    if isinstance(stack, Refusal):
        return None
    ask.built.clear()
    answer = ask(stack, stack.environments[0], constraints)
    found = settled(stacks, ask, request, answer) if isinstance(answer, Resolution) else answer
    return found if isinstance(found, Fit) else Unfit(request=request, rejection=found, stack=stack)


def _tells(said: Rejection) -> int:
    """Return how much a refusal says.

    Most, that a package has no such release, which no choice of ours changes; then what packages need; then two
    versions of one thing; then nothing of these.
    """
    if said.kind == "no-version" and not any(framework_of(one) for one in said.packages):
        return 3
    if any(bare(one.package) != bare(one.needs) for one in said.clashes):
        return 2
    return int(bool(said.clashes))

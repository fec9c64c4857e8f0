"""A resolver's pick made a plan: pinned, the stack solved around it, and resolved exactly as it will be installed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec.structs import replace

from gpusetup.packages.compiled.built import building
from gpusetup.packages.compiled.card_needs import too_old
from gpusetup.packages.compiled.majors import others
from gpusetup.packages.fit.allowed import PACKAGES, exact, releases
from gpusetup.packages.fit.notes import notes
from gpusetup.packages.fit.pinned import pinned
from gpusetup.packages.model import Fit, Rejection
from gpusetup.resolve.model import Refusal, Stack

if TYPE_CHECKING:
    from gpusetup.packages.fit.question import Asker
    from gpusetup.packages.fit.stacks import Stacks
    from gpusetup.packages.model import Resolution
    from gpusetup.resolve.model import Environment, Request


def settled(stacks: Stacks, ask: Asker, attempt: Request, answer: Resolution) -> Fit | Rejection:
    """Return the fit that an `answer` to an attempt leads to, or why the resolver refuses it when asked exactly."""
    needed = tuple(one for one in PACKAGES if any(answer.version(name) for name in PACKAGES[one]))
    mine = tuple(one for one in needed if one in stacks.frameworks and answer.version(one))
    frameworks = stacks.request.frameworks if stacks.named or not mine else mine[:1]
    home = mine[0] if mine else frameworks[0]
    attempt = replace(attempt, frameworks=frameworks)
    refused = Rejection(kind="conflict", packages=(home,))
    for pins in _variants(stacks, attempt, home, answer.version(home).partition("+")[0]):
        request = replace(attempt, **pins)
        stack = stacks.solve(request)
        if isinstance(stack, Refusal):
            continue
        environment = next(one for one in stack.environments if home in one.frameworks)
        exactly = _exactly(ask, stack, environment)
        if not isinstance(exactly, Rejection):
            return _fit(stacks, ask, stack, exactly, environment, home, needed)
        refused = exactly
    return refused


def _variants(stacks: Stacks, request: Request, home: str, version: str) -> Iterator[dict[str, str]]:
    """Yield the pins of the framework: none, the release as it is, or PyTorch's builds for the `major`."""
    own: str = getattr(request, home)
    if stacks.major and home == "torch":
        may = [version] if version else releases(stacks.facts, "torch")
        yield from ({home: pin} for one in may for pin in stacks.builds(request, one))
    elif not version:
        yield {}
    else:
        yield {home: own if own.partition("+")[0] == version and "+" in own else version}


def _exactly(ask: Asker, stack: Stack, environment: Environment) -> Resolution | Rejection:
    """Return what the packages resolve to beside exactly what the environment has, refused where a CUDA differs."""
    answer = ask(stack, environment, tuple(exact(environment)))
    if isinstance(answer, Rejection):
        return answer
    if wrong := list(others(answer, environment.cuda)) if environment.cuda else []:
        names = tuple(f"{one.name} {one.version} is built for CUDA {major}" for one, major in wrong)
        return Rejection(kind="cuda", packages=names, text=environment.cuda, cuda=wrong[0][1])
    return (environment.cuda and too_old(ask.request, answer)) or answer


def _fit(
    stacks: Stacks, ask: Asker, stack: Stack, answer: Resolution, environment: Environment, home: str,
    needed: tuple[str, ...],
) -> Fit:  # fmt: skip
    request = stack.request
    fixes = tuple(name for name in (*PACKAGES, "python") if getattr(request, name) != getattr(stacks.request, name))
    known = (*request.packages.notes, *building(ask.built.values(), environment, stack.toolkit))
    packages = replace(
        request.packages, home=home, fixes=fixes, built=tuple(ask.built.values()),
        pinned=tuple(pinned(request, answer, environment, ask.built)),
        notes=(*known, *notes(request, answer, environment, needed, sorted(ask.silent))),
    )  # fmt: skip
    request = replace(request, packages=packages)
    final = stacks.solve(request)
    assert isinstance(final, Stack), "packages add no constraint"
    return Fit(request=request, stack=final, resolution=answer)

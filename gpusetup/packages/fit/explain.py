"""A refusal in our terms: which package needs what, what the stack allows, and what would do."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from msgspec.structs import replace

from gpusetup.distributions import normal, required
from gpusetup.packages.fit.allowed import framework_of, possible
from gpusetup.packages.fit.search import fit
from gpusetup.packages.model import Fit
from gpusetup.resolve.model import Reason, Refusal, Relaxation
from gpusetup.resolve.pins import FRAMEWORKS
from gpusetup.text import neutral

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.packages.fit.allowed import Solve
    from gpusetup.packages.model import Clash, Unfit
    from gpusetup.packages.resolver import Resolve
    from gpusetup.resolve.model import Request

    Change = tuple[str, tuple[str, ...], Request]
    """In words, as options, and the request that it makes."""

MOST = 4
"""Clashes that are shown: a resolver names each release of a package that another one rules out."""
TRIES = 6
"""Changes of the request that are tried; each costs a resolution."""


def explain(
    asked: Request, unfit: Unfit, facts: Facts, solve: Solve, resolve: Resolve, *, named: bool, glibc: str = ""
) -> Refusal:
    """Return why the packages do not fit, and which single changes would do, each tried with the resolver."""
    changes = _changes(unfit.request, [one for one in (*FRAMEWORKS, "python") if getattr(asked, one)])
    ways = tuple(_ways(changes, facts, solve, resolve, named=named, glibc=glibc))
    return Refusal(request=unfit.request, because=tuple(because(unfit, facts, solve)), ways_out=ways)


def because(unfit: Unfit, facts: Facts, solve: Solve) -> Iterator[Reason]:
    """Yield why the packages do not fit, in our terms."""
    said = unfit.rejection
    python = unfit.stack.environments[0].python
    names = ", ".join(map(neutral, said.packages))
    texts = {
        "not-found": f"the package index has no {names}",
        "source-only": f"the index has {names} as source alone, and the rest cannot be resolved without: install uv, "
        f"which can leave it out where pip cannot",
        "no-wheel": f"{names} has no wheel for Python {python} on {unfit.request.machine_arch}",
        "no-version": f"the index has no such release of {names}",
        "card": f"{'; '.join(map(neutral, said.packages))}, and there is {neutral(said.text)}",
        "cuda": f"{_first(said.packages)}, and the environment has CUDA {said.text}",
    }
    if said.kind in texts:
        yield Reason(fact=f"packages:{said.kind}", text=texts[said.kind], sources=said.sources)
    clashes = list(_clashes(unfit, facts, solve))
    yield from clashes
    if said.kind not in texts and not clashes:
        yield Reason(fact="packages:resolver", text=f"the resolver refuses: {' '.join(said.text.split())[:600]}")


def _first(names: tuple[str, ...]) -> str:
    if not names:
        return ""
    return f"{neutral(names[0])} ({len(names) - 1} more like it)" if len(names) > 1 else neutral(names[0])


def _clashes(unfit: Unfit, facts: Facts, solve: Solve) -> Iterator[Reason]:
    """Yield the clashes that a resolver names last, those of the newest releases, and what the stack allows."""
    ours = {one.text for one in unfit.stack.environments[0].requirements}
    told = [one for one in unfit.rejection.clashes if one.needs not in ours]
    frameworks = dict.fromkeys(name for one in told if (name := framework_of(required(one.needs))))
    telling: list[Clash] = [one for one in told if framework_of(required(one.needs))] or told
    for one in telling[-MOST:]:
        same = required(one.package) == required(one.needs)
        text = f"you ask for {neutral(one.package)}" if same else f"{neutral(one.package)} needs {neutral(one.needs)}"
        yield Reason(fact="packages:metadata", text=text)
    for framework in frameworks:
        if framework in unfit.request.frameworks:
            may = possible(replace(unfit.request, frameworks=(framework,)), facts, framework, solve)
            here = f"on Python {unfit.stack.environments[0].python}, cards and driver"
            text = f"{here} allow {framework} {may[-1]} to {may[0]}" if may else f"{here} allow no {framework}"
            yield Reason(fact=f"packages:{framework}", text=text)


def _ways(
    changes: Iterator[Change], facts: Facts, solve: Solve, resolve: Resolve, *, named: bool, glibc: str
) -> Iterator[Relaxation]:
    for text, options, request in islice(changes, TRIES):
        found = fit(request, facts, solve, resolve, named=named, glibc=glibc)
        if isinstance(found, Fit):
            yield Relaxation(text=text, options=options)


def _changes(request: Request, pins: list[str]) -> Iterator[Change]:
    """Yield single changes: without one of the user's `pins`, without a package's own limits, without the package."""
    own = request.packages
    for field in pins:
        yield f"leave out --{field}", (), replace(request, **{field: ""})
    for number, line in enumerate(own.wanted):
        bare = required(line)
        if bare != normal(line.strip()):
            wanted = (*own.wanted[:number], bare, *own.wanted[number + 1 :])
            text = f"ask for {bare} without {line[len(bare) :].strip() or 'limits'}"
            yield text, ("--with", bare), replace(request, packages=replace(own, wanted=wanted))
    for number, line in enumerate(own.wanted) if len(own.wanted) > 1 else ():
        wanted = (*own.wanted[:number], *own.wanted[number + 1 :])
        alone = f"gpusetup plan --with {shlex.quote(line)}"
        text = f"leave out {required(line)}, or give it an environment of its own: {alone}"
        yield text, (), replace(request, packages=replace(own, wanted=wanted))

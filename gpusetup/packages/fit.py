"""Fits stack and packages to each other: the stack's choice goes to the resolver, its refusal sends the choice back.

First the best stack as it is; then, for each Python in turn, every release of the frameworks that has a stack, of which
the resolver picks; the stack is then solved again around its pick. What was found is resolved once more exactly as it
will be installed, and looked through for a CUDA that differs from the environment's, which no resolver sees.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec.structs import replace

from gpusetup.packages.allowed import PACKAGES, Solve, exact, framework_of, possible, ranged, releases
from gpusetup.packages.majors import others
from gpusetup.packages.model import Question, Rejection, Resolution
from gpusetup.packages.notes import notes
from gpusetup.packages.pinned import pinned
from gpusetup.packages.refusals import bare
from gpusetup.resolve.model import Refusal, Request, Stack
from gpusetup.resolve.pins import known_pythons
from gpusetup.value import Value
from gpusetup.versions import cuda

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.packages.resolver import Resolve
    from gpusetup.resolve.model import Environment

PYTHONS = 4
"""How many Pythons of the release are tried; each costs a resolution."""
FINAL = ("not-found", "source-only", "cuda", "unreachable")
"""Refusals that another release or Python would not change."""


class Fit(Value):
    """A request whose packages are pinned, the stack that it has, and everything that its environment will hold."""

    request: Request
    stack: Stack
    resolution: Resolution


class Unfit(Value):
    """No stack suits the packages: the resolver's refusal that says most, and the stack it was asked for."""

    request: Request
    rejection: Rejection
    stack: Stack


class Fitter:
    """One request on its way to a fit; `named` says whether the user named the frameworks."""

    def __init__(
        self, request: Request, facts: Facts, solve: Solve, resolve: Resolve, *, named: bool, glibc: str = ""
    ) -> None:
        self.request, self.facts, self.solve, self.resolve, self.named = request, facts, solve, resolve, named
        self.glibc = glibc
        self.frameworks = request.frameworks if named else tuple(PACKAGES)
        """Those that the environment of the packages may be for."""
        self.silent: set[str] = set()
        """Indexes that did not answer."""
        self.major = 0
        """The CUDA major that the packages are built for, once one of another was refused."""

    def fit(self) -> Fit | Unfit | Refusal:
        """Return the first fit, else why there is none."""
        first = self.solve(self.request)
        if isinstance(first, Refusal):
            return first
        found = self._search(first)
        if isinstance(found, Fit) or not found.rejection.cuda or "torch" not in self.request.frameworks:
            return found
        self.major = found.rejection.cuda
        again = self._search(first)
        return again if isinstance(again, Fit) else found

    def _search(self, first: Stack) -> Fit | Unfit:
        told: Unfit | None = None
        for request, constraints in self._attempts(first):
            stack = self.solve(request)
            if isinstance(stack, Refusal):
                continue
            answer = self.ask(stack, stack.environments[0], constraints)
            if isinstance(answer, Resolution):
                found = self._settle(request, answer)
                if isinstance(found, Fit):
                    return found
                answer = found
            # what is said of one exact stack is about our choice; of every release that may be, about the packages
            said = -1 if told is None else _tells(told.rejection)
            if said > 0 and told is not None and told.request is self.request:
                said = 0
            if _tells(answer) > said:
                told = Unfit(request=request, rejection=answer, stack=stack)
            if answer.kind in FINAL:
                return Unfit(request=request, rejection=answer, stack=stack)
        return told or Unfit(request=self.request, rejection=Rejection(kind="other"), stack=first)

    def _attempts(self, first: Stack) -> Iterator[tuple[Request, tuple[str, ...]]]:
        """Yield requests with the constraints under which the resolver is asked, the best first."""
        if not self.major:
            every = (line for env in first.environments for line in exact(env))
            yield self.request, tuple(line for line in every if framework_of(line.partition("==")[0]))
        for python in self._pythons(first):
            usable = self.request.frameworks if self.named else self._usable(python)
            request = replace(self.request, python=python, frameworks=usable)
            lines: list[str] = []
            for framework in ("torch",) if self.major else usable:
                lines += ranged(self.facts, framework, self._possible(request, framework))
            yield request, tuple(lines)

    def _possible(self, request: Request, framework: str) -> list[str]:
        """Return the releases of a framework that have a stack; with a `major`, PyTorch's with such a build."""
        alone = replace(request, frameworks=(framework,))
        if not self.major:
            return possible(alone, self.facts, framework, self.solve)
        return [one for one in releases(self.facts, "torch") if any(self._builds(alone, one))]

    def _builds(self, request: Request, release: str) -> Iterator[str]:
        """Yield the builds of a torch release that have a stack, for the newest CUDA first."""
        builds = [one for one in self.facts.torch_build if release in one.releases]
        builds = [
            one for one in builds if one.machine == request.machine_arch and self.major in (0, cuda(one.cuda).major)
        ]
        for build in sorted(builds, key=lambda one: cuda(one.cuda), reverse=True):
            pin = f"{release}+{build.variant}"
            if isinstance(self.solve(replace(request, torch=pin)), Stack):
                yield pin

    def _pythons(self, first: Stack) -> list[str]:
        if self.request.python:
            return [self.request.python]
        own = [one.python for one in first.environments]
        return list(dict.fromkeys((*own, *filter(self._usable, known_pythons(self.facts)))))[:PYTHONS]

    def _usable(self, python: str) -> tuple[str, ...]:
        """Return the frameworks that have a stack with a Python."""
        alone = ((one, replace(self.request, python=python, frameworks=(one,))) for one in self.frameworks)
        return tuple(one for one, request in alone if isinstance(self.solve(request), Stack))

    def ask(self, stack: Stack, environment: Environment, constraints: tuple[str, ...]) -> Resolution | Rejection:
        """Ask the resolver for the packages in `environment`; an index that does not answer is left out and noted."""
        own = self.request.packages
        of_stack = {one.index for one in environment.requirements if one.index}
        indexes = tuple(one for one in dict.fromkeys((*of_stack, *own.indexes)) if one not in self.silent)
        asked = Question(
            wanted=own.wanted,
            constraints=(*own.constraints, *(constraints if not of_stack & self.silent else map(_public, constraints))),
            indexes=indexes,
            python=environment.python,
            machine=self.request.machine_arch,
            glibc=self.glibc or glibc_of(self.facts, stack.release),
            prereleases=own.prereleases,
        )
        answer = self.resolve(asked)
        if isinstance(answer, Rejection) and answer.kind == "unreachable":
            gone = [one for one in indexes if answer.index.startswith(one.rstrip("/"))]
            if gone:
                self.silent.update(gone)
                return self.ask(stack, environment, constraints)
        return answer

    def _settle(self, request: Request, answer: Resolution) -> Fit | Rejection:
        """Pin what the resolver picked, solve the stack around it, and resolve that exactly as it will be installed."""
        needed = tuple(one for one in PACKAGES if any(answer.version(name) for name in PACKAGES[one]))
        mine = tuple(one for one in needed if one in self.frameworks and answer.version(one))
        frameworks = self.request.frameworks if self.named or not mine else mine[:1]
        home = mine[0] if mine else frameworks[0]
        request = replace(request, frameworks=frameworks)
        version = answer.version(home)
        refused = Rejection(kind="conflict", packages=(home,))
        for pins in self._variants(request, home, version.partition("+")[0]):
            there = self.solve(replace(request, **pins))
            if isinstance(there, Refusal):
                continue
            found = self._exactly(replace(request, **pins), there, home, needed)
            if isinstance(found, Fit):
                return found
            refused = found
        return refused

    def _variants(self, request: Request, home: str, version: str) -> Iterator[dict[str, str]]:
        """Yield the pins of the framework: none, the release as it is, or PyTorch's builds for the `major`."""
        own: str = getattr(request, home)
        if self.major and home == "torch":
            may = [version] if version else releases(self.facts, "torch")
            yield from ({home: pin} for one in may for pin in self._builds(request, one))
        elif not version:
            yield {}
        else:
            yield {home: own if own.partition("+")[0] == version and "+" in own else version}

    def _exactly(self, request: Request, stack: Stack, home: str, needed: tuple[str, ...]) -> Fit | Rejection:
        environment = next(one for one in stack.environments if home in one.frameworks)
        answer = self.ask(stack, environment, tuple(exact(environment)))
        if isinstance(answer, Rejection):
            return answer
        if wrong := list(others(answer, environment.cuda)) if environment.cuda else []:
            names = tuple(f"{one.name} {one.version} is built for CUDA {major}" for one, major in wrong)
            return Rejection(kind="cuda", packages=names, text=environment.cuda, cuda=wrong[0][1])
        fixes = tuple(name for name in (*PACKAGES, "python") if getattr(request, name) != getattr(self.request, name))
        packages = replace(
            request.packages, home=home, fixes=fixes, pinned=tuple(pinned(request, answer, environment)),
            notes=(*request.packages.notes, *notes(request, answer, environment, needed, sorted(self.silent))),
        )  # fmt: skip
        request = replace(request, packages=packages)
        final = self.solve(request)
        assert isinstance(final, Stack), "packages add no constraint"
        return Fit(request=request, stack=final, resolution=answer)


def _tells(said: Rejection) -> int:
    """Return how much a refusal says: of what packages need, of two versions of one thing, or nothing of either."""
    if any(bare(one.package) != bare(one.needs) for one in said.clashes):
        return 2
    return int(bool(said.clashes))


def _public(line: str) -> str:
    """Return a constraint without a local version, which an index that does not answer alone has."""
    return line.partition("+")[0]


def glibc_of(facts: Facts, release: str) -> str:
    """Return the C library of a release of the distribution; where that is not known, one that is older."""
    row = next((one for one in facts.fedora if str(one.release) == release), None)
    return row.glibc if row and row.glibc else "2.34"

"""What a resolver is asked for one environment of a stack; an index that does not answer is left out and noted."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from gpusetup.distributions import required
from gpusetup.facts import systems
from gpusetup.packages.compiled.built import built, needs
from gpusetup.packages.compiled.known import sources
from gpusetup.packages.model import Question, Rejection, Resolution

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.packages.resolver import Resolve
    from gpusetup.resolve.model import Built, Environment, Request, Stack


def question(
    request: Request, environment: Environment, glibc: str, wanted: tuple[str, ...],
    constraints: tuple[str, ...] = (), silent: Collection[str] = (), without: Collection[str] = (),
) -> Question:  # fmt: skip
    """Return the question for the packages `wanted` in `environment`, without the indexes that are `silent`.

    Packages whose names are in `without` are left out, also where others depend on them.
    """
    own = request.packages
    indexes = (*(one.index for one in environment.requirements if one.index), *own.indexes)
    return Question(
        wanted=tuple(one for one in wanted if required(one) not in without),
        constraints=(*own.constraints, *constraints),
        indexes=tuple(one for one in dict.fromkeys(indexes) if one not in silent),
        python=environment.python,
        machine=request.machine_arch,
        glibc=glibc,
        prereleases=own.prereleases,
        without=tuple(sorted(without)),
    )


class Asker:
    """Asks a resolver for the packages of a request; `glibc` is the target's where it is not the release's."""

    def __init__(self, request: Request, facts: Facts, resolve: Resolve, glibc: str = "") -> None:
        self.request, self.facts, self.resolve, self.glibc = request, facts, resolve, glibc
        self.silent: set[str] = set()
        """Indexes that did not answer."""
        self.builds = False
        """Whether what has no wheel for this Python is to be built; what never has one is so at once."""
        self.built: dict[str, Built] = {}
        """By name, what is to be built in this attempt."""
        self.source_only: set[str] = set()
        """Names of packages without a wheel that were met."""
        self.limits: tuple[str, ...] = ()
        """Constraints without which the cards are too old."""

    def __call__(self, stack: Stack, environment: Environment, constraints: tuple[str, ...]) -> Resolution | Rejection:
        """Return what the packages resolve to in `environment`, or why they do not."""
        glibc = self.glibc or systems.glibc(self.facts, stack.request.distro, stack.release)
        local = self.silent.isdisjoint(one.index for one in environment.requirements)
        limits = constraints if local else tuple(map(_public, constraints))
        asked = question(
            self.request, environment, glibc, self._wanted(), (*limits, *self.limits), self.silent, self.built
        )
        answer = self.resolve(asked)
        if isinstance(answer, Rejection) and answer.kind == "source-only":
            more = self._to_build(answer)
            if more:
                self.built |= more
                return self(stack, environment, constraints)
        if isinstance(answer, Rejection) and answer.kind == "unreachable":
            gone = [one for one in asked.indexes if answer.index.startswith(one.rstrip("/"))]
            if gone:
                self.silent.update(gone)
                return self(stack, environment, constraints)
        return answer

    def _to_build(self, said: Rejection) -> dict[str, Built]:
        """Return what is to be built after a refusal, by name: all that it names, or nothing."""
        more = built(said, self.request.packages.wanted, self.built)
        self.source_only |= more.keys()
        return more if self.builds or more.keys() <= sources().keys() else {}

    def _wanted(self) -> tuple[str, ...]:
        """Return what was asked for, and what packages need at run time of which only the source is there."""
        needed = (line for one in self.built for line in needs(one))
        return tuple(dict.fromkeys((*self.request.packages.wanted, *needed)))


def _public(line: str) -> str:
    """Return a constraint without a local version, which an index that does not answer alone has."""
    return line.partition("+")[0]

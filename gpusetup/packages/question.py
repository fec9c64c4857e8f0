"""What a resolver is asked for one environment of a stack; an index that does not answer is left out and noted."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from gpusetup.packages.model import Question, Rejection, Resolution

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.packages.resolver import Resolve
    from gpusetup.resolve.model import Environment, Request, Stack

OLDER = ((35, "2.34"), (29, "2.28"))
"""Releases and their C library where the tables have none; each counts for those after it.

Sources: lists.centos.org, devel, July 2021 (2.34 in Fedora 35); fedoraproject.org/wiki/Changes/GLIBC228.
"""


def question(
    request: Request, environment: Environment, glibc: str, wanted: tuple[str, ...],
    constraints: tuple[str, ...] = (), silent: Collection[str] = (),
) -> Question:  # fmt: skip
    """Return the question for the packages `wanted` in `environment`, without the indexes that are `silent`."""
    own = request.packages
    indexes = (*(one.index for one in environment.requirements if one.index), *own.indexes)
    return Question(
        wanted=wanted,
        constraints=(*own.constraints, *constraints),
        indexes=tuple(one for one in dict.fromkeys(indexes) if one not in silent),
        python=environment.python,
        machine=request.machine_arch,
        glibc=glibc,
        prereleases=own.prereleases,
    )


def glibc_of(facts: Facts, release: str) -> str:
    """Return the C library of a release of the distribution; where that is not known, one that is older."""
    known = (*((row.release, row.glibc) for row in facts.fedora if row.glibc), *OLDER)
    return max((one for one in known if one[0] <= int(release)), default=OLDER[-1])[1]


class Asker:
    """Asks a resolver for the packages of a request; `glibc` is the target's where it is not the release's."""

    def __init__(self, request: Request, facts: Facts, resolve: Resolve, glibc: str = "") -> None:
        self.request, self.facts, self.resolve, self.glibc = request, facts, resolve, glibc
        self.silent: set[str] = set()
        """Indexes that did not answer."""

    def __call__(self, stack: Stack, environment: Environment, constraints: tuple[str, ...]) -> Resolution | Rejection:
        """Return what the packages resolve to in `environment`, or why they do not."""
        glibc = self.glibc or glibc_of(self.facts, stack.release)
        local = self.silent.isdisjoint(one.index for one in environment.requirements)
        limits = constraints if local else tuple(map(_public, constraints))
        asked = question(self.request, environment, glibc, self.request.packages.wanted, limits, self.silent)
        answer = self.resolve(asked)
        if isinstance(answer, Rejection) and answer.kind == "unreachable":
            gone = [one for one in asked.indexes if answer.index.startswith(one.rstrip("/"))]
            if gone:
                self.silent.update(gone)
                return self(stack, environment, constraints)
        return answer


def _public(line: str) -> str:
    """Return a constraint without a local version, which an index that does not answer alone has."""
    return line.partition("+")[0]

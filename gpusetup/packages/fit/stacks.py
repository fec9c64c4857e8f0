"""The stacks among which packages may choose: for each Python in turn, every release of the frameworks that has one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from gpusetup.packages.fit.allowed import PACKAGES, exact, framework_of, possible, ranged, releases
from gpusetup.resolve.model import Stack
from gpusetup.resolve.pins import known_pythons
from gpusetup.versions import cuda

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.packages.fit.allowed import Solve
    from gpusetup.resolve.model import Request

PYTHONS = 4
"""How many Pythons of the release are tried; each costs a resolution."""


class Stacks(msgspec.Struct, frozen=True):
    """The stacks that there are for a request; `named` says whether the user named the frameworks."""

    request: Request
    facts: Facts
    solve: Solve
    named: bool
    major: int = 0
    """The CUDA major that the packages are built for, once one of another was refused."""

    @property
    def frameworks(self) -> tuple[str, ...]:
        """Those that the environment of the packages may be for."""
        return self.request.frameworks if self.named else tuple(PACKAGES)

    def attempts(self, first: Stack) -> Iterator[tuple[Request, tuple[str, ...]]]:
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

    def builds(self, request: Request, release: str) -> Iterator[str]:
        """Yield the builds of a torch release that have a stack, for the newest CUDA first."""
        builds = [
            one
            for one in self.facts.torch_build
            if release in one.releases
            and one.machine == request.machine_arch
            and self.major in (0, cuda(one.cuda).major)
        ]
        for build in sorted(builds, key=lambda one: cuda(one.cuda), reverse=True):
            pin = f"{release}+{build.variant}"
            if isinstance(self.solve(replace(request, torch=pin)), Stack):
                yield pin

    def _possible(self, request: Request, framework: str) -> list[str]:
        """Return the releases of a framework that have a stack; with a `major`, PyTorch's with such a build."""
        alone = replace(request, frameworks=(framework,))
        if not self.major:
            return possible(alone, self.facts, framework, self.solve)
        return [one for one in releases(self.facts, "torch") if any(self.builds(alone, one))]

    def _pythons(self, first: Stack) -> list[str]:
        if self.request.python:
            return [self.request.python]
        own = [one.python for one in first.environments]
        return list(dict.fromkeys((*own, *filter(self._usable, known_pythons(self.facts)))))[:PYTHONS]

    def _usable(self, python: str) -> tuple[str, ...]:
        """Return the frameworks that have a stack with a Python."""
        alone = ((one, replace(self.request, python=python, frameworks=(one,))) for one in self.frameworks)
        return tuple(one for one, request in alone if isinstance(self.solve(request), Stack))

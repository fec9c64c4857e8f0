"""One card and one framework: the solver's problem, narrowed to one build and one Python at a time.

A build that no Python makes possible is refused for all of them at once: one more demand never makes a problem
solvable. The toolkit is left out, since having none is always a choice; the tests hold samples against whole solves.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from gpusetup.resolve.asked.demands import demands
from gpusetup.resolve.pins import BY_FIELD, covers
from gpusetup.resolve.solver.problem import Problem
from gpusetup.resolve.solver.search import Conflict, search
from gpusetup.resolve.solver.solve import problem, releases
from gpusetup.resolve.told.explanation import against
from gpusetup.resolve.told.refusal import telling

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gpusetup.resolve.candidates import JaxWheel, TensorflowWheel, TorchWheel
    from gpusetup.resolve.domains import Catalogue
    from gpusetup.resolve.model import Reason, Request

    Wheel = TorchWheel | TensorflowWheel | JaxWheel

TO_COMPILE = ("toolkit", "compiler", "toolkit_cudnn")
Places = tuple[str, ...]


class Cells:
    """All cells of the one card and the one framework of a request."""

    def __init__(self, request: Request, known: Catalogue, today: date) -> None:
        self.framework = request.frameworks[0]
        self.releases = releases(request, known, today)
        self.builds: tuple[Wheel, ...] = tuple(_wanted(request, getattr(known, self.framework)[True]))
        self._python = f"python {self.framework}"
        self._rules = known.rules
        self._demands = [demands(request, one, today) for one in self.releases]
        self._domains = [_domains(request, problem(request, known, one, today)) for one in self.releases]
        offered = {one.version: None for domains in self._domains for one in domains[self._python]}
        fitting = tuple(one for one in offered if covers(request.python or one, one))
        self._is_offered = bool(fitting)
        self.pythons: tuple[str, ...] = fitting or (request.python,)
        """The Pythons of the releases, each once; those of a pin alone, where there is one, offered or not."""

    def refused(self, build: Wheel) -> Iterator[tuple[Places, tuple[Reason, ...]]]:
        """Yield the Pythons that `build` does not run with, by the reasons."""
        whole = self._conflict(build)
        if whole is not None and not (self._is_offered and self._is_about_python(whole)):
            yield self.pythons, _reasons(whole)
            return
        alike: dict[tuple[Reason, ...], list[str]] = {}
        for python in self.pythons:
            if (found := self._conflict(build, python)) is not None:
                alike.setdefault(_reasons(found), []).append(python)
        for reasons, some in alike.items():
            yield tuple(some), reasons

    def _conflict(self, build: Wheel, python: str = "") -> Conflict | None:
        """Return why no release has a stack with these, on the preferred one that has this Python; None if one has."""
        conflicts = []
        for domains, own in zip(self._domains, self._demands, strict=True):
            pythons = [one for one in domains[self._python] if python in ("", one.version)]
            if pythons:
                found = search(Problem(domains | {self.framework: (build,), self._python: pythons}, own, self._rules))
                if not isinstance(found, Conflict):
                    return None
                conflicts.append(found)
        return conflicts[0]

    def _is_about_python(self, conflict: Conflict) -> bool:
        """Say whether the Python has a part in a conflict, so that each has a reason of its own."""
        place = list(self._domains[0]).index(self._python)
        return any(place in bound.places for bound in conflict.blame)


def _reasons(conflict: Conflict) -> tuple[Reason, ...]:
    return against(telling(conflict.blame))


def _domains(request: Request, one: Problem) -> dict[str, tuple[Any, ...]]:
    """Return the domains; a pinned Python narrows its own, except on a release without it: there the pin is blamed."""
    domains = {name: domain for name, domain in zip(one.names, one.domains, strict=True) if name not in TO_COMPILE}
    python = f"python {request.frameworks[0]}"
    fitting = tuple(one for one in domains[python] if covers(request.python or one.version, one.version))
    return domains | {python: fitting or domains[python]}


def _wanted(request: Request, builds: tuple[Wheel, ...]) -> Iterator[Wheel]:
    """Yield the builds that a pin of the framework allows; without a pin, all."""
    (framework,) = request.frameworks
    pin = getattr(request, framework)
    fits = BY_FIELD[framework].fits[framework]
    return (one for one in builds if not pin or fits(one, pin))

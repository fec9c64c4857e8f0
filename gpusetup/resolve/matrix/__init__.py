"""The compatibility matrix: card × CUDA × framework × Python, each cell decided by the solver, with its reasons."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from msgspec.structs import replace

from gpusetup.facts.find import arch_of
from gpusetup.resolve.asked.cards import bound_row, named
from gpusetup.resolve.asked.request import ARCHES
from gpusetup.resolve.candidates import JaxWheel, TorchWheel
from gpusetup.resolve.domains import catalogue
from gpusetup.resolve.matrix.cells import Cells
from gpusetup.resolve.matrix.model import Matrix, MatrixCard, MatrixRow, RefusedPythons
from gpusetup.versions import cuda, dotted, driver

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gpusetup.facts import Facts
    from gpusetup.resolve.matrix.cells import Wheel
    from gpusetup.resolve.model import Arch, Card, Reason, Request

THIS = "this card"


def every_card(facts: Facts) -> tuple[Card, ...]:
    """Return one card for each compute capability in the tables, the newest first."""
    return named(facts, (), [cc for row in facts.arch for cc in row.cc])


def matrix(facts: Facts, request: Request, today: date | None = None, *, arch: Arch | None = None) -> Matrix:
    """Return the matrix of the cards and frameworks of `request`, under its other demands.

    `arch` is the processor architecture of all hosts; without it, a card that is bound to one kind of host is in that.
    """
    day = today or date.today()
    building = _Building(facts, day)
    for card in request.cards:
        here = arch or _home(facts, card)
        building.add(replace(request, cards=(card,), machine_arch=here))
    return building.built()


def _home(facts: Facts, card: Card) -> Arch:
    bound = bound_row(facts, card.name, card.compute_capability)
    return ARCHES[bound.host_arch] if bound is not None and bound.host_arch else "x86_64"


class _Building:
    """Collects rows card by card, and numbers the reasons."""

    def __init__(self, facts: Facts, today: date) -> None:
        self.facts = facts
        self.today = today
        self.cards: list[MatrixCard] = []
        self.rows: list[MatrixRow] = []
        self.reasons: dict[Reason, int] = {}
        self.pythons: set[str] = set()
        self.releases: tuple[str, ...] = ()

    def add(self, request: Request) -> None:
        """Add the rows of the one card of `request`, for each of its frameworks."""
        (card,) = request.cards
        known = catalogue(self.facts, request.machine_arch, request.distro)
        row = arch_of(self.facts, card.compute_capability)
        self.cards.append(
            MatrixCard(
                name=card.name,
                arch=card.arch,
                compute_capability=card.compute_capability,
                machine_arch=request.machine_arch,
                first_driver=row.first_driver_derived if row else "",
                last_driver_branch=row.last_driver_branch if row else "",
            )
        )
        for framework in request.frameworks:
            cells = Cells(replace(request, frameworks=(framework,)), known, self.today)
            self.releases = tuple(map(str, cells.releases))
            self.pythons.update(cells.pythons)
            self.rows += self._rows(cells, str(known.card(card.name, card.compute_capability)))

    def built(self) -> Matrix:
        """Return the matrix of what was added."""
        pythons = tuple(sorted(self.pythons, key=dotted))
        return Matrix(
            releases=self.releases,
            pythons=pythons,
            cards=tuple(self.cards),
            rows=tuple(self.rows),
            reasons=tuple(self.reasons),
        )

    def _rows(self, cells: Cells, card: str) -> Iterator[MatrixRow]:
        for build in cells.builds:
            refused = tuple(
                RefusedPythons(pythons=_sorted(pythons), because=tuple(self._place(one, card) for one in because))
                for pythons, because in cells.refused(build)
            )
            no = {python for some in refused for python in some.pythons}
            yield MatrixRow(
                card=len(self.cards) - 1,
                framework=cells.framework,
                release=build.row.release,
                build=str(build),
                cuda=_cuda(build),
                driver_floor=_later(build.floor.driver, self.cards[-1].first_driver) if build.floor else "",
                pythons=_sorted(one for one in cells.pythons if one not in no),
                refused=refused,
            )

    def _place(self, reason: Reason, card: str) -> int:
        same = replace(reason, text=reason.text.replace(card, THIS))
        return self.reasons.setdefault(same, len(self.reasons))


def _sorted(pythons: Iterator[str] | tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(pythons, key=dotted))


def _later(floor: str, first: str) -> str:
    """Return the later of the oldest driver for a CUDA and the first one for a card."""
    return max((floor, first), key=driver) if first else floor


def _cuda(build: Wheel) -> str:
    """Return the series of CUDA that a build brings; the major of JAX's plugin, whose wheels take any of its minors."""
    if isinstance(build, JaxWheel):
        return str(build.plugin.cuda) if build.plugin else ""
    if isinstance(build, TorchWheel):
        return cuda(build.build.cuda).series if build.build else ""
    return build.series.series

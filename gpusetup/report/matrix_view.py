"""A matrix as a grid that people read: by Python for one card, by card for several; the reasons are numbered once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from gpusetup.resolve.components import TITLES
from gpusetup.resolve.pins import FRAMEWORKS
from gpusetup.versions import dotted, driver

if TYPE_CHECKING:
    from gpusetup.resolve.matrix.model import Matrix, MatrixCard, MatrixRow
    from gpusetup.resolve.model import Reason

T = TypeVar("T")
YES, NO = "yes", "no"
ABSENT = "no build"
"""Of a build that there is for other hosts than that of the card."""


class Cell(NamedTuple):
    """One field: ``yes``, ``no``, or the Pythons that work; and the numbers of the reasons against the rest."""

    text: str
    possible: bool
    because: tuple[int, ...] = ()
    span: int = 1
    """How many columns it covers."""


class Line(NamedTuple):
    """One build."""

    build: str
    cuda: str
    driver: str
    cells: tuple[Cell, ...]

    @property
    def possible(self) -> bool:
        """Whether any field is possible."""
        return any(cell.possible for cell in self.cells)


class Lines(NamedTuple):
    """The builds of one framework, the newest first, and how many older ones are left out."""

    framework: str
    lines: tuple[Line, ...]
    older: int = 0

    @property
    def title(self) -> str:
        """The framework's name."""
        return TITLES[self.framework]


class Column(NamedTuple):
    """One column: a Python, or a card with what it is short for."""

    head: str
    title: str = ""


class Grid(NamedTuple):
    """The columns, the builds by framework, and the reasons, of which the first has the number 1."""

    columns: tuple[Column, ...]
    groups: tuple[Lines, ...]
    reasons: tuple[Reason, ...]


class _Numbers:
    """Numbers the reasons in the order in which they appear."""

    def __init__(self, matrix: Matrix) -> None:
        self._all = matrix.reasons
        self._number: dict[int, int] = {}

    def of(self, places: Sequence[int]) -> tuple[int, ...]:
        """Return the number of each reason."""
        return tuple(self._number.setdefault(place, len(self._number) + 1) for place in places)

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """The reasons in the order of their numbers."""
        return tuple(self._all[place] for place in self._number)


def by_python(matrix: Matrix, card: int, *, everything: bool = False) -> Grid:
    """Return the builds for one card, with a column for each Python."""
    numbers = _Numbers(matrix)
    groups = []
    for framework, rows in _by_framework([row for row in matrix.rows if row.card == card]):
        kept, older = (rows, 0) if everything else _worth(newest_patches(rows), lambda row: bool(row.pythons))
        lines = tuple(_line(row, _python_cells(row, matrix.pythons, numbers)) for row in kept)
        groups.append(Lines(framework, lines, older))
    return Grid(tuple(Column(one, f"Python {one}") for one in matrix.pythons), tuple(groups), numbers.reasons)


def by_card(matrix: Matrix, *, everything: bool = False) -> Grid:
    """Return the builds with a column for each card, whose fields have the Pythons that work."""
    numbers = _Numbers(matrix)
    groups = []
    for framework, rows in _by_framework(matrix.rows):
        builds: dict[str, dict[int, MatrixRow]] = {}
        for row in rows if everything else newest_patches(rows):
            builds.setdefault(row.build, {})[row.card] = row
        order = sorted(builds.values(), key=lambda one: dotted(next(iter(one.values())).release), reverse=True)
        kept, older = (order, 0) if everything else _worth(order, _runs)
        lines = tuple(_line_of_cards(one, matrix, numbers) for one in kept)
        groups.append(Lines(framework, lines, older))
    columns = tuple(Column(card.compute_capability, _of_card(card)) for card in matrix.cards)
    return Grid(columns, tuple(groups), numbers.reasons)


def _of_card(card: MatrixCard) -> str:
    return f"{card.arch}, driver {card.first_driver} or newer" if card.first_driver else card.arch


def newest(matrix: Matrix) -> Grid:
    """Return for each framework one line: the newest build that works on each card, and why no newer one does."""
    numbers = _Numbers(matrix)
    groups = []
    for framework, rows in _by_framework(matrix.rows):
        cells = tuple(_newest([row for row in rows if row.card == card], numbers) for card in range(len(matrix.cards)))
        groups.append(Lines(framework, (Line("newest", "", "", cells),)))
    columns = tuple(Column(card.compute_capability, card.arch) for card in matrix.cards)
    return Grid(columns, tuple(groups), numbers.reasons)


def span(pythons: Sequence[str]) -> str:
    """Return ``3.10–3.13`` for Pythons of which each follows the one before, else all of them."""
    minors = [int(one.partition(".")[2]) for one in pythons]
    if len(pythons) > 2 and minors == list(range(minors[0], minors[-1] + 1)):
        return f"{pythons[0]}–{pythons[-1]}"
    return ", ".join(pythons)


def newest_patches(rows: Sequence[MatrixRow]) -> list[MatrixRow]:
    """Return of each series of releases, CUDA and card the newest: 2.14.1 stands for 2.14.0."""
    found: dict[tuple[int, str, str, str], MatrixRow] = {}
    for row in rows:
        key = (row.card, row.framework, ".".join(row.release.split(".")[:2]), row.cuda)
        found.setdefault(key, row)  # the newest comes first
    return list(found.values())


def _worth(rows: list[T], works: Callable[[T], bool]) -> tuple[list[T], int]:
    """Return the rows as far as the last one that works, and how many older ones do not."""
    last = max((place for place, row in enumerate(rows) if works(row)), default=0)
    return rows[: last + 1], len(rows) - last - 1


def _by_framework(rows: Sequence[MatrixRow]) -> Iterator[tuple[str, list[MatrixRow]]]:
    for framework in FRAMEWORKS:
        if found := [row for row in rows if row.framework == framework]:
            yield framework, found


def _line(row: MatrixRow, cells: tuple[Cell, ...]) -> Line:
    return Line(row.build, row.cuda, row.driver_floor, cells)


def _python_cells(row: MatrixRow, pythons: Sequence[str], numbers: _Numbers) -> tuple[Cell, ...]:
    """Return a field for each Python; one for all where all are refused for the same reasons."""
    if not row.pythons and len(row.refused) == 1:
        return (Cell(NO, False, numbers.of(row.refused[0].because), len(pythons)),)
    refused = {python: some.because for some in row.refused for python in some.pythons}
    return tuple(Cell(NO, False, numbers.of(refused[one])) if one in refused else Cell(YES, True) for one in pythons)


def _runs(rows: dict[int, MatrixRow]) -> bool:
    return any(row.pythons for row in rows.values())


def _line_of_cards(rows: dict[int, MatrixRow], matrix: Matrix, numbers: _Numbers) -> Line:
    """Return a line for several cards, with the oldest driver that runs the build on any of them."""
    cells = tuple(_card_cell(rows.get(card), numbers) for card in range(len(matrix.cards)))
    return _line(min(rows.values(), key=lambda row: driver(row.driver_floor or "0")), cells)


def _card_cell(row: MatrixRow | None, numbers: _Numbers) -> Cell:
    if row is None:  # not built for the host of this card
        return Cell(ABSENT, False)
    because = tuple({number: None for some in row.refused for number in numbers.of(some.because)})
    return Cell(span(row.pythons) if row.pythons else NO, bool(row.pythons), because)


def _newest(rows: list[MatrixRow], numbers: _Numbers) -> Cell:
    """Return the newest build that works, with the reasons against the newest of all where it is not that."""
    works = next((row for row in rows if row.pythons), None)
    against = () if not rows or rows[0] is works else numbers.of(rows[0].refused[0].because)
    if works is None:
        return Cell(NO, False, against)
    return Cell(f"{works.build}, Python {span(works.pythons)}", True, against)

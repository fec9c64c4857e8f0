"""The compatibility matrix: builds by card, or for one card by Python; each refused field leads to its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gpusetup.report.matrix_view import by_card, by_python
from gpusetup.report.page.model import Section

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gpusetup.report.matrix_view import Grid
    from gpusetup.report.page.model import Result
    from gpusetup.resolve.matrix.model import Matrix, MatrixCard

_FEW = 3
"""Cards that get a table each; more share one, with a column for each."""


class Shown(NamedTuple):
    """One table: its title, and what its columns are."""

    title: str
    note: str
    grid: Grid
    columns: str
    """What a column stands for: ``Python`` or ``Card``."""
    picked: frozenset[str] = frozenset()
    """The builds that a plan chose."""


def sections(results: Sequence[Result]) -> Iterator[Section]:
    """Yield one section for each matrix."""
    for one in results:
        yield section(one.value)


def section(matrix: Matrix, *, everything: bool = False, picked: frozenset[str] = frozenset()) -> Section:
    """Return the section for `matrix`; `picked` are the builds that a plan chose, `everything` has old patches too."""
    if len(matrix.cards) > _FEW:
        shown = [_of_all(matrix, everything=everything)]
    else:
        shown = [
            Shown(_card(card), _driven(card), by_python(matrix, place, everything=everything), "Python", picked)
            for place, card in enumerate(matrix.cards)
        ]
    runs = sum(line.possible for one in shown for group in one.grid.groups for line in group.lines)
    lines = sum(len(group.lines) for one in shown for group in one.grid.groups)
    return Section(
        id="matrix",
        title="What else runs" if picked else "What runs on what",
        template="matrix.html.j2",
        view={"grids": shown, "releases": " or ".join(matrix.releases), "everything": everything},
        answer=f"{runs} of {lines} builds run, on {' or '.join(matrix.releases)}",
    )


def _of_all(matrix: Matrix, *, everything: bool) -> Shown:
    note = "A field has the Pythons with which a build runs. Cards that are bound to Arm hosts are judged there."
    return Shown(f"{len(matrix.cards)} cards", note, by_card(matrix, everything=everything), "Card")


def _card(card: MatrixCard) -> str:
    arm = "" if card.machine_arch == "x86_64" else ", in an Arm host"
    return f"{card.name} ({card.compute_capability}){arm}"


def _driven(card: MatrixCard) -> str:
    first, last = card.first_driver, card.last_driver_branch
    came = f"It came with driver {first}; no older branch drives it. " if first else ""
    return came + (f"Driver branch {last} is the last that does." if last else "New driver branches drive it.")

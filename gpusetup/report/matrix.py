"""The compatibility matrix as text: the newest builds for every card, or every build for a few cards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.report.console import console, show_table
from gpusetup.report.lines import line
from gpusetup.report.matrix_view import by_python, newest
from gpusetup.report.plan_reasons import reason_text

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from gpusetup.report.matrix_view import Cell, Grid, Lines
    from gpusetup.resolve.matrix.model import Matrix, MatrixCard
    from gpusetup.resolve.model import Reason

MARKS = {True: "✓", False: "✗"}


def show_cards(matrix: Matrix) -> None:
    """Print for each card the newest build of each framework that runs on it, and why no newer one does."""
    grid = newest(matrix)
    out = console()
    line(out, "", f"The newest build that runs on each card, on {_hosts(matrix)}", "bold")
    table = _table("card", *(group.title for group in grid.groups))
    for place, card in enumerate(matrix.cards):
        cells = [group.lines[0].cells[place] for group in grid.groups]
        table.add_row(f"{card.compute_capability}  {card.arch}", *map(_newest, cells))
    show_table(table)
    _reasons(out, grid.reasons, "Why not a newer one")


def show_builds(matrix: Matrix, *, everything: bool) -> None:
    """Print for each card a table of builds and Pythons, with numbered reasons."""
    out = console()
    for place, card in enumerate(matrix.cards):
        grid = by_python(matrix, place, everything=everything)
        if place:
            line(out, "", "")
        line(out, "", f"{_card(card)}, on {_hosts(matrix)}", "bold")
        for group in grid.groups:
            _group(out, grid, group)
        _reasons(out, grid.reasons, "Why not")


def _group(out: Console, grid: Grid, group: Lines) -> None:
    table = _table(group.title, "CUDA", "driver ≥", *(one.head for one in grid.columns))
    for one in group.lines:
        cells = [text for cell in one.cells for text in (_mark(cell), *[""] * (cell.span - 1))]
        table.add_row(one.build, one.cuda, one.driver or "?", *cells)
    line(out, "", "")
    show_table(table)
    if group.older:
        line(out, "", f"{group.older} older releases do not run: --all", "dim")


def _mark(cell: Cell) -> str:
    return " ".join((MARKS[cell.possible], ",".join(map(str, cell.because)))).rstrip()


def _newest(cell: Cell) -> str:
    numbers = f" [{','.join(map(str, cell.because))}]" if cell.because else ""
    return f"{cell.text if cell.possible else 'none'}{numbers}"


def _reasons(out: Console, reasons: tuple[Reason, ...], title: str) -> None:
    if not reasons:
        return
    line(out, "", "")
    line(out, "", title, "bold")
    for number, reason in enumerate(reasons, start=1):
        line(out, f"{number:>4}  ", reason_text(reason))


def _card(card: MatrixCard) -> str:
    last = f", driven by branch {card.last_driver_branch} at most" if card.last_driver_branch else ""
    return f"{card.name} ({card.compute_capability}), {card.machine_arch}{last}"


def _hosts(matrix: Matrix) -> str:
    return " or ".join(matrix.releases)


def _table(*columns: str) -> Table:
    from rich.table import Table  # the console has loaded it

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table

"""Writes ``docs/matrix/``: the compatibility matrix as a page of the site, and every build on a page of its own."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from gpusetup import __version__
from gpusetup.facts import facts
from gpusetup.report.matrix_view import newest
from gpusetup.report.page.assemble import About, page
from gpusetup.report.page.sections.matrix import section
from gpusetup.resolve.matrix import every_card, matrix
from gpusetup.resolve.model import Request
from gpusetup.resolve.pins import FRAMEWORKS

if TYPE_CHECKING:
    from gpusetup.report.matrix_view import Cell
    from gpusetup.resolve.matrix.model import Matrix

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "matrix"
HEAD = """# What runs on what

The newest build of each framework that runs on each generation of cards, on {releases}, as the solver decides from the
[facts](../facts.md). A number leads to the reason why no newer build does.

[**Every build, with the CUDA, driver and Pythons it takes**](builds.html): filter it by card and framework, or ask for
your card: `gpusetup facts matrix --gpu "RTX 4090"`. `--json` prints the whole matrix, `gpusetup why` explains one
version.

"""
FOOT = """
A sample of its fields is held against whole solves, and 22 fields against what the makers state (PyTorch's RELEASE.md,
TensorFlow's tested configurations, JAX's installation page). One differs: JAX names 5.2 as the oldest capability for
CUDA 12, and its wheels have machine code for 5.0; the matrix goes by the wheels.
"""


def pages() -> dict[str, str]:
    """Return the text of every file in ``docs/matrix/`` by its name."""
    found = matrix(facts(), Request(cards=every_card(facts()), frameworks=FRAMEWORKS))
    about = About("Which builds run on which card", str(date.today()), __version__, True, ("the facts",))
    return {"README.md": _newest(found), "builds.html": page([section(found)], about)}


def _newest(found: Matrix) -> str:
    grid = newest(found)
    lines = [HEAD.format(releases=" or ".join(found.releases))]
    lines += [f"| capability | generation | {' | '.join(group.title for group in grid.groups)} |\n"]
    lines += [f"|---|---|{'---|' * len(grid.groups)}\n"]
    for place, card in enumerate(found.cards):
        cells = [_cell(group.lines[0].cells[place]) for group in grid.groups]
        lines.append(f"| {card.compute_capability} | {card.arch} | {' | '.join(cells)} |\n")
    lines.append("\n## Why not a newer one\n\n")
    for number, reason in enumerate(grid.reasons, start=1):
        lines.append(f'<a id="why-{number}"></a>\n\n{number}\\. {reason.text} (`{reason.fact}`)\n\n')
    return "".join([*lines, FOOT])


def _cell(cell: Cell) -> str:
    why = "".join(f" [{number}](#why-{number})" for number in cell.because)
    return f"{cell.text if cell.possible else 'none'}{why}"


def main() -> int:
    """Write the pages."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    written = pages()
    for name, text in written.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    print(f"{len(written)} pages in {FOLDER}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

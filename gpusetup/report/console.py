"""The two places text goes: stdout for the result, stderr for the conversation."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

WIDTH_WHEN_PIPED = 110


def console(*, stderr: bool = False) -> Console:
    """Return a rich console: colour only on a terminal and never with NO_COLOR, a fixed width in pipes.

    Markup and highlighting are off: what a host says of itself is data, never formatting.
    """
    from rich.console import Console  # rich is most of the start-up time

    class Piped(Console):
        def on_broken_pipe(self) -> None:
            """Leave it to the command line: rich would end with 1, and needs /dev/null for that."""
            raise BrokenPipeError

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else WIDTH_WHEN_PIPED
    return Piped(file=stream, width=width, markup=False, highlight=False, emoji=False)


def show_table(table: Table) -> None:
    """Print `table`; in a pipe without the blanks that pad its lines."""
    out = console()
    if out.is_terminal:
        out.print(table)
        return
    with out.capture() as shown:
        out.print(table)
    out.file.write("".join(f"{line.rstrip()}\n" for line in shown.get().splitlines()))

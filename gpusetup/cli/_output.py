"""Where a command's result goes: standard output, or a file that was looked at before the work began."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from gpusetup.cli._streams import tell

if TYPE_CHECKING:
    from pathlib import Path


class _OutputFile(click.ParamType[Any]):
    """A file to write, ``-`` for standard output; refused at once where nothing could be written later."""

    name = "file"

    def convert(self, value: str, _param: click.Parameter | None, _ctx: click.Context | None) -> Path:
        from pathlib import Path  # most commands print

        from gpusetup.errors import WrongInputError
        from gpusetup.files import STDIO, require_writable

        path = Path(value)
        if value.endswith("/"):
            raise WrongInputError(f"cannot write {value}: it is the name of a folder")
        if value != STDIO:
            require_writable(path)
        return path


OUTPUT = _OutputFile()


def deliver(text: str, output: Path | None, hint: str = "", mode: int | None = None) -> None:
    """Write `text` to the file `output` and say so on stderr with a `hint`, or print it where there is none.

    It is a document (JSON, a script), so it is UTF-8 whatever the terminal's encoding. Raises `WrongInputError` when
    the file cannot be written.
    """
    from gpusetup.files import STDIO, write

    if output is None or str(output) == STDIO:
        click.echo(text.encode(), nl=False)
        return
    write(output, text, mode)
    tell(f"saved {output}{hint}")

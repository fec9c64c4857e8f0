"""Write a command's result to standard output, or to a file that was checked before the work began."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from gpusetup.cli._streams import notify

if TYPE_CHECKING:
    from pathlib import Path


class _OutputFile(click.ParamType[Any]):
    """A file to write, ``-`` for standard output; an unwritable file is refused at once, not after the work."""

    name = "file"

    def convert(self, value: str, _param: click.Parameter | None, _ctx: click.Context | None) -> Path:
        from pathlib import Path  # only needed with --output

        from gpusetup.errors import WrongInputError
        from gpusetup.files import STDIO, require_writable

        path = Path(value)
        if value.endswith("/"):
            raise WrongInputError(f"cannot write {value}: it names a folder")
        if value != STDIO:
            require_writable(path)
        return path


OUTPUT = _OutputFile()


def deliver(text: str, output: Path | None, hint: str = "", mode: int | None = None) -> None:
    """Write `text` to the file `output` and report that on stderr with a `hint`; print it if there is no file.

    The text is a document (JSON, a script) and is always UTF-8, independent of the terminal's encoding. Raises
    `WrongInputError` when the file cannot be written.
    """
    from gpusetup.files import STDIO, write

    if output is None or str(output) == STDIO:
        click.echo(text.encode(), nl=False)
        return
    write(output, text, mode)
    notify(f"saved {output}{hint}")

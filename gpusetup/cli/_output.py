"""``--output``: a file that is checked before the work begins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

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

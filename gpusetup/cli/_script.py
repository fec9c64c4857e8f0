"""``selftest --script`` and ``--model``: which check runs what is the user's own, for as long as the command runs."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import click


class Own(NamedTuple):
    """What is run: names of checks, the folder of own ones, frameworks, and ``FILE:FUNCTION`` without a reference."""

    names: tuple[str, ...]
    folder: Path | None
    frameworks: tuple[str, ...]
    whose: str = ""


def own_of(ctx: click.Context, script: str | None, model: str | None, asked: Own, data: Path | None) -> Own:
    """Return what is run: that which is `asked` for, or the user's script or model; raises `WrongInputError`."""
    from gpusetup.selftest.own_model import CHECK, choose_frameworks, read_model, require_alone
    from gpusetup.selftest.own_script import read_script, require_single, settle, write_check

    if script is not None:
        require_single(model, asked.names, data, asked.folder)
        found = read_script(script)
        functions = settle(found, asked.frameworks)
        folder = Path(ctx.with_resource(tempfile.TemporaryDirectory(prefix="gpusetup-script-")))
        write_check(found, functions, folder)
        return Own((found.name,), folder, tuple(functions), "" if found.referenced else found.shown)
    if model is not None:
        require_alone(asked.names, data)
        built = read_model(model)
        return Own((CHECK,), asked.folder, choose_frameworks(built, asked.frameworks), built.name)
    return asked

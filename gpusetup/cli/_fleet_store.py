"""``--store``: the file in which a fleet is kept."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

F = TypeVar("F", bound="Callable[..., Any]")
_SYSTEM, _FILE = "/var/lib/gpusetup", "fleet.sqlite"


def store_option(command: F) -> F:
    """Add ``--store``."""
    option = click.option(
        "--store", type=click.Path(), metavar="FILE",
        help=f"The store.  [default: {_SYSTEM}/{_FILE} for root, else in ~/.local/state/gpusetup]",
    )  # fmt: skip
    return option(command)


def store_path(given: str | None, *, make: bool = False) -> Path:
    """Return the store's file; with `make` the default folder is made where it is missing.

    Raises `WrongInputError` where it cannot be made.
    """
    from pathlib import Path

    from gpusetup.errors import WrongInputError

    if given is not None:
        return Path(given)
    home = os.environ.get("XDG_STATE_HOME") or os.path.join(os.path.expanduser("~"), ".local/state")
    folder = Path(_SYSTEM) if os.geteuid() == 0 else Path(home) / "gpusetup"
    if make:
        from gpusetup.apply.owned_files import make_folder

        try:
            make_folder(folder)
        except OSError as error:
            raise WrongInputError(f"cannot make the folder {folder}: {error.strerror}", "give --store FILE") from error
    return folder / _FILE

"""Where the content lives: recipes, container templates and checks.

In a checkout they stand beside the engine; in an installed wheel they travel inside it. A user's own folders
(``--recipes DIR``, ``--checks DIR``) are looked through first.
"""

from __future__ import annotations

from pathlib import Path

from gpusetup.errors import WrongInputError

_PACKAGE = Path(__file__).resolve().parent


def content_root() -> Path:
    """Return the folder that holds ``recipes/``, ``containers/`` and ``checks/``."""
    inside = _PACKAGE / "content"
    return inside if inside.is_dir() else _PACKAGE.parent


def content_dirs(kind: str, own: Path | None = None) -> list[Path]:
    """Return the folders to look through for `kind` (``recipes``, ``containers``, ``checks``), the user's `own` first.

    Raises `WrongInputError` when `own` is not a folder.
    """
    if own is not None and not own.is_dir():
        raise WrongInputError(f"{own} is not a folder", f"give the folder that holds your {kind}")
    built_in = content_root() / kind
    return [own, built_in] if own is not None else [built_in]

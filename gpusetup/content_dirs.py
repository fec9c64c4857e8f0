"""Where the content lives: recipes, container templates and checks.

In a checkout they stand beside the engine; in an installed wheel they travel inside it. A user's own folders
(``--recipes DIR``, ``--checks DIR``) are looked through first.
"""

from __future__ import annotations

from pathlib import Path

from gpusetup.errors import WrongInputError
from gpusetup.trust.paths import require_tree

_PACKAGE = Path(__file__).resolve().parent


def content_root() -> Path:
    """Return the folder that holds ``recipes/``, ``containers/`` and ``checks/``."""
    inside = _PACKAGE / "content"
    return inside if inside.is_dir() else _PACKAGE.parent


def content_dirs(kind: str, own: Path | None = None) -> list[Path]:
    """Return the folders to look through for `kind` (``recipes``, ``containers``, ``checks``), the user's `own` first.

    Raises `WrongInputError` when `own` is not a folder, `RefusedError` when others than this user decide what it holds:
    all of it is run.
    """
    built_in = content_root() / kind
    if own is None:
        return [built_in]
    if not own.is_dir():
        raise WrongInputError(f"{own} is not a folder", f"give the folder that holds your {kind}")
    require_tree(str(own), kind)
    return [own, built_in]

"""The user's data files, by their digests: a run on other data is another run."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gpusetup.selftest.registry import Check
    from gpusetup.selftest.schedule import Selection

_DIGITS = 16


def data_digests(selection: Selection, checks: dict[str, Check]) -> dict[str, dict[str, str]]:
    """Return check → data file → the beginning of its SHA-256; nothing where no folder is given."""
    if not selection.data:
        return {}
    folder = Path(selection.data)
    wanted = {name: checks[name].data for name in selection.checks if checks[name].data}
    return {name: {file.name: _digest(file) for file in sorted(folder.glob(glob))} for name, glob in wanted.items()}


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()[:_DIGITS]

"""``links.pyz``: what runs on the hosts, as one file that Python and torchrun start as they start a script."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

_ROOT = Path(__file__).parents[3]
_PROGRAM = Path(__file__).parent / "program"
_DAY = (2000, 1, 1, 0, 0, 0)
"""One date in all of them, so that the same version gives the same bytes and a checksum can be kept."""
_MAIN = "__main__.py"


def bundle() -> bytes:
    """Return the program as a zip application; it needs Python and torch, and nothing else."""
    files = {str(path.relative_to(_ROOT)): path.read_bytes() for path in sorted(_PROGRAM.glob("*.py"))}
    for folder in _PROGRAM.relative_to(_ROOT).parents:
        if folder.name:
            files[str(folder / "__init__.py")] = b""
    files[_MAIN] = (_PROGRAM / _MAIN).read_bytes()
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name, _DAY), content, zipfile.ZIP_DEFLATED)
    return raw.getvalue()

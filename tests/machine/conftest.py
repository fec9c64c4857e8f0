"""What the tests of the machine share."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

NOBODY = 65534


@pytest.fixture
def ordinary_user() -> Iterator[Path]:
    """Be an ordinary user for one test; gives a folder that this user may enter."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        root = os.geteuid() == 0
        yield Path(folder) if not root else _become(Path(folder))
        if root:
            os.seteuid(0)


def _become(folder: Path) -> Path:
    os.chown(folder, NOBODY, NOBODY)
    os.seteuid(NOBODY)
    return folder

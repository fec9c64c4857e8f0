"""Reads HDF5 and OCDBT with a library of the program's own Python, in a process of its own.

The library is the one that the program wrote the file with, so that there is always one where there is such a file;
gpusetup needs neither. Where no Python has it, the file is compared by byte.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from gpusetup.repro.outputs.arrays import read_safetensors
from gpusetup.repro.outputs.item import OtherFormatError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gpusetup.repro.outputs.item import Item

SCRIPTS = Path(__file__).parent / "borrowed"
LIBRARIES = {"hdf5": "h5py", "ocdbt": "tensorstore"}
"""The library that each script needs."""
WITHOUT = 3
"""A script's exit code where its library is missing."""
PATIENCE = 600.0
"""Seconds for one file."""
_lacking: set[tuple[str, str]] = set()
"""The Pythons that were found without a library, which are not asked again."""


def borrow(kind: str, path: Path, pythons: Sequence[str]) -> list[Item]:
    """Return the arrays of a file or folder; raises `OtherFormatError` where no Python can read it."""
    with tempfile.TemporaryDirectory(prefix="gpusetup-read-") as folder:
        out = Path(folder) / "out"
        for python in pythons:
            if (python, kind) not in _lacking and _copied(kind, path, python, out):
                return read_safetensors(out.read_bytes())
    raise OtherFormatError


def _copied(kind: str, path: Path, python: str, out: Path) -> bool:
    words = [python, "-E", "-s", "-B", str(SCRIPTS / f"{kind}.py"), str(path), str(out)]
    silent = {"TF_CPP_MIN_LOG_LEVEL": "3"} | dict(os.environ)
    try:
        ran = subprocess.run(words, cwd=out.parent, env=silent, capture_output=True, check=False, timeout=PATIENCE)
    except (OSError, subprocess.TimeoutExpired):
        return False
    if ran.returncode == WITHOUT:
        _lacking.add((python, kind))
    return ran.returncode == 0

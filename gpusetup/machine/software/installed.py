"""Reads what the Python environments of this host hold, and under which licences."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec

from gpusetup.errors import CannotLookError
from gpusetup.machine.model import Machine
from gpusetup.machine.model.contents import Contents, InstalledWheel

# a hundred environments on a network file system; without a bound one that hangs would keep us
SECONDS = 120
PROGRAM = Path(__file__).with_name("contents.py")
"""Prints a `Contents`; a program of its own, since it reads what any user's environment holds."""


def read_contents(machine: Machine, *, here: bool) -> Contents:
    """Return the distributions that `machine` has, and if it is the one `here`, what their metadata says of licences.

    Raises `CannotLookError` when the metadata cannot be read.
    """
    if not here:
        known = [(one.name, one.version, one.location) for one in machine.distributions]
        wheels = [InstalledWheel(name=name, version=it, spdx="", licence="", folder=place) for name, it, place in known]
        return Contents(wheels=tuple(wheels), packages=(), hashes={})
    folders = sorted({one.location for one in machine.distributions})
    try:
        done = subprocess.run(
            [sys.executable, "-I", PROGRAM, *folders], capture_output=True, text=True, check=False, timeout=SECONDS
        )
    except subprocess.TimeoutExpired as error:  # a FIFO as a wheel's metadata, or a file system that never answers
        raise CannotLookError(
            f"what is installed cannot be read within {SECONDS} s in {' or '.join(folders)}"
        ) from error
    if done.returncode != 0:
        raise CannotLookError(f"what is installed cannot be read: {(done.stderr.splitlines() or ['no word'])[-1]}")
    return msgspec.json.decode(done.stdout, type=Contents)

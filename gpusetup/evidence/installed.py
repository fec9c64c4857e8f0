"""What is installed beside each framework, asked of the interpreter that runs it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import msgspec

from gpusetup.errors import CannotLookError
from gpusetup.evidence.model import Installed

_PATIENCE = 120
"""Seconds; generous, so that a busy machine is not reported as a broken Python."""
OURS = "gpusetup"
"""It computes nothing that is locked: the checks do, and they have digests of their own."""


def installed(pythons: dict[str, str]) -> dict[str, Installed]:
    """Return framework → what its interpreter has; raises `CannotLookError` where one does not answer."""
    found = {python: _ask(python) for python in set(pythons.values())}
    return {framework: found[python] for framework, python in sorted(pythons.items())}


def _ask(python: str) -> Installed:
    script = Path(__file__).with_name("listing.py")
    try:
        done = subprocess.run([python, "-P", str(script)], capture_output=True, timeout=_PATIENCE, check=True)
        answer = msgspec.json.decode(done.stdout, type=Installed)
    except (OSError, subprocess.SubprocessError, msgspec.DecodeError) as error:
        raise CannotLookError(f"{python} does not say what is installed: {error}") from error
    return Installed(python=answer.python, packages={k: v for k, v in answer.packages.items() if k != OURS})

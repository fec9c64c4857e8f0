"""What is installed beside each framework, asked of the interpreter that runs it."""

from __future__ import annotations

import fnmatch
import subprocess
from pathlib import Path
from typing import TypeVar

import msgspec

from gpusetup.errors import CannotLookError
from gpusetup.evidence.model import Installed

_PATIENCE = 120
"""Seconds; generous, so that a busy machine is not reported as a broken Python."""
T = TypeVar("T")
_COMPUTING = ("torch", "numpy", "tensorflow*", "keras", "jax*", "triton*", "nvidia-*", "intel-*", "mkl*", "scipy")
OURS = "gpusetup"
"""It computes nothing that is locked: the checks do, and they have digests of their own."""


def installed(pythons: dict[str, str]) -> dict[str, Installed]:
    """Return framework → what its interpreter has; raises `CannotLookError` where one does not answer."""
    found = {python: _ask(python) for python in set(pythons.values())}
    return {framework: found[python] for framework, python in sorted(pythons.items())}


def altered(python: str, there: Installed) -> tuple[str, ...]:
    """Return the files of the packages that compute which are not what their wheels installed.

    Raises `CannotLookError` where the interpreter does not answer.
    """
    names = [name for name in there.packages if any(fnmatch.fnmatchcase(name, glob) for glob in _COMPUTING)]
    return _answer(python, tuple[str, ...], *names) if names else ()


def _ask(python: str) -> Installed:
    answer = _answer(python, Installed)
    return Installed(python=answer.python, packages={k: v for k, v in answer.packages.items() if k != OURS})


def _answer(python: str, kind: type[T], *words: str) -> T:
    script = Path(__file__).with_name("listing.py")
    try:
        done = subprocess.run([python, "-P", str(script), *words], capture_output=True, timeout=_PATIENCE, check=True)
        return msgspec.json.decode(done.stdout, type=kind)
    except (OSError, subprocess.SubprocessError, msgspec.DecodeError) as error:
        raise CannotLookError(f"{python} does not say what is installed: {error}") from error

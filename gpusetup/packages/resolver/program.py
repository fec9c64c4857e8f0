"""Runs a resolver's program. Root starts nothing that another user may have written, and in no folder of theirs."""

from __future__ import annotations

import os
import subprocess

from gpusetup.errors import CannotLookError, RefusedError
from gpusetup.trust.paths import ROOT, mine

SECONDS = 300
"""For one resolution; a hundred requirements from an empty cache take a minute."""


def run(words: list[str]) -> subprocess.CompletedProcess[str]:
    """Return what a program said; raises `CannotLookError` where it cannot be started or takes too long."""
    # root starts nothing in a folder whose files, uv.toml among them, another user may have written
    place = "/" if os.geteuid() == ROOT else None
    try:
        return subprocess.run(
            words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS, check=False, cwd=place
        )
    except subprocess.TimeoutExpired as error:
        raise CannotLookError(
            f"{words[0]} gave no answer within {SECONDS} s", "try again, or name fewer packages"
        ) from error
    except OSError as error:
        raise CannotLookError(f"{words[0]} cannot be started: {error}") from error


def require_mine(path: str) -> None:
    """Raise `RefusedError` for a program that root may not run."""
    if reason := mine().path(path):
        raise RefusedError(f"{path} is not run: {reason}", "plan as your own user, and apply that plan with --plan")

"""Finds an interpreter of one minor version: on PATH, of pyenv, of uv."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from gpusetup.errors import MissingError
from gpusetup.trust.paths import mine
from gpusetup.versions import dotted

SECONDS = 20
"""For one interpreter to say its version; on a network file system that takes a while."""
SAYS = "import sys; print('%d.%d' % sys.version_info[:2])"


def find_python(version: str, uv: str = "") -> str:
    """Return an interpreter of the minor `version` that starts and that no other user can change.

    Raises `MissingError` where there is none.
    """
    for path in dict.fromkeys((*_on_path(version), *_of_pyenv(version), *_of_uv(version, uv))):
        if not mine().path(path) and _answer([path, "-I", "-c", SAYS]) == version:
            return path
    raise MissingError(
        f"python{version} is not installed",
        "install it: from the distribution's packages, with pyenv, or `uv python install`",
    )


def _on_path(version: str) -> Iterator[str]:
    for folder in os.get_exec_path():
        path = os.path.join(folder, f"python{version}")
        if os.access(path, os.X_OK):
            yield path


def _of_pyenv(version: str) -> Iterator[str]:
    """Yield those that pyenv has installed: its shims on PATH start only what is selected in this folder."""
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    found = [one for one in (root / "versions").glob(f"{version}.*") if one.name.replace(".", "").isdecimal()]
    yield from (
        str(one / f"bin/python{version}") for one in sorted(found, key=lambda one: dotted(one.name), reverse=True)
    )


def _of_uv(version: str, uv: str) -> Iterator[str]:
    if uv and (said := _answer([uv, "python", "find", "--offline", "--no-project", version])):
        yield said


def _answer(words: list[str]) -> str:
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=SECONDS, cwd="/")
    except (OSError, subprocess.TimeoutExpired):  # it is no program, or does not start: the next one is tried
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""

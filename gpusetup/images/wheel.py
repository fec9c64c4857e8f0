"""The wheel of gpusetup, so that an image is tested with the version that built it."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from pathlib import Path

from gpusetup.content_dirs import content_root
from gpusetup.errors import MissingError, WrongInputError
from gpusetup.resolve.model import Archive

_NAME = re.compile(r"gpusetup-[A-Za-z0-9._+!]+(-[A-Za-z0-9._]+){3}\.whl")
"""A wheel's file name that needs no quoting in a COPY line."""


def wheel(given: Path | None, folder: Path) -> Archive:
    """Return the wheel `given`, or one built from this checkout, copied into `folder`; `url` is its file name there.

    Raises `MissingError` when there is neither, `WrongInputError` when `given` is not a wheel of gpusetup.
    """
    made = _copied(given, folder) if given is not None else _built(folder)
    return Archive(url=made.name, sha256=hashlib.sha256(made.read_bytes()).hexdigest())


def _copied(given: Path, folder: Path) -> Path:
    if not _NAME.fullmatch(given.name):
        raise WrongInputError(f"{given} is not a wheel of gpusetup", "create one: pip wheel --no-deps gpusetup")
    try:
        raw = given.read_bytes()
    except OSError as error:
        raise WrongInputError(f"cannot read the wheel {given}: {error.strerror}") from error
    (folder / given.name).write_bytes(raw)
    return folder / given.name


def _built(folder: Path) -> Path:
    """Build the wheel of the checkout this gpusetup runs from."""
    source = content_root()
    if not (source / "pyproject.toml").is_file():
        raise MissingError(
            "gpusetup was installed from a wheel, so it cannot be built here", "pass that wheel with --wheel FILE"
        )
    command = [sys.executable, "-P", "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
    done = subprocess.run([*command, f"--wheel-dir={folder}", str(source)], capture_output=True, text=True, check=False)
    built = sorted(folder.glob("gpusetup-*.whl"))
    if done.returncode != 0 or not built:
        said = (done.stderr.strip().splitlines() or ["pip printed nothing"])[-1]
        raise MissingError(f"cannot build the wheel of gpusetup: {said}", "pass one with --wheel FILE")
    return built[0]

"""Builds one generation: a virtual environment with exactly the wheels of a target, each checked by its SHA-256."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from msgspec import Struct

from gpusetup.apply.generations.place import Target
from gpusetup.apply.generations.pythons import find_python
from gpusetup.distributions import normal
from gpusetup.errors import StepFailedError
from gpusetup.files import write
from gpusetup.text import neutral

MARK = ".gpusetup"
"""What shows that gpusetup made an environment, as in the recipe."""
REQUIREMENTS = ".gpusetup.requirements"
SCRATCH = ".gpusetup.tmp"
LAST = 3
"""Lines of what pip or uv says of a failure."""


class Tools(Struct, frozen=True):
    """What makes environments: uv where one is named, else the venv and pip of the Python itself."""

    uv: str = ""


def build(target: Target, folder: Path, tools: Tools, held: int | None = None) -> None:
    """Make the environment at `folder`, which a run before may have left half done.

    What is started inherits the descriptor `held`, that of a lock. Raises `MissingError` without the Python, and
    `StepFailedError` where something does not install or is not what was asked.
    """
    if folder.exists():
        shutil.rmtree(folder)
    _run(_making(target, folder, tools), f"making {folder}", held)
    write(folder / MARK, "")
    write(folder / REQUIREMENTS, "\n".join(target.wheels) + "\n")
    (folder / SCRATCH).mkdir(mode=0o700)
    _run(_installing(target, folder, tools), f"installing into {folder}", held, TMPDIR=str(folder / SCRATCH))
    shutil.rmtree(folder / SCRATCH)
    # uv leaves a lock that every user can write (uv 0.13.9), and root runs nothing in a folder that has such a file
    (folder / ".lock").unlink(missing_ok=True)
    require_held(target, folder)


def require_held(target: Target, folder: Path) -> None:
    """Raise `StepFailedError`, naming the first difference, unless the environment has exactly what its target has."""
    have, want = installed(folder), wanted(target.wheels)
    for name, version in want.items():
        if (now := have.get(name)) != version:
            raise StepFailedError(f"{folder} has {name} {neutral(now or 'not at all')}, not {version}", "upgrade again")


def wanted(wheels: tuple[str, ...]) -> dict[str, str]:
    """Return name → version of lines for pip."""
    pairs = (line.partition(" ")[0].partition("==") for line in wheels)
    return {normal(name.partition("[")[0]): version for name, _, version in pairs}


def installed(folder: Path) -> dict[str, str]:
    """Return name → version of what lies in an environment, from the names of its metadata folders."""
    found = (path.name.removesuffix(".dist-info").partition("-") for path in _metadata(folder))
    return {normal(name): version for name, _, version in found}


def _metadata(folder: Path) -> list[Path]:
    return sorted(folder.glob("lib*/python3*/site-packages/*.dist-info"))


def _making(target: Target, folder: Path, tools: Tools) -> list[str]:
    python = find_python(target.python, tools.uv)
    if tools.uv:
        return [tools.uv, "venv", "--quiet", "--no-python-downloads", "--python", python, str(folder)]
    return [python, "-m", "venv", str(folder)]


def _installing(target: Target, folder: Path, tools: Tools) -> list[str]:
    python = str(folder / "bin/python")
    indexes = [word for index in target.indexes for word in ("--extra-index-url", index)]
    words = ["--require-hashes", "--no-deps", *indexes, "--requirement", str(folder / REQUIREMENTS)]
    if tools.uv:
        best = ["--only-binary", ":all:", "--index-strategy", "unsafe-best-match"]
        return [tools.uv, "pip", "install", "--quiet", "--python", python, *best, *words]
    how = ["--quiet", "--disable-pip-version-check", "--only-binary=:all:"]
    return [python, "-m", "pip", "install", *how, *words]


def _run(words: list[str], what: str, held: int | None, **more: str) -> None:
    """Run a program in the root folder: it may load what lies in the one it is started in (uv.toml)."""
    try:
        done = subprocess.run(
            words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, cwd="/",
            env=os.environ | more, pass_fds=() if held is None else (held,),
        )  # fmt: skip
    except OSError as error:
        raise StepFailedError(f"{words[0]} cannot be started: {error}") from error
    if done.returncode != 0:
        said = "; ".join(line.strip() for line in done.stderr.strip().splitlines()[-LAST:])
        raise StepFailedError(f"{what} failed: {neutral(said)}", "fix the cause and run the same command again")

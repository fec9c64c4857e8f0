"""Runs the resolver: uv where there is one, as its own pip interface for another Python and platform than this one.

Nothing is built and nothing downloaded but metadata (``--only-binary :all:``), so no code of a package runs. The user's
own configuration of uv counts, since it has the indexes and their certificates.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec

from gpusetup.errors import CannotLookError, MissingError, RefusedError
from gpusetup.packages.model import Question, Rejection, Resolution
from gpusetup.packages.pylock import read_pylock
from gpusetup.packages.refusals import read_refusal
from gpusetup.trust.paths import ROOT, mine

SECONDS = 300
"""For one resolution; a hundred requirements from an empty cache take a minute."""
NEWEST_GLIBC = 40
"""uv names platforms up to manylinux_2_40; a newer system runs the wheels of an older one."""
OPTIONS = ("pip", "compile", "--quiet", "--color", "never", "--no-progress", "--no-python-downloads", "--only-binary",
           ":all:", "--index-strategy", "unsafe-best-match", "--format", "pylock.toml")  # fmt: skip
"""Of all indexes the best version counts, as in the recipe: a wheel with a local part exists in one index alone."""

Resolve = Callable[[Question], Resolution | Rejection]


class Uv(msgspec.Struct, frozen=True):
    """One uv."""

    path: str
    version: str

    def __call__(self, asked: Question) -> Resolution | Rejection:
        """Return what it resolves `asked` to, or why it refuses; raises `CannotLookError` where it gives no answer."""
        with tempfile.TemporaryDirectory(prefix="gpusetup-") as folder:
            words = [self.path, *OPTIONS, *_target(asked), *_inputs(asked, Path(folder))]
            done = _run(words)
        if done.returncode == 0:
            return read_pylock(done.stdout, f"uv {self.version}")
        return read_refusal(done.stderr)


def find_uv() -> Uv:
    """Return this user's uv; raises `MissingError` where there is none, `RefusedError` where root may not run it."""
    beside = Path(sys.executable).with_name("uv")
    path = str(beside) if beside.is_file() else shutil.which("uv")
    if not path:
        raise MissingError("resolving packages needs uv, which is not installed", "pip install uv")
    if reason := mine().path(path):
        raise RefusedError(f"{path} is not run: {reason}", "plan as your own user, and apply that plan with --plan")
    said = _run([path, "--version"]).stdout.split()
    return Uv(path, said[1] if len(said) > 1 else "")


def _target(asked: Question) -> tuple[str, ...]:
    minor = min(int(asked.glibc.split(".")[1]), NEWEST_GLIBC)
    platform = f"{asked.machine}-manylinux_2_{minor}"
    pre = ("--prerelease", "allow") if asked.prereleases else ()
    return ("--python", sys.executable, "--python-version", asked.python, "--python-platform", platform, *pre)


def _inputs(asked: Question, folder: Path) -> tuple[str, ...]:
    wanted, constraints = folder / "wanted.in", folder / "constraints.txt"
    wanted.write_text("\n".join(asked.wanted) + "\n")
    constraints.write_text("\n".join(asked.constraints) + "\n")
    indexes = (word for index in asked.indexes for word in ("--index", index))
    return (*indexes, "--constraint", str(constraints), *_without(asked, folder), str(wanted))


def _without(asked: Question, folder: Path) -> tuple[str, ...]:
    if not asked.without:
        return ()
    left_out = folder / "excludes.txt"
    left_out.write_text("\n".join(asked.without) + "\n")
    return "--excludes", str(left_out)


def _run(words: list[str]) -> subprocess.CompletedProcess[str]:
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

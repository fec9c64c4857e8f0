"""uv as the resolver: its own pip interface, for another Python and platform than this one.

Nothing is built and nothing downloaded but metadata (``--only-binary :all:``), so no code of a package runs. The user's
own configuration of uv counts, since it has the indexes and their certificates.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from gpusetup.packages.resolver.program import require_mine, run
from gpusetup.packages.resolver.pylock import read_pylock
from gpusetup.packages.resolver.refusals import read_refusal

if TYPE_CHECKING:
    from gpusetup.packages.model import Question, Rejection, Resolution

NEWEST_GLIBC = 40
"""uv names platforms up to manylinux_2_40; a newer system runs the wheels of an older one."""
OPTIONS = ("pip", "compile", "--quiet", "--color", "never", "--no-progress", "--no-python-downloads", "--only-binary",
           ":all:", "--index-strategy", "unsafe-best-match", "--format", "pylock.toml")  # fmt: skip
"""Of all indexes the best version counts, as in the recipe: a wheel with a local part exists in one index alone."""


class Uv(msgspec.Struct, frozen=True):
    """One uv."""

    path: str
    version: str

    def __call__(self, asked: Question) -> Resolution | Rejection:
        """Return what it resolves `asked` to, or why it refuses; raises `CannotLookError` where it gives no answer."""
        with tempfile.TemporaryDirectory(prefix="gpusetup-") as folder:
            done = run([self.path, *OPTIONS, *_target(asked), *_inputs(asked, Path(folder))])
        if done.returncode == 0:
            return read_pylock(done.stdout, f"uv {self.version}")
        return read_refusal(done.stderr)


def installed_uv() -> Uv | None:
    """Return this user's uv, None where there is none; raises `RefusedError` where root may not run it."""
    beside = Path(sys.executable).with_name("uv")
    path = str(beside) if beside.is_file() else shutil.which("uv")
    if not path:
        return None
    require_mine(path)
    said = run([path, "--version"]).stdout.split()
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

"""pip as the resolver where there is no uv: a dry run of ``pip install`` for the target, whose report is read.

``pip lock`` would say the same of one package less: which index it comes from is in neither. pip decides the markers of
dependencies (``; python_version < "3.12"``) for the Python that it runs under, whatever ``--python-version`` says
(github.com/pypa/pip issue 11664), so it is run under the target's where that is installed, and else it is noted.
"""

from __future__ import annotations

import functools
import platform
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from gpusetup.distributions import normal
from gpusetup.errors import CannotLookError
from gpusetup.packages.model import File, Package, Rejection, Resolution
from gpusetup.packages.resolver.pip_refusals import read_refusal, unreachable
from gpusetup.packages.resolver.program import require_mine, run
from gpusetup.versions import dotted

if TYPE_CHECKING:
    from gpusetup.packages.model import Question

OLDEST = "23.0"
"""The first pip whose report says hashes in the form that is read here; ``--dry-run`` came with 22.2."""
OPTIONS = ("install", "--dry-run", "--ignore-installed", "--only-binary", ":all:", "--disable-pip-version-check",
           "--no-input", "--no-color", "--progress-bar", "off", "-vv")  # fmt: skip
OLDEST_GLIBC = {"x86_64": 5, "aarch64": 17}
"""The first manylinux platform of a processor (PEP 600); pip takes each platform by its name."""


class _Metadata(msgspec.Struct, frozen=True):
    name: str
    version: str


class _Archive(msgspec.Struct, frozen=True):
    hashes: dict[str, str] = {}


class _Download(msgspec.Struct, frozen=True):
    url: str
    archive_info: _Archive = _Archive()


class _Item(msgspec.Struct, frozen=True):
    metadata: _Metadata
    download_info: _Download


class _Report(msgspec.Struct, frozen=True):
    install: list[_Item] = []


class Pip(msgspec.Struct, frozen=True):
    """One pip."""

    command: tuple[str, ...]
    version: str

    def __call__(self, asked: Question) -> Resolution | Rejection:
        """Return what it resolves `asked` to, or why it refuses; raises `CannotLookError` where it gives no answer."""
        with tempfile.TemporaryDirectory(prefix="gpusetup-") as folder:
            report = Path(folder, "report.json")
            done = run([*self.command, *_under(asked.python), *OPTIONS, "--report", str(report), *_target(asked),
                        *_inputs(asked, Path(folder))])  # fmt: skip
            said = done.stdout + done.stderr
            if index := unreachable(said):
                return Rejection(kind="unreachable", index=index, text=f"{index} did not answer")
            return self._read(report.read_bytes(), asked) if done.returncode == 0 else read_refusal(said)

    def _read(self, report: bytes, asked: Question) -> Resolution:
        try:
            found = msgspec.json.decode(report, type=_Report).install
        except msgspec.DecodeError as error:
            raise CannotLookError(f"pip {self.version} wrote a report that cannot be read: {error}") from error
        return Resolution(packages=tuple(map(_package, found)), resolver=f"pip {self.version}", caveat=_caveat(asked))


def installed_pip() -> Pip | None:
    """Return the pip of this Python, else the one on PATH; None where neither is there or new enough."""
    own = (sys.executable, "-I", "-m", "pip")
    there = shutil.which("pip3") or shutil.which("pip")
    for command in (own, (there,) if there else ()):
        if command:
            require_mine(command[0])
            said = run([*command, "--version"]).stdout.split()
            if len(said) > 1 and dotted(said[1]) >= dotted(OLDEST):
                return Pip(command, said[1])
    return None


def _is_own(python: str) -> bool:
    return python == "{}.{}".format(*sys.version_info)


@functools.cache
def _under(python: str) -> tuple[str, ...]:
    """Return the option that makes pip run under the target's Python, where that is another one and installed."""
    other = None if _is_own(python) else shutil.which(f"python{python}")
    if other is None:
        return ()
    require_mine(other)
    # a shim of pyenv's is there for each Python that pyenv has, and fails for those that are not chosen
    return ("--python", other) if run([other, "--version"]).returncode == 0 else ()


def _caveat(asked: Question) -> str:
    """Return what pip decided for another system than the target."""
    wrong = []
    if not _is_own(asked.python) and not _under(asked.python):
        wrong.append("Python {}.{}".format(*sys.version_info))
    if asked.machine != platform.machine():
        wrong.append(platform.machine())
    if not wrong:
        return ""
    return (
        f"pip decides for {' and '.join(wrong)} which dependencies with conditions are needed, not for Python "
        f"{asked.python} on {asked.machine}: install uv, which decides for the target"
    )


def _target(asked: Question) -> tuple[str, ...]:
    newest, oldest = int(asked.glibc.split(".")[1]), OLDEST_GLIBC[asked.machine]
    names = [f"manylinux_2_{minor}_{asked.machine}" for minor in range(newest, oldest - 1, -1)]
    platforms = (word for name in (*names, f"linux_{asked.machine}") for word in ("--platform", name))
    pre = ("--pre",) if asked.prereleases else ()
    return ("--python-version", asked.python, "--implementation", "cp", *platforms, *pre)


def _inputs(asked: Question, folder: Path) -> tuple[str, ...]:
    wanted, constraints = folder / "wanted.txt", folder / "constraints.txt"
    wanted.write_text("\n".join(asked.wanted) + "\n")
    constraints.write_text("\n".join(asked.constraints) + "\n")
    indexes = (word for index in asked.indexes for word in ("--extra-index-url", index))
    return (*indexes, "--constraint", str(constraints), "--requirement", str(wanted))


def _package(one: _Item) -> Package:
    files = (File(url=one.download_info.url, sha256=one.download_info.archive_info.hashes.get("sha256", "")),)
    return Package(name=normal(one.metadata.name), version=one.metadata.version, files=files)

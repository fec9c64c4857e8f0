"""What lies below a stand-in Fedora: this machine's files, or a root with the dnf and the rpm of today's Fedora.

dnf 5 and rpm 6 are in the next Debian only. Its root is made once per checkout, from the mirror that this machine's
own apt uses.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from gpusetup.value import Value
from tests.support import ROOT, found

SUITE = "forky"
PACKAGES = ("ca-certificates", "curl", "dnf5", "gnupg", "openssl", "procps", "python3-venv", "rpm", "xz-utils")
"""What a fresh Fedora has of what a recipe runs."""
SEED = """
set -eu
python3 -m venv /srv/seed
mv "$(echo /srv/seed/lib/python*/site-packages)" /srv/pip
rm -rf /srv/seed
"""
"""Keeps pip as a new environment gets it, to be copied instead of unpacked and compiled each time."""


class Base(Value):
    """The root `folder` below the overlay, and the interpreter in it that stands for any Python of Fedora."""

    folder: Path
    python: str


HERE = Base(folder=Path("/"), python=os.path.realpath(sys.executable))


class NoBaseError(Exception):
    """Why the root cannot be made here."""


def forky() -> Base:
    """Return the root with dnf 5 and rpm 6, made the first time (one to three minutes, 250 MB).

    Raises `NoBaseError` where this machine has no mmdebstrap, or apt no mirror that has the suite.
    """
    wanted = hashlib.sha256(" ".join((SUITE, *PACKAGES, SEED)).encode()).hexdigest()[:12]
    folder = ROOT / f"tests/.built/{SUITE}-{wanted}"
    folder.parent.mkdir(exist_ok=True)
    with (folder.parent / f"{SUITE}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            _make(folder)
    return Base(folder=folder, python=str(Path("/usr/bin", (folder / "usr/bin/python3").readlink().name)))


def _make(folder: Path) -> None:
    program = found("mmdebstrap")
    if program is None:
        raise NoBaseError("mmdebstrap is not installed")
    new = folder.with_suffix(".new")
    shutil.rmtree(new, ignore_errors=True)
    # A mirror may be a copy of some weeks ago, whose signature stays good, but whose list says that it has expired.
    options = ("Acquire::Check-Valid-Until false", *proxies())
    _run(program, "--mode=root", "--variant=essential", "--quiet", *(f"--aptopt={one}" for one in options),
         f"--include={','.join(PACKAGES)}", SUITE, str(new), mirror())  # fmt: skip
    _run("chroot", str(new), "sh", "-c", SEED)
    new.rename(folder)


def mirror() -> str:
    """Return the address that apt has Debian's packages from."""
    if found("apt-get") is None:
        raise NoBaseError("this machine has no apt to name a mirror")
    filters = ("Identifier: Packages", "Origin: Debian", "Label: Debian")
    sites = _run("apt-get", "indextargets", "--format", "$(SITE)", *filters).split()
    if not sites:
        raise NoBaseError("apt has no lists of a mirror of Debian: apt-get update")
    return sites[0]


def proxies() -> list[str]:
    """Return apt's own settings of proxies, which mmdebstrap does not take over."""
    said = _run("apt-config", "dump", "--no-empty")
    return [line.rstrip(";") for line in said.splitlines() if re.match(r"Acquire::(\w+::)*Proxy\S* ", line)]


def _run(*command: str) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
        env=os.environ | {"LC_ALL": "C.UTF-8", "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"},
    )  # fmt: skip
    if done.returncode != 0:
        errors = [line for line in done.stderr.splitlines() if line.startswith("E:")] or done.stderr.splitlines()[-1:]
        raise NoBaseError(f"{Path(command[0]).name} failed: {' '.join(errors)}")
    return done.stdout

"""The roots of the real Debian, each made once per checkout and for every change of what makes it."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from gpusetup.value import Value
from tests.lab.base import NoBaseError, mirror, proxies
from tests.support import ROOT, found

HERE = Path(__file__).parent
BUILT = ROOT / "tests/.built"
BARE = (
    "ca-certificates", "curl", "dkms", "gcc", "gnupg", "initramfs-tools", "kmod", "linux-headers-amd64",
    "linux-image-amd64", "make", "mokutil", "openssl", "pciutils", "procps", "python3", "python3-venv", "sudo",
    "systemd-sysv", "udev", "xz-utils", "zstd",
)  # fmt: skip
"""A server as the installer leaves it, and what a module is built and signed with."""
DRIVER = ("firmware-nvidia-gsp", "libcuda1", "nvidia-kernel-dkms", "nvidia-persistenced", "nvidia-smi")
"""Debian's driver for computing. Its metapackage `nvidia-driver` brings 150 packages of X and Mesa more."""


ALSO = tuple(
    HERE / name for name in ("furnish.sh", "short-sources.sh", "module/Kbuild", "module/Makefile", "module/module.c")
)
"""What both are made by, beside a script of their own."""


class Roots(Value):
    """`layers` of an overlay, the upper one first, and the folder of what gpusetup needs under the root's Python."""

    bare: tuple[Path, ...]
    driver: tuple[Path, ...]
    dependencies: Path


def roots() -> Roots:
    """Return the roots, made the first time (some minutes, about 1.2 GB).

    Raises `NoBaseError` where this machine has no mmdebstrap, or apt no mirror that has the suite.
    """
    if found("mmdebstrap") is None:
        raise NoBaseError("mmdebstrap is not installed")
    BUILT.mkdir(exist_ok=True)
    with (BUILT / "driver-host.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        options = "\n".join(("Acquire::Check-Valid-Until false", *proxies()))
        bare = _made("bare", "build-bare.sh", str(HERE), mirror(), options, *BARE)
        driver = _made("driver", "build-driver.sh", str(HERE), str(bare), *DRIVER)
        return Roots(bare=(bare,), driver=(driver, bare), dependencies=_dependencies())


def _made(name: str, script: str, *words: str) -> Path:
    """Return the folder that `script` makes of `words`, unless it is there already."""
    # a layer follows what lies below it by its name, which says how that one was made
    inputs = (*(Path(word).name for word in words), *(path.read_text() for path in (HERE / script, *ALSO)))
    folder = BUILT / f"trixie-{name}-{hashlib.sha256(chr(0).join(inputs).encode()).hexdigest()[:12]}"
    if not folder.exists():
        new = folder.with_suffix(".new")
        shutil.rmtree(new, ignore_errors=True)
        _run("unshare", "--mount", "bash", str(HERE / script), str(new), *words)
        new.rename(folder)
    return folder


def _dependencies() -> Path:
    """Return the folder with what gpusetup needs, as wheels for the Python of Debian 13."""
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    folder = BUILT / f"trixie-python-{hashlib.sha256(' '.join(wanted).encode()).hexdigest()[:12]}"
    if not folder.exists():
        new = folder.with_suffix(".new")
        shutil.rmtree(new, ignore_errors=True)
        _run(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", str(new),
             "--python-version", "3.13", "--only-binary=:all:", *wanted)  # fmt: skip
        new.rename(folder)
    return folder


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise NoBaseError(f"{' '.join(command)[:200]} failed: {done.stderr[-2000:]}")

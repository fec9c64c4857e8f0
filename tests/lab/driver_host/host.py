"""A real Debian 13 that one test may break: an overlay of a root, with namespaces of its own."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.lab.driver_host.roots import HERE, Roots
from tests.support import ROOT

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class DriverHost:
    """One Debian on `layers`, mounted at `folder` for itself alone. It shares this machine's network."""

    def __init__(self, folder: Path, layers: Sequence[Path], roots: Roots, *, network: bool = True) -> None:
        self.folder, self.layers = folder, tuple(layers)
        folder.mkdir(parents=True)
        apart = ("--mount", "--pid", "--fork", *(() if network else ("--net",)))
        self.holder = subprocess.Popen(
            ["unshare", *apart, "bash", HERE / "start.sh", HERE, folder, ":".join(map(str, layers)), ROOT,
             roots.dependencies],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert self.holder.stdout is not None
        assert self.holder.stdout.readline() == b"ready\n"
        self.first = int(Path(f"/proc/{self.holder.pid}/task/{self.holder.pid}/children").read_text())
        self.inside = ["nsenter", "--target", str(self.first), "--mount", "--net", "--pid"]

    @property
    def root(self) -> Path:
        """Where its ``/`` is in its own mount namespace."""
        return self.folder / "root"

    @property
    def kernel(self) -> str:
        return self.sh("uname -r").stdout.strip()

    def sh(self, text: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run shell text inside and return how it ended."""
        return subprocess.run(
            [*self.inside, "chroot", str(self.root), "bash", "-c", text],
            env={"PATH": PATH, "HOME": "/root", "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive", **env},
            capture_output=True, text=True, stdin=subprocess.DEVNULL, start_new_session=True, timeout=900,
            check=False,
        )  # fmt: skip

    def do(self, text: str, **env: str) -> str:
        """Run shell text inside, which has to succeed, and return what it printed."""
        done = self.sh(text, **env)
        assert done.returncode == 0, f"{text}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done.stdout

    def boot(self) -> None:
        """Start the kernel that /srv/lab/kernel names: which driver gets the card follows from what is on the disk."""
        self.do("sh /srv/lab/boot.sh")

    def gpusetup(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run this checkout's own command inside, under Debian's Python."""
        python = {"PYTHONPATH": "/srv/gpusetup:/srv/dependencies", "PYTHONDONTWRITEBYTECODE": "1"}
        return self.sh(shlex.join(("python3", "-m", "gpusetup", *words)), **python, **env)

    def doctor(self, *words: str) -> dict[str, Any]:
        """Return the report of this checkout's doctor on this host, which is read as a folder from outside."""
        command = [*self.inside[:3], "--mount", sys.executable, "-m", "gpusetup", "doctor", "--sysroot",
                   str(self.root), "--json", *words]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
        assert done.stdout, done.stderr
        report: dict[str, Any] = json.loads(done.stdout)
        return report

    def write(self, path: str, text: str, mode: str = "644") -> None:
        done = subprocess.run(
            [*self.inside, "install", "-D", "-m", mode, "/dev/stdin", f"{self.root}{path}"],
            input=text.encode(), capture_output=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    def state(self, *, strict: bool = False) -> dict[str, str]:
        """Return the packages and whether they are whole, and a digest of every file that differs from the root's."""
        packages = self.do("dpkg-query --show --showformat '${Package}=${Version}=${db:Status-Abbrev}\\n'")
        folders = (self.folder / "upper", self.folder / "below")
        done = subprocess.run(
            [*self.inside, sys.executable, HERE.parent / "differences.py", *folders, *(["strict"] if strict else [])],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        files: dict[str, str] = json.loads(done.stdout)
        return {"packages": f" {' '.join(packages.split())} "} | files

    def close(self) -> None:
        """End whatever runs inside, by the end of its first process, and with the last of them the mounts."""
        assert self.holder.stdin is not None
        assert self.holder.stdout is not None
        self.holder.stdin.close()
        self.holder.wait()
        self.holder.stdout.close()


@contextmanager
def driver_host(folder: Path, layers: Sequence[Path], roots: Roots, *, network: bool = True) -> Iterator[DriverHost]:
    """Give a host for as long as the block takes."""
    made = DriverHost(folder, layers, roots, network=network)
    try:
        yield made
    finally:
        made.close()

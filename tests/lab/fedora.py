"""A stand-in Fedora that one test may break: this machine's files under an overlay, with namespaces of its own.

Inside, ``/etc/os-release`` says Fedora, the package database is empty but for the stubs a fresh Fedora has, real dnf
and rpm work on it, and every host name leads to the stand-in internet. Nothing written inside outlives the lab, and
nothing inside reaches the network.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
HOSTS = (
    "mirrors.rpmfusion.org",
    "raw.githubusercontent.com",
    "developer.download.nvidia.com",
    "nvidia.github.io",
    "download.pytorch.org",
    "fedora.lab",
    "index.lab",
)
START = """
set -euo pipefail
lab=$1
mount -t tmpfs -o mode=755,size=99g lab "$lab"
mkdir "$lab"/{upper,work,root}
mount -t overlay -o "lowerdir=/,upperdir=$lab/upper,workdir=$lab/work" overlay "$lab/root"
mount --rbind /proc "$lab/root/proc"
mount --rbind /dev "$lab/root/dev"
mount -t tmpfs sys "$lab/root/sys"
mkdir "$lab/root/sys/module"
ip link set lo up
echo ready
exec sleep infinity
"""


class Lab:
    """One stand-in Fedora; `world` is the folder that the stand-in internet serves."""

    def __init__(self, folder: Path, world: Path) -> None:
        self.folder, self.world = folder, world
        folder.mkdir()
        self.holder = subprocess.Popen(
            ["unshare", "--mount", "--net", "bash", "-c", START, "bash", folder], stdout=subprocess.PIPE
        )
        assert self.holder.stdout is not None
        assert self.holder.stdout.readline() == b"ready\n"
        self.inside = ["nsenter", "--target", str(self.holder.pid), "--mount", "--net"]
        (world / "ready").unlink(missing_ok=True)
        self.mirror = subprocess.Popen([*self.inside, sys.executable, HERE / "mirror.py", world])
        self._furnish()
        deadline = time.monotonic() + 20
        while not (world / "ready").exists():
            assert time.monotonic() < deadline, "the stand-in internet does not answer"
            time.sleep(0.05)
        done = self.sh(
            "dnf -y -q install bash fedora-release kernel-core python3 && rm -rf /var/log/dnf* /var/cache/dnf/*solv*"
        )
        assert done.returncode == 0, done.stderr

    def _furnish(self) -> None:
        tools = " ".join(str(path) for path in sorted((HERE / "tools").iterdir()))
        done = self.sh(f"""
            set -eu
            printf 'NAME="Fedora Linux"\nID=fedora\nVERSION_ID=44\n' >/etc/os-release.new
            rm -f /etc/os-release && mv /etc/os-release.new /etc/os-release
            printf '127.0.0.1 localhost {" ".join(HOSTS)}\n' >/etc/hosts
            rm -rf /root/.rpmdb /var/lib/rpm/* /etc/yum.repos.d /etc/pki /var/lib/gpusetup /opt/gpusetup /var/cache/dnf
            mkdir -p /etc/yum.repos.d /etc/pki/rpm-gpg /srv /boot
            cat {self.world}/cert.pem >>/etc/ssl/certs/ca-certificates.crt
            cp -r {self.world}/kmods /srv/kmods
            cp {self.world}/fedora.pub /etc/pki/rpm-gpg/fedora
            cp {self.world}/fedora.repo /etc/yum.repos.d/
            printf '[global]\nindex-url = https://index.lab/simple/\ncert = {self.world}/cert.pem\n' >/etc/pip.conf
            install {tools} /usr/local/sbin/
            """)
        assert done.returncode == 0, done.stderr

    @property
    def _chroot(self) -> list[str]:
        return [*self.inside, "chroot", str(self.folder / "root")]

    def sh(self, text: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run shell text inside."""
        path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        return subprocess.run(
            [*self._chroot, "bash", "-c", text],
            env={"PATH": path, "HOME": "/root", "LC_ALL": "C.UTF-8", "PIP_CONFIG_FILE": "/etc/pip.conf", **env},
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            timeout=300,
            check=False,
        )

    def recipe(self, script: str, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Put `script` inside, byte for byte, and run it as its user would."""
        self.write("/root/recipe.sh", script)
        return self.sh(" ".join(["bash /root/recipe.sh", *args]), **env)

    def killed(self, script: str, step: str, after: float) -> None:
        """Run `script` and send SIGKILL to all of it `after` seconds into `step`."""
        self.write("/root/recipe.sh", script)
        self.sh(f"""
            setsid bash /root/recipe.sh >/root/killed.log 2>&1 &
            run=$!
            until grep -qs '"step":"{step}","event":"started"' /var/lib/gpusetup/journal.jsonl; do
              kill -0 $run 2>/dev/null || exit 0
              sleep 0.02
            done
            sleep {after}
            kill -KILL -- -$run 2>/dev/null
            wait
        """)

    def write(self, path: str, text: str) -> None:
        done = subprocess.run(
            [*self.inside, "tee", f"{self.folder}/root{path}"], input=text.encode(), capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr

    def carry(self, path: str, other: Lab) -> None:
        """Carry the folder `path` to the same place in another stand-in Fedora, as on a disk."""
        packed = subprocess.run([*self._chroot, "tar", "-cf", "-", path], capture_output=True, check=True)
        subprocess.run([*other._chroot, "tar", "-C", "/", "-xf", "-"], input=packed.stdout, check=True)

    def state(self) -> dict[str, str]:
        """Return what a run may change: packages and keys, files under the folders that matter, kernel arguments."""
        text = self.sh(r"""
            echo "packages $(rpm -qa --qf '%{NAME}-%{VERSION}\n' | sort | tr '\n' ' ')"
            find /etc/yum.repos.d /etc/pki /etc/profile.d /opt/gpusetup /usr/local/bin /boot/arguments /root/gpusetup \
              -type f -not -path '*/site-packages/*' -not -path '*/__pycache__/*' 2>/dev/null | sort |
              while read -r file; do echo "$file $(sha256sum <"$file")"; done
        """).stdout
        return dict(line.split(" ", 1) for line in text.splitlines())

    def close(self) -> None:
        """End whatever runs inside, daemons such as gpg-agent too, and with the last of them the mounts."""
        mounts = os.readlink(f"/proc/{self.holder.pid}/ns/mnt")
        assert mounts != os.readlink("/proc/self/ns/mnt"), "the lab has no namespace of its own"
        for place in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError, PermissionError):
                if os.readlink(place / "ns/mnt") == mounts:
                    os.kill(int(place.name), signal.SIGKILL)
        self.mirror.wait()
        self.holder.wait()

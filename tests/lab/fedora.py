"""A stand-in Fedora that one test may break: this machine's files under an overlay, with namespaces of its own.

Inside, ``/etc/os-release`` says Fedora, the package database is empty but for the stubs a fresh Fedora has, real dnf
and rpm work on it, and every host name leads to the stand-in internet. Nothing written inside outlives the lab, and
nothing inside reaches the network. What lies below the overlay (`base.Base`) decides which dnf and rpm these are.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.lab import stubs
from tests.lab.base import HERE as THIS_MACHINE
from tests.lab.base import Base
from tests.lab.world import HOSTS, World

HERE = Path(__file__).parent
ON_THE_DISK = ("grubby", "modinfo", "modprobe", "systemctl", "uname")
"""Programs of a fresh Fedora that would act on this machine's own kernel or boot loader."""
START = """
set -euo pipefail
lab=$1 below=$2 world=$3
mount -t tmpfs -o mode=755,size=99g lab "$lab"
mkdir "$lab"/{upper,work,root}
mount -t overlay -o "lowerdir=$below,upperdir=$lab/upper,workdir=$lab/work" overlay "$lab/root"
mount -t proc proc "$lab/root/proc"
mount --rbind /dev "$lab/root/dev"
mount -t tmpfs sys "$lab/root/sys"
mkdir "$lab/root/sys/module"
if [[ $below != / ]]; then mkdir -p "$lab/root$world" && mount --bind "$world" "$lab/root$world"; fi
ip link set lo up
echo ready
read -r || :  # until the other end of its input is closed; bash buries meanwhile who is left without a parent
"""
# The folders that a fresh Fedora would have empty are emptied; what is there is put in by hand, and by rpm.
FURNISH = """
set -eu
printf 'NAME="Fedora Linux"\\nID=fedora\\nVERSION_ID=%s\\n' @RELEASE@ >/etc/os-release.new
rm -f /etc/os-release && mv /etc/os-release.new /etc/os-release
echo '127.0.0.1 localhost @HOSTS@' >/etc/hosts
rm -rf /usr/local/cuda /etc/ld.so.conf.d/*cuda* /etc/xdg/pip /root/.config/pip /root/.pip
rm -rf /root/.rpmdb /var/lib/rpm/* /var/lib/dnf /etc/yum.repos.d /etc/pki /var/lib/gpusetup /opt/gpusetup /var/cache/dnf
mkdir -p /etc/yum.repos.d /etc/pki/rpm-gpg /srv/firmware /boot /etc/rpm
command -v dnf >/dev/null || ln -s "$(command -v dnf5)" /usr/bin/dnf
# Debian's own plugin, which would keep every package and index it
if [ -e /etc/dnf/libdnf5-plugins/local.conf ]; then
  printf '[main]\nname = local\nenabled = 0\n' >/etc/dnf/libdnf5-plugins/local.conf
fi
cat @WORLD@/cert.pem >>/etc/ssl/certs/ca-certificates.crt
cp @WORLD@/lab.pub /etc/pki/rpm-gpg/fedora
[ -e /srv/pip ] || cp -a @WORLD@/pip /srv/pip
printf @PYTHON@ >/srv/python
printf '%s\\n' '[fedora]' name=Fedora baseurl=https://fedora.lab/@RELEASE@ gpgcheck=1 \\
  gpgkey=file:///etc/pki/rpm-gpg/fedora >/etc/yum.repos.d/fedora.repo
printf '[global]\\nindex-url = https://index.lab/simple/\\ncert = @WORLD@/cert.pem\\n' >/etc/pip.conf
rpmkeys --import /etc/pki/rpm-gpg/fedora
cd @WORLD@/repos/fedora-@RELEASE@
rpm -i bash-*.rpm fedora-release-*.rpm kernel-core-*.rpm python3-3*.rpm
"""


class Lab:
    """One stand-in Fedora `release`; `folder` is where it is mounted, for itself alone."""

    def __init__(self, folder: Path, world: World, release: str = "44", base: Base = THIS_MACHINE) -> None:
        self.folder, self.world, self.base = folder, world, base
        self.net = folder.with_suffix(".net")
        folder.mkdir()
        self.net.mkdir()
        self.holder = subprocess.Popen(
            ["unshare", "--mount", "--net", "--pid", "--fork", "bash", "-c", START, "bash", folder,
             base.folder, world.folder],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert self.holder.stdout is not None
        assert self.holder.stdout.readline() == b"ready\n"
        self.first = int(Path(f"/proc/{self.holder.pid}/task/{self.holder.pid}/children").read_text())
        self.inside = ["nsenter", "--target", str(self.first), "--mount", "--net", "--pid"]
        self._furnish(release)
        self.mirror = subprocess.Popen(
            [*self.inside, sys.executable, HERE / "mirror.py", world.folder, self.net], stdout=subprocess.PIPE
        )
        assert self.mirror.stdout is not None
        assert self.mirror.stdout.readline() == b"ready\n", "the stand-in internet does not answer"

    def _furnish(self, release: str) -> None:
        self.world.serve_fedora(release)
        words = {"RELEASE": release, "HOSTS": " ".join(HOSTS), "WORLD": str(self.world.folder)}
        words |= {"PYTHON": self.base.python}
        done = self.sh(stubs.fill(FURNISH, words))
        assert done.returncode == 0, done.stderr
        for name in ON_THE_DISK:
            self.write(f"/usr/local/sbin/{name}", stubs.program(name), mode="755")

    @property
    def chroot(self) -> list[str]:
        return [*self.inside, "chroot", str(self.folder / "root")]

    def sh(self, text: str, stdin: str | None = None, **env: str) -> subprocess.CompletedProcess[str]:
        """Run shell text inside."""
        path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        return subprocess.run(
            [*self.chroot, "bash", "-c", text],
            env={"PATH": path, "HOME": "/root", "LC_ALL": "C.UTF-8", "PIP_CONFIG_FILE": "/etc/pip.conf", **env},
            capture_output=True,
            text=True,
            input="" if stdin is None else stdin,
            start_new_session=True,
            timeout=300,
            check=False,
        )

    def recipe(self, script: str, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Put `script` inside, byte for byte, and run it as its user would."""
        self.write("/root/recipe.sh", script)
        return self.sh(" ".join(["bash /root/recipe.sh", *args]), **env)

    def gpusetup(self, *args: str) -> subprocess.CompletedProcess[str]:
        """Run this checkout's own command inside."""
        return self._ours(str(Path(sys.executable).with_name("gpusetup")), *args)

    def python(self, text: str) -> subprocess.CompletedProcess[str]:
        """Run Python text inside, which can import this checkout."""
        return self._ours(sys.executable, "-c", text)

    def _ours(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.sh(shlex.join(words), PYTHONPATH=str(HERE.parents[1]), PYTHONDONTWRITEBYTECODE="1")

    def write(self, path: str, text: str, mode: str = "644") -> None:
        done = subprocess.run(
            [*self.inside, "install", "-D", "-m", mode, "/dev/stdin", f"{self.folder}/root{path}"],
            input=text.encode(), capture_output=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    def carry(self, path: str, other: Lab) -> None:
        """Carry the folder `path` to the same place in another stand-in Fedora, as on a disk."""
        packed = subprocess.run([*self.chroot, "tar", "-cf", "-", path], capture_output=True, check=True)
        subprocess.run([*other.chroot, "tar", "-C", "/", "-xf", "-"], input=packed.stdout, check=True)

    @contextmanager
    def spoilt(self, fault: str, *hosts: str) -> Iterator[None]:
        """Let the answers of `hosts` be spoilt, as `mirror.Mirror` says, while this lasts."""
        files = [self.net / f"{host}.{fault}" for host in hosts or HOSTS]
        for file in files:
            file.touch()
        try:
            yield
        finally:
            for file in files:
                file.unlink()

    def resize(self, left: int | None) -> None:
        """Leave so many megabytes free on its disk, None for plenty."""
        used = subprocess.run(
            [*self.inside, "df", "--output=used", "--block-size=1M", self.folder],
            capture_output=True,
            text=True,
            check=True,
        )
        size = "99g" if left is None else f"{int(used.stdout.split()[1]) + left}m"
        subprocess.run([*self.inside, "mount", "-o", f"remount,size={size}", self.folder], check=True)

    def reboot(self, *, enrol: bool = True) -> None:
        """Start the kernel anew: nouveau comes unless it was told not to, else the driver, if it is let in.

        `enrol`: whether the owner confirms a requested key on the blue screen; a request does not outlive the screen.
        """
        done = self.sh(f"""
            rm -rf /sys/module/* /run/lab-*
            if [[ -e /srv/firmware/requested ]]; then
              {"cp /srv/firmware/requested /srv/firmware/enrolled" if enrol else ":"}
              rm /srv/firmware/requested
            fi
            if grep -qs blacklist=nouveau /boot/arguments; then modprobe nvidia || :; else mkdir /sys/module/nouveau; fi
        """)
        assert done.returncode == 0, done.stderr

    def asked(self) -> str:
        """Return what was asked of the stand-in internet so far."""
        log = self.net / "requests.log"
        return log.read_text() if log.exists() else ""

    def state(self, *, strict: bool = False) -> dict[str, str]:
        """Return the packages and keys, and a digest of everything on the disk that is not as on a fresh machine.

        What merely records that something ran (logs, caches, dnf's history, our own journal) is left out, unless
        `strict`.
        """
        packages = self.sh(r"rpm -qa --qf '%{NAME}-%{VERSION}-%{RELEASE}\n' | sort").stdout
        folders = (self.folder / "upper", self.base.folder)
        done = subprocess.run(
            [*self.inside, sys.executable, HERE / "differences.py", *folders, *(["strict"] if strict else [])],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        files: dict[str, str] = json.loads(done.stdout)
        return {"packages": f" {' '.join(packages.split())} ", "keys": self.keys()} | files

    def keys(self) -> str:
        """Return what rpm trusts; rpm 6 keeps keys as files, and lists them by a command that older ones lack."""
        return self.sh("{ rpm -qa gpg-pubkey; rpmkeys --list 2>/dev/null; } | sort").stdout

    def close(self) -> None:
        """End whatever runs inside, by the end of its first process, and with the last of them the mounts."""
        assert self.holder.stdin is not None
        self.holder.stdin.close()
        self.holder.wait()
        self.mirror.wait()
        for pipe in (self.holder.stdout, self.mirror.stdout):
            assert pipe is not None
            pipe.close()

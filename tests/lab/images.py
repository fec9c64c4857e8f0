"""Base images that stand in, under the upstream names, for those of the distributions: files are built upon them as is.

They live in a store of their own, so that nothing of the host's images is seen or touched, and builds get no pull.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from gpusetup.images.builder import find
from gpusetup.images.run import inside
from gpusetup.render.container import Container
from gpusetup.resolve.model import Environment
from tests.lab import rootfs
from tests.lab.fedora import ON_THE_DISK
from tests.lab.stubs import Key, Pool, Stub, program, run
from tests.lab.wheels import wheel
from tests.lab.world import World

GPUSETUP = Path(sys.executable).with_name("gpusetup")

ROOT = "localhost/root:1"


def lacking() -> str:
    """Return why no image can be built here, "" when it can."""
    if os.geteuid() != 0:
        return "building with chroot isolation needs root"
    missing = [tool for tool in ("buildah", "rpmbuild", "createrepo_c", "dpkg-deb") if shutil.which(tool) is None]
    return f"building images needs {', '.join(missing)}" if missing else rootfs.lacking()


class Images:
    """A store with stand-in base images, `in_memory` while they are small; `env` lets a command build in it.

    A folder that has such a store already is taken as it is.
    """

    def __init__(self, folder: Path, *, in_memory: bool) -> None:
        self.folder = folder
        if in_memory:
            run("mount", "-t", "tmpfs", "-o", "mode=700,size=8g", "images", folder)
        self.key = Key(folder, "distribution")
        self.pool = Pool(folder, self.key)
        (folder / "tmp").mkdir(exist_ok=True)
        (folder / "storage.conf").write_text(
            f'[storage]\ndriver = "overlay"\ngraphroot = "{folder}/store"\nrunroot = "{folder}/run"\n'
        )
        self.env = {
            "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
            "BUILDAH_ISOLATION": "chroot",
            "TMPDIR": str(folder / "tmp"),
        }
        if not self.has(ROOT):
            rootfs.make(folder / "root")
            self._commit(ROOT, "scratch", folder / "root")

    def buildah(self, *command: str | Path) -> str:
        return run("buildah", *command, env=self.env).strip()

    def has(self, image: str) -> bool:
        """Say whether `image` is in the store."""
        return image in self.buildah("images", "--format", "{{.Name}}:{{.Tag}}").splitlines()

    def stand_in(self, options: Sequence[str], *, wheels: bool = True) -> Container:
        """Make the images that `gpusetup container` with these options builds upon, with all that it installs there.

        Its wheels are stubs; without `wheels` there are none, and the builds get pip's configuration.
        """
        container = msgspec.json.decode(run(GPUSETUP, "container", "--json", "--no-pin", *options), type=Container)
        packages: dict[str, str] = {}
        for one in container.stack.environments:
            names = one.python_packages or ("python3",)
            packages |= dict.fromkeys(names, "") | {
                names[0]: "" if one.python == rootfs.python() else f"python{one.python}"
            }
        if wheels:
            stub_wheels(self.folder / "wheels", container.stack.environments)
        base = container.base
        for reference in {base.reference, base.build_reference or base.reference}:
            self.add(reference, base.family, packages)
        return container

    def build(self, options: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Run `gpusetup container --build` with these options in this store."""
        command = [str(GPUSETUP), "container", "--no-pin", *options, "--build", "--builder", "buildah"]
        return subprocess.run(
            [*command, "--builder-option=--pull=never"],
            env=os.environ | self.env, capture_output=True, text=True, check=False, timeout=3600,
        )  # fmt: skip

    def add(self, reference: str, family: str, packages: dict[str, str]) -> None:
        """Make the image `reference` of a `family`, with stubs of `packages`, which bring the command given."""
        top = self.folder / "tops" / hashlib.sha256(reference.encode()).hexdigest()[:12]
        lay(top, {"etc/pip.conf": "[global]\nno-index = true\nfind-links = /srv/wheels\n"})
        if (self.folder / "wheels").is_dir():
            shutil.copytree(self.folder / "wheels", top / "srv/wheels", dirs_exist_ok=True)
        if family == "ubuntu":
            self._debs(top, packages)
        else:
            self._rpms(top, packages, "libdnf5" if family == "fedora" else "dnf")
        self._commit(reference, ROOT, top)

    def bootable(self, reference: str, world: World) -> None:
        """Make a bootable host of the stand-in Fedora: its package database, its keys and the address of its packages.

        `bootc` and what would act on a kernel are stand-ins; what it installs comes from `world`.
        """
        root, release = self.folder / "bootable", "44"
        rootfs.make(root, ("curl", "gnupg", "mawk", "openssl", "util-linux"))
        (root / "usr/bin/awk").symlink_to("mawk")
        world.serve_fedora(release)
        for name in (*ON_THE_DISK, "bootc"):
            place = root / "usr/local/sbin" / name
            lay(root, {f"usr/local/sbin/{name}": "#!/bin/bash\n" if name == "bootc" else program(name)})
            place.chmod(0o755)
        lay(
            root,
            {
                "etc/os-release": f'NAME="Fedora Linux"\nID=fedora\nVERSION_ID={release}\n',
                "etc/pki/rpm-gpg/fedora": world.key.public.read_text(),
                "etc/yum.repos.d/fedora.repo": f"[fedora]\nname=Fedora\nbaseurl=https://fedora.lab/{release}\n"
                "gpgcheck=1\ngpgkey=file:///etc/pki/rpm-gpg/fedora\n",
                "etc/group": rootfs.ACCOUNTS["group"] + "akmods:x:990:\n",
            },
        )
        with (root / "etc/ssl/certs/ca-certificates.crt").open("a") as bundle:
            bundle.write((world.folder / "cert.pem").read_text())
        packages = world.repository("fedora", release)
        names = ("bash", "fedora-release", "kernel-core", "python3")
        files = [path for name in names for path in sorted(packages.rglob(f"{name}-[0-9]*.rpm"))]
        run("rpm", "--root", root, "--import", world.key.public)
        run("rpm", "--root", root, "--install", "--justdb", "--nodeps", "--noscripts", *files)
        self._commit(reference, "scratch", root)

    def _commit(self, reference: str, base: str, files: Path) -> None:
        made = self.buildah("from", base)
        self.buildah("add", "--quiet", made, files, "/")
        self.buildah("config", "--env", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", made)
        self.buildah("commit", "--quiet", "--timestamp", "0", made, reference)
        self.buildah("rm", made)

    def _rpms(self, top: Path, packages: dict[str, str], cache: str) -> None:
        """Make it one whose dnf finds stubs of `packages`, signed by a key it trusts, and puts them into `cache`."""
        commands = {name: {f"x:/usr/bin/{it}": "<python-in-image"} if it else {} for name, it in packages.items()}
        self.pool.fill(top / "srv/packages", [Stub(name=name, files=files) for name, files in commands.items()])
        lay(
            top,
            {
                "etc/yum.repos.d/packages.repo": "[packages]\nname=packages\nbaseurl=file:///srv/packages\n"
                "gpgcheck=1\ngpgkey=file:///etc/key\n",
                "etc/key": self.key.public.read_text(),
                "etc/dnf/dnf.conf": f"[main]\ncachedir=/var/cache/{cache}\nmetadata_expire=0\n",
                "etc/dnf/vars/releasever": "44\n",
                "etc/rpm/macros": "%_dbpath /usr/lib/sysimage/rpm\n",
            },
        )

    def _debs(self, top: Path, packages: dict[str, str]) -> None:
        """Make it one whose apt finds stubs of `packages`, and which has a user that holds the first user id."""
        index = "\n".join(self._deb(top / "srv/packages", name, command) for name, command in packages.items())
        lay(
            top,
            {
                "srv/packages/Packages": index,
                "etc/apt/sources.list": "deb [trusted=yes] file:/srv/packages ./\n",
                "var/lib/dpkg/status": "",
                "etc/passwd": rootfs.ACCOUNTS["passwd"] + "ubuntu:x:1000:1000::/home/ubuntu:/bin/bash\n",
                "etc/group": rootfs.ACCOUNTS["group"] + "ubuntu:x:1000:\n",
            },
        )

    def _deb(self, repository: Path, name: str, command: str) -> str:
        """Build one package into `repository` and return its paragraph of the index."""
        tree, file = self.folder / "debs" / name, repository / f"{name}.deb"
        control = f"Package: {name}\nVersion: 1.0\nArchitecture: all\nMaintainer: lab\nDescription: stub\n"
        lay(tree, {"DEBIAN/control": control} | ({f"usr/bin/{command}": program("python-in-image")} if command else {}))
        if command:
            (tree / "usr/bin" / command).chmod(0o755)
        repository.mkdir(parents=True, exist_ok=True)
        run("dpkg-deb", "--build", "--root-owner-group", tree, file)
        raw = file.read_bytes()
        return f"{control}Filename: ./{file.name}\nSize: {len(raw)}\nSHA256: {hashlib.sha256(raw).hexdigest()}\n"

    def inside(self, image: str, command: str) -> tuple[int, str]:
        """Run a shell command in a container of `image`; return its exit status and what it printed."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.env.items():
                patch.setenv(name, value)
            return inside(find("buildah"), image, ["sh", "-c", command], gpu=False)

    def size(self, image: str) -> int:
        """Return the bytes that the files of `image` take."""
        name = self.buildah("from", "--pull-never", image)
        try:
            return int(run("du", "-sb", self.buildah("mount", name)).split()[0])
        finally:
            self.buildah("umount", name)
            self.buildah("rm", name)

    def close(self, *, keep: bool = False) -> None:
        """Give everything back; `keep` leaves the folder for a later one."""
        self.key.forget()
        for mount in sorted((line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()), reverse=True):
            if Path(mount).is_relative_to(self.folder):
                run("umount", "--lazy", mount)  # the builder has mounted its store upon itself
        if not keep:
            run("rm", "-rf", self.folder)


def lay(folder: Path, files: dict[str, str]) -> None:
    """Write `files` under `folder`."""
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)


def stub_wheels(folder: Path, environments: Sequence[Environment]) -> None:
    """Put a stub of each requirement of `environments` into `folder`."""
    for requirement in (one for environment in environments for one in environment.requirements):
        name, _, version = requirement.text.partition("==")
        name, plus, _ = name.partition("[")
        version = version or "1.0"
        wheel(folder, name, version, {f"{name.replace('-', '_')}.py": ""}, extras=bool(plus))

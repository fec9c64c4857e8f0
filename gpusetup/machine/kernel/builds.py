"""What akmods and DKMS have built, and what they could not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from gpusetup.machine.host import Host
from gpusetup.machine.model import ModuleBuild, Reading, Unread

AKMODS = "/var/cache/akmods"
DKMS = "/var/lib/dkms"
_DKMS_KERNEL = r"make\.log for \S+ for kernel (\S+)"


State = Literal["built", "failed", "added"]


def read_builds(host: Host) -> Reading[tuple[ModuleBuild, ...]]:
    """Return the builds of nvidia modules, in the order of the folders' names; none where no builder is installed."""
    refused = host.forbidden(AKMODS, DKMS) or host.forbidden(*(host.glob(f"{AKMODS}/nvidia*")))
    return refused or (*_akmods(host), *_dkms(host))


def _akmods(host: Host) -> Iterator[ModuleBuild]:
    """Yield by the logs that akmods leaves: ``VERSION-for-KERNEL.log``, or ``….failed.log``."""
    for path in host.glob(f"{AKMODS}/nvidia*/*-for-*.log"):
        name = path.rpartition("/")[2].removesuffix(".log")
        version, _, kernel = name.removesuffix(".failed").partition("-for-")
        if version and kernel and not any(map(str.isspace, name)):
            state: State = "failed" if name.endswith(".failed") else "built"
            yield _build("akmods", version, kernel, state, path)


def _dkms(host: Host) -> Iterator[ModuleBuild]:
    """Yield by the tree that DKMS keeps: ``MODULE/VERSION/KERNEL/ARCH/module``, and ``build`` where one stopped."""
    for version_folder in host.glob(f"{DKMS}/nvidia*/[0-9]*"):
        version = version_folder.rpartition("/")[2]
        built = [path for path in host.glob(f"{version_folder}/*/*/module") if host.names(path)]
        for path in built:
            kernel, arch = path.split("/")[-3:-1]
            yield _build("dkms", version, kernel, "built", f"{version_folder}/{kernel}/{arch}/log/make.log")
        log = f"{version_folder}/build/make.log"
        text = host.read_text(log, 4096)
        if not isinstance(text, Unread):
            named = re.search(_DKMS_KERNEL, text)
            yield _build("dkms", version, named[1] if named else "", "failed", log)
        elif not built:
            yield _build("dkms", version, "", "added", "")


def _build(tool: Literal["akmods", "dkms"], version: str, kernel: str, state: State, log: str) -> ModuleBuild:
    return ModuleBuild(tool=tool, version=version, kernel=kernel, state=state, log=log)

"""What akmods and DKMS have built, and what they could not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from gpusetup.machine.host import Host
from gpusetup.machine.kernel.build_log import BuildLog, read_build_log
from gpusetup.machine.model import ModuleBuild, Reading

AKMODS = "/var/cache/akmods"
DKMS = "/var/lib/dkms"

State = Literal["built", "failed", "added", "building"]


def read_builds(host: Host) -> Reading[tuple[ModuleBuild, ...]]:
    """Return the builds of nvidia modules, in the order of the folders' names; none where no builder is installed."""
    refused = host.forbidden(AKMODS, DKMS) or host.forbidden(*(host.glob(f"{AKMODS}/nvidia*")))
    return refused or (*_akmods(host), *_dkms(host))


def _akmods(host: Host) -> Iterator[ModuleBuild]:
    """Yield by the logs that akmods leaves: ``VERSION-for-KERNEL.log``, or ``….failed.log``."""
    # akmods leaves no other record: the package that it built is installed and removed from its cache
    for path in host.glob(f"{AKMODS}/nvidia*/*-for-*.log"):
        name = path.rpartition("/")[2].removesuffix(".log")
        version, _, kernel = name.removesuffix(".failed").partition("-for-")
        if version and kernel and not any(map(str.isspace, name)):
            failed = name.endswith(".failed")
            log = read_build_log(host, path) if failed else BuildLog()
            yield _build("akmods", path.split("/")[-2], version, kernel, "failed" if failed else "built", path, log)


def _dkms(host: Host) -> Iterator[ModuleBuild]:
    """Yield by the tree that DKMS keeps: ``MODULE/VERSION/KERNEL/ARCH/module``, and ``build`` where one stopped."""
    for version_folder in host.glob(f"{DKMS}/nvidia*/[0-9]*"):
        module, version = version_folder.split("/")[-2:]
        built = [path for path in host.glob(f"{version_folder}/*/*/module") if host.names(path)]
        for path in built:
            kernel, arch = path.split("/")[-3:-1]
            log = f"{version_folder}/{kernel}/{arch}/log/make.log"
            yield _build("dkms", module, version, kernel, "built", log, BuildLog())
        path = f"{version_folder}/build/make.log"
        log_text = read_build_log(host, path)
        if log_text.there:
            state: State = "failed" if log_text.ended else "building"
            yield _build("dkms", module, version, log_text.kernel, state, path, log_text)
        elif not built:
            yield _build("dkms", module, version, "", "added", "", BuildLog())


def _build(
    tool: Literal["akmods", "dkms"], module: str, version: str, kernel: str, state: State, path: str, log: BuildLog
) -> ModuleBuild:
    errors = log.errors if state == "failed" else ()
    return ModuleBuild(tool=tool, module=module, version=version, kernel=kernel, state=state, log=path, errors=errors)

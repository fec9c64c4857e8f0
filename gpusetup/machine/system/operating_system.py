"""The operating system around the GPU."""

from __future__ import annotations

import os
import re
import sys

from gpusetup.machine.budget import within
from gpusetup.machine.host import Host
from gpusetup.machine.kernel.running import read_kernel
from gpusetup.machine.kernel.secure_boot import read_mok, read_secure_boot
from gpusetup.machine.model import Reading, System, Unread
from gpusetup.machine.packages.unfinished import read_unfinished
from gpusetup.machine.software.compiler import read_gcc, read_python_headers, read_system_packages
from gpusetup.machine.software.keras import read_keras_backend
from gpusetup.machine.software.libc import read_libc
from gpusetup.machine.system.environment import read_environment
from gpusetup.machine.system.graphics_switch import read_graphics_switch
from gpusetup.machine.system.image import read_image
from gpusetup.machine.system.limits import read_limits
from gpusetup.machine.system.network import ADAPTERS, read_infiniband
from gpusetup.machine.system.processor import (
    count_cpus,
    read_allowed_cpus,
    read_clocksource,
    read_cpu,
    read_features,
    read_governor,
    read_memory,
)
from gpusetup.machine.system.security import (
    AUDIT,
    read_groups,
    read_selinux,
    read_selinux_denials,
    read_selinux_devices,
    read_user_namespace,
)
from gpusetup.machine.system.services import read_services
from gpusetup.machine.system.storage import read_disks
from gpusetup.machine.system.surroundings import read_container, read_virtualization
from gpusetup.machine.system.upkeep import read_notebook, read_reboot_required, read_uptime

RELEASE_LIMIT = 64 << 10
# ID_LIKE of real systems has one to three words
MANY_LIKE = 8
LONG = 1000
"""Characters beyond which a value is taken as it stands."""
_LOADERS = {
    "ld-linux-x86-64.so.2": "x86_64",
    "ld-linux-aarch64.so.1": "aarch64",
    "ld64.so.2": "ppc64le",
    "ld-linux-riscv64-lp64d.so.1": "riscv64",
}


def read_system(host: Host) -> System:
    """Return the distribution, kernel, processor, memory and compilers of the host."""
    release = _os_release(host)
    cpuinfo = host.read_text("/proc/cpuinfo")
    return System(
        arch=_arch(host),
        distro=_entry(release, "ID"),
        release=_entry(release, "VERSION_ID"),
        pretty_name=_entry(release, "PRETTY_NAME"),
        distro_like=_like(release),
        kernel=read_kernel(host),
        secure_boot=read_secure_boot(host),
        libc=within(host, "libc.so.6", read_libc),
        gcc=read_gcc(host),
        python=_python(host),
        container=read_container(host),
        virtualization=read_virtualization(host, cpuinfo),
        cpu=read_cpu(cpuinfo),
        cpus=count_cpus(host, cpuinfo),
        memory_bytes=read_memory(host),
        environment=read_environment(host),
        mok=read_mok(host),
        selinux=read_selinux(host),
        selinux_devices=read_selinux_devices(host),
        limits=read_limits(host),
        groups=read_groups(host),
        services=read_services(host),
        cpu_features=read_features(cpuinfo),
        disks=read_disks(host),
        clocksource=read_clocksource(host),
        governor=read_governor(host),
        allowed_cpus=read_allowed_cpus(host),
        uptime=read_uptime(host),
        reboot_required=read_reboot_required(host),
        notebook=read_notebook(host),
        image=read_image(host),
        user_namespace=read_user_namespace(host),
        infiniband=within(host, ADAPTERS, read_infiniband),
        selinux_denials=within(host, AUDIT, read_selinux_denials),
        keras_backend=read_keras_backend(host),
        system_packages=read_system_packages(host),
        python_headers=read_python_headers(host),
        graphics_switch=read_graphics_switch(host),
        unfinished_packages=within(host, "the packages", read_unfinished),
    )


def _os_release(host: Host) -> Reading[dict[str, str]]:
    """Return the entries of os-release as they stand there."""
    text = host.read_text("/etc/os-release", RELEASE_LIMIT)
    if isinstance(text, Unread):
        # os-release(5): the vendor's file, where /etc has none
        text = host.read_text("/usr/lib/os-release", RELEASE_LIMIT)
    if isinstance(text, Unread):
        return text
    return {name.strip(): value for name, mark, value in (line.partition("=") for line in text.splitlines()) if mark}


def _unquote(value: str) -> str:
    """Return `value` without quotes, as a shell would take it."""
    plain = value.strip()
    if len(plain) > 1 and plain.startswith('"') and plain.endswith('"'):
        plain = plain[1:-1]
    if len(plain) > LONG or not any(char in plain for char in "'\"\\"):
        return plain
    import shlex  # hardly any needs it, and it goes from character to character

    try:
        return " ".join(shlex.split(value))
    except ValueError:  # a quote that is never closed
        return value.strip()


def _entry(release: Reading[dict[str, str]], name: str) -> Reading[str]:
    if isinstance(release, Unread):
        return release
    value = _unquote(release.get(name, ""))
    return value or Unread(unread="absent", source="/etc/os-release", detail=f"no {name}")


def _like(release: Reading[dict[str, str]]) -> Reading[tuple[str, ...]]:
    """Return the words of ID_LIKE, none where a distribution derives from no other."""
    return release if isinstance(release, Unread) else tuple(_unquote(release.get("ID_LIKE", "")).split()[:MANY_LIKE])


def _arch(host: Host) -> str:
    """Return the architecture: of this process, or as the dynamic loader in the folder is called."""
    if host.live:
        return os.uname().machine
    places = ("/lib64", "/lib", "/usr/lib64", "/usr/lib")
    return next((arch for name, arch in _LOADERS.items() for place in places if host.exists(f"{place}/{name}")), "")


def _python(host: Host) -> str:
    """Return the version of this interpreter, or as far as the folder's ``python3`` names it."""
    if host.live:
        return ".".join(map(str, sys.version_info[:3]))
    named = re.search(r"python(3\.\d+)$", host.resolve("/usr/bin/python3"))
    return named[1] if named else ""

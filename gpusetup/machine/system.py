"""The operating system around the GPU."""

from __future__ import annotations

import os
import re
import shlex
import sys

from gpusetup.machine.compiler import read_gcc
from gpusetup.machine.environment import read_environment
from gpusetup.machine.host import Host
from gpusetup.machine.kernel import read_kernel
from gpusetup.machine.libc import read_libc
from gpusetup.machine.model import Reading, System, Unread
from gpusetup.machine.surroundings import read_container, read_virtualization

SECURE_BOOT = "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
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
        kernel=read_kernel(host),
        secure_boot=_secure_boot(host),
        libc=read_libc(host),
        gcc=read_gcc(host),
        python=_python(host),
        container=read_container(host),
        virtualization=read_virtualization(host, cpuinfo),
        cpu=_cpu(cpuinfo),
        cpus=_cpus(host, cpuinfo),
        memory_bytes=_memory(host),
        environment=read_environment(host),
    )


def _os_release(host: Host) -> Reading[dict[str, str]]:
    """Return the entries of os-release, quotes removed as a shell would."""
    text = host.read_text("/etc/os-release")
    if isinstance(text, Unread):
        text = host.read_text("/usr/lib/os-release")
    if isinstance(text, Unread):
        return text
    return {
        name.strip(): _unquote(value)
        for name, mark, value in (line.partition("=") for line in text.splitlines())
        if mark
    }


def _unquote(value: str) -> str:
    try:
        return " ".join(shlex.split(value))
    except ValueError:  # a quote that is never closed
        return value.strip()


def _entry(release: Reading[dict[str, str]], name: str) -> Reading[str]:
    if isinstance(release, Unread):
        return release
    return release.get(name) or Unread(unread="absent", source="/etc/os-release", detail=f"no {name}")


def _arch(host: Host) -> str:
    """Return the architecture: of this process, or as the dynamic loader in the folder is called."""
    if host.live:
        return os.uname().machine
    places = ("/lib64", "/lib", "/usr/lib64", "/usr/lib")
    return next((arch for name, arch in _LOADERS.items() for place in places if host.exists(f"{place}/{name}")), "")


def _secure_boot(host: Host) -> Reading[bool]:
    """Return the last byte of the firmware's variable (four bytes of attributes come before it)."""
    if host.exists("/sys/firmware") and not host.exists("/sys/firmware/efi"):
        detail = "no EFI firmware: booted the legacy way, or hidden by a container"
        return Unread(unread="absent", source="/sys/firmware/efi", detail=detail)
    raw = host.read_bytes(SECURE_BOOT, 64)
    if isinstance(raw, Unread):
        return raw
    if len(raw) != 5 or raw[4] > 1:
        return Unread(unread="failed", source=SECURE_BOOT, detail=f"not a flag: {raw[:8].hex()}")
    return raw[4] == 1


def _python(host: Host) -> str:
    """Return the version of this interpreter, or as far as the folder's ``python3`` names it."""
    if host.live:
        return ".".join(map(str, sys.version_info[:3]))
    named = re.search(r"python(3\.\d+)$", host.resolve("/usr/bin/python3"))
    return named[1] if named else ""


def _cpu(cpuinfo: Reading[str]) -> Reading[str]:
    if isinstance(cpuinfo, Unread):
        return cpuinfo
    for label in ("model name", "Model", "cpu model", "CPU implementer", "cpu"):
        if named := re.search(rf"^{label}\s*:\s*(\S.*)$", cpuinfo, re.MULTILINE):
            return named[1].strip()
    return Unread(unread="failed", source="/proc/cpuinfo", detail="names no processor")


def _cpus(host: Host, cpuinfo: Reading[str]) -> int:
    if host.live:
        return len(os.sched_getaffinity(0))
    return 0 if isinstance(cpuinfo, Unread) else len(re.findall(r"^processor\s*:", cpuinfo, re.MULTILINE))


def _memory(host: Host) -> Reading[int]:
    text = host.read_text("/proc/meminfo")
    if isinstance(text, Unread):
        return text
    total = re.search(r"^MemTotal:\s*(\d{1,12}) kB", text, re.MULTILINE)
    return int(total[1]) * 1024 if total else Unread(unread="failed", source="/proc/meminfo", detail="no MemTotal")

"""The processor and the memory."""

from __future__ import annotations

import os
import re

from gpusetup.machine.host import Host
from gpusetup.machine.keyvalue import entry
from gpusetup.machine.model import Reading, Unread

FEATURES = (
    "sse4_1", "sse4_2", "avx", "avx2", "f16c", "fma", "bmi2", "avx512f", "avx512vl", "avx512_bf16", "avx512_vnni",
    "amx_bf16", "asimd", "asimddp", "bf16", "sve", "sve2",
)  # fmt: skip


def read_cpu(cpuinfo: Reading[str]) -> Reading[str]:
    """Return the name of the first processor."""
    if isinstance(cpuinfo, Unread):
        return cpuinfo
    # x86, Raspberry Pi, MIPS, other Arm (a number alone), POWER
    for label in ("model name", "Model", "cpu model", "CPU implementer", "cpu"):
        if name := entry(cpuinfo, label):
            return name
    return Unread(unread="failed", source="/proc/cpuinfo", detail="names no processor")


def read_features(cpuinfo: Reading[str]) -> Reading[tuple[str, ...]]:
    """Return the instruction sets of the first processor, of those that wheels are compiled for."""
    if isinstance(cpuinfo, Unread):
        return cpuinfo
    have = set((entry(cpuinfo, "flags") or entry(cpuinfo, "Features")).split())
    if not have:
        return Unread(unread="failed", source="/proc/cpuinfo", detail="lists no features")
    return tuple(name for name in FEATURES if name in have)


def count_cpus(host: Host, cpuinfo: Reading[str]) -> int:
    """Return the processors that this process may run on; of a folder all that it lists."""
    if host.live:
        return len(os.sched_getaffinity(0))
    return 0 if isinstance(cpuinfo, Unread) else len(re.findall(r"^processor\s*:", cpuinfo, re.MULTILINE))


def read_memory(host: Host) -> Reading[int]:
    """Return the memory of the whole machine in bytes."""
    text = host.read_text("/proc/meminfo")
    if isinstance(text, Unread):
        return text
    kilobytes = entry(text, "MemTotal").removesuffix(" kB")
    if not kilobytes.isdecimal() or len(kilobytes) > 12:
        return Unread(unread="failed", source="/proc/meminfo", detail="no MemTotal")
    return int(kilobytes) * 1024


def read_governor(host: Host) -> Reading[str]:
    """Return how the first processor's clock is chosen; virtual machines have no say in it."""
    return host.read_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")


def read_clocksource(host: Host) -> Reading[str]:
    """Return where the kernel takes the time from: ``tsc`` is fast, ``hpet`` tens of times slower."""
    return host.read_line("/sys/devices/system/clocksource/clocksource0/current_clocksource")


def read_allowed_cpus(host: Host) -> Reading[str]:
    """Return the processors that this process may run on, as the kernel lists them."""
    if not host.live:
        return Unread(unread="unsupported", source="/proc/self/status", detail="a folder has no process")
    text = host.read_text("/proc/self/status")
    if isinstance(text, Unread):
        return text
    allowed = entry(text, "Cpus_allowed_list")
    return allowed or Unread(unread="failed", source="/proc/self/status", detail="no Cpus_allowed_list")

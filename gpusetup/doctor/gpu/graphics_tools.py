"""The tools that switch a notebook's graphics: which file is whose, and which remedy asks it for the GPU.

Sources: github.com/bayasdev/envycontrol (50-remove-nvidia.rules, blacklist-nvidia.conf); gitlab.com/asus-linux/
supergfxctl (supergfxd.conf); github.com/pop-os/system76-power (system76-power.conf); nvidia-prime and suse-prime.
Read 2026-11-30.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from gpusetup.doctor.rule import recorded, there

if TYPE_CHECKING:
    from gpusetup.machine.model import Machine


class Tool(msgspec.Struct, frozen=True):
    """One such tool."""

    name: str
    remedy: str


ENVYCONTROL = Tool("EnvyControl", "envycontrol-hybrid")
SUPERGFXCTL = Tool("supergfxctl", "supergfxctl-hybrid")
PRIME_SELECT = Tool("prime-select", "prime-select-on-demand")
SYSTEM76 = Tool("system76-power", "system76-power-hybrid")
FILES = {
    "supergfxd.conf": SUPERGFXCTL,
    "system76-power.conf": SYSTEM76,
    "50-remove-nvidia.rules": ENVYCONTROL,
    "50-pm-nvidia.rules": PRIME_SELECT,
    "90-supergfxd-nvidia-pm.rules": SUPERGFXCTL,
    "09-nvidia-modprobe-bbswitch-G04.conf": PRIME_SELECT,
    "09-nvidia-modprobe-pm-G05.conf": PRIME_SELECT,
    "90-nvidia-udev-pm-G05.rules": PRIME_SELECT,
}
SHARED = "blacklist-nvidia.conf"
"""EnvyControl and nvidia-prime both write a file of this name."""
OFF = {"supergfxctl": "integrated", "prime-select": "intel", "asus-wmi": "1"}
"""The mode in which a tool keeps the GPU from the system."""


def tool_of(machine: Machine, path: str) -> Tool | None:
    """Return whose the file of modprobe.d or of udev's rules at `path` is, None for the administrator's own."""
    name = path.rpartition("/")[2]
    return _owner_of_shared(machine) if name == SHARED else FILES.get(name)


def _owner_of_shared(machine: Machine) -> Tool | None:
    if any(path.endswith("50-remove-nvidia.rules") for path, _ in there(recorded(machine.udev, ())) or ()):
        return ENVYCONTROL
    prime = any(one.name in {"nvidia-prime", "suse-prime"} for one in there(recorded(machine.packages, ())) or ())
    return PRIME_SELECT if prime else None

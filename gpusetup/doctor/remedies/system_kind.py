"""What kind of system a machine is, as far as it decides how something is repaired on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.doctor.gpu.subjects import is_jetson
from gpusetup.doctor.rule import either

if TYPE_CHECKING:
    from gpusetup.machine.model import Machine

FAMILIES = {
    "fedora": {"fedora", "rhel", "centos", "rocky", "almalinux", "ol", "amzn"},
    "debian": {"debian", "ubuntu", "linuxmint", "pop", "raspbian", "kali"},
    "ubuntu": {"ubuntu", "pop", "linuxmint"},
    "arch": {"arch", "manjaro", "endeavouros", "cachyos"},
    "suse": {"opensuse-tumbleweed", "opensuse-leap", "sles", "suse", "opensuse"},
}
"""Families of distributions, the narrow ones after those that hold them; ID_LIKE of os-release adds derivatives."""
NARROW = ("ubuntu",)
IMAGES = {
    "bootc": "bootc",
    "ostree": "rpm-ostree",
    "nixos": "nixos",
    "cos": "cos",
    "bottlerocket": "bottlerocket",
    "flatcar": "flatcar",
    "talos": "talos",
    "opensuse-microos": "transactional",
    "sle-micro": "transactional",
    "opensuse-aeon": "transactional",
    "opensuse-kalpa": "transactional",
}
"""Systems that are replaced as a whole, by what the reading or os-release calls them."""
UBLUE_KEY = "/etc/pki/akmods/certs/akmods-ublue.der"
"""The key of Universal Blue's images, which they bring along (github.com/ublue-os/akmods, read 2026-11-30)."""
CLUSTERS = ("kubernetes", "kubepods", "crio")


def system_keys(machine: Machine) -> tuple[str, ...]:
    """Return under which names the commands for this system may stand, the most special first, ``any`` last."""
    inside = container_kind(machine)
    special = [inside] if inside else ["wsl"] if machine.system.virtualization == "wsl" else []
    special += ["jetson"] if is_jetson(machine) else []
    return (*special, *image_keys(machine), *_builder_keys(machine), *distro_keys(machine), "any")


def _builder_keys(machine: Machine) -> tuple[str, ...]:
    """Return what tells a system of Fedora's family that builds with DKMS, as RHEL's and Amazon's do, from akmods."""
    if "fedora" not in distro_keys(machine):
        return ()
    names = [one.name for one in either(machine.packages) or ()]
    builds = either(machine.system.kernel.builds) or ()
    dkms = any("dkms" in name for name in names) or any(one.tool == "dkms" for one in builds)
    return ("fedora-dkms",) if dkms and not any(name.startswith("akmod") for name in names) else ()


def container_kind(machine: Machine) -> str:
    """Return the kind of container we run inside: ``lxc``, ``kubernetes``, an engine's name; "" for none."""
    said = machine.system.container
    return "kubernetes" if said in CLUSTERS else "lxc" if said.startswith("lxc") else said


def image_keys(machine: Machine) -> tuple[str, ...]:
    """Return what kind of image the system is, none for one that is made of packages."""
    kind = _image_kind(machine)
    return (*(["ublue"] if _is_ublue(machine) else []), kind, "image") if kind else ()


def _image_kind(machine: Machine) -> str:
    said, distro = either(machine.system.image) or "", either(machine.system.distro) or ""
    named = IMAGES.get(said) or IMAGES.get(distro)
    return named or ("rpm-ostree" if said else "")  # what else is said is the image's own reference


def _is_ublue(machine: Machine) -> bool:
    by_key = any(key.path == UBLUE_KEY for key in machine.system.mok.keys)
    return by_key or "ublue-os" in (either(machine.system.image) or "")


def distro_keys(machine: Machine) -> tuple[str, ...]:
    """Return the distribution's ID and its families, narrow before wide."""
    distro = either(machine.system.distro) or "unknown"
    return tuple(dict.fromkeys((distro, *families(distro, either(machine.system.distro_like) or ()))))


def families(distro: str, like: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return the families of a distribution by its ID, or else by those that it says it is like."""
    found = _families_of(distro) or [name for one in like for name in _families_of(one)]
    return tuple(dict.fromkeys(sorted(found, key=lambda name: name not in NARROW)))


def family(distro: str, like: tuple[str, ...] = ()) -> str:
    """Return the wide family, which has its own functions for steps; "" for none."""
    return next((name for name in families(distro, like) if name not in NARROW), "")


def _families_of(distro: str) -> list[str]:
    return [name for name, members in FAMILIES.items() if distro in members]

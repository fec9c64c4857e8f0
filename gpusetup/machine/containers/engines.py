"""Container engines and the NVIDIA container toolkit."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from gpusetup.machine.budget import within
from gpusetup.machine.containers.cdi import find_cdi, read_cdi
from gpusetup.machine.host import Host
from gpusetup.machine.model import Containers, Package, Reading, Unread
from gpusetup.machine.software.programs import find_program

PROGRAMS = (
    "podman", "docker", "buildah", "nerdctl", "containerd", "crio", "apptainer", "singularity", "enroot",
    "nvidia-ctk", "nvidia-container-cli", "nvidia-container-runtime",
)  # fmt: skip
PACKAGES = {
    "podman": ("podman",),
    "docker": ("docker-ce", "moby-engine", "docker.io", "docker"),
    "containerd": ("containerd.io", "containerd"),
    "crio": ("cri-o",),
    "buildah": ("buildah",),
    "nvidia-ctk": ("nvidia-container-toolkit-base", "nvidia-container-toolkit"),
}
"""Which package brings a program, by the distributions that have it."""
CRIO = ("/etc/crio/crio.conf", "/etc/crio/conf.d/*", "/etc/crio/crio.conf.d/*")
CONTAINERD = (
    "/etc/containerd/config.toml", "/etc/containerd/conf.d/*.toml",
    "/var/lib/rancher/k3s/agent/etc/containerd/config.toml", "/var/lib/rancher/rke2/agent/etc/containerd/config.toml",
    "/var/snap/microk8s/current/args/containerd.toml",
)  # fmt: skip
"""Containerd's own files, and those of Kubernetes distributions that bring a containerd."""
_DEFAULT_RUNTIME = r"""^[ \t]{0,40}default_runtime_name[ \t]{0,9}=[ \t]{0,9}["']([\w.-]{1,60})["']"""
PLUGINS = "/var/lib/kubelet/device-plugins"
NVIDIA_MAJOR = 195  # Linux kernel: Documentation/admin-guide/devices.rst
DOCKER = "/etc/docker/daemon.json"
ROOTLESS = ("/run/user/*/docker.sock", "/home/*/.config/systemd/user/docker.service")
"""What dockerd-rootless-setuptool.sh and the daemon that it sets up leave (docs.docker.com: rootless mode)."""
TOOLKIT = "/etc/nvidia-container-runtime/config.toml"


def read_containers(host: Host, packages: Reading[tuple[Package, ...]]) -> Containers:
    """Return the programs found, their versions by `packages`, how they are set up, and the CDI specifications."""
    found = {name: find_program(host, name) for name in PROGRAMS}
    docker = within(host, DOCKER, _docker_settings)
    containerd = within(host, CONTAINERD[0], _containerd_text)
    return Containers(
        engines={name: path for name, path in found.items() if path},
        cdi_specs=find_cdi(host),
        cdi=within(host, "CDI specifications", read_cdi),
        docker_runtimes=_docker_runtimes(docker),
        docker_default=_docker_default(docker),
        docker_rootless=any(True for pattern in ROOTLESS for _ in host.glob(pattern)),
        no_cgroups=within(host, TOOLKIT, _no_cgroups),
        versions={} if isinstance(packages, Unread) else dict(_versions(packages)),
        containerd_nvidia=_containerd(containerd),
        containerd_default=_containerd_default(containerd),
        crio_nvidia=within(host, CRIO[0], _crio),
        device_plugins=_device_plugins(host),
        char_links=_char_links(host),
    )


def _versions(packages: tuple[Package, ...]) -> Iterator[tuple[str, str]]:
    """Yield program and upstream version, ``5:28.1.1-1~debian.12`` as ``28.1.1``."""
    by_name = {one.name: one.version for one in packages}
    for program, names in PACKAGES.items():
        said = next((by_name[name] for name in names if name in by_name), "")
        if number := re.match(r"\d+(\.\d+)*", said.rpartition(":")[2]):  # 5:28.1.1: the epoch is not a version
            yield program, number[0]


def _containerd(text: Reading[str]) -> Reading[bool]:
    """Say whether one of containerd's files names the runtime."""
    return text if isinstance(text, Unread) else "nvidia" in text


def _containerd_default(text: Reading[str]) -> Reading[str]:
    if isinstance(text, Unread):
        return text
    said = re.findall(_DEFAULT_RUNTIME, text, re.MULTILINE)
    return said[-1] if said else "runc"


def _containerd_text(host: Host) -> Reading[str]:
    texts = [host.read_text(path) for pattern in CONTAINERD for path in host.glob(pattern)]
    if not texts:
        return Unread(unread="absent", source=CONTAINERD[0], detail="containerd has no configuration here")
    unreadable = next((text for text in texts if isinstance(text, Unread)), None)
    return unreadable or "\n".join(text for text in texts if not isinstance(text, Unread))


def _crio(host: Host) -> Reading[bool]:
    """Say whether one of CRI-O's files, or of its drop-ins, names the runtime."""
    texts = [host.read_text(path) for pattern in CRIO for path in host.glob(pattern)]
    if not texts:
        return Unread(unread="absent", source=CRIO[0], detail="CRI-O has no configuration here")
    unreadable = next((text for text in texts if isinstance(text, Unread)), None)
    return unreadable or any("nvidia" in text for text in texts if not isinstance(text, Unread))


def _device_plugins(host: Host) -> Reading[tuple[str, ...]]:
    if not host.exists("/var/lib/kubelet"):
        return Unread(unread="absent", source=PLUGINS, detail="no kubelet runs here")
    listed = host.listdir(PLUGINS)
    return listed if isinstance(listed, Unread) else tuple(name for name in listed if name.endswith(".sock"))


def _char_links(host: Host) -> Reading[bool]:
    names = host.listdir("/dev/char")
    return names if isinstance(names, Unread) else f"{NVIDIA_MAJOR}:255" in names


def _docker_runtimes(settings: Reading[dict[str, object]]) -> Reading[tuple[str, ...]]:
    if isinstance(settings, Unread):
        return settings
    told = settings.get("runtimes", {})
    return tuple(map(str, told)) if isinstance(told, dict) else ()


def _docker_default(settings: Reading[dict[str, object]]) -> Reading[str]:
    return settings if isinstance(settings, Unread) else str(settings.get("default-runtime", "runc"))[:60]


def _docker_settings(host: Host) -> Reading[dict[str, object]]:
    raw = host.read_bytes(DOCKER)
    if isinstance(raw, Unread):
        return raw
    try:
        return msgspec.json.decode(raw, type=dict[str, object])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Unread(unread="failed", source=DOCKER, detail=f"not JSON: {error}"[:120])


def _no_cgroups(host: Host) -> Reading[bool]:
    text = host.read_text(TOOLKIT)
    if isinstance(text, Unread):
        return text
    settings = (line.partition("=") for line in text.splitlines())
    said = next((value.strip() for name, _, value in settings if name.strip() == "no-cgroups"), "")
    return re.match(r"true\b", said) is not None

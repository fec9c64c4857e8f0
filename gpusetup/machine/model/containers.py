"""Containers."""

import msgspec

from gpusetup.machine.model.reading import NOT_RECORDED, Pairs, Reading
from gpusetup.value import Value


class CdiSpec(Value):
    """One device specification of the Container Device Interface."""

    path: str
    version: str
    """The cdiVersion it claims."""
    driver: str
    """The driver version in the names of the libraries it mounts, "" when none has one."""
    missing: tuple[str, ...]
    """Host files it names that are not there, at most twenty."""
    devices: Reading[tuple[str, ...]] = NOT_RECORDED
    """The devices it defines, by their full names (``nvidia.com/gpu=0``); none that is named by the UUID of a card."""
    majors: Reading[Pairs] = NOT_RECORDED
    """Device node and the major number that it gives it (``/dev/nvidia-uvm``, ``510``), where it gives one."""


class Containers(Value):
    """Container engines, the NVIDIA container toolkit and its CDI specifications."""

    engines: dict[str, str]
    """Engine or tool (podman, docker, nvidia-ctk, …) → path."""
    cdi_specs: tuple[str, ...]
    cdi: Reading[tuple[CdiSpec, ...]] = NOT_RECORDED
    docker_runtimes: Reading[tuple[str, ...]] = NOT_RECORDED
    """Runtimes that /etc/docker/daemon.json names."""
    docker_default: Reading[str] = NOT_RECORDED
    """The runtime that Docker gives containers that name none (``default-runtime``), ``runc`` where its file does not
    say."""
    docker_rootless: Reading[bool] = NOT_RECORDED
    """Whether a Docker that runs without root is set up, by the socket or the unit of a user; others' cannot be seen
    by every user."""
    no_cgroups: Reading[bool] = NOT_RECORDED
    """The toolkit's own setting, which rootless engines need."""
    versions: dict[str, str] = msgspec.field(default_factory=dict)
    """Engine or tool → version, where a package of the system brings it."""
    containerd_nvidia: Reading[bool] = NOT_RECORDED
    """Whether containerd's configuration names NVIDIA's runtime."""
    containerd_default: Reading[str] = NOT_RECORDED
    """The runtime that containerd gives pods without a RuntimeClass, ``runc`` where its configuration names none."""
    crio_nvidia: Reading[bool] = NOT_RECORDED
    """Whether CRI-O's configuration does."""
    device_plugins: Reading[tuple[str, ...]] = NOT_RECORDED
    """Sockets of the kubelet's device plugins; absent where no kubelet runs."""
    char_links: Reading[bool] = NOT_RECORDED
    """Whether /dev/char links to NVIDIA's nodes; without, a reload of systemd takes the GPU from containers."""

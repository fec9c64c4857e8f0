"""Containers."""

from __future__ import annotations

from gpusetup.machine.model.reading import NOT_RECORDED, Reading
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


class Containers(Value):
    """Container engines, the NVIDIA container toolkit and its CDI specifications."""

    engines: dict[str, str]
    """Engine or tool (podman, docker, nvidia-ctk, …) → path."""
    cdi_specs: tuple[str, ...]
    cdi: Reading[tuple[CdiSpec, ...]] = NOT_RECORDED
    docker_runtimes: Reading[tuple[str, ...]] = NOT_RECORDED
    """Runtimes that /etc/docker/daemon.json names."""
    no_cgroups: Reading[bool] = NOT_RECORDED
    """The toolkit's own setting, which rootless engines need."""

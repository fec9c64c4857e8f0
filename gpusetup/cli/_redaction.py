"""Remove names and secrets from what a command prints, using the names of this host and its users."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.cli._reading import HERE

if TYPE_CHECKING:
    from gpusetup.doctor.finding import Report
    from gpusetup.machine.model import Machine
    from gpusetup.machine.model.names import HostNames


def without_names(report: Report, sysroot: str = HERE) -> Report:
    """Return `report` without the names of this host and of the host under `sysroot`."""
    from gpusetup.redact import redacted  # --help needs none of it

    return redacted(report, _names(sysroot))


def machine_without_names(machine: Machine, sysroot: str = HERE) -> Machine:
    """Return `machine` without the same names."""
    from gpusetup.redact import redacted_machine  # --help needs none of it

    return redacted_machine(machine, _names(sysroot))


def _names(sysroot: str) -> HostNames:
    from gpusetup.machine.host import Host
    from gpusetup.machine.model.names import HostNames
    from gpusetup.machine.system.people import read_names

    here = read_names(Host(HERE))
    if sysroot == HERE:
        return here
    there = read_names(Host(sysroot))
    return HostNames(users=here.users + there.users, own=here.own, hosts=here.hosts + there.hosts)

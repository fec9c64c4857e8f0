"""Remove names and secrets from what a command prints, using the names of this host and its users."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from gpusetup.cli._reading import HERE

if TYPE_CHECKING:
    from gpusetup.doctor.finding import Report
    from gpusetup.evidence.model import Comparison
    from gpusetup.fleet.model import Fleet
    from gpusetup.machine.model import Machine
    from gpusetup.machine.model.names import HostNames
    from gpusetup.repro.model import Repro
    from gpusetup.selftest.proof import Proof

_Result = TypeVar("_Result", bound="Proof | Comparison | Repro")


def without_names(report: Report, sysroot: str = HERE) -> Report:
    """Return `report` without the names of this host and of the host under `sysroot`."""
    from gpusetup.redact import redacted  # --help needs none of it

    return redacted(report, _names(sysroot))


def machine_without_names(machine: Machine, sysroot: str = HERE) -> Machine:
    """Return `machine` without the same names."""
    from gpusetup.redact import redacted_machine  # --help needs none of it

    return redacted_machine(machine, _names(sysroot))


def result_without_names(result: _Result) -> _Result:
    """Return a proof, comparison or repro without the names of this host."""
    from gpusetup.redact import redacted_result  # --help needs none of it

    return redacted_result(result, _names(HERE))


def fleet_without_names(fleet: Fleet) -> Fleet:
    """Return a fleet without the names of its hosts, and of this one."""
    from gpusetup.fleet.redacted import redacted_fleet  # --help needs none of it

    return redacted_fleet(fleet, _names(HERE))


def path_without_names(path: str) -> str:
    """Return a path as a user gave it, without the same names."""
    from gpusetup.redact.redactor import Redactor  # --help needs none of it

    return Redactor(_names(HERE)).text(path)


def _names(sysroot: str) -> HostNames:
    from gpusetup.machine.host import Host
    from gpusetup.machine.model.names import HostNames
    from gpusetup.machine.system.people import read_names

    here = read_names(Host(HERE))
    if sysroot == HERE:
        return here
    there = read_names(Host(sysroot))
    return HostNames(users=here.users + there.users, own=here.own, hosts=here.hosts + there.hosts)

"""Redacts whole values: a report, and a machine, which keeps its findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from gpusetup.machine.model import Unread
from gpusetup.machine.model.names import HostNames
from gpusetup.machine.system.environment import kept
from gpusetup.redact.redactor import Redactor

if TYPE_CHECKING:
    from gpusetup.doctor.finding import Report
    from gpusetup.machine.model import Machine

OURS = frozenset(("version", "gpusetup", "at", "rule", "slug", "state", "caused_by", "source", "fix"))
HOST = "host"
"""Fields of a report that contain only gpusetup's own text."""
NOBODY = HostNames()


def redacted(report: Report, names: HostNames = NOBODY) -> Report:
    """Return `report` without secrets, and with stand-ins for UUIDs, serial numbers, hosts, users and addresses.

    `names` are those of the host and its people. A report that is redacted already stays as it is.
    """
    host = report.host
    if host:  # its short form stands in kernel logs
        names = msgspec.structs.replace(names, hosts=(*names.hosts, host, host.partition(".")[0]))
    redactor = Redactor(names)
    for text in texts(report):
        redactor.learn(text)
    cleaned: Report = _clean(report, redactor.text, OURS)
    if host and cleaned.host == host:  # a name of one or two letters, or a word of ours, is taken out only here
        cleaned = msgspec.structs.replace(cleaned, host=HOST)
    return cleaned


def redacted_machine(machine: Machine, names: HostNames = NOBODY) -> Machine:
    """Return `machine` redacted in the same way; the doctor's findings stay the same, with stand-ins."""
    redactor = Redactor(names)
    for text in texts(machine):
        redactor.learn(text)
        if text.count(".") == 3:  # a whole field: nothing in a machine holds an address alone
            redactor.learn_version(text)
    for uuid in _uuids(machine):
        redactor.text(uuid)
    system = msgspec.structs.replace(machine.system, environment=kept(machine.system.environment))
    cleaned: Machine = _clean(msgspec.structs.replace(machine, system=system), redactor.text, frozenset())
    return cleaned


def _uuids(machine: Machine) -> Iterator[str]:
    """Yield the whole UUIDs of GPUs and slices: a variable may hold the beginning of one, and has the same stand-in."""
    for gpu in () if isinstance(machine.gpus, Unread) else machine.gpus:
        slices = () if isinstance(gpu.mig_devices, Unread) else gpu.mig_devices
        yield from (uuid for uuid in (gpu.uuid, *(one.uuid for one in slices)) if isinstance(uuid, str))


def _clean(value: Any, cleaned: Callable[[str], str], ours: frozenset[str]) -> Any:
    if isinstance(value, str):
        return cleaned(value)
    if isinstance(value, tuple):
        return tuple(_clean(one, cleaned, ours) for one in value)
    if isinstance(value, dict):
        return {_clean(name, cleaned, ours): _clean(one, cleaned, ours) for name, one in value.items()}
    if isinstance(value, msgspec.Struct):
        fields = {name: getattr(value, name) for name in value.__struct_fields__ if name not in ours}
        return msgspec.structs.replace(value, **{name: _clean(one, cleaned, ours) for name, one in fields.items()})
    return value


def texts(value: Any) -> Iterator[str]:
    """Yield every text in `value`."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for one in value:
            yield from texts(one)
    elif isinstance(value, dict):
        for name, one in value.items():
            yield name
            yield from texts(one)
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from texts(getattr(value, name))

"""The hosts of a roll-out: each with its whole machine, or with the reason why it is left out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from gpusetup.fleet.gather import gather
from gpusetup.fleet.host import Host
from gpusetup.fleet.rollout.model import LeftOut
from gpusetup.machine.model import Machine
from gpusetup.text import neutral

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,252}")
"""Names that an inventory takes for one host: no range, no pattern, no option of ssh, no template."""
_TAKEN = {"all", "ungrouped", "localhost"}


class Hosts(NamedTuple):
    """Machines by host, and who is left out."""

    machines: dict[str, Machine]
    left_out: tuple[LeftOut, ...]


def read_hosts(paths: Sequence[Path]) -> Hosts:
    """Return the hosts at `paths`; raises `WrongInputError` as `gather` does. A bad file leaves its own host out."""
    raw: dict[str, bytes] = {}

    def keep(host: Host, machine: bytes) -> None:
        raw[host.name] = machine

    gathered = gather(paths, keep)
    machines: dict[str, Machine] = {}
    left: list[LeftOut] = []
    for name, host in gathered.hosts.items():
        if why := _unfit(name, host, raw.get(name)):
            left.append(LeftOut(host=name, why=why))
            continue
        try:
            machines[name] = msgspec.json.decode(raw[name], type=Machine)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            left.append(LeftOut(host=name, why=f"this gpusetup cannot read its machine: {neutral(str(error))[:300]}"))
    return Hosts(machines, tuple(left))


def _unfit(name: str, host: Host, raw: bytes | None) -> str:
    if not _NAME.fullmatch(name) or name.lower() in _TAKEN or name.startswith("group_"):
        return "its name cannot stand in an inventory"
    if host.refused:
        return f"a file of it could not be read: {host.refused[0]}"
    if raw is None:
        return "there is no machine of it (gpusetup detect)"
    return "two machines were given of it" if any("machine" in note for note in host.notes) else ""

"""Remedies: the words and commands of ``fixes.json``, chosen by distribution and filled with values.

A fix has its ``text`` and commands by distribution: those under the distribution's own ID go before its family's
(fedora, debian, arch, suse), those before ``any``. Values in braces come from the finding, quoted for the shell. A fix
with ``undo`` (commands by distribution, like its own) can be carried out by ``--fix --apply``; files that it ``keeps``
are put aside before and put back. One without is for a person: it may interrupt work, or needs a choice.
"""

from __future__ import annotations

import shlex
from functools import cache
from typing import TYPE_CHECKING, Any

from gpusetup.doctor.finding import Remedy
from gpusetup.doctor.table import read_table

if TYPE_CHECKING:
    from gpusetup.doctor.rule import Fix
    from gpusetup.machine.model import Machine

FAMILIES = {
    "fedora": {"fedora", "rhel", "centos", "rocky", "almalinux", "ol", "amzn"},
    "debian": {"debian", "ubuntu", "linuxmint", "pop", "raspbian", "kali"},
    "arch": {"arch", "manjaro", "endeavouros", "cachyos"},
    "suse": {"opensuse-tumbleweed", "opensuse-leap", "sles"},
}


@cache
def table() -> dict[str, dict[str, Any]]:
    """Return all fixes by name; read only when something is wrong."""
    return read_table("fixes", dict[str, dict[str, Any]])


def remedy(fix: Fix, machine: Machine) -> Remedy:
    """Return `fix` in words, with the commands for this machine's distribution."""
    row = table()[fix.name]
    return Remedy(
        text=row["text"].format_map(fix.values),
        commands=filled(for_distro(row, str(machine.system.distro)) or [], fix.values),
        fix=fix.name,
        values=fix.values,
    )


def filled(commands: list[str], values: dict[str, str]) -> tuple[str, ...]:
    """Return `commands` with `values` in their places, each one word of the shell."""
    quoted = {name: shlex.quote(value) for name, value in values.items()}
    return tuple(command.format_map(quoted) for command in commands)


def for_distro(row: dict[str, list[str]], distro: str) -> list[str] | None:
    """Return the entry for `distro`, its family, or any; None when there is none."""
    return next((row[name] for name in (distro, family(distro), "any") if name in row), None)


def family(distro: str) -> str:
    """Return the family whose commands the distribution takes, "" when it has none."""
    return next((name for name, members in FAMILIES.items() if distro in members), "")

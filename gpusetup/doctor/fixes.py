"""Remedies: the words and commands of ``fixes.json``, chosen by distribution and filled with values.

A fix has its ``text`` and commands by distribution: those under the distribution's own ID go before its family's
(fedora, debian, arch, suse), those before ``any``. Values in braces come from the finding, quoted for the shell.
``container`` says what becomes of it inside one: another fix's name, which takes its place there, or ``host``, where it
is done instead: of that distribution nothing is known, so the commands are those of ``any``.

A fix has either a ``step`` or the reason why it is left to a person (``by_hand``, words in ``reasons.json``). ``step``
holds, by distribution as well, the commands that `--fix --apply` runs where they differ from the printed ones (nothing:
those are run), ``undo`` what takes them back beyond what they note themselves (``recipes/doctor/``), ``check`` what is
looked at instead of the rule, ``manual`` what remains for a person. With ``login`` the rule is asked in a new login; of
what only a login shows, no other remedy is carried out. ``under`` are the folders in which a path that the finding
names must lie, where root changes what is there. A ``wish`` is carried out only where its rule was named. It is JSON,
not TOML, since reading TOML would cost 4 ms of every start that finds something.
"""

from __future__ import annotations

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
HOST = "host"
ON_HOST = "On the host of this container: "


@cache
def table() -> dict[str, dict[str, Any]]:
    """Return all fixes by name; read only when something is wrong."""
    return read_table("fixes", dict[str, dict[str, Any]])


def remedy(fix: Fix, machine: Machine) -> Remedy:
    """Return `fix` in words, with the commands for this machine's distribution."""
    import shlex  # only where something is wrong

    name = _here(fix.name, machine)
    row, outside = table()[name], on_host(name, machine)
    commands = row.get("any" if outside else chosen(row, str(machine.system.distro)), ())
    quoted = {name: shlex.quote(value) for name, value in fix.values.items()}
    return Remedy(
        text=(ON_HOST if outside else "") + row["text"].format_map(fix.values),
        commands=tuple(command.format_map(quoted) for command in commands),
        fix=name,
        values=fix.values,
    )


def _here(name: str, machine: Machine) -> str:
    instead = str(table()[name].get("container", HOST)) if machine.system.container else HOST
    return name if instead == HOST else instead


def on_host(name: str, machine: Machine) -> bool:
    """Say whether `machine` is the inside of a container, and the fix called `name` is done on its host."""
    return bool(machine.system.container) and table()[name].get("container") == HOST


def chosen(row: dict[str, Any], distro: str) -> str:
    """Return under which name the commands for `distro` stand: its own, its family's or ``any``; "" for none."""
    return next((name for name in (distro, family(distro), "any") if name in row), "")


def family(distro: str) -> str:
    """Return the family whose commands the distribution takes, "" when it has none."""
    return next((name for name, members in FAMILIES.items() if distro in members), "")

"""The states of ``states.toml``: made on a real Debian, judged by the doctor, and repaired."""

from __future__ import annotations

import tomllib
from typing import Any

from gpusetup.value import Value
from tests.lab.driver_host.host import DriverHost
from tests.lab.driver_host.roots import HERE

OLD_BRANCH = "DRV102"
"""True of every Debian 13: its driver is of a branch that has ended."""


class State(Value):
    """One state; the fields are explained in ``states.toml``."""

    name: str
    first: str
    make: str = ":"
    boots: bool = False
    remedy: str = ""
    fix: str = ""
    after: str = ""
    ci: bool = False
    new: bool = False
    why: str = ""


class Judged(Value):
    """What the doctor says first: its rule, "" where nothing is wrong, in one line, and the commands that mend it."""

    rule: str = ""
    summary: str = ""
    commands: tuple[str, ...] = ()


def states() -> tuple[State, ...]:
    """Return every state, in the order of the file."""
    rows: dict[str, dict[str, Any]] = tomllib.loads((HERE / "states.toml").read_text())
    return tuple(State(name=name, **row) for name, row in rows.items())


def make(host: DriverHost, state: State) -> None:
    """Bring `host` into `state`, and start it unless that did."""
    host.do(f"{(HERE / 'prelude.sh').read_text()}\n{state.make}")
    if not state.boots:
        host.boot()


def judged(host: DriverHost) -> Judged:
    """Return what the doctor says first of `host`, beside the age of the branch."""
    for one in host.doctor()["findings"]:
        if one["state"] in ("error", "warning") and one["rule"] != OLD_BRANCH:
            commands = tuple((one.get("remedy") or {}).get("commands", ()))
            return Judged(rule=one["rule"], summary=one["summary"], commands=commands)
    return Judged()


def repaired(host: DriverHost, rule: str) -> str:
    """Carry out the remedy of `rule` as its user would, start anew, and return what was said when it failed."""
    done = host.gpusetup("doctor", "--only", rule, "--fix", "--apply", "--yes")
    host.boot()
    return "" if done.returncode in (0, 7) else done.stdout + done.stderr  # 7: a restart is needed, and was made

"""What a fleet is expected to be: its hosts by name and role, and what each of them should have.

The file is the doctor's file of expectations, for all hosts alike, or lists groups:

    [[group]]
    role = "train"
    hosts = ["node[001-128]", "node200"]
    [group.expect]
    gpus = 8
    model = "H100"
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, NamedTuple

import msgspec

from gpusetup.doctor.examine import examine
from gpusetup.doctor.expect import check_ranges, parse, rules_for
from gpusetup.doctor.expect.model import Expectations, Expected
from gpusetup.doctor.rule import Rule
from gpusetup.errors import WrongInputError
from gpusetup.files import read
from gpusetup.fleet.host import Host
from gpusetup.machine.model import Machine
from gpusetup.text import neutral
from gpusetup.value import Value

MOST_HOSTS = 1_000_000
_RANGE = re.compile(r"\[([0-9,-]{1,200})\]")
_WHAT = "docs/fleet.md shows such a file"
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]


class ExpectedGroup(Value):
    """Hosts of one role, and what is expected of each."""

    hosts: tuple[_Name, ...]
    """Names, with ranges as Slurm writes them: ``node[001-128,200]``."""
    role: str = ""
    expect: Expectations = Expectations()


class _File(Value):
    group: Annotated[tuple[ExpectedGroup, ...], msgspec.Meta(min_length=1)]


class Plan(NamedTuple):
    """The expectations: the role and rules of each host by name, and the rules of any other."""

    file: str
    roles: Mapping[str, str]
    rules: Mapping[str, tuple[Rule, ...]]
    anyone: tuple[Rule, ...] = ()

    def named(self, host: str) -> str:
        """Return the name under which the file has the host, "" where it has not; a domain may be left out."""
        if host in self.roles:
            return host
        short = host.partition(".")[0]
        return short if short in self.roles else ""

    def role_of(self, host: str) -> str:
        """Return the role of the host of that name, "" without one."""
        return self.roles.get(self.named(host), "")

    def rules_of(self, host: str) -> tuple[Rule, ...]:
        """Return what is expected of the host of that name."""
        return self.rules.get(self.named(host), self.anyone)

    def check(self, host: Host, raw: bytes) -> None:
        """Hold a host's machine against what is expected of it, by the doctor's own rules."""
        rules = self.rules_of(host.name)
        if not rules:
            return
        try:
            machine = msgspec.json.decode(raw, type=Machine)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            host.unchecked = (f"this gpusetup cannot read the whole machine: {neutral(str(error))}",)
            return
        found = examine(machine, rules)
        host.unmet = tuple((one.rule, f"{one.subject}: {one.summary}") for one in found if one.state == "error")
        host.unchecked = tuple(f"{one.subject}: {one.summary}" for one in found if one.state == "unknown")


NO_PLAN = Plan("", {}, {})
"""Nothing is expected."""


def read_plan(path: Path) -> Plan:
    """Read a file of expectations; raises `WrongInputError` naming the file and the place inside it."""
    raw = read(path, "the expectations")
    try:
        said = tomllib.loads(raw.decode())
        if "group" not in said:
            return Plan(str(path), {}, {}, tuple(rules_for(parse(raw, path)).values()))
        groups = msgspec.convert(said, _File).group
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError, RecursionError) as error:
        raise WrongInputError(f"{path} is not a file of expectations: {error}", _WHAT) from error
    roles: dict[str, str] = {}
    rules: dict[str, tuple[Rule, ...]] = {}
    for group in groups:
        expected = Expected(group.expect, str(path))
        check_ranges(expected)
        own = tuple(rules_for(expected).values())
        for name in (name for text in group.hosts for name in expanded(text)):
            if name in roles:
                raise WrongInputError(f"{path} names the host {neutral(name)} twice", _WHAT)
            if len(roles) >= MOST_HOSTS:
                raise WrongInputError(f"{path} names more than {MOST_HOSTS:,} hosts", _WHAT)
            roles[name], rules[name] = group.role, own
    return Plan(str(path), roles, rules)


def expanded(text: str) -> Iterator[str]:
    """Yield the hosts that a name with ranges stands for, as Slurm's hostlists do: ``node[01-03,7]``.

    Raises `WrongInputError` for a range that is none.
    """
    found = _RANGE.search(text)
    if found is None:
        if "[" in text or "]" in text:
            raise WrongInputError(f"{neutral(text)} is no name of hosts", "write node[001-128] or node[1,3,5-8]")
        yield text
        return
    for part in found[1].split(","):
        first, dash, last = part.partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()) or (dash and int(last) < int(first)):
            raise WrongInputError(f"{neutral(text)}: {part} is no range", "write node[001-128] or node[1,3,5-8]")
        if dash and int(last) - int(first) >= MOST_HOSTS:
            raise WrongInputError(f"{neutral(text)} stands for more than {MOST_HOSTS:,} hosts", _WHAT)
        for number in range(int(first), int(last or first) + 1):
            for rest in expanded(text[found.end() :]):
                yield f"{text[: found.start()]}{number:0{len(first)}d}{rest}"

"""From machines to groups: hosts whose request is the same get the same recipe, which is planned once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from gpusetup.errors import GpusetupError, RefusedError
from gpusetup.facts import Facts
from gpusetup.fleet.rollout.model import LeftOut, RolloutGroup
from gpusetup.machine.model import Machine
from gpusetup.render.formats import render
from gpusetup.render.steps import recipe
from gpusetup.resolve.asked.request import Wanted, ask
from gpusetup.resolve.model import Request, Stack
from gpusetup.text import neutral

Solve = Callable[[Request], Stack]
"""Chooses the stack for a request; raises `RefusedError` where there is none."""


class Grouped(NamedTuple):
    """Groups with the text of each one's script, and who is left out."""

    groups: tuple[RolloutGroup, ...]
    scripts: dict[str, str]
    left_out: tuple[LeftOut, ...]


def grouped(machines: Mapping[str, Machine], wanted: Wanted, facts: Facts, solve: Solve, day: str) -> Grouped:
    """Return the groups, the largest first. A host that no recipe is for, or no stack, is left out with the reason."""
    requests: dict[Request, list[str]] = {}
    notes: dict[Request, tuple[str, ...]] = {}
    left: list[LeftOut] = []
    for name, machine in machines.items():
        try:
            request, told = _request(machine, wanted, facts)
        except GpusetupError as error:
            left.append(LeftOut(host=name, why=neutral(error.message)))
            continue
        requests.setdefault(request, []).append(name)
        notes[request] = told
    made: list[tuple[Request, Stack, list[str], str]] = []
    for request, hosts in requests.items():
        try:
            stack = solve(request)
            made.append((request, stack, hosts, render(recipe(stack), "bash", day)))
        except GpusetupError as error:
            left += [LeftOut(host=host, why=neutral(error.message)) for host in hosts]
    same: dict[str, tuple[Request, Stack, list[str]]] = {}
    for request, stack, hosts, text in made:
        same.setdefault(text, (request, stack, []))[2].extend(hosts)
    ordered = sorted(same.items(), key=lambda one: (-len(one[1][2]), one[1][2][0]))
    groups, scripts = [], {}
    for number, (text, (request, stack, hosts)) in enumerate(ordered, start=1):
        script = f"recipes/group_{number}.sh"
        scripts[script] = text
        groups.append(
            RolloutGroup(
                name=f"group_{number}", hosts=tuple(hosts), what=_what(stack), stack=tuple(_components(stack)),
                script=script, sha256=hashlib.sha256(text.encode()).hexdigest(), notes=notes[request],
            )
        )  # fmt: skip
    return Grouped(tuple(groups), scripts, tuple(left))


def _request(machine: Machine, wanted: Wanted, facts: Facts) -> tuple[Request, tuple[str, ...]]:
    asked = ask(facts, wanted, lambda: machine, saved=True)
    if asked.foreign:
        raise RefusedError(f"no recipe is for {asked.foreign}")
    if not asked.request.cards:
        raise RefusedError("no NVIDIA GPU was found on it; a stack for its processor is no one's wish in a fleet")
    return asked.request, tuple(map(neutral, asked.notes))


def _what(stack: Stack) -> str:
    cards = [neutral(one.name) for one in stack.request.cards]
    several = [f"{cards.count(name)} × {name}" if cards.count(name) > 1 else name for name in dict.fromkeys(cards)]
    return f"{stack.distro_name} {stack.release}, {', '.join(several) or 'no card'}"


def _components(stack: Stack) -> Iterator[str]:
    if stack.driver:
        yield f"driver {stack.driver.version}"
    for environment in stack.environments:
        named = (one.text for one in environment.requirements if _name(one.text) in environment.frameworks)
        yield f"environment {environment.name}: {' '.join(named)}, Python {environment.python}"


def _name(text: str) -> str:
    return text.partition("==")[0].partition("[")[0].replace("-cpu", "")

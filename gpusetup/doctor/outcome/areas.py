"""The areas of a report: what a person asks first, each with its versions and the worst that was found in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Literal

from gpusetup.doctor.finding import Area
from gpusetup.doctor.outcome.machine_title import card_names, system_name
from gpusetup.doctor.outcome.to_finding import NOTHING_HERE, UNRECORDED, UNTRIED
from gpusetup.doctor.outcome.verdict import NO_GPU
from gpusetup.doctor.rule import either

if TYPE_CHECKING:
    from gpusetup.doctor.finding import Finding
    from gpusetup.doctor.rule import Rule
    from gpusetup.machine.model import Machine

AreaState = Literal["ok", "warning", "error", "unknown", "none"]
State = AreaState | Literal["explained"]

_BY_PREFIX = {"ANS": "GPU", "HST": "System", "LIM": "System", "SHR": "GPU", "WSL": "System"}
_BY_STAGE = {
    "bus": "GPU",
    "firmware": "GPU",
    "kernel module": "Driver",
    "device nodes": "Driver",
    "driver library": "Driver",
    "libraries": "CUDA",
    "framework": "Frameworks",
    "container": "Containers",
    "upkeep": "Driver",
}
_WORST_FIRST: tuple[AreaState, ...] = ("error", "warning", "unknown", "ok", "none")
OPEN_LICENCE = "Dual MIT/GPL"
FRAMEWORKS = ("torch", "tensorflow", "tensorflow-cpu", "jaxlib")
MANY = 3
"""A third as many rules that are explained as that passed: the log and the bus still tell of a GPU without a driver."""
ENGINES = ("docker", "podman", "apptainer", "nvidia-ctk")


def areas(machine: Machine, rules: Iterable[Rule], findings: Iterable[Finding]) -> tuple[Area, ...]:
    """Return each area with its versions on `machine` and the worst state of its findings.

    A rule that is silent because another one cannot check leaves its own area unknown too: a kernel log that cannot be
    read shows no Xid, so that what else is known of a GPU does not make it well.
    """
    named = {rule.id: area_of(rule) for rule in rules}
    given = tuple(findings)
    blind = {one.rule for one in given if one.state == "unknown" and not one.silenced}
    states: dict[str, Counter[State]] = {}
    for one in given:
        unseen = one.state == "skipped" and one.caused_by in blind
        states.setdefault(named[one.rule], Counter())["unknown" if unseen else _state(one)] += 1
    return tuple(_area(name, said(machine), states[name]) for name, said in _VERSIONS.items() if name in states)


def _area(name: str, versions: str, states: Counter[State]) -> Area:
    state = _worst(states, versions)
    return Area(name=name, state=state, versions=versions or ("unknown" if state == "unknown" else "none"))


def area_of(rule: Rule) -> str:
    """Return the area of a rule: that of its topic, or else of its stage."""
    return _BY_PREFIX.get(rule.id.rstrip("0123456789"), "") or _BY_STAGE[rule.stage]


def _state(one: Finding) -> State:
    """Return what a finding says of its area."""
    if one.state == "ok":
        return "none" if one.evidence == NOTHING_HERE else "ok"
    if one.evidence[:1] == UNRECORDED:
        return "none"
    if one.silenced or one.state == "info" or one.evidence[:1] == UNTRIED:
        return "ok"
    if one.state == "skipped":
        return "none" if one.caused_by == NO_GPU else "explained"
    return one.state


def _worst(states: Counter[State], versions: str) -> AreaState:
    """Return the worst state, of an area that has nothing in it only where something is wrong all the same.

    An area many of whose rules are silent because of a cause elsewhere is unknown: what it has no longer shows.
    """
    if states["explained"] * MANY > states["ok"]:
        states["unknown"] += 1
    worst: AreaState = next((one for one in _WORST_FIRST if states[one]), "none")
    return worst if versions or worst in {"error", "warning", "unknown"} else "none"


def _driver(machine: Machine) -> str:
    driver = machine.driver
    version = either(driver.nvml) or either(driver.kernel_module) or either(driver.user_library)
    if not version:
        return ""
    open_module = either(driver.module_license) == OPEN_LICENCE
    known = either(driver.module_license) is not None
    flavour = f", {'open' if open_module else 'proprietary'} kernel module" if known else ""
    return f"{version}{flavour}"


def _cuda(machine: Machine) -> str:
    newest = either(machine.driver.cuda)
    toolkits = sorted({version for version in machine.toolkits.values() if version})
    return ", ".join(
        [
            *([f"the driver supports up to {newest}"] if newest else []),
            *([f"toolkit {', '.join(toolkits)}"] if toolkits else []),
        ]
    )


def _frameworks(machine: Machine) -> str:
    return ", ".join(dict.fromkeys(_installed(machine)))


def _installed(machine: Machine) -> Iterator[str]:
    for one in machine.distributions:
        if one.name in FRAMEWORKS:
            built = f" ({'CPU only' if one.cuda == 'cpu' else f'CUDA {one.cuda}'})" if one.cuda else ""
            yield f"{'jax' if one.name == 'jaxlib' else one.name} {one.version}{built}"


def _containers(machine: Machine) -> str:
    engines, versions = machine.containers.engines, machine.containers.versions
    return ", ".join(f"{name} {versions.get(name, '')}".rstrip() for name in ENGINES if name in engines)


_VERSIONS: dict[str, Callable[[Machine], str]] = {
    "System": system_name,
    "GPU": lambda machine: ", ".join(card_names(machine)),
    "Driver": _driver,
    "CUDA": _cuda,
    "Frameworks": _frameworks,
    "Containers": _containers,
}

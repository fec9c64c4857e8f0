"""A machine beside a profile of a lock: what differs, and whether it matters."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Literal

from gpusetup.distributions import normal
from gpusetup.resolve.asked.cards import found as cards_of
from gpusetup.resolve.host.present import flavour
from gpusetup.resolve.host.reading import value_of
from gpusetup.value import Value
from gpusetup.versions import driver

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.machine.model import Distribution, Machine
    from gpusetup.resolve.lock import Profile
    from gpusetup.resolve.model import Card, Environment

Weight = Literal["breaks", "differs", "unknown"]
"""``breaks``: it cannot work as locked. ``differs``: it works, and results may differ. ``unknown``: it was not read."""
NVIDIA = "nvidia-"


class Drift(Value):
    """One difference between a lock and a machine."""

    component: str
    locked: str
    now: str
    weight: Weight
    why: str
    since: int = 0
    """When what is there now was installed, in Unix seconds; 0 where nothing says so."""


class Drifts(Value):
    """All differences between one profile and one machine."""

    version: Literal[1] = 1
    profile: str
    drifts: tuple[Drift, ...]


def drifts(locked: Profile, machine: Machine, facts: Facts) -> tuple[Drift, ...]:
    """Return what differs, the host first, then each environment."""
    found = [
        *_cards(locked, machine, facts),
        *_release(locked, machine),
        *_driver(locked, machine, facts),
        *_toolkit(locked, machine),
    ]
    names = {one.name for one in locked.environment}
    for environment in locked.environment:
        found += _environment(environment, machine, names - {environment.name})
    return tuple(found)


def _cards(locked: Profile, machine: Machine, facts: Facts) -> Iterator[Drift]:
    there = cards_of(facts, machine)
    wanted, now = _names(locked.cards), _names(there)
    same = {card.compute_capability for card in locked.cards} == {card.compute_capability for card in there}
    if wanted != now and same:
        yield Drift(component="cards", locked=", ".join(wanted), now=", ".join(now), weight="differs",
                    why="they run the same code; speed, memory and bits may differ")  # fmt: skip
    elif wanted != now:
        yield Drift(component="cards", locked=", ".join(wanted), now=", ".join(now), weight="breaks",
                    why="the stack was chosen for other cards: plan again")  # fmt: skip


def _names(cards: tuple[Card, ...]) -> list[str]:
    """Return the names without the maker's, which NVML gives and people leave out."""
    return sorted({card.name.removeprefix("NVIDIA ") for card in cards})


def _release(locked: Profile, machine: Machine) -> Iterator[Drift]:
    distro, release = value_of(machine.system.distro) or "", value_of(machine.system.release) or ""
    if (distro, release) != (locked.distro, locked.release):
        yield Drift(component="system", locked=f"{locked.distro} {locked.release}", now=f"{distro} {release}",
                    weight="differs", why="its packages, compilers and Pythons are others")  # fmt: skip


def _driver(locked: Profile, machine: Machine, facts: Facts) -> Iterator[Drift]:
    wanted = locked.driver.version if locked.driver else locked.driver_stays
    if not wanted:
        return
    now = value_of(machine.driver.nvml) or value_of(machine.driver.kernel_module)
    if now is None:
        yield Drift(component="driver", locked=wanted, now="", weight="breaks", why="no driver answers")
        return
    since = _driver_since(machine, now, facts)
    floor = max((one.driver_floor for one in locked.environment if one.driver_floor), key=driver, default="")
    if floor and driver(now) < driver(floor):
        yield Drift(component="driver", locked=wanted, now=now, weight="breaks", since=since,
                    why=f"the wheels need {floor} or newer")  # fmt: skip
    elif now != wanted:
        yield Drift(component="driver", locked=wanted, now=now, weight="differs", since=since,
                    why="it runs the wheels; what it compiles from PTX may differ")  # fmt: skip
    now_is = flavour(machine)
    if locked.driver and now_is and now_is != locked.driver.flavour:
        yield Drift(component="kernel modules", locked=locked.driver.flavour, now=now_is, weight="differs",
                    why="newer cards need the open ones, older cards the proprietary ones")  # fmt: skip


def _toolkit(locked: Profile, machine: Machine) -> Iterator[Drift]:
    kit = locked.toolkit
    there = sorted({version for version in machine.toolkits.values() if version})
    if kit.via in ("repo", "runfile") and not any(f"{one}.".startswith(f"{kit.series}.") for one in there):
        yield Drift(component="nvcc", locked=f"CUDA {kit.series}", now=", ".join(f"CUDA {one}" for one in there),
                    weight="differs", why="it matters only to what is compiled here",
                    since=_newest(machine, there, "cuda-nvcc", "cuda-toolkit"))  # fmt: skip


def _driver_since(machine: Machine, version: str, facts: Facts) -> int:
    """Return when the packages of the driver that runs were installed: the last of them, since all have to be there."""
    named = {name.rstrip("*") for row in facts.driver_owner for name in (*row.known_by, *row.never_beside)}
    return _newest(machine, [version], "nvidia", "libnvidia", *sorted(named))


def _newest(machine: Machine, versions: list[str], *families: str) -> int:
    """Return when the last of the packages of these families and versions was installed, 0 where none is known."""
    found = value_of(machine.packages) or ()
    named = (one for one in found if one.name.startswith(families))
    return max((one.installed for one in named if any(version in one.version for version in versions)), default=0)


def _environment(environment: Environment, machine: Machine, others: Collection[str]) -> Iterator[Drift]:
    name = f"env {environment.name}"
    wanted = dict(_wanted(environment))
    place = _place(environment, wanted, machine, others)
    if place is None:
        yield Drift(component=name, locked=" ".join(environment.frameworks), now="", weight="unknown",
                    why="no environment with it was read: run it with that environment's Python active")  # fmt: skip
        return
    there = {normal(one.name): one for one in machine.distributions if one.location == place}
    python = re.search(r"/python(3[.][0-9]+)/", f"{place}/")
    if python and python[1] != environment.python:
        yield Drift(component=f"{name}: Python", locked=environment.python, now=python[1], weight="breaks",
                    why="the locked wheels are for another Python")  # fmt: skip
    for package, version in wanted.items():
        yield from _package(name, package, version, there.get(package), environment)
    for package, one in there.items() if environment.wheels else ():
        if package not in wanted and package.startswith(NVIDIA):
            yield Drift(component=f"{name}: {package}", locked="", now=one.version, weight="breaks",
                        why="its libraries may overwrite those of the locked wheels", since=one.installed)  # fmt: skip


def _package(
    name: str, package: str, version: str, now: Distribution | None, environment: Environment
) -> Iterator[Drift]:
    component = f"{name}: {package}"
    if now is None:
        yield Drift(component=component, locked=version, now="", weight="breaks", why="it is not installed")
    elif now.version != version and now.version.partition("+")[0] != version:
        # a local version is a build for another CUDA of the same release
        other = now.version.partition("+")[0] == version.partition("+")[0]
        core = package in (*environment.frameworks, "jaxlib") or package.startswith(NVIDIA)
        why = "another build of that release" if other else "results may differ" if core else "its behaviour may differ"
        yield Drift(component=component, locked=version, now=now.version, weight="differs", why=why,
                    since=now.installed)  # fmt: skip


def _wanted(environment: Environment) -> Iterator[tuple[str, str]]:
    """Yield name and version of all that is locked: every wheel, or the plan's own requirements where those are not."""
    lines = environment.wheels or tuple(one.text for one in environment.requirements)
    for line in lines:
        name, sign, rest = line.partition("==")
        if sign:
            yield normal(name), rest.partition(" ")[0]


def _place(environment: Environment, wanted: dict[str, str], machine: Machine, others: Collection[str]) -> str | None:
    """Return the folder of packages that is this environment: of those with its framework, the one most like it.

    A folder that is named as one of the `others` is that.
    """
    alike: dict[str, int] = {}
    for one in machine.distributions:
        alike[one.location] = alike.get(one.location, 0) + (wanted.get(normal(one.name)) == one.version)
    own = {one.location for one in machine.distributions if normal(one.name) in environment.frameworks}
    own = {place for place in own if not any(f"/{name}/" in place for name in others)}
    return max(sorted(own), key=lambda place: (f"/{environment.name}/" in place, alike[place]), default=None)

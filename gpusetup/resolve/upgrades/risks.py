"""What is at risk when one environment takes the place of another."""

from __future__ import annotations

import fnmatch
import functools
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from gpusetup.facts.defects import Where, concerns, defects_of, known_as
from gpusetup.resolve.upgrades.model import Kind, Risk
from gpusetup.value import Value
from gpusetup.versions import driver

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.facts.model.defects import Defect
    from gpusetup.resolve.upgrades.model import Held, Side

ORDER: tuple[Kind, ...] = ("lost", "driver", "defect", "code", "bits", "fixed")
Step = Literal["any", "minor", "major"]
NVIDIA = "nvidia-"
"""Libraries that follow from the framework: nobody misses them."""
ANY = "*"
"""The pattern of the row for packages that no other row speaks of."""


class Row(Value):
    """What a step of a package's version means."""

    id: str
    packages: tuple[str, ...]
    """Patterns over normalised names."""
    step: Step
    kind: Kind
    text: str
    source: tuple[str, ...]
    read_on: date


@functools.cache
def rows() -> tuple[Row, ...]:
    """Return the table that comes with gpusetup."""
    text = Path(__file__).with_name("risks.toml").read_text(encoding="utf-8")
    return msgspec.toml.decode(text, type=dict[str, tuple[Row, ...]])["row"]


def risks(before: Side, after: Side, cards: tuple[str, ...], arch: str, facts: Facts) -> list[Risk]:
    """Return what is at risk between two sides, worst first; `cards` are compute capabilities."""
    found: list[Risk] = []
    for new in after.environments:
        old = before.environment(new.name)
        found += _driver(before, new)
        found += _defects(old, new, cards, arch, facts)
        if old is not None:
            found += [*_lost(old, new), *_rebuilt(old, new), *_steps(old, new)]
    return sorted(found, key=lambda one: ORDER.index(one.kind))


def _driver(before: Side, new: Held) -> Iterator[Risk]:
    if before.driver and new.driver_floor and driver(before.driver) < driver(new.driver_floor):
        text = f"it needs driver {new.driver_floor} or newer, and there is {before.driver}: the host comes first"
        yield Risk(kind="driver", component=f"env {new.name}", text=text)


def _lost(old: Held, new: Held) -> Iterator[Risk]:
    for package in old.asked if new.whole else ():
        if package in old.packages and package not in new.packages and not package.startswith(NVIDIA):
            text = f"{old.packages[package]} is there, and the new environment has none"
            yield Risk(kind="lost", component=f"env {new.name}: {package}", text=text)


def _rebuilt(old: Held, new: Held) -> Iterator[Risk]:
    if old.python and old.python != new.python:
        text = f"another Python, {old.python} → {new.python}: what you compiled into the environment is built again"
        yield Risk(kind="code", component=f"env {new.name}", text=text)
    if old.cuda and new.cuda and old.cuda.partition(".")[0] != new.cuda.partition(".")[0]:
        text = f"another CUDA major, {old.cuda} → {new.cuda}: what you compiled against it is compiled again"
        yield Risk(kind="code", component=f"env {new.name}", text=text)


def _steps(old: Held, new: Held) -> Iterator[Risk]:
    """Yield one risk per row, for all packages that it speaks of."""
    found: dict[str, tuple[Row, list[str]]] = {}
    for package, version in new.packages.items():
        now = old.packages.get(package, version)
        for row in _rows(package, now, version, new) if now != version else ():
            found.setdefault(row.id, (row, []))[1].append(f"{package} {now} → {version}")
    for row, steps in found.values():
        component = f"env {new.name}: {', '.join(steps)}"
        yield Risk(kind=row.kind, component=component, text=row.text, fact=row.id, sources=row.source)


def _rows(package: str, now: str, version: str, new: Held) -> list[Row]:
    """Return the rows that speak of such a step; the one of any package is for those asked for, and without a row."""
    named = [one for one in rows() if _reaches(now, version, one.step) and _speaks(one, package)]
    others = [one for one in named if ANY not in one.packages]
    return named if package in new.asked and not any(one.kind == "code" for one in others) else others


def _speaks(row: Row, package: str) -> bool:
    return any(fnmatch.fnmatchcase(package, one) for one in row.packages)


def _reaches(now: str, version: str, step: Step) -> bool:
    parts = {"any": 99, "minor": 2, "major": 1}[step]
    return now.split(".")[:parts] != version.split(".")[:parts]


def _defects(old: Held | None, new: Held, cards: tuple[str, ...], arch: str, facts: Facts) -> Iterator[Risk]:
    """Yield the known defects of what comes that what goes has not, and those that go."""
    coming, going = _known(new, cards, arch, facts), _known(old, cards, arch, facts) if old else {}
    for fact, (package, row) in coming.items():
        if fact not in going:
            yield _defect("defect", new, package, row, row.way_out)
    for fact, (package, row) in going.items():
        if fact not in coming:
            yield _defect("fixed", new, package, row, "")


def _defect(kind: Kind, new: Held, package: str, row: Defect, way: str) -> Risk:
    text = "; ".join(filter(None, (row.symptom, way)))
    return Risk(kind=kind, component=f"env {new.name}: {package}", text=text, fact=row.id, sources=tuple(row.source))


def _known(held: Held, cards: tuple[str, ...], arch: str, facts: Facts) -> dict[str, tuple[str, Defect]]:
    where = Where(gpu=bool(held.cuda), cards=cards, arch=arch, beside=held.packages if held.whole else None)
    found: dict[str, tuple[str, Defect]] = {}
    for package, version in held.packages.items():
        if name := known_as(package):
            for row in defects_of(facts, name, version):
                if concerns(row, where):
                    found.setdefault(row.id, (package, row))
    return found

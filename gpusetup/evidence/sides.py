"""What is compared offline: proofs, locks and machines in files, in any mix that has something in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from gpusetup.distributions import normal
from gpusetup.errors import WrongInputError
from gpusetup.evidence import compare as results
from gpusetup.evidence.codec import from_table
from gpusetup.evidence.made import evidence
from gpusetup.evidence.model import Cause, Comparison
from gpusetup.files import read
from gpusetup.machine.model import Machine
from gpusetup.resolve import lock
from gpusetup.resolve.host.drift import drifts
from gpusetup.resolve.host.reading import value_of
from gpusetup.selftest.changes import changes, folded, source_of
from gpusetup.selftest.proof import Proof
from gpusetup.selftest.verdict import Changed
from gpusetup.text import neutral
from gpusetup.value import decoded

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from gpusetup.evidence.model import Evidence, Verdict
    from gpusetup.facts import Facts
    from gpusetup.resolve.lock import Lock, Profile
    from gpusetup.selftest.registry import Check

_FRAMEWORKS = ("torch", "tensorflow", "jax", "jaxlib", "keras", "optax", "numpy")
"""Packages that an environment key calls by their bare names."""
_SHARED = (*_FRAMEWORKS, "driver", "gpu", "python", "processor", "c library")
"""What both an environment key and a machine know."""
_WHAT = "give a proof (`gpusetup selftest --save`), a gpusetup.lock or a machine (`gpusetup detect --output`)"


class Side(NamedTuple):
    """One of the two things compared."""

    name: str
    """``the lock gpusetup.lock``"""
    parts: dict[str, str]
    evidence: Evidence | None = None
    profile: Profile | None = None
    machine: Machine | None = None


def read_side(path: Path, profile: str, checks: Mapping[str, Check]) -> Side:
    """Return what is in a file; raises `WrongInputError` where it is none of the three, or spoilt."""
    raw = read(path, "the file", lock.MOST)
    if not raw.lstrip().startswith(b"{"):  # JSON here is always an object, and a TOML document never begins so
        return _of_lock(lock.parse(raw, path, _WHAT), profile, path)
    try:
        fields = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise WrongInputError(f"{path} is neither a proof nor a machine: {error}", _WHAT) from error
    if "verdicts" in fields:
        made = evidence(decoded(raw, Proof, path), checks, {})
        return Side(f"the proof {path}", dict(_of_evidence(made)), evidence=made)
    if "gpus" not in fields:
        raise WrongInputError(f"{path} is neither a proof nor a machine", _WHAT)
    machine = decoded(raw, Machine, path)
    return Side(f"the machine {path}", dict(_of_machine(machine)), machine=machine)


def chosen_proof(held: Lock, name: str, path: Path) -> tuple[str, Evidence]:
    """Return the proof of a lock for the profile `name`, or its only one; raises `WrongInputError` without."""
    known = ", ".join(map(neutral, held.proof))
    if not known:
        raise WrongInputError(f"{path} holds no proof", f"`gpusetup lock --output {path}` adds one")
    called = name or next(iter(held.proof))
    if called not in held.proof or (not name and len(held.proof) > 1):
        what = f"no proof for {neutral(name)}" if name else f"{len(held.proof)} proofs"
        raise WrongInputError(f"{path} has {what}", f"--profile takes one of: {known}")
    return called, from_table(held.proof[called], str(path))


def compare_sides(before: Side, now: Side, facts: Facts) -> Comparison:
    """Return how the two differ.

    Raises `WrongInputError` where they have nothing in common.
    """
    names = before.name, now.name
    if before.evidence is not None and now.evidence is not None:
        return results.compare(before.evidence, now.evidence, names)
    if before.profile is not None and now.machine is not None:
        return _of_drifts(before.profile, now.machine, names, facts)
    if now.profile is not None and before.machine is not None:
        return _of_drifts(now.profile, before.machine, (now.name, before.name), facts)
    return _of_parts(before, now)


def _of_parts(before: Side, now: Side) -> Comparison:
    alike = type(before.machine) is type(now.machine) and type(before.evidence) is type(now.evidence)
    keys = {*before.parts, *now.parts} if alike else {*before.parts} & {*now.parts}
    if not keys:
        raise WrongInputError(f"{before.name} and {now.name} have nothing in common", _WHAT)
    old, new = ({key: side.parts[key] for key in sorted(keys) if key in side.parts} for side in (before, now))
    leaders = folded(changes(new, old))
    causes = [
        Cause(change=one, standing="possible", brings=brings, source=source_of(one)) for one, brings in leaders.items()
    ]
    verdict: Verdict = "other parts" if causes else "same parts"
    return Comparison(verdict=verdict, before=before.name, now=now.name, causes=tuple(causes), results=())


def _of_drifts(held: Profile, machine: Machine, names: tuple[str, str], facts: Facts) -> Comparison:
    """Return what `gpusetup doctor --against` says of a lock and a machine."""
    found = drifts(held, machine, facts)
    causes = [
        Cause(
            change=Changed(key=one.component, before=one.locked, now=one.now, rank=1 + (one.weight != "breaks"),
                           why=one.why),
            standing="possible",
        )
        for one in found
        if one.weight != "unknown"
    ]  # fmt: skip
    return Comparison(
        verdict="other parts" if causes else "not compared" if found else "same parts",
        before=names[0],
        now=names[1],
        causes=tuple(causes),
        results=(),
        missing=tuple(f"{one.component}: {one.why}" for one in found if one.weight == "unknown"),
    )


def _of_lock(held: Lock, name: str, path: Path) -> Side:
    if held.proof and (not name or name in held.proof):
        called, made = chosen_proof(held, name, path)
        parts, stack = dict(_of_evidence(made)), held.profile.get(called)
        return Side(f"the lock {path}", parts, evidence=made, profile=stack)
    stack = lock.chosen(held, name, path)[1]
    return Side(f"the lock {path}", dict(_of_profile(stack)), profile=stack)


def _of_evidence(made: Evidence) -> Iterator[tuple[str, str]]:
    for key in _SHARED:
        values = dict.fromkeys(one[key] for one in made.environment.values() if key in one)
        if values:
            yield key, ", ".join(values)


def _of_profile(stack: Profile) -> Iterator[tuple[str, str]]:
    yield "system", f"{stack.distro} {stack.release}"
    yield "gpu", ", ".join(sorted(card.name for card in stack.cards)) or "none"
    if driver := stack.driver.version if stack.driver is not None else stack.driver_stays:
        yield "driver", driver
    for environment in stack.environment:
        yield "python", environment.python
        for line in environment.wheels or tuple(one.text for one in environment.requirements):
            name, sign, rest = line.partition("==")
            if sign:
                yield _package(normal(name)), rest.partition(" ")[0]


def _of_machine(machine: Machine) -> Iterator[tuple[str, str]]:
    system, driver = machine.system, machine.driver
    readings = {
        "system": f"{value_of(system.distro) or '?'} {value_of(system.release) or '?'}",
        "kernel": value_of(system.kernel.release),
        "processor": value_of(system.cpu),
        "driver": value_of(driver.nvml) or value_of(driver.kernel_module),
        "python": system.python,
        "c library": f"glibc {libc}" if (libc := value_of(system.libc)) else None,
    }
    yield from ((key, value) for key, value in readings.items() if value)
    if gpus := value_of(machine.gpus):
        yield "gpu", ", ".join(sorted(str(value_of(one.name) or "?") for one in gpus))
    for one in sorted(machine.distributions, key=lambda one: (normal(one.name), one.location)):
        yield _package(normal(one.name)), one.version


def _package(name: str) -> str:
    return name if name in _FRAMEWORKS else f"package {name}"

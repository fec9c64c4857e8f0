"""A lock: for each hardware profile what is pinned, and the proof that it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gpusetup.evidence.codec import from_table
from gpusetup.report.page.model import Section
from gpusetup.selftest.model import REFERENCE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gpusetup.evidence.model import Evidence
    from gpusetup.report.page.model import Result
    from gpusetup.resolve.chosen.locked_requirements import LockedEnvironment
    from gpusetup.resolve.lock import Lock, Profile


class Stack(NamedTuple):
    """One profile: its parts by name, and its environments."""

    name: str
    written: str
    parts: tuple[tuple[str, str], ...]
    environments: tuple[Packages, ...]


class Packages(NamedTuple):
    """One Python environment, with how many of its packages are pinned by hash."""

    title: str
    lines: tuple[str, ...]
    hashed: int


class Held(NamedTuple):
    """The proof of a profile: what it computed, and where."""

    name: str
    said: str
    rows: tuple[tuple[str, str, str, str], ...]
    left_out: tuple[str, ...]
    digest: str


def sections(results: Sequence[Result]) -> Iterator[Section]:
    """Yield one section for each lock; raises `WrongInputError` where the proof in one is spoilt."""
    for number, one in enumerate(results, start=1):
        made = _section(one.value, one.name)
        yield made if len(results) == 1 else made._replace(title=f"{made.title} ({number})")


def _section(lock: Lock, name: str) -> Section:
    held = [_held(profile, from_table(table, name)) for profile, table in lock.proof.items()]
    stacks = [_stack(called, one) for called, one in lock.profile.items()]
    count = f"{len(stacks)} stack{'' if len(stacks) == 1 else 's'}"
    proven = f"and the proof of {', '.join(one.name for one in held)}" if held else "and no proof"
    return Section(
        id="lock",
        title="Lock",
        template="lock.html.j2",
        view={"stacks": stacks, "held": held, "gpusetup": lock.gpusetup},
        answer=f"{count}, {proven}",
    )


def _stack(name: str, one: Profile) -> Stack:
    driver = one.driver.version if one.driver is not None else one.driver_stays
    toolkit = f"{one.toolkit.series} by {one.toolkit.via}" if one.toolkit.series else one.toolkit.via
    parts = (
        ("Cards", ", ".join(card.name for card in one.cards) or "none"),
        ("System", f"{one.distro} {one.release}"),
        ("Driver", driver or "none"),
        ("CUDA toolkit", toolkit),
        ("Repositories", ", ".join(each.id for each in one.repository) or "none"),
    )
    return Stack(name, one.written, parts, tuple(map(_packages, one.environment)))


def _packages(one: LockedEnvironment) -> Packages:
    lines = one.wheels or tuple(each.text for each in one.requirements)
    hashed = sum("sha256" in line for line in one.wheels) or sum(bool(each.file) for each in one.requirements)
    return Packages(f"Python {one.python}", tuple(line.partition(" --hash")[0] for line in lines), hashed)


def _held(name: str, made: Evidence) -> Held:
    rows = tuple(
        (f"{one.check} in {one.framework}", f"{one.device}, {one.precision}, seed {one.seed}", one.fingerprint[:12],
         "same bits in every process" if one.repeats else "other bits in each process")
        for one in made.run
        if one.framework != REFERENCE
    )  # fmt: skip
    said = f"{len(rows)} results of {len(made.check)} checks ({made.profile}, {made.threads} threads)"
    return Held(name, said, rows, made.left_out, made.digest)

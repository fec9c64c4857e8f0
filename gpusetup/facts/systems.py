"""Look up distributions, their releases, and whose drivers they can have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from gpusetup.errors import WrongInputError
from gpusetup.text import neutral
from gpusetup.versions import dotted

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.facts.model.distribution import Distribution, DriverOwner, Release
    from gpusetup.facts.model.fact import Fact
    from gpusetup.facts.model.packages import NvidiaRepo


def distribution(facts: Facts, name: str = "") -> Distribution:
    """Return the distribution of that name, the first one in the tables for ""; raises `WrongInputError` for others."""
    clone = next((row for row in facts.clone if row.name == name), None)
    of = clone.of if clone else name
    found = next((row for row in facts.distribution if not of or row.name == of), None)
    if found is None:
        needs = f"another one needs rows (distribution, release, driver_owner) and steps in recipes/{neutral(name)}/"
        raise WrongInputError(
            f"no distribution {neutral(name)} in the tables", f"known: {', '.join(names(facts))}; {needs}"
        )
    if clone is None:
        return found
    return replace(found, name=clone.name, title=clone.title, full_name=clone.full_name)


def base(facts: Facts, name: str) -> str:
    """Return the distribution under whose name the rows stand: for a clone that which it is a clone of."""
    return next((row.of for row in facts.clone if row.name == name), name)


def numbered(of: Distribution, release: str) -> str:
    """Return the release that a ``VERSION_ID`` belongs to: without the number of a point release."""
    return release.partition(".")[0] if of.point_releases else release


def names(facts: Facts) -> tuple[str, ...]:
    """Return the names of the distributions that have a row."""
    return (*(row.name for row in facts.distribution), *(row.name for row in facts.clone))


def releases(facts: Facts, name: str) -> tuple[Release, ...]:
    """Return the releases of a distribution, the newest first."""
    of = base(facts, name)
    rows = (row for row in facts.release if row.distribution == of)
    return tuple(sorted(rows, key=lambda row: dotted(row.release), reverse=True))


def directories(facts: Facts, name: str) -> tuple[NvidiaRepo, ...]:
    """Return the directories of NVIDIA's repository that were made for a distribution, the newest first."""
    of = base(facts, name)
    rows = (row for row in facts.nvidia_repo if row.distribution == of)
    return tuple(sorted(rows, key=lambda row: dotted(row.release), reverse=True))


def owners(facts: Facts, name: str) -> tuple[DriverOwner, ...]:
    """Return whose drivers a distribution can have, the preferred one first."""
    of = base(facts, name)
    rows = {row.name: row for row in facts.driver_owner if row.distribution == of}
    return tuple(rows[one] for one in distribution(facts, name).owners)


def owner_title(facts: Facts, name: str, owner: str) -> str:
    """Return what people call an owner of a driver on a distribution; its own name where no row has it."""
    of = base(facts, name)
    rows = (row for row in facts.driver_owner if (row.distribution, row.name) == (of, owner))
    return next((row.title for row in rows), owner)


def rule(facts: Facts, row_id: str) -> Fact | None:
    """Return the row of `rule` that a row about a distribution names, None for ""."""
    return next((row for row in facts.rule if row.id == row_id), None) if row_id else None


def glibc(facts: Facts, name: str, release: str) -> str:
    """Return the C library of a release, where that is not known one that is older; "" where none is."""
    of = distribution(facts, name)
    known = of.glibc | {row.release: row.glibc for row in releases(facts, of.name) if row.glibc}
    before = [one for one in known if dotted(one) <= dotted(release)]
    if not known:
        return ""
    return known[max(before, key=dotted) if before else min(known, key=dotted)]

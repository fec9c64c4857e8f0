"""Constraints on distributions, their releases, and the owners of their drivers."""

from __future__ import annotations

from collections.abc import Iterator

from gpusetup.facts import Facts
from gpusetup.facts.check.contradiction import Contradiction


def releases_can_be_used(facts: Facts) -> Iterator[Contradiction]:
    """Demand that a release has a distribution, a compiler, a Python, and no directory of NVIDIA's without a row."""
    directories = {row.directory: row for row in facts.nvidia_repo}
    distributions = {row.name for row in facts.distribution}
    for row in facts.release:
        if row.distribution not in distributions:
            yield Contradiction(row=row.id, text=f"is of {row.distribution}, which has no row")
        missing = [name for name in ("gcc_major", "python") if not getattr(row, name)]
        if missing and not row.historic:
            yield Contradiction(row=row.id, text=f"has no {' and no '.join(missing)}, and is not marked historic")
        directory = directories.get(row.nvidia_repo)
        if row.nvidia_repo and directory is None:
            yield Contradiction(row=row.id, text=f"uses {row.nvidia_repo}, which has no row")
        own = directory and (directory.distribution, directory.release) == (row.distribution, row.release)
        if row.nvidia_repo_exact != bool(own):
            yield Contradiction(row=row.id, text=f"nvidia_repo_exact contradicts {row.nvidia_repo}")
        if row.released is None and row.target is None:
            yield Contradiction(row=row.id, text="has neither a release date nor a target date")


def clones_are_of_something(facts: Facts) -> Iterator[Contradiction]:
    """Demand that a clone is of a distribution that has a row, and has a name that no distribution has."""
    names = {row.name for row in facts.distribution}
    for row in facts.clone:
        if row.of not in names:
            yield Contradiction(row=row.id, text=f"is a clone of {row.of}, which has no row")
        if row.name in names:
            yield Contradiction(row=row.id, text=f"{row.name} has a row of its own as a distribution")


def owners_are_known(facts: Facts) -> Iterator[Contradiction]:
    """Demand a row for every owner that a distribution or a release names, and for all that an owner names."""
    owners = {(row.distribution, row.name): row for row in facts.driver_owner}
    repositories = {row.name for row in facts.repo}
    rules = {row.id for row in facts.rule}
    for row in facts.distribution:
        for name in row.owners:
            if (row.name, name) not in owners:
                yield Contradiction(row=row.id, text=f"has the owner {name}, which has no row")
        for name in filter(None, (row.toolkit_repository, row.container_repository)):
            if name not in repositories:
                yield Contradiction(row=row.id, text=f"uses the repository {name}, which has no row")
    for one in facts.release:
        for name, lines in one.drivers.items():
            owner = owners.get((one.distribution, name))
            for line in sorted(set(lines) - {line.name for line in (owner.lines if owner else ())}):
                yield Contradiction(row=one.id, text=f"has a driver of {name}, {line}, which has no line of packages")
    for each in facts.driver_owner:
        for name in each.repositories:
            if name not in repositories:
                yield Contradiction(row=each.id, text=f"uses the repository {name}, which has no row")
        if each.chooses_row and each.chooses_row not in rules:
            yield Contradiction(row=each.id, text=f"names {each.chooses_row}, which has no row")


def lines_of_directories_are_known(facts: Facts) -> Iterator[Contradiction]:
    """Demand that a line, or a stream, in a directory of NVIDIA's is one of an owner of its distribution."""
    for directory in facts.nvidia_repo:
        ours = (one for one in facts.driver_owner if one.distribution == directory.distribution)
        lines = {line.name for one in ours if one.comes == "directory" for line in one.lines}
        for line in sorted({*directory.lines, *directory.streams} - lines):
            yield Contradiction(row=directory.id, text=f"has drivers of the line {line}, which no owner's row has")

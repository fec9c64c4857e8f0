"""The drivers that the owners on a release offer: from packages of its own, or from NVIDIA's repository."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from gpusetup.facts import systems
from gpusetup.facts.model.distribution import MAIN
from gpusetup.resolve.candidates import DriverOffer
from gpusetup.resolve.domains.hosts import last_toolkit
from gpusetup.versions import cuda, dotted, driver

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.facts.model import distribution as rows
    from gpusetup.facts.model.cuda import Branch, CudaRow
    from gpusetup.facts.model.fact import Fact
    from gpusetup.facts.model.packages import NvidiaRepo
    from gpusetup.resolve.candidates import Release
    from gpusetup.resolve.model import Flavour


def drivers(facts: Facts, release: Release) -> tuple[DriverOffer, ...]:
    """Return the packaged drivers, those of the preferred owner first, its main line before the others."""
    found: list[DriverOffer] = []
    for tier, owner in enumerate(release.owners):
        seen = {"release": _of_release, "directory": _of_directory}.get(owner.comes)
        if seen is not None:
            found += _offers(facts, owner, tier, seen(facts, owner, release))
    return tuple(found)


def kept(version: str, branch: Branch) -> tuple[DriverOffer, ...]:
    """Return the driver that is already installed, with each flavour of modules that its branch has."""
    return tuple(DriverOffer(None, version, branch, flavour, branch) for flavour in flavours(branch))


class _Seen(NamedTuple):
    """Which version of a line of packages is known, the row that says so, and what was assumed or inferred."""

    line: str
    version: str
    row: Fact
    assumed: str = ""
    inferred: str = ""
    streams: dict[str, str] | None = None
    """Kind of kernel modules → the module stream that has it, None where the repository has no streams."""


def _offers(facts: Facts, owner: rows.DriverOwner, tier: int, seen: Iterator[_Seen]) -> Iterator[DriverOffer]:
    lines = {line.name: line for line in owner.lines}
    chooses = systems.rule(facts, owner.chooses_row)
    for one in seen:
        branch = branch_of(facts, one.version)
        for flavour in flavours(branch) if branch and one.line in lines else ():
            assert branch is not None
            if one.streams is not None and flavour not in one.streams:
                continue
            packages = _packages(lines[one.line], flavour)
            if packages:
                yield DriverOffer(owner, one.version, branch, flavour, one.row, packages,
                                  conflicts(facts, owner, lines[one.line], flavour),
                                  "" if one.line == MAIN else one.line, chooses, one.assumed,
                                  one.inferred, tier, (one.streams or {}).get(flavour, ""),
                                  lines[one.line].prebuilt.get(flavour, ""))  # fmt: skip


def _packages(line: rows.DriverLine, flavour: Flavour) -> tuple[str, ...]:
    return line.open if flavour == "open" else line.proprietary


def conflicts(facts: Facts, owner: rows.DriverOwner, line: rows.DriverLine, flavour: Flavour) -> tuple[str, ...]:
    """Return patterns of what must leave: the other kind of modules, other lines, and what other owners have."""
    own = _packages(line, flavour)
    kind = (name for name in _packages(line, "proprietary" if flavour == "open" else "open") if name not in own)
    lines = (name for one in owner.lines if one is not line for name in one.owns)
    return (*kind, *lines, *others(facts, owner))


def others(facts: Facts, owner: rows.DriverOwner) -> tuple[str, ...]:
    """Return patterns of the packages of a distribution's other owners, those of the least preferred first."""
    rest = [one for one in systems.owners(facts, owner.distribution) if one.name != owner.name]
    return tuple(name for one in reversed(rest) for name in one.owns)


def _of_release(facts: Facts, owner: rows.DriverOwner, release: Release) -> Iterator[_Seen]:
    known, assumed = _row(facts, owner, release)
    lines = known.drivers[owner.name] if known else {}
    # the main line moves on with the newest branches; of those that stay, the newest first
    for line in sorted(lines, key=lambda one: (one == MAIN, one), reverse=True):
        assert known is not None
        yield _Seen(line, lines[line], known, assumed)


def _row(facts: Facts, owner: rows.DriverOwner, release: Release) -> tuple[rows.Release | None, str]:
    """Return the row whose versions apply to `release`, and the assumption made, if any; a gap in the past stays one.

    Packages of an old release that nobody has seen may never have existed.
    """
    row = release.row
    if owner.name in row.drivers:
        return row, ""
    have = [one for one in systems.releases(facts, release.of.name) if owner.name in one.drivers]
    if not owner.carried_on or not have or dotted(row.release) < dotted(have[0].release):
        return None, ""
    text = f"{owner.title}'s packages for {release} were not seen; those of {have[0].release} are assumed"
    return have[0], text


def _of_directory(facts: Facts, _owner: rows.DriverOwner, release: Release) -> Iterator[_Seen]:
    if release.repo is None:
        return
    streams = release.repo.streams
    version, row, inferred = _of_repo(facts, release, release.repo)
    if version:
        yield _Seen(MAIN, version, row, inferred=inferred, streams=streams.get(MAIN))
    for line, seen in sorted(release.repo.lines.items(), reverse=True):
        yield _Seen(line, seen, release.repo, streams=streams.get(line))


def _of_repo(facts: Facts, release: Release, repo: NvidiaRepo) -> tuple[str, NvidiaRepo | CudaRow, str]:
    """Return the newest driver in a directory, the row it is from, and what it was inferred from.

    It is the driver seen there (inferred from nothing: ""), or else the one released with the directory's newest CUDA.
    The driver of an older directory whose last CUDA is not known cannot be inferred: "".
    """
    if repo.driver:
        return repo.driver, repo, ""
    known, _ = last_toolkit(facts, release.of, repo)
    if not known and repo is not systems.directories(facts, repo.distribution)[0]:
        return "", repo, ""
    last = cuda(known) if known else None
    rows = [row for row in facts.cuda if (row.driver_companion or row.driver_bundled)]
    rows = [row for row in rows if last is None or cuda(row.series) <= last]
    newest = max(rows, key=lambda row: cuda(row.release))
    inferred = f"it was released with CUDA {newest.release}, the newest that {repo.directory} can have"
    return newest.driver_companion or newest.driver_bundled, newest, inferred


def flavours(branch: Branch) -> tuple[Flavour, ...]:
    """Return the kinds of kernel modules that a branch has."""
    return tuple(sorted(branch.kernel_modules))  # open before proprietary


def branch_of(facts: Facts, version: str) -> Branch | None:
    """Return the branch that a driver belongs to, None when the tables do not know it."""
    return next((row for row in facts.branch if row.branch == driver(version).branch), None)

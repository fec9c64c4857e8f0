"""The releases of a distribution, and the Pythons that each has."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from gpusetup.facts import systems
from gpusetup.resolve.candidates import Interpreter, Release
from gpusetup.versions import cuda, dotted

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.facts.model import distribution as rows
    from gpusetup.facts.model.fact import Fact
    from gpusetup.facts.model.packages import NvidiaRepo


def releases(facts: Facts, distro: str, machine: str = "x86_64") -> tuple[Release, ...]:
    """Return the published releases, newest first, then those whose publication is not confirmed."""
    found = systems.releases(facts, distro)
    confirmed = [row for row in found if row.released is not None]
    planned = [row for row in found if row.released is None]
    of = systems.distribution(facts, distro)
    return tuple(_release(facts, of, row, machine) for row in (*confirmed, *planned))


def later(facts: Facts, distro: str, release: str, machine: str = "x86_64") -> Release | None:
    """Return a release newer than the tables, modelled on the newest one in them.

    None if it is no number, or further ahead than the distribution's row allows: then the tables are too old.
    """
    of = systems.distribution(facts, distro)
    newest = next(iter(systems.releases(facts, of.name)), None)
    if newest is None or not of.releases_ahead or not re.fullmatch(r"[1-9][0-9]{0,3}", release):
        return None
    if not 0 < int(release) - int(newest.release) <= of.releases_ahead:
        return None
    row = msgspec.structs.replace(newest, release=release, released=None, target=None, eol=None)
    return msgspec.structs.replace(_release(facts, of, row, machine), lag=systems.rule(facts, of.ahead_row))


def _release(facts: Facts, of: rows.Distribution, row: rows.Release, machine: str) -> Release:
    """Make one release; where its glibc is not known, that of the newest known release before it is a lower bound."""
    older = (one for one in systems.releases(facts, of.name) if dotted(one.release) <= dotted(row.release))
    known = next((one for one in older if one.glibc), None)
    glibc = known.glibc if known else ""
    clashes = tuple(one for one in facts.glibc if glibc and dotted(one.glibc_from) <= dotted(glibc))
    gcc = (row.gcc_major, *map(int, row.side_gcc)) if row.gcc_major else ()
    repo = next((one for one in facts.nvidia_repo if one.directory == row.nvidia_repo), None)
    end = last_toolkit(facts, of, repo) if repo else ("", row)
    return Release(of, row, repo, glibc, known, clashes, gcc, *end, machine=machine,
                   owners=systems.owners(facts, of.name))  # fmt: skip


def last_toolkit(facts: Facts, of: rows.Distribution, repo: NvidiaRepo) -> tuple[str, Fact]:
    """Return the newest CUDA series that a directory can have, "" when that is open, and the row it follows from.

    Where the distribution's row says that a directory ends before the next one begins, it does so also where its own
    last series is not known.
    """
    ends = systems.rule(facts, of.directories_end_row)
    after = [one for one in systems.directories(facts, of.name) if dotted(one.release) > dotted(repo.release)]
    later = [one for one in after if one.toolkit_first]
    if repo.toolkit_last or ends is None or not later:
        return repo.toolkit_last, repo
    following = later[-1].toolkit_first
    before = [row.series for row in facts.cuda_series if cuda(row.series) < cuda(following)]
    return max(before, key=cuda), ends


def interpreters(facts: Facts, release: Release) -> tuple[Interpreter, ...]:
    """Return the system's Python, then the older ones packaged beside it, newest first."""
    own, of = release.row.python, release.of
    if not own:
        return ()
    package = of.side_python.format(version=own) if release.lag else ""  # a newer release may have a newer Python
    system = Interpreter(own, release.row, (package,) if package else ())
    if release.row.side_pythons:  # of this release alone, and newer than its own
        newer = (
            Interpreter(one, release.row, (of.side_python.format(version=one),)) for one in release.row.side_pythons
        )
        return (*newer, system)
    beside = next((row for row in facts.package if row.id == of.side_python_row), None)
    if beside is None:
        return (system,)
    # one row of the table stands for all of them; newest first, so that the first that fits is the newest
    return (system, *(Interpreter(one, beside, (of.side_python.format(version=one),)) for one in _older(of, own)))


def _older(of: rows.Distribution, own: str) -> list[str]:
    major, minor = map(int, own.split("."))
    oldest = int(of.oldest_python.partition(".")[2])
    return [f"{major}.{one}" for one in range(minor - 1, oldest - 1, -1)]

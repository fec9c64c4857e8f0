"""The drivers and Pythons available for each release."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from gpusetup.resolve.candidates import DriverOffer, Interpreter, Release
from gpusetup.resolve.model import Flavour
from gpusetup.versions import cuda, dotted, driver

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.facts.model.cuda import Branch, CudaRow
    from gpusetup.facts.model.fact import Fact
    from gpusetup.facts.model.fedora import FedoraRelease, NvidiaRepo

NVIDIA_PACKAGES: dict[Flavour, str] = {"open": "nvidia-open", "proprietary": "cuda-drivers"}
OWNED_BY_NVIDIA = (
    "nvidia-driver*",
    "nvidia-open*",
    "cuda-drivers*",
    "kmod-nvidia-open-dkms",
    "kmod-nvidia-latest-dkms",
)
OWNED_BY_RPMFUSION = ("akmod-nvidia*", "xorg-x11-drv-nvidia*")
LAG = 2
"""How many releases beyond the newest one in the tables are planned by its rows."""
OLDEST_PYTHON = (3, 9)
"""Fedora drops the older side-by-side interpreters in time; nothing older than this is offered."""


def releases(facts: Facts, machine: str = "x86_64") -> tuple[Release, ...]:
    """Return the published releases, newest first, then those whose publication is not confirmed."""
    rows = sorted(facts.fedora, key=lambda row: (row.released is not None, row.release), reverse=True)
    directories = {row.directory: row for row in facts.nvidia_repo}
    return tuple(_release(facts, row, directories[row.nvidia_repo], machine) for row in rows)


def later(facts: Facts, release: str, machine: str = "x86_64") -> Release | None:
    """Return a release newer than the tables, modelled on the newest one in them; None if it is too new or no number.

    NVIDIA's repositories and RPM Fusion's packages lag behind Fedora, so a new release starts with what the previous
    one has. Two releases are a year; beyond that the tables are too old.
    """
    newest = max(facts.fedora, key=lambda row: row.release)
    if not re.fullmatch(r"[1-9][0-9]{0,3}", release) or not 0 < int(release) - newest.release <= LAG:
        return None
    row = msgspec.structs.replace(newest, release=int(release), released=None, target=None, eol=None)
    directories = {one.directory: one for one in facts.nvidia_repo}
    rule = next(one for one in facts.rule if one.id == "rule-fedora-lag")
    return msgspec.structs.replace(_release(facts, row, directories[row.nvidia_repo], machine), lag=rule)


def _release(facts: Facts, row: FedoraRelease, repo: NvidiaRepo, machine: str) -> Release:
    """Make one release; where its glibc is not known, that of the newest known release before it is a lower bound."""
    known = max(
        (one for one in facts.fedora if one.glibc and one.release <= row.release),
        key=lambda one: one.release,
        default=None,
    )
    glibc = known.glibc if known else ""
    clashes = tuple(one for one in facts.glibc if glibc and dotted(one.glibc_from) <= dotted(glibc))
    gcc = (row.gcc_major, *compat_gcc(row)) if row.gcc_major else ()
    return Release(row, repo, glibc, known, clashes, gcc, *_last_toolkit(facts, repo), machine=machine)


def _last_toolkit(facts: Facts, repo: NvidiaRepo) -> tuple[str, Fact]:
    """Return the newest CUDA series that a directory can have, and the row it follows from.

    NVIDIA supports one Fedora release per CUDA release (fact ``rule-fedora-one-release``), so a directory whose last
    series is not known ends before the next directory begins.
    """
    later = [one for one in facts.nvidia_repo if number(one) > number(repo) and one.toolkit_first]
    if repo.toolkit_last or not later:
        return repo.toolkit_last, repo
    following = min(later, key=number).toolkit_first
    before = [row.series for row in facts.cuda_series if cuda(row.series) < cuda(following)]
    return max(before, key=cuda), next(row for row in facts.rule if row.id == "rule-fedora-one-release")


def number(repo: NvidiaRepo) -> int:
    """Return the release a directory was made for."""
    return int(repo.directory.removeprefix("fedora"))


def compat_gcc(row: FedoraRelease) -> tuple[int, ...]:
    """Return the major versions of gcc that are packaged beside the system's own."""
    return tuple(int(match[1]) for name in row.compat_gcc if (match := re.fullmatch(r"gcc(\d+)-c\+\+", name)))


def drivers(facts: Facts, release: Release) -> tuple[DriverOffer, ...]:
    """Return the drivers of RPM Fusion, main line first, then those of NVIDIA's repository."""
    return (*_rpmfusion(facts, release.row), *_nvidia(facts, release))


def kept(version: str, branch: Branch) -> tuple[DriverOffer, ...]:
    """Return the driver that is already installed, with each flavour of modules that its branch has."""
    return tuple(DriverOffer("", version, branch, flavour, branch) for flavour in flavours(branch))


def interpreters(facts: Facts, release: Release) -> tuple[Interpreter, ...]:
    """Return the system's Python, then the older ones packaged beside it, newest first."""
    if not release.row.python:
        return ()
    beside = next(row for row in facts.package if row.name == "python3.13")
    major, minor = map(int, release.row.python.split("."))
    # Fedora packages python3.N side by side for all supported N; one row of the table stands for all of them
    # newest first, so that the first that fits is the newest
    older = [f"{major}.{one}" for one in range(minor - 1, OLDEST_PYTHON[1] - 1, -1)]
    own = (f"python{release.row.python}",) if release.lag else ()  # the system Python of a newer release may be newer
    return (
        Interpreter(release.row.python, release.row, own),
        *(Interpreter(version, beside, (f"python{version}",)) for version in older),
    )


def _rpmfusion(facts: Facts, row: FedoraRelease) -> Iterator[DriverOffer]:
    known, assumed = _rpmfusion_row(facts, row)
    if known is None:
        return
    # "" is the main line; 580xx goes before 470xx
    lines = {"": known.rpmfusion_driver, **dict(sorted(known.rpmfusion_legacy.items(), reverse=True))}
    gaps = next((one for one in facts.rule if one.id == "rule-kernel-module-list-gaps"), None)
    packages = {line: _packages(facts, line.removesuffix("xx")) for line in lines}
    for line, version in lines.items():
        branch = branch_of(facts, version)
        if branch is None or not packages[line]:
            continue
        for flavour in flavours(branch):
            yield DriverOffer("rpmfusion", version, branch, flavour, known, packages[line],
                              (*_other_lines(facts, line), *OWNED_BY_NVIDIA), line, gaps, assumed)  # fmt: skip


def _other_lines(facts: Facts, line: str) -> tuple[str, ...]:
    """Return the packages of RPM Fusion's lines other than `line`; no pattern among them matches those of `line`."""
    base = next(row for row in facts.package if row.name == "xorg-x11-drv-nvidia")
    legacy = [name.removeprefix(f"{base.name}-") for name in base.conflicts]
    main = _packages(facts, "") if line else ()
    return (*main, *(name for one in legacy if one != line for name in (f"akmod-nvidia-{one}", f"{base.name}-{one}*")))


def _rpmfusion_row(facts: Facts, row: FedoraRelease) -> tuple[FedoraRelease | None, str]:
    """Return the row whose RPM Fusion versions apply to `row`, and the assumption made, if any.

    RPM Fusion branches its packages from release to release, so a release newer than all whose packages were seen is
    assumed to have those of the newest one. A gap in the past stays a gap.
    """
    if row.rpmfusion_driver:
        return row, ""
    newest = max((one for one in facts.fedora if one.rpmfusion_driver), key=lambda one: one.release)
    # packages of an old release that nobody has seen may never have existed
    if row.release < newest.release:
        return None, ""
    return (
        newest,
        f"RPM Fusion's packages for Fedora {row.release} were not seen; those of {newest.release} are assumed",
    )


def _nvidia(facts: Facts, release: Release) -> Iterator[DriverOffer]:
    version, seen, inferred = _nvidia_driver(facts, release.repo)
    branch = branch_of(facts, version) if version else None
    if branch is None:
        return
    for flavour in flavours(branch):
        # NVIDIA's metapackages for the two flavours conflict, and both conflict with RPM Fusion's packages
        other = next(name for one, name in NVIDIA_PACKAGES.items() if one != flavour)
        yield DriverOffer("nvidia", version, branch, flavour, seen, (NVIDIA_PACKAGES[flavour],),
                          (other, *OWNED_BY_RPMFUSION), tier=1, inferred=inferred)  # fmt: skip


def _nvidia_driver(facts: Facts, repo: NvidiaRepo) -> tuple[str, NvidiaRepo | CudaRow, str]:
    """Return the newest driver in a directory, the row it is from, and what it was inferred from.

    It is the driver seen there (inferred from nothing: ""), or else the one released with the directory's newest CUDA.
    The driver of an older directory whose last CUDA is not known cannot be inferred: "".
    """
    if repo.driver:
        return repo.driver, repo, ""
    known, _ = _last_toolkit(facts, repo)
    if not known and repo is not max(facts.nvidia_repo, key=number):
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


def _packages(facts: Facts, branch: str) -> tuple[str, ...]:
    """Return RPM Fusion's driver packages of a legacy branch, or of the main line ("")."""
    return tuple(row.name for row in facts.package if row.repo == "rpmfusion-nonfree" and row.branch == branch)

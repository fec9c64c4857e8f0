"""A second opinion on the best stack: plain loops over the raw rows, sharing no code with the solver.

It knows no constraints, no conflicts and no jumps: it tries everything in the documented order of preference and takes
the first that the rows allow. Slow where nothing fits, and easy to check by eye; that is its whole purpose.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from gpusetup.facts import Facts
from gpusetup.versions import runs_on
from tests.support import fedoras

PACKAGES = {"": "akmod-nvidia", "580xx": "akmod-nvidia-580xx", "470xx": "akmod-nvidia-470xx"}


class Best(NamedTuple):
    """What the oracle holds to be the best stack."""

    driver: tuple[str, str, str]
    torch: str
    tensorflow: str
    shared: bool
    cudnn: str
    pythons: tuple[str, str]
    toolkit: tuple[str, str, str]
    toolkit_cudnn: str


@functools.cache
def v(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def series(text: str) -> tuple[int, ...]:
    return v(text)[:2]


def best(
    facts: Facts, ccs: tuple[str, ...], jetson: bool, release: int, repo: str = "", python: str = ""
) -> Best | None:
    """Return the best stack for cards of the capabilities `ccs` on a Fedora release, or None."""
    row = next(one for one in fedoras(facts) if one.release == str(release))
    arm = any(all(gpu.host_arch for gpu in facts.gpu if gpu.cc == cc) for cc in ccs)
    for line in [] if jetson or arm else drivers(facts, row, ccs, repo):
        found = frameworks(facts, row, ccs, line[0], python)
        if found is not None:
            return Best(line, *found, *compiling(facts, row, ccs, line[0]))
    return None


def arches(facts: Facts, ccs: tuple[str, ...]) -> list[Any]:
    return [next(arch for arch in facts.arch if cc in arch.cc) for cc in ccs]


def drivers(facts: Facts, row: Any, ccs: tuple[str, ...], repo: str) -> Iterator[tuple[str, str, str]]:
    """Yield version, flavour and first package, the preferred first."""
    offers: list[tuple[int, int, int, str, str, str]] = []
    lines = list(rpmfusion(facts, row)) if repo != "nvidia" else []
    if repo != "rpmfusion" and (newest := nvidia(facts, row.nvidia_repo)):
        lines.append((1, "", newest))
    for position, (tier, line, version) in enumerate(lines):
        branch = next((one for one in facts.branch if one.branch == version.split(".")[0]), None)
        if branch is None:
            continue
        for flavour in ("open", "proprietary"):
            if flavour in branch.kernel_modules and drives(facts, branch, flavour, ccs):
                package = PACKAGES[line] if tier == 0 else {"open": "nvidia-open"}.get(flavour, "cuda-drivers")
                offers.append((tier, dislikes(facts, ccs, branch, flavour, line), position, version, flavour, package))
    offers.sort(key=lambda one: one[:3])
    yield from (one[3:] for one in offers)


def rpmfusion(facts: Facts, row: Any) -> Iterator[tuple[int, str, str]]:
    known = row
    if not row.drivers:
        known = max((one for one in fedoras(facts) if one.drivers), key=lambda one: int(one.release))
        if int(row.release) < int(known.release):
            return
    versions = dict(known.drivers["rpmfusion"])
    yield 0, "", versions.pop("main")
    for line in sorted(versions, reverse=True):
        yield 0, line, versions[line]


def directory_end(facts: Facts, directory: str) -> str:
    row = next(one for one in facts.nvidia_repo if one.directory == directory)
    if row.toolkit_last:
        return str(row.toolkit_last)
    own = [one for one in facts.nvidia_repo if one.distribution == "fedora"]
    later = [one for one in own if int(one.release) > int(directory[6:]) and one.toolkit_first]
    if not later:
        return ""
    bound = v(min(later, key=lambda one: int(one.directory[6:])).toolkit_first)
    return max((one.series for one in facts.cuda_series if v(one.series) < bound), key=v)


def nvidia(facts: Facts, directory: str) -> str:
    row = next(one for one in facts.nvidia_repo if one.directory == directory)
    if row.driver:
        return str(row.driver)
    end = directory_end(facts, directory)
    if not end and int(directory[6:]) != max(
        int(one.release) for one in facts.nvidia_repo if one.distribution == "fedora"
    ):
        return ""
    cudas = [one for one in facts.cuda if (one.driver_companion or one.driver_bundled)]
    newest = max((one for one in cudas if not end or series(one.release) <= v(end)), key=lambda one: v(one.release))
    return str(newest.driver_companion or newest.driver_bundled)


def drives(facts: Facts, branch: Any, flavour: str, ccs: tuple[str, ...]) -> bool:
    for cc, arch in zip(ccs, arches(facts, ccs), strict=True):
        if v(cc) < v(branch.cc_min) or (branch.cc_max_derived and v(cc) > v(branch.cc_max_derived)):
            return False
        first = arch.first_driver_derived
        if (first and int(branch.branch) < int(first.split(".")[0])) or flavour not in arch.kernel_modules:
            return False
    return True


def dislikes(facts: Facts, ccs: tuple[str, ...], branch: Any, flavour: str, line: str) -> int:
    """Count, over the cards, closed modules where open ones would do, and lines that will move past the card."""
    count = 0
    for arch in arches(facts, ccs):
        count += flavour != "open" and len(arch.kernel_modules) > 1
        count += bool(arch.last_driver_branch) and not (line and branch.branch == arch.last_driver_branch)
    return count


@functools.cache
def floor(facts: Facts, cuda: str) -> str:
    major = next((one for one in facts.cuda_major if one.major == v(cuda)[0]), None)
    if major is not None and major.minor_compat:
        exact = next((one.driver_compat for one in facts.cuda if one.series == f"{v(cuda)[0]}.{v(cuda)[1]}"), "")
        return str(exact or major.driver_min)
    listed = [one for one in facts.cuda if series(one.release) == series(cuda) and one.driver_min]
    if listed:
        return str(max(listed, key=lambda one: v(one.release)).driver_min)
    return next((str(one.driver_min) for one in facts.variant if series(one.cuda) == series(cuda)), "999")


@functools.cache
def cudnn_floor(facts: Facts, version: str) -> str:
    """Return the lowest capability documented for a cuDNN: by its own row, else by the next newer one."""
    ends = sorted({one.last for one in facts.cudnn_support}, key=v)
    end = next((one for one in ends if v(one) >= v(version)[: len(v(one))]), ends[-1])
    return min((one.cc_min for one in facts.cudnn_support if one.last == end), key=v)


def torches(facts: Facts, ccs: tuple[str, ...], driver: str) -> Iterator[tuple[Any, Any]]:
    for row in sorted(facts.torch, key=lambda one: v(one.release), reverse=True):
        builds = [one for one in facts.torch_build if row.release in one.releases and one.machine == "x86_64"]
        builds.sort(key=lambda one: (one.variant == row.default_variant, series(one.cuda)), reverse=True)
        yield from ((row, build) for build in builds if torch_runs(facts, row, build, ccs, driver))


def torch_runs(facts: Facts, row: Any, build: Any, ccs: tuple[str, ...], driver: str) -> bool:
    if v(driver) < v(floor(facts, build.cuda)) or broken(facts, "torch", row.release, ccs):
        return False
    source = build
    if not build.cc:
        older = [
            (v(release), one)
            for one in facts.torch_build
            for release in one.releases
            if (one.variant, one.machine) == (build.variant, "x86_64") and one.cc and v(release) < v(row.release)
        ]
        if not older:
            return False
        source = max(older, key=lambda pair: pair[0])[1]
    targets = next((one for one in facts.cuda_series if v(one.series) == series(build.cuda)), None)
    newest = next(one for one in facts.branch if one.branch == driver.split(".", maxsplit=1)[0]).cuda_max
    for cc in ccs:
        have = runs_on(source.cc, source.ptx, cc)
        if targets is not None and (not have or v(cc) < v(targets.cc_min)):
            return False
        if have.startswith("PTX") and newest and v(newest) < series(build.cuda):
            return False
        if build.cudnn and v(cc) < v(cudnn_floor(facts, build.cudnn)):
            return False
    return True


def broken(facts: Facts, package: str, version: str, ccs: tuple[str, ...]) -> bool:
    """Return whether a defect makes a release unusable on one of the cards."""
    rows = [one for one in facts.defect if one.package == package and one.refuses]
    return any(
        v(one.first) <= v(version) and v(version)[: len(v(one.last))] <= v(one.last)
        and any(v(one.cc_first or "0") <= v(cc) <= v(one.cc_last or "99") for cc in ccs)
        for one in rows
    )  # fmt: skip


def tensorflows(facts: Facts, ccs: tuple[str, ...], driver: str) -> Iterator[Any]:
    for row in sorted(facts.tensorflow, key=lambda one: v(one.release), reverse=True):
        if broken(facts, "tensorflow", row.release, ccs):
            continue
        targets = next((one for one in facts.cuda_series if v(one.series) == series(row.cuda)), None)
        if targets is None or not row.and_cuda or v(driver) < v(floor(facts, row.cuda)):
            continue
        runs = all(v(cc) >= v(targets.cc_min) and (not row.cc or runs_on(row.cc, row.ptx, cc)) for cc in ccs)
        if runs and not ptx_too_new(facts, row, ccs, driver):
            yield row


def ptx_too_new(facts: Facts, row: Any, ccs: tuple[str, ...], driver: str) -> bool:
    newest = next(one for one in facts.branch if one.branch == driver.split(".", maxsplit=1)[0]).cuda_max
    by_ptx = any(row.cc and runs_on(row.cc, row.ptx, cc).startswith("PTX") for cc in ccs)
    return bool(by_ptx and newest and v(newest) < series(row.cuda))


def meets(version: str, conditions: str) -> bool:
    signs = {">=": lambda a, b: a >= b, "<": lambda a, b: a < b, "==": lambda a, b: a == b, "": lambda a, b: a == b}
    found = re.findall(r"(>=|<|==|)\s*(\d[\d.]*)", conditions)
    return all(signs[sign](v(version), v(bound)) for sign, bound in found)


def agree(build: Any, row: Any) -> bool:
    runtime = row.and_cuda_runtime.split("wheels")[-1]
    nccl = row.and_cuda_nccl.split("cu", 1)[1][2:]
    same_major = v(build.cuda)[0] == v(row.cuda)[0]
    return bool(same_major and build.nccl and meets(build.cuda, runtime) and meets(build.nccl, nccl))


def cudnns(facts: Facts, row: Any, ccs: tuple[str, ...]) -> list[str]:
    package, conditions = re.match(r"([a-z0-9-]+?)((?:[><=]).*)", row.and_cuda_cudnn).groups()  # type: ignore[union-attr]
    wheels = sorted((one for one in facts.cudnn if package in one.pip), key=lambda one: v(one.version), reverse=True)
    return [
        one.version
        for one in wheels
        if meets(one.version, conditions) and all(v(cc) >= v(cudnn_floor(facts, one.version)) for cc in ccs)
    ]


def pythons(row: Any, pinned: str) -> list[str]:
    if not row.python:
        return []
    system = v(row.python)[1]
    every = [f"3.{minor}" for minor in range(system, 8, -1)] if system >= 9 else [row.python]
    return [one for one in every if not pinned or one == pinned]


def frameworks(
    facts: Facts, row: Any, ccs: tuple[str, ...], driver: str, pinned: str
) -> tuple[str, str, bool, str, tuple[str, str]] | None:
    there = pythons(row, pinned)
    wheels = [(one, cudnns(facts, one, ccs)) for one in tensorflows(facts, ccs, driver)]
    for torch, build in torches(facts, ccs, driver):
        for tensorflow, fitting in wheels:
            name = f"{torch.release}+{build.variant}"
            both = [one for one in there if one in torch.python and one in tensorflow.python]
            if both and build.cudnn in fitting and agree(build, tensorflow):
                return name, tensorflow.release, True, build.cudnn, (both[0], both[0])
            first = next((one for one in there if one in torch.python), "")
            second = next((one for one in there if one in tensorflow.python), "")
            if first and second and fitting:
                return name, tensorflow.release, False, fitting[0], (first, second)
    return None


def compiling(facts: Facts, row: Any, ccs: tuple[str, ...], driver: str) -> tuple[tuple[str, str, str], str]:
    """Return series, via and host compiler of the best toolkit, and the cuDNN beside it."""
    targets = sorted(facts.cuda_series, key=lambda one: v(one.series), reverse=True)
    fit = [one for one in targets if all(
        v(arch.cuda_first) <= v(one.series) and (not arch.cuda_last or v(one.series) <= v(arch.cuda_last))
        for arch in arches(facts, ccs)) and v(driver) >= v(floor(facts, one.series))]  # fmt: skip
    newest = next(one for one in facts.branch if one.branch == driver.split(".", maxsplit=1)[0]).cuda_max
    fit.sort(key=lambda one: bool(newest) and v(one.series) > v(newest))
    for one in fit:
        gcc = host_gcc(row, one)
        if gcc is not None and carried(facts, row, one.series) and not clashes(facts, row, one.series):
            return (one.series, "repo", gcc), archive(facts, one.series, ccs)
    for one in fit:
        if any(
            series(tag.cuda) == v(one.series) and any("devel-ubuntu" in one for one in tag.tags)
            for tag in facts.image_tag
        ):
            return (one.series, "container", ""), archive(facts, one.series, ccs)
    return ("", "none", ""), ""


def host_gcc(row: Any, toolkit: Any) -> str | None:
    if row.gcc_major and toolkit.gcc_min <= row.gcc_major <= toolkit.gcc_max:
        return ""
    older = [int(major) for major in row.side_gcc]
    return next((f"g++-{gcc}" for gcc in older if toolkit.gcc_min <= gcc <= toolkit.gcc_max), None)


def carried(facts: Facts, row: Any, wanted: str) -> bool:
    directory = next(one for one in facts.nvidia_repo if one.directory == row.nvidia_repo)
    end = directory_end(facts, row.nvidia_repo)
    return not (directory.toolkit_first and v(wanted) < v(directory.toolkit_first)) and not (end and v(wanted) > v(end))


def clashes(facts: Facts, row: Any, wanted: str) -> bool:
    known = [one for one in fedoras(facts) if one.glibc and int(one.release) <= int(row.release)]
    if not known:
        return False
    glibc = v(max(known, key=lambda one: int(one.release)).glibc)
    return any(v(one.glibc_from) <= glibc and v(wanted) <= v(one.series_last) for one in facts.glibc)


def archive(facts: Facts, wanted: str, ccs: tuple[str, ...]) -> str:
    major = str(v(wanted)[0])
    for one in sorted(facts.cudnn, key=lambda row: v(row.version), reverse=True):
        for tarball in one.tarballs:
            there = tarball.cuda == major and tarball.url and tarball.sha256
            if there and all(v(cc) >= v(cudnn_floor(facts, one.version)) for cc in ccs):
                return str(one.version)
    return ""

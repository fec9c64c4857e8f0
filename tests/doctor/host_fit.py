"""Drivers × images × cards: what `fit` says, and what the tables say when they are read with plain loops.

The oracle is a second statement of the rules, from NVIDIA's compatibility documents and the CUDA programming guide; it
shares the tables with `fit`, and no code.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from gpusetup.doctor.image import fit
from gpusetup.facts import Facts
from gpusetup.facts.model.cuda import Branch
from gpusetup.facts.model.hardware import GpuRow
from gpusetup.machine.model import Containers, Machine
from gpusetup.machine.model.image import Image
from tests.doctor.machines import machine

JUDGED = {"IMG003", "IMG004", "IMG005"}
"""The rules about driver and card; the others are about the rest of the host."""
WORST = ("error", "unknown", "warning", "info", "ok")


class Cell(NamedTuple):
    """One driver, one image, one card."""

    driver: Branch
    image: Image
    card: GpuRow


def images(facts: Facts) -> list[Image]:
    """Return NVIDIA's images as they are, with and without the compatibility package, and ours for each build."""
    found = []
    for tag in facts.image_tag:
        for compat in (False, True):
            said = {"CUDA_VERSION": tag.cuda} | ({"NV_CUDA_COMPAT_PACKAGE": "cuda-compat"} if compat else {})
            found.append(Image(name=f"nvidia/cuda:{tag.tags[0]}", architecture="x86_64", environment=said))
    floors = {row.variant: row.driver_min for row in facts.variant}
    for build in facts.torch_build:
        if build.machine != "x86_64" or build.variant not in floors:
            continue
        code = " ".join([*build.cc, *([f"{build.ptx}+PTX"] if build.cc and build.ptx else [])])
        labels = {"io.gpusetup.cuda.torch": build.cuda, "io.gpusetup.driver-floor": floors[build.variant]}
        labels |= {"io.gpusetup.code.torch": code} if code else {}
        found.append(Image(name=f"torch:{build.releases[0]}-{build.variant}", architecture="x86_64", labels=labels))
    return found


def cards(facts: Facts) -> list[GpuRow]:
    """Return one card of every capability, for data centres and not; Tegra and GB10 are left out."""
    rows = [row for row in facts.gpu if row.market not in {"jetson", "desktop-soc"}]
    return list({(row.cc, row.market == "datacentre"): row for row in rows}.values())


def cells(facts: Facts) -> Iterator[Cell]:
    """Yield every cell whose driver drives the card: in the others there is no GPU to speak of."""
    for driver, image, card in itertools.product(facts.branch, images(facts), cards(facts)):
        if driver.cuda_max and drives(facts, driver, card):
            yield Cell(driver, image, card)


def drives(facts: Facts, driver: Branch, card: GpuRow) -> bool:
    arch = next(row for row in facts.arch if card.cc in row.cc)
    first = arch.first_driver_derived or "0"
    return numbers(driver.cc_min) <= numbers(card.cc) and numbers(first)[0] <= int(driver.branch)


def said(cell: Cell) -> str:
    """Return the worst that `fit` says of driver and card."""
    found = [one.state for one in fit(host(cell), cell.image) if one.rule in JUDGED and one.state != "skipped"]
    return min(found, key=WORST.index, default="ok")


@functools.cache
def desktop() -> Machine:
    return machine("desktop")


def host(cell: Cell) -> Machine:
    base = desktop()
    version = version_of(cell.driver)
    readings = msgspec.structs.replace(base.driver, nvml=version, cuda=cell.driver.cuda_max)
    assert not isinstance(base.gpus, msgspec.Struct)
    gpu = msgspec.structs.replace(base.gpus[0], name=f"NVIDIA {cell.card.name}", compute_capability=cell.card.cc)
    with_toolkit = Containers(engines={"podman": "/usr/bin/podman"}, cdi_specs=("/etc/cdi/nvidia.yaml",))
    return msgspec.structs.replace(base, driver=readings, gpus=(gpu,), containers=with_toolkit)


def version_of(branch: Branch) -> str:
    return branch.latest or f"{branch.branch}.99"


def expected(facts: Facts, cell: Cell) -> str:
    """Return what the tables say: the worst of floor, newer minor and kernels, in that order of causes."""
    series = cell.image.labels.get("io.gpusetup.cuda.torch") or ".".join(
        cell.image.environment["CUDA_VERSION"].split(".")[:2]
    )
    below = numbers(version_of(cell.driver)) < numbers(floor(facts, cell.image, series))
    code = cell.image.labels.get("io.gpusetup.code.torch", "").split()
    kernels = kernels_for(facts, cell, series, code)
    verdicts = [kernels[0]]
    compat = bool(cell.image.environment.get("NV_CUDA_COMPAT_PACKAGE"))
    if below:
        lifted = compat and cell.card.market == "datacentre"
        verdicts.append("warning" if lifted else "error")
    else:
        newest = numbers(cell.driver.cuda_max)
        if numbers(series) > newest and numbers(series)[0] == newest[0]:
            refused = compat and cell.card.market != "datacentre"  # error 804, where it goes before the driver's own
            verdicts.append("error" if kernels[1] else "warning" if refused else "info")
    return min(verdicts, key=WORST.index)


def floor(facts: Facts, image: Image, series: str) -> str:
    labelled = image.labels.get("io.gpusetup.driver-floor")
    if labelled:
        return labelled
    for row in facts.cuda_major:
        if row.minor_compat and str(row.major) == series.split(".", maxsplit=1)[0]:
            return row.driver_min
    return max((row.driver_min for row in facts.cuda if row.series == series and row.driver_min), key=numbers)


def kernels_for(facts: Facts, cell: Cell, series: str, code: list[str]) -> tuple[str, bool]:
    """Return the state, and whether PTX is all there is."""
    if not code:
        known = next(row for row in facts.arch if cell.card.cc in row.cc)
        last = known.cuda_last or "99.9"
        targeted = numbers(known.cuda_first) <= numbers(series) <= numbers(last)
        unknown = "unknown" if "io.gpusetup.cuda.torch" in cell.image.labels else "ok"
        return (unknown if targeted else "error"), False
    major, minor = numbers(cell.card.cc)
    for one in code:
        if one.endswith("+PTX"):
            continue
        exact = one.endswith("a")
        theirs = numbers(one.rstrip("af"))
        if theirs == (major, minor) or (not exact and theirs[0] == major and theirs[1] <= minor):
            return "ok", False
    ptx = [numbers(one.removesuffix("+PTX")) for one in code if one.endswith("+PTX")]
    if ptx and ptx[0] <= (major, minor):
        return "warning", True
    return "error", False


def numbers(version: str) -> tuple[int, ...]:
    return tuple(int(one) for one in version.split("."))

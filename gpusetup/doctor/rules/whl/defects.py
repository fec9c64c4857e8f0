"""WHL401: installed releases that are known to fail on these cards."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from gpusetup.doctor.cards import cards, cite
from gpusetup.doctor.frameworks import beside, release
from gpusetup.doctor.requirement import unmet
from gpusetup.doctor.rule import RuleResults, fix, info, rule, unlisted, warning
from gpusetup.doctor.subjects import has_gpu
from gpusetup.facts import facts
from gpusetup.machine.dotted import is_dotted
from gpusetup.machine.model import Distribution, Machine
from gpusetup.versions import capability, dotted

if TYPE_CHECKING:
    from gpusetup.facts.model.defects import Defect

PACKAGES = {
    "torch": "torch", "tensorflow": "tensorflow", "tensorflow-cpu": "tensorflow", "tensorflow-gpu": "tensorflow",
    "jaxlib": "jax", "triton": "triton",
}  # fmt: skip
NONE_KNOWN = "a release without a known defect is judged by the other rules"
NVIDIA = r"(nvidia-(?:cudnn|nccl))-cu\d{2}"


def each_package(machine: Machine) -> Iterator[tuple[str, Distribution]]:
    """Every installed distribution that the table of defects may speak of."""
    for one in machine.distributions:
        if _package(one):
            yield f"{one.name} {one.version}", one


def _package(one: Distribution) -> str:
    """Return how the table calls the distribution, "" when it does not speak of such."""
    nvidia = re.fullmatch(NVIDIA, one.name)
    return nvidia[1] if nvidia else PACKAGES.get(one.name, "")


@rule(
    "WHL401",
    "known-defect",
    "An installed framework or library release has a known defect on this GPU",
    worst="warning",
    after=("GPU001", "WHL001", "WHL002", "WHL003", "WHL102", "WHL301"),
    over=each_package,
    required=False,
    source="facts: defect (each row with the threads that show it)",
    remedies=("known-defect",),
)
def known_defect(machine: Machine, one: Distribution) -> RuleResults:
    """The table of facts has a defect of this release that concerns this machine: its GPUs, its processor, what is
    installed beside it. One that ordinary programs meet is a warning, one that only some meet or that costs speed
    alone a note.
    """
    package = _package(one)
    rows = [row for row in facts().defect if row.package == package and row.effect != "install"]
    found = [row for row in rows if _concerns(machine, one, row)]
    unlisted(found, f"a defect of {one.name} {one.version} here, among {len(rows)} of {package}", NONE_KNOWN)
    for row in found:
        say = info if row.effect else warning
        yield say(
            f"{one.name} {one.version} has a known defect: {row.symptom}",
            cite(row, f"releases {row.first} to {row.last}"),
            *row.source[:3],
            fix=fix("known-defect", way_out=row.way_out),
        )


def _concerns(machine: Machine, one: Distribution, row: Defect) -> bool:
    version = release(one)
    if not is_dotted(version) or not _within(version, row):
        return False
    if row.build == "gpu" and (one.cuda == "cpu" or one.name == "tensorflow-cpu" or not has_gpu(machine)):
        return False
    return _here(machine, row) and _has_beside(machine, one, row) and (row.build != "gpu" or _on_cards(machine, row))


def _within(version: str, row: Defect) -> bool:
    """Say whether `version` lies in the row's range; `last` counts as far as it is written."""
    key = version.split(".")[: len(row.last.split("."))]
    return dotted(version) >= dotted(row.first) and dotted(".".join(key)) <= dotted(row.last)


def _here(machine: Machine, row: Defect) -> bool:
    variable = not row.variable or bool(machine.system.environment.get(row.variable))
    return variable and row.arch in {"", machine.system.arch}


def _has_beside(machine: Machine, one: Distribution, row: Defect) -> bool:
    """Say whether what the row asks for lies beside `one`; ``nvidia-cudnn`` is any wheel of cuDNN."""
    said = re.match(r"[\w-]+", row.beside)
    if not said:
        return True
    have = {name: version for name, version in beside(machine, one).items() if name != one.name or name == said[0]}
    have |= {nvidia[1]: version for name, version in have.items() if (nvidia := re.fullmatch(NVIDIA, name))}
    return said[0] in have and not unmet(row.beside, have, machine.system.arch)


def _on_cards(machine: Machine, row: Defect) -> bool:
    """Say whether enough GPUs are of the capabilities that the row concerns."""
    found = list(cards(machine))
    low, high = row.cc_first, row.cc_last
    concerned = [
        card
        for card in found
        if (not low or capability(card.capability) >= capability(low))
        and (not high or capability(card.capability) <= capability(high))
    ]
    return len(concerned) >= row.gpus

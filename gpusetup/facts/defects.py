"""The one lookup of known defects: the plan, the doctor and the self-test ask here what concerns a release."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import msgspec

from gpusetup.versions import capability, dotted, within

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.facts.model.defects import Defect

NAMES = {
    "tensorflow-cpu": "tensorflow", "tensorflow-gpu": "tensorflow", "jaxlib": "jax", "torch": "torch",
    "tensorflow": "tensorflow", "keras": "keras", "triton": "triton",
}  # fmt: skip
NVIDIA = r"(nvidia-(?:cudnn|nccl|cublas))(?:-cu\d{2})?"


class Where(msgspec.Struct, frozen=True):
    """Where a release runs. None is "not known", and excludes no defect."""

    gpu: bool = True
    """Whether it computes with NVIDIA's libraries."""
    cards: tuple[str, ...] | None = None
    """The compute capability of each GPU."""
    arch: str | None = None
    """The processor architecture, as ``uname -m`` names it."""
    beside: Mapping[str, str] | None = None
    """What is installed in the same environment: distribution → version."""
    environment: Mapping[str, str] | None = None
    """The environment variables."""
    settings: tuple[str, ...] | None = None
    """The settings of the package's own configuration that are on."""


def known_as(distribution: str) -> str:
    """Return how the table calls a distribution, "" when it does not speak of such: ``nvidia-cudnn`` of its wheels."""
    nvidia = re.fullmatch(NVIDIA, distribution)
    return nvidia[1] if nvidia else NAMES.get(distribution, "")


def defects_of(facts: Facts, package: str, version: str) -> tuple[Defect, ...]:
    """Return the defects of one release, `package` as the table calls it; a local part (``+cu126``) counts as none."""
    return _of_release(facts, package, version.partition("+")[0])


def concerns(row: Defect, where: Where) -> bool:
    """Return whether a defect of a release can show there; what is not known excludes nothing."""
    if row.build == "gpu" and not where.gpu:
        return False
    arch = not row.arch or where.arch is None or row.arch == where.arch
    variable = not row.variable or where.environment is None or bool(where.environment.get(row.variable))
    setting = not row.setting or where.settings is None or row.setting in where.settings
    return arch and variable and setting and _has_beside(row.beside, where.beside) and on_cards(row, where.cards)


def by_card(row: Defect) -> bool:
    """Return whether it depends on the GPUs if a defect shows."""
    return bool(row.cc_first or row.cc_last or row.gpus > 1)


def on_cards(row: Defect, cards: tuple[str, ...] | None) -> bool:
    """Return whether enough of the GPUs, given by their compute capabilities, are of those that a defect concerns."""
    if cards is None or not by_card(row):
        return True
    low, high = row.cc_first or "0.0", row.cc_last or "99.0"
    return sum(capability(low) <= capability(card) <= capability(high) for card in cards) >= row.gpus


@functools.lru_cache(maxsize=4)
def _by_package(facts: Facts) -> dict[str, list[Defect]]:
    found: dict[str, list[Defect]] = {}
    for row in facts.defect:
        found.setdefault(row.package, []).append(row)
    return found


@functools.lru_cache(maxsize=1024)  # a plan asks for each build of a release
def _of_release(facts: Facts, package: str, release: str) -> tuple[Defect, ...]:
    if not re.fullmatch(r"\d+(\.\d+)*", release, re.ASCII):
        return ()  # a pre-release or a build of one's own: no thread speaks of it
    return tuple(row for row in _by_package(facts).get(package, ()) if _within(release, row))


def _within(version: str, row: Defect) -> bool:
    """Return whether `version` lies in the row's range; `last` counts as far as it is written."""
    head = ".".join(version.split(".")[: row.last.count(".") + 1])
    return dotted(row.first) <= dotted(version) and dotted(head) <= dotted(row.last)


def _has_beside(requirement: str, beside: Mapping[str, str] | None) -> bool:
    """Return whether the distribution that a row asks for is there in the version that it asks for."""
    if not requirement or beside is None:
        return True
    name, conditions = _split(requirement)
    have = [version for one, version in beside.items() if name in (one, known_as(one))]
    return any(_meets(version.partition("+")[0], conditions) for version in have)


def _split(requirement: str) -> tuple[str, str]:
    name = re.match(r"[\w-]+", requirement)
    return (name[0], requirement[name.end() :]) if name else (requirement, "")


def _meets(version: str, conditions: str) -> bool:
    if not conditions or not re.fullmatch(r"\d+(\.\d+)*", version, re.ASCII):
        return not conditions
    return within(version, conditions)


def assignments(rows: Iterable[Defect]) -> dict[str, str]:
    """Return the environment under which none of these defects shows, as far as one is known."""
    pairs = (one.partition("=") for row in rows for one in row.workaround)
    return {name: value for name, _, value in pairs}

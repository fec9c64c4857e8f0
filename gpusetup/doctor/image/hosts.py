"""What the rules over an image ask of the host."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import NamedTuple

from gpusetup.doctor.gpu.cards import HostCard, branch_rows, cards, driver_branch, driver_version
from gpusetup.doctor.image.conditions import ImageHost
from gpusetup.doctor.rule import listed, optional, unlisted
from gpusetup.errors import WrongInputError
from gpusetup.facts import facts
from gpusetup.facts.boards import board_by_name
from gpusetup.facts.find import arch_of
from gpusetup.machine.model import Machine
from gpusetup.versions import driver

BRANDS = {
    "datacentre": ("tesla", "nvidia"),
    "geforce": ("geforce", "geforcertx"),
    "laptop": ("geforce", "geforcertx"),
    "titan": ("titan", "titanrtx"),
    "workstation": ("quadro", "quadrortx", "nvidiartx", "nvidia"),
}
"""NVML tells a card's brand, and no saved machine has it: these are what a card of a market can have."""
ANY_BRAND = (*dict.fromkeys(one for some in BRANDS.values() for one in some), "unknown")


class Placed(NamedTuple):
    """A card of a machine."""

    card: HostCard

    @property
    def market(self) -> str:
        """What it is made for, "" where the tables do not know it."""
        return _market(self.card.name)


def placed(machine: Machine) -> list[Placed]:
    """Return one card of each kind here; raises as `cards` does."""
    kinds = {_kind(card): card for card in reversed(list(cards(machine)))}
    return [Placed(card) for card in reversed(kinds.values())]


def _kind(card: HostCard) -> tuple[str, str]:
    nameless = "cards of one compute capability run the same code"
    name = optional(card.gpu.name, nameless) if card.gpu else card.listed_as
    return name or "", card.capability


@functools.cache
def _market(name: str) -> str:
    if "titan" in name.lower():
        return "titan"
    try:
        return board_by_name(facts(), name).market
    except WrongInputError:
        return ""


def driver_cuda(machine: Machine) -> str:
    """Return the newest CUDA that the driver reports, or that its branch does; "" when neither is known."""
    branch = driver_branch(machine)
    said = optional(machine.driver.cuda, "the tables tell which CUDA the driver's branch runs")
    if said or branch is None:
        return said or ""
    return listed(branch_rows(branch), f"driver branch {branch}").cuda_max


def condition_hosts(machine: Machine) -> Iterator[tuple[Placed, ImageHost]]:
    """Yield every card with what conditions can ask of it."""
    version, newest = driver_version(machine) or "", driver_cuda(machine)
    for one in placed(machine):
        brands = BRANDS.get(one.market, ANY_BRAND)
        if brands == ANY_BRAND:
            why = "the conditions are held against cards of every brand"
            unlisted((), f"what the {one.card.name} is made for", why)
        yield one, ImageHost(cuda=newest, driver=version, arch=one.card.capability, brands=brands)


def last_branch(machine: Machine) -> str:
    """Return the last driver branch for the oldest architecture here, "" when all are still driven."""
    rows = [arch_of(facts(), card.capability) for card in cards(machine)]
    last = [row.last_driver_branch for row in rows if row and row.last_driver_branch]
    return min(last, key=driver, default="")

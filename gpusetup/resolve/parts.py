"""The parts of a server beside driver and frameworks: fabric manager, subnet manager, IMEX, persistence, DCGM.

GPUs on boards with NVSwitches compute nothing without the fabric manager, so it is planned wherever a machine shows
NVSwitches, or eight GPUs for such a board are named. A single named GPU may be on such a board: a warning says so.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from gpusetup.errors import RefusedError
from gpusetup.resolve.model import Part, Reason
from gpusetup.resolve.solver.problem import because

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.facts.model.distribution import Distribution
    from gpusetup.facts.model.general import CompatibilityRule
    from gpusetup.resolve.candidates import CardKind
    from gpusetup.resolve.model import Card, PartName, Request

FABRIC, SUBNET, IMEX = "rule-nvswitch-fabric-manager", "rule-nvlink5-subnet-manager", "rule-nvl72-imex"
NVLINK5 = ("10.0", "10.3", "10.7")
"""Capabilities of the GPUs whose NVSwitches are of the fourth generation or newer."""
ON_BOARDS = ("SXM", "HBM3", "HBM2e", "B200", "B300", "HGX", "DGX")
"""What is in the names of GPUs that may be on a board with NVSwitches; ``H100 80GB HBM3`` is NVML's for the SXM one."""
TRAYS = ("GB200", "GB300")
WHOLE_BOARD = 8


class _Named(msgspec.Struct, frozen=True):
    services: tuple[str, ...] = ()
    as_driver: bool = False
    modules: tuple[str, ...] = ()


PARTS: dict[PartName, _Named] = {
    "fabric-manager": _Named(("nvidia-fabricmanager",), as_driver=True),
    "subnet-manager": _Named(modules=("ib_umad",)),
    "imex": _Named(as_driver=True),  # its service needs the list of the other trays first
    "persistence": _Named(("nvidia-persistenced",)),
    "dcgm": _Named(("nvidia-dcgm",)),
}
"""Part → the services of its packages, which each distribution's row names."""


def board(request: Request) -> bool | None:
    """Say whether the GPUs of `request` are on a board with NVSwitches; None where that cannot be known."""
    return on_board(request.cards) if request.nvswitches is None else request.nvswitches


def on_board(cards: tuple[Card, ...]) -> bool | None:
    """Say whether named cards are on a board with NVSwitches: False, True, or None where that cannot be known."""
    may_be = [card for card in cards if _may_be_on_board(card.name)]
    if not may_be:
        return False
    return True if any(card.count >= WHOLE_BOARD for card in may_be) else None


@functools.cache
def _may_be_on_board(name: str) -> bool:
    return any(word in name for word in ON_BOARDS) and not any(word in name for word in (*TRAYS, "PCIe", "NVL"))


def is_tray(card: Card | CardKind) -> bool:
    """Say whether a card is part of an NVL72 rack."""
    return any(word in card.name for word in TRAYS)


def needs_version(request: Request) -> bool:
    """Say whether a part is needed that must have exactly the driver's version."""
    asked = any(PARTS[name].as_driver for name in request.parts)
    return bool(board(request)) or asked or any(is_tray(card) for card in request.cards)


def parts(request: Request, facts: Facts, version: str, of: Distribution) -> Iterator[Part]:
    """Yield the parts that the boards of `request` need and those asked for; `version` is that of the driver.

    Raises `RefusedError` where the packages of one are not known for the distribution `of`.
    """
    asked = Reason(fact="request:with", text="you asked for it")
    needed: dict[PartName, Reason] = dict.fromkeys(request.parts, asked)
    if (there := board(request)) or "fabric-manager" in request.parts:
        needed["fabric-manager"] = _by(facts, FABRIC) if there else asked
        if any(card.compute_capability in NVLINK5 for card in request.cards):
            needed["subnet-manager"] = _by(facts, SUBNET)
    if any(is_tray(card) for card in request.cards):
        needed["imex"] = _by(facts, IMEX)
    if needed.keys() & {"fabric-manager", "imex"}:
        needed.setdefault("persistence", Reason(fact="preference:server", text="a server keeps its driver initialised"))
    for name, named in PARTS.items():
        if name in needed:
            if name not in of.parts:
                raise RefusedError(f"the packages of {name} are not known for {of.title}",
                                   "a row of the table `distribution` has to name them")  # fmt: skip
            yield Part(
                name=name, packages=of.parts[name], services=named.services, modules=named.modules,
                version=version if named.as_driver else "", why=needed[name],
            )  # fmt: skip


def board_warning(request: Request, cards: tuple[CardKind, ...], facts: Facts, version: str) -> Iterator[Reason]:
    """Yield what to know where named GPUs can be on a board with NVSwitches, and where a tray needs a list."""
    if board(request) is None and "fabric-manager" not in request.parts:
        row = _rule(facts, FABRIC)
        card = next(one for one in cards if _may_be_on_board(one.name))
        also = " and nvlsm" if card.cc in NVLINK5 else ""
        yield because(row, f"if {card} is on a board with NVSwitches (HGX, DGX), CUDA does not work until "
                           f"nvidia-fabricmanager {version}{also} runs: add --with fabric-manager")  # fmt: skip
    if any(is_tray(card) for card in cards):
        text = "list the other trays in /etc/nvidia-imex/nodes_config.cfg, then enable nvidia-imex"
        yield because(_rule(facts, IMEX), text)


def _by(facts: Facts, row_id: str) -> Reason:
    row = _rule(facts, row_id)
    return because(row, row.fact)


def _rule(facts: Facts, row_id: str) -> CompatibilityRule:
    return next(row for row in facts.rule if row.id == row_id)

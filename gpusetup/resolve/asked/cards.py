"""The cards that a stack is for: named, given by compute capability, or found in a machine."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from msgspec.structs import replace

from gpusetup.errors import CannotLookError, WrongInputError
from gpusetup.facts.boards import Board, board_by_name, boards_by_pci_id
from gpusetup.facts.find import arch_of
from gpusetup.resolve.model import Card

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.facts.model.hardware import GpuRow
    from gpusetup.machine.model import Gpu as NvmlGpu
    from gpusetup.machine.model import Machine, PciGpu

NONE = "none"
_SEVERAL = r"(?P<n>[1-9]\d?) ?[x×] ?(?P<before>\D.*)|(?P<after>.+) [x×] ?(?P<m>[1-9]\d?)"
"""``8x H100`` or ``H100 x8``; in ``GTX 680``, ``MX150`` and ``Tegra X1`` the x belongs to the name."""
OVERRIDE = "name the cards with --gpu or --gpu-arch, or give --gpu none for a stack without GPU"


def named(facts: Facts, names: Iterable[str], capabilities: Iterable[str]) -> tuple[Card, ...]:
    """Return the kinds of cards named or given by compute capability; the name ``none`` means no card.

    Raises `WrongInputError` for a name in no table, and for ``none`` beside a card.
    """
    names, capabilities = tuple(names), tuple(capabilities)
    if NONE in map(str.lower, names) and len({*map(str.lower, names)}) + len(capabilities) > 1:
        raise WrongInputError(
            "--gpu none excludes every card, but another card is given as well", "remove one of the two"
        )
    cards = [_named(facts, name) for name in names if name.lower() != NONE]
    return distinct([*cards, *(_of_capability(facts, cc) for cc in capabilities)])


def found(facts: Facts, machine: Machine) -> tuple[Card, ...]:
    """Return the kinds of cards in `machine`, as the driver names them, else by their PCI ids.

    Raises `CannotLookError` when neither the driver nor the PCI bus could be read, and `WrongInputError` for a card
    that is in no table: hardware is never guessed.
    """
    from gpusetup.machine.model import Unread  # cards that were named need no machine

    if not isinstance(machine.gpus, Unread) and machine.gpus:
        return distinct(_of_nvml(facts, gpu, machine) for gpu in machine.gpus)
    if isinstance(machine.pci, Unread):
        raise CannotLookError(f"cannot list the GPUs: {machine.pci.source}: {machine.pci.detail}", OVERRIDE)
    return distinct(_of_pci(facts, gpu) for gpu in machine.pci)


def bound_row(facts: Facts, name: str, capability: str) -> GpuRow | None:
    """Return the row that ties a card to one kind of host: its own, or that of every GPU of its capability."""
    own = next((row for row in facts.gpu if row.name == name), None)
    alike = [own] if own else [row for row in facts.gpu if row.cc == capability]
    return alike[0] if alike and all(row.host_arch for row in alike) else None


def distinct(cards: Iterable[Card]) -> tuple[Card, ...]:
    """Return one card of each kind, with their number, the newest capability first."""
    kinds: dict[tuple[str, str], Card] = {}
    for card in cards:
        before = kinds.get((card.name, card.compute_capability))
        kinds[card.name, card.compute_capability] = card if before is None else _more(before, card.count)
    return tuple(sorted(kinds.values(), key=lambda card: _number(card.compute_capability), reverse=True))


def _more(card: Card, count: int) -> Card:
    return replace(card, count=card.count + count)


def _of_nvml(facts: Facts, gpu: NvmlGpu, machine: Machine) -> Card:
    """Return the card as NVML names it; by name or PCI id where NVML did not report the compute capability."""
    from gpusetup.machine.model import Unread  # as above

    if not isinstance(gpu.name, Unread) and not isinstance(gpu.compute_capability, Unread):
        card = _of_capability(facts, gpu.compute_capability)
        return Card(name=gpu.name, arch=card.arch, compute_capability=card.compute_capability, known_by="NVML")
    if not isinstance(gpu.name, Unread):
        return _of_board(board_by_name(facts, gpu.name), "name from NVML")
    if not isinstance(machine.pci, Unread):
        for device in machine.pci:
            if not isinstance(gpu.pci_address, Unread) and gpu.pci_address.lower().endswith(device.address.lower()):
                return _of_pci(facts, device)
    raise CannotLookError(f"NVML does not report what GPU {gpu.index} is: {gpu.name.detail}", OVERRIDE)


def _named(facts: Facts, name: str) -> Card:
    """Return the card of a name, of several (``8x H100``), or of a compiler target such as ``sm_89``."""
    if several := re.fullmatch(_SEVERAL, " ".join(name.split())):
        one, count = several["before"] or several["after"], int(several["n"] or several["m"])
        return replace(_named(facts, one), count=count)
    if target := re.fullmatch(r"(?:sm|compute)_(\d+)(\d)[af]?", name.strip().lower()):
        return _of_capability(facts, f"{target[1]}.{target[2]}")
    return _of_board(board_by_name(facts, name), "option --gpu")


def _of_pci(facts: Facts, device: PciGpu) -> Card:
    boards = boards_by_pci_id(facts, device.device_id)
    where = f"the GPU at {device.address} (PCI id 10de:{device.device_id})"
    if not boards:
        raise WrongInputError(f"{where} is in no table", OVERRIDE)
    if len({board.cc for board in boards}) > 1:
        names = ", ".join(board.name for board in boards)
        raise WrongInputError(f"{where} is used by several boards: {names}", "name yours with --gpu")
    return _of_board(boards[0], f"PCI id 10de:{device.device_id}")


def _of_board(board: Board, known_by: str) -> Card:
    return Card(name=board.name, arch=board.arch, compute_capability=board.cc, known_by=known_by)


def _of_capability(facts: Facts, capability: str) -> Card:
    arch = arch_of(facts, capability)
    if arch is None:
        known = sorted(_capabilities(facts), key=_number)
        raise WrongInputError(f"no architecture has compute capability {capability!r}", f"known: {', '.join(known)}")
    name = f"a GPU of {arch.arch}"
    return Card(name=name, arch=arch.arch, compute_capability=capability, known_by="option --gpu-arch")


def _capabilities(facts: Facts) -> Iterator[str]:
    for arch in facts.arch:
        yield from arch.cc


def _number(capability: str) -> tuple[int, ...]:
    return tuple(map(int, capability.split(".")))

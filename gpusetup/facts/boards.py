"""Look up a GPU board by PCI device id, or by any name that NVML, lspci, sysfs and people use.

Used by the doctor and the plan. A board has a row in the table ``gpu``, or is listed in pci.ids under its chip: the
architecture, which is all a plan needs, is the chip's. A name never matches a board of another architecture: memory,
form factor or series may be omitted, but not the word that distinguishes a TITAN X from a TITAN.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from gpusetup.errors import WrongInputError
from gpusetup.facts.find import chip_by_pci_id, gpus_by_pci_id
from gpusetup.facts.names import NEAR, SERIES, alternatives, left_out, plain, words

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.facts.model.hardware import Chip, GpuRow

_ID = r"(?:0x)?10de[: ](?:0x)?([0-9a-f]{4})\b"
"""``10de:1c8d`` of lspci -nn, ``0x10de 0x1c8d`` of sysfs."""
_CHIP = r"[a-z]{2}\d{2}[0-9a-z]"
_INSTANCE = r" mig \d[cg]\.\S+$"
"""What NVML and nvidia-smi append for a part of a divided GPU: ``MIG 1c.3g.20gb``, ``MIG 1g.5gb+me``."""
_VGPU = r"-(?:\d-)?\d{1,3}[qcba]\d?(?:me)?$"
"""What NVIDIA's vGPU software appends for a share of a card: memory in GB and series, before it instances of a MIG one.

``GRID T4-16Q``, ``GRID A100D-1-10C`` (Virtual GPU Software User Guide, "Virtual GPU Types for Supported GPUs").
"""
_SEVERAL = 6


class AmbiguousNameError(WrongInputError):
    """Boards of several compute capabilities have the name."""


class Board(msgspec.Struct, frozen=True):
    """One kind of graphics board; `fact` is the id of the row it is known by."""

    name: str
    arch: str
    cc: str
    fact: str
    market: str = ""


class _Called(msgspec.Struct, frozen=True):
    """A name and its row; the other fields of a row are read only for a match."""

    name: str
    row: Any
    board: Callable[[Any, str], Board]


def boards_by_pci_id(facts: Facts, device_id: str) -> tuple[Board, ...]:
    """Return the boards with a PCI device id of NVIDIA's, ``1c8d``: several can share one, and there may be none."""
    if rows := gpus_by_pci_id(facts, device_id):
        return tuple(_of_row(row, row.name) for row in rows)
    chip = chip_by_pci_id(facts, device_id)
    return (_of_chip(chip, chip.boards[device_id.lower()]),) if chip else ()


def board_by_name(facts: Facts, name: str) -> Board:
    """Return the board called `name`, which may also be a PCI id (``10de:1c8d``) or a line of lspci.

    Raises `WrongInputError`, which lists the candidates if boards of several compute capabilities match, and similar
    names if none does.
    """
    if found := re.search(_ID, name.lower()):
        return one(name, boards_by_pci_id(facts, found[1]))
    for spelled in _spellings(name):
        for candidates in _candidates(facts, spelled):
            if candidates:
                return one(name, candidates)
    raise WrongInputError(f"no GPU named {name!r} in the tables", near(facts, name))


def is_vgpu(name: str) -> bool:
    """Say whether `name` is that of a vGPU, a share of a card that a virtual machine is given."""
    return bool(re.search(_VGPU, name.lower()))


def one(name: str, boards: Iterable[Board]) -> Board:
    """Return the plainest of `boards`; raises `WrongInputError` for none, or for several compute capabilities."""
    boards = tuple(boards)
    if len({board.cc for board in boards}) > 1:
        kinds = dict.fromkeys(f"{board.name} ({board.arch}, {board.cc})" for board in boards)
        listed = "; ".join(list(kinds)[:_SEVERAL])
        raise AmbiguousNameError(f"{name!r} is ambiguous", f"use one of {listed}, or the PCI id from lspci -nn")
    if not boards:
        raise WrongInputError(
            f"no GPU in the tables has the PCI id {name!r}", "give its compute capability: --gpu-arch"
        )
    return min(boards, key=lambda board: ("laptop" in words(board.name), len(words(board.name))))


def near(facts: Facts, name: str) -> str:
    """Return the hint for an unknown name: similar names in the tables."""
    import difflib  # only a wrong name needs it

    spelled = {" ".join(sorted(words(each.name))): each.name for each in _rows(facts)}
    like = difflib.get_close_matches(" ".join(sorted(words(name))), spelled, NEAR, cutoff=0.5)
    listed = f"similar names: {', '.join(spelled[each] for each in like)}; " if like else ""
    return f"{listed}`gpusetup facts list gpu` lists all"


def _spellings(name: str) -> Iterator[str]:
    """Yield the board's name in a line of lspci (``GP107M [GeForce GTX 1050 Mobile] (rev a1)``), then the chip's.

    Of a part of a card it is that of the card. In the name of a vGPU, letters may stand for memory and form: A100D.
    """
    if is_vgpu(name):
        card = re.sub(rf"^grid |{_VGPU}", "", name.lower())
        yield from (card, re.sub(r"(?<=\d)[a-z]{1,2}$", "", card))
        return
    before, bracket, rest = re.sub(_INSTANCE, "", name, flags=re.IGNORECASE).rpartition("[")
    inside = rest.partition("]")[0] if bracket else rest
    yield inside
    yield inside.partition("/")[0]  # one id for the "GeForce RTX 3070 Mobile / Max-Q"
    yield before


def _candidates(facts: Facts, name: str) -> Iterator[tuple[Board, ...]]:
    """Yield the matching boards, best match first: with exactly these words, then with a few more."""
    asked = words(name)
    if not plain(asked):
        return
    rows = tuple(_rows(facts))
    yield _boards(each for each in rows if words(each.name) == asked)
    yield _boards(each for each in rows if plain(words(each.name)) == plain(asked))
    every = rows + tuple(
        _Called(called, chip, _of_chip) for chip in facts.chip for called in dict.fromkeys(chip.boards.values())
    )
    yield _boards(each for each in every if words(each.name) == asked)
    for wanted in (asked, plain(asked)):
        yield _boards(_with_more(wanted, every))
    code = re.search(_CHIP, name.lower())
    yield tuple(_of_chip(chip, chip.chip) for chip in facts.chip if code and chip.chip.lower() == code[0])


def _with_more(asked: frozenset[str], every: Iterable[_Called]) -> list[_Called]:
    """Return the names that have these words and only common ones besides.

    A series that contradicts the one asked for is no match; yet where there is a match, it makes the name ambiguous:
    ``RTX 4000`` is short for the RTX 4000 Ada, and may be said of the Quadro RTX 4000.
    """
    found = [(each, left) for each in every if (left := left_out(asked, words(each.name))) is not None]
    sure = any(not left & SERIES or not asked & SERIES for _, left in found)
    return [each for each, _ in found] if sure else []


def _rows(facts: Facts) -> Iterator[_Called]:
    for row in facts.gpu:
        yield from (_Called(name, row, _of_row) for name in alternatives(row.name))


def _boards(called: Iterable[_Called]) -> tuple[Board, ...]:
    return tuple(each.board(each.row, each.name) for each in called)


def _of_row(row: GpuRow, name: str) -> Board:
    return Board(name, row.arch, row.cc, row.id, row.market)


def _of_chip(chip: Chip, name: str) -> Board:
    return Board(name, chip.arch, chip.cc, chip.id)

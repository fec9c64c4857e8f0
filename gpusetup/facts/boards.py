"""Which GPU is meant: by PCI device id, and by every name that NVML, lspci, sysfs and people have for one.

The doctor and the plan both ask here. A board has a row of the table ``gpu``, or else is one that pci.ids lists under
its chip: what a plan needs of it, the architecture, is the chip's. No name is taken for one of another architecture:
words that are left out may be memory, form factor or the series, never what tells a TITAN X from a TITAN.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from gpusetup.errors import WrongInputError
from gpusetup.facts.find import chip_by_pci_id, gpus_by_pci_id
from gpusetup.facts.names import NEAR, SERIES, alternatives, left_out, plain, words

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.facts.model.hardware import Chip, GpuRow

_ID = r"(?:0x)?10de[: ](?:0x)?([0-9a-f]{4})\b"
"""``10de:1c8d`` of lspci -nn, ``0x10de 0x1c8d`` of sysfs."""
_CHIP = r"[a-z]{2}\d{2}[0-9a-z]"
_SEVERAL = 6


class Board(NamedTuple):
    """One kind of graphics board; `fact` is the id of the row it is known by."""

    name: str
    arch: str
    cc: str
    fact: str
    market: str = ""


class _Called(NamedTuple):
    """A name, and the row that it is one of; rows that are only looked through are not read any further."""

    name: str
    row: Any
    board: Callable[[Any, str], Board]


def boards_by_pci_id(facts: Facts, device_id: str) -> tuple[Board, ...]:
    """Return the boards that bear a PCI device id of NVIDIA's, ``1c8d``: several can share one, none may be known."""
    if rows := gpus_by_pci_id(facts, device_id):
        return tuple(_of_row(row, row.name) for row in rows)
    chip = chip_by_pci_id(facts, device_id)
    return (_of_chip(chip, chip.boards[device_id.lower()]),) if chip else ()


def board_by_name(facts: Facts, name: str) -> Board:
    """Return the board that `name` means, a PCI id (``10de:1c8d``) and what lspci prints among its names.

    Raises `WrongInputError` listing the candidates where boards of several capabilities have that name, and near names
    where none has it.
    """
    if found := re.search(_ID, name.lower()):
        return one(name, boards_by_pci_id(facts, found[1]))
    for spelled in _spellings(name):
        for candidates in _candidates(facts, spelled):
            if candidates:
                return one(name, candidates)
    raise WrongInputError(f"no GPU named {name!r} in the tables", near(facts, name))


def one(name: str, boards: Iterable[Board]) -> Board:
    """Return the plainest of `boards` that are all of one capability; raises `WrongInputError` for several, or none."""
    boards = tuple(boards)
    if len({board.cc for board in boards}) > 1:
        kinds = dict.fromkeys(f"{board.name} ({board.arch}, {board.cc})" for board in boards)
        listed = "; ".join(list(kinds)[:_SEVERAL])
        raise WrongInputError(
            f"{name!r} can mean several GPUs", f"name one of {listed}, or give its PCI id, which lspci -nn prints"
        )
    if not boards:
        raise WrongInputError(
            f"no GPU has the PCI id {name!r} in the tables", "name its compute capability: --gpu-arch"
        )
    return min(boards, key=lambda board: ("laptop" in words(board.name), len(words(board.name))))


def near(facts: Facts, name: str) -> str:
    """Return what to say beside an unknown name: which names of the tables are like it."""
    import difflib  # only a wrong name needs it

    spelled = {" ".join(sorted(words(each.name))): each.name for each in _rows(facts)}
    like = difflib.get_close_matches(" ".join(sorted(words(name))), spelled, NEAR, cutoff=0.5)
    listed = f"near names: {', '.join(spelled[each] for each in like)}; " if like else ""
    return f"{listed}`gpusetup facts list gpu` has them all"


def _spellings(name: str) -> Iterator[str]:
    """Yield what of a line of lspci names the board (``GP107M [GeForce GTX 1050 Mobile] (rev a1)``), then the chip."""
    before, bracket, rest = name.rpartition("[")
    inside = rest.partition("]")[0] if bracket else name
    yield inside
    yield inside.partition("/")[0]  # one id for the "GeForce RTX 3070 Mobile / Max-Q"
    yield before


def _candidates(facts: Facts, name: str) -> Iterator[tuple[Board, ...]]:
    """Yield the boards that may be meant, the surest first: with exactly these words, then with a few more."""
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
    """Return the names that have these words and usual ones besides.

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

"""What NVIDIA states a card can do at most, by the name that the driver gives it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.facts.names import words

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.facts.model.hardware import Peak


def peak_by_name(facts: Facts, reported: str, multiprocessors: int = 0) -> Peak | None:
    """Return the row of the card that the driver calls `reported`, None where there is none.

    Every word counts, as PCIe and SXM cards of one chip differ. A card that has another number of `multiprocessors`
    (0: not known) is not the one of the datasheet: a part of it (MIG), or another that bears its name.
    """
    asked, names = words(reported), {row.id: row.name for row in facts.gpu}
    for row in facts.peak:
        if any(words(name) == asked for name in (*row.reported, *(names[gpu] for gpu in row.gpu))):
            same = not multiprocessors or not row.multiprocessors or multiprocessors == row.multiprocessors
            return row if same else None
    return None


def peak_rate(row: Peak, precision: str) -> float:
    """Return the highest rate of products in that precision in FLOP/s, 0 where none is stated.

    Products in float64 run in the tensor cores of cards whose tensor cores have it (cuBLAS does so by itself).
    """
    stated = {"float64": row.float64_tensor or row.float64}.get(precision)
    figure: float = getattr(row, precision) if stated is None else stated
    return figure * 1e12

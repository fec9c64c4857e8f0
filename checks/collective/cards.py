"""The cards that ranks get: a worker itself sees one card alone, its ranks see one each."""

from __future__ import annotations

import os
from pathlib import Path

from checks.common.needs import Unsupported

SHOWN = "GPUSETUP_CARDS"
"""What the engine tells a worker: CUDA_VISIBLE_DEVICES as the user has set it, or "" for all cards."""
_DRIVER = Path("/proc/driver/nvidia/gpus")


def cards_of(device: str) -> list[str]:
    """Return the entries of CUDA_VISIBLE_DEVICES of all ranks: none on a CPU; all cards, or ``cuda:N`` and the next.

    Raises `Unsupported` where there are no two.
    """
    if device == "cpu":
        return []
    cards = _cards()
    if len(cards) < 2:
        raise Unsupported(f"needs two cards at least, this host shows {len(cards)}")
    number = int(device.removeprefix("cuda:"))
    return cards if number == 0 else [cards[number], cards[(number + 1) % len(cards)]]


def _cards() -> list[str]:
    shown = os.environ.get(SHOWN, "")
    if shown:
        return [one.strip() for one in shown.split(",")]
    return [str(number) for number in range(len(list(_DRIVER.glob("*"))))]

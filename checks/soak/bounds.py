"""How much memory a soak may fill."""

from __future__ import annotations

from pathlib import Path

from checks.soak.patterns import BLOCK

BYTES = 4 * BLOCK
OF_FREE, OF_HOST = 0.9, 0.125
"""Of a card's free memory, which nobody else needs meanwhile; of a host's, which others do."""
MOST_OF_HOST = {"quick": 4, "full": 32}
"""Blocks: 64 MiB and 512 MiB; ``--minutes`` has the latter."""


def host_blocks(profile: str, minutes: float, meminfo: Path = Path("/proc/meminfo")) -> int:
    """Return how many blocks of a host's memory are filled: at least one."""
    lines = dict(line.split(":", 1) for line in meminfo.read_text("ascii").splitlines())
    free = int(lines["MemAvailable"].split()[0]) * 1024
    most = MOST_OF_HOST["full" if minutes else profile]
    return max(1, min(most, int(OF_HOST * free) // BYTES))


def card_blocks(free: int) -> int:
    """Return how many blocks of a card's free memory are filled."""
    return max(1, int(OF_FREE * free) // BYTES)

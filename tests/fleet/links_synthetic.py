"""Records of links that were never measured: sound ones with noise of any size, to plant faults in."""

from __future__ import annotations

import math
import random
from typing import Any

import msgspec

from gpusetup.fleet.links.judge import judge_links
from gpusetup.fleet.links.model import Links, Record
from gpusetup.fleet.links.program.schedule import rounds

RATE, LATENCY = 40e9, 6e-6


def sound(hosts: int, per_host: int, draw: random.Random, noise: float = 0.01, most: int = 63) -> dict[str, Any]:
    """Return a record; of its rates a third of the variance belongs to the hosts, the rest to each way."""
    members = [list(range(host * per_host, (host + 1) * per_host)) for host in range(hosts)]
    own = {rank: draw.gauss(0, noise * math.sqrt(1 / 3)) for ranks in members for rank in ranks}
    planned = rounds(members, most)

    def rate(one: int, two: int) -> float:
        return RATE * math.exp(own[one] + own[two] + draw.gauss(0, noise * math.sqrt(1 / 3)))

    pairs = [
        {
            "of": [one, two], "kind": kind, "latency": LATENCY * (1 + abs(draw.gauss(0, noise))), "alone": False,
            "waited": [draw.uniform(0.001, 0.02), draw.uniform(0.001, 0.02)], "rate": [rate(one, two), rate(two, one)],
            "wrong": [[], []], "error": ["", ""],
        }
        for kind, some in planned for one, two in some
    ]  # fmt: skip
    return {
        "links": 1, "made_at": "2026-12-01T00:00:00Z", "torch": "2.9", "backend": "nccl", "size": 1 << 24,
        "deadline": 30.0, "world": hosts * per_host, "rounds": sum(kind == "between" for kind, _ in planned),
        "of_rounds": hosts - 1 + hosts % 2 if hosts > 1 else 0, "pairs": pairs, "gone": [],
        "ranks": [{"rank": rank, "host": f"node{host:03}", "device": f"cuda:{rank % per_host}", "card": "H100"}
                  for host, ranks in enumerate(members) for rank in ranks],
        "totals": [{"ranks": list(range(hosts * per_host)), "seconds": 0.1, "wrong": [], "failed": []}],
    }  # fmt: skip


def judged(record: dict[str, Any]) -> Links:
    """Return the judgement of a record that is given as JSON."""
    return judge_links(msgspec.convert(record, Record))


def slow_down(record: dict[str, Any], share: float, ways: set[tuple[int, int]] | None = None, rank: int = -1) -> None:
    """Make ways slower: those given, or all from `rank`."""
    for pair in record["pairs"]:
        first, second = pair["of"]
        for place, way in enumerate(((first, second), (second, first))):
            if way[0] == rank or (ways is not None and way in ways):
                pair["rate"][place] *= share

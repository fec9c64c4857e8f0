"""Histories that are simulated: figures of sound GPUs day by day, and of one that gets worse."""

from __future__ import annotations

import random
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from gpusetup.fleet.history.memory import Memory
from gpusetup.fleet.history.trends import Found, names_of, trends
from gpusetup.fleet.store.database import opened
from gpusetup.fleet.store.keep import DAY, Writer, note_collection
from gpusetup.fleet.store.observed import GPU, HOST, Sample, Seen

BEGIN = 1_767_225_600
RATE = "names per second, gru in pytorch, float32"
Worse = Callable[[int, int, dict[str, float]], None]
"""Makes one GPU's figures of a day worse: the day, how many there are, and the figures."""


def days(
    hosts: int, count: int, draw: random.Random, like: float = 0.0, worse: Worse | None = None
) -> Iterator[list[Seen | Sample]]:
    """Yield what is kept each day: temperatures by season, load and place, rare events, rates that differ."""
    base = {
        (h, g): (draw.gauss(55, 5), draw.gauss(0, 0.01), 0.02 * draw.random()) for h in range(hosts) for g in range(8)
    }
    drift = dict.fromkeys(base, 0.0)
    counts: Counter[tuple[int, int]] = Counter()
    for day in range(count):
        at, seen = BEGIN + day * DAY + 3600, list[Seen | Sample]()
        season = 0.05 * day
        for (host, gpu), (heat, speed, often) in base.items():
            drift[host, gpu] = like * drift[host, gpu] + draw.gauss(0, 4) * (1 - like**2) ** 0.5
            counts[host, gpu] += draw.random() < often
            now = {"heat": round(heat + season + drift[host, gpu]), "replays": float(counts[host, gpu]),
                   "speed": 41_000 * (1 + speed + draw.gauss(0, 0.004))}  # fmt: skip
            if worse is not None and (host, gpu) == (0, 0):
                worse(day, count, now)
            name = f"GPU-{host:04d}-{gpu}"
            seen += [
                Sample(GPU, name, "temperature", at, now["heat"]),
                Seen(GPU, name, "counters", at, {"PCIe replays": int(now["replays"])}),
                Sample(HOST, f"node{host}", f"cuda:{gpu}: {RATE}", at, now["speed"]),
            ]
            if not day:
                place = {"host": f"node{host}", "place": f"GPU {gpu}", "pci": ""}
                seen += [Seen(GPU, name, "card", at, {"model": "H100"}), Seen(GPU, name, "place", at, place)]
        verdict = {"state": "ok", "group": "H100", "drain": "", "reasons": []}
        yield [*seen, *(Seen(HOST, f"node{host}", "verdict", at, verdict) for host in range(hosts))]


def _hotter(day: int, count: int, now: dict[str, float]) -> None:
    now["heat"] += round(15 * day / count)


def _suddenly(day: int, count: int, now: dict[str, float]) -> None:
    now["heat"] += 15 * (day > count // 2)


def _slower(day: int, count: int, now: dict[str, float]) -> None:
    now["speed"] *= 1 - 0.04 * day / count


def _replays(day: int, count: int, now: dict[str, float]) -> None:
    now["replays"] += 3 * max(0, day - count // 2)


KINDS: dict[str, tuple[Worse, str]] = {
    "15 °C hotter, little by little": (_hotter, "GPU-0000-0"),
    "15 °C hotter from one day on": (_suddenly, "GPU-0000-0"),
    "4 % slower, little by little": (_slower, "node0"),
    "replays each day from one day on": (_replays, "GPU-0000-0"),
}
"""What it does to the first GPU of the first host, and which subject has to be named."""


def judged(hosts: int, count: int, draw: random.Random, like: float = 0.0, worse: Worse | None = None) -> Found:
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder) / "s.sqlite", write=True) as database:
        return _filled(database, days(hosts, count, draw, like, worse), hosts)


def _filled(database: sqlite3.Connection, some: Iterator[list[Seen | Sample]], hosts: int) -> Found:
    writer = Writer(database)
    for seen in some:
        writer.add(seen)
        note_collection(database, seen[0].at + 60, hosts, "ok")
    memory = Memory(database)
    return trends(memory, names_of(memory))

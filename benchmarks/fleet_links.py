"""Is a bad link, card or host named, and nobody else? Ranks on this computer with gloo between them.

``python benchmarks/fleet_links.py [simulated|sound|faults|network …]``; network needs root. Prints the rows of
docs/evidence/fleet.md.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.fleet.links_net import Net, network, spec
from tests.fleet.links_ranks import Hub, hub, named
from tests.fleet.links_synthetic import judged, slow_down, sound

SHAPES = ((2, 8), (4, 1), (6, 1), (8, 1), (16, 1), (12, 4), (40, 1), (64, 8))
NOISES = (0.003, 0.03, 0.15)
SOUND_RUNS = 100
FAULTS: dict[str, tuple[str, str, str]] = {
    "FlipsSent": ("wrong", "node{}", "sends"), "FlipsReceived": ("wrong", "node{}", "receives"),
    "Stale": ("wrong", "node{}", "sends"), "Unwritten": ("wrong", "node{}", "receives"),
    "SumFlips": ("wrong", "rank {0} on node{0:02}", "both"), "SlowSends": ("slow", "node{}", "sends"),
    "Late": ("late", "rank {0} on node{0:02}", ""), "Dies": ("gone", "node{}", ""), "Hangs": ("gone", "node{}", ""),
    "HostGone": ("gone", "node{}", ""), "OnePair": ("wrong", "node{} → node00", "sends"),
}  # fmt: skip
WORLD = 6


def simulated(runs: int = 60) -> None:
    """Sound records of many sizes, and planted slow hosts, cards and pairs."""
    draw = random.Random(23)
    accused = Counter[str]()
    for hosts, per_host in SHAPES:
        for noise in NOISES:
            some = runs if hosts * per_host < 100 else runs // 10
            for _ in range(some):
                accused["records"] += 1
                accused["accused"] += bool(judged(sound(hosts, per_host, draw, noise)).faults)
    _row(f"sound records, {len(SHAPES)} shapes × noise of {NOISES}: {dict(accused)}")
    found = Counter[str]()
    for hosts in (6, 8, 16, 64):
        for share in (0.75, 0.5, 0.1):
            for _ in range(20):
                bad = draw.randrange(hosts)
                other = (bad + draw.randrange(1, hosts)) % hosts
                host, pair = sound(hosts, 1, draw, 0.01), sound(hosts, 1, draw, 0.01)
                slow_down(host, share, rank=bad)
                slow_down(pair, share, ways={(bad, other)})
                found[f"host at {share:.0%}"] += named(judged(host)) == [("slow", f"node{bad:03}", "sends")]
                arrow = [("slow", f"node{bad:03} → node{other:03}", "sends")]
                found[f"pair at {share:.0%}"] += named(judged(pair)) == arrow
    _row(f"one slow host or pair of 6, 8, 16 and 64 hosts, 80 each, noise of 1%: named alone {dict(found)}")


def real_sound(ranks: Hub) -> None:
    """Sound runs of real ranks."""
    accused = []
    for number in range(SOUND_RUNS):
        world, per_host = ((4, 1), (6, 1), (6, 3), (8, 1))[number % 4]
        found = ranks.run(world, {}, per_host=per_host, deadline=10)
        accused += [(world, per_host, named(found))] if found.faults or found.verdict != "ok" else []
    _row(f"sound runs of real ranks: {SOUND_RUNS}, accused: {len(accused)} {accused}")


def real_faults(ranks: Hub) -> None:
    """Each fault on ranks 0, 2 and the last of 6."""
    for fault, (kind, subject, direction) in FAULTS.items():
        good, times = 0, []
        places = [2, 3, WORLD - 1] if fault == "OnePair" else [0, 2, WORLD - 1]
        for rank in places:
            found = ranks.run(WORLD, {rank: fault}, deadline=3.0)
            right = [(kind, subject.format(f"{rank:02}") if "{}" in subject else subject.format(rank), direction)]
            good += named(found) == right
            times.append(ranks.seconds)
            if named(found) != right:
                _row(f"  {fault} on {rank}: {named(found)}")
        _row(f"{fault}: {good} of {len(places)} named alone, {min(times):.1f} to {max(times):.1f} s")


NETWORKS: Sequence[tuple[str, Callable[[Net], object], list[tuple[str, str, str]]]] = (
    ("sound", lambda _net: None, []),
    ("one pair at a tenth, one way", lambda net: net.narrow_pair(2, 5, "20mbit"),
     [("slow", "node02 → node05", "sends")]),
    ("one pair at a quarter, both ways", lambda net: (net.narrow_pair(1, 7, "50mbit"), net.narrow_pair(7, 1, "50mbit")),
     [("slow", "node01 – node07", "both")]),
    ("one host sends at a tenth", lambda net: net.narrow_host(3, "20mbit"), [("slow", "node03", "sends")]),
    ("the first host sends at a quarter", lambda net: net.narrow_host(0, "50mbit"), [("slow", "node00", "sends")]),
    ("20% of one pair's packets lost", lambda net: net.lose(2, 5, 0.2), [("slow", "node02 → node05", "sends")]),
    ("40% of one pair's packets lost", lambda net: net.lose(2, 5, 0.4), [("failed", "node02 – node05", "both")]),
    ("one pair cut", lambda net: net.cut(4, 6), [("failed", "node04 – node06", "both")]),
)  # fmt: skip


def real_network(ranks: Hub, rounds: int = 3) -> None:
    """Eight hosts in network namespaces, with links of 200 Mbit/s."""
    for what, plant, right in NETWORKS:
        good, times = 0, []
        for _ in range(rounds):
            with network(8) as net:
                plant(net)
                found = ranks.run(8, {}, size=1.0, deadline=6.0, **spec(net))
            good += sorted(named(found)) == sorted(right)
            times.append(ranks.seconds)
            if sorted(named(found)) != sorted(right):
                _row(f"  {what}: {named(found)}")
        _row(f"network, {what}: {good} of {rounds} as it is, {min(times):.1f} to {max(times):.1f} s")


def _row(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(parts: Sequence[str]) -> None:
    """Run the parts that are named, or all."""
    chosen = parts or ("simulated", "sound", "faults", "network")
    if "simulated" in chosen:
        simulated()
    if {*chosen} == {"simulated"}:
        return
    with tempfile.TemporaryDirectory() as folder, hub(Path(folder)) as ranks:
        for name, part in (("faults", real_faults), ("network", real_network), ("sound", real_sound)):
            if name in chosen:
                part(ranks)


if __name__ == "__main__":
    main(sys.argv[1:])

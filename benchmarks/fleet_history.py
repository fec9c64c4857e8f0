"""The history of a fleet: sound ones that are not accused, and what gets worse and is named.

    python benchmarks/fleet_history.py sound 200       # stores of 4 to 40 hosts, 15 to 90 days: false alarms
    python benchmarks/fleet_history.py correlated 100  # the same with figures that resemble those of the day before
    python benchmarks/fleet_history.py worse 30        # one GPU of each store gets worse in each of several ways

Stores are written figure by figure, without documents.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the simulation lives beside the tests

from tests.fleet.worsening import KINDS, judged


def sound(count: str = "50", like: float = 0.0) -> None:
    draw, accused, figures = random.Random(11), 0, 0
    for _ in range(int(count)):
        found = judged(draw.choice([4, 10, 40]), draw.choice([15, 30, 90]), draw, like)
        accused += bool(found.trends)
        figures += found.judged
    print(
        f"{accused} of {count} sound histories accused, {figures:,} figures judged; correlation of days {like}",
        flush=True,
    )


def correlated(count: str = "30") -> None:
    for like in (0.3, 0.6, 0.9):
        sound(count, like)


def worse(count: str = "10") -> None:
    for title, (kind, subject) in KINDS.items():
        words = []
        for length in (15, 30, 60):
            draw, named, others = random.Random(f"{title} {length}"), 0, 0
            for _ in range(int(count)):
                found = {one.subject for one in judged(10, length, draw, worse=kind).trends}
                named += subject in found
                others += len(found - {subject})
            words.append(f"{length} days: {named} of {count}, {others} others")
        print(f"{title}: {'; '.join(words)}", flush=True)


def main() -> None:
    commands: dict[str, Callable[..., None]] = {"sound": sound, "correlated": correlated, "worse": worse}
    if len(sys.argv) > 1:
        commands[sys.argv[1]](*sys.argv[2:])
        return
    sound("10")
    worse("2")


if __name__ == "__main__":
    main()

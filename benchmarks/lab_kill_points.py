"""Kills the recipe at every command and on the way through every long one; each must resume to the undisturbed state.

``python benchmarks/lab_kill_points.py [CARD [COUNT]]``: pascal, turing, ada or blackwell; COUNT points by chance, or
all. Needs root. Exits 1 when a run resumed to another state, or was not wholly taken back.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the campaign lives beside the tests

from tests.lab import kills
from tests.lab.conftest import lacking
from tests.lab.fedora import Lab
from tests.lab.kills import Point
from tests.lab.world import CARDS, World

WORKERS = 2
State = dict[str, str]


def main(name: str = "ada", count: str = "") -> int:
    if why := lacking():
        print(f"not run: {why}")
        return 0
    seed = random.randrange(2**32)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "world").mkdir()
        world = World(Path(folder) / "world")
        try:
            script = world.script(next(card for card in CARDS if card.arch.lower().startswith(name)))
            before, whole, every = _undisturbed(Lab(Path(folder) / "undisturbed", world), script)
            chosen = random.Random(seed).sample(every, int(count)) if count else every
            print(f"{name}: {len(every)} points to kill at, {len(chosen)} of them taken (seed {seed})", flush=True)
            start = time.monotonic()
            with ThreadPoolExecutor(WORKERS) as pool:
                ends = pool.map(
                    lambda at: (at[1], _resume(Lab(Path(folder) / f"lab{at[0]}", world), script, at[1], before, whole)),
                    enumerate(chosen),
                )
                return _report(ends, start)
        finally:
            world.close()


def _undisturbed(lab: Lab, script: str) -> tuple[State, State, list[Point]]:
    try:
        before = lab.state()
        points = kills.points(lab, script)
        return before, lab.state(), points
    finally:
        lab.close()


def _resume(lab: Lab, script: str, point: Point, before: State, whole: State) -> str:
    """Kill, resume and take back; return what was not as it must be, "" when nothing."""
    try:
        if not kills.killed(lab, script, point):
            return "was over before it was killed"
        resumed = lab.recipe(script)
        if resumed.returncode != 0:
            return f"did not resume: {resumed.stderr[-500:]}"
        if (state := lab.state()) != whole:
            return f"resumed to another state: {sorted(state.items() ^ whole.items())[:6]}"
        undone = lab.recipe(script, "--undo")
        if undone.returncode != 0 or (state := lab.state()) != before:
            return f"was not taken back: {undone.stderr[-300:]} {sorted(state.items() ^ before.items())[:6]}"
        return ""
    finally:
        lab.close()


def _report(ends: Iterable[tuple[Point, str]], start: float) -> int:
    survived: Counter[str] = Counter()
    over = lost = 0
    for point, wrong in ends:
        if wrong.startswith("was over"):
            over += 1
        elif wrong:
            lost += 1
            print(f"{point}: {wrong}", flush=True)
        else:
            survived[point.step or "between steps"] += 1
    for step, number in survived.items():
        print(f"  {step:18} {number:5} survived")
    print(
        f"survived {sum(survived.values())}, lost {lost}, over before the kill {over}; {time.monotonic() - start:.0f} s"
    )
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

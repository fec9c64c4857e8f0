"""Workers of this process, and the jobs they run, killed at random moments; and what must be true afterwards."""

from __future__ import annotations

import os
import random
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gpusetup.selftest.proof import Proof
from tests.selftest.small_world import RIGHT, World, failed

SLOW = "import time\n" + RIGHT + "    time.sleep(0.3)\n"
CHECKS = tuple(f"check_{number}" for number in range(5))
_BLOWS = (signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM)


def prove_under_fire(world: World, seed: int) -> tuple[Proof, int]:
    """Return the proof of five small checks while something kills at random, and how many blows were struck."""
    for name in CHECKS:
        world.add(name, reference=SLOW, pytorch=SLOW, tensorflow=SLOW)
    with killing(random.Random(seed)) as blows:
        proof = world.prove(*CHECKS, deadline=20)
    return proof, len(blows)


@contextmanager
def killing(draw: random.Random) -> Iterator[list[int]]:
    """Strike again and again while the block runs; yields the list of those struck."""
    stop, blows = threading.Event(), list[int]()
    killer = threading.Thread(target=_kill_some, args=(draw, stop, blows))
    killer.start()
    try:
        yield blows
    finally:
        stop.set()
        killer.join()


def untruths(proof: Proof) -> list[str]:
    """Return what the proof says that cannot be, after five checks in two frameworks twice, and the reference."""
    found = [] if len(proof.runs) == 5 * 5 else [f"{len(proof.runs)} runs instead of 25"]
    for run in proof.runs:
        if (run.outcome == "finished") != (run.result is not None):
            found.append(f"{run.outcome} and result {run.result is not None}")
        if run.outcome not in {"finished", "crashed", "failed"} or (run.outcome != "finished" and not run.cause):
            found.append(f"{run.outcome} for {run.cause!r}")
    struck = {(run.job.check, run.job.framework) for run in proof.runs if run.outcome != "finished"}
    named = {(one.check, one.framework) for one in proof.verdicts if one.kind == "run"}
    found += [f"named {named}, struck {struck}"] if named != struck else []
    # what did finish was right, and nobody may say otherwise
    return found + [f"accused: {one}" for one in failed(proof) if one[0] != "run"]


def children(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        found += [int(child) for child in task.read_text().split()]
    return found


def _is_worker(pid: int) -> bool:
    return b"worker.py" in Path(f"/proc/{pid}/cmdline").read_bytes()


def _kill_some(draw: random.Random, stop: threading.Event, blows: list[int]) -> None:
    while not stop.wait(draw.uniform(0.1, 0.8)):
        try:
            workers = [child for child in children(os.getpid()) if _is_worker(child)]
            victims = workers + [job for worker in workers for job in children(worker)]
            if victims:
                victim = draw.choice(victims)
                os.kill(victim, draw.choice(_BLOWS))
                blows.append(victim)
        except (FileNotFoundError, ProcessLookupError):
            continue  # it was quicker

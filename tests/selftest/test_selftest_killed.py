"""Workers and their children killed at random moments: the suite always ends, and what it says is true."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from pathlib import Path

import pytest

from tests.selftest.small_world import RIGHT, World, failed

SLOW = "import time\n" + RIGHT + "    time.sleep(0.3)\n"


def children(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        found += [int(child) for child in task.read_text().split()]
    return found


def kill_some(draw: random.Random, stop: threading.Event) -> None:
    """Kill a worker of this process, or the job it runs, again and again."""
    while not stop.wait(draw.uniform(0.05, 0.4)):
        try:
            workers = children(os.getpid())
            victims = workers + [job for worker in workers for job in children(worker)]
            if victims:
                os.kill(draw.choice(victims), draw.choice([signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM]))
        except (FileNotFoundError, ProcessLookupError):
            continue  # it was quicker


@pytest.mark.parametrize("seed", random.SystemRandom().sample(range(10**6), 3))
def test_the_suite_ends_with_a_true_report(world: World, seed: int) -> None:
    names = [f"check_{number}" for number in range(5)]
    for name in names:
        world.add(name, reference=SLOW, pytorch=SLOW, tensorflow=SLOW)
    stop = threading.Event()
    killer = threading.Thread(target=kill_some, args=(random.Random(seed), stop))
    killer.start()
    started = time.monotonic()
    try:
        proof = world.prove(*names, deadline=20)
    finally:
        stop.set()
        killer.join()
    assert time.monotonic() - started < 60
    assert len(proof.runs) == 5 * 5  # two frameworks twice, and the reference
    for run in proof.runs:
        assert (run.outcome == "finished") == (run.result is not None)
        assert run.outcome in {"finished", "crashed", "failed"}
        if run.outcome != "finished":
            assert run.cause
    struck = {(run.job.check, run.job.framework) for run in proof.runs if run.outcome != "finished"}
    named = {(one.check, one.framework) for one in proof.verdicts if one.kind == "run"}
    assert named == struck
    assert {kind for kind, *_ in failed(proof)} <= {"run"}  # what did finish was right, and nobody says otherwise

"""Workers and their children killed at random moments: the suite always ends, and what it says is true."""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from gpusetup.errors import CannotLookError
from tests.selftest.small_world import RIGHT, World, failed

SLOW = "import time\n" + RIGHT + "    time.sleep(0.3)\n"


def children(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        found += [int(child) for child in task.read_text().split()]
    return found


def is_worker(pid: int) -> bool:
    return b"worker.py" in Path(f"/proc/{pid}/cmdline").read_bytes()


def kill_some(draw: random.Random, stop: threading.Event) -> None:
    """Kill a worker of this process, or the job it runs, again and again."""
    while not stop.wait(draw.uniform(0.05, 0.4)):
        try:
            workers = [child for child in children(os.getpid()) if is_worker(child)]
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


def interpreter(folder: Path, dies: int) -> str:
    """Return an interpreter that is killed the first `dies` times it is to compare."""
    path = folder / "python"
    path.write_text(
        f"""#!/bin/bash
if [[ $* == *compare.py ]]; then
  echo once more >> {folder}/compared
  (($(wc -l < {folder}/compared) > {dies})) || kill -KILL $$
fi
exec {sys.executable} "$@"
"""
    )
    path.chmod(0o755)
    return str(path)


def test_a_comparison_that_is_killed_is_made_again(world: World, tmp_path: Path) -> None:
    world.add("small", reference=RIGHT, pytorch=RIGHT, tensorflow=RIGHT)
    proof = world.prove("small", python=interpreter(tmp_path, dies=2))
    assert not failed(proof)
    assert {one.state for one in proof.verdicts if one.kind == "parity"} == {"passed"}


def test_a_comparison_that_is_always_killed_proves_nothing(world: World, tmp_path: Path) -> None:
    world.add("small", reference=RIGHT, pytorch=RIGHT, tensorflow=RIGHT)
    with pytest.raises(CannotLookError, match="SIGKILL"):
        world.prove("small", python=interpreter(tmp_path, dies=99))

"""The ranks: ``python -P hub.py SPEC CHECKS_DIR…`` imports a framework once and forks one process per rank.

A rank says on its pipe what it is about to do, so that one that dies or waits for ever can be named with the place, and
leaves what it got in files.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

_REST = 3600.0
"""Seconds that a rank stays when it has finished: its end could end the others, and the hub ends all together."""

Say = Callable[..., None]


def main(spec: dict[str, Any], folders: list[str]) -> None:
    """Import, fork, and write down how each rank ends."""
    package = ModuleType("checks")
    package.__path__ = folders
    sys.modules["checks"] = package
    from checks.common.worker import die_with_parent  # importable only once the checks are mounted

    die_with_parent()
    importlib.import_module(f"checks.{spec['job']['check']}.{spec['job']['framework']}")
    ranks: dict[int, int] = {}
    for rank, pipe in enumerate(spec["pipes"]):
        child = os.fork()
        if not child:
            _be(rank, pipe, spec)
        ranks[child] = rank
    for pipe in spec["pipes"]:
        os.close(pipe)
    while ranks:
        child, status = os.wait()
        ended = Path(spec["folder"], f"{ranks.pop(child)}.ended")
        ended.with_suffix(".part").write_text(str(os.waitstatus_to_exitcode(status)), "utf-8")
        ended.with_suffix(".part").rename(ended)


def _be(rank: int, pipe: int, spec: dict[str, Any]) -> NoReturn:
    """Be this rank, from here to the end of the process."""
    from checks.common.worker import die_with_parent

    die_with_parent()
    for other in set(spec["pipes"]) - {pipe}:
        with contextlib.suppress(OSError):
            os.close(other)
    if spec["cards"]:
        os.environ["CUDA_VISIBLE_DEVICES"] = spec["cards"][rank]

    def say(**fields: Any) -> None:
        os.write(pipe, json.dumps(fields).encode() + b"\n")

    try:
        take_part(rank, len(spec["pipes"]), spec, say)
    except BaseException as error:
        say(error=f"{type(error).__name__}: {error}"[:400])
        os._exit(1)
    say(finished=True)
    time.sleep(_REST)
    os._exit(0)


def take_part(rank: int, world: int, spec: dict[str, Any], say: Say) -> None:
    """Meet the others, exchange, train, and leave what was got in the folder."""
    import numpy as np  # a hub that has no NumPy fails with a message, in the import of the backend

    from checks.common.job import Job

    job, folder = Job(**spec["job"]), spec["folder"]
    check = importlib.import_module(f"checks.{job.check}")
    group = importlib.import_module(f"checks.{job.check}.{job.framework}").Group
    say(doing="the meeting")
    member = group(rank, world, folder, job)
    say(lacks=member.lacks)
    got: dict[str, Any] = {}
    times: dict[str, tuple[float, float]] = {}
    for kind, size, first, turn in check.digits.exchanges(check.KINDS, check.SIZES[job.profile], world, check.TWICE):
        if kind in member.lacks:
            continue
        numbers = check.digits.said(kind, size, first, turn, rank, world, job.seed)
        name = check.digits.name(kind, size, first, turn)
        say(doing=f"{kind} of {size} numbers")
        came = time.monotonic()
        got[name] = np.array(member.exchange(kind, numbers), np.float32)
        times[name] = came, time.monotonic()
    say(doing="data-parallel training")
    losses, weights = member.train(check.training.draw(job.seed, range(rank, rank + 1)))
    got |= {check.training.LOSSES: losses, check.training.WEIGHTS: weights}
    np.savez(Path(folder, f"{rank}.npz"), **got)
    Path(folder, f"{rank}.json").write_text(json.dumps(times), "utf-8")
    say(doing="the parting")
    member.leave()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), sys.argv[2:])

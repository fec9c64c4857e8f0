"""Starts the ranks, listens to them, and says which one died or stopped answering, and where.

One fresh process (`hub.py`) imports the framework and forks all ranks before anything in it has run. Each rank has a
pipe, on which it says what it is about to do.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from checks.collective.answers import Answers
from checks.collective.cards import cards_of
from checks.collective.meeting import write_ports

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.common.record import Recorder

WORLD = 4
"""Ranks on a CPU."""
PATIENCE = 240.0
"""Seconds without a word from any rank; the first is the import, which takes a minute on a busy machine."""
_LAST = 400
_SOON = 2.0
"""Seconds in which the death of a rank is reported after its pipe has closed."""


class RankError(RuntimeError):
    """A rank died, failed, or does not answer; the message names it."""


class Rank:
    """One process, and what it has said so far."""

    def __init__(self, number: int) -> None:
        self.number, self.doing, self.error, self.steps = number, "the import", "", 0
        self.lacks: dict[str, str] = {}
        self.finished = False
        self.pipe, self.theirs = os.pipe()
        self._rest = b""

    def listen(self) -> bool:
        """Take what it has written; return False at the end of its pipe."""
        chunk = os.read(self.pipe, 1 << 16)
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in filter(None, lines):
            said = json.loads(line)
            self.doing, self.lacks = said.get("doing", self.doing), said.get("lacks", self.lacks)
            self.error, self.finished = said.get("error", self.error), said.get("finished", self.finished)
            self.steps += 1
        return bool(chunk)


def run_ranks(backend: Any, job: Job, record: Recorder) -> Answers:
    """Return what all ranks have got. The reference needs no processes: it adds up."""
    if job.framework == "reference":
        answers: Answers = backend.add_up(WORLD, job)
        return answers
    cards = cards_of(job.device)
    world = len(cards) or WORLD
    with tempfile.TemporaryDirectory(prefix="gpusetup-ranks-") as place:
        folder, ranks = Path(place), [Rank(number) for number in range(world)]
        write_ports(folder, world)
        hub = _start(ranks, cards, folder, job)
        try:
            _listen(ranks, folder, record)
        finally:
            _end(hub, ranks)
        return _read(ranks, folder)


def _start(ranks: list[Rank], cards: list[str], folder: Path, job: Job) -> subprocess.Popen[bytes]:
    pipes = [rank.theirs for rank in ranks]
    spec = {"pipes": pipes, "cards": cards, "folder": str(folder), "job": vars(job)}
    folders = list(sys.modules["checks"].__path__)
    command = [sys.executable, "-P", str(Path(__file__).with_name("hub.py")), json.dumps(spec), *folders]
    with (folder / "hub.log").open("wb") as log:
        hub = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=pipes, start_new_session=False
        )
    for pipe in pipes:
        os.close(pipe)
    return hub


def _listen(ranks: list[Rank], folder: Path, record: Recorder) -> None:
    """Listen until all have finished; raise `RankError` for the one that ends before, or when all are silent."""
    with selectors.DefaultSelector() as selector:
        for rank in ranks:
            selector.register(rank.pipe, selectors.EVENT_READ, rank)
        heard = time.monotonic()
        while not all(rank.finished for rank in ranks):
            for key, _ in selector.select(timeout=1.0):
                heard = time.monotonic()
                if not key.data.listen():
                    raise RankError(_who_ended(ranks, key.data, folder))
            record.progress(sum(rank.steps for rank in ranks), 0)
            if time.monotonic() - heard > PATIENCE:
                raise RankError(_who_is_behind(ranks))


def _who_ended(ranks: list[Rank], first: Rank, folder: Path) -> str:
    """Name a rank that was killed rather than one that ended with an error: a death ends the others, maybe sooner."""
    until = time.monotonic() + _SOON
    deaths: dict[int, int] = {}
    while time.monotonic() < until and not any(status < 0 for status in deaths.values()):
        time.sleep(0.1)
        deaths = {rank.number: int(file.read_text() or 0) for rank in ranks if (file := _death(folder, rank)).exists()}
    number = next((one for one, code in deaths.items() if code < 0), first.number)
    code = deaths.get(number)
    ended = "ended with all others" if code is None else f"ended with exit code {code}"
    if code is not None and code < 0:
        ended = f"was killed by {signal.Signals(-code).name}"
    said = ranks[number].error or (_tail(folder / "hub.log") if code is None or code >= 0 else "")
    return f"rank {number} {ended} in {ranks[number].doing}" + (f": {said}" if said else "")


def _death(folder: Path, rank: Rank) -> Path:
    return folder / f"{rank.number}.ended"


def _tail(log: Path) -> str:
    return log.read_text("utf-8", "replace").strip()[-_LAST:]


def _who_is_behind(ranks: list[Rank]) -> str:
    """Name the rank that has come the least far: the others wait for it."""
    last = min((rank for rank in ranks if not rank.finished), key=lambda rank: rank.steps)
    return f"rank {last.number} has not answered for {PATIENCE:g} s in {last.doing}; the others wait"


def _end(hub: subprocess.Popen[bytes], ranks: list[Rank]) -> None:
    """Kill the hub, with which the kernel ends the ranks."""
    with contextlib.suppress(ProcessLookupError):
        hub.kill()
    hub.wait()
    for rank in ranks:
        os.close(rank.pipe)


def _read(ranks: list[Rank], folder: Path) -> Answers:
    got, times = [], []
    for rank in ranks:
        with np.load(folder / f"{rank.number}.npz", allow_pickle=False) as file:
            got.append({name: file[name] for name in file.files})
        said = json.loads((folder / f"{rank.number}.json").read_text("utf-8"))
        times.append({name: (came, left) for name, (came, left) in said.items()})
    return Answers(got, times, ranks[0].lacks)

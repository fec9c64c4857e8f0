"""Runs the command once, in a folder of its own, and says what it did and left."""

from __future__ import annotations

import math
import os
import shutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from gpusetup.errors import CannotLookError
from gpusetup.repro.axes import Setting
from gpusetup.repro.compare import Left, with_databases
from gpusetup.repro.model import AS_IT_IS, Trial
from gpusetup.repro.process import Run
from gpusetup.repro.record import trial_of
from gpusetup.repro.workspace import Stamp, copy_folder, keep_written, stamps
from gpusetup.text import neutral

PREFIX = "_GPUSETUP_REPRO_"
INJECTED = Path(__file__).parent / "injected"
LONGEST = 300
"""Characters of a failed command's last line that are shown."""
LEAST, SLOWER = 30, 10
"""Seconds that any run may take, and how many times as long as the slowest before it: a program that waits for a clock
of ours may wait in vain."""
TOO_LONG = 124
"""The exit code of a run that took too long, as of timeout(1)."""
TRIES = 3
"""Runs that may end before they are interrupted."""
INTERRUPTION = "interruption"
EARLY = "it ended before it could be interrupted, or had not written a file into its folder by then"


class Command(NamedTuple):
    """What is run: the words, the folder they are run in, and how long one run may take."""

    words: tuple[str, ...]
    folder: Path
    deadline: float
    outputs: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()


class Ended(NamedTuple):
    """A run that has ended: what it did, what it left, and the last line of its standard error."""

    trial: Trial
    left: Left
    said: str


class Bench:
    """Makes runs of one command, below the folder `scratch`, which nobody else can write to."""

    def __init__(self, command: Command, scratch: Path, told: Callable[[str], None]) -> None:
        self._command, self.scratch, self._told = command, scratch, told
        self.ended: list[Ended] = []

    def run(self, name: str, settings: Sequence[Setting] = (), extra: Mapping[str, str] | None = None) -> Ended:
        """Run the command under `settings`; its folder is kept by its number.

        A run as it is that takes too long is an error, any other has failed. The number has always three digits: paths
        of one length, so that no run has other variables than the next.
        """
        number = len(self.ended) + 1
        self._told(f"run {number}: {name}")
        work, kept = self.scratch / "work", self.scratch / f"{number:03}"
        kept.mkdir()
        copy_folder(self._command.folder, work)
        before = stamps(work)
        record = kept / "record"
        record.touch()
        own = {f"{PREFIX}RECORD": str(record)} | dict(extra or {})
        run = Run(self._words(work, settings), work, environment(settings, own, str(work)), kept)
        begin, early = time.monotonic(), False
        if any(one.interrupted for one in settings):
            early, before = self._interrupted(run, before, self.ended[-1].trial.seconds)
        limit = self._limit(whole=name == AS_IT_IS or extra is not None)
        code = run.whole(limit)
        if code is None and name == AS_IT_IS:
            raise CannotLookError(f"the command did not end within {limit:g} s", "give it more with --deadline")
        seconds = time.monotonic() - begin
        written = keep_written(work, before, kept / "files")
        trial = trial_of(name, seconds, TOO_LONG if code is None else code, record, self.scratch)
        pythons = (*trial.pythons, sys.executable)
        left = Left(self._wanted(with_databases(written, pythons)), kept / "stdout", pythons)
        if early:
            trial = replace(trial, failed=trial.failed | {INTERRUPTION: EARLY})
        said = f"it did not end within {limit:.0f} s" if code is None else last_line(kept / "stderr")
        self.ended.append(Ended(trial, left, said))
        return self.ended[-1]

    def _interrupted(self, run: Run, before: dict[str, Stamp], whole: float) -> tuple[bool, dict[str, Stamp]]:
        """Leave the folder as a run leaves it that is killed half way.

        A busy host takes longer for one run than for the next: where one ends too early, its own time is the measure.
        Returns whether each ended before, and the stamps of the folder as it was copied last.
        """
        wait: float | None = None
        for _ in range(TRIES):
            lasted = run.interrupted(lambda before=before: stamps(run.work) != before, wait, whole)  # type: ignore[misc]
            if lasted is None or math.isinf(lasted):
                break
            wait = lasted / 3
            shutil.rmtree(run.work)
            copy_folder(self._command.folder, run.work)
            before = stamps(run.work)
        return lasted is not None, before

    def forget(self, ended: Ended) -> None:
        """Delete what a run left, once it has been compared."""
        shutil.rmtree(ended.left.printed.parent)

    def _limit(self, *, whole: bool) -> float:
        """Return how many seconds a run may take: the `whole` deadline, or less where others have shown how long."""
        if whole:
            return self._command.deadline
        ended = [one.trial.seconds for one in self.ended if one.trial.code != TOO_LONG]
        return min(self._command.deadline, LEAST + SLOWER * max(ended))

    def _wanted(self, files: dict[str, Path]) -> dict[str, Path]:
        wanted, ignored = self._command.outputs, self._command.ignored
        return {
            name: path
            for name, path in files.items()
            if (not wanted or any(fnmatch(name, one) for one in wanted))
            and not any(fnmatch(name, one) for one in ignored)
        }

    def _words(self, work: Path, settings: Sequence[Setting]) -> list[str]:
        source = str(self._command.folder)
        prefix = [word for one in settings for word in one.prefix]
        return [*prefix, *(_moved(word, source, str(work)) for word in self._command.words)]


def _moved(word: str, source: str, target: str) -> str:
    """Return `word` with the path of the folder replaced by that of its copy."""
    return target + word[len(source) :] if word == source or word.startswith(source + os.sep) else word


def environment(settings: Sequence[Setting], extra: Mapping[str, str], work: str) -> dict[str, str]:
    """Return the variables of a run: those of the user, what the settings change, and our folder first for Python."""
    changed = {name: value for setting in settings for name, value in setting.environment.items()}
    removed = {name for name, value in changed.items() if not value}
    own = [part for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part]
    found = {name: value for name, value in (dict(os.environ) | changed | dict(extra)).items() if name not in removed}
    return found | {"PWD": work, "PYTHONPATH": os.pathsep.join([str(INJECTED), *own])}


def last_line(path: Path) -> str:
    """Return what a run said last in this file: the message of an exception stands there."""
    lines = path.read_text(errors="replace").strip().splitlines()
    return neutral(lines[-1])[:LONGEST] if lines else "nothing"

"""Runs the command once, in a folder of its own, and says what it did and left."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

import msgspec

from gpusetup.errors import CannotLookError, MissingError
from gpusetup.repro.axes import Setting
from gpusetup.repro.compare import Left
from gpusetup.repro.model import Trial
from gpusetup.repro.workspace import copy_folder, keep_written, stamps
from gpusetup.text import neutral

PREFIX = "_GPUSETUP_REPRO_"
INJECTED = Path(__file__).parent / "injected"
CACHE = "__pycache__"
LONGEST = 300
"""Characters of a failed command's last line that are shown."""


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

        The number has always three digits: paths of one length, so that no run has other variables than the next.
        """
        number = len(self.ended) + 1
        self._told(f"run {number}: {name}")
        work, kept = self.scratch / "work", self.scratch / f"{number:03}"
        kept.mkdir()
        copy_folder(self._command.folder, work)
        before = stamps(work)
        record = kept / "record"
        record.touch()
        start = time.monotonic()
        code = self._execute(work, kept, settings, {f"{PREFIX}RECORD": str(record)} | dict(extra or {}))
        seconds = time.monotonic() - start
        left = Left(self._wanted(keep_written(work, before, kept / "files")), kept / "stdout")
        trial = trial_of(name, seconds, code, record, self.scratch)
        self.ended.append(Ended(trial, left, _last_line(kept / "stderr")))
        return self.ended[-1]

    def forget(self, ended: Ended) -> None:
        """Delete what a run left, once it has been compared."""
        shutil.rmtree(ended.left.printed.parent)

    def _wanted(self, files: dict[str, Path]) -> dict[str, Path]:
        wanted, ignored = self._command.outputs, self._command.ignored
        return {
            name: path
            for name, path in files.items()
            if (not wanted or any(fnmatch(name, one) for one in wanted))
            and not any(fnmatch(name, one) for one in ignored)
        }

    def _execute(self, work: Path, kept: Path, settings: Sequence[Setting], extra: Mapping[str, str]) -> int:
        """Return the exit code; minus the signal's number where one ended it."""
        source = str(self._command.folder)
        words = [_moved(word, source, str(work)) for word in self._command.words]
        prefix = [word for one in settings for word in one.prefix]
        with (kept / "stdout").open("wb") as out, (kept / "stderr").open("wb") as err:
            try:
                process = subprocess.Popen(
                    [*prefix, *words], cwd=work, env=environment(settings, extra, str(work)), stdin=subprocess.DEVNULL,
                    stdout=out, stderr=err, start_new_session=True,
                )  # fmt: skip
            except OSError as error:
                raise MissingError(f"cannot run {words[0]}: {error.strerror}") from error
            try:
                return process.wait(self._command.deadline)
            except subprocess.TimeoutExpired as error:
                raise CannotLookError(
                    f"the command did not end within {self._command.deadline:g} s", "give it more with --deadline"
                ) from error
            finally:
                end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of a run: its children too, which would write into the next one's folder."""
    with contextlib.suppress(ProcessLookupError, PermissionError):  # all have ended, or are another user's now
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


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


def trial_of(name: str, seconds: float, code: int, record: Path, scratch: Path) -> Trial:
    """Return what the record of a run says, in which each process of it has written lines."""
    processes, packages, elsewhere, failed = set[object](), dict[str, str](), list[str](), dict[str, str]()
    threads = False
    for line in msgspec.json.Decoder(list[object]).decode_lines(record.read_bytes()):
        match line:
            case ["start", pid, *_]:
                processes.add(pid)
            case ["import", _, str(module), str(version)]:
                packages[module] = version
            case ["failed", _, str(axis), str(why)]:
                failed[axis] = why.strip().splitlines()[-1]
            case ["thread", *_]:
                threads = True
            case ["write", _, str(path)] if not path.startswith(f"{scratch}{os.sep}") and CACHE not in path:
                elsewhere.append(path)
    return Trial(
        name=name, seconds=round(seconds, 2), code=code, processes=len(processes), threads=threads, packages=packages,
        elsewhere=tuple(path for path in dict.fromkeys(elsewhere) if os.path.isfile(path)), failed=failed,
    )  # fmt: skip


def _last_line(path: Path) -> str:
    """Return what a run said last on standard error: the message of an exception stands there."""
    lines = path.read_text(errors="replace").strip().splitlines()
    return neutral(lines[-1])[:LONGEST] if lines else "nothing"

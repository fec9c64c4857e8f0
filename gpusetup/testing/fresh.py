"""Runs a marked test in fresh processes, as `gpusetup repro` runs a command, and names what its result depends on."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from gpusetup.errors import CannotLookError, GpusetupError
from gpusetup.repro.compare import Left
from gpusetup.repro.model import AS_IT_IS
from gpusetup.repro.outputs.item import Item, Leaf
from gpusetup.repro.process import finish
from gpusetup.repro.record import trial_of
from gpusetup.repro.search import Search, differing_axes
from gpusetup.repro.trial import PREFIX, TOO_LONG, Bench, Command, Ended, environment, last_line
from gpusetup.testing.baselines import encode
from gpusetup.testing.message import difference_lines

if TYPE_CHECKING:
    from gpusetup.repro.axes import Setting
    from gpusetup.repro.model import Repro

RESULT = "_GPUSETUP_TEST_RESULT"
"""Variable with the folder that the test, run in a process of its own, writes what it returned into."""
LONGEST = 3000
_TENSORS, _TEXTS = "returned.safetensors", "returned.json"


def write_result(folder: Path, items: Sequence[Item]) -> None:
    """Write what a test returned, for the process that compares."""
    (folder / _TENSORS).write_bytes(encode([item for item in items if not isinstance(item, Leaf)], {}))
    texts = {item.name: item.text for item in items if isinstance(item, Leaf)}
    (folder / _TEXTS).write_bytes(msgspec.json.encode(texts))


def fault_of(words: Sequence[str], folder: Path, runs: int, deadline: float) -> list[str]:
    """Return what is wrong with the test that the command `words` runs, as lines of text; none where it repeats."""
    with tempfile.TemporaryDirectory(prefix="gpusetup-test-") as scratch:
        bench = _TestBench(Command(tuple(words), folder, deadline), Path(scratch))
        try:
            found = Search(bench.command, bench, runs).find()
        except CannotLookError as error:
            return [f"cannot compare fresh processes: {error.message}", *bench.said()]
        except GpusetupError as error:
            return [f"cannot compare fresh processes: {error}"]
        return [] if found.reproduces else _lines(found)


class _TestBench(Bench):
    """Makes runs of one test where it stands: a test writes into folders of its own, so that nothing is copied."""

    def __init__(self, command: Command, scratch: Path) -> None:
        super().__init__(command, scratch, lambda _: None)
        self.command = command

    def run(self, name: str, settings: Sequence[Setting] = (), extra: Mapping[str, str] | None = None) -> Ended:
        """Run the test under `settings`; one as it is that takes longer than the deadline is an error.

        Any other has failed: a test may wait in vain for a clock that is held, and that axis is given up then.
        """
        kept = self.scratch / f"{len(self.ended) + 1:03}"
        files, record = kept / "files", kept / "record"
        files.mkdir(parents=True)
        record.touch()
        start, limit = time.monotonic(), self._limit(whole=name == AS_IT_IS)
        variables = {f"{PREFIX}RECORD": str(record), RESULT: str(files)} | dict(extra or {})
        code = self._start(settings, variables, kept / "output", limit)
        if code is None and name == AS_IT_IS:
            raise CannotLookError(f"the test did not end within {limit:g} s", "mark it with deadline=SECONDS")
        trial = trial_of(name, time.monotonic() - start, TOO_LONG if code is None else code, record, self.scratch)
        written = {path.name: path for path in sorted(files.iterdir(), reverse=True)}  # tensors before texts
        nothing = kept / "stdout"
        nothing.touch()
        said = f"it did not end within {limit:.0f} s" if code is None else last_line(kept / "output")
        self.ended.append(Ended(trial, Left(written, nothing), said))
        return self.ended[-1]

    def _start(
        self, settings: Sequence[Setting], variables: Mapping[str, str], output: Path, limit: float
    ) -> int | None:
        """Return the exit code, None when the test takes longer than `limit` seconds."""
        prefix = [word for one in settings for word in one.prefix]
        temporary = f"--basetemp={self.scratch / 'tmp'}"  # one path, so that no run has other names than the next
        with output.open("wb") as log:
            process = subprocess.Popen(
                [*prefix, *self.command.words, temporary], cwd=self.command.folder, stdin=subprocess.DEVNULL,
                env=environment(settings, variables, str(self.command.folder)), stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
            return finish(process, limit)

    def said(self) -> list[str]:
        """Return the end of what the last run printed."""
        output = self.ended[-1].left.printed.parent / "output" if self.ended else None
        if output is None or not output.exists():  # what has been compared is forgotten
            return []
        text = output.read_text("utf-8", errors="replace")
        return [f"  | {line}" for line in text[-LONGEST:].strip().splitlines()]


def _lines(found: Repro) -> list[str]:
    lines = ["fresh processes give different results"]
    lines += difference_lines(found.difference) if found.difference is not None else []
    for axis, _ in differing_axes(found):
        lines += [f"  cause: it depends on {axis.cause}", *(f"  do: {one}" for one in axis.remedy)]
    if found.fixed is False:
        lines.append("  it differs too with seeds, clock, hash order, memory and kernels held from outside")
        if found.alone:
            lines.append("  on one processor it repeats: results are taken in the order in which threads end")
    elif not found.causes():
        lines.append("  with everything held it repeats, though nothing alone changes it")
    return lines + [f"  note: {note}" for note in found.notes]


def words_of(target: str, options: Sequence[str]) -> list[str]:
    """Return the command that runs the test `target` alone, in this interpreter."""
    return [sys.executable, *_flags(), "-m", "pytest", target, "-p", "no:cacheprovider", "--no-header", "-q", *options]


def _flags() -> list[str]:
    return [f"-W{one}" for one in sys.warnoptions] + (["-O"] if sys.flags.optimize else [])


def is_child() -> bool:
    """Return whether this process was started to run one marked test."""
    return RESULT in os.environ

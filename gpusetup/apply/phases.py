"""Runs one door of one step under bash."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from gpusetup.apply.state_dir import StateDir
from gpusetup.render.model import Recipe, Step
from gpusetup.value import Value

Door = Literal["check", "apply", "undo"]
TAIL = 15
_KEPT = 16 << 10
_LOOK = 200
"""Milliseconds between two looks whether the step has ended, where something that it started keeps its output open."""

HOLDER = 'trap : INT TERM HUP\n/usr/bin/bash -c "$1" "$0" "$2" {close}\nexit "$?"'
"""The shell between us and the step: it holds the lock until the step has ended, whatever becomes of us. The step and
what it starts do not, so that no daemon keeps it."""
BEGIN = """
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP
if [[ -n $1 ]]; then
  read -ra began <"/proc/$$/stat"
  printf '%s %s %s\\n' "$$" "${began[21]}" "${0#gpusetup-}" >"$1"
fi
shift
"""
"""What a step does first: it says in the lock that it is at work. A signal ends it when the command that runs has
ended, and not before: else that one would go on alone."""


class PhaseResult(Value):
    """How a door ended, and the last lines of what it wrote."""

    status: int
    tail: tuple[str, ...]

    @property
    def killed(self) -> int:
        """The number of the signal that ended it, 0 when none did."""
        return -self.status if self.status < 0 else max(0, self.status - 128) if self.status <= 192 else 0


def run(recipe: Recipe, step: Step, door: Door, place: StateDir) -> PhaseResult:
    """Run `door` of `step`, showing on stderr what it writes; it can ask questions of the terminal.

    A root other than ``/`` is put in front of every path that the step reads or writes (``GPUSETUP_ROOT``). The
    step has a session of its own; being told to end meanwhile is passed on to all of it, and its end is waited for.
    """
    text = "\n".join(("set -euo pipefail", BEGIN, recipe.library, step.define, getattr(step, door)))
    lock = () if place.lock is None else (place.lock,)
    process = subprocess.Popen(
        ["/usr/bin/bash", "-c", HOLDER.format(close=f"{place.lock}>&-" if lock else ""), f"gpusetup-{step.id}", text,
         str(place.lock_file) if lock and door != "check" else ""],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=os.environ | {"GPUSETUP_ROOT": "" if place.root == Path("/") else str(place.root)},
        pass_fds=lock,
        start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    with process.stdout:
        kept = _follow(process, process.stdout.fileno())
    return PhaseResult(status=process.wait(), tail=tuple(kept.decode(errors="replace").splitlines()[-TAIL:]))


def _follow(process: subprocess.Popen[bytes], output: int) -> bytes:
    """Show what `process` writes until it has ended, pass on that we are told to end, and return the last of it."""
    kept = b""
    told: BaseException | None = None
    while True:
        try:
            for chunk in _chunks(process, output):
                kept = (kept + chunk)[-_KEPT:]
                with contextlib.suppress(OSError):  # whoever reads it may have left; the step goes on
                    os.write(2, chunk)
            break
        except (KeyboardInterrupt, SystemExit) as error:
            told = error
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, _signal(error))
    if told is not None:
        raise told
    return kept


def _chunks(process: subprocess.Popen[bytes], handle: int) -> Iterator[bytes]:
    """Yield what `process` writes, until it has ended; a daemon of its own that holds its output is not waited for."""
    os.set_blocking(handle, False)
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    while True:
        ended = process.poll() is not None
        poll.poll(0 if ended else _LOOK)
        with contextlib.suppress(BlockingIOError):
            while chunk := os.read(handle, 1 << 16):
                yield chunk
            process.wait()
            ended = True
        if ended:
            return


def _signal(error: BaseException) -> int:
    """Return the signal that `error` stands for: Ctrl-C, or an exit code of 128 and its number."""
    if isinstance(error, SystemExit) and isinstance(error.code, int) and 128 < error.code <= 192:
        return error.code - 128
    return signal.SIGINT if isinstance(error, KeyboardInterrupt) else signal.SIGTERM

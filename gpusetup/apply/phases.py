"""Runs one phase of one step under bash."""

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

Phase = Literal["check", "apply", "undo"]
# lines: what a package manager says of a failure
TAIL = 15
# bytes that are enough for these lines, however much a step prints
_KEPT = 16 << 10
_LOOK = 200
"""Milliseconds between two polls for the end of the step, where a process that it started keeps its output open."""

HOLDER = 'trap : INT TERM HUP\n/usr/bin/bash -c "$1" "$0" "$2" {close}\nexit "$?"'
"""The shell between gpusetup and the step: it holds the lock until the step has ended, even if gpusetup is killed. The
step itself and its children do not inherit the lock, so that no daemon keeps it."""
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
"""Start of every step: write process id and start time into the lock file, since a process id alone may be reused. With
these traps bash handles a signal only after the current command has ended, so no command is left running alone."""


class PhaseResult(Value):
    """How a phase ended, and the last lines of its output."""

    status: int
    tail: tuple[str, ...]

    @property
    def killed(self) -> int:
        """The number of the signal that ended it, 0 for none."""
        # Popen has -N for a signal, a shell 128 + N; Linux has 64 signals
        return -self.status if self.status < 0 else max(0, self.status - 128) if self.status <= 192 else 0


def run(recipe: Recipe, step: Step, phase: Phase, state: StateDir) -> PhaseResult:
    """Run `phase` of `step`, with its output on stderr; it can prompt on the terminal.

    A root other than ``/`` is prefixed to every path that the step reads or writes (``GPUSETUP_ROOT``). The step has
    its own session; a termination signal is forwarded to all of it, and its end is awaited.
    """
    text = "\n".join(("set -euo pipefail", BEGIN, recipe.library, step.define, getattr(step, phase)))
    lock = () if state.lock is None else (state.lock,)
    process = subprocess.Popen(
        ["/usr/bin/bash", "-c", HOLDER.format(close=f"{state.lock}>&-" if lock else ""), f"gpusetup-{step.id}", text,
         str(state.lock_file) if lock and phase != "check" else ""],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=os.environ | {"GPUSETUP_ROOT": "" if state.root == Path("/") else str(state.root)},
        pass_fds=lock,
        # the terminal's Ctrl-C would reach every command of the step at once, in the middle of a package
        start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    with process.stdout:
        kept = _follow(process, process.stdout.fileno())
    return PhaseResult(status=process.wait(), tail=tuple(kept.decode(errors="replace").splitlines()[-TAIL:]))


def _follow(process: subprocess.Popen[bytes], output: int) -> bytes:
    """Show the output of `process` until it ends, forward termination signals, and return the end of the output."""
    kept = b""
    interrupt: BaseException | None = None
    while True:
        try:
            for chunk in _chunks(process, output):
                kept = (kept + chunk)[-_KEPT:]
                with contextlib.suppress(OSError):  # stderr may be closed by now; the step continues
                    os.write(2, chunk)
            break
        except (KeyboardInterrupt, SystemExit) as error:
            interrupt = error
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, _signal(error))
    if interrupt is not None:
        raise interrupt
    return kept


def _chunks(process: subprocess.Popen[bytes], handle: int) -> Iterator[bytes]:
    """Yield the output of `process` until it ends; a daemon that it started and that keeps the pipe open is ignored."""
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
    """Return the signal behind `error`: Ctrl-C, or an exit code of 128 plus the signal's number."""
    if isinstance(error, SystemExit) and isinstance(error.code, int) and 128 < error.code <= 192:
        return error.code - 128
    return signal.SIGINT if isinstance(error, KeyboardInterrupt) else signal.SIGTERM

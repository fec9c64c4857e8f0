"""Runs a container builder, shows its output, and turns a failure into one error message."""

from __future__ import annotations

import re
import subprocess
from collections import deque
from collections.abc import Callable, Iterable
from textwrap import shorten

from gpusetup.errors import GpusetupError, StepFailedError
from gpusetup.text import neutral

Notify = Callable[[str], None]

# how builders report a failed step: buildah and podman, then docker
_FAILED = ('building at STEP "', 'process "')
_ENDED = ('": ', '" did not complete')
_NOISE = re.compile(
    r"subprocess exited|exit status|^Error: (building|error building)|^-+$|^time=|did not complete|^\s*$"
    r"|^You can try to add to command line:$|^\s*--[a-z-]+ to |^\(try to add '--"  # what dnf says last, 5 and 4
)
_CAUSE = re.compile(r"(ERROR|Error|error|E|fatal):")
"""How pip, dnf, apt and most other tools begin an error message; less useful lines may follow it."""
_KEPT = 60


def run(command: list[str], notify: Notify, what: str) -> None:
    """Run `command` and pass every line it prints to `notify`.

    Raises `StepFailedError`, which names `what`, the failed step and the error line, when it exits with an error.
    """
    tail: deque[str] = deque(maxlen=_KEPT)
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            tail.append(neutral(line.rstrip("\n")))
            notify(tail[-1])
    if process.returncode != 0:
        raise failure(what, tail, process.returncode)


def failure(what: str, said: Iterable[str], status: int) -> GpusetupError:
    """Return the error for a builder that ended with `status` after printing the lines `said`."""
    lines = list(said)
    steps = [step for step in map(_step, lines) if step]
    step = f" at the step {shorten(steps[-1], 60, placeholder='…')!r}" if steps else ""
    useful = [line.strip() for line in reversed(lines) if not _NOISE.search(line)]
    words = next((line for line in useful if _CAUSE.match(line)), useful[0] if useful else f"exit status {status}")
    return StepFailedError(
        f"{what} failed{step}: {words}",
        "the builder's output is above; fix the cause and run the same command again",
    )


def _step(line: str) -> str:
    """Return the failed step that a builder's `line` names, or ""."""
    for mark in _FAILED:
        _, _, rest = line.partition(mark)
        if ends := [at for end in _ENDED if (at := rest.find(end, 1)) > 0]:
            return rest[: min(ends)]
    return ""

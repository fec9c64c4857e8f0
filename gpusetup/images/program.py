"""Runs a container builder, shows what it says, and turns its failure into one clear error."""

from __future__ import annotations

import re
import subprocess
from collections import deque
from collections.abc import Callable, Iterable
from textwrap import shorten

from gpusetup.errors import GpusetupError, StepFailedError
from gpusetup.text import neutral

Tell = Callable[[str], None]

# what a builder says when a step fails: buildah and podman, then docker
_FAILED = ('building at STEP "', 'process "')
_ENDED = ('": ', '" did not complete')
_NOISE = re.compile(
    r"subprocess exited|exit status|^Error: (building|error building)|^-+$|^time=|did not complete|^\s*$"
)
_CAUSE = re.compile(r"(ERROR|Error|error|E|fatal):")
"""How pip, dnf, apt and most others begin the line that says what is wrong; others may follow it."""
_KEPT = 60


def run(command: list[str], tell: Tell, what: str) -> None:
    """Run `command` and pass every line it prints to `tell`.

    Raises `StepFailedError` saying that `what` failed, at which step and with which words, when it exits with an error.
    """
    tail: deque[str] = deque(maxlen=_KEPT)
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            tail.append(neutral(line.rstrip("\n")))
            tell(tail[-1])
    if process.returncode != 0:
        raise failure(what, tail, process.returncode)


def failure(what: str, said: Iterable[str], status: int) -> GpusetupError:
    """Return the error for a builder that ended with `status` after it `said` these lines."""
    lines = list(said)
    steps = [step for step in map(_step, lines) if step]
    step = f" at the step {shorten(steps[-1], 60, placeholder='…')!r}" if steps else ""
    told = [line.strip() for line in reversed(lines) if not _NOISE.search(line)]
    words = next((line for line in told if _CAUSE.match(line)), told[0] if told else f"exit status {status}")
    return StepFailedError(
        f"{what} failed{step}: {words}",
        "what the builder said is above; mend the cause and give the same command again",
    )


def _step(line: str) -> str:
    """Return the step that a builder's `line` says has failed, "" where it says nothing of the kind."""
    for mark in _FAILED:
        _, _, rest = line.partition(mark)
        if ends := [at for end in _ENDED if (at := rest.find(end, 1)) > 0]:
            return rest[: min(ends)]
    return ""

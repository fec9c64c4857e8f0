"""Runs one door of one step under bash."""

from __future__ import annotations

import os
import subprocess
from collections import deque
from pathlib import Path
from typing import Literal

from gpusetup.render.model import Recipe, Step
from gpusetup.value import Value

Door = Literal["check", "apply", "undo"]
TAIL = 15


class Outcome(Value):
    """How a door ended, and the last lines of what it wrote."""

    status: int
    tail: tuple[str, ...]


def run(recipe: Recipe, step: Step, door: Door, root: Path) -> Outcome:
    """Run `door` of `step`, showing on stderr what it writes; it can ask questions of the terminal.

    `root` other than ``/`` is put in front of every path that the step reads or writes (``GPUSETUP_ROOT``).
    """
    text = "\n".join(("set -euo pipefail", recipe.library, step.define, getattr(step, door)))
    environment = os.environ | {"GPUSETUP_ROOT": "" if root == Path("/") else str(root)}
    process = subprocess.Popen(
        ["/usr/bin/bash", "-c", text, f"gpusetup-{step.id}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
    )
    assert process.stdout is not None
    kept: deque[str] = deque(maxlen=TAIL)
    with process.stdout:
        for line in process.stdout:
            os.write(2, line)
            kept.append(line.decode(errors="replace").rstrip("\n"))
    return Outcome(status=process.wait(), tail=tuple(kept))

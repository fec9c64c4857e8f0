"""Kills a run of a recipe at any of its commands, or while one is at work, with no chance to tidy up."""

from __future__ import annotations

from collections import Counter

from gpusetup.value import Value
from tests.lab import stubs
from tests.lab.fedora import Lab

LONG = 0.1
"""Seconds from which a command is killed while it works too, at some of its length."""
PARTS = (0.15, 0.35, 0.55, 0.75, 0.95)


class Point(Value):
    """The `nth` time that `step` runs the command on `line`, and how many seconds after it began."""

    step: str
    line: int
    nth: int = 1
    delay: float = 0.0

    def __str__(self) -> str:
        place = f"{self.step or 'between steps'}, line {self.line}, run {self.nth}"
        return place + (f" + {self.delay:.2f} s" if self.delay else "")


def points(lab: Lab, script: str) -> list[Point]:
    """Run `script` undisturbed and return every point at which it can be killed, in the order of a run.

    Each command is one, at its first run in each step; each run of a long one is also killed on its way.
    """
    lab.write("/srv/trace", stubs.program("trace"))
    lab.write("/root/recipe.sh", script)
    done = lab.sh("LAB_TRACE=/run/lab-trace BASH_ENV=/srv/trace bash /root/recipe.sh")
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [line.split(" ", 1) for line in lab.sh("cat /run/lab-trace").stdout.splitlines()]
    ends = [float(at) for at, _ in rows[1:]] + [float(rows[-1][0])]
    found: list[Point] = []
    runs: Counter[str] = Counter()
    for (at, where), end in zip(rows, ends, strict=True):
        runs[where] += 1
        step, _, line = where.rpartition(":")
        length = end - float(at)
        parts = (0.0,) * (runs[where] == 1) + PARTS * (length > LONG)
        found += [Point(step=step, line=int(line), nth=runs[where], delay=round(part * length, 3)) for part in parts]
    return found


def killed(lab: Lab, script: str, point: Point) -> bool:
    """Run `script` and kill it at `point`; return whether it was still at work then."""
    lab.write("/srv/trace", stubs.program("trace"))
    lab.write("/root/recipe.sh", script)
    done = lab.sh(
        "rm -f /run/lab-count; setsid --wait bash /root/recipe.sh; exit $?",
        BASH_ENV="/srv/trace",
        LAB_POINT=f"{point.step}:{point.line}",
        LAB_NTH=str(point.nth),
        LAB_DELAY=f"{point.delay:g}",
    )
    return done.returncode == 137

"""The small programs with their causes, each of which stands in the first line of its file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from gpusetup.repro.axes import axes
from gpusetup.repro.model import Repro

PROGRAMS = Path(__file__).parent / "programs"
KINDS = ("differing", "threads", "latent", "same")
FRAMEWORKS = re.compile(r"^import (torch|tensorflow|keras|jax)\b", re.MULTILINE)
RACE, ELSEWHERE, CHANGING = "threads that race", "a file elsewhere", "a file that changes"
EVIDENCE = {RACE, ELSEWHERE, CHANGING}
"""Causes that no axis holds: what is recorded of a run points at them."""


class Program(NamedTuple):
    """A program, what its result depends on, and the axes that have to be asked for."""

    path: Path
    cause: str = ""

    @property
    def kind(self) -> str:
        return self.path.parent.name

    @property
    def heavy(self) -> bool:
        return FRAMEWORKS.search(self.path.read_text()) is not None

    @property
    def asked(self) -> tuple[str, ...]:
        """The axes of its cause that two runs on one host do not differ in, and all of what differs elsewhere alone."""
        names = self.cause.split() if self.cause not in EVIDENCE else []
        return tuple(name for name in names if self.kind == "latent" or axes()[name].kind != "chance")

    def found(self, repro: Repro) -> bool:
        """Say whether it is found that the program does not reproduce here, or would not elsewhere."""
        return bool(repro.causes()) if self.asked else not repro.reproduces

    def named(self, repro: Repro) -> bool:
        """Say whether the cause is named: by the axes, all of them and no other, or by the evidence."""
        first = repro.trials[0]
        evidence = {RACE: first.threads, ELSEWHERE: bool(first.elsewhere), CHANGING: bool(first.changing)}
        if self.cause in evidence:
            return repro.fixed is False and evidence[self.cause]
        return set(repro.causes()) == set(self.cause.split())


def programs(kind: str) -> list[Program]:
    """Return the programs of a folder, in the order of their names."""
    return [_read(path) for path in sorted((PROGRAMS / kind).glob("*.py"))]


def _read(path: Path) -> Program:
    found = re.search(r'Depends on: ([^\n"]+)', path.read_text())
    return Program(path, found[1].strip() if found else "")

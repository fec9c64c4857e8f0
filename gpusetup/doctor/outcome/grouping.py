"""Findings that say the same of several GPUs, as one that names them all: a machine may have eight."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from gpusetup.doctor.finding import Finding, Remedy

_RANGE = 3
"""How many numbers in a row are worth a range: 0-2, but 0, 1."""


def together(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings in their order, those that say the same of several subjects as one that names them all.

    They are the same if they differ in nothing but the number of the GPU, which stands in the commands as well.
    """
    groups: dict[object, list[Finding]] = {}
    for one in findings:
        same = (one.rule, one.state, one.summary, one.evidence, _without_number(one), one.silenced)
        groups.setdefault(id(one) if one.state == "unknown" else same, []).append(one)
    return [_merged(some) for some in groups.values()]


def told(one: Finding) -> tuple[object, ...]:
    """Return what is printed below the finding's summary: how it is known, and what to do."""
    return one.evidence, one.remedy and (one.remedy.text, one.remedy.commands)


def subjects(names: Iterable[str]) -> str:
    """Return ``GPUs 0-3, 6``: what the subjects have in common is said once."""
    found = list(dict.fromkeys(names))
    kind = found[0].rpartition(" ")[0]
    if len(found) == 1 or not kind or not all(one.rpartition(" ")[0] == kind for one in found):
        return ", ".join(found)
    last = [one.rpartition(" ")[2] for one in found]
    if kind == "GPU" and all(one.isdecimal() for one in last):
        return f"GPUs {_ranges(sorted(map(int, last)))}"
    return f"{kind} {', '.join(last)}"


def _ranges(numbers: Sequence[int]) -> str:
    runs: list[list[int]] = []
    for one in numbers:
        if runs and one == runs[-1][-1] + 1:
            runs[-1].append(one)
        else:
            runs.append([one])
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) >= _RANGE else ", ".join(map(str, run)) for run in runs)


def _merged(findings: list[Finding]) -> Finding:
    first = findings[0]
    if len(findings) == 1:
        return first
    named = subjects(one.subject for one in findings)
    return msgspec.structs.replace(first, subject=named, remedy=_for_each(first.remedy, findings))


def _number(one: Finding) -> str:
    """Return the number of the GPU that `one` speaks of, "" where it speaks of something else."""
    kind, _, number = one.subject.partition(" ")
    return number if kind == "GPU" and number.isdecimal() else ""


def _without_number(one: Finding) -> tuple[str, ...]:
    """Return the finding's remedy with a placeholder for the number of its GPU."""
    if one.remedy is None:
        return ()
    number = _number(one)
    return tuple(_replaced(text, number, "\0") for text in (one.remedy.text, *one.remedy.commands))


def _replaced(text: str, number: str, new: str) -> str:
    """Return `text` with `new` for `number` where it stands as the value of an option: ``-i 3``, ``--id=3``."""
    return re.sub(rf"(--?i(?:d)?[= ]){number}(?![\w.])", rf"\g<1>{new}", text) if number else text


def _for_each(remedy: Remedy | None, findings: list[Finding]) -> Remedy | None:
    """Return `remedy` with one loop over all GPUs for each command that names one: nvidia-smi may take a single id."""
    numbers = [_number(one) for one in findings]
    if remedy is None or not all(numbers):
        return remedy
    each = " ".join(sorted(numbers, key=int))
    commands = tuple(
        command
        if (looped := _replaced(command, numbers[0], "$gpu")) == command
        else f"for gpu in {each}; do {looped}; done"
        for command in remedy.commands
    )
    return msgspec.structs.replace(remedy, commands=commands)

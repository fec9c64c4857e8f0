"""Command lines that need no parser: ``gpusetup doctor``, alone or with flags.

To import click and to declare the doctor's options takes a fifth of a start. What stands here is what click makes of
the same words (a test compares the two); every other command line, and every variable of ours, is left to click.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

DOCTOR: dict[str, Any] = {
    "deadline": 10.0,
    "form": "text",
    "fail_on": "error",
    "require_gpu": False,
    "everything": False,
}
"""The options of ``doctor`` as they are when none is given; the others are empty, or name this machine."""
FLAGS: dict[str, dict[str, Any]] = {
    "--all": {"everything": True},
    "--json": {"form": "json"},
    "--require-gpu": {"require_gpu": True},
}
OURS = ("GPUSETUP_", "_GPUSETUP_")
"""How variables begin that set options, or ask for completions."""


def plain_options(words: Sequence[str], variables: Mapping[str, str]) -> dict[str, Any] | None:
    """Return the options of ``gpusetup doctor`` where `words` are that command and flags; None for all else."""
    flags = words[1:]
    if list(words[:1]) != ["doctor"] or not all(map(FLAGS.__contains__, flags)) or _any_ours(variables):
        return None
    return DOCTOR | {name: value for flag in flags for name, value in FLAGS[flag].items()}


def _any_ours(variables: Iterable[str]) -> bool:
    return any(name.startswith(OURS) for name in variables)

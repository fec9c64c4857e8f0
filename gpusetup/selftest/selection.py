"""What the user may ask for by name: checks, data of their own, precisions."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from gpusetup.errors import WrongInputError
from gpusetup.files import STDIO

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gpusetup.selftest.model import Precision
    from gpusetup.selftest.registry import Check


def choose_checks(wanted: tuple[str, ...], checks: dict[str, Check]) -> tuple[str, ...]:
    """Return the checks to run, all of them when none is named; `WrongInputError` for a name there is not."""
    if unknown := sorted(set(wanted) - set(checks)):
        raise WrongInputError(f"unknown check {unknown[0]!r}", f"there are: {', '.join(checks)}")
    return tuple(name for name in checks if name in (wanted or checks))


def require_data(folder: Path, names: tuple[str, ...], checks: dict[str, Check]) -> None:
    """Raise `WrongInputError` unless a check takes data of the user's own and `folder` has some for each that does."""
    wanted = {name: checks[name].data for name in names if checks[name].data}
    if not wanted:
        raise WrongInputError(f"{', '.join(names)} takes no data of your own", "leave --data out")
    try:
        os.listdir(folder)  # what cannot be read looks empty to glob()
    except OSError as error:
        raise WrongInputError(f"cannot read the folder {folder} of --data: {error.strerror}") from error
    for name, pattern in wanted.items():
        if not any(folder.glob(pattern)):
            raise WrongInputError(
                f"{folder} has no {pattern} for the check {name}", f"see `selftest --check {name} --list`"
            )


def require_apart(saved: Path | None, baseline: Path) -> None:
    """Raise `WrongInputError` where ``--save`` would replace the proof that a run is held against.

    A run that fails would else be what the next one is held against.
    """
    if saved is not None and str(baseline) != STDIO and os.path.realpath(saved) == os.path.realpath(baseline):
        remedy = "save to another file, and put it in place of the old one when you trust it"
        raise WrongInputError(f"--save would replace {baseline}, which this run is held against", remedy)


def require_precisions(
    wanted: Sequence[Precision], names: tuple[str, ...], devices: Sequence[str], checks: dict[str, Check]
) -> None:
    """Raise `WrongInputError` unless each precision is one that some check can be run in on these devices."""
    for precision in wanted:
        forms = [(name, framework) for name in names for framework in checks[name].frameworks]
        if any(checks[name].runs_in(framework, precision, device) for name, framework in forms for device in devices):
            continue
        remedy = "TF32 needs a GPU: --device cuda:0" if precision == "tf32" else "`selftest --list` says what has one"
        raise WrongInputError(f"none of {', '.join(names)} has a form for {precision} on {', '.join(devices)}", remedy)

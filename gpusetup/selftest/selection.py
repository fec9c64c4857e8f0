"""Validate what the user selects by name: checks, a data folder, precisions."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from gpusetup.errors import WrongInputError
from gpusetup.files import STDIO

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gpusetup.selftest.model import Precision, Profile
    from gpusetup.selftest.registry import Check


def choose_checks(wanted: tuple[str, ...], checks: dict[str, Check], profile: Profile = "full") -> tuple[str, ...]:
    """Return the checks to run, all of the profile when none is named; `WrongInputError` for an unknown name."""
    if unknown := sorted(set(wanted) - set(checks)):
        raise WrongInputError(f"unknown check {unknown[0]!r}", f"there are: {', '.join(checks)}")
    return tuple(name for name, check in checks.items() if (name in wanted if wanted else check.in_profile(profile)))


def choose_timed(wanted: tuple[str, ...], minutes: float, checks: dict[str, Check]) -> tuple[str, ...]:
    """Return the names with ``--minutes``: those that the user gave, else every check that is timed.

    `WrongInputError` where none that is named is timed.
    """
    timed = tuple(name for name, check in checks.items() if check.timed)
    if minutes and wanted and not set(wanted) & set(timed):
        remedy = f"--minutes is for: {', '.join(timed)}"
        raise WrongInputError(f"{', '.join(wanted)} does not run for a given time", remedy)
    return wanted or (timed if minutes else ())


def require_data(folder: Path, names: tuple[str, ...], checks: dict[str, Check]) -> None:
    """Raise `WrongInputError` unless some check takes user data and `folder` has files for each that does."""
    wanted = {name: checks[name].data for name in names if checks[name].data}
    if not wanted:
        raise WrongInputError(f"{', '.join(names)} does not take user data", "remove --data")
    try:
        os.listdir(folder)  # glob() returns nothing for a folder that it cannot read
    except OSError as error:
        raise WrongInputError(f"cannot read the folder {folder} of --data: {error.strerror}") from error
    for name, pattern in wanted.items():
        if not any(folder.glob(pattern)):
            raise WrongInputError(
                f"{folder} has no {pattern} for the check {name}", f"see `selftest --check {name} --list`"
            )


def require_apart(saved: Path | None, baseline: Path) -> None:
    """Raise `WrongInputError` where ``--save`` would replace the baseline.

    Otherwise a failed run would become the baseline of the next one.
    """
    if saved is not None and str(baseline) != STDIO and os.path.realpath(saved) == os.path.realpath(baseline):
        remedy = "save to another file, and replace the baseline when you trust the new proof"
        raise WrongInputError(f"--save would replace {baseline}, the baseline of this run", remedy)


def require_precisions(
    wanted: Sequence[Precision], names: tuple[str, ...], devices: Sequence[str], checks: dict[str, Check]
) -> None:
    """Raise `WrongInputError` unless some check supports each precision on these devices."""
    for precision in wanted:
        forms = [(name, framework) for name in names for framework in checks[name].frameworks]
        if any(checks[name].runs_in(framework, precision, device) for name, framework in forms for device in devices):
            continue
        remedy = (
            "TF32 needs a GPU: --device cuda:0"
            if precision == "tf32"
            else "`selftest --list` shows the precisions of each check"
        )
        raise WrongInputError(f"{precision} is not supported on {', '.join(devices)} by {', '.join(names)}", remedy)

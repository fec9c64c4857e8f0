"""What a proof does not cover, in words, so that a passed report is not read as more than it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.selftest.frameworks import USUAL
from gpusetup.selftest.model import REFERENCE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gpusetup.selftest.model import Job
    from gpusetup.selftest.registry import Check
    from gpusetup.selftest.schedule import Selection


def gaps(selection: Selection, checks: dict[str, Check]) -> Iterator[str]:
    """Yield one line for each framework, device or check that was not covered."""
    for name in () if selection.model else USUAL:  # a user's model is written in one
        if name not in selection.pythons:
            yield f"{name}: it did not run"
    for name in () if selection.model else selection.left_out:
        yield f"{name}: installed; included with --full or --framework {name}"
    yield from _only_full(selection, checks)
    if all(device == "cpu" for device in selection.devices):
        yield "GPU: no check ran on one"
    yield from _not_written(selection, checks)
    if selection.repeat < 2:
        yield "determinism: one round only, nothing to compare it with"


def missed(selection: Selection, jobs: Iterable[Job]) -> Iterator[str]:
    """Yield one line for each thing that was requested by name and that no job runs."""
    ran = [job for job in jobs if job.framework != REFERENCE]
    where = f"{_listed(selection.precisions)} on {_listed(selection.devices)}"
    for name in selection.checks if "checks" in selection.named else ():
        if all(job.check != name for job in ran):
            yield f"{name}: requested, but {_listed(selection.pythons)} cannot run it in {where}"
    for framework in selection.pythons if "frameworks" in selection.named else ():
        if all(job.framework != framework for job in ran):
            yield f"{framework}: requested, but it cannot run {_listed(selection.checks)} in {where}"
    for device in selection.devices if "devices" in selection.named else ():
        if all(job.device != device for job in ran):
            yield f"{device}: requested, but no check runs on it in {_listed(selection.precisions)}"
    for precision in selection.precisions if "precisions" in selection.named else ():
        if all(job.precision != precision for job in ran):
            yield f"{precision}: requested, but not supported here by {_listed(selection.checks)}"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)


def _only_full(selection: Selection, checks: dict[str, Check]) -> Iterator[str]:
    """Yield what the profile left out, where the user did not choose the checks."""
    left = [name for name, check in checks.items() if not check.in_profile(selection.profile)]
    if left and "checks" not in selection.named:
        yield f"{_listed(left)}: included with --full or --check NAME"


def _not_written(selection: Selection, checks: dict[str, Check]) -> Iterator[str]:
    for framework in selection.pythons:
        for precision in selection.precisions:
            left = [
                name
                for name in selection.checks
                if not any(checks[name].runs_in(framework, precision, device) for device in selection.devices)
            ]
            form = "" if precision == "float32" else f" in {precision}"
            if left:
                yield f"{framework}{form}: does not support {', '.join(left)}"

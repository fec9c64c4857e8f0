"""Machines and the doctor's reports on them, brought together: a machine without one is examined here and now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.doctor.finding import Report
from gpusetup.machine.model import Machine
from gpusetup.report.page.model import Result

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def diagnosed(results: Sequence[Result]) -> Iterator[Result]:
    """Yield the results, each report with its machine where that is among them, and a report for each machine.

    A report belongs to the machine that was read at the same second.
    """
    machines = {one.value.read_at: one.value for one in results if isinstance(one.value, Machine)}
    reports = {one.value.at for one in results if isinstance(one.value, Report)}
    for one in results:
        if isinstance(one.value, Report):
            yield one._replace(machine=machines.get(one.value.at))
            continue
        yield one
        if isinstance(one.value, Machine) and one.value.read_at not in reports:
            yield Result(one.name, _examined(one.value), one.value)


def _examined(machine: Machine) -> Report:
    from gpusetup.doctor.diagnosis import diagnose
    from gpusetup.doctor.registry import all_rules

    return diagnose(machine, list(all_rules().values()))

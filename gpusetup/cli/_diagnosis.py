"""From the options of ``gpusetup doctor`` to a report and its exit code."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

import msgspec

from gpusetup.cli._options import deepened, read_machine

if TYPE_CHECKING:
    from gpusetup.doctor.finding import Report
    from gpusetup.doctor.rule import Rule
    from gpusetup.doctor.silence import Silence
    from gpusetup.machine.model import Machine


class MachineSource(msgspec.Struct, frozen=True):
    """Which machine is examined: a saved one, or the host under `sysroot`."""

    machine_file: str | None
    sysroot: str
    deadline: float
    deep: float | None
    pythons: tuple[str, ...]

    def read(self, meanwhile: Callable[[], object] | None = None) -> Machine:
        """Return the machine as it is now; `meanwhile` is done while the driver works."""
        machine = read_machine(self.machine_file, self.sysroot, self.deadline, meanwhile)
        return deepened(machine, self.deep, self.pythons)


class Policy(msgspec.Struct, frozen=True):
    """What a machine is held against: the rules, what was accepted, and from when on it counts as a failure."""

    rules: Callable[[], list[Rule]]
    silences: tuple[Silence, ...]
    fail_on: str
    require_gpu: bool

    def judge(self, machine: Machine) -> tuple[Report, int]:
        """Return the report on `machine` and the exit code."""
        from gpusetup.doctor import verdict
        from gpusetup.doctor.diagnosis import diagnose

        report = diagnose(machine, self.rules(), require_gpu=self.require_gpu, silences=self.silences)
        return report, verdict.exit_code(report.findings, self.rules(), self.fail_on)


def policy(only: str, skip: str, silences: str | None, *, fail_on: str, require_gpu: bool) -> Policy:
    """Return the policy that the options set; its rules are loaded when they are first asked for."""
    return Policy(cache(lambda: chosen(only, skip, require_gpu=require_gpu)), _silences(silences), fail_on, require_gpu)


def chosen(only: str, skip: str, *, require_gpu: bool) -> list[Rule]:
    """Return the rules that were asked for, and load what runs them: it can be done while the driver works."""
    from gpusetup.doctor import diagnosis, registry, verdict  # noqa: F401

    every = registry.all_rules()
    rules = registry.select(every, only, skip)
    return diagnosis.with_gpu_required(rules, every) if require_gpu else rules


def _silences(file: str | None) -> tuple[Silence, ...]:
    if file is None:
        return ()
    from pathlib import Path

    from gpusetup.doctor.silence import load

    return load(Path(file))

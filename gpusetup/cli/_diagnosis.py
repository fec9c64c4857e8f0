"""From the options of ``gpusetup doctor`` to a report and its exit code."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

import msgspec

from gpusetup.cli._reading import HERE, deepened, read_machine

if TYPE_CHECKING:
    from gpusetup.doctor.finding import Report
    from gpusetup.doctor.outcome.severity import Severities
    from gpusetup.doctor.outcome.silence import Silence
    from gpusetup.doctor.rule import Rule
    from gpusetup.machine.model import Machine


class MachineSource(msgspec.Struct, frozen=True):
    """Which machine is examined: a saved one, or the host under `sysroot`."""

    machine_file: str | None
    sysroot: str
    deadline: float
    deep: float | None
    pythons: tuple[str, ...]

    @property
    def host(self) -> str:
        """The name of the host, "" where it is not this one."""
        return os.uname().nodename if self.machine_file is None and self.sysroot == HERE else ""

    def read(self, meanwhile: Callable[[], object] | None = None) -> Machine:
        """Return the machine as it is now; `meanwhile` is done while it is being read."""
        machine = read_machine(self.machine_file, self.sysroot, self.deadline, meanwhile)
        return deepened(machine, self.deep, self.pythons)


class Policy(msgspec.Struct, frozen=True):
    """What a machine is held against: the rules, what was accepted, and from when on it counts as a failure."""

    rules: Callable[[], list[Rule]]
    silences: tuple[Silence, ...]
    fail_on: str
    require_gpu: bool
    host: str = ""
    """The name of the machine, where it is this one."""
    severities: Severities | None = None

    def prepare(self) -> None:
        """Load what judges: the rules, what runs them, and what most of them look up."""
        self.rules()
        from gpusetup.doctor.preparation import prepare

        prepare()

    def judge(self, machine: Machine) -> tuple[Report, int]:
        """Return the report on `machine` and the exit code."""
        from gpusetup.doctor.diagnosis import diagnose
        from gpusetup.doctor.outcome import verdict

        report = diagnose(
            machine,
            self.rules(),
            require_gpu=self.require_gpu,
            silences=self.silences,
            host=self.host,
            severities=self.severities,
        )
        rules = self.severities.required(self.rules()) if self.severities else self.rules()
        return report, verdict.exit_code(report.findings, rules, self.fail_on)


def policy(
    only: str, skip: str, silences: str | None, *, fail_on: str, require_gpu: bool, host: str = "",
    expect: str | None = None, severity: str | None = None,
) -> Policy:  # fmt: skip
    """Return the policy that the options set; its rules are loaded when they are first asked for.

    Files are read at once, so that a wrong one is refused before the machine is read.
    """
    expected = _expectations(expect)
    return Policy(
        cache(lambda: chosen(only, skip, require_gpu=require_gpu, expected=expected)),
        _silences(silences),
        fail_on,
        require_gpu,
        host,
        _severities(severity),
    )


def chosen(only: str, skip: str, *, require_gpu: bool, expected: dict[str, Rule] | None = None) -> list[Rule]:
    """Return the rules that were asked for."""
    from gpusetup.doctor import diagnosis, registry

    every = registry.all_rules() | (expected or {})
    rules = registry.select(every, only, skip)
    return diagnosis.with_gpu_required(rules, every) if require_gpu else rules


def _expectations(file: str | None) -> dict[str, Rule]:
    if file is None:
        return {}
    from pathlib import Path

    from gpusetup.doctor.expect import load, rules_for

    return rules_for(load(Path(file)))


def _severities(file: str | None) -> Severities | None:
    if file is None:
        return None
    from pathlib import Path

    from gpusetup.doctor.outcome.severity import load
    from gpusetup.doctor.registry import explained_rules

    return load(Path(file), explained_rules().values())


def _silences(file: str | None) -> tuple[Silence, ...]:
    if file is None:
        return ()
    from pathlib import Path

    from gpusetup.doctor.outcome.silence import by_id, load
    from gpusetup.doctor.registry import explained_rules

    return by_id(load(Path(file)), explained_rules(), file)


def diagnose_here(*, deadline: float, form: str, fail_on: str, require_gpu: bool, everything: bool) -> int:
    """Print the report on this machine, judged by all rules, and return the exit code."""
    from gpusetup.cli import _report

    def prepare() -> None:
        wanted.prepare()
        _report.prepare(form)

    source = MachineSource(None, HERE, deadline, None, ())
    wanted = policy("", "", None, fail_on=fail_on, require_gpu=require_gpu, host=source.host)
    report, code = wanted.judge(source.read(meanwhile=prepare))
    _report.show(report, form, redact=False, everything=everything)
    return code

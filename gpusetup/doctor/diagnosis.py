"""From a machine to the report on it: every chosen rule, what was accepted, and the verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup import __version__
from gpusetup.doctor import verdict
from gpusetup.doctor.examine import examine
from gpusetup.doctor.finding import Report
from gpusetup.doctor.machine_title import framework_names, machine_name

if TYPE_CHECKING:
    from gpusetup.doctor.rule import Rule
    from gpusetup.doctor.silence import Silence
    from gpusetup.machine.model import Machine


def diagnose(
    machine: Machine, rules: list[Rule], *, require_gpu: bool = False, silences: tuple[Silence, ...] = ()
) -> Report:
    """Return the report of `rules` on `machine`; with `require_gpu` a machine without a GPU has an error."""
    findings = examine(machine, rules)
    if require_gpu:
        findings = verdict.require_gpu(findings)
    if silences:
        from datetime import date  # hardly anybody has any

        from gpusetup.doctor.silence import silenced

        findings = silenced(findings, silences, date.today())
    return Report(
        gpusetup=__version__,
        machine=machine_name(machine),
        frameworks=framework_names(machine),
        verdict=verdict.verdict(findings),
        basis=verdict.basis(findings),
        findings=findings,
    )


def with_gpu_required(rules: list[Rule], every: dict[str, Rule]) -> list[Rule]:
    """Return `rules` with the one that looks for a GPU, which a selection may have left out."""
    return rules if any(one.id == verdict.NO_GPU for one in rules) else [every[verdict.NO_GPU], *rules]

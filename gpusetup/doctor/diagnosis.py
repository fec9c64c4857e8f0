"""From a machine to the report on it: every chosen rule, what was accepted, and the verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from gpusetup import __version__
from gpusetup.doctor.examine import examine
from gpusetup.doctor.finding import Report
from gpusetup.doctor.outcome import verdict
from gpusetup.doctor.outcome.areas import areas
from gpusetup.doctor.outcome.machine_title import framework_names, identities, machine_name
from gpusetup.doctor.outcome.to_finding import NOTHING_HERE

if TYPE_CHECKING:
    from gpusetup.doctor.finding import Finding
    from gpusetup.doctor.outcome.severity import Severities
    from gpusetup.doctor.outcome.silence import Silence
    from gpusetup.doctor.rule import Rule
    from gpusetup.machine.model import Machine


def diagnose(
    machine: Machine,
    rules: list[Rule],
    *,
    require_gpu: bool = False,
    silences: tuple[Silence, ...] = (),
    host: str = "",
    severities: Severities | None = None,
) -> Report:
    """Return the report of `rules` on `machine`; with `require_gpu` a machine without a GPU has an error.

    `host` is the name of the machine, where it is the one that this runs on; `severities` are the user's own.
    """
    findings = severities.examine(machine, rules) if severities else examine(machine, rules)
    if require_gpu:
        findings = verdict.require_gpu(findings)
    if silences:
        from datetime import date  # hardly anybody has any

        from gpusetup.doctor.outcome.silence import silenced

        findings = silenced(findings, silences, date.today())
    return Report(
        at=machine.read_at,
        host=host,
        gpusetup=__version__,
        machine=machine_name(machine),
        gpus=identities(machine),
        areas=areas(machine, rules, findings),
        frameworks=framework_names(machine),
        verdict=verdict.verdict(findings),
        basis=verdict.basis(findings),
        findings=findings,
    )


def without_healthy(report: Report) -> Report:
    """Return `report` without the findings of rules that found nothing wrong, which its basis counts.

    One whose verdict does without a reading or a fact stays, with the reason.
    """
    return msgspec.structs.replace(report, findings=tuple(one for one in report.findings if not _is_plain(one)))


def _is_plain(one: Finding) -> bool:
    return one.state == "ok" and one.evidence in {(), NOTHING_HERE}


def with_gpu_required(rules: list[Rule], every: dict[str, Rule]) -> list[Rule]:
    """Return `rules` with the one that looks for a GPU, which a selection may have left out."""
    return rules if any(one.id == verdict.NO_GPU for one in rules) else [every[verdict.NO_GPU], *rules]

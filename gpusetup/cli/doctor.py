"""``gpusetup doctor``: what is wrong with this GPU stack, how we know, what fixes it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gpusetup import __version__
from gpusetup.cli._options import as_json, machine_options, read_machine

if TYPE_CHECKING:
    from gpusetup.doctor.finding import Report
    from gpusetup.doctor.rule import Rule
    from gpusetup.doctor.silence import Silence
    from gpusetup.machine.model import Machine


@click.command()
@machine_options
@as_json
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "junit", "prometheus", "github", "markdown"]),
    default="text", show_default=True,
    help="How to print it; markdown is for an issue: it names neither machine nor owner.",
)  # fmt: skip
@click.option(
    "--fail-on", type=click.Choice(["info", "warning", "error"]), default="error", show_default=True,
    help="The mildest finding that makes the exit code 1.",
)  # fmt: skip
@click.option("--require-gpu", is_flag=True, help="Count a machine without NVIDIA GPU as an error.")
@click.option("--only", default="", metavar="RULE,…", help="Run these rules alone (DRV004, or DRV for the topic).")
@click.option("--skip", default="", metavar="RULE,…", help="Leave these rules out.")
@click.option(
    "--silences", type=click.Path(path_type=Path), metavar="FILE",
    help="Do not count the findings in FILE (TOML: rule, reason, until, perhaps subject); they stay in the report.",
)  # fmt: skip
@click.option("--explain", metavar="RULE", help="Print what is known about one rule, and stop.")
@click.option("--list", "list_rules", is_flag=True, help="Print all rules with the worst they can say, and stop.")
@click.pass_context
def doctor(
    ctx: click.Context, *, machine_file: Path | None, sysroot: Path, deadline: float, as_json: bool, form: str,
    fail_on: str, require_gpu: bool, only: str, skip: str, silences: Path | None, explain: str | None,
    list_rules: bool,
) -> None:  # fmt: skip
    """Say what is wrong with this GPU stack, how we know, and what fixes it.

    Exit code: 0 fine, 1 a problem at or above --fail-on, 3 a required check could not look. Nothing is changed, and no
    rights beyond an ordinary user's are needed.
    """
    if list_rules:
        click.echo("\n".join(f"{one.id}  {one.worst:8} {one.title}" for one in _chosen("", "")))
        return
    if explain is not None:
        from gpusetup.doctor.page import page  # noqa: PLC0415

        every = _chosen("", "")
        click.echo("\n".join(page(one, every) for one in _chosen(explain, "")), nl=False)
        return
    accepted = _silences(silences)
    rules = cache(lambda: _chosen(only, skip))
    machine = read_machine(machine_file, sysroot, deadline, meanwhile=rules)
    report, code = _diagnose(machine, rules(), accepted, fail_on=fail_on, require_gpu=require_gpu)
    _print(report, "json" if as_json else form)
    ctx.exit(code)


def _silences(path: Path | None) -> tuple[Silence, ...]:
    if path is None:
        return ()
    from gpusetup.doctor.silence import load  # noqa: PLC0415

    return load(path)


def _chosen(only: str, skip: str) -> list[Rule]:
    """Return the rules that were asked for, and load what runs them: it can be done while the driver works."""
    from gpusetup.doctor import catalogue, examine, verdict  # noqa: F401, PLC0415

    return catalogue.select(catalogue.all_rules(), only, skip)


def _diagnose(
    machine: Machine, rules: list[Rule], accepted: tuple[Silence, ...], *, fail_on: str, require_gpu: bool
) -> tuple[Report, int]:
    """Return the report and the exit code."""
    from gpusetup.doctor import verdict  # noqa: PLC0415
    from gpusetup.doctor.examine import examine  # noqa: PLC0415
    from gpusetup.doctor.finding import Report  # noqa: PLC0415
    from gpusetup.doctor.name import machine_name  # noqa: PLC0415

    findings = examine(machine, rules)
    if require_gpu:
        findings = verdict.require_gpu(findings)
    if accepted:
        from datetime import date  # noqa: PLC0415

        from gpusetup.doctor.silence import silenced  # noqa: PLC0415

        findings = silenced(findings, accepted, date.today())
    report = Report(gpusetup=__version__, machine=machine_name(machine), findings=findings)
    return report, verdict.exit_code(findings, rules, fail_on)


def _print(report: Report, form: str) -> None:
    if form == "text":
        from gpusetup.report.doctor import show  # noqa: PLC0415

        show(report)
    elif form == "json":
        from gpusetup.value import to_json  # noqa: PLC0415

        click.echo(to_json(report), nl=False)
    else:
        from gpusetup.report.doctor_formats import FORMATS  # noqa: PLC0415

        click.echo(FORMATS[form](report), nl=False)

"""``gpusetup doctor``: what is wrong with this GPU stack, how we know, what fixes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gpusetup.cli._command import section
from gpusetup.cli._completion import rule_names
from gpusetup.cli._options import as_json, deep_options, machine_options, one_format, refuse_elsewhere, schema_option
from gpusetup.cli._output import OUTPUT
from gpusetup.cli._subcommands import Family, Subcommand

if TYPE_CHECKING:
    from pathlib import Path

    from gpusetup.doctor.finding import Report


def _kind() -> type[Report]:
    from gpusetup.doctor.finding import Report  # --help needs no values

    return Report


READING = ("machine_file", "sysroot", "deadline")
JUDGING = (
    *READING, "deep", "pythons", "only", "skip", "silences", "fail_on", "require_gpu", "expect", "severity", "as_json",
    "form",
)  # fmt: skip
SUBCOMMANDS = (
    Subcommand("fix", "Print the steps that repair what was found; --apply carries them out, --undo takes them back.",
           "do_fix", JUDGING, ("do_apply", "do_undo", "yes")),
    Subcommand("watch", "Examine again every SECONDS (default 10): a dashboard on a terminal, else lines of changes.",
           "watch", (*JUDGING, "redact"), metavar="[SECONDS]", default=10.0),
    Subcommand("image", "Report whether IMAGE runs here: its name, an archive of it, or the output of an inspect.",
           "image", (*JUDGING, "redact", "output", "everything"), metavar="IMAGE"),
    Subcommand("rules", "List all rules with the worst severity each can report.", "list_rules", ("as_json", "form")),
    Subcommand("explain", "Explain RULE (an id, a slug or a prefix), with its causes and remedies.",
           "explain", ("as_json", "form"), metavar="RULE", complete=rule_names),
)  # fmt: skip


@click.command(cls=Family, subcommands=SUBCOMMANDS)
@section("What is examined", machine_options, deep_options)
@section(
    "What counts",
    click.option(
        "--only",
        default="",
        metavar="RULE,…",
        shell_complete=rule_names,
        help="Run only these rules: ids, slugs, or a topic (DRV).",
    ),
    click.option("--skip", default="", metavar="RULE,…", shell_complete=rule_names, help="Do not run these rules."),
    click.option(
        "--fail-on",
        type=click.Choice(["info", "warning", "error"]),
        default="error",
        show_default=True,
        help="The least severe finding that makes the exit code 1.",
    ),
    click.option("--require-gpu", is_flag=True, help="Count a machine without an NVIDIA GPU as an error."),
    click.option(
        "--silences",
        type=click.Path(),
        metavar="FILE",
        help="Do not count the findings in FILE (TOML: rule, reason, until, optional subject); the report lists them.",
    ),
    click.option(
        "--expect",
        type=click.Path(),
        metavar="FILE",
        help="Report each expectation in FILE that this machine does not meet (TOML: gpus, model, driver, pcie, …).",
    ),
    click.option(
        "--severity",
        type=click.Path(),
        metavar="FILE",
        help='Set the severity of rules as in FILE (TOML: a rule is "error", "warning", "info" or "off").',
    ),
    click.option(
        "--against",
        type=click.Path(),
        metavar="LOCK",
        help="Instead of the rules, say what differs from this gpusetup.lock, and whether it matters.",
    ),
    click.option(
        "--profile",
        default="",
        metavar="NAME",
        help="With --against: the profile of the lock.  [default: the only one]",
    ),
)
@section(
    "Output",
    as_json,
    click.option(
        "--format",
        "form",
        type=click.Choice(["text", "json", "junit", "prometheus", "github", "markdown", "sarif"]),
        default="text",
        show_default=True,
        help="The report's format. Markdown is for an issue, and is always redacted.",
    ),
    click.option("--output", type=OUTPUT, metavar="FILE", help="Write the report to FILE, in one step."),
    click.option("--all", "everything", is_flag=True, help="Show everything: all evidence, and the rules that passed."),
    click.option("--redact", is_flag=True, help="Remove names of the machine and its people, and secrets."),
    schema_option(_kind),
)
@click.option("--watch", type=click.FloatRange(0.1, 86400), is_flag=False, flag_value="10")
@click.option("--image")
@click.option("--fix", "do_fix", is_flag=True)
@click.option("--explain")
@click.option("--list", "list_rules", is_flag=True)
@section(
    "Repair",
    click.option("--apply", "do_apply", is_flag=True, help="Carry out the steps on this machine, after asking."),
    click.option("--undo", "do_undo", is_flag=True, help="Undo what --apply did on this machine."),
    click.option("--yes", "-y", is_flag=True, help="Do not ask."),
)  # fmt: skip
@click.pass_context
def doctor(
    ctx: click.Context, *, machine_file: str | None, sysroot: str, deadline: float, deep: float | None,
    pythons: tuple[str, ...], as_json: bool, form: str, redact: bool, fail_on: str, require_gpu: bool, only: str,
    skip: str, silences: str | None, expect: str | None, severity: str | None, watch: float | None, image: str | None,
    do_fix: bool, do_apply: bool, do_undo: bool, yes: bool, explain: str | None, list_rules: bool, output: Path | None,
    everything: bool, against: str | None, profile: str,
) -> None:  # fmt: skip
    """Report what is wrong with this GPU stack, the evidence for it, and what fixes it.

    Exit code: 0 fine, 1 a problem at or above --fail-on, 3 a required rule cannot check. Nothing is changed without
    --fix --apply, and an ordinary user's rights are enough.
    """
    if output is not None and (list_rules or explain is not None or do_fix or watch is not None):
        raise click.UsageError("--output takes one report: leave out --list, --explain, --fix and --watch")
    if list_rules or explain is not None:
        from gpusetup.cli._rules import explain_rules, list_all

        form = one_format(form, as_json=as_json)
        (list_all(form) if explain is None else explain_rules(explain, form))
        return
    refuse_elsewhere(deep, machine_file, sysroot)
    if sum((do_fix, watch is not None, image is not None)) > 1:
        raise click.UsageError("--fix, --watch and --image exclude each other: leave out all but one")
    if redact and do_fix:
        raise click.UsageError("--fix prints commands for this machine, which need its names: leave out --redact")
    from gpusetup.cli._diagnosis import MachineSource, policy  # --help needs no values
    from gpusetup.cli._report import show

    form = one_format(form, as_json=as_json)
    source = MachineSource(machine_file, sysroot, deadline, deep, pythons)
    wanted = policy(
        only, skip, silences, fail_on=fail_on, require_gpu=require_gpu, host=source.host, expect=expect,
        severity=severity,
    )  # fmt: skip
    if against is not None:
        from gpusetup.cli._locks import compare

        ctx.exit(compare(source.read(), against, profile, as_json=form == "json"))
    if do_fix or do_apply or do_undo:
        from gpusetup.cli._repair import repair

        ctx.exit(repair(source, wanted, form, only, asked=do_fix, do_apply=do_apply, do_undo=do_undo, yes=yes))
    if watch is not None:
        from gpusetup.cli._watch import watch as keep_watching

        ctx.exit(keep_watching(source, wanted, form, watch, redact=redact))
    if image is not None:
        from gpusetup.cli._image import judge_image

        report, code = judge_image(source.read(), image, wanted, only, skip)
    else:
        report, code = wanted.judge(source.read(meanwhile=wanted.prepare))
    show(report, form, redact=redact, sysroot=sysroot, everything=everything, output=output)
    ctx.exit(code)

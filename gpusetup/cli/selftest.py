"""``gpusetup selftest``: prove that the frameworks compute correct and reproducible results."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from gpusetup.cli._command import Command
from gpusetup.cli._completion import FrameworkName
from gpusetup.cli._deliver import deliver
from gpusetup.cli._options import as_json, one_format, schema_option
from gpusetup.cli._output import OUTPUT
from gpusetup.cli._presets import preset_option
from gpusetup.cli._reports import format_option, reports_option, show_result, write_reports

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gpusetup.selftest.model import Precision, Profile
    from gpusetup.selftest.proof import Proof
    from gpusetup.selftest.registry import Check
    from gpusetup.selftest.schedule import Axis

_FOLDER = click.Path(path_type=Path, file_okay=False)
_FILE = click.Path(path_type=Path, dir_okay=False)
_PRECISIONS = click.Choice(["float32", "tf32", "bf16", "fp16", "float64"])


def several_seeds(_ctx: click.Context, _option: click.Parameter, wanted: tuple[str, ...]) -> tuple[int, ...]:
    """Return every seed of ``7`` and ``0-9``, each once."""
    found: list[int] = []
    for text in wanted:
        first, _, last = text.partition("-")
        if not re.fullmatch(r"\d{1,18}(-\d{1,18})?", text) or int(last or first) < int(first):
            raise click.BadParameter(f"{text!r} is neither a number nor a range like 0-9")
        found += range(int(first), int(last or first) + 1)
    return tuple(dict.fromkeys(found))


def _kind() -> type[Proof]:
    from gpusetup.selftest.proof import Proof  # --help needs no values

    return Proof


@click.command(cls=Command)
@click.option("--quick/--full", default=True, help="About a minute, or the complete set.  [default: quick]")
@click.option(
    "--check",
    "names",
    multiple=True,
    metavar="NAME",
    help="Only this check (repeatable).  [default: all of the profile]",
)
@click.option(
    "--framework", "frameworks", multiple=True, type=FrameworkName(("pytorch", "tensorflow", "jax")),
    help="Only this framework (repeatable).  [default: all installed; jax only with --full]",
)  # fmt: skip
@click.option(
    "--device", "devices", multiple=True, metavar="NAME", help="cpu, cuda:N or all (repeatable).  [default: all]"
)  # fmt: skip
@click.option(
    "--precision", "precisions", multiple=True, type=_PRECISIONS, default=["float32"], show_default=True,
    help="Precision to compute in, for checks that support it (repeatable).",
)  # fmt: skip
@click.option(
    "--seed",
    "seeds",
    multiple=True,
    default=["0"],
    callback=several_seeds,
    metavar="N|N-M",
    help="Seed or range of seeds (repeatable).  [default: 0]",
)
@click.option(
    "--repeat", type=click.IntRange(min=1), default=2, show_default=True, help="Fresh processes per framework."
)  # fmt: skip
@click.option(
    "--python", "pythons", multiple=True, metavar="FRAMEWORK=PATH", help="Interpreter of a framework (repeatable)."
)
@click.option("--threads", type=click.IntRange(min=1), default=1, show_default=True, help="CPU threads per worker.")
@click.option("--jobs", type=click.IntRange(min=1), help="Number of parallel workers.  [default: cores / threads]")
@click.option(
    "--deadline", type=click.FloatRange(min=0.1), default=300.0, show_default=True,
    help="Seconds that a run may be idle (no processor time, no progress), or compute per thread without progress. The "
         "limit for the whole run is ten times this.",
)  # fmt: skip
@click.option(
    "--memory", type=click.FloatRange(min=0.05), metavar="GIB", help="Memory limit of one run.  [default: no limit]"
)
@click.option(
    "--minutes", type=click.FloatRange(min=0.01), metavar="N",
    help="Keep every selected device under full load for so long, in each framework (check soak).",
)  # fmt: skip
@click.option("--data", type=_FOLDER, metavar="DIR", help="Train on your own names: a folder of Language.txt files.")
@click.option(
    "--model", "model", metavar="FILE:FUNCTION",
    help="Go through the sanity list before a long training with your own model: FUNCTION returns model, loss, batch.",
)  # fmt: skip
@click.option(
    "--script", metavar="FILE[:FUNCTION]",
    help="Your own check in one file: FUNCTION returns the same in every process, and what `reference` there returns.",
)  # fmt: skip
@click.option(
    "--checks",
    "own",
    type=_FOLDER,
    metavar="DIR",
    help="Your own checks; they take precedence over built-in ones of the same name.",
)
@click.option("--save", "saved", type=OUTPUT, metavar="FILE", help="Save the proof as JSON.")
@click.option("--baseline", type=_FILE, metavar="FILE", help="Compare with a saved proof: bits and speed.")
@click.option(
    "--may-lose", type=click.FloatRange(0, 100), default=25.0, show_default=True, metavar="PERCENT",
    help="Loss of speed against the baseline that is allowed in the same environment.",
)  # fmt: skip
@click.option("--strict", is_flag=True, help="Exit with 1 for a known upstream defect too.")
@click.option("--list", "only_list", is_flag=True, help="List the checks and exit (with --json: as JSON).")
@as_json
@format_option
@reports_option
@preset_option
@schema_option(_kind)
@click.pass_context
def selftest(
    ctx: click.Context, *, quick: bool, names: tuple[str, ...], frameworks: tuple[str, ...], devices: tuple[str, ...],
    precisions: tuple[Precision, ...], seeds: tuple[int, ...], repeat: int, pythons: tuple[str, ...],
    threads: int, jobs: int | None, deadline: float, memory: float | None, data: Path | None,
    minutes: float | None, model: str | None, script: str | None, own: Path | None,
    saved: Path | None, baseline: Path | None, may_lose: float, strict: bool, only_list: bool, as_json: bool, form: str,
    reports: Path | None,
) -> None:  # fmt: skip
    """Train the same small models in every installed framework, and prove the results.

    Each result is compared with a float64 reference and with the other frameworks, and repeated in a fresh process.
    Exit code: 0 proven (known upstream defects excepted, unless --strict), 1 a verdict failed, 3 something requested
    or standard was not compared (with --baseline: any saved run), 5 no framework is installed. Nothing outside the
    current folder is written.
    """
    from gpusetup.cli._script import Own, own_of  # --help needs none of it
    from gpusetup.cli._signals import unwinding
    from gpusetup.report import progress
    from gpusetup.report.selftest import show
    from gpusetup.report.selftest_formats import outcomes
    from gpusetup.selftest import devices as hardware
    from gpusetup.selftest import frameworks as software
    from gpusetup.selftest.proof import Proof
    from gpusetup.selftest.prove import Baseline, prove
    from gpusetup.selftest.registry import checks as all_checks
    from gpusetup.selftest.schedule import RunLimits, Selection
    from gpusetup.selftest.selection import choose_checks, choose_timed, require_apart, require_data, require_precisions
    from gpusetup.selftest.workers.memory import GIB
    from gpusetup.value import load, to_json

    form = one_format(form, as_json=as_json)
    asked = Own(names, own, tuple(map(software.canonical, frameworks)))
    names, own, wanted, whose = own_of(ctx, script, model, asked, data)
    found = all_checks(own)
    if only_list:
        _list([found[name] for name in choose_checks(names, found)], form)
        return
    profile: Profile = "quick" if quick else "full"
    names = choose_timed(names, minutes or 0.0, found)
    chosen = choose_checks(names, found, profile)
    if data is not None:
        require_data(data, chosen, found)
    here = software.interpreters(wanted, software.parse(pythons))
    taken = here if wanted or pythons else software.at_hand(here, quick=quick)
    before = None
    if baseline is not None:
        require_apart(saved, baseline)
        before = Baseline(load(baseline, Proof), may_lose / 100, _was_given(ctx, "may_lose"))
    selection = Selection(
        checks=chosen,
        pythons=taken,
        devices=hardware.devices(devices),
        seeds=seeds,
        profile=profile,
        repeat=repeat,
        threads=threads,
        data=str(data.resolve()) if data is not None else "",
        precisions=tuple(dict.fromkeys(precisions)),
        minutes=minutes or 0.0,
        model=whose,
        left_out=tuple(name for name in here if name not in taken),
        named=(*(("checks",) if names else ()), *_named(ctx)),  # --minutes and --model name checks as --check does
    )
    require_precisions(selection.precisions, chosen, selection.devices, found)
    with unwinding(), progress.progress() as watch:
        proof = prove(
            selection,
            found,
            own_checks=own,
            baseline=before,
            jobs=jobs or max(1, len(os.sched_getaffinity(0)) // threads),
            limits=RunLimits(seconds=deadline, memory=int((memory or 0) * GIB)),
            watch=watch,
        )
    text, told = to_json(proof, indent=0), outcomes(proof, strict=strict)
    try:
        if saved is not None:
            deliver(text, saved)
    finally:  # print the proof even if it cannot be saved
        show_result(form, text, told, lambda: show(proof))
    write_reports(reports, text, told)
    ctx.exit(proof.concluded().exit_code_if(strict=strict))


def _list(checks: Sequence[Check], form: str) -> None:
    from gpusetup.report import selftest as report
    from gpusetup.value import to_json

    if form not in {"text", "json"}:
        raise click.UsageError(f"--list does not support --format {form}: use --format json, or no --format")
    if form == "json":
        click.echo(to_json([check.listed() for check in checks]), nl=False)
    else:
        report.show_checks(checks)


def _named(ctx: click.Context) -> tuple[Axis, ...]:
    """Return the axes, beside the checks, that the user selected by name instead of leaving them at their defaults."""
    options: dict[str, Axis] = {
        "frameworks": "frameworks",
        "devices": "devices",
        "seeds": "seeds",
        "precisions": "precisions",
    }
    everything = "all" in ctx.params["devices"]
    return tuple(
        axis for option, axis in options.items() if _was_given(ctx, option) and not (axis == "devices" and everything)
    )


def _was_given(ctx: click.Context, option: str) -> bool:
    return ctx.get_parameter_source(option) not in {None, ParameterSource.DEFAULT, ParameterSource.DEFAULT_MAP}

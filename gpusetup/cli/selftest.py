"""``gpusetup selftest``: prove that the frameworks compute the right numbers, the same ones twice."""

from __future__ import annotations

import os
from pathlib import Path

import click

from gpusetup.cli._options import as_json

_FOLDER = click.Path(path_type=Path, file_okay=False)
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.option("--quick/--full", default=True, help="About a minute, or as long as it takes.  [default: quick]")
@click.option("--check", "names", multiple=True, metavar="NAME", help="Run only this check (repeatable).")
@click.option(
    "--framework", "frameworks", multiple=True, metavar="NAME", help="Only pytorch or tensorflow (repeatable)."
)
@click.option(
    "--device", "devices", multiple=True, metavar="NAME", help="cpu, cuda:N or all (repeatable).  [default: all]"
)
@click.option(
    "--seed", "seeds", multiple=True, type=click.IntRange(min=0), default=[0], help="Repeatable.  [default: 0]"
)
@click.option(
    "--repeat", type=click.IntRange(min=1), default=2, show_default=True, help="Fresh processes per framework."
)
@click.option("--python", "pythons", multiple=True, metavar="FRAMEWORK=PATH", help="The interpreter a framework is in.")
@click.option("--threads", type=click.IntRange(min=1), default=1, show_default=True, help="CPU threads of each worker.")
@click.option("--jobs", type=click.IntRange(min=1), help="Workers at a time.  [default: cores / threads]")
@click.option("--deadline", type=click.FloatRange(min=0.1), default=300.0, show_default=True, help="Seconds per run.")
@click.option("--data", type=_FOLDER, metavar="DIR", help="Learn your own names: a folder of Language.txt files.")
@click.option("--checks", "own", type=_FOLDER, metavar="DIR", help="Your own checks; a name found there comes first.")
@click.option("--save", "saved", type=_FILE, metavar="FILE", help="Keep the proof as JSON.")
@click.option("--baseline", type=_FILE, metavar="FILE", help="Hold this run against a saved proof.")
@click.option("--list", "only_list", is_flag=True, help="Print what there is to run, and stop.")
@as_json
@click.pass_context
def selftest(
    ctx: click.Context, *, quick: bool, names: tuple[str, ...], frameworks: tuple[str, ...], devices: tuple[str, ...],
    seeds: tuple[int, ...], repeat: int, pythons: tuple[str, ...], threads: int, jobs: int | None, deadline: float,
    data: Path | None, own: Path | None, saved: Path | None, baseline: Path | None, only_list: bool, as_json: bool,
) -> None:  # fmt: skip
    """Train the same small models in every framework that is installed, and prove their numbers.

    Each is held against a float64 reference and against the other framework, and run again in a fresh process. Exit
    code: 0 proven, 1 a verdict failed, 5 no framework is installed. Nothing outside the current folder is written.
    """
    from gpusetup.report import progress  # noqa: PLC0415 - --help needs none of it
    from gpusetup.report import selftest as report  # noqa: PLC0415
    from gpusetup.selftest import devices as hardware  # noqa: PLC0415
    from gpusetup.selftest import frameworks as software  # noqa: PLC0415
    from gpusetup.selftest.catalogue import checks as all_checks  # noqa: PLC0415
    from gpusetup.selftest.plan import Limits, Selection  # noqa: PLC0415
    from gpusetup.selftest.proof import Proof  # noqa: PLC0415
    from gpusetup.selftest.prove import choose_checks, prove, require_data  # noqa: PLC0415
    from gpusetup.value import load, save, to_json  # noqa: PLC0415

    found = all_checks(own)
    if only_list:
        report.show_checks(found[name] for name in choose_checks(names, found))
        return
    chosen = choose_checks(names, found)
    if data is not None:
        require_data(data, chosen, found)
    before = load(baseline, Proof) if baseline is not None else None
    selection = Selection(
        checks=chosen,
        pythons=software.interpreters(tuple(map(software.canonical, frameworks)), software.parse(pythons)),
        devices=hardware.devices(devices),
        seeds=tuple(dict.fromkeys(seeds)),
        profile="quick" if quick else "full",
        repeat=repeat,
        threads=threads,
        data=str(data.resolve()) if data is not None else "",
    )
    with progress.progress() as watch:
        proof = prove(
            selection,
            found,
            own_checks=own,
            baseline=before,
            jobs=jobs or max(1, len(os.sched_getaffinity(0)) // threads),
            limits=Limits(seconds=deadline),
            watch=watch,
        )
    if saved is not None:
        save(saved, to_json(proof, indent=0))
    click.echo(to_json(proof, indent=0), nl=False) if as_json else report.show(proof)
    ctx.exit(1 if proof.failed else 0)

"""``gpusetup fleet rollout``: a plan for many hosts, as a playbook that stops when the self-test fails."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gpusetup.cli._branches import Branch
from gpusetup.cli._command import section
from gpusetup.cli._options import as_json, schema_option
from gpusetup.cli._request import STACK

if TYPE_CHECKING:
    from gpusetup.fleet.rollout.model import Rollout


def _kind() -> type[Rollout]:
    from gpusetup.fleet.rollout.model import Rollout  # --help needs no values

    return Rollout


@click.command(cls=Branch)
@click.argument("paths", metavar="FOLDER|FILE|-...", nargs=-1, required=True, type=click.Path(path_type=Path))
@section("Stack", *STACK)
@section(
    "Output",
    click.option("--output", "-o", type=click.Path(path_type=Path), metavar="DIR",
                 help="Write rollout.yml, inventory.json and a recipe for each group into DIR."),
    click.option("--wave", "waves", multiple=True, metavar="N|N%",
                 help="Hosts at a time, wave after wave (repeatable); the first is the canary.  "
                      "[default: 1, 10%, 30%]"),
    as_json,
    schema_option(_kind),
)  # fmt: skip
@click.pass_context
def rollout(
    ctx: click.Context, /, *, paths: tuple[Path, ...], output: Path | None, waves: tuple[str, ...], as_json: bool,
    **options: Any,
) -> None:  # fmt: skip
    """Plan one recipe for each group of equal hosts, and write an Ansible playbook that rolls them out in waves.

    Give machines (`gpusetup detect -o HOST.json`). One host of a group is done first; where its recipe or its self-test
    fails, what was done there is undone, and no other host is begun. Nothing is run by this command.

    Exit code: 0 every host has a recipe, 2 a wrong path or option, 4 a host is left out, with the reason.
    """
    from gpusetup.cli._deliver import deliver
    from gpusetup.errors import EXIT_FINE, RefusedError
    from gpusetup.fleet.rollout.playbook import PLAN, files
    from gpusetup.report.rollout import show
    from gpusetup.value import to_json

    found, scripts = _planned(paths, waves, options)
    if output is not None:
        _write(output, files(found, scripts) | {PLAN: to_json(found)})
    if as_json:
        deliver(to_json(found), None)
    else:
        show(found, output)
    ctx.exit(RefusedError.exit_code if found.left_out else EXIT_FINE)


def _planned(
    paths: tuple[Path, ...], waves: tuple[str, ...], options: dict[str, Any]
) -> tuple[Rollout, dict[str, str]]:
    from datetime import UTC, datetime

    from gpusetup import __version__
    from gpusetup.cli._packages import suited
    from gpusetup.cli._request import read_wanted
    from gpusetup.facts import facts
    from gpusetup.fleet.rollout.groups import grouped
    from gpusetup.fleet.rollout.hosts import read_hosts
    from gpusetup.fleet.rollout.model import Rollout
    from gpusetup.fleet.rollout.waves import read_waves
    from gpusetup.resolve import resolve
    from gpusetup.resolve.model import Request, Stack

    chosen, wanted = read_waves(waves), read_wanted(**options)

    def solve(request: Request) -> Stack:
        return resolve(suited(request, facts(), options), facts())

    now = datetime.now(UTC)
    hosts = read_hosts(paths)
    found = grouped(hosts.machines, wanted, facts(), solve, now.date().isoformat())
    return (
        Rollout(
            gpusetup=__version__,
            made_at=now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            waves=chosen,
            groups=found.groups,
            left_out=(*hosts.left_out, *found.left_out),
        ),
        found.scripts,
    )


def _write(folder: Path, texts: dict[str, str]) -> None:
    """Write the files, the playbook last: with it there, all that it names is there too."""
    from gpusetup.errors import WrongInputError
    from gpusetup.files import write

    for name, text in texts.items():
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise WrongInputError(f"cannot make the folder {path.parent}: {error.strerror}") from error
        write(path, text)

"""``gpusetup fleet collect``: what many hosts say of themselves, over ssh, as lines of JSON."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gpusetup.cli._branches import Branch

if TYPE_CHECKING:
    from gpusetup.fleet.collect.kept import Kept
    from gpusetup.fleet.collect.model import Collected, Target, Wanted

_FILE = click.Path(path_type=Path)


@click.command(cls=Branch)
@click.argument("hosts", metavar="[USER@]HOST[:PORT]...", nargs=-1)
@click.option("--hosts-file", type=_FILE, metavar="FILE", help="More hosts, one on each line.")
@click.option("--output", "-o", type=_FILE, required=True, metavar="FILE",
              help="Where a line is added for each host as it ends (.jsonl).")  # fmt: skip
@click.option("--resume", is_flag=True, help="Ask only the hosts of which FILE has nothing whole yet.")
@click.option("--selftest", type=click.Choice(["quick", "full"]), help="Have each host prove its stack as well.")
@click.option("--sudo", is_flag=True, help="Run gpusetup as root there (sudo -n): it reads the kernel's log.")
@click.option("--program", default="gpusetup", show_default=True, metavar="PATH", help="gpusetup on the hosts.")
@click.option("--redact", is_flag=True, help="Have hosts leave out their names and secrets, but for HOST itself.")
@click.option("--deadline", type=click.FloatRange(1, 86400), default=60, show_default=True, metavar="SECONDS",
              help="What one host may take.")  # fmt: skip
@click.option("--at-once", type=click.IntRange(1, 1000), default=32, show_default=True, help="Hosts at a time.")
@click.option("--identity", type=_FILE, metavar="FILE", help="The private key to log in with.")
@click.option("--known-hosts", type=_FILE, metavar="FILE", help="Keys of the hosts, instead of your own file's.")
@click.pass_context
def collect(
    ctx: click.Context,
    /,
    *,
    hosts: tuple[str, ...],
    hosts_file: Path | None,
    output: Path,
    resume: bool,
    selftest: str | None,
    sudo: bool,
    program: str,
    redact: bool,
    deadline: float,
    at_once: int,
    identity: Path | None,
    known_hosts: Path | None,
) -> None:
    """Ask many hosts over ssh what they have and whether it is sound, for `gpusetup fleet FILE`.

    Each runs its own gpusetup, which only reads. Users, ports, keys and jump hosts are as in ~/.ssh/config; a host
    whose key is not known is refused. One that does not answer in time, or answers nonsense, is kept with the reason.

    Exit code: 0 all hosts answered, 2 wrong usage, 3 at least one did not, 5 asyncssh is not installed.
    """
    from gpusetup.errors import EXIT_FINE, CannotLookError
    from gpusetup.fleet.collect.kept import NOTHING, kept
    from gpusetup.fleet.collect.model import Wanted
    from gpusetup.fleet.collect.ssh import require_asyncssh
    from gpusetup.fleet.collect.targets import targets

    asked = targets(hosts, hosts_file)
    require_asyncssh()
    before = kept(output) if resume else NOTHING
    wanted = Wanted(
        program=program, sudo=sudo, selftest=selftest or "", redact=redact, deadline=deadline, at_once=at_once,
        identity=str(identity or ""), known_hosts=str(known_hosts or ""),
    )  # fmt: skip
    failed = _collect([one for one in asked if one.name not in before.names], wanted, output, before, resume=resume)
    ctx.exit(CannotLookError.exit_code if failed else EXIT_FINE)


def _collect(hosts: list[Target], wanted: Wanted, output: Path, before: Kept, *, resume: bool) -> int:
    """Ask the hosts, and return how many gave less than they were asked for."""
    import asyncio

    from gpusetup.cli._streams import notify
    from gpusetup.errors import WrongInputError
    from gpusetup.files import write
    from gpusetup.fleet.collect.everyone import ask_all, envelope

    if resume:
        write(output, before.lines)  # without the lines of hosts that are asked again
    failed = 0
    try:
        with open(output, "ab" if resume else "xb") as file:

            def done(found: Collected) -> None:
                nonlocal failed
                file.write(envelope(found))
                file.flush()
                if found.error:
                    failed += 1
                    notify(f"{found.name}: {found.error}")

            asyncio.run(ask_all(hosts, wanted, done))
    except FileExistsError as error:
        raise WrongInputError(
            f"{output} is there already", "choose another file, or go on with it: --resume"
        ) from error
    except OSError as error:
        raise WrongInputError(f"cannot write {output}: {error.strerror}") from error
    already = f", {len(before.names)} had before" if before.names else ""
    notify(f"{len(hosts) - failed} of {len(hosts)} hosts answered{already}: {output}")
    return failed

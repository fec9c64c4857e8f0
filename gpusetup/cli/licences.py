"""``gpusetup licences``: the licences of a stack, this host or an image."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gpusetup.cli._command import Command
from gpusetup.cli._deliver import deliver
from gpusetup.cli._options import as_json
from gpusetup.cli._output import OUTPUT
from gpusetup.cli._packages import suited
from gpusetup.cli._reading import HERE
from gpusetup.cli._request import read_request, request_options

if TYPE_CHECKING:
    from gpusetup.licences.model import Licences


@click.command(cls=Command)
@request_options
@click.option("--installed", is_flag=True, help="Inspect this host instead of the stack planned for it.")
@click.option(
    "--image", default="", metavar="NAME", help="Inspect this image; its files are read, and nothing in it is run."
)
@click.option("--builder", type=click.Choice(["podman", "buildah", "docker"]),
              help="Engine that has the image.  [default: the first of these that is installed]")  # fmt: skip
@click.option("--all", "everything", is_flag=True, help="Also show the free packages of an image.")
@click.option("--sbom", type=OUTPUT, metavar="FILE",
              help="Also save the parts as a CycloneDX bill of materials.")  # fmt: skip
@as_json
def licences(
    *,
    installed: bool,
    image: str,
    builder: str | None,
    everything: bool,
    sbom: Path | None,
    as_json: bool,
    **options: Any,
) -> None:
    """List the parts of the stack with their licences, and whether they are free and redistributable.

    The facts take precedence over a package's metadata, which is often incomplete; where neither has the licence, it is
    shown as unknown. Alternative stacks with fewer non-free parts follow. This is a summary, not legal advice.
    """
    from gpusetup.report import licences as report  # --help needs none of it
    from gpusetup.value import to_json

    found = _of_image(image, builder or "") if image else _of_host(options) if installed else _of_stack(options)
    if sbom is not None:
        from gpusetup.licences.cyclonedx import bill

        deliver(bill(found), sbom)
    click.echo(to_json(found), nl=False) if as_json else report.show(found, everything=everything)


def _of_stack(options: dict[str, Any]) -> Licences:
    from gpusetup.facts import facts
    from gpusetup.licences.freer import freer
    from gpusetup.licences.judge import judge
    from gpusetup.licences.model import Licences
    from gpusetup.licences.of_stack import parts_of
    from gpusetup.resolve import resolve

    stack = resolve(suited(read_request(facts(), **options), facts(), options), facts())
    cards = ", ".join(card.name for card in stack.request.cards) or "the CPU"
    return Licences(
        subject=f"Stack for {cards} on {stack.distro_name} {stack.release}",
        parts=judge(parts_of(stack, facts()), facts()),
        freer=freer(stack, facts()),
    )


def _of_host(options: dict[str, Any]) -> Licences:
    from gpusetup.cli._reading import read_machine
    from gpusetup.facts import facts
    from gpusetup.licences.judge import judge
    from gpusetup.licences.model import Licences
    from gpusetup.licences.of_contents import driver_of, parts_of
    from gpusetup.machine.software.installed import read_contents

    machine = read_machine(options["machine_file"], options["sysroot"], options["deadline"])
    contents = read_contents(machine, here=options["machine_file"] is None and options["sysroot"] == HERE)
    parts = judge([*driver_of(machine), *parts_of(contents, "environment", machine.system.arch)], facts())
    return Licences(subject="This host", parts=parts)


def _of_image(image: str, builder: str) -> Licences:
    from gpusetup.facts import facts
    from gpusetup.images.builder import find
    from gpusetup.images.contents import licences_of

    return licences_of(find(builder), image, facts())

"""``gpusetup container``: the stack as an image to build."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gpusetup.cli._options import as_json
from gpusetup.cli._request import read_request, request_options

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.resolve.model import Stack


@click.command()
@request_options
@click.option("--base", default="", metavar="IMAGE", help="Build upon this image instead; a digest pins it for good.")
@click.option(
    "--containers",
    "own",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Your own templates, laid out like containers/; looked through first.",
)
@as_json
@click.option("--output", "-o", type=click.Path(path_type=Path), metavar="FILE", help="Write it there instead.")
def container(*, base: str, own: Path | None, as_json: bool, output: Path | None, **options: Any) -> None:
    """Print a Containerfile with the frameworks that fit the cards; the driver stays the host's.

    What the host must bring, the lowest driver version and the compute capability, is in the image's labels.
    With two environments in one image, --framework makes one image for each instead.
    """
    from gpusetup.facts import facts  # noqa: PLC0415 - --help needs none of this
    from gpusetup.render.container import container as render  # noqa: PLC0415
    from gpusetup.resolve import resolve  # noqa: PLC0415
    from gpusetup.value import save, to_json  # noqa: PLC0415

    stack = resolve(read_request(facts(), **options), facts())
    made = datetime.now(UTC).date().isoformat()
    result = render(stack, base or _usual_base(facts(), stack), made, own)
    text = to_json(result) if as_json else result.containerfile
    if output is None:
        click.echo(text, nl=False)
        return
    save(output, text)
    click.echo(f"saved {output}; build it: podman build -t NAME -f {output} .", err=True)


def _usual_base(facts: Facts, stack: Stack) -> str:
    """Return the distribution's own image of the stack's release; its tags are its release numbers."""
    family = next(row for row in facts.image if row.id == f"image-{stack.request.distro}")
    return f"{family.registry}:{stack.release}"

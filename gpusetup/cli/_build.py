"""The options that build an image and run the self-test in it, and their implementation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from gpusetup.cli._deliver import deliver
from gpusetup.cli._output import OUTPUT
from gpusetup.cli._streams import notify

if TYPE_CHECKING:
    from collections.abc import Callable

    from gpusetup.images.builder import Builder
    from gpusetup.render.container import Container
    from gpusetup.resolve.model import Archive
    from gpusetup.selftest.proof import Proof

F = TypeVar("F", bound="Callable[..., Any]")

SELFTEST = "selftest"
"""The format of the image that carries gpusetup."""
_FILE = click.Path(path_type=Path, dir_okay=False)

OPTIONS = (
    click.option("--build", is_flag=True, help="Build the image, instead of printing the file."),
    click.option("--builder", type=click.Choice(["podman", "buildah", "docker"]),
                 help="Builder to use.  [default: the first of these that is installed]"),
    click.option("--builder-option", "builder_options", multiple=True, metavar="OPTION",
                 help="Pass OPTION to the builder (repeatable): --builder-option=--no-cache."),
    click.option("--pip-config", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="FILE",
                 help="pip configuration for the build: a private index, a certificate. Not kept in the image."),
    click.option("--wheel", type=_FILE, metavar="FILE",
                 help="Wheel of gpusetup for the self-test image.  [default: built from this checkout]"),
    click.option("--run-selftest", is_flag=True, help="After the build, run `gpusetup selftest` inside the image."),
    click.option("--save", "proof_file", type=OUTPUT, metavar="FILE", help="Save the proof as JSON."),
    click.option("--sbom", type=OUTPUT, metavar="FILE",
                 help="After the build, write a CycloneDX bill of materials of the image."),
)  # fmt: skip


class Building(NamedTuple):
    """The values of these options."""

    build: bool
    builder: str | None
    builder_options: tuple[str, ...]
    pip_config: Path | None
    wheel: Path | None
    run_selftest: bool
    proof_file: Path | None
    sbom: Path | None


def build_options(command: F) -> F:
    """Add the options that build an image and run the self-test in it."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def take_building(options: dict[str, Any]) -> Building:
    """Remove the build options from `options` and return them."""
    from gpusetup.errors import WrongInputError  # --help needs none of it

    asked = Building(**{name: options.pop(name) for name in Building._fields})
    if (asked.run_selftest or asked.sbom) and not asked.build:
        name = "--run-selftest" if asked.run_selftest else "--sbom"
        raise WrongInputError(f"{name} needs an image that was just built", "add --build")
    if asked.proof_file and not asked.run_selftest:
        raise WrongInputError("--save saves the proof of --run-selftest", "add --run-selftest")
    return asked


def wheel_beside(output: Path | None, kind: str, asked: Building) -> Archive | None:
    """Return gpusetup's wheel if the format `kind` needs it, placed beside the output file for its COPY line."""
    if kind != SELFTEST:
        return None
    from gpusetup.images.build import context
    from gpusetup.images.wheel import wheel

    if output is not None:
        return wheel(asked.wheel, output.parent)
    with context() as folder:
        made = wheel(asked.wheel, folder)
    notify(f"note: the Containerfile copies {made.url}; --output writes both files")
    return made


def build_and_prove(
    draw: Callable[[Archive | None], Container], kind: str, image: str, asked: Building, copied: str = ""
) -> int:
    """Build what `draw` returns as `image`, run the self-test if requested, and return its exit code (0 without)."""
    from gpusetup.errors import WrongInputError
    from gpusetup.images.build import BuildOptions, build, context
    from gpusetup.images.builder import find
    from gpusetup.images.run import require_gpu
    from gpusetup.images.selftest import selftest, with_gpusetup
    from gpusetup.images.wheel import wheel

    builder = find(asked.builder or "")
    settings = BuildOptions(pip_config=asked.pip_config, options=asked.builder_options)
    with context(copied) as folder:
        container = draw(wheel(asked.wheel, folder) if kind == SELFTEST else None)
        if "\nFROM " not in container.text:
            raise WrongInputError(
                f"--format {kind} is not a Containerfile, so there is nothing to build", "use --format containerfile"
            )
        gpu = bool(container.driver_floor)
        if asked.run_selftest:
            require_gpu(builder, gpu)
        built = build(builder, folder, container.text, image, settings, notify)
    click.echo(f"{built.id} {built.tag}")
    if asked.sbom is not None:
        _list(builder, built.tag, asked.sbom)
    if not asked.run_selftest:
        return 0
    proving = built if kind == SELFTEST else with_gpusetup(builder, built, container, asked.wheel, settings, notify)
    return _show(selftest(builder, proving.tag, gpu=gpu), asked.proof_file)


def _list(builder: Builder, image: str, sbom: Path) -> None:
    from gpusetup.facts import facts
    from gpusetup.images.contents import licences_of
    from gpusetup.licences.cyclonedx import bill

    deliver(bill(licences_of(builder, image, facts())), sbom)


def _show(proof: Proof, kept: Path | None) -> int:
    from gpusetup.report import selftest as report
    from gpusetup.value import to_json

    try:
        if kept is not None:
            deliver(to_json(proof), kept)
    finally:  # print the proof even if it cannot be saved
        report.show(proof)
    return proof.concluded().exit_code

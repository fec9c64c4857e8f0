"""``gpusetup container``: the stack as a Containerfile, or as a file that runs the image."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gpusetup.cli._build import build_and_prove, build_options, take_building, wheel_beside
from gpusetup.cli._command import section
from gpusetup.cli._completion import BaseName, container_formats
from gpusetup.cli._container import Wanted
from gpusetup.cli._deliver import deliver
from gpusetup.cli._options import as_json
from gpusetup.cli._output import OUTPUT
from gpusetup.cli._request import NAMES as REQUEST
from gpusetup.cli._request import request_options
from gpusetup.cli._subcommands import Family, Subcommand

if TYPE_CHECKING:
    from gpusetup.render.container.model import Container
    from gpusetup.resolve.model import Archive


IMAGE = ("kind", "base_image", "base", "pin", "image", "own", "wheels", "as_json", "command", "plan_file", "profile",
         "locked", "copied", "own_venv")  # fmt: skip
SUBCOMMANDS = (
    Subcommand("build", "Build the image with podman, buildah or docker; --run-selftest tests it.", "build",
           (*REQUEST, *IMAGE),
           ("builder", "builder_options", "pip_config", "wheel", "run_selftest", "proof_file", "sbom")),
    Subcommand("check", "Check whether the image would run on this machine (or --machine).", "check_host",
           (*REQUEST, *IMAGE)),
)  # fmt: skip


@click.command(cls=Family, subcommands=SUBCOMMANDS)
@request_options
@section(
    "The image",
    click.option(
        "--format",
        "kind",
        default="containerfile",
        show_default=True,
        metavar="NAME",
        shell_complete=container_formats,
        help="containerfile, selftest (an image that runs the self-test), apptainer, bootc, compose, devcontainer, "
        "kubernetes-deployment, kubernetes-job, quadlet or slurm.",
    ),
    click.option(
        "--base-image",
        default="",
        type=BaseName(),
        help="Base image; the names that begin with cuda- are NVIDIA's.  [default: that of the distribution]",
    ),
    click.option(
        "--base",
        default="",
        metavar="IMAGE",
        help="Use this image as the base, treated like --base-image; give a digest to pin it.",
    ),
    click.option(
        "--pin/--no-pin", default=True, show_default=True, help="Pin the base image by digest where a fact has one."
    ),
    click.option("--image", default="", metavar="IMAGE", help="Name of the image."),
    click.option(
        "--requirements",
        "wheels",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Install exactly the wheels in this list, by SHA-256: the wheels.txt of an image.",
    ),
    click.option(
        "--wheels",
        "locked",
        is_flag=True,
        help="Resolve every environment with uv, and install each wheel by its SHA-256.",
    ),
    click.option(
        "--plan",
        "plan_file",
        type=click.Path(path_type=Path),
        metavar="LOCK",
        help="Install exactly what this gpusetup.lock has.",
    ),
    click.option(
        "--profile", default="", metavar="NAME", help="With --plan: the profile of the lock.  [default: the only one]"
    ),
    click.option(
        "--copy",
        "copied",
        default="",
        metavar="DIR",
        help="Copy this folder of yours into the image, as its working folder.",
    ),
    click.option(
        "--own-venv",
        is_flag=True,
        help="Add an environment that the image's user can install into; it cannot change the image's own.",
    ),
    click.option(
        "--templates",
        "own",
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="Your own templates, laid out like containers/; they take precedence.",
    ),
)
@section(
    "Run time",
    click.option("--name", default="", metavar="NAME", help="Name of the container, pod or unit."),
    click.option(
        "--gpus",
        "gpu_count",
        type=click.IntRange(1, 1024),
        default=1,
        show_default=True,
        metavar="N",
        help="Number of GPUs for the container.",
    ),
    click.option(
        "--gpu-product",
        "products",
        multiple=True,
        metavar="NAME",
        help="Kubernetes: only nodes with this nvidia.com/gpu.product (repeatable).",
    ),
    click.option("--runtime-class", default="", metavar="NAME", help="Kubernetes: the runtime class, such as nvidia."),
)
@click.option("--check-host", is_flag=True)
@section(
    "Output",
    as_json,
    click.option("--output", "-o", type=OUTPUT, metavar="FILE", help="Write to FILE instead of standard output."),
)
@section("Building", build_options)
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def container(
    ctx: click.Context, /, *, kind: str, base_image: str, base: str, pin: bool, image: str, name: str, gpu_count: int,
    products: tuple[str, ...], runtime_class: str, own: Path | None, wheels: Path | None, check_host: bool,
    plan_file: Path | None, profile: str, locked: bool, copied: str, own_venv: bool, as_json: bool,
    output: Path | None, command: tuple[str, ...], **options: Any,
) -> None:  # fmt: skip
    """Print a Containerfile with compatible frameworks, or a file that runs its image. The driver stays on the host.

    COMMAND, after `--`, is what the container runs. The image's labels state what the host needs: the minimum driver
    version and compute capability. `gpusetup container build` builds it with podman, buildah or docker. If the stack
    has two environments, use --framework to make one image for each.
    """
    from gpusetup.cli._container import chosen_stack, code_folder, require_place
    from gpusetup.facts import facts  # --help needs none of this
    from gpusetup.machine.image.name import image_name
    from gpusetup.render.container import ContainerJob, render
    from gpusetup.render.container.names import label, slug
    from gpusetup.render.container.wheels import read_wheels

    building = take_building(options)
    require_place(kind, copied=copied, own_venv=own_venv)
    wanted = Wanted(kind=kind, name=base_image, reference=base, pin=pin)
    stack, chosen = chosen_stack(ctx, options, wanted, plan_file, profile, locked=locked)
    usual = slug("gpusetup-" + "-".join(one for env in stack.environments for one in env.frameworks))
    if plan_file and wheels:
        raise click.UsageError("the lock already has the wheels; remove --requirements")
    if wheels and len(stack.environments) > 1:
        raise click.UsageError("--requirements supports one environment: make one image per --framework")
    job = ContainerJob(
        image=image_name(image or f"localhost/{usual}:latest"),
        name=label(name or usual),
        command=command,
        gpus=gpu_count,
        products=products,
        wheels=read_wheels(wheels, stack.environments[0]) if wheels else (),
        copied=code_folder(copied, output, build=building.build),
        own_venv=own_venv,
        runtime_class=runtime_class and label(runtime_class),
    )
    made = datetime.now(UTC).date().isoformat()

    def draw(wheel: Archive | None) -> Container:
        return render(stack, chosen, job, facts(), made=made, kind=kind, own=own, wheel=wheel)

    if check_host:
        ctx.exit(_check_host(draw(None), options, as_json=as_json))
    if building.build:
        ctx.exit(build_and_prove(draw, kind, job.image, building, job.copied))
    _write(draw(wheel_beside(output, kind, building)), output, as_json=as_json)


def _check_host(container: Container, options: dict[str, Any], *, as_json: bool) -> int:
    """Print what would prevent the image from running on the machine, and return the doctor's exit code."""
    from gpusetup.cli._image import judge_container
    from gpusetup.cli._reading import read_machine
    from gpusetup.cli._report import show

    machine = read_machine(options["machine_file"], options["sysroot"], options["deadline"])
    report, code = judge_container(machine, container)
    show(report, "json" if as_json else "text", redact=False)
    return code


def _write(result: Container, output: Path | None, *, as_json: bool) -> None:
    from gpusetup.value import to_json

    text = to_json(result) if as_json else result.text
    deliver(text, output, "; its first lines explain how to use it")

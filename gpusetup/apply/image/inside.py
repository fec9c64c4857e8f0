"""Runs one command inside an image and returns what it printed."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from gpusetup.apply.image.builder import Builder
from gpusetup.apply.image.program import failure
from gpusetup.errors import RefusedError

CDI_GPUS = ("--device=nvidia.com/gpu=all", "--security-opt=label=disable")
"""How podman gets every GPU that the host's CDI specification names; SELinux keeps containers from them otherwise."""


class Output(NamedTuple):
    """What a command printed on stdout, and its exit status."""

    status: int
    text: str


def require_gpu(builder: Builder, gpu: bool) -> None:
    """Raise `RefusedError` when the image needs the `gpu` and this builder cannot give it to what it runs."""
    if gpu and builder.name == "buildah":
        raise RefusedError("buildah gives no GPU to what it runs", "use podman or docker: --builder podman")


def inside(
    builder: Builder, image: str, command: list[str], *, gpu: bool, mounts: tuple[tuple[Path, str], ...] = ()
) -> Output:
    """Run `command` in a fresh container of `image`, with every GPU when it needs the `gpu`.

    `mounts` are files of the host and where they stand inside, read-only. What the command says on stderr is passed on.
    Raises `StepFailedError` when no container can be made of the image.
    """
    require_gpu(builder, gpu)
    volumes = [f"--volume={path}:{place}:ro" for path, place in mounts]
    if builder.name == "buildah":
        with _container(builder, image) as name:
            return _run([builder.path, "run", *volumes, name, "--", *command])
    gpus = CDI_GPUS if builder.name == "podman" else ("--gpus=all",)
    options = ["--rm", "--pull=never", *volumes, *(gpus if gpu else ()), f"--entrypoint={command[0]}"]
    return _run([builder.path, "run", *options, image, *command[1:]])


@contextmanager
def _container(builder: Builder, image: str) -> Iterator[str]:
    """Make a working container of `image` for buildah, and remove it afterwards."""
    made = subprocess.run(
        [builder.path, "from", "--pull-never", image],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if made.returncode != 0:
        raise failure(f"making a container of {image}", made.stderr.splitlines(), made.returncode)
    name = made.stdout.strip()
    try:
        yield name
    finally:
        subprocess.run([builder.path, "rm", name], capture_output=True, check=False)


def _run(command: list[str]) -> Output:
    done = subprocess.run(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, check=False)
    return Output(done.returncode, done.stdout)

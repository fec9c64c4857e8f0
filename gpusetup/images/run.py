"""Runs one command inside an image, in a sandbox, and returns its output."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from gpusetup.errors import RefusedError
from gpusetup.images import sandbox
from gpusetup.images.builder import Builder
from gpusetup.images.program import failure

CDI_GPUS = ("--device=nvidia.com/gpu=all", "--security-opt=label=disable")
"""Podman's options for every GPU in the host's CDI specification; SELinux labelling would deny access to them."""


PRINTED = "/tmp/gpusetup-stdout"  # noqa: S108 - inside a container that lives for one command


class Output(NamedTuple):
    """A command's exit status and its output on stdout."""

    status: int
    text: str


def require_gpu(builder: Builder, gpu: bool) -> None:
    """Raise `RefusedError` when a `gpu` is needed and this builder cannot pass GPUs to containers."""
    if gpu and builder.name == "buildah":
        raise RefusedError("buildah cannot pass GPUs to containers", "use podman or docker: --builder podman")


def inside(builder: Builder, image: str, command: list[str], *, gpu: bool) -> Output:
    """Run `command` in a new sandboxed container of `image`, with every GPU if `gpu` is set.

    Its stderr is passed on. Raises `StepFailedError` when the container cannot be created, or exceeds its limits of
    time or output.
    """
    require_gpu(builder, gpu)
    if builder.name == "buildah":
        return _by_buildah(builder, image, command)
    gpus = CDI_GPUS if builder.name == "podman" else ("--gpus=all",)
    name = sandbox.new_name()
    options = [*sandbox.options(name), *(gpus if gpu else ()), f"--entrypoint={command[0]}"]
    return Output(*sandbox.run([builder.path, "run", *options, image, *command[1:]], builder, name))


def _by_buildah(builder: Builder, image: str, command: list[str]) -> Output:
    """Run `command` under buildah, with its output in a file: chroot isolation can lose the end of a pipe."""
    # the output file is bind-mounted with :z, so that SELinux lets the container write to it
    making, running = sandbox.buildah_options()
    alone = sandbox.without_network()
    with _container(builder, image, making) as name, tempfile.TemporaryDirectory(prefix="gpusetup-") as folder:
        kept = Path(folder, "stdout")
        kept.touch()
        kept.chmod(0o666)  # for any user of the image; the folder itself is private
        into = ["sh", "-c", f'exec "$@" >{PRINTED}', "sh", *command]
        command = [*alone, builder.path, "run", *running, f"--volume={kept}:{PRINTED}:z", name, "--", *into]
        status, _ = sandbox.run(command, builder, name)
        with kept.open("rb") as file:
            return Output(status, file.read(sandbox.PRINTED).decode(errors="replace"))


@contextmanager
def _container(builder: Builder, image: str, options: list[str]) -> Iterator[str]:
    """Create a working container of `image` for buildah, and remove it afterwards."""
    made = subprocess.run(
        [builder.path, "from", "--pull-never", *options, image],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if made.returncode != 0:
        raise failure(f"creating a container of {image}", made.stderr.splitlines(), made.returncode)
    name = made.stdout.strip()
    try:
        yield name
    finally:
        subprocess.run([builder.path, "rm", name], capture_output=True, check=False)

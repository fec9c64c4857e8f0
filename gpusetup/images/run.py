"""Runs one command inside an image, confined, and returns what it printed."""

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
"""How podman gets every GPU that the host's CDI specification names; SELinux keeps containers from them otherwise."""


PRINTED = "/tmp/gpusetup-stdout"  # noqa: S108 - inside a container that lives for one command


class Output(NamedTuple):
    """What a command printed on stdout, and its exit status."""

    status: int
    text: str


def require_gpu(builder: Builder, gpu: bool) -> None:
    """Raise `RefusedError` when the image needs the `gpu` and this builder cannot give it to what it runs."""
    if gpu and builder.name == "buildah":
        raise RefusedError("buildah gives no GPU to what it runs", "use podman or docker: --builder podman")


def inside(builder: Builder, image: str, command: list[str], *, gpu: bool) -> Output:
    """Run `command` in a fresh container of `image`, confined, with every GPU when it needs the `gpu`.

    What it says on stderr is passed on. Raises `StepFailedError` when no container can be made of the image, or when it
    takes or prints more than it may.
    """
    require_gpu(builder, gpu)
    if builder.name == "buildah":
        return _by_buildah(builder, image, command)
    gpus = CDI_GPUS if builder.name == "podman" else ("--gpus=all",)
    name = sandbox.new_name()
    options = [*sandbox.options(name), *(gpus if gpu else ()), f"--entrypoint={command[0]}"]
    return Output(*sandbox.run([builder.path, "run", *options, image, *command[1:]], builder, name))


def _by_buildah(builder: Builder, image: str, command: list[str]) -> Output:
    """Run `command` under buildah, which in a chroot can lose the last a short command prints: it goes to a file."""
    making, running = sandbox.buildah_options()
    alone = sandbox.without_network()
    with _container(builder, image, making) as name, tempfile.TemporaryDirectory(prefix="gpusetup-") as folder:
        kept = Path(folder, "stdout")
        kept.touch()
        kept.chmod(0o666)  # whoever the image's user is; the folder is ours alone
        into = ["sh", "-c", f'exec "$@" >{PRINTED}', "sh", *command]
        command = [*alone, builder.path, "run", *running, f"--volume={kept}:{PRINTED}:z", name, "--", *into]
        status, _ = sandbox.run(command, builder, name)
        with kept.open("rb") as file:
            return Output(status, file.read(sandbox.PRINTED).decode(errors="replace"))


@contextmanager
def _container(builder: Builder, image: str, options: list[str]) -> Iterator[str]:
    """Make a working container of `image` for buildah, and remove it afterwards."""
    made = subprocess.run(
        [builder.path, "from", "--pull-never", *options, image],
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

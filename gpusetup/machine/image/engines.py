"""Reads an image by name, through a container engine or from its registry."""

from __future__ import annotations

import shutil
import subprocess

from gpusetup.errors import CannotLookError, MissingError
from gpusetup.machine.image.described import described
from gpusetup.machine.model.image import Image
from gpusetup.text import neutral

LOCAL = (
    ("podman", "image", "inspect"),
    ("docker", "image", "inspect"),
    ("buildah", "inspect", "--type", "image"),
)
"""Programs that may have the image locally."""
REMOTE = ("skopeo", "inspect", "--config")
"""Programs that read an image's configuration from its registry, without pulling it."""
SECONDS = 60


def from_engine(name: str) -> Image:
    """Return the image called `name`: as an engine here has it, else as its registry does.

    Raises `MissingError` if none of the programs is installed, `CannotLookError` with their messages if none finds it.
    """
    asked = [[*command, name] for command in LOCAL] + [[*REMOTE, f"docker://{name}"]]
    found = [command for command in asked if shutil.which(command[0])]
    if not found:
        raise MissingError(
            f"neither podman, docker, buildah nor skopeo is installed to read {name}",
            "install one of them, or give the image as an archive or the output of an inspect as a file",
        )
    said = []
    for command in found:
        try:
            done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)
        except (subprocess.TimeoutExpired, OSError) as error:
            said.append(f"{command[0]}: {error}")
            continue
        if done.returncode == 0:
            return described(done.stdout, name)
        said.append(f"{command[0]}: {(done.stderr.decode(errors='replace').strip().splitlines() or ['failed'])[-1]}")
    raise CannotLookError(
        f"cannot find the image {name} ({neutral('; '.join(said))[:400]})",
        "pull it first, or give its archive or the output of an inspect as a file",
    )

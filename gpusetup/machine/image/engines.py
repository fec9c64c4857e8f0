"""An image by its name, asked of the container engine or tool that knows it."""

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
"""Who may have it here already."""
REMOTE = ("skopeo", "inspect", "--config")
"""Who reads an image's configuration in its registry, without pulling it."""
SECONDS = 60


def from_engine(name: str) -> Image:
    """Return the image called `name`: as an engine here has it, else as its registry does.

    Raises `MissingError` when there is none of the programs, `CannotLookError` with what they said when none knows it.
    """
    asked = [[*command, name] for command in LOCAL] + [[*REMOTE, f"docker://{name}"]]
    found = [command for command in asked if shutil.which(command[0])]
    if not found:
        raise MissingError(
            f"neither podman, docker, buildah nor skopeo is here to ask about {name}",
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
        f"no program here knows the image {name} ({neutral('; '.join(said))[:400]})",
        "pull it first, or give its archive or the output of an inspect as a file",
    )

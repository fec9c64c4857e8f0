"""Resolves an image argument: a file, a folder, or a name."""

from __future__ import annotations

import platform
from pathlib import Path

from gpusetup.errors import WrongInputError
from gpusetup.machine.image.archive import from_archive, from_layout
from gpusetup.machine.image.described import described, is_json
from gpusetup.machine.image.engines import from_engine
from gpusetup.machine.image.name import image_name
from gpusetup.machine.model.image import Image

MOST = 16 << 20
"""Bytes of a file that describes an image."""


def read_image(said: str, machine: str = "") -> Image:
    """Return the image that `said` names: an archive, an image layout, an inspect's output, else its name.

    `machine` is the architecture to take where there are several; "" is this one's. Raises `WrongInputError`.
    """
    path, machine = Path(said), machine or platform.machine()
    if path.is_dir():
        return from_layout(path, machine)
    if not path.is_file():
        if said.startswith(("/", ".")):
            raise WrongInputError(f"{said} does not exist", "give an archive, the output of inspect, or an image name")
        return from_engine(image_name(said))
    try:
        with path.open("rb") as file:
            head = file.read(64)
            if not is_json(head):
                return from_archive(path, machine)
            return described(head + file.read(MOST), said)
    except OSError as error:
        raise WrongInputError(f"cannot read {path}: {error.strerror}") from error

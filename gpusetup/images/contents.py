"""Reads what is installed in an image, and finds the licences."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from gpusetup.images.archive import saved
from gpusetup.images.builder import Builder
from gpusetup.licences.judge import judge
from gpusetup.licences.model import Licences, Part
from gpusetup.licences.of_contents import parts_of
from gpusetup.machine.image.engines import from_engine
from gpusetup.machine.image.installed import read_installed
from gpusetup.machine.image.layers import unpack

if TYPE_CHECKING:
    from gpusetup.facts import Facts


def licences_of(builder: Builder, image: str, facts: Facts) -> Licences:
    """Return the licences of the wheels and packages in `image`. Its files are read; nothing in it is run.

    Raises `CannotLookError` when they cannot be read.
    """
    configured = from_engine(image)
    with tempfile.TemporaryDirectory(prefix="gpusetup-") as folder:
        with saved(builder, image) as archive:
            unpack(archive, Path(folder))
        contents = read_installed(Path(folder))
    parts = [*_base(configured.labels), *parts_of(contents, "image", configured.architecture)]
    return Licences(subject=f"Image {image}", parts=judge(parts, facts))


def _base(labels: dict[str, str]) -> Iterator[Part]:
    """Yield the base image, where the labels name it."""
    name, _, tag = labels.get("org.opencontainers.image.base.name", "").rpartition(":")
    digest = labels.get("org.opencontainers.image.base.digest", "")
    if name:
        version = quote(digest, safe="") if digest else tag
        purl = f"pkg:oci/{name.rpartition('/')[2]}@{version}?repository_url={quote(name)}&tag={tag}"
        yield Part(key=f"image/{name}", name=name, version=tag, where="image", purl=purl)

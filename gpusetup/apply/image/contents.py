"""Asks an image what is installed in it, and judges the licences of that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec

from gpusetup.apply.image.builder import Builder
from gpusetup.apply.image.inside import inside
from gpusetup.errors import CannotLookError
from gpusetup.licences.judge import judge
from gpusetup.licences.model import Licences, Part
from gpusetup.licences.of_contents import parts_of
from gpusetup.machine.image.engines import from_engine
from gpusetup.machine.model.contents import Contents
from gpusetup.machine.software.installed import PROGRAM

if TYPE_CHECKING:
    from gpusetup.facts import Facts


def licences_of(builder: Builder, image: str, facts: Facts) -> Licences:
    """Return the licences of the wheels and packages in `image`; raises `CannotLookError` when it has no Python."""
    configured = from_engine(image)
    output = inside(builder, image, ["python3", "-"], gpu=False, given=PROGRAM.read_text(encoding="utf-8"))
    try:
        contents = msgspec.json.decode(output.text, type=Contents)
    except msgspec.DecodeError as error:
        raise CannotLookError(
            f"what is in {image} cannot be listed (exit status {output.status})", "it needs a python3 in its PATH"
        ) from error
    parts = [*_base(configured.labels), *parts_of(contents, "image", configured.architecture)]
    return Licences(subject=f"Image {image}", parts=judge(parts, facts))


def _base(labels: dict[str, str]) -> Iterator[Part]:
    """Yield the image it was built upon, where its labels say."""
    name, _, tag = labels.get("org.opencontainers.image.base.name", "").rpartition(":")
    digest = labels.get("org.opencontainers.image.base.digest", "")
    if name:
        version = quote(digest, safe="") if digest else tag
        purl = f"pkg:oci/{name.rpartition('/')[2]}@{version}?repository_url={quote(name)}&tag={tag}"
        yield Part(key=f"image/{name}", name=name, version=tag, where="image", purl=purl)

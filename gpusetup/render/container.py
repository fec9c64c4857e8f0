"""A `Stack` as a Containerfile: the frameworks in an image, the driver's floor in its labels, never the driver."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from gpusetup import __version__
from gpusetup.content import content_dirs
from gpusetup.errors import RefusedError, WrongInputError
from gpusetup.render import environment
from gpusetup.render.settle import settle
from gpusetup.report.console import neutral
from gpusetup.resolve.model import Stack
from gpusetup.value import Value
from gpusetup.versions import driver

if TYPE_CHECKING:
    from collections.abc import Iterator

TEMPLATE = "Containerfile.j2"
INSIDE = frozenset({"torch", "tensorflow", "environments", "cudnn", "python torch", "python tensorflow"})
"""The components that an image holds; the others are the host's."""

# registry/name:tag and perhaps @sha256:…, which a FROM line takes without quotes
_IMAGE = re.compile(r"[a-z0-9][a-z0-9._/:-]*(:[A-Za-z0-9_][A-Za-z0-9._-]*)?(@sha256:[0-9a-f]{64})?")


class Container(Value):
    """One image to build: its `containerfile`, and the lowest host driver it runs on ("" when it needs none)."""

    stack: Stack
    base: str
    driver_floor: str
    containerfile: str


def container(stack: Stack, base: str, made: str, own: Path | None = None) -> Container:
    """Return the image for `stack` upon the image `base`; `made` is the day it was made, for its header.

    Raises `RefusedError` when there is no template for the distribution, `WrongInputError` when `base` is no image.
    """
    floor = max((one.driver_floor for one in stack.environments if one.driver_floor), key=driver, default="")
    folders = [folder / stack.request.distro for folder in content_dirs("containers", own)]
    if not any((folder / TEMPLATE).is_file() for folder in folders):
        raise RefusedError(
            f"there is no {TEMPLATE} for {neutral(stack.request.distro)!r}",
            "give a folder with your own by --containers DIR",
        )
    template = environment.get(environment.scripts(folders), TEMPLATE)
    with environment.template_faults(TEMPLATE):
        text = settle(
            template.render(
                stack=stack,
                base=image(base),
                labels=list(_labels(stack, floor)),
                choices=[choice for choice in stack.choices if choice.component in INSIDE],
                python_packages=sorted(
                    {name for one in stack.environments for name in one.python_packages or ("python3",)}
                ),
                made=made,
                version=__version__,
            )
        )
    return Container(stack=stack, base=base, driver_floor=floor, containerfile=text)


def image(name: str) -> str:
    """Return `name` if it is an image's, with a tag or a digest; `WrongInputError` otherwise."""
    if not _IMAGE.fullmatch(name) or name.count(":") == 0:
        raise WrongInputError(
            f"{neutral(name)!r} is no image with a tag or a digest", "give registry/name:tag or registry/name@sha256:…"
        )
    return name


def _labels(stack: Stack, floor: str) -> Iterator[tuple[str, str]]:
    """Yield what a host can be compared with before anything runs."""
    requirements = [one.text for env in stack.environments for one in env.requirements]
    yield "org.opencontainers.image.title", " and ".join(one for env in stack.environments for one in env.frameworks)
    yield "io.gpusetup.requirements", " ".join(requirements)
    if floor:
        yield "io.gpusetup.driver-floor", floor
        yield "io.gpusetup.compute-capability", " ".join(card.compute_capability for card in stack.request.cards)

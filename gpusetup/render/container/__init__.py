"""A `Stack` as an image: the frameworks inside, the driver's floor in its labels, never the driver."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gpusetup.content import content_dirs
from gpusetup.machine.image.name import image_name
from gpusetup.render import environment
from gpusetup.render.container.context import context
from gpusetup.render.container.formats import settled, skeleton, template_name
from gpusetup.render.container.labels import floor, labels
from gpusetup.render.container.model import Base, Container, Job

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.resolve.model import Archive, Stack

__all__ = ["Base", "Container", "Job", "render"]


def render(
    stack: Stack,
    base: Base,
    job: Job,
    facts: Facts,
    *,
    made: str,
    kind: str = "containerfile",
    own: Path | None = None,
    wheel: Archive | None = None,
) -> Container:
    """Return `stack` upon `base` as a file of the format `kind`; `made` is the day it was made, for its header.

    `own` is a folder of the user's laid out like ``containers/``, looked through first; `wheel` is gpusetup itself, for
    formats that carry it. Raises `WrongInputError` when there is no such format or a name is none.
    """
    folders = content_dirs("containers", own)
    name = template_name(kind, folders)
    template = environment.get(environment.scripts(folders), name)
    image_name(base.reference)
    said = labels(stack, base, facts)
    with environment.template_faults(name):
        text = template.render(
            context(stack, base, job, facts),
            base_template=f"bases/{base.family}.j2",
            skeleton=skeleton(name),
            labels=list(said.items()),
            wheel=wheel,
            made=made,
        )
        text = settled(text, name)
    return Container(stack=stack, base=base, job=job, format=kind, driver_floor=floor(stack), labels=said, text=text)

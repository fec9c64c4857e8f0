"""A `Stack` as an image: with the frameworks, the minimum driver in its labels, and never the driver itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from gpusetup.content_dirs import content_dirs
from gpusetup.machine.image.name import image_name
from gpusetup.render import environment
from gpusetup.render.container.context import context
from gpusetup.render.container.formats import checked, skeleton, template_name
from gpusetup.render.container.labels import floor, labels
from gpusetup.render.container.model import Base, Container, ContainerJob
from gpusetup.render.quoting_check import check_shell
from gpusetup.render.steps import recipe

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.resolve.model import Archive, Stack

__all__ = ["Base", "Container", "ContainerJob", "render"]


def render(
    stack: Stack,
    base: Base,
    job: ContainerJob,
    facts: Facts,
    *,
    made: str,
    kind: str = "containerfile",
    own: Path | None = None,
    wheel: Archive | None = None,
) -> Container:
    """Return `stack` upon `base` as a file of the format `kind`; `made` is the day it was made, for its header.

    `own` is a folder of the user's laid out like ``containers/``, looked through first; `wheel` is gpusetup itself, for
    formats that carry it. Beside the values of `context`, templates see ``also(format)``, the same stack in another
    format, ``script(part)``, a part that is shell text, and ``step(id)``, a step of the host's recipe. Raises
    `WrongInputError` when there is no such format or a name is none.
    """
    folders = content_dirs("containers", own)
    name = template_name(kind, folders)
    templates = environment.scripts([*folders, *content_dirs("recipes")])  # a bootable host shares parts with them
    template = environment.get(templates, name)
    image_name(base.reference)
    said = labels(stack, base, facts)
    with environment.template_faults(name):
        values: dict[str, Any] = context(stack, base, job, facts) | {
            "base_template": f"bases/{base.family}.j2",
            "skeleton": skeleton(name),
            "labels": list(said.items()),
            "wheel": wheel,
            "made": made,
            "also": lambda other: render(stack, base, job, facts, made=made, kind=other, own=own).text.rstrip("\n"),
            "script": lambda part: check_shell(environment.get(templates, part).render(values)).rstrip("\n"),
            "step": lambda wanted: step_script(stack, wanted),
        }
        text = checked(template.render(values), name)
    return Container(stack=stack, base=base, job=job, format=kind, driver_floor=floor(stack), labels=said, text=text)


def step_script(stack: Stack, wanted: str) -> str:
    """Return a step of the host's recipe as a separate script for a build, without the data for undo."""
    made = recipe(stack)
    step = next(one for one in made.steps if one.id == wanted)
    parts = ("set -euo pipefail", made.library, "state=$(mktemp -d)", step.define, step.apply, 'rm -rf "$state"')
    return "\n".join(part.strip("\n") for part in parts)

"""A `Stack` as an image: the frameworks inside, the driver's floor in its labels, never the driver."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gpusetup import __version__
from gpusetup.content import content_dirs
from gpusetup.render import environment
from gpusetup.render.container.formats import settled, template_name
from gpusetup.render.container.labels import floor, labels
from gpusetup.render.container.model import Base, Container, Job
from gpusetup.render.container.names import image
from gpusetup.resolve.locked import locked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gpusetup.facts import Facts
    from gpusetup.resolve.model import Archive, Stack

__all__ = ["Base", "Container", "Job", "render"]

SKELETON = "Containerfile.j2"
INSIDE = frozenset({"torch", "tensorflow", "environments", "cudnn", "python torch", "python tensorflow"})
"""The components that an image holds; the others are the host's."""


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
    image(base.reference)
    said = labels(stack, base, facts)
    with environment.template_faults(name):
        text = template.render(
            base_template=f"bases/{base.family}.j2",
            skeleton=SKELETON,
            stack=stack,
            base=base,
            job=job,
            stages=_stages(base),
            labels=list(said.items()),
            floor=floor(stack),
            about=list(_about(stack, base)),
            python_packages=sorted(
                {name for one in stack.environments for name in one.python_packages or ("python3",)}
            ),
            hashed={one.name: _hashed(one, facts) for one in stack.environments},
            wheel=wheel,
            made=made,
            version=__version__,
        )
        text = settled(text, name)
    return Container(stack=stack, base=base, job=job, format=kind, driver_floor=floor(stack), labels=said, text=text)


def _stages(base: Base) -> list[tuple[str, str, bool]]:
    """Return image, name and whether packages are installed, of the stages before the last."""
    return [(base.reference, "python", True), (base.build_reference or "python", "build", bool(base.build_reference))]


def _about(stack: Stack, base: Base) -> Iterator[str]:
    """Yield the header's lines: for which cards, what is inside, what the host must have."""
    for card in stack.request.cards:
        yield f"For: {card.name}, compute capability {card.compute_capability}"
    for choice in stack.choices:
        if choice.component in INSIDE:
            yield f"{choice.component}: {choice.value}"
    for one in stack.environments:
        if one.driver_floor:
            yield (
                f"The host needs driver {one.driver_floor} or newer for {' and '.join(one.frameworks)};"
                " no driver goes into an image."
            )
    if base.source:
        yield f"Built upon: {', '.join(base.source)}"


def _hashed(environment: object, facts: Facts) -> list[str]:
    """Return the lines for pip's hash checking of those requirements whose wheel a fact knows."""
    return [
        f"{one.text} --hash=sha256:{one.sha256}"
        for one in locked(environment, facts).requirements  # type: ignore[arg-type]
        if one.sha256
    ]

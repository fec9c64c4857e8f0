"""The values for container templates."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from gpusetup import __version__
from gpusetup.content_dirs import content_dirs
from gpusetup.render.container.labels import floor
from gpusetup.render.container.names import pyxis, untagged
from gpusetup.resolve.chosen.locked_requirements import locked
from gpusetup.resolve.pins import FRAMEWORKS
from gpusetup.versions import dotted

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.render.container.model import Base, ContainerJob
    from gpusetup.resolve.model import Environment, Stack

INSIDE = frozenset(
    {"environments", "cudnn", "jax_cudnn", *FRAMEWORKS, *(f"python {framework}" for framework in FRAMEWORKS)}
)
"""The components that an image contains; the others belong to the host."""


def context(stack: Stack, base: Base, job: ContainerJob, facts: Facts) -> dict[str, Any]:
    """Return the values that every template of a container has, whatever its format.

    ``command`` is the user's, or what shows the framework and its GPUs (``containers/first.json``).
    """
    environments = stack.environments
    return {
        "command": job.command or _first(environments[0].frameworks[0]),
        "stack": stack,
        "base": base,
        "job": job,
        "stages": _stages(base, builds=any(one.built for one in environments)),
        "builds": [one for one in environments if one.built],
        "headers": sorted({_header(one.python) for one in environments}),
        "capabilities": sorted({card.compute_capability for card in stack.request.cards}, key=dotted),
        "about": list(_about(stack, base)),
        "floor": floor(stack),
        "majors": sorted({card.compute_capability.partition(".")[0] for card in stack.request.cards}, key=int),
        "requirements": " ".join(one.text for env in environments for one in env.requirements),
        "python_packages": sorted({name for one in environments for name in one.python_packages or ("python3",)}),
        "hashed": {one.name: list(job.wheels or one.wheels or _hashed(one, facts)) for one in environments},
        "whole": {one.name: bool(job.wheels or one.wheels) for one in environments},
        "untagged": untagged,
        "pyxis": pyxis,
        "version": __version__,
    }


def _first(framework: str) -> list[str]:
    commands = json.loads((content_dirs("containers")[0] / "first.json").read_bytes())
    return list(commands.get(framework, ["python"]))


def _stages(base: Base, *, builds: bool) -> list[tuple[str, str, bool]]:
    """Return image, name and whether packages are installed, of the stages before the last.

    Where something is compiled the stage for that gets compilers.
    """
    build = (base.build_reference or "python", "build", builds or bool(base.build_reference))
    return [(base.reference, "python", True), build]


def _header(python: str) -> str:
    """Return the file that dnf finds the headers of a Python by: the package has another name in each release."""
    flags = "m" if dotted(python) < dotted("3.8") else ""
    return f"/usr/include/python{python}{flags}/Python.h"


def _about(stack: Stack, base: Base) -> Iterator[str]:
    """Yield the header's lines: cards, content, requirements on the host."""
    for card in stack.request.cards:
        yield f"For: {card.name}, compute capability {card.compute_capability}"
    for choice in stack.choices:
        if choice.component in INSIDE:
            yield f"{choice.component}: {choice.value}"
    for one in stack.environments:
        if one.driver_floor:
            yield f"The host needs driver {one.driver_floor} or newer for {' and '.join(one.frameworks)}."
    if base.source:
        yield f"Base image from: {', '.join(base.source)}"
    yield from _pinning(base)


def _pinning(base: Base) -> Iterator[str]:
    """Yield a line on the images whose digest is in their name, and one on those that a tag alone names."""
    images = list(dict.fromkeys(filter(None, (base.reference, base.build_reference))))
    by_tag = [one for one in images if "@" not in one]
    if len(by_tag) < len(images):
        yield f"Pinned by digest: {', '.join(one.partition('@')[0] for one in images if one not in by_tag)}"
    if by_tag:
        yield f"Not pinned: {', '.join(by_tag)}, whose content can change; to pin it: --base IMAGE@sha256:DIGEST"


def _hashed(environment: Environment, facts: Facts) -> Iterator[str]:
    """Yield a line for pip's hash checking for each requirement whose wheel is in the facts."""
    for one in locked(environment, facts).requirements:
        if one.sha256:
            yield f"{one.text} --hash=sha256:{one.sha256}"

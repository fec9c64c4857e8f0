"""Choose the base image and the stack in it. They depend on each other, since each image has its own Pythons."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from gpusetup.errors import RefusedError
from gpusetup.facts import systems
from gpusetup.render.container.bases import base, base_row, names, own_base
from gpusetup.resolve import completed, resolve
from gpusetup.resolve.asked.image_pythons import resolve_inside
from gpusetup.resolve.model import Reason, Refusal

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.facts.model.containers import ContainerBase
    from gpusetup.render.container.model import Base
    from gpusetup.resolve.model import Request, Stack

_SUFFIX = "-bootc"
HOST = "bootc"
"""The format that is a host, not a container: it contains the driver and NVIDIA's container toolkit."""


def attempted(request: Request, facts: Facts, kind: str, *, name: str, reference: str, pin: bool) -> Stack | Refusal:
    """Return the stack that `choose` chooses, or its refusal as a value."""
    try:
        return choose(request, facts, kind, name=name, reference=reference, pin=pin)[0]
    except RefusedError as error:
        return Refusal(request=request, because=(Reason(fact="image", text=error.message),), ways_out=())


def base_of(stack: Stack, facts: Facts, kind: str, *, name: str, reference: str, pin: bool) -> tuple[Stack, Base]:
    """Return the base image for a stack that is decided, and the stack with the packages of that image's Pythons.

    Raises `RefusedError` when the image lacks a Python of the stack, or no tag is on record.
    """
    distro = f"{stack.request.distro}{_SUFFIX}" if kind == HOST else stack.request.distro
    row = base_row(facts, name or distro)
    if not row.pythons:
        row = row if reference else base_row(facts, name or distro, stack.release)
    elif lacking := [one.python for one in stack.environments if one.python not in row.pythons]:
        raise RefusedError(
            f"the base image has no Python {lacking[0]}",
            f"it has {', '.join(row.pythons)}: lock with --python, or use another --base-image",
        )
    else:
        made = (msgspec.structs.replace(one, python_packages=row.pythons[one.python]) for one in stack.environments)
        stack = msgspec.structs.replace(stack, environments=tuple(made))
    return stack, _base(stack, row, facts, reference, pin=pin)


def _base(stack: Stack, row: ContainerBase, facts: Facts, reference: str, *, pin: bool) -> Base:
    if reference:
        return own_base(reference, row)
    return base(facts, row, next((one.cuda for one in stack.environments if one.cuda), ""), pin=pin)


def choose(
    request: Request,
    facts: Facts,
    kind: str = "containerfile",
    *,
    name: str = "",
    reference: str = "",
    pin: bool = True,
) -> tuple[Stack, Base]:
    """Return the stack for an image of the format `kind`, and its base image.

    That is the base called `name`, by default the distribution's own, or the image `reference`, handled as
    that base. Raises `RefusedError` when nothing fits inside or no tag is on record.
    """
    row = base_row(facts, name or _own(request, facts, kind))
    request = completed(_for_image(request, facts, row), facts)
    if kind == HOST:
        request = msgspec.structs.replace(request, variant="bootc", containers=True)
    if row.pythons:
        stack = resolve_inside(request, row.pythons, facts)
    else:  # an image of the distribution that the stack is for
        stack = resolve(request, facts)
        row = row if reference else base_row(facts, row.base, stack.release)
    return stack, _base(stack, row, facts, reference, pin=pin)


def _own(request: Request, facts: Facts, kind: str) -> str:
    """Return the base of the request's distribution; of one without an image, that of the first in the tables."""
    suffix = _SUFFIX if kind == HOST else ""
    wanted = f"{request.distro}{suffix}"
    return wanted if wanted in names(facts) else f"{systems.distribution(facts).name}{suffix}"


def _for_image(request: Request, facts: Facts, row: ContainerBase) -> Request:
    """Return the request for the distribution of an image whose Pythons are that distribution's.

    It may come from a host of another one, whose release says nothing of the image.
    """
    its = row.base.removesuffix(_SUFFIX)
    if row.pythons or its == request.distro or its not in systems.names(facts):
        return request
    return msgspec.structs.replace(request, distro=its, release="")

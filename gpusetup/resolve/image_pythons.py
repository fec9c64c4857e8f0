"""A stack for the inside of an image, whose Pythons are its own and not the host's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from gpusetup.errors import RefusedError
from gpusetup.resolve import attempt, resolve
from gpusetup.resolve.model import Refusal, Request, Stack
from gpusetup.resolve.pins import covers

if TYPE_CHECKING:
    from gpusetup.facts import Facts


def resolve_inside(request: Request, pythons: Mapping[str, tuple[str, ...]], facts: Facts) -> Stack:
    """Return the stack of the first of `pythons` that has one, with the packages that bring that Python.

    Without `pythons` the image is of the host's own distribution. Raises `RefusedError`: as the solver does for the
    preferred Python, or when the one that was asked for is not among them.
    """
    if not pythons:
        return resolve(request, facts)
    offered = [one for one in pythons if not request.python or covers(request.python, one)]
    if not offered:
        raise RefusedError(
            f"the base image has no Python {request.python}",
            f"it has {', '.join(pythons)}; or take another --base-image",
        )
    for python in offered:
        found = attempt(msgspec.structs.replace(request, python=python), facts)
        if not isinstance(found, Refusal):
            return _with_packages(found, pythons)
    return resolve(msgspec.structs.replace(request, python=offered[0]), facts)


def _with_packages(stack: Stack, pythons: Mapping[str, tuple[str, ...]]) -> Stack:
    environments = tuple(
        msgspec.structs.replace(one, python_packages=pythons[one.python]) for one in stack.environments
    )
    return msgspec.structs.replace(stack, environments=environments)

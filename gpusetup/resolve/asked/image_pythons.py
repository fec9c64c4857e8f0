"""A stack for a container image, which has its own Pythons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from gpusetup.errors import RefusedError
from gpusetup.facts import systems
from gpusetup.resolve import attempt, resolve
from gpusetup.resolve.model import Refusal, Request, Stack
from gpusetup.resolve.pins import covers

if TYPE_CHECKING:
    from gpusetup.facts import Facts


def resolve_inside(request: Request, pythons: Mapping[str, tuple[str, ...]], facts: Facts) -> Stack:
    """Return the stack of the first of `pythons` that has one, with the packages that install that Python.

    Without `pythons` the image has the host's distribution. Raises `RefusedError` like the solver for the preferred
    Python, or when the requested one is not among them.
    """
    if not pythons:
        return resolve(request, facts)
    offered = [one for one in pythons if not request.python or covers(request.python, one)]
    if not offered:
        raise RefusedError(
            f"the base image has no Python {request.python}",
            f"it has {', '.join(pythons)}; or use another --base-image",
        )
    request = _of_no_host(request, facts)
    for python in offered:
        found = attempt(msgspec.structs.replace(request, python=python), facts)
        if not isinstance(found, Refusal):
            return _with_packages(found, pythons)
    return resolve(msgspec.structs.replace(request, python=offered[0]), facts)


def _of_no_host(request: Request, facts: Facts) -> Request:
    """Return the request without the host's distribution, whose Pythons say nothing of those in an image.

    It is that of the first distribution in the tables instead, which has every Python beside its own.
    """
    first = systems.distribution(facts).name
    if request.distro in ("", first):
        return request
    return msgspec.structs.replace(request, distro=first, release="", repo="", present_owner="")


def _with_packages(stack: Stack, pythons: Mapping[str, tuple[str, ...]]) -> Stack:
    environments = tuple(
        msgspec.structs.replace(one, python_packages=pythons[one.python]) for one in stack.environments
    )
    return msgspec.structs.replace(stack, environments=environments)

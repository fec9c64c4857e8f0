"""The resolver: uv where there is one, else pip."""

from __future__ import annotations

from collections.abc import Callable

from gpusetup.errors import MissingError
from gpusetup.packages.model import Question, Rejection, Resolution
from gpusetup.packages.resolver.pip import installed_pip
from gpusetup.packages.resolver.uv import Uv, installed_uv

Resolve = Callable[[Question], Resolution | Rejection]


def find_resolver() -> Resolve:
    """Return this user's uv, else pip; raises `MissingError` where there is none, `RefusedError` for one of others'."""
    found = installed_uv() or installed_pip()
    if found is None:
        raise MissingError("resolving packages needs uv or pip 23, and neither is installed", "pip install uv")
    return found


def find_uv() -> Uv:
    """Return this user's uv; raises `MissingError` where there is none, `RefusedError` where root may not run it."""
    found = installed_uv()
    if found is None:
        raise MissingError("this needs uv, which is not installed", "pip install uv")
    return found

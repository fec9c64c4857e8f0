"""An environment's wheels as others read them: pip, ``pylock.toml`` (PEP 751), projects of uv, conda and pixi."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.errors import RefusedError
from gpusetup.packages.exports.conda import conda_environment, pixi_workspace
from gpusetup.packages.exports.uv import uv_project
from gpusetup.packages.locked import lines
from gpusetup.packages.resolver.pylock import write_pylock

if TYPE_CHECKING:
    from collections.abc import Callable

    from gpusetup.packages.model import Resolution
    from gpusetup.resolve.model import Environment, Request, Stack


def export(stack: Stack, form: str, resolve: Callable[[Environment], Resolution]) -> str:
    """Return the one environment of `stack` in the format `form`; raises `RefusedError` where there are two."""
    if len(stack.environments) != 1:
        names = ", ".join(one.name for one in stack.environments)
        raise RefusedError(f"this plan has several environments: {names}", "name one with --framework")
    (environment,) = stack.environments
    return FORMS[form](environment, resolve(environment), stack.request)


def _requirements(environment: Environment, found: Resolution, _request: Request) -> str:
    """Return pip's lines, with hashes of all wheels."""
    how = "pip install --require-hashes --no-deps -r FILE"
    indexes = dict.fromkeys(one.index for one in environment.requirements if one.index)
    head = (f"# environment {environment.name}, Python {environment.python}: {how}",
            *(f"--extra-index-url {one}" for one in indexes))  # fmt: skip
    return "\n".join((*head, *lines(found))) + "\n"


def _pylock(environment: Environment, found: Resolution, _request: Request) -> str:
    return write_pylock(found, environment.python)


FORMS = {
    "requirements": _requirements,
    "pylock": _pylock,
    "uv": uv_project,
    "conda": conda_environment,
    "pixi": pixi_workspace,
}

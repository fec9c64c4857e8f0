"""An environment as a project of uv's: dependencies, the index that each comes from, and every version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gpusetup.distributions import normal
from gpusetup.resolve.toml import to_toml

if TYPE_CHECKING:
    from gpusetup.packages.model import Resolution
    from gpusetup.resolve.model import Environment, Request


def uv_project(environment: Environment, found: Resolution, request: Request) -> str:
    """Return a ``pyproject.toml``: ``uv sync`` makes the environment from it, with exactly the versions of the plan.

    An index of a framework is used for what it is named for alone (``explicit``); one that the user's own files name,
    for everything. Source: docs.astral.sh/uv, "Project configuration" and "Package indexes", read 2026-11-30.
    """
    own = [one for one in environment.requirements if one.index]
    named = {index: f"gpusetup-{number}" for number, index in enumerate(dict.fromkeys(one.index for one in own), 1)}
    further = [one for one in request.packages.indexes if one not in named]
    settings: dict[str, Any] = {
        "package": False,
        "environments": [_here(request)],
        "required-environments": [_here(request)],
        "constraint-dependencies": [f"{one.name}=={one.version}" for one in found.packages],
    }
    if request.packages.prereleases:
        settings["prerelease"] = "allow"
    if further:
        settings["index-strategy"] = "unsafe-best-match"
    indexes = [{"name": name, "url": index, "explicit": True} for index, name in named.items()]
    indexes += [{"name": f"own-{number}", "url": index} for number, index in enumerate(further, 1)]
    if indexes:
        settings["index"] = indexes
    if own:
        settings["sources"] = {_name(one.text): {"index": named[one.index]} for one in own}
    return to_toml({"project": _project(environment), "tool": {"uv": settings}})


def _here(request: Request) -> str:
    """Return the marker of the platform that was planned for."""
    return f"sys_platform == 'linux' and platform_machine == '{request.machine_arch}'"


def _project(environment: Environment) -> dict[str, Any]:
    return {
        "name": f"{environment.name}-environment",
        "version": "0",
        "requires-python": f"=={environment.python}.*",
        "dependencies": [one.text for one in environment.requirements],
    }


def _name(requirement: str) -> str:
    return normal(requirement.partition("==")[0].partition("[")[0])

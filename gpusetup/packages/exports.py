"""An environment's wheels as other tools read them: pip's requirements, ``pylock.toml`` (PEP 751), settings of uv."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.distributions import normal
from gpusetup.errors import RefusedError
from gpusetup.packages.locked import lines
from gpusetup.packages.pylock import write_pylock
from gpusetup.resolve.toml import to_toml

if TYPE_CHECKING:
    from collections.abc import Callable

    from gpusetup.packages.model import Resolution
    from gpusetup.resolve.model import Environment, Stack


def export(stack: Stack, form: str, resolve: Callable[[Environment], Resolution]) -> str:
    """Return the one environment of `stack` in the format `form`; raises `RefusedError` where there are two."""
    if len(stack.environments) != 1:
        names = ", ".join(one.name for one in stack.environments)
        raise RefusedError(f"this plan has several environments: {names}", "name one with --framework")
    (environment,) = stack.environments
    return FORMS[form](environment, resolve(environment))


def _requirements(environment: Environment, found: Resolution) -> str:
    """Return pip's lines, with hashes of all wheels."""
    how = "pip install --require-hashes --no-deps -r FILE"
    indexes = dict.fromkeys(one.index for one in environment.requirements if one.index)
    head = (f"# environment {environment.name}, Python {environment.python}: {how}",
            *(f"--extra-index-url {one}" for one in indexes))  # fmt: skip
    return "\n".join((*head, *lines(found))) + "\n"


def _pylock(environment: Environment, found: Resolution) -> str:
    return write_pylock(found, environment.python)


def _uv(environment: Environment, found: Resolution) -> str:
    """Return settings for a ``pyproject.toml``: the dependencies, and the index that each framework comes from."""
    own = [one for one in environment.requirements if one.index]
    names = {index: f"gpusetup-{number}" for number, index in enumerate(dict.fromkeys(one.index for one in own), 1)}
    sources = {normal(one.text.partition("==")[0]): {"index": names[one.index]} for one in own}
    indexes = [{"name": name, "url": index, "explicit": True} for index, name in names.items()]
    constraints = [f"{one.name}=={one.version}" for one in found.packages]
    tool = {"environments": ["sys_platform == 'linux'"], "constraint-dependencies": constraints}
    tables = {"index": indexes, "sources": sources} if own else {}
    project = {
        "name": f"{environment.name}-environment",
        "version": "0",
        "requires-python": f"=={environment.python}.*",
        "dependencies": [one.text for one in environment.requirements],
    }
    return to_toml({"project": project, "tool": {"uv": tool | tables}})


FORMS = {"requirements": _requirements, "pylock": _pylock, "uv": _uv}

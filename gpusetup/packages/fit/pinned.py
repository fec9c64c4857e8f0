"""The packages that were asked for, each as one exact requirement of the environment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from gpusetup.distributions import normal, required
from gpusetup.packages.compiled.built import needs
from gpusetup.packages.fit.allowed import framework_of
from gpusetup.resolve.model import Requirement

if TYPE_CHECKING:
    from gpusetup.packages.model import File, Resolution
    from gpusetup.resolve.model import Environment, Request


def pinned(
    request: Request, found: Resolution, environment: Environment, built: Iterable[str] = ()
) -> Iterator[Requirement]:
    """Yield an exact requirement for each package asked for that the environment's frameworks are not.

    What those need that are `built` later is among them.
    """
    from packaging.requirements import Requirement as Line  # only where there are own packages

    there = {required(one.text) for one in environment.requirements if "==" in one.text}
    known = {one.index for one in environment.requirements if one.index} | set(request.packages.indexes)
    for line in map(Line, (*request.packages.wanted, *(line for one in built for line in needs(one)))):
        package = next((one for one in found.packages if one.name == normal(line.name)), None)
        if package is None or package.name in there or framework_of(package.name) in environment.frameworks:
            continue  # a marker excludes it here, or the stack has it
        there.add(package.name)
        extras = f"[{','.join(sorted(line.extras))}]" if line.extras else ""
        index = package.index if package.index in known else ""
        yield Requirement(text=f"{package.name}{extras}=={package.version}", index=index, sha256=only(package.files))


def only(files: tuple[File, ...]) -> str | None:
    """Return the SHA-256 where one wheel alone fits; of several the installer takes the best, which is its affair."""
    return files[0].sha256 or None if len(files) == 1 else None

"""The components of a stack as rows of text: what it is made of, and what changes on a machine that was read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gpusetup.facts import facts, systems
from gpusetup.resolve.model import GIVEN

if TYPE_CHECKING:
    from gpusetup.resolve.model import Change, Environment, Part, Stack, Toolkit

NOTHING = "–"


def rows(stack: Stack) -> Iterator[tuple[str, str]]:
    """Yield the name of each component ("" for a further line of it) and what it is.

    A driver that stays and the parts of a server are among the changes, where there are any.
    """
    if stack.driver or not stack.changes:
        yield from _driver(stack)
    for part in stack.parts if not stack.changes else ():
        yield part.name, _part(part)
    for environment in stack.environments:
        yield f"env {environment.name}", _libraries(environment)
        yield "", _requirements(environment)
        if environment.built:
            yield "", f"built on this host: {' '.join(one.text for one in environment.built)}"
    yield from _toolkit(stack.toolkit)
    if stack.repositories:
        yield "repositories", ", ".join(_repositories([one.id for one in stack.repositories], stack.request.distro))


def _driver(stack: Stack) -> Iterator[tuple[str, str]]:
    if stack.driver:
        owner = systems.owner_title(facts(), stack.request.distro, stack.driver.repo)
        yield "driver", f"{stack.driver.version}, {stack.driver.flavour} modules, from {owner}"
        yield "", stack.driver.runfile.url if stack.driver.runfile else " ".join(stack.driver.packages)
        if stack.driver.prebuilt:
            yield "", f"modules built and signed: {stack.driver.prebuilt.format(kernel='KERNEL')}"
    elif stays := stack.staying_driver:
        yield "driver", f"{stays}, {GIVEN[whose]}" if (whose := stack.request.driver_of) else f"{stays} (stays)"


def _part(part: Part) -> str:
    packages = " ".join(part.packages)
    version = f" {part.version}, the driver's version" if part.version else ""
    services = "" if part.packages else f"enable {' '.join(part.services)}"
    return f"{packages}{version}{services}"


def _libraries(environment: Environment) -> str:
    python = f"Python {environment.python}" + ("" if environment.python_packages else " (the system's)")
    cudnn = f", cuDNN {environment.cudnn}" if environment.cudnn else ""
    libraries = f", CUDA {environment.cuda}{cudnn}" if environment.cuda else ", CPU"
    return f"{' and '.join(environment.frameworks)} on {python}{libraries}"


def _requirements(environment: Environment) -> str:
    texts = " ".join(one.text for one in environment.requirements)
    indexes = sorted({one.index for one in environment.requirements} - {""})
    return " ".join((texts, *(f"from {index}" for index in indexes)))


def _toolkit(kit: Toolkit) -> Iterator[tuple[str, str]]:
    cudnn = f"; cuDNN {kit.cudnn}" if kit.cudnn else ""
    if kit.via == "container":
        yield "nvcc", f"CUDA {kit.series}, in the container {kit.image}"
    elif kit.via == "runfile":
        yield "nvcc", f"CUDA {kit.series}, from NVIDIA's installer{cudnn}"
    elif kit.via == "repo":
        compiler = f", with {kit.host_compiler} as host compiler" if kit.host_compiler else ""
        packages = " ".join((*kit.packages, *kit.host_compiler_packages))
        yield "nvcc", f"CUDA {kit.series}{compiler}: {packages}{cudnn}"


def _repositories(ids: list[str], distro: str) -> list[str]:
    """Return the ids, those of an owner that has a word for them all as that word."""
    for owner in facts().driver_owner:
        if owner.distribution == distro and owner.together and set(owner.repositories) <= set(ids):
            return [owner.together, *(one for one in ids if one not in owner.repositories)]
    return ids


def change_rows(changes: tuple[Change, ...]) -> Iterator[tuple[str, str]]:
    """Yield the name of each component, and what it is now and after."""
    width = max((len(one.now or NOTHING) for one in changes), default=0)
    for one in changes:
        yield one.component, f"{(one.now or NOTHING).ljust(width)} → {one.after or NOTHING}"

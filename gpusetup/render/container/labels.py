"""The labels of an image, with which a host can be compared before anything runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gpusetup.resolve.model import Environment, Stack
from gpusetup.versions import driver

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.render.container.model import Base

PREFIX = "io.gpusetup."


def floor(stack: Stack) -> str:
    """Return the minimum host driver for all environments of `stack`, "" when none needs one."""
    return max((one.driver_floor for one in stack.environments if one.driver_floor), key=driver, default="")


def labels(stack: Stack, base: Base, facts: Facts) -> dict[str, str]:
    """Return the labels of an image with the environments of `stack`, upon `base`.

    ``io.gpusetup.code.<framework>`` is spelled as TORCH_CUDA_ARCH_LIST is, ``7.5 8.0 12.0+PTX``: what was compiled, not
    what runs.
    """
    return dict(_labels(stack, base, facts))


def _labels(stack: Stack, base: Base, facts: Facts) -> Iterator[tuple[str, str]]:
    name, _, digest = base.reference.partition("@")
    requirements = [one.text for env in stack.environments for one in env.requirements]
    requirements += [one.text for env in stack.environments for one in env.built]
    yield "org.opencontainers.image.title", " and ".join(one for env in stack.environments for one in env.frameworks)
    yield "org.opencontainers.image.base.name", name
    if digest:
        yield "org.opencontainers.image.base.digest", digest
    yield f"{PREFIX}requirements", " ".join(requirements)
    yield f"{PREFIX}python", " ".join(dict.fromkeys(one.python for one in stack.environments))
    yield f"{PREFIX}machine", stack.request.machine_arch
    if floor(stack):
        yield f"{PREFIX}driver-floor", floor(stack)
        yield f"{PREFIX}compute-capability", " ".join(card.compute_capability for card in stack.request.cards)
        for environment in stack.environments:
            yield from _code(environment, facts)


def _code(environment: Environment, facts: Facts) -> Iterator[tuple[str, str]]:
    """Yield the CUDA version of each framework, and the compute capabilities it was compiled for, where known."""
    for requirement in environment.requirements:
        name, _, version = requirement.text.partition("==")
        framework = name.partition("[")[0]
        if framework in environment.frameworks and environment.cuda:
            yield f"{PREFIX}cuda.{framework}", environment.cuda
            found = code(framework, version, environment.cuda, facts)
            if found:
                yield f"{PREFIX}code.{framework}", found


def code(framework: str, version: str, cuda: str, facts: Facts) -> str:
    """Return the compute capabilities that a build was compiled for, "" where the facts do not have them."""
    if framework == "torch":
        release = version.partition("+")[0]
        torch = (row for row in facts.torch_build if release in row.releases and row.cuda == cuda)
        return next((_arch_list(row.cc, row.ptx) for row in torch if row.machine == "x86_64"), "")
    if framework == "tensorflow":
        return next((_arch_list(row.cc, row.ptx) for row in facts.tensorflow if row.release == version), "")
    if framework == "jax":
        plugins = (plugin for row in facts.jax if row.release == version for plugin in row.plugins)
        return next((_arch_list(one.cc, one.ptx) for one in plugins if f"{one.cuda}" == cuda.partition(".")[0]), "")
    return ""


def _arch_list(compiled: tuple[str, ...], ptx: str) -> str:
    return " ".join([*compiled, *([f"{ptx}+PTX"] if ptx and compiled else [])])

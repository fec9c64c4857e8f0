"""Several named environments on one host: each is solved alone, and one driver must suit them all.

What belongs to the host (release, driver, repositories, parts of a server) has to be the same for every environment, so
where their own best choices differ, each of these is tried for all of them, the newest driver first.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec.structs import replace

from gpusetup.resolve.model import Choice, Environment, NamedEnvironment, Reason, Refusal, Relaxation, Request, Stack
from gpusetup.versions import driver as version_of

if TYPE_CHECKING:
    from collections.abc import Callable

    Solve = Callable[[Request], Stack | Refusal]
    Host = tuple[str, str]
    """Release and version of the driver, "" where there is none."""

PINNED = ("torch", "tensorflow", "jax", "python")
"""The pins that an environment may have; the others belong to the host."""
OF_HOST = ("release", "driver", "toolkit", "compiler", "toolkit_cudnn")
"""The components that the environments share."""


def alone(request: Request, one: NamedEnvironment) -> Request:
    """Return the request for one environment of `request` without the others."""
    pins = {field: getattr(one, field) for field in PINNED}
    return replace(request, environments=(), frameworks=one.frameworks, packages=one.packages, **pins)


def together(request: Request, solve: Solve) -> Stack | Refusal:
    """Return the stack with every environment of `request`, or why one has none, or why no driver suits them all."""
    found = [solve(alone(request, one)) for one in request.environments]
    for one, stack in zip(request.environments, found, strict=True):
        if isinstance(stack, Refusal):
            return _refused(request, one, stack)
    stacks = [one for one in found if isinstance(one, Stack)]
    if len({_host(one) for one in stacks}) == 1:
        return _merged(request, stacks)
    for release, driver in sorted({_host(one) for one in stacks}, key=_newest, reverse=True):
        again = [solve(alone(replace(request, release=release, driver=driver), one)) for one in request.environments]
        same = [one for one in again if isinstance(one, Stack)]
        if len(same) == len(again) and len({_host(one) for one in same}) == 1:
            return _merged(request, same)
    return _apart(request, stacks)


def _host(stack: Stack) -> Host:
    return stack.release, stack.driver.version if stack.driver else stack.staying_driver


def _newest(host: Host) -> tuple[int, object]:
    release, driver = host
    return int(release), version_of(driver or "0")


def _refused(request: Request, one: NamedEnvironment, refusal: Refusal) -> Refusal:
    first = Reason(fact="request:environment", text=f"the environment {one.name} has no stack")
    return replace(refusal, request=request, because=(first, *refusal.because))


def _apart(request: Request, stacks: list[Stack]) -> Refusal:
    """Return the refusal of environments that have no driver in common."""
    pairs = zip(request.environments, map(_host, stacks), strict=True)
    because = tuple(
        Reason(
            fact="request:environment", text=f"the environment {one.name} needs driver {driver} on release {release}"
        )
        for one, (release, driver) in pairs
    )
    way = Relaxation(
        text="run one of them in a container: its image brings all but the driver", options=("gpusetup", "container")
    )
    return Refusal(request=request, because=because, ways_out=(way,))


def _merged(request: Request, stacks: list[Stack]) -> Stack:
    """Return the first stack's host with the environments of all."""
    first = max(stacks, key=lambda one: one.toolkit.via in ("repo", "runfile"))
    pairs = list(zip(request.environments, stacks, strict=True))
    warnings = (*(warning for stack in stacks for warning in stack.warnings), *_toolkits(first, stacks))
    return replace(
        first,
        request=request,
        repositories=tuple({one.id: one for stack in (first, *stacks) for one in stack.repositories}.values()),
        environments=tuple(made for one, stack in pairs for made in _environments(one, stack)),
        choices=(*_of_host(first), *(choice for one, stack in pairs for choice in _choices(one, stack))),
        warnings=tuple({(one.fact, one.text): one for one in warnings}.values()),
    )


def _environments(one: NamedEnvironment, stack: Stack) -> Iterator[Environment]:
    """Yield the environments that a named one takes: two where its frameworks cannot share one."""
    for made in stack.environments:
        yield replace(made, name=one.name if len(stack.environments) == 1 else f"{one.name}-{made.name}")


def _of_host(stack: Stack) -> Iterator[Choice]:
    yield from (one for one in stack.choices if one.component in OF_HOST)


def _choices(one: NamedEnvironment, stack: Stack) -> Iterator[Choice]:
    for choice in stack.choices:
        if choice.component not in OF_HOST:
            yield replace(choice, component=f"{one.name}/{choice.component}")


def _toolkits(first: Stack, stacks: list[Stack]) -> Iterator[Reason]:
    """Yield what to know where the host gets another nvcc than an environment alone would have."""
    if others := sorted({one.toolkit.series for one in stacks if one.toolkit.series} - {first.toolkit.series}):
        text = f"the host gets one nvcc, of CUDA {first.toolkit.series}; one environment alone would have {others[0]}"
        yield Reason(fact="request:environment", text=text, minor=True)

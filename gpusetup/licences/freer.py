"""Alternative stacks for the same request with fewer non-free parts, and what each gives up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from gpusetup.licences.judge import judge
from gpusetup.licences.model import Alternative
from gpusetup.licences.of_stack import parts_of
from gpusetup.resolve import attempt
from gpusetup.resolve.model import Request, Stack

if TYPE_CHECKING:
    from gpusetup.facts import Facts

TIME = "the GPU, and with it most of the speed"


def freer(stack: Stack, facts: Facts) -> tuple[Alternative, ...]:
    """Return the alternatives that have fewer non-free parts than `stack`, the freest last.

    Each is solved: the same request without the toolkit, on the CPU, and on the CPU with each framework alone.
    """
    best = len(not_free(stack, facts))
    found = []
    for text, options, request, gives_up in _requests(stack.request):
        other = attempt(request, facts)
        if not isinstance(other, Stack):
            continue
        left = not_free(other, facts)
        if len(left) < best:
            best = len(left)
            found.append(Alternative(text=text, options=options, not_free=left, gives_up=gives_up))
    return tuple(found)


def not_free(stack: Stack, facts: Facts) -> tuple[str, ...]:
    """Return the names of the parts of `stack` that are not free software."""
    return tuple(part.name for part in judge(parts_of(stack, facts), facts) if part.free is False)


def _requests(request: Request) -> Iterator[tuple[str, tuple[str, ...], Request, str]]:
    """Yield the alternative requests, least loss first: text, options, request, and what it gives up."""
    if request.repo != "wheels" and (request.cards or request.driver):
        wheels = msgspec.structs.replace(request, repo="wheels", cuda="", cudnn="")
        yield (
            "no CUDA toolkit",
            ("--repo", "wheels"),
            wheels,
            "compiling CUDA code (nvcc); the wheels contain what they need to run",
        )
    cpu = msgspec.structs.replace(request, cards=(), driver="", cuda="", cudnn="", torch="", tensorflow="", repo="")
    if request.cards or request.driver:
        yield "the CPU", ("--gpu", "none"), cpu, TIME
    for one in request.frameworks if len(request.frameworks) > 1 else ():
        alone = msgspec.structs.replace(cpu, frameworks=(one,))
        others = " and ".join(other for other in request.frameworks if other != one)
        lost = f"{TIME}; and {others}" if request.cards or request.driver else others
        yield f"the CPU with {one} alone", ("--gpu", "none", "--framework", one), alone, lost

"""What is to be known about packages that were resolved: what nobody checked, and what is not as it seems."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gpusetup.packages.compiled.card_needs import card_notes
from gpusetup.resolve.components import TITLES
from gpusetup.resolve.model import Reason

if TYPE_CHECKING:
    from gpusetup.packages.model import Resolution
    from gpusetup.resolve.model import Environment, Request


def notes(
    request: Request, found: Resolution, environment: Environment, needed: tuple[str, ...], silent: list[str]
) -> Iterator[Reason]:
    """Yield a note per index that did not answer, per framework without its libraries, per package with kernels."""
    for index in silent:
        text = (
            f"{index} did not answer: the packages were resolved against the public index's builds of the same "
            f"releases; plan again where it answers"
        )
        yield Reason(fact="packages:index", text=text)
    if found.caveat:
        yield Reason(fact="packages:resolver", text=found.caveat)
    for framework in needed:
        if framework not in environment.frameworks and environment.cuda:
            text = (
                f"{TITLES[framework]} is among your packages, in the environment of {environment.frameworks[0]}: it "
                f"gets no NVIDIA libraries of its own there, and computes on the CPU"
            )
            yield Reason(fact="packages:framework", text=text)
    if environment.cuda:
        yield from card_notes(request, found)

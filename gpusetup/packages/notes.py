"""What is to be known about packages that were resolved: what nobody checked, and what is not as it seems."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gpusetup.packages.compiled import Compiled, compiled
from gpusetup.resolve.components import TITLES
from gpusetup.resolve.model import Reason
from gpusetup.versions import dotted

if TYPE_CHECKING:
    from gpusetup.packages.model import Package, Resolution
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
    for framework in needed:
        if framework not in environment.frameworks and environment.cuda:
            text = (
                f"{TITLES[framework]} is among your packages, in the environment of {environment.frameworks[0]}: it "
                f"gets no NVIDIA libraries of its own there, and computes on the CPU"
            )
            yield Reason(fact="packages:framework", text=text)
    if environment.cuda:
        yield from _kernels(request, found)


def _kernels(request: Request, found: Resolution) -> Iterator[Reason]:
    known = {one.name: one for one in compiled()}
    unchecked = []
    for package in found.packages:
        row = known.get(package.name)
        if row is None or row.card_needs == "none":
            continue
        old = [
            card
            for card in request.cards
            if row.card_needs and dotted(card.compute_capability) < dotted(row.card_needs)
        ]
        for card in old:
            yield _too_old(package, row, f"{card.name} ({card.compute_capability})")
        if not row.card_needs:
            unchecked.append(f"{package.name} {package.version}")
    if unchecked and request.cards:
        text = f"the cards that these have kernels for were not checked: {', '.join(unchecked)}"
        yield Reason(fact="packages:kernels", text=text, minor=True)


def _too_old(package: Package, row: Compiled, card: str) -> Reason:
    text = f"{package.name} {package.version} needs compute capability {row.card_needs} or newer; {card} is older"
    return Reason(fact=f"packages:{row.name}", text=text, sources=row.source)

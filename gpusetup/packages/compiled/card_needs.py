"""What packages need of the card (`compiled.toml`), beside the cards that are there.

A package that was asked for is refused where no card is new enough for it. One that others bring along is only told of:
what brings it may do without, as torch does without triton, which many projects name as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gpusetup.distributions import required
from gpusetup.packages.compiled.known import Compiled, compiled, of
from gpusetup.packages.model import Rejection
from gpusetup.resolve.model import Reason
from gpusetup.versions import dotted

if TYPE_CHECKING:
    from gpusetup.packages.model import Package, Resolution
    from gpusetup.resolve.model import Card, Request


def too_old(request: Request, found: Resolution) -> Rejection | None:
    """Return the refusal of the packages asked for that none of the cards is new enough for, None where all may run."""
    asked = {required(line) for line in request.packages.wanted}
    wrong = [
        (one, row) for one, row in _rows(found) if one.name in asked and not (row.optional or _runs(row, request.cards))
    ]
    if not request.cards or not wrong:
        return None
    older = tuple(_older(one.name, request.cards) for one, _ in wrong)
    return Rejection(
        kind="card",
        packages=tuple(f"{one.name} {one.version} needs compute capability {row.card_needs}" for one, row in wrong),
        text=", ".join(map(_card, request.cards)),
        older=older if all(older) else (),
        sources=tuple(dict.fromkeys(source for _, row in wrong for source in row.source)),
    )


def card_notes(request: Request, found: Resolution) -> Iterator[Reason]:
    """Yield a note per package and card that it does not run on, and one on those that were not checked."""
    for package, row in _rows(found):
        for card in [one for one in request.cards if row.card_needs and not _runs(row, (one,))]:
            text = f"{package.name} {package.version} needs compute capability {row.card_needs}: not on {_card(card)}"
            yield Reason(fact=f"packages:{package.name}", text=text, sources=row.source)
    unchecked = [f"{one.name} {one.version}" for one, row in _rows(found) if not row.card_needs]
    if unchecked and request.cards:
        text = f"the cards that these have kernels for were not checked: {', '.join(unchecked)}"
        yield Reason(fact="packages:kernels", text=text, minor=True)


def _rows(found: Resolution) -> Iterator[tuple[Package, Compiled]]:
    names = {name for one in compiled() for name in one.names}
    for package in found.packages:
        row = of(package.name, package.version) if package.name in names else None
        if row and row.card_needs != "none":
            yield package, row


def _runs(row: Compiled, cards: tuple[Card, ...]) -> bool:
    return not row.card_needs or any(dotted(one.compute_capability) >= dotted(row.card_needs) for one in cards)


def _older(name: str, cards: tuple[Card, ...]) -> str:
    """Return the constraint to the releases of a package that one of the cards runs, "" where there are none."""
    may = [one for one in compiled() if name in one.names and one.versions and _runs(one, cards)]
    return f"{name}{may[0].versions}" if may else ""


def _card(card: Card) -> str:
    return f"{card.name} ({card.compute_capability})"

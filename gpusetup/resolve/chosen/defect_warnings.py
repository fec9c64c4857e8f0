"""Warnings of the known defects that a chosen stack has: what leaves it usable is no reason to refuse it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from gpusetup.facts.defects import Where, concerns
from gpusetup.resolve.constraints.defects import as_reason
from gpusetup.resolve.solver.solve import cards_of

if TYPE_CHECKING:
    from gpusetup.resolve.candidates import Candidate, CardKind, KnownDefect
    from gpusetup.resolve.model import Reason, Request
    from gpusetup.resolve.solver.search import Solution

MINOR = ("cases", "slow")
"""Effects that concern some uses only."""
ENVIRONMENTS = (("torch",), ("tensorflow", "cudnn"))
"""The components that are installed together, where these frameworks do not share an environment."""
APART = ("jax", "jax_cudnn")
"""What is in an environment of its own, whatever the others share."""


def defects(request: Request, solution: Solution) -> Iterator[Reason]:
    """Yield the defects of every chosen component that can show on these cards, beside these other components."""
    cards = cards_of(solution)
    for name, value in zip(solution.problem.names, solution.values, strict=True):
        if not value.defects:
            continue
        beside = _beside(solution, name)
        for one in value.defects:
            here = [card for card in cards if _shows(one, card, request, beside)]
            if here or (not cards and concerns(one.row, Where(cards=(), arch=request.machine_arch, beside=beside))):
                yield replace(as_reason(one, _on(one, here)), minor=one.row.effect in MINOR)


def _shows(one: KnownDefect, card: CardKind, request: Request, beside: dict[str, str]) -> bool:
    """Return whether it shows on so many cards of this kind as it takes: a request has kinds, not numbers."""
    where = Where(cards=(card.cc,) * one.row.gpus, arch=request.machine_arch, beside=beside)
    return concerns(one.row, where)


def _on(one: KnownDefect, cards: list[CardKind]) -> str:
    which = f" on {cards[0]}" if cards and (one.row.cc_first or one.row.cc_last) else ""
    return which + (f" with {one.row.gpus} or more GPUs" if one.row.gpus > 1 else "")


def _beside(solution: Solution, name: str) -> dict[str, str]:
    layout = solution.get("environments") if name not in APART else None
    own = next((names for names in (*ENVIRONMENTS, APART) if name in names), (name,))
    together = tuple(one for names in ENVIRONMENTS for one in names) if layout and layout.shared else own
    values: list[Candidate | Any] = [solution.get(one) for one in together]
    return {part.distribution: part.version for value in values if value is not None for part in value.parts()}

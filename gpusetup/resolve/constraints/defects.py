"""Releases with known defects: one constraint, over every component that can have them, with and without a card."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.facts.defects import Where, by_card, concerns
from gpusetup.resolve.solver.problem import ConstraintResult, because, constraint

if TYPE_CHECKING:
    from gpusetup.resolve.candidates import Candidate, CardKind, KnownDefect
    from gpusetup.resolve.model import Reason

KINDS = ("driver", "torch", "tensorflow", "cudnn", "toolkit", "jax", "jax_cudnn")


def works(value: Candidate) -> ConstraintResult:
    """Refuse what a defect makes unusable on any card; other defects become reasons."""
    return _judge(value, [one for one in value.defects if not by_card(one.row)], None)


def works_on_card(card: CardKind, value: Candidate) -> ConstraintResult:
    """Refuse what a defect makes unusable on this card; other defects become reasons."""
    return _judge(value, [one for one in value.defects if by_card(one.row)], card)


def as_reason(one: KnownDefect, on: str = "") -> Reason:
    """Return the defect with its symptom and way out."""
    return because(one.row, f"{one.part.words}{on} is known to fail: {one.row.symptom}; {one.row.way_out}")


def _judge(value: Candidate, known: list[KnownDefect], card: CardKind | None) -> ConstraintResult:
    """Judge by what the candidate itself brings: what else will be installed beside it is not decided yet."""
    where = Where(cards=(card.cc,) if card else None, beside={one.distribution: one.version for one in value.parts()})
    found = [one for one in known if concerns(one.row, where)]
    refusing = [one for one in found if one.row.refuses]
    on = f" on {card}" if card else ""
    return ConstraintResult(not refusing, tuple(as_reason(one, on) for one in refusing or found))


for kind in KINDS:
    constraint(kind, name=f"{kind}_works")(works)
    constraint("card", kind, name=f"{kind}_works_on_card")(works_on_card)

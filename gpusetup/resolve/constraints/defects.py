"""Releases with known defects, on any card or on particular ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gpusetup.resolve.candidates import CardKind, TensorflowWheel
from gpusetup.resolve.problem import ConstraintResult, because, constraint
from gpusetup.versions import dotted

if TYPE_CHECKING:
    from gpusetup.facts.model.defects import Defect
    from gpusetup.resolve.model import Reason


@constraint("tensorflow")
def tensorflow_can_be_used(tensorflow: TensorflowWheel) -> ConstraintResult:
    """Refuse a release that a defect makes unusable; other defects become reasons."""
    return _judge(f"TensorFlow {tensorflow.row.release}", of_any_card(tensorflow))


@constraint("card", "tensorflow")
def tensorflow_works_on_card(card: CardKind, tensorflow: TensorflowWheel) -> ConstraintResult:
    """Refuse a release that a defect makes unusable on this card; other defects become reasons."""
    return _judge(f"TensorFlow {tensorflow.row.release} on {card}", of_card(tensorflow, card))


def of_any_card(tensorflow: TensorflowWheel) -> Iterator[Defect]:
    """Yield the defects that depend on no card."""
    return (one for one in tensorflow.defects if not one.cc_first)


def of_card(tensorflow: TensorflowWheel, card: CardKind) -> Iterator[Defect]:
    """Yield the defects that this kind of card has."""
    cc = dotted(card.cc)
    concerned = (one for one in tensorflow.defects if one.cc_first and cc >= dotted(one.cc_first))
    return (one for one in concerned if not one.cc_last or cc <= dotted(one.cc_last))


def as_reason(what: str, defect: Defect) -> Reason:
    """Return the defect with its symptom and work-around."""
    return because(defect, f"{what} is known to fail: {defect.symptom}; {defect.way_out}")


def _judge(what: str, defects: Iterator[Defect]) -> ConstraintResult:
    found = tuple(defects)
    return ConstraintResult(not any(one.refuses for one in found), tuple(as_reason(what, one) for one in found))

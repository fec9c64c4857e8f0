"""Answer whether one version is possible: with the stack that has it, or with the conflict and what resolves it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from gpusetup.errors import WrongInputError
from gpusetup.resolve.model import Answer, Request
from gpusetup.resolve.pins import PINS
from gpusetup.resolve.refusal import refuse
from gpusetup.resolve.request import Wanted, check
from gpusetup.resolve.solve import solve
from gpusetup.resolve.stack import assemble

if TYPE_CHECKING:
    from gpusetup.facts import Facts

FIELDS = {name: pin.field for pin in PINS for name in (pin.field, *pin.aliases)} | {"fedora": "release"}
"""Name in a question → the field of a request that pins it."""


class WhyQuestion(NamedTuple):
    """``torch==2.14.1``: the field of a request, and its value."""

    field: str
    value: str

    def __str__(self) -> str:
        return f"{self.field}=={self.value}"


def question(facts: Facts, text: str) -> WhyQuestion:
    """Parse ``NAME==VERSION``; raises `WrongInputError` for another form, or a version that is in no table."""
    name, equals, value = (part.strip() for part in text.partition("=="))
    field = FIELDS.get(name.lower(), "")
    if not equals or not value or not field:
        raise WrongInputError(f"{text!r} is not of the form NAME==VERSION", f"NAME is one of {', '.join(FIELDS)}")
    check(facts, msgspec.structs.replace(Wanted(), **{field: value}))
    return WhyQuestion(field, value)


def answer(asked: WhyQuestion, request: Request, facts: Facts, today: date | None = None) -> Answer:
    """Return whether a stack with the version in question exists for `request`, with the stack or the refusal."""
    day = today or date.today()
    wanted = msgspec.structs.replace(request, **{asked.field: asked.value})
    outcome = solve(wanted, facts, day)
    if outcome.solution is not None:
        stack = assemble(wanted, outcome.solution, facts, day)
        return Answer(question=str(asked), possible=True, stack=stack)
    refusal = refuse(wanted, facts, day, outcome, asked.field)
    return Answer(question=str(asked), possible=False, refusal=refusal)

"""Answer whether one version is possible, or why a component is what it is: with the stack, the conflict, or the facts.

A question is a version (``torch==2.14.1``), the name of a component (``driver``), a card, a driver branch, the file
name of a wheel, or any word that the tables know.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import msgspec

from gpusetup.resolve.chosen.stack import assemble
from gpusetup.resolve.model import Answer, Request
from gpusetup.resolve.solver.solve import solve
from gpusetup.resolve.told.refusal import refuse
from gpusetup.resolve.told.topics import about

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.resolve.told.questions import WhyQuestion


def answer(asked: WhyQuestion, request: Request | None, facts: Facts, today: date | None = None) -> Answer:
    """Return what the tables say about a question, and for a component the stack for `request`, or the refusal.

    Without a `request`, nothing is solved: the question is about no component of a stack.
    """
    says = tuple(about(facts, asked))
    if request is None:
        return Answer(question=str(asked), possible=True, says=says)
    day = today or date.today()
    wanted = msgspec.structs.replace(request, **asked.pins)
    outcome = solve(wanted, facts, day)
    if outcome.solution is not None:
        stack = assemble(wanted, outcome.solution, facts, day)
        return Answer(question=str(asked), possible=True, stack=stack, says=says)
    refusal = refuse(wanted, facts, day, outcome, asked.field)
    return Answer(question=str(asked), possible=False, refusal=refusal, says=says)

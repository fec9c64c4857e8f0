"""Why there is no stack: a smallest set of wishes and cards that exclude each other, and the smallest ways out."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from gpusetup.resolve.choices import against
from gpusetup.resolve.model import Refusal

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.resolve.model import Request
    from gpusetup.resolve.solve import Outcome


def refuse(request: Request, facts: Facts, today: date, outcome: Outcome) -> Refusal:
    """Return the refusal that `outcome` amounts to."""
    _, conflict = outcome.refused[0]
    return Refusal(request=request, because=against(conflict.blame), ways_out=())

"""The plan for what was asked: a stack with what it changes, or why there is none and what is possible instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from gpusetup.resolve import attempt
from gpusetup.resolve.host.changes import changes
from gpusetup.resolve.host.foreign import refuse_foreign
from gpusetup.resolve.model import Refusal, Stack

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.resolve.asked.request import RequestOptions


def planned(asked: RequestOptions, facts: Facts) -> Stack | Refusal:
    """Return the stack with what changes on the machine, or why there is none and what is possible."""
    result = refuse_foreign(asked, facts) or attempt(asked.request, facts)
    if isinstance(result, Stack) and asked.machine is not None:
        return replace(result, changes=changes(result, asked.machine, facts))
    return result

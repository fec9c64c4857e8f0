"""Which texts a rule's code mentions, and so which remedies it may name: nobody has to list them beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import CodeType, FunctionType
from typing import Any

ROOM = __name__.rpartition(".")[0]


def mentions(function: Callable[..., Any]) -> set[str]:
    """Return the texts in `function`: constants, what it closes over, and those of the functions it calls.

    Only functions of the doctor and of its own module are followed.
    """
    found: set[str] = set()
    waiting: list[Any] = [function]
    seen: set[FunctionType] = set()
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            found.add(one)
        elif isinstance(one, CodeType):
            waiting += one.co_consts
        elif isinstance(one, FunctionType) and one not in seen:
            seen.add(one)
            waiting += [one.__code__, *(cell.cell_contents for cell in one.__closure__ or ())]
            waiting += [each for each in _called(one) if _near(each, function)]
    return found


def _called(function: FunctionType) -> Iterator[FunctionType]:
    for name in _names(function.__code__):
        called = function.__globals__.get(name)
        if isinstance(called, FunctionType):
            yield called


def _names(code: CodeType) -> set[str]:
    return set(code.co_names).union(*(_names(inner) for inner in code.co_consts if isinstance(inner, CodeType)))


def _near(called: FunctionType, function: Callable[..., Any]) -> bool:
    return called.__module__ == function.__module__ or called.__module__.startswith(f"{ROOM}.")

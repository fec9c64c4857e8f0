"""Cards by name, and the stack for them on a day that does not move."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from gpusetup.facts import Facts, facts
from gpusetup.resolve import attempt
from gpusetup.resolve.asked.cards import named
from gpusetup.resolve.model import Refusal, Request, Stack

TODAY = date(2026, 11, 22)

Plan = Callable[..., Stack]
Refuse = Callable[..., Refusal]


def ask(*gpus: str, **wishes: Any) -> Request:
    return Request(cards=named(facts(), gpus, ()), **wishes)


@pytest.fixture(scope="session")
def tables() -> Facts:
    return facts()


@pytest.fixture(scope="session")
def plan() -> Plan:
    def make(*gpus: str, **wishes: Any) -> Stack:
        result = attempt(ask(*gpus, **wishes), facts(), TODAY)
        assert isinstance(result, Stack), result.because
        return result

    return make


@pytest.fixture(scope="session")
def refuse() -> Refuse:
    def make(*gpus: str, **wishes: Any) -> Refusal:
        result = attempt(ask(*gpus, **wishes), facts(), TODAY)
        assert isinstance(result, Refusal), result.choices
        return result

    return make

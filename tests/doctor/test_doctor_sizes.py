"""What is examined takes steps in proportion to its size: nothing is looked through once for each of its parts."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from gpusetup.cli._diagnosis import Policy
from gpusetup.doctor.registry import all_rules
from gpusetup.machine.model import Machine
from gpusetup.report import doctor as text
from gpusetup.report.doctor_formats import FORMATS
from tests.doctor.hostile_sizes import SIZES

pytestmark = pytest.mark.slow

RULES = list(all_rules().values())
SMALL = 40
PROPORTIONAL = 3
"""How often the steps of the first doubling the second one may take: it is 2, and 4 where they grow by squares."""


def steps(work: Callable[[], object]) -> int:
    """Return how many lines and turns of a loop `work` runs, in code of ours."""
    count = 0

    def traced(frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal count
        if "/gpusetup/" not in frame.f_code.co_filename:
            return None
        count += 1  # a line is traced again at each turn of a loop in it, a comprehension's too
        return traced

    sys.settrace(traced)
    try:
        work()
    finally:
        sys.settrace(None)
    return count


def test_a_square_in_one_line_is_counted() -> None:
    code = compile("def pairs(n): return sum(1 for a in range(n) for b in range(n))", "/gpusetup/squares.py", "exec")
    made: dict[str, Callable[[int], int]] = {}
    exec(code, made)
    one, two, four = (steps(lambda count=count: made["pairs"](count * SMALL)) for count in (1, 2, 4))  # type: ignore[misc]
    assert (four - two) / (two - one) > PROPORTIONAL


@pytest.mark.parametrize("kind", SIZES)
def test_twice_as_much_takes_twice_the_steps(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    make, _ = SIZES[kind]

    def examined(machine: Machine) -> Callable[[], object]:
        def work() -> None:
            report, _ = Policy(lambda: RULES, (), "error", False).judge(machine)
            text.show(report)
            for form in FORMATS.values():
                form(report)

        return work

    examined(make(1))()  # what is worked out once
    one, two, four = (steps(examined(make(count * SMALL))) for count in (1, 2, 4))
    capsys.readouterr()
    assert (four - two) / (two - one) < PROPORTIONAL

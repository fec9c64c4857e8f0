"""Which tests and files take most processor time, their processes included (``--processor-time N``).

What pytest itself can show, ``--durations``, is the time on the clock, which says more of what else the machine does.
"""

from __future__ import annotations

import resource
from collections import Counter
from collections.abc import Generator
from typing import Any

import pytest

OPTION = "--processor-time"
NAME = "processor time"
_Wrapper = Generator[None, Any, Any]
_began = pytest.StashKey[float]()
elsewhere = 0.0
"""Seconds that processes which this one does not wait for have computed for it (`tests/warm_command.py`)."""


def spent() -> float:
    """Return the seconds that this process and its ended children have computed, for themselves and in the kernel."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return elsewhere + sum(one.ru_utime + one.ru_stime for one in used)


def pytest_addoption(parser: pytest.Parser) -> None:
    help_text = "show the N tests and files that take most processor time, with their processes, and the sum of all"
    parser.addoption(OPTION, type=int, default=0, metavar="N", help=help_text)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> _Wrapper:
    item.stash[_began] = spent()
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item) -> _Wrapper:
    report = yield
    if item.config.getoption(OPTION) and _began in item.stash:
        now = spent()
        report.user_properties = [(NAME, now - item.stash[_began])]
        item.stash[_began] = now
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if not (shown := config.getoption(OPTION)):
        return
    seconds = _by_test(terminalreporter.stats)
    files: Counter[str] = Counter()
    for nodeid, value in seconds.items():
        files[nodeid.partition("::")[0]] += value
    terminalreporter.section(f"processor time: {sum(seconds.values()):.0f} s in {len(seconds)} tests")
    for name, value in (*seconds.most_common(shown), *files.most_common(shown)):
        terminalreporter.write_line(f"{value:8.2f} s  {name}")


def _by_test(stats: dict[str, list[Any]]) -> Counter[str]:
    seconds: Counter[str] = Counter()
    for report in (one for reports in stats.values() for one in reports):
        for name, value in getattr(report, "user_properties", ()):
            if name == NAME:
                seconds[report.nodeid] += value
    return seconds

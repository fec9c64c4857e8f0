"""Runs the tests of a file with the mark `own_process` in a fork of the process that tests, one after another.

A framework that is loaded stays loaded: its threads, open files and memory are then there in every test that follows,
or not, as the order has it. A test that loads one by itself therefore does so in a process that ends with its file.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

import pytest
from _pytest.runner import runtestprotocol

from tests.leftovers import adopt_orphans

MARK = "own_process"


class Fork:
    """A fork of this process that runs tests of the session by their place in it, and answers with their reports."""

    def __init__(self, session: pytest.Session) -> None:
        self.session = session
        self.inherits = bool(session._setupstate.stack)
        ours, theirs = _pipe(), _pipe()
        self._pid = os.fork()
        if self._pid == 0:
            ours[1].close()
            theirs[0].close()
            self._serve(ours[0], theirs[1])
        ours[0].close()
        theirs[1].close()
        self._ask, self._answer = ours[1], theirs[0]

    def run(self, item: pytest.Item, following: pytest.Item | None) -> list[dict[str, Any]] | str:
        """Return the reports of `item` as values, or why there are none."""
        places = {id(one): place for place, one in enumerate(self.session.items)}
        try:
            self._ask.write(json.dumps((places[id(item)], places.get(id(following)))) + "\n")
            self._ask.flush()
        except BrokenPipeError:
            return "the process of this file ended between two tests"
        line = self._answer.readline()
        reports: list[dict[str, Any]] | str = json.loads(line) if line else "the process of this file ended"
        return reports

    def end(self) -> int:
        """Let it end; return its exit status, which is negative when a signal ended it."""
        self._answer.close()
        with suppress(BrokenPipeError):  # what could not be written any more
            self._ask.close()
        return os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])

    def _serve(self, asked: TextIO, answers: TextIO) -> None:
        status = 1
        try:
            adopt_orphans()
            for line in asked:
                place, following = json.loads(line)
                answers.write(json.dumps(list(self._reports(self.session.items[place], following))) + "\n")
                answers.flush()
            status = 0
        except BaseException:  # a fault of this file: what pytest finds in a test is in its report
            answers.write(json.dumps(traceback.format_exc()) + "\n")
            answers.flush()
        finally:
            os._exit(status)

    def _reports(self, item: pytest.Item, following: int | None) -> Iterator[dict[str, Any]]:
        items = self.session.items
        if following is not None:
            after: pytest.Item | None = items[following]
        else:  # what was set up before the fork is for the process before it to tear down
            after = min(items, key=lambda one: (one is item, one.path == item.path)) if self.inherits else None
        for report in runtestprotocol(item, log=False, nextitem=after):
            yield item.config.hook.pytest_report_to_serializable(config=item.config, report=report)


FORKS = pytest.StashKey[dict[Path, Fork]]()


FRAMEWORKS = ("jaxlib", "torch", "tensorflow")
"""What has threads once it is loaded: a fork has none of them, and waits for them for ever (MLIR's thread pool)."""


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    if item.get_closest_marker(MARK) is None or item.config.getoption("usepdb"):
        return None
    forks = item.config.stash.setdefault(FORKS, {})
    if item.path not in forks:
        if any(name in sys.modules for name in FRAMEWORKS):
            return None  # some other test has loaded one here: this one is run as any other
        forks[item.path] = Fork(item.session)
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    said = forks[item.path].run(item, nextitem)
    if isinstance(said, str):
        status = forks.pop(item.path).end()
        reports = [_failed(item, f"{said}, with status {status}")]
    else:
        reports = [_report(item, one) for one in said]
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    if nextitem is None or nextitem.path != item.path:
        if item.path in forks:
            forks.pop(item.path).end()
        item.session._setupstate.teardown_exact(nextitem)
    return True


def _report(item: pytest.Item, said: dict[str, Any]) -> pytest.TestReport:
    if said["outcome"] == "skipped" and isinstance(said["longrepr"], list):
        said["longrepr"] = tuple(said["longrepr"])  # the place and the reason, for which JSON has no tuple
    report: pytest.TestReport = item.config.hook.pytest_report_from_serializable(config=item.config, data=said)
    return report


def _failed(item: pytest.Item, why: str) -> pytest.TestReport:
    def fail() -> None:
        pytest.fail(why, pytrace=False)

    call = pytest.CallInfo.from_call(fail, "call")
    report: pytest.TestReport = item.ihook.pytest_runtest_makereport(item=item, call=call)
    return report


def _pipe() -> tuple[TextIO, TextIO]:
    read, write = os.pipe()
    return os.fdopen(read), os.fdopen(write, "w")

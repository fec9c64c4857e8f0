"""What a test needs, as marks that `-m` can choose by, and which tests share a process of a parallel run.

A mark is set by hand only where neither the folder nor a fixture gives it away.
"""

from __future__ import annotations

import os
from typing import Any

import pytest

BY_FOLDER = {"tests/lab/": "lab", "tests/shims/": "shims", "tests/gpu/": "gpu"}
BY_FIXTURE = {"gpusetup": "command", "world": "slow"}
LONG = (
    "tests/lab/", "tests/checks/", "tests/selftest/", "tests/repro/", "tests/test_contributing.py", "tests/shims/",
    "tests/apply/", "tests/test_wheel.py",
)  # fmt: skip
"""Begun first, or the last of them would be waited for alone."""
ALONE = (
    "tests/lab/test_lab_images.py",
    "tests/lab/test_lab_container_tools.py",
    "tests/lab/test_lab_debian_states.py",
    "tests/lab/test_lab_debian_install.py",
)
"""Files of the lab that do without its world."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        marks = [mark for folder, mark in BY_FOLDER.items() if item.nodeid.startswith(folder)]
        marks += [mark for fixture, mark in BY_FIXTURE.items() if fixture in getattr(item, "fixturenames", ())]
        for mark in marks:
            item.add_marker(mark)
    items.sort(key=_turn)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("root"):
        if os.geteuid() != 0:
            pytest.skip(*mark.args)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give each process of a parallel run whole files, whose fixtures are then made once, and one of them the lab."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return scope(nodeid)

    config.option.loadscopereorder = False  # the order is ours: the longest first, not the file with the most tests
    return Scheduling(config, log)


def scope(nodeid: str) -> str:
    """Return what runs together with `nodeid`: the tests of its file, or all that share the lab's world."""
    file = nodeid.partition("::")[0]
    return "the lab's world" if file.startswith("tests/lab/") and file not in ALONE else file


def _turn(item: pytest.Item) -> int:
    places = [place for place, folder in enumerate(LONG) if item.nodeid.startswith(folder)]
    return places[0] if places else len(LONG)

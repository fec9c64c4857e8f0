"""``--minutes``: for checks that are timed, in the first round, with a deadline that grows by as much."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from gpusetup.cli.selftest import selftest
from gpusetup.errors import WrongInputError
from gpusetup.selftest.registry import checks
from gpusetup.selftest.schedule import Selection, plan
from gpusetup.selftest.selection import choose_timed
from gpusetup.selftest.workers.activity import Activity
from gpusetup.selftest.workers.deadline import LONGEST, Deadline

CHECKS = checks()


def test_minutes_choose_what_is_timed_unless_checks_are_named() -> None:
    assert choose_timed((), 0.0, CHECKS) == ()
    assert choose_timed((), 5.0, CHECKS) == ("soak",)
    assert choose_timed(("soak", "gru"), 5.0, CHECKS) == ("soak", "gru")
    with pytest.raises(WrongInputError, match="gru does not run for a given time"):
        choose_timed(("gru",), 5.0, CHECKS)


def test_only_the_timed_check_has_minutes_and_only_one_round(tmp_path: Path) -> None:
    selection = Selection(checks=("gru", "soak"), pythons={"pytorch": "python"}, minutes=3.0)
    jobs = [job for lane in plan(selection, CHECKS, tmp_path) for job in lane.jobs]
    found = {(job.check, job.framework, job.round): job.minutes for job in jobs}
    assert found == {
        ("gru", "pytorch", 1): 0.0,
        ("gru", "pytorch", 2): 0.0,
        ("soak", "pytorch", 1): 3.0,
        ("gru", "reference", 1): 0.0,
        ("soak", "reference", 1): 0.0,
    }


def test_a_run_of_its_own_length_is_not_hung_before_it_is_over() -> None:
    """It steps all the time: only the bound for the whole run can end it."""
    clock = [0.0]
    at_work = lambda _: Activity(computed=clock[0], waited=0.0, moved=0)  # noqa: E731
    plain, longer = (Deadline(1, 10.0, 1, longer=more, look=at_work, clock=lambda: clock[0]) for more in (0.0, 600.0))
    ended = {}
    for second in range(1, 1200):
        clock[0] = float(second)
        for name, deadline in (("plain", plain), ("longer", longer)):
            deadline.progress(second)
            if name not in ended and deadline.passed():
                ended[name] = second
    assert ended["plain"] == pytest.approx(LONGEST * 10, abs=2)
    assert ended["longer"] == pytest.approx(LONGEST * 10 + 600, abs=2)


def test_the_command_says_for_which_checks_minutes_are() -> None:
    done = CliRunner().invoke(selftest, ["--minutes", "1", "--check", "gru", "--device", "cpu"])
    assert isinstance(done.exception, WrongInputError)
    assert done.exception.remedy == "--minutes is for: soak"

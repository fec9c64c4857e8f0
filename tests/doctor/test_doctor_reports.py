"""Public reports with a known cause: the doctor names it, and those it does not are a list that can only shrink."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gpusetup.machine.model import Machine
from tests.doctor.machines import HOSTS
from tests.doctor.public_reports import Doctor, judge, reports, still_open, titles
from tests.doctor.replay import replayed
from tests.each import each
from tests.support import Run

REPORTS = reports()
OPEN = still_open()
NEEDED = {"source", "read", "about", "confirmed", "host", "change", "first", "remedy", "must", "never", "exit"}
CONFIRMED = {"reporter", "maintainer", "another user", "message"}
OPTIONAL = {"log", "log_path"}
PATTERNS = ("first", "remedy", "must", "never")
ADDRESS = re.compile(r"\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b|GPU-(?!0{8})[0-9a-f]{8}-", re.IGNORECASE)
COMMANDS = {"doctor --list": "HOT001   warning  A GPU is hot\n"}
SAID = {"first": ["too hot"], "remedy": ["fan"], "must": [], "never": [], "exit": [0, 1]}


@pytest.fixture
def doctor(gpusetup: Run) -> Doctor:
    def run(*args: str) -> tuple[int, str]:
        done = gpusetup(*args, env={"NO_COLOR": "1", "COLUMNS": "200"})
        return done.returncode, f"{done.stdout}\n{done.stderr}"

    return run


@pytest.mark.parametrize("name", REPORTS)
def test_the_cause_of_a_report_is_named_first(name: str, doctor: Doctor, tmp_path: Path) -> None:
    machine = tmp_path / "machine.json"
    machine.write_text(json.dumps(replayed(REPORTS[name])))
    found = judge(REPORTS[name], machine, doctor, titles(doctor))
    if name in OPEN:
        assert found.verdict != "right", f"{name} is right now: take it out of open.toml"
    else:
        assert not found.short


def test_what_is_open_is_a_report_with_a_reason() -> None:
    assert OPEN.keys() <= REPORTS.keys()
    assert all(OPEN.values())


@each("name", REPORTS)
def test_a_report_is_whole_and_names_nobody(name: str) -> None:
    report = REPORTS[name]
    assert report.keys() >= NEEDED
    assert report.keys() <= NEEDED | OPTIONAL
    assert report["source"].startswith("https://")
    assert report["host"] in HOSTS
    assert report["confirmed"] in CONFIRMED
    assert report["first"], "a report that demands nothing proves nothing"
    assert [re.compile(pattern) for key in PATTERNS for pattern in report[key]]
    assert not ADDRESS.search(report.get("log", ""))
    assert isinstance(msgspec.convert(replayed(report), Machine), Machine)


def said(*findings: tuple[str, str], text: str = "") -> Doctor:
    """A doctor that has these findings to tell: state and summary, each with the advice to clean the fan."""
    rows = [
        {"rule": "HOT001", "state": state, "summary": summary, "remedy": {"text": "Clean the fan", "commands": []}}
        for state, summary in findings
    ]
    answers = {"--json": json.dumps({"findings": rows})}
    return lambda *args: (1, answers.get(args[-1], text))


@pytest.mark.parametrize(
    ("findings", "change", "verdict"),
    [
        ([("warning", "much too hot")], {}, "right"),
        ([("warning", "a disk is full"), ("error", "much too hot")], {}, "right"),
        ([("warning", "much too hot")], {"remedy": ["water"]}, "partly"),
        ([("warning", "much too hot")], {"must": ["degrees"]}, "partly"),
        ([("warning", "much too hot")], {"never": ["nothing is"]}, "partly"),
        ([("warning", "much too hot")], {"exit": [0]}, "partly"),
        ([("error", "a disk is full"), ("warning", "much too hot")], {}, "partly"),
        ([("error", "a disk is full")], {}, "wrong"),
        ([("unknown", "cannot look at a disk"), ("info", "a disk is slow")], {}, "missed"),
        ([], {}, "missed"),
    ],
)
def test_the_judge_tells_right_from_wrong(
    findings: list[tuple[str, str]], change: dict[str, Any], verdict: str, tmp_path: Path
) -> None:
    asked = said(*findings, text="nothing is well here")
    assert judge({**SAID, **change}, tmp_path, asked, {}).verdict == verdict


def test_a_doctor_that_answers_nothing_has_not_called_the_machine_healthy(tmp_path: Path) -> None:
    found = judge(SAID, tmp_path, lambda *args: (2, "error: machine.json is no saved machine"), {})
    assert (found.verdict, found.short) == ("refused", ("no report: exit 2",))


def test_a_title_counts_as_said(tmp_path: Path) -> None:
    names = titles(lambda *args: (0, COMMANDS[" ".join(args)]))
    assert names == {"HOT001": "A GPU is hot"}
    asked = said(("warning", "120 degrees"))
    assert judge({**SAID, "first": ["is hot"]}, tmp_path, asked, names).verdict == "right"

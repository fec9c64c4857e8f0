"""``gpusetup facts`` through the installed command."""

from __future__ import annotations

import json
from datetime import date

import pytest

from gpusetup.facts import facts
from gpusetup.facts.tables import TABLES
from tests.support import Run

LATER = "2030-01-01"


def test_list_names_every_table_with_its_rows(gpusetup: Run) -> None:
    done = gpusetup("facts", "list", "--json")
    assert done.returncode == 0
    assert {row["table"]: row["rows"] for row in json.loads(done.stdout)} == {
        table: len(facts().load(table)) for table in TABLES
    }
    assert "torch_build" in gpusetup("facts", "list").stdout


def test_list_shows_the_rows_of_a_table(gpusetup: Run) -> None:
    done = gpusetup("facts", "list", "gpu", "--grep", "gtx 1050 mobile", "--json")
    (row,) = json.loads(done.stdout)
    assert row["cc"] == "6.1"
    assert row["source"]
    assert "gpu-geforce-gtx-1050-mobile" in gpusetup("facts", "list", "gpu", "--grep", "1050").stdout


@pytest.mark.parametrize("args", [["list"], ["list", "branch"], ["stale", "--on", LATER], ["show", "key-73CD9B30"]])
def test_lines_end_where_their_text_ends(gpusetup: Run, args: list[str]) -> None:
    lines = gpusetup("facts", *args).stdout.splitlines()
    assert lines
    assert lines == [line.rstrip() for line in lines]


def test_show_gives_one_row_with_its_sources(gpusetup: Run) -> None:
    text = gpusetup("facts", "show", "torch-build-2.14-cu126").stdout
    assert "9.10.2.21" in text
    assert "RELEASE.md" in text


def test_stale_fails_once_something_has_expired(gpusetup: Run) -> None:
    soon = min(row.expires for table in TABLES for row in facts().load(table) if row.expires)
    assert gpusetup("facts", "stale", "--on", soon.isoformat()).returncode == 0
    later = gpusetup("facts", "stale", "--on", LATER, "--json")
    assert later.returncode == 1
    assert all(date.fromisoformat(row["expires"]) < date.fromisoformat(LATER) for row in json.loads(later.stdout))
    assert "expired" in gpusetup("facts", "stale", "--on", LATER).stdout


def test_check_is_quiet_over_the_committed_tables(gpusetup: Run) -> None:
    done = gpusetup("facts", "check")
    assert (done.returncode, done.stderr) == (0, "")
    assert "0 contradictions" in done.stdout
    assert json.loads(gpusetup("facts", "check", "--json").stdout) == []


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["list", "nonsense"], "no facts table"),
        (["show", "nonsense"], "no fact"),
        (["stale", "--on", "yesterday"], "yesterday"),
    ],
)
def test_wrong_words_get_one_clear_line(gpusetup: Run, args: list[str], says: str) -> None:
    done = gpusetup("facts", *args)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr

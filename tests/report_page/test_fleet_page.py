"""A fleet on the page: everything that matters is there, within the budget, whatever hosts call themselves."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gpusetup.errors import WrongInputError
from gpusetup.fleet.model import Fleet
from gpusetup.report.page.assemble import About, page
from gpusetup.report.page.model import Result
from gpusetup.report.page.read import read_results
from gpusetup.report.page.sections import sections
from tests.fleet.fleets import hosts
from tests.fleet.synthetic import write
from tests.report_page.strangers import strangers
from tests.support import ROOT, Run, chance

ABOUT = About("a fleet", "today", "0", False, ("fleet",), True)
BUDGET = 2_000_000
HOSTILE = "<script>mark(1)</script>\"'{{7*7}}\u202e</p>"


def shown(fleet: Fleet) -> str:
    return page(sections([Result("fleet", fleet)]), ABOUT)


def test_ten_thousand_hosts_that_are_all_wrong_are_within_the_budget() -> None:
    html = shown(strangers(10_000))
    assert len(html.encode()) <= BUDGET
    assert "9,500 more hosts that are not like their equals are not shown" in html


def test_what_is_in_the_json_is_on_the_page() -> None:
    fleet = msgspec.json.decode((ROOT / "tests/samples/fleet.json").read_bytes(), type=Fleet)
    html = shown(fleet)
    for one in fleet.hosts:
        assert one.state == "ok" or one.name in html
        for reason in one.reasons if one.state != "ok" else ():
            if reason.kind != "finding":
                assert reason.text.partition(" ")[0] in html
    for title in ("PCIe lanes", "kernel", "variable NCCL_IB_DISABLE", "No majority" if fleet.notes else "Minority"):
        assert title in html
    assert html.count('<tr class="row">') == len({one.reasons for one in fleet.hosts if one.state != "ok"}) + len(
        fleet.differences
    )


def test_the_grid_links_to_the_hosts_below() -> None:
    fleet = msgspec.json.decode((ROOT / "tests/samples/fleet.json").read_bytes(), type=Fleet)
    html = shown(fleet)
    links = re.findall(r'href="#(fleet-hosts-\d+)"', html)
    assert links
    assert all(f'id="{link}"' in html for link in links)


def test_an_empty_fleet_says_so() -> None:
    html = shown(Fleet(gpusetup="0", at="x", verdict="ok", hosts=(), groups=()))
    assert "nothing was given" in html


def test_what_a_host_calls_itself_cannot_run() -> None:
    html = shown(strangers(30, HOSTILE))
    assert "<script>mark" not in html
    assert "\u202e" not in html
    assert "49</p>" not in html


def test_a_folder_of_many_hosts_is_a_fleet(tmp_path: Path) -> None:
    some = hosts(3, chance("fleet page"), proofs=False)
    write(tmp_path / "nested", some)
    for number, parts in enumerate(some.values()):
        (tmp_path / f"host{number}.json").write_bytes(msgspec.json.encode(parts["machine"]))
    for folder in (tmp_path / "nested", tmp_path):
        (result,) = read_results([folder])
        assert isinstance(result.value, Fleet)
        assert {one.state for one in result.value.hosts} <= {"ok", "unknown", "attention"}


def test_a_folder_of_one_host_is_none(tmp_path: Path) -> None:
    parts: dict[str, Any] = hosts(1, chance("fleet page, one"), proofs=False)["node00000"]
    (tmp_path / "machine.json").write_bytes(msgspec.json.encode(parts["machine"]))
    (result,) = read_results([tmp_path])
    assert type(result.value).__name__ == "Machine"
    (tmp_path / "machine.json").unlink()
    with pytest.raises(WrongInputError):
        read_results([tmp_path])


def test_the_page_of_a_fleet_is_without_names_unless_they_are_asked_for(gpusetup: Run, tmp_path: Path) -> None:
    page = tmp_path / "fleet.html"
    for words, there in (((), False), (("--no-redact",), True)):
        done = gpusetup("report", ROOT / "tests/samples/fleet.json", "-o", page, *words)
        assert done.returncode == 0, done.stderr
        assert ("node03" in page.read_text()) == there
        assert "are shown as they were saved" not in done.stderr

"""The judgement over records of links: who is named, at which level, and how often nobody is to be."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from gpusetup.cli._fleet_links import links as command
from gpusetup.cli.fleet import fleet as fleet_command
from gpusetup.cli.report import report as report_command
from gpusetup.errors import WrongInputError
from gpusetup.fleet.links.program.schedule import rounds, tournament
from gpusetup.fleet.links.read import read_record
from gpusetup.value import to_json
from tests.fleet.links_ranks import named
from tests.fleet.links_synthetic import judged, slow_down, sound
from tests.support import chance


@pytest.mark.parametrize("ends", [2, 3, 8, 13, 64])
def test_a_tournament_is_every_pair_once_in_disjoint_rounds(ends: int) -> None:
    found = tournament(ends)
    assert sorted(itertools.chain(*found)) == list(itertools.combinations(range(ends), 2))
    assert len(found) == ends - 1 + ends % 2
    assert all(len({*itertools.chain(*some)}) == 2 * len(some) for some in found)


def test_of_many_hosts_each_meets_as_many_others() -> None:
    found = tournament(1000, 63)
    met = [{one + two - end for some in found for one, two in some if end in (one, two)} for end in range(1000)]
    assert {len(some) for some in met} == {63}


def test_hosts_of_several_ranks_use_all_at_once() -> None:
    found = rounds([[0, 1], [2, 3], [4]])
    assert ("within", [(0, 1), (2, 3)]) in found
    between = {pair for kind, some in found if kind == "between" for pair in some}
    assert between == {(0, 2), (1, 3), (0, 4), (2, 4)}


def test_no_sound_record_accuses_anyone() -> None:
    draw = chance("links, sound")
    accused = [
        judged(sound(hosts, per_host, draw, noise)).faults
        for hosts, per_host in ((2, 8), (6, 1), (12, 2), (40, 1)) for noise in (0.003, 0.03, 0.15)
    ]  # fmt: skip
    assert not any(accused), accused


def test_a_slow_host_a_slow_card_and_a_slow_way_are_told_apart() -> None:
    record = sound(16, 4, chance("links, slow"))
    for rank in (20, 21, 22, 23):
        slow_down(record, 0.5, rank=rank)
    slow_down(record, 0.4, rank=9)
    slow_down(record, 0.3, ways={(0, 44)})
    found = {(one.kind, one.subject, one.direction) for one in judged(record).faults}
    between = {
        ("slow", "node005", "sends"),
        ("slow", "rank 9 on node002", "sends"),
        ("slow", "node000 → node011", "sends"),
    }
    assert between <= found
    inside = {subject for _, subject, _ in found - between}
    assert inside <= {f"rank {rank} on node005" for rank in (20, 21, 22, 23)}


def test_a_link_that_answers_late_is_named() -> None:
    record = sound(8, 1, chance("links, latency"))
    pair = next(one for one in record["pairs"] if one["of"] == [2, 5])
    pair["latency"] *= 40
    assert named(judged(record)) == [("latency", "node002 – node005", "both")]


def test_of_two_hosts_nothing_says_which() -> None:
    record = sound(2, 1, chance("links, two"))
    record["pairs"][0]["wrong"] = [[1, 1, "the first at 0, bit 3"], []]
    found = judged(record)
    assert named(found) == [("wrong", "node000 → node001", "sends")]
    assert any("at least 8 are needed" in one.unsaid for one in found.figures)


def test_nothing_measured_is_not_sound() -> None:
    record = sound(3, 1, chance("links, none"))
    record["pairs"] = []
    assert judged(record).verdict == "unknown"


def test_a_sum_that_is_wrong_only_of_all_is_nobody_s() -> None:
    record = sound(4, 1, chance("links, sums"))
    record["totals"] = [
        {"ranks": [0, 1, 2, 3], "seconds": 1.0, "wrong": [0, 1, 2, 3], "failed": []},
        {"ranks": [0, 1], "seconds": 1.0, "wrong": [], "failed": []},
        {"ranks": [2, 3], "seconds": 1.0, "wrong": [], "failed": []},
    ]
    (fault,) = judged(record).faults
    assert (fault.level, fault.ranks) == ("group", (0, 1, 2, 3))
    assert "smaller groups of them are right" in fault.text


def test_a_fleet_reads_links_beside_machines(tmp_path: Path) -> None:
    record = sound(8, 1, chance("links, fleet"))
    for pair in record["pairs"]:
        if 3 in pair["of"]:
            pair["wrong"][pair["of"].index(3)] = [1, 1, "the first at 5, bit 7"]
    slow_down(record, 0.1, ways={(1, 6), (6, 1)})
    (tmp_path / "links.json").write_text(json.dumps(record))
    found = CliRunner().invoke(fleet_command, [str(tmp_path), "--json"])
    states = {one["name"]: one["state"] for one in json.loads(found.output)["hosts"]}
    assert found.exit_code == 1
    assert states == {f"node{n:03}": {3: "drain", 1: "attention", 6: "attention"}.get(n, "ok") for n in range(8)}
    text = CliRunner().invoke(fleet_command, [str(tmp_path)]).output
    assert "✗ its links: sends wrong numbers (7 ways" in text
    assert "! its link with node006: node001 – node006: " in text


def test_a_rank_that_never_came_leaves_the_fleet_unknown(tmp_path: Path) -> None:
    record = sound(3, 1, chance("links, absent"))
    record |= {"world": 4, "gone": [{"rank": 3, "why": "its host gives no sign of life", "doing": ""}]}
    (tmp_path / "links.json").write_text(json.dumps(record))
    result = CliRunner().invoke(fleet_command, [str(tmp_path), "--json"])
    assert (result.exit_code, json.loads(result.output)["verdict"]) == (3, "unknown")
    assert CliRunner().invoke(command, [str(tmp_path / "links.json")]).exit_code == 1


@pytest.mark.parametrize(
    "change",
    [
        {"ranks": [{"rank": 0, "host": "", "device": "cpu"}]},
        {"pairs": [{"of": [0, -1]}]},
        {"links": 2},
        {"totals": [{"ranks": [10**9], "seconds": 0.0}]},
        {"world": "x"},
    ],
)
def test_a_spoilt_record_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    path = tmp_path / "links.json"
    path.write_text(json.dumps(sound(2, 1, chance("links, spoilt")) | change))
    with pytest.raises(WrongInputError, match="no record of links"):
        read_record(path)


def test_a_hostile_record_hurts_nobody(tmp_path: Path) -> None:
    record = sound(3, 1, chance("links, hostile"))
    record["ranks"][0]["host"] = "node\x1b[31m\n::error::"
    record["pairs"][0] |= {"of": [7, 9], "rate": [float(10**300), 0.0]}
    record["pairs"][1] |= {"of": [2, 2], "wrong": [["x"], [1, 2, "\x1b"]]}
    record["totals"][0]["wrong"] = [5000]
    path = tmp_path / "links.json"
    path.write_text(json.dumps(record))
    result = CliRunner().invoke(command, [str(path)])
    assert isinstance(result.exception, SystemExit | None)
    assert "\x1b" not in result.output


@pytest.mark.parametrize("rates", [(1e308, 5e-324), (5e-324, 1e308)])
def test_no_rate_of_a_record_ends_the_judgement(rates: tuple[float, float]) -> None:
    record = sound(8, 1, chance("links, rates"))
    for one in record["pairs"][:3]:
        one["rate"] = list(rates)
    json.loads(to_json(judged(record)))


def test_what_is_asked_for_has_to_be_one_thing() -> None:
    assert CliRunner().invoke(command, []).exit_code == 2


def test_a_host_far_below_all_others_is_named_however_these_scatter() -> None:
    record = sound(6, 1, chance("links, scattered"), noise=0.9)
    assert judged(record).faults == ()
    fastest = min(rate for pair in record["pairs"] for rate in pair["rate"])
    for pair in record["pairs"]:
        if 2 in pair["of"]:
            pair["rate"][pair["of"].index(2)] = fastest / 3
    assert named(judged(record)) == [("slow", "node002", "sends")]


def test_the_page_of_a_fleet_has_its_links(tmp_path: Path) -> None:
    record = sound(8, 1, chance("links, page"))
    record["ranks"][5]["host"] = "<script>alert(1)</script>"
    for pair in record["pairs"]:
        if 5 in pair["of"]:
            pair["wrong"][pair["of"].index(5)] = [1, 1, "the first at 5, bit 7"]
    (tmp_path / "links.json").write_text(json.dumps(record))
    saved = CliRunner().invoke(fleet_command, [str(tmp_path / "links.json"), "--json"]).output
    (tmp_path / "fleet.json").write_text(saved)
    texts = {}
    for names in ("--no-redact", "--redact"):
        page = tmp_path / "page.html"
        words = [str(tmp_path / "fleet.json"), "-o", str(page), names]
        assert CliRunner().invoke(report_command, words).exit_code == 0
        texts[names] = page.read_text()
        assert "Links: 1 fault (8 ranks, 28 pairs, 1 sum by nccl)" in texts[names]
    assert "&lt;script&gt;alert(1)&lt;/script&gt;</strong>: sends wrong numbers" in texts["--no-redact"]
    assert "</strong>: sends wrong numbers" in texts["--redact"]
    assert "alert(1)" not in texts["--redact"]
    assert "node003" not in texts["--redact"]

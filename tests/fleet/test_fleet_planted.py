"""Every kind of outlier is named, and nobody else is."""

from __future__ import annotations

import random
from pathlib import Path

from gpusetup.fleet.gather import gather
from gpusetup.fleet.judge import judge
from tests.each import each
from tests.fleet.fleets import AT, hosts, judged, of
from tests.fleet.synthetic import PLANTED, Parts, Planted, write
from tests.support import chance


def planted(count: int, times: int, draw: random.Random) -> tuple[dict[str, Parts], dict[str, Planted]]:
    """Return a fleet in which each kind of fault is on so many hosts, and which host has which."""
    some = hosts(count, draw)
    free = list(some)
    draw.shuffle(free)
    where = {free.pop(): fault for fault in PLANTED for _ in range(times)}
    for host, fault in where.items():
        fault.plant(some[host], draw)
    return some, where


def test_there_are_thirty_kinds_at_least() -> None:
    assert len({one.name for one in PLANTED}) == len(PLANTED) >= 30


def test_each_kind_is_named_on_its_host_alone(tmp_path: Path) -> None:
    some, where = planted(115, 1, chance("fleet, planted"))
    write(tmp_path, some)
    fleet = judge(gather([tmp_path]), AT)
    for host, fault in where.items():
        told = [(one.kind, one.text) for one in of(fleet, host).reasons]
        assert any(kind == fault.kind and fault.said in text for kind, text in told), (fault.name, told)
        assert of(fleet, host).state != "ok", fault.name
        more = [text for kind, text in told if fault.said not in text and not text.startswith("SET004")]
        assert not more, (fault.name, more)
    accused = [one for one in fleet.hosts if one.name not in where and one.state != "ok"]
    assert not accused, accused


@each(
    "fault",
    [one for one in PLANTED if one.name in {"another driver", "half the lanes", "other bits"}],
    lambda one: one.name,
)
def test_what_many_have_is_named_and_drains_nobody(fault: Planted, tmp_path: Path) -> None:
    draw = chance(f"fleet, many {fault.name}")
    some = hosts(30, draw)
    for host in list(some)[:9]:
        fault.plant(some[host], draw)
    fleet = judged(some, tmp_path)
    states = {one.state for one in fleet.hosts[:9]}
    assert states == ({"drain"} if fault.kind == "bits" else {"attention"})
    assert {one.state for one in fleet.hosts[9:]} == {"ok"}


def test_sound_fleets_are_not_accused(tmp_path: Path) -> None:
    draw = chance("fleet, sound")
    for count in (2, 3, 8, 24):
        fleet = judged(hosts(count, draw), tmp_path)
        assert {one.state for one in fleet.hosts} == {"ok"}, [one.reasons for one in fleet.hosts if one.state != "ok"]
        assert not fleet.differences
        assert fleet.verdict in {"ok", "attention"}

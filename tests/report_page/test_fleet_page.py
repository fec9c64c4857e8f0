"""A fleet on the page: everything that matters is there, within the budget, whatever hosts call themselves."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gpusetup.errors import WrongInputError
from gpusetup.fleet.model import (
    BitMinority,
    Bits,
    Difference,
    Figure,
    Fleet,
    Group,
    HostResult,
    Minority,
    Outlier,
    Reason,
)
from gpusetup.report.page.assemble import About, page
from gpusetup.report.page.model import Result
from gpusetup.report.page.read import read_results
from gpusetup.report.page.sections import sections
from tests.fleet.fleets import hosts
from tests.fleet.synthetic import write
from tests.support import ROOT, chance

ABOUT = About("a fleet", "today", "0", False, ("fleet",), True)
BUDGET = 2_000_000
HOSTILE = "<script>mark(1)</script>\"'{{7*7}}\u202e</p>"


def shown(fleet: Fleet) -> str:
    return page(sections([Result("fleet", fleet)]), ABOUT)


def worst(count: int, name: str = "node") -> Fleet:
    """Return a fleet in which every host has many reasons of its own, everything differs and all is slow."""
    names = tuple(f"{name}{number}" for number in range(count))
    reasons = [
        tuple(
            Reason(
                kind="difference",
                weight="drain",
                of="gpu.vbios",
                text=f"{name} VBIOS 96.00.{number}.{one} " + "x" * 150,
            )
            for one in range(40)
        )
        for number in range(min(count, 2000))
    ]
    others = tuple(Minority(value=f"{name} {one}", places=names[:500], hosts=names[:500]) for one in range(40))
    difference = Difference(group="g", property="gpu.vbios", title=f"{name} VBIOS", topic="firmware", weight="warn",
                            unit="GPU", most="a", count=9, of=9, others=others, why="y" * 100)  # fmt: skip
    places = tuple((f"{one}: cuda:0", 100.0) for one in names[:400])
    slow = tuple(Outlier(host=one, device="cuda:0", value=1.0, share=0.7, distance=9.0) for one in names[:500])
    figure = Figure(check="gru", framework="pytorch", precision="float32", measure=f"{name} per second",
                    environment="e", devices=count, hosts=count, median=100.0, lowest=1.0, highest=100.0,
                    slow=slow, limit_low=90.0, limit_high=110.0, values=places)  # fmt: skip
    bit = Bits(check="gru", framework="pytorch", device="cuda", precision="float32", seed=0, environment="e" * 200,
               state="majority", most="a" * 16, count=9, of=9,
               others=(BitMinority(fingerprint="b" * 16, places=names[:500], hosts=names[:500]),) * 20)  # fmt: skip
    return Fleet(
        gpusetup="0", at="2026-11-30T12:00:00Z", verdict="drain", groups=(Group(name=name, product="p", hosts=count),),
        hosts=tuple(HostResult(name=one, state="drain", reasons=reasons[number % len(reasons)], group="g", drain="d")
                    for number, one in enumerate(names)),
        differences=(difference,) * 300, bits=(bit,) * 100, figures=(figure,) * 40, alarm_rate=1e-3,
    )  # fmt: skip


def test_ten_thousand_hosts_that_are_all_wrong_are_within_the_budget() -> None:
    html = shown(worst(10_000))
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
    html = shown(worst(30, HOSTILE))
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

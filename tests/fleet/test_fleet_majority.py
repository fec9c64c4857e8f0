"""Who is measured by whom: majorities of values and of bits, and when there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from gpusetup.fleet.judge import exit_code
from tests.each import each
from tests.fleet.fleets import hosts, judged, of, texts
from tests.fleet.synthetic import Parts
from tests.support import chance

DRAW = chance("fleet, majority")


def _kernel(some: dict[str, Parts], *numbers: int) -> dict[str, Parts]:
    for number in numbers:
        some[f"node{number:05d}"]["machine"]["system"]["kernel"]["release"] = "5.15.0"
    return some


def _gru(some: dict[str, Parts], host: int, bits: str, cards: range = range(8)) -> None:
    for run in some[f"node{host:05d}"]["proof"]["runs"]:
        if run["job"]["check"] == "gru" and int(run["job"]["device"][5:]) in cards:
            run["result"]["fingerprint"] = bits * 64


@pytest.mark.parametrize(("count", "other"), [(2, (0,)), (4, (0, 1)), (6, (0, 1, 2))])
def test_of_two_halves_nobody_is_named(tmp_path: Path, count: int, other: tuple[int, ...]) -> None:
    fleet = judged(_kernel(hosts(count, DRAW, proofs=False), *other), tmp_path)
    assert [one.most for one in fleet.differences] == [""]
    assert {one.value for one in fleet.differences[0].others} == {"5.15.0", "6.8.0-90-generic"}
    assert {one.state for one in fleet.hosts} == {"ok"}
    assert exit_code(fleet) == 0
    assert exit_code(fleet, "warning") == 1


def test_one_of_three_is_named(tmp_path: Path) -> None:
    fleet = judged(_kernel(hosts(3, DRAW, proofs=False), 1), tmp_path)
    assert [one.state for one in fleet.hosts] == ["ok", "attention", "ok"]
    assert texts(fleet.hosts[1])[0].startswith("kernel 5.15.0; 2 of 3 hosts have 6.8.0")


def test_a_wheel_is_the_same_however_its_name_is_written(tmp_path: Path) -> None:
    some = hosts(3, DRAW, proofs=False)
    for host, name in zip(some, ("Ruamel.Yaml", "ruamel_yaml", "ruamel-yaml"), strict=True):
        some[host]["machine"]["distributions"].append({"name": name, "version": "0.18", "location": "/opt"})
    assert not judged(some, tmp_path).differences


def test_many_gpus_of_one_host_do_not_outvote_few_of_others(tmp_path: Path) -> None:
    some = hosts(3, DRAW, proofs=False)
    for host in list(some)[1:]:
        some[host]["machine"]["gpus"] = some[host]["machine"]["gpus"][:1]
        some[host]["machine"]["gpus"][0]["vbios"] = "92.00"
    fleet = judged(some, tmp_path)
    found = next(one for one in fleet.differences if one.property == "gpu.vbios")
    assert found.most == ""  # eight of ten GPUs, and one of three hosts


def test_one_card_of_a_single_host_is_named(tmp_path: Path) -> None:
    some = hosts(1, DRAW, proofs=False)
    some["node00000"]["machine"]["gpus"][5]["vbios"] = "92.00"
    assert texts(judged(some, tmp_path).hosts[0], "warn")[1].startswith("GPU 5: VBIOS 92.00; 7 of 8 GPUs")


def test_a_minority_of_bits_is_named_with_its_device(tmp_path: Path) -> None:
    some = hosts(3, DRAW)
    _gru(some, 1, "f", range(3, 4))
    fleet = judged(some, tmp_path)
    found = [one for one in fleet.bits if one.state == "majority"]
    assert [(one.count, one.of, one.others[0].places) for one in found] == [(23, 24, ("node00001: cuda:3",))] * 2
    assert of(fleet, "node00001").state == "drain"
    assert of(fleet, "node00001").drain.startswith("other bits on cuda:3: gru in pytorch on cuda")
    assert exit_code(fleet) == 1


def test_two_hosts_that_disagree_have_no_majority(tmp_path: Path) -> None:
    some = hosts(2, DRAW)
    _gru(some, 1, "f")
    fleet = judged(some, tmp_path)
    assert [one.state for one in fleet.bits] == ["no majority", "no majority", "agree"]
    assert {one.state for one in fleet.hosts} == {"unknown"}
    assert exit_code(fleet) == 3


def test_exact_needs_no_majority(tmp_path: Path) -> None:
    some = hosts(2, DRAW)
    verdict = {"kind": "published", "check": "exact", "framework": "pytorch", "device": "cuda:1", "state": "failed",
               "precision": "float32", "seed": 0, "summary": "other bits than the published ones"}  # fmt: skip
    some["node00000"]["proof"]["verdicts"].append(verdict)
    fleet = judged(some, tmp_path)
    assert [one.state for one in fleet.hosts] == ["drain", "ok"]
    assert "exact in pytorch on cuda:1" in fleet.hosts[0].drain


def test_other_environments_are_not_compared(tmp_path: Path) -> None:
    some = hosts(3, DRAW)
    _gru(some, 1, "f")
    some["node00001"]["proof"]["environments"]["e1"]["driver"] = "560.35.03"
    fleet = judged(some, tmp_path)
    assert {one.state for one in fleet.bits} == {"agree"}
    assert {one.state for one in fleet.hosts} == {"ok"}


def test_a_harmless_part_of_the_environment_does_not_part_them(tmp_path: Path) -> None:
    some = hosts(3, DRAW)
    some["node00001"]["proof"]["environments"]["e1"]["python"] = "3.12.1"
    _gru(some, 1, "f", range(1))
    assert "majority" in {one.state for one in judged(some, tmp_path).bits}


def test_where_most_are_unsteady_nobody_is_named(tmp_path: Path) -> None:
    some = hosts(3, DRAW)
    for parts in some.values():
        runs = parts["proof"]["runs"]
        again = [{**run, "result": {**run["result"], "fingerprint": f"{i:064x}"}} for i, run in enumerate(runs)]
        parts["proof"]["runs"] = [*runs, *again]
    fleet = judged(some, tmp_path)
    assert {one.state for one in fleet.bits} == {"unsteady"}
    assert {one.state for one in fleet.hosts} == {"ok"}


def test_what_cannot_be_read_on_one_host_alone_is_unknown(tmp_path: Path) -> None:
    some = hosts(3, DRAW, proofs=False)
    some["node00001"]["machine"]["gpus"][2]["vbios"] = {"unread": "denied", "source": "nvmlDeviceGetVbiosVersion"}
    fleet = judged(some, tmp_path)
    assert [one.state for one in fleet.hosts] == ["ok", "unknown", "ok"]
    assert "VBIOS (denied)" in texts(fleet.hosts[1], "unknown")[0]
    assert exit_code(fleet) == 3


def test_what_an_older_version_did_not_read_is_no_difference(tmp_path: Path) -> None:
    some = hosts(3, DRAW, proofs=False)
    for gpu in some["node00001"]["machine"]["gpus"]:
        for field in ("vbios", "fabric_summary", "nvlinks"):
            del gpu[field]
    assert {one.state for one in judged(some, tmp_path).hosts} == {"ok"}


@each("unread, pci, state", [
    ("failed", None, "unknown"), ("absent", None, "unknown"), ("absent", [], "ok"), ("failed", "denied", "unknown"),
])  # fmt: skip
def test_hosts_whose_drivers_are_all_silent_are_not_like_each_other(
    unread: str, pci: object, state: str, tmp_path: Path
) -> None:
    some = hosts(3, chance("fleet, silent"), proofs=False)
    for parts in some.values():
        parts["machine"]["gpus"] = {"unread": unread, "source": "nvmlInit", "detail": ""}
        if pci is not None:
            parts["machine"]["pci"] = pci if pci == [] else {"unread": pci, "source": "/sys", "detail": ""}
    assert {one.state for one in judged(some, tmp_path).hosts} == {state}


def test_what_a_self_test_left_open_is_unknown(tmp_path: Path) -> None:
    some = hosts(3, chance("fleet, open"))
    verdicts = some["node00001"]["proof"]["verdicts"]
    verdicts[2] |= {"state": "unproven"}
    verdicts[3] |= {"state": "unproven", "required": False}
    some["node00002"]["proof"]["verdicts"][3] |= {"state": "unproven", "required": False}
    fleet = judged(some, tmp_path)
    assert [one.state for one in fleet.hosts] == ["ok", "unknown", "ok"]
    assert texts(fleet.hosts[1], "unknown") == ["its self-test could not judge exact in pytorch on cuda:2"]


def test_runs_without_a_fingerprint_have_no_bits(tmp_path: Path) -> None:
    some = hosts(3, chance("fleet, no bits"))
    for parts in some.values():
        for run in parts["proof"]["runs"]:
            run["result"]["fingerprint"] = ""
    fleet = judged(some, tmp_path)
    assert (fleet.bits, len(fleet.figures)) == ((), 1)

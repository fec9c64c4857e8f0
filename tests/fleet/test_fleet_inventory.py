"""What is expected of a fleet, when its hosts were read, and which of them are the same."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gpusetup.errors import WrongInputError
from gpusetup.fleet.gather import gather
from gpusetup.fleet.inventory import expanded, read_plan
from gpusetup.fleet.judge import exit_code
from tests.each import each
from tests.fleet.fleets import hosts, judged, of, texts
from tests.fleet.synthetic import lines
from tests.support import chance

DRAW = chance("fleet, inventory")
GROUPS = """
[[group]]
role = "train"
hosts = ["node[00000-00002]"]
[group.expect]
gpus = 8
model = "H100"
driver = "565"
[[group]]
role = "login"
hosts = ["login1"]
"""


def _file(folder: Path, text: str) -> Path:
    (folder / "fleet.toml").write_text(text)
    return folder / "fleet.toml"


@each("text, names", [
    ("a", ["a"]), ("n[1-3]", ["n1", "n2", "n3"]), ("n[08-10,2]x", ["n08x", "n09x", "n10x", "n2x"]),
    ("r[1-2]n[1-2]", ["r1n1", "r1n2", "r2n1", "r2n2"]),
])  # fmt: skip
def test_names_with_ranges(text: str, names: list[str]) -> None:
    assert list(expanded(text)) == names


@each("text", ["n[]", "n[a-b]", "n[3-1]", "n[1-", "n]1", "n[1-999999999]", "n[1--2]"])
def test_wrong_ranges_are_refused(text: str) -> None:
    with pytest.raises(WrongInputError):
        list(expanded(text))


@each("text, says", [
    ("[[group]]", "hosts"), ("[[group]]\nhosts = ['a', 'a']", "twice"), ("group = []", "not a file of expectations"),
    ("[[group]]\nhosts = ['a']\n[group.expect]\ndriver = 'new'", "driver"), ("gpu = 8", "not a file of expectations"),
    ("[[group]]\nhosts = ['a']\n[group.expect]\ncards = 8", "cards"), ("\x00", "not a file"),
])  # fmt: skip
def test_a_wrong_file_is_refused(text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(WrongInputError, match=says):
        read_plan(_file(tmp_path, text))


def test_expectations_for_all_hosts_are_read_once_so_that_they_may_come_through_a_pipe() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"gpus = 8")
    os.close(writing)
    assert read_plan(Path(f"/dev/fd/{reading}")).anyone
    os.close(reading)


def test_what_is_as_expected_is_well_and_what_is_missing_unknown(tmp_path: Path) -> None:
    plan = read_plan(_file(tmp_path, GROUPS))
    fleet = judged(hosts(3, DRAW, proofs=False), tmp_path, plan)
    assert [(one.name, one.state) for one in fleet.hosts] == [
        ("login1", "unknown"), ("node00000", "ok"), ("node00001", "ok"), ("node00002", "ok"),
    ]  # fmt: skip
    assert fleet.inventory.missing == ("login1",)
    assert exit_code(fleet) == 3


def test_an_unmet_expectation_drains_also_where_all_are_alike(tmp_path: Path) -> None:
    plan = read_plan(_file(tmp_path, GROUPS.replace("gpus = 8", "gpus = 16").replace('"565"', '"580"')))
    fleet = judged(hosts(3, DRAW, proofs=False), tmp_path, plan)
    drained = [one for one in fleet.hosts if one.name.startswith("node")]
    assert {one.state for one in drained} == {"drain"}
    assert "the number of GPUs is 8" in drained[0].drain
    assert any("the driver is 565.57.01, expected 580" in text for text in texts(drained[0]))


def test_hosts_that_the_file_does_not_name_are_listed(tmp_path: Path) -> None:
    plan = read_plan(_file(tmp_path, GROUPS))
    fleet = judged(hosts(4, DRAW, proofs=False), tmp_path, plan)
    assert fleet.inventory.unexpected == ("node00003",)


def test_the_doctors_own_file_is_held_against_every_host(tmp_path: Path) -> None:
    plan = read_plan(_file(tmp_path, "gpus = 8\necc = false\n"))
    fleet = judged(hosts(2, DRAW, proofs=False), tmp_path, plan)
    assert {one.state for one in fleet.hosts} == {"drain"}
    assert "ECC is on, expected off" in fleet.hosts[0].drain


def test_roles_part_equals(tmp_path: Path) -> None:
    some = hosts(6, DRAW, proofs=False)
    for number in range(3):
        some[f"node{number:05d}"]["machine"]["system"]["kernel"]["release"] = "5.15.0"
    text = '[[group]]\nrole="a"\nhosts=["node[00000-00002]"]\n[[group]]\nrole="b"\nhosts=["node[00003-00005]"]\n'
    fleet = judged(some, tmp_path, read_plan(_file(tmp_path, text)))
    assert not fleet.differences
    assert [one.role for one in fleet.groups] == ["a", "b"]


@each("read_at, state, says", [
    ("2026-11-30T12:04:00Z", "ok", ""), ("2026-11-30T13:00:00Z", "attention", "1 h 0 min ahead"),
    ("1970-01-01T00:00:07Z", "attention", "its clock is not set"),
    ("2026-11-20T00:00:00Z", "attention", "before most others"),
    ("yesterday", "unknown", "not a valid time"), ("2026-11-30T10:00:00+01:00", "ok", ""),
])  # fmt: skip
def test_wrong_clocks_are_noticed(read_at: str, state: str, says: str, tmp_path: Path) -> None:
    some = hosts(3, DRAW, proofs=False)
    some["node00001"]["machine"]["read_at"] = some["node00001"]["report"]["at"] = read_at
    fleet = judged(some, tmp_path)
    assert [one.state for one in fleet.hosts] == ["ok", state, "ok"]
    assert not says or any(says in text for text in texts(fleet.hosts[1]))


def test_a_stale_machine_beside_a_new_report_is_noticed(tmp_path: Path) -> None:
    some = hosts(3, DRAW, proofs=False)
    some["node00001"]["machine"]["read_at"] = "2026-08-30T10:00:00Z"
    fleet = judged(some, tmp_path)
    assert [one.state for one in fleet.hosts] == ["ok", "attention", "ok"]
    assert any("its machine was made 9" in text for text in texts(fleet.hosts[1]))


@each("first, second", [
    ("2026-11-30T09:00:00Z", "2026-11-30T11:00:00Z"), ("2026-11-30T11:30:00+02:00", "2026-11-30T10:00:00Z"),
    ("yesterday", "2026-11-30T10:00:00Z"),
])  # fmt: skip
def test_of_two_of_a_kind_the_later_counts_in_any_order(first: str, second: str, tmp_path: Path) -> None:
    for order in ((0, 1), (1, 0)):
        parts = [hosts(1, DRAW)["node00000"] for _ in range(2)]
        for one, at, kernel in zip(parts, (first, second), ("old", "new"), strict=True):
            one["machine"]["read_at"] = one["report"]["at"] = one["proof"]["made_at"] = at
            one["machine"]["system"]["kernel"]["release"] = one["report"]["findings"][0]["summary"] = kernel
            one["proof"]["verdicts"][0] |= {"state": "failed", "summary": f"by the {kernel}"}
        stream = tmp_path / "two.jsonl"
        stream.write_bytes(b"".join(line for place in order for line in lines({"node": parts[place]})))
        found = gather([stream]).hosts["node"]
        assert (found.read_at, found.report_at, found.proof_at) == (second, second, second)
        assert "new" in found.row
        assert found.problems
        assert found.problems[0].summary.endswith("new")
        assert found.proof
        assert found.proof.failed[0][1].endswith("by the new")


def test_one_host_under_two_names_is_noticed(tmp_path: Path) -> None:
    some = hosts(3, DRAW, proofs=False)
    some["copy"] = some["node00001"]
    fleet = judged(some, tmp_path)
    assert {one.name for one in fleet.hosts if one.state == "unknown"} == {"copy", "node00001"}
    assert "8 of its GPUs also in node00001" in texts(of(fleet, "copy"))[0]


def test_a_uuid_that_one_host_has_twice_is_named_once(tmp_path: Path) -> None:
    some = hosts(3, DRAW, proofs=False)
    for number in (1, 2):
        for gpu in some[f"node{number:05d}"]["machine"]["gpus"]:
            gpu["uuid"] = "GPU-ffffffff-0000-0000-0000-000000000000"
    told = texts(of(judged(some, tmp_path), "node00001"), "unknown")
    assert [text.partition(":")[0] for text in told] == ["1 of its GPUs also in node00002"]


def test_stand_ins_of_redaction_are_no_identity(tmp_path: Path) -> None:
    some = hosts(3, DRAW, proofs=False)
    for parts in some.values():
        for number, gpu in enumerate(parts["machine"]["gpus"]):
            gpu["uuid"] = f"GPU-uuid-{number + 1}"
    assert {one.state for one in judged(some, tmp_path).hosts} == {"ok"}


def test_of_two_machines_of_one_name_the_later_counts(tmp_path: Path) -> None:
    first, second = hosts(2, DRAW, proofs=False).values()
    first["machine"]["read_at"], second["machine"]["read_at"] = "2026-11-30T11:00:00Z", "2026-11-30T08:00:00Z"
    second["machine"]["system"]["kernel"]["release"] = "5.15.0"
    stream = tmp_path / "two.jsonl"
    import msgspec

    from gpusetup.fleet.gather import gather
    from gpusetup.fleet.judge import judge
    from tests.fleet.fleets import AT

    stream.write_bytes(
        b"".join(msgspec.json.encode({"host": "a", "machine": one["machine"]}) + b"\n" for one in (first, second))
    )
    fleet = judge(gather([stream]), AT)
    assert [one.name for one in fleet.hosts] == ["a"]
    assert any("two machines with different GPUs" in text for text in texts(fleet.hosts[0]))
    kernel = next(one for one in fleet.groups[0].common if one.property == "host.system.kernel.release")
    assert kernel.value != "5.15.0"

"""What is given may be anything: it costs its own host the judgement, and nobody else anything."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gpusetup.errors import WrongInputError
from gpusetup.files import MOST
from gpusetup.fleet.gather import gather, host_of
from gpusetup.fleet.judge import exit_code, judge
from gpusetup.value import to_json
from tests.each import each
from tests.fleet.fleets import AT, hosts, of
from tests.fleet.synthetic import base, lines, write
from tests.support import chance, drawn


def _changed(**fields: Any) -> bytes:
    return msgspec.json.encode(msgspec.json.decode(base()) | fields)


def _deep(levels: int) -> bytes:
    return b'{"read_at":' + b"[" * levels + b"]" * levels + b"}"


GPU = msgspec.json.decode(base())["gpus"][0]
SPOILT = {
    "empty": b"",
    "blanks": b" \n ",
    "no JSON": b"#!/bin/sh\nrm -rf /\n",
    "a list": b"[1, 2]",
    "another object": b'{"name": "x"}',
    "half": base()[: len(base()) // 2],
    "no UTF-8": base().replace(b"Xeon", b"\xff\xfe\xff\xfe"),
    "too deep": _deep(200_000),
    "two documents": base() + base(),
    "a number as a name": _changed(gpus=[GPU | {"name": 7}]),
    "a huge number": base().replace(b'"index":0', b'"index":1e400', 1),
    "too many GPUs": _changed(gpus=[GPU] * 1100),
    "too many wheels": _changed(
        distributions=[{"name": f"p{i}", "version": "1", "location": ""} for i in range(20_001)]
    ),
    "a long version": _changed(distributions=[{"name": "torch", "version": "1" * 5000, "location": ""}]),
    "a report without findings": b'{"verdict": "healthy", "at": "2026-11-30T10:00:00Z"}',
    "a proof of texts": b'{"made_at": "x", "runs": ["y"], "verdicts": [], "checks": {}, "environments": {}}',
    "a collector's error": b'{"host": "node00001", "error": "ssh: connect to host: timed out"}',
}


@each("text", SPOILT.values(), lambda text: next(name for name, one in SPOILT.items() if one is text))
def test_a_spoilt_file_makes_its_host_unknown_and_no_other(text: bytes, tmp_path: Path) -> None:
    folder = tmp_path / str(len(list(tmp_path.iterdir())))
    write(folder, hosts(3, chance("fleet, spoilt"), proofs=False))
    (folder / "node00001" / "machine.json").write_bytes(text)
    fleet = judge(gather([folder]), AT)
    assert [one.state for one in fleet.hosts] == ["ok", "unknown", "ok"]
    assert of(fleet, "node00001").reasons[0].text.startswith("could not be read: ")
    assert [one.host for one in fleet.spoilt] == ["node00001"]
    assert exit_code(fleet) == 3


def test_what_no_host_gave_is_missing_of_none_though_most_were_refused(tmp_path: Path) -> None:
    write(tmp_path, hosts(4, chance("fleet, refused"), proofs=False))
    for number in (1, 2, 3):
        (tmp_path / f"node0000{number}" / "machine.json").write_bytes(b"")
    fleet = judge(gather([tmp_path]), AT)
    assert {one.name for one in fleet.hosts if one.state == "unknown"} == {f"node0000{number}" for number in (1, 2, 3)}


def test_random_damage_never_ends_the_judgement(tmp_path: Path) -> None:
    draw = chance("fleet, damage")
    write(tmp_path, hosts(3, draw))
    place = tmp_path / "node00001" / "machine.json"
    whole = bytearray(place.read_bytes())
    for _ in drawn("fleet, damages", range(60)):
        spoilt = bytearray(whole)
        for _ in range(draw.choice([1, 1, 4, 40])):
            spoilt[draw.randrange(len(spoilt))] = draw.randrange(256)
        place.write_bytes(spoilt)
        fleet = judge(gather([tmp_path]), AT)
        assert {of(fleet, name).state for name in ("node00000", "node00002")} == {"ok"}
        msgspec.json.decode(to_json(fleet))


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    write(tmp_path, hosts(3, chance("fleet, pipes"), proofs=False))
    os.mkfifo(tmp_path / "node7.json")
    (tmp_path / "node8.json").symlink_to("/dev/zero")
    (tmp_path / "node9.json").mkdir()
    fleet = judge(gather([tmp_path]), AT)
    for name in ("node7", "node8", "node9"):
        assert of(fleet, name).state == "unknown"
        assert "no regular file" in of(fleet, name).reasons[0].text


def test_what_a_host_says_of_itself_cannot_steer_a_terminal(tmp_path: Path) -> None:
    some = hosts(3, chance("fleet, steer"), proofs=False)
    some["node00001"]["machine"]["gpus"][0]["vbios"] = "\x1b[2J\u202egnp\n::error::"
    write(tmp_path, some)
    text = of(judge(gather([tmp_path]), AT), "node00001").reasons[0].text
    assert text.isprintable()
    assert "\\x1b[2J" in text


def test_a_flood_of_names_is_bounded(tmp_path: Path) -> None:
    some = hosts(3, chance("fleet, flood"), proofs=False)
    some["node00001"]["machine"]["system"]["environment"] = {f"NCCL_{i}": "1" for i in range(20_000)}
    write(tmp_path, some)
    host = of(judge(gather([tmp_path]), AT), "node00001")
    assert host.state == "unknown"
    assert "variable (too many)" in host.reasons[0].text


def test_many_differences_of_one_host_are_counted(tmp_path: Path) -> None:
    some = hosts(3, chance("fleet, many"), proofs=False)
    some["node00001"]["machine"]["system"]["environment"] = {f"NCCL_{i}": "1" for i in range(500)}
    write(tmp_path, some)
    host = of(judge(gather([tmp_path]), AT), "node00001")
    assert len(host.reasons) == 41
    assert host.reasons[-1].text.endswith("more reasons")


def test_a_path_without_any_report_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.json"):
        with pytest.raises(WrongInputError):
            gather([path])


@each("file, folder, host", [
    ("node1.json", "x", "node1"), ("machine.json", "node1", "node1"), ("node1.machine.json", "x", "node1"),
    ("node-1-proof.json", "x", "node-1"), ("gpu_doctor.json", "x", "gpu"), ("report.json", "rack/node", "rack/node"),
    ("10.0.0.7.json", "x", "10.0.0.7"),
])  # fmt: skip
def test_a_file_names_its_host(file: str, folder: str, host: str) -> None:
    assert host_of(file, folder) == host


def test_randomly_named_machines_stay_apart(tmp_path: Path) -> None:
    draw = random.Random(3)
    for number, parts in enumerate(hosts(3, draw, proofs=False).values()):
        (tmp_path / f"{'abc'[number]}.json").write_bytes(msgspec.json.encode(parts["machine"]))
        (tmp_path / f"{'abc'[number]}.report.json").write_bytes(msgspec.json.encode(parts["report"]))
    fleet = judge(gather([tmp_path]), AT)
    assert [(one.name, one.has) for one in fleet.hosts] == [(name, ("machine", "report")) for name in "abc"]


@pytest.mark.parametrize("rate", [1e308, 5e-324])
@pytest.mark.parametrize("whose", ["one device's", "a host's"])
def test_no_rate_ends_the_judgement(rate: float, whose: str, tmp_path: Path) -> None:
    some = hosts(3, chance("fleet, rates"))
    runs = [one for one in some["node00001"]["proof"]["runs"] if one["result"] and one["result"]["measures"]]
    for one in runs if whose == "a host's" else runs[:1]:
        one["result"]["measures"] = dict.fromkeys(one["result"]["measures"], rate)
    write(tmp_path, some)
    fleet = judge(gather([tmp_path]), AT)
    assert of(fleet, "node00000").state == "ok"
    msgspec.json.decode(to_json(fleet))


@each("line", (b"[", b"[1, 2]", b"{" + b" " * MOST))
def test_one_line_of_a_stream_hides_no_other(line: bytes, tmp_path: Path) -> None:
    first, second, third = lines(hosts(3, chance("fleet, stream"), proofs=False))
    (tmp_path / "all.jsonl").write_bytes(b"".join((first, second, line + b"\n", third)))
    found = gather([tmp_path / "all.jsonl"])
    assert [name for name, one in found.hosts.items() if not one.refused] == ["node00000", "node00001", "node00002"]
    assert len(found.spoilt) == 1

"""A fleet without names: nothing of a host is left, and one host is one stand-in throughout."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from gpusetup.cli.fleet import fleet
from tests.fleet.fleets import hosts
from tests.fleet.synthetic import Parts, write
from tests.support import chance

NAMES = dict(zip((f"node0000{number}" for number in range(5)), (
    "alpha-17.secret.example", "beta", "the odd one, really", "gamma.lan", "17",
), strict=True))  # fmt: skip


def _written(folder: Path) -> Path:
    some: dict[str, Parts] = {NAMES[name]: parts for name, parts in hosts(5, chance("fleet, redaction")).items()}
    some["beta"]["machine"]["gpus"][3]["pcie_width"] = [8, 16]
    some["beta"]["machine"]["system"]["environment"]["NCCL_SOCKET_IFNAME"] = "eth-of-beta.example"
    some["alpha-17.secret.example"]["report"] |= {"host": "alpha-17", "findings": [
        {"rule": "MSG001", "slug": "xid", "state": "error", "subject": "GPU 2",
         "summary": "on alpha-17 of user maria, token=ghp_0123456789abcdefghijABCDEFGHIJ012345, in /home/maria/x"},
    ]}  # fmt: skip
    some["the odd one, really"]["machine"] = b"{"
    some["the odd one, really"]["error"] = "ssh: connect to host gateway.secret.example as maria@beta"
    some["gamma.lan"]["machine"]["gpus"][0]["uuid"] = some["17"]["machine"]["gpus"][0]["uuid"]
    for run in some["gamma.lan"]["proof"]["runs"]:
        run["result"]["fingerprint"] = "77" * 32
    error = {"host": "the odd one, really", "error": some["the odd one, really"].pop("error")}
    write(folder / "fleet", some)
    (folder / "fleet" / "errors.jsonl").write_text(json.dumps(error))
    return folder / "fleet"


def test_nothing_of_a_host_is_left_and_each_has_one_stand_in(tmp_path: Path) -> None:
    folder = _written(tmp_path)
    plain, clean = (CliRunner().invoke(fleet, [str(folder), "--json", *more]).output for more in ([], ["--redact"]))
    for name in ("alpha-17", "beta", "odd one", "gamma", "maria", "ghp_0123", "secret.example", "GPU-00000004"):
        assert name in plain, f"the test has {name} somewhere"
        assert name not in clean
    found, before = json.loads(clean), json.loads(plain)
    assert [one["name"] for one in found["hosts"]] == [f"host-{number}" for number in range(1, 6)]
    assert [one["state"] for one in found["hosts"]] == [one["state"] for one in before["hosts"]]
    names = [one["name"] for one in before["hosts"]]
    stand_in = {name: f"host-{number}" for number, name in enumerate(names, start=1)}
    for was, now in zip(before["bits"], found["bits"], strict=True):
        assert [[stand_in[host] for host in one["hosts"]] for one in was.get("others", [])] == [
            one["hosts"] for one in now.get("others", [])
        ]
    assert f"{stand_in['beta']}: GPU 3" in {place for one in found["differences"] for other in one["others"]
                                          for place in other["places"]}  # fmt: skip


def test_versions_and_patterns_stay(tmp_path: Path) -> None:
    folder = tmp_path / "fleet"
    some = hosts(4, chance("fleet, redaction, versions"), proofs=False)
    for one in some["node00002"]["machine"]["distributions"]:
        if one["name"] == "nvidia-cudnn-cu12":
            one["version"] = "9.12.0.46"
    write(folder, some)
    text = CliRunner().invoke(fleet, [str(folder), "--redact"]).output
    assert "wheel nvidia-cudnn-cu12 9.12.0.46; 3 of 4 hosts have 9.13.0.50" in text
    assert "host-3" in text

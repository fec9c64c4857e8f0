"""``gpusetup fleet gate``: by the last judgement, while it is fresh; undrained is only what we drained."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from gpusetup.cli.fleet import fleet
from gpusetup.fleet.gate import Pass, exit_code, gate
from gpusetup.fleet.history.memory import Memory
from gpusetup.fleet.store.database import opened
from tests.fleet.fleets import hosts
from tests.fleet.stores import day, keep
from tests.support import chance

NOW = day(3)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("gate") / "fleet.sqlite"
    some = hosts(6, chance("fleet, gate"), proofs=False)
    keep(file, some | {"node00006": some["node00005"]}, NOW - timedelta(days=2))  # one under two names: judged once
    some["node00001"]["machine"]["gpus"][3]["pcie_width"] = [8, 16]
    some["node00002"]["machine"]["system"]["kernel"]["release"] = "5.15.0"
    some["node00004"] = {"machine": b"{"}
    some["node00004"] = {"error": "ssh: timed out"}
    keep(file, some, NOW - timedelta(hours=2))
    return file


def _ask(store: Path, host: str, now: datetime = NOW, **more: str) -> tuple[Pass, int]:
    with opened(store) as database:
        found = gate(Memory(database), [host], now, **more)  # type: ignore[arg-type]  # the reason
    return found.hosts[0], exit_code(found)


def test_each_state_has_its_answer(store: Path) -> None:
    drained, code = _ask(store, "node00001")
    assert (drained.verdict, code) == ("drain", 1)
    assert drained.reason == "gpusetup: GPU 3: PCIe lanes 8; 39 of 40 GPUs have 16"
    assert [(one.verdict, code) for one, code in (_ask(store, "node00000"), _ask(store, "node00002"))] == [
        ("pass", 0), ("pass", 0),
    ]  # fmt: skip
    unknown, code = _ask(store, "node00004")
    assert (unknown.verdict, code, "timed out" in unknown.why) == ("unknown", 3, True)


def test_what_nobody_looked_at_does_not_pass(store: Path) -> None:
    for host, now, why in (
        ("node00000", NOW + timedelta(hours=24.1), "its last judgement is 26.1 hours old"),
        ("node00006", NOW, "its last judgement is 48.0 hours old"),
        ("node77777", NOW, "it was never judged"),
        ("node00000", NOW - timedelta(hours=3), "60 minutes ahead of this clock"),
    ):
        answer, code = _ask(store, host, now)
        assert (answer.verdict, code) == ("unknown", 3), host
        assert why in answer.why


def test_an_old_file_that_is_judged_again_does_not_pass(tmp_path: Path) -> None:
    file, some = tmp_path / "fleet.sqlite", hosts(3, chance("fleet, gate, old"), proofs=False)
    for number, verdict in enumerate(("pass", "pass", "unknown")):
        keep(file, some, day(number), made=day(0))
        assert _ask(file, "node00000", day(number))[0].verdict == verdict
    answer, code = _ask(file, "node00000", day(2), reason="gpusetup: x")
    assert (answer.verdict, answer.undrain, code) == ("unknown", False, 3)
    assert answer.why == "what it was judged by is 48.2 hours old"


def test_undrained_is_only_what_we_drained_and_is_well_now(store: Path) -> None:
    ours, others = "gpusetup: GPU 1: PCIe lanes 8", "disk replaced next week"
    assert _ask(store, "node00000", reason=ours)[0].undrain
    assert _ask(store, "node00000.cluster.example", reason=ours)[0].undrain, "by its short name"
    for host, now, reason in (
        ("node00000", NOW, others), ("node00000", NOW, ""), ("node00001", NOW, ours), ("node00004", NOW, ours),
        ("node00000", NOW + timedelta(days=2), ours),
    ):  # fmt: skip
        assert not _ask(store, host, now, reason=reason)[0].undrain


def test_the_command_prints_lines_for_a_script(store: Path) -> None:
    words = ["gate", "node00001", "node00003", "--store", str(store), "--max-age", "87600"]
    done = CliRunner().invoke(fleet, words)
    assert done.exit_code == 1
    assert done.output.splitlines() == [
        "node00001\tdrain\tgpusetup: GPU 3: PCIe lanes 8; 39 of 40 GPUs have 16", "node00003\tpass\t",
    ]  # fmt: skip
    found = json.loads(CliRunner().invoke(fleet, [*words, "--json"]).output)
    assert (found["verdict"], [one["host"] for one in found["hosts"]]) == ("drain", ["node00001", "node00003"])
    one = ["gate", "node00003", "--store", str(store), "--max-age", "87600", "--reason", "gpusetup: x"]
    assert CliRunner().invoke(fleet, one).output == "node00003\tundrain\t\n"
    assert CliRunner().invoke(fleet, [*words, "--reason", "x"]).exit_code == 2

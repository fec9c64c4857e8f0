"""The Ansible collection, played by ansible-core over real ssh servers: sound hosts, and ones that misbehave."""

from __future__ import annotations

import hashlib
import json
import random
import subprocess
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

import gpusetup
from gpusetup.fleet.gather import gather
from gpusetup.fleet.judge import judge
from tests.fleet import synthetic
from tests.fleet.ansible_play import COLLECTIONS, Played, play, read
from tests.fleet.ssh_hosts import BEHAVIOURS, Servers
from tests.support import ROOT, tool

pytestmark = [pytest.mark.root("ssh servers that log users in"), pytest.mark.slow]
COLLECTION = COLLECTIONS / "ansible_collections/gpusetup/fleet"
DEADLINE = 3
PROVES = "#!/bin/sh\ncase $1 in\n  detect) cat {folder}/machine.json ;;\n  doctor) cat {folder}/report.json ;;\n" + (
    "  selftest) echo '{{\"tried\": true}}'; exit %d ;;\nesac\n"
)
PROGRAMS = BEHAVIOURS | {"proven": PROVES % 0, "wrong": PROVES % 1}
HOSTS = ("hangs", "garbage", "sound", "hangs later", "fails", "endless", "proven", "wrong", "sound too")
SAID = {
    "hangs": "gpusetup detect --no-redact did not end within 3 s",
    "garbage": "gpusetup detect --no-redact answered what is no JSON",
    "hangs later": "gpusetup doctor --json did not end within 3 s",
    "fails": "gpusetup detect --no-redact ended with 70: no such thing: ",
    "endless": "gpusetup detect --no-redact wrote more than 64 MiB",
    "silent": "cannot be reached: ",
}
ADDRESSES = {f"{name}".replace(" ", "-"): f"127.1.4.{number}" for number, name in enumerate((*HOSTS, "silent"), 1)}
SPY = """import json, os, sys
here = os.path.dirname(os.path.abspath(__file__))
up = os.stat(os.path.dirname(here))
print(json.dumps({"folder": here, "mode": oct(up.st_mode & 0o777), "uid": up.st_uid, "alone": sys.flags.isolated}))
"""


@pytest.fixture(scope="module", name="servers")
def _servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    draw = random.Random(1)
    made = Servers(tmp_path_factory.mktemp("ssh"))
    configurations = {}
    for number, name in enumerate(HOSTS):
        parts = synthetic.sound(number, draw, proofs=False)
        files = {f"{kind}.json": msgspec.json.encode(value) for kind, value in parts.items()}
        address = ADDRESSES[name.replace(" ", "-")]
        configurations[address] = made.make(address, PROGRAMS[name.removesuffix(" too")], files)
    with made.running(configurations):
        yield made


def _some(*names: str) -> dict[str, str]:
    return {name: ADDRESSES[name] for name in names}


def _lines(work: Path) -> dict[str, Any]:
    return {name: json.loads(file.read_text()) for name, file in read(work).items()}


def _collect(servers: Servers, work: Path, names: tuple[str, ...], more: dict[str, object], *words: str) -> Played:
    return play(servers, _some(*names), "gpusetup.fleet.collect", work, {"gpusetup_deadline": DEADLINE} | more, words)


def test_every_host_has_a_file_though_a_whole_batch_failed(servers: Servers, tmp_path: Path) -> None:
    names = ("hangs", "garbage", "silent", "fails", "hangs-later", "endless", "sound", "sound-too")
    played = _collect(servers, tmp_path, names, {"gpusetup_serial": 4})  # the first batch has no sound host
    assert played.code == 0, played.said
    found = _lines(tmp_path)
    assert set(found) == set(names)
    for name, line in found.items():
        assert line["host"] == name
        assert SAID.get(name.replace("-", " "), "") in line.get("error", "")
        assert ("error" in line) == (not name.startswith("sound")), line
        assert ("machine" in line) == name.startswith(("sound", "hangs-later"))
        assert line.get("error", "").isprintable()
    states = {one.name: one.state for one in judge(gather([tmp_path / "reports"]), datetime.now(UTC)).hosts}
    assert {name for name in names if states[name] == "unknown"} == {n for n in names if not n.startswith("sound")}
    assert {file.stat().st_mode & 0o777 for file in read(tmp_path).values()} == {0o600}


def test_a_batch_that_failed_ends_the_play_where_it_is_told_to(servers: Servers, tmp_path: Path) -> None:
    played = _collect(servers, tmp_path, ("garbage", "sound"), {"gpusetup_serial": 1, "gpusetup_go_on": False})
    assert played.code == 2
    assert set(_lines(tmp_path)) == {"garbage"}


def test_check_mode_asks_and_writes_nothing(servers: Servers, tmp_path: Path) -> None:
    played = _collect(servers, tmp_path, ("sound", "fails"), {"gpusetup_selftest": "quick"}, "--check")
    assert "no such thing" in played.said
    assert not (tmp_path / "reports").exists()


def test_a_bundle_runs_alone_where_nobody_else_can_write_and_is_removed(servers: Servers, tmp_path: Path) -> None:
    bundle = tmp_path / "gpusetup.pyz"
    with zipfile.ZipFile(bundle, "w") as archive:
        archive.writestr("__main__.py", SPY)
    checksum = hashlib.sha256(bundle.read_bytes()).hexdigest()
    more: dict[str, object] = {"gpusetup_bundle": str(bundle), "gpusetup_checksum": checksum}
    played = _collect(servers, tmp_path / "right", ("hangs",), more)  # what is installed there is not run
    (line,) = _lines(tmp_path / "right").values()
    assert "error" not in line, played.said
    seen = line["machine"]
    assert (seen["mode"], seen["uid"], seen["alone"]) == ("0o700", 0, 1)
    assert not Path(seen["folder"]).parent.exists()
    assert not list((tmp_path / "right/remote").iterdir())
    refused = _collect(servers, tmp_path / "wrong", ("hangs",), more | {"gpusetup_checksum": "0" * 64})
    assert f"the bundle has the SHA-256 {checksum}" in refused.said
    assert not (tmp_path / "wrong/reports").exists()


@pytest.mark.parametrize("book", ["gpusetup.fleet.selftest", str(ROOT / "examples/ansible/roll_out.yml")])
def test_the_selftest_stops_before_the_next_host(book: str, servers: Servers, tmp_path: Path) -> None:
    hosts = _some("proven", "wrong", "sound")
    more: dict[str, object] = {"gpusetup_serial": 1, "gpusetup_deadline": 20}
    played = play(servers, hosts, book, tmp_path, more)
    assert played.code == 2, played.said
    assert "the self-test did not pass" in played.said
    assert set(_lines(tmp_path)) == {"proven", "wrong"}
    assert _lines(tmp_path)["wrong"]["proof"] == {"tried": True}


def test_the_selftest_stops_where_a_host_is_not_reached(servers: Servers, tmp_path: Path) -> None:
    hosts = _some("proven", "silent", "sound")
    more: dict[str, object] = {"gpusetup_serial": 2, "gpusetup_deadline": 20}
    played = play(servers, hosts, "gpusetup.fleet.selftest", tmp_path, more)
    assert played.code == 2, played.said
    assert set(_lines(tmp_path)) == {"proven", "silent"}


def test_the_collection_is_built_and_explained(tmp_path: Path) -> None:
    assert yaml.safe_load((COLLECTION / "galaxy.yml").read_text())["version"] == gpusetup.__version__
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "LC_ALL": "C.UTF-8",
                   "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS), "PYTHONDONTWRITEBYTECODE": "1"}  # fmt: skip
    for command in (
        [tool("ansible-galaxy"), "collection", "build", str(COLLECTION), "--output-path", str(tmp_path)],
        [tool("ansible-doc"), "-t", "module", "gpusetup.fleet.ask"],
        [tool("ansible-doc"), "-t", "role", "gpusetup.fleet.collect"],
    ):
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, cwd=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / f"gpusetup-fleet-{gpusetup.__version__}.tar.gz").exists()

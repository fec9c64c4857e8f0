"""Hosts asked over ssh, by real servers: sound ones, and ones that hang, die, answer garbage or never stop."""

from __future__ import annotations

import asyncio
import errno
import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import asyncssh
import msgspec
import pytest

from gpusetup.errors import WrongInputError
from gpusetup.fleet.collect.everyone import ask_all, envelope
from gpusetup.fleet.collect.kept import kept
from gpusetup.fleet.collect.model import Collected, Target, Wanted
from gpusetup.fleet.collect.questions import answer, questions
from gpusetup.fleet.collect.targets import targets
from gpusetup.fleet.gather import gather
from gpusetup.fleet.judge import judge
from tests.fleet import synthetic
from tests.fleet.ssh_hosts import BEHAVIOURS, PORT, Servers
from tests.support import Run

DEADLINE = 8.0
SOUND = ("127.1.0.1", "127.1.0.2", "127.1.0.3")
AHEAD = "127.1.0.4"
"""Sound, with a clock that is two hours ahead."""
FAULTS = {f"127.1.1.{number}": kind for number, kind in enumerate(BEHAVIOURS, start=1) if kind != "sound"}
SILENT = "127.1.2.1"
"""No server listens there."""
STRANGE = "127.1.2.2"
"""A server whose key nobody knows."""
SAID = {
    "hangs": "gpusetup detect --no-redact did not end within 8 s",
    "dies": "the connection ended while gpusetup doctor --json ran",
    "is killed": "gpusetup doctor --json was ended by a signal",
    "hangs later": "gpusetup doctor --json did not end within 8 s",
    "garbage": "answered what cannot be used",
    "half": "answered what cannot be used",
    "endless": "it sent more than 64 MiB, and was cut off",
    "endless errors": "it sent more than 64 MiB, and was cut off",
    "fails": "gpusetup detect --no-redact ended with 70: no such thing: ",
    "something else": "answered what cannot be used",
}


@pytest.fixture(scope="module", name="servers")
def _servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    draw = random.Random(1)
    made = Servers(tmp_path_factory.mktemp("ssh"))
    configurations: dict[str, Path] = {}
    for number, address in enumerate((*SOUND, AHEAD, *FAULTS, STRANGE)):
        parts = synthetic.sound(number, draw, proofs=False)
        files = {f"{name}.json": msgspec.json.encode(value) for name, value in parts.items()}
        configurations[address] = made.make(address, BEHAVIOURS[FAULTS.get(address, "sound")], files)
    late = made.known_hosts.parent / AHEAD / "machine.json"
    later = datetime.fromtimestamp(time.time() + 7200, UTC).isoformat()
    late.write_bytes(msgspec.json.encode(json.loads(late.read_bytes()) | {"read_at": later}))
    lines = made.known_hosts.read_text().splitlines(keepends=True)
    made.known_hosts.write_text("".join(line for line in lines if STRANGE not in line))
    with made.running(configurations):
        yield made


@pytest.fixture(scope="module", name="collected")
def _collected(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Collection:
    output = tmp_path_factory.mktemp("collected") / "fleet.jsonl"
    began = time.monotonic()
    words = [*_words(servers, output), *_hosts((*SOUND, AHEAD, *FAULTS, SILENT, STRANGE))]
    command = [sys.executable, "-m", "gpusetup", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return Collection(output, done, time.monotonic() - began)


class Collection:
    """One run of the command over all hosts."""

    def __init__(self, output: Path, done: subprocess.CompletedProcess[str], seconds: float) -> None:
        self.output, self.done, self.seconds = output, done, seconds
        self.lines = {line["host"]: line for line in map(json.loads, output.read_text().splitlines())}


def _words(servers: Servers, output: Path) -> list[str]:
    return ["fleet", "collect", "--output", str(output), "--identity", str(servers.identity),
            "--known-hosts", str(servers.known_hosts), "--deadline", f"{DEADLINE:g}"]  # fmt: skip


def _hosts(addresses: tuple[str, ...]) -> list[str]:
    return [f"root@{address}:{PORT}" for address in addresses]


pytestmark = [pytest.mark.root("ssh servers that log users in"), pytest.mark.slow]


def test_every_host_has_one_line_and_the_end_is_in_time(collected: Collection) -> None:
    assert collected.done.returncode == 3, collected.done.stderr
    assert set(collected.lines) == {*SOUND, AHEAD, *FAULTS, SILENT, STRANGE}
    assert collected.seconds < DEADLINE + 30
    assert "4 of 16 hosts answered" in collected.done.stderr


def test_sound_hosts_have_a_machine_and_a_report_and_no_error(collected: Collection) -> None:
    for host in (*SOUND, AHEAD):
        assert set(collected.lines[host]) == {"host", "machine", "report"}


@pytest.mark.parametrize(("address", "kind"), FAULTS.items(), ids=FAULTS.values())
def test_a_host_that_misbehaves_has_the_reason(address: str, kind: str, collected: Collection) -> None:
    line = collected.lines[address]
    assert SAID[kind] in line["error"]
    assert "\033" not in line["error"]
    assert ("machine" in line) == (kind in {"dies", "is killed", "hangs later"})


def test_who_is_not_there_or_not_known_is_not_asked(collected: Collection) -> None:
    assert "ssh cannot connect" in collected.lines[SILENT]["error"]
    assert "Host key is not trusted" in collected.lines[STRANGE]["error"]
    assert set(collected.lines[STRANGE]) == {"host", "error"}


def test_the_fleet_says_unknown_of_who_did_not_answer(collected: Collection) -> None:
    found = judge(gather([collected.output]), datetime.now(UTC))
    states = {one.name: one.state for one in found.hosts}
    assert {states[host] for host in (*FAULTS, SILENT, STRANGE)} == {"unknown"}
    late = next(one for one in found.hosts if one.name == AHEAD)
    assert any("its clock is 1 h" in reason.text or "its clock is 2 h" in reason.text for reason in late.reasons)


def test_a_collection_goes_on_with_who_is_missing(servers: Servers, gpusetup: Run, tmp_path: Path) -> None:
    output = tmp_path / "fleet.jsonl"
    hosts = _hosts(SOUND)
    assert gpusetup(*_words(servers, output), *hosts[:1]).returncode == 0
    with output.open("ab") as file:
        file.write(envelope(Collected(SOUND[1], {}, "ssh cannot connect")) + b'{"host": "127.1')
    again = gpusetup(*_words(servers, output), *hosts)
    assert (again.returncode, "--resume" in again.stderr) == (2, True)
    went_on = gpusetup(*_words(servers, output), "--resume", *hosts)
    assert "2 of 2 hosts answered, 1 had before" in went_on.stderr
    lines = [json.loads(line) for line in output.read_text().splitlines()]
    assert sorted(line["host"] for line in lines) == sorted(SOUND)
    assert not any("error" in line for line in lines)


def test_a_program_on_the_host_is_quoted() -> None:
    wanted = Wanted(program="/opt/my tools/$(reboot)", sudo=True, redact=True, selftest="quick")
    commands = [one.command for one in questions(wanted)]
    assert commands == [
        "sudo -n '/opt/my tools/$(reboot)' detect --redact",
        "sudo -n '/opt/my tools/$(reboot)' doctor --json --redact",
        "sudo -n '/opt/my tools/$(reboot)' selftest --quick --json",
    ]


def test_hosts_are_named_with_users_ports_and_ranges(tmp_path: Path) -> None:
    more = tmp_path / "hosts"
    more.write_text("# rack 2\nadmin@rack2-[07-08]:2200  # new\n\n[fe80::1]:22\n")
    assert targets(["node[1-2]"], more) == (
        Target("node1", "node1"), Target("node2", "node2"), Target("rack2-07", "rack2-07", "admin", 2200),
        Target("rack2-08", "rack2-08", "admin", 2200), Target("fe80::1", "fe80::1", "", 22),
    )  # fmt: skip


@pytest.mark.parametrize("word", ["-oProxyCommand=x", "a b", "h;reboot", "h:99999", "u@", "n[1-", "", "@h"])
def test_what_is_no_host_is_refused(word: str) -> None:
    with pytest.raises(WrongInputError):
        targets([word])


def test_a_host_is_asked_once() -> None:
    with pytest.raises(WrongInputError, match="twice"):
        targets(["node1", "node[1-3]"])


def test_another_file_is_not_taken_for_a_collection(tmp_path: Path) -> None:
    (tmp_path / "diary").write_text("dear diary\n")
    with pytest.raises(WrongInputError, match="line 1 is not of a collection"):
        kept(tmp_path / "diary")


def test_a_line_of_a_collection_is_one_however_a_host_ends_its_lines(tmp_path: Path) -> None:
    question = questions(Wanted())[0]
    found = answer(question, 0, b"{\r\n\r " + synthetic.base()[1:], b"")
    assert isinstance(found, bytes)
    file = tmp_path / "fleet.jsonl"
    file.write_bytes(envelope(Collected("odd", {"machine": found})) + envelope(Collected("plain", {})))
    assert len(file.read_bytes().splitlines()) == 2
    assert kept(file).names == {"odd", "plain"}


def test_a_full_disk_is_an_error_of_the_disk() -> None:
    def full(_: Collected) -> None:
        raise OSError(errno.ENOSPC, "full")

    with pytest.raises(OSError, match="full"):
        asyncio.run(ask_all([Target("nobody", "127.0.0.1", port=1)], Wanted(), full))


def test_whatever_a_server_makes_asyncssh_raise_is_an_error_of_its_host(monkeypatch: pytest.MonkeyPatch) -> None:
    async def strange(*_: object, **__: object) -> None:
        raise AssertionError("a packet that cannot be")

    monkeypatch.setattr(asyncssh, "connect", strange)
    found: list[Collected] = []
    asyncio.run(
        ask_all([Target("strange", "127.0.0.1"), Target("other", "127.0.0.1")], Wanted(at_once=1), found.append)
    )
    assert [one.name for one in found] == ["strange", "other"]
    assert "AssertionError: a packet that cannot be" in found[0].error

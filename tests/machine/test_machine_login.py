"""What a user's login is asked for, by a stand-in for runuser whose profile prints whatever it likes."""

from __future__ import annotations

import os
import time
from pathlib import Path

import msgspec
import pytest

from gpusetup.machine.login import Login, read_login, seen_by
from gpusetup.machine.model import DeviceNode, Unread
from gpusetup.value import to_json
from tests.doctor.machines import machine
from tests.strangers import MALLORY, needs_root

PERSON = "nobody"
RUNUSER = """#!/bin/bash
[[ "$1 $2 $3 $4 $5" == "-l nobody -s /bin/bash -c" ]] || exit 2
export CUDA_VISIBLE_DEVICES=GPU-elsewhere MY_TOKEN=secret
ulimit -S -l 64; ulimit -S -n 99
echo "Welcome to this machine"
{profile}
exec bash -c "$6"
"""


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path / "runuser"


def login(tools: Path, profile: str = "", deadline: float = 20) -> Login | Unread:
    tools.write_text(RUNUSER.format(profile=profile))
    tools.chmod(0o755)
    return read_login(PERSON, (), deadline)


def test_of_a_login_its_variables_and_limits_are_taken_whatever_it_prints(tools: Path) -> None:
    said = login(tools)
    assert isinstance(said, Login)
    assert said.environment["CUDA_VISIBLE_DEVICES"] == "GPU-elsewhere"
    assert "MY_TOKEN" not in said.environment
    assert (said.locked_memory, said.open_files) == (64 * 1024, 99)


def test_a_whole_machine_that_a_profile_prints_is_not_listened_to(tools: Path, tmp_path: Path) -> None:
    forged = tmp_path / "forged.json"
    forged.write_text(to_json(machine("desktop")))
    said = login(tools, f"cat {forged}; exit 0")
    assert isinstance(said, Unread)
    assert said.detail == "its profile ended the shell before it could answer"
    said = login(tools, f"cat {forged}")
    assert isinstance(said, Login)
    assert set(Login.__struct_fields__) == {"environment", "locked_memory", "open_files", "groups", "usable"}


def test_what_a_profile_pretends_to_be_is_still_only_variables(tools: Path) -> None:
    """A profile can read the mark from the words that it was started with, and say whatever fits there."""
    forged = "printf '\\0%s' $(grep -o '[0-9a-f]\\{32\\}' <<<\"$6\") "
    said = login(tools, forged + "7 8 ../x=1 CUDA_VISIBLE_DEVICES=1 CUDA_X=y ''; exit 0")
    assert isinstance(said, Login)
    assert (said.locked_memory, said.open_files) == (7 * 1024, 8)
    assert said.environment == {"CUDA_VISIBLE_DEVICES": "1", "CUDA_X": "<set>"}
    for lie in ("a 8", "-1 8", "", "9" * 30 + " 8", "'' ''"):
        assert isinstance(login(tools, f"{forged} {lie} ''; exit 0"), Unread), lie


@pytest.mark.parametrize(
    ("profile", "why", "detail"),
    [
        ("exit 1", "failed", ""),
        ("echo no shell >&2; exit 1", "failed", "no shell"),
        ("exec sleep 60", "timeout", ""),
        ("exec yes", "failed", "it printed more than"),
        ("yes >&2", "failed", "it printed more than"),
        ("export CUDA_X=$(printf %40000s x)", "failed", "a variable is too long"),
    ],
)
def test_a_login_that_cannot_be_had_says_why_and_soon(tools: Path, profile: str, why: str, detail: str) -> None:
    start = time.monotonic()
    said = login(tools, profile, 2 if why == "timeout" else 20)
    assert isinstance(said, Unread)
    assert (said.unread, said.source) == (why, f"runuser -l {PERSON}")
    assert detail in said.detail
    assert time.monotonic() - start < 15


def test_what_a_profile_leaves_running_is_not_waited_for(tools: Path, end_what_is_left: None) -> None:
    start = time.monotonic()
    assert isinstance(login(tools, "sleep 30 &", 20), Login)
    assert time.monotonic() - start < 15


def test_a_system_without_runuser_or_the_account_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = read_login("no-such-account", (), 10)
    assert isinstance(said, Unread)
    monkeypatch.setenv("PATH", str(tmp_path))
    said = read_login(PERSON, (), 10)
    assert isinstance(said, Unread)
    assert said.unread == "absent"


@needs_root
def test_which_nodes_the_user_may_open_is_asked_of_the_kernel(
    commons: Path, tools: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes = {"all": 0o666, "roots": 0o600, "readable": 0o644}
    for name, mode in nodes.items():
        (commons / name).touch()
        (commons / name).chmod(mode)
    (commons / "theirs").touch(0o600)
    os.chown(commons / "theirs", MALLORY, MALLORY)
    login(tools)
    said = read_login(PERSON, [str(path) for path in commons.iterdir()], 20)
    assert isinstance(said, Login)
    assert said.usable == {str(commons / "all")}


def test_a_machine_is_seen_with_those_alone_changed() -> None:
    host = machine("desktop")
    one = Login(environment={"CUDA_X": "1"}, locked_memory=1, open_files=2, groups=("video",), usable=frozenset({"/a"}))
    nodes = (DeviceNode(path="/a", usable=False), DeviceNode(path="/b", usable=True))
    seen = seen_by(one, msgspec.structs.replace(host, device_nodes=nodes))
    assert not isinstance(seen.device_nodes, Unread)
    assert [node.usable for node in seen.device_nodes] == [True, False]
    assert (seen.system.environment, seen.system.groups) == ({"CUDA_X": "1"}, ("video",))
    assert (seen.system.limits.locked_memory, seen.system.limits.open_files) == (1, 2)
    back = msgspec.structs.replace(
        seen.system, environment=host.system.environment, groups=host.system.groups, limits=host.system.limits
    )
    assert msgspec.structs.replace(seen, device_nodes=host.device_nodes, system=back) == host

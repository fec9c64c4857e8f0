"""The host as a user sees it after logging in, by a stand-in for runuser that runs the shell as whoever we are."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from gpusetup.machine.login import read_login
from gpusetup.machine.model import Machine, Unread

RUNUSER = """#!/bin/bash
[[ "$1 $2 $3 $4 $5" == "-l ada -s /bin/bash -c" ]] || exit 2
echo "Welcome to this machine"
{first}
CUDA_VISIBLE_DEVICES=GPU-elsewhere exec bash -c "$6"
"""


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path / "runuser"


def write(tools: Path, first: str = "") -> None:
    tools.write_text(RUNUSER.format(first=first))
    tools.chmod(0o755)


def test_it_is_read_with_the_variables_of_that_login_whatever_the_shell_prints(tools: Path) -> None:
    write(tools)
    seen = read_login("ada", sys.executable, 10)
    assert isinstance(seen, Machine)
    assert seen.system.environment["CUDA_VISIBLE_DEVICES"] == "GPU-elsewhere"


@pytest.mark.parametrize(
    ("first", "why"), [("exit 1", "failed"), ("echo '{'; exit 0", "failed"), ("sleep 5", "timeout")]
)
def test_a_login_that_cannot_be_had_says_why(tools: Path, first: str, why: str) -> None:
    write(tools, first)
    seen = read_login("ada", sys.executable, 0.3 if why == "timeout" else 10)
    assert isinstance(seen, Unread)
    assert (seen.unread, seen.source) == (why, "runuser -l ada")
    assert (seen.detail == "no shell") == ("no shell" in first)


def test_a_system_without_runuser_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    seen = read_login("ada", sys.executable, 10)
    assert isinstance(seen, Unread)
    assert seen.unread == "absent"

"""What `gpusetup install` adds for a person at a terminal, and never for a pipe."""

from __future__ import annotations

import os
import pty
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = str(Path(sys.executable).with_name("gpusetup"))
ASKED = ("install", "--distro", "fedora", "--release", "44", "--gpu", "RTX 4090")


def at_a_terminal(*words: str) -> tuple[str, str]:
    """Run the command with its stdout at a terminal; return that, and its stderr."""
    master, slave = pty.openpty()
    with subprocess.Popen([COMMAND, *words], stdout=slave, stderr=subprocess.PIPE, text=True) as process:
        os.close(slave)
        shown = b""
        while True:
            try:
                chunk = os.read(master, 1 << 16)
            except OSError:  # the other end is closed
                break
            if not chunk:
                break
            shown += chunk
        assert process.stderr is not None
        said = process.stderr.read()
    os.close(master)
    assert process.returncode == 0, said
    return shown.decode().replace("\r\n", "\n"), said


def in_a_pipe(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([COMMAND, *words], capture_output=True, text=True, check=True)


@pytest.mark.slow
def test_a_terminal_hears_what_to_do_next_and_a_pipe_gets_the_script_alone() -> None:
    script, said = at_a_terminal(*ASKED)
    piped = in_a_pipe(*ASKED)
    assert script == piped.stdout
    assert piped.stderr == ""
    assert f"save   gpusetup {shlex.join([*ASKED, '--output', 'gpusetup.sh'])}" in said
    assert "read   less gpusetup.sh" in said
    assert "apply  sudo bash gpusetup.sh" in said


@pytest.mark.slow
def test_each_format_has_its_own_way_and_a_file_none(tmp_path: Path) -> None:
    assert "ansible-playbook -i INVENTORY --check gpusetup.yml" in at_a_terminal(*ASKED, "--format", "ansible")[1]
    assert "--plan recipe.json" in at_a_terminal(*ASKED, "--json")[1]
    shown, said = at_a_terminal(*ASKED, "--output", str(tmp_path / "script.sh"))
    assert shown == ""
    assert "Next:" not in said

"""What ``make prove`` makes of the exit codes of the three commands it runs."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.support import tool

ROOT = Path(__file__).resolve().parent.parent
COMMAND = """#!/bin/sh
echo "$1" >> "$(dirname "$0")/ran"
case $1 in {cases} *) exit 0 ;; esac
"""


@pytest.mark.parametrize(
    ("codes", "made"),
    [
        ({}, True),
        ({"plan": 4}, True),  # no recipe for this host, or no stack for its card: what is here is proven all the same
        ({"plan": 2}, False),
        ({"doctor": 1}, False),
        ({"doctor": 1, "plan": 4}, False),
        ({"selftest": 3, "plan": 4}, False),
    ],
)
def test_prove_fails_with_its_commands_and_a_refused_plan_is_an_answer(
    tmp_path: Path, codes: dict[str, int], made: bool
) -> None:
    command = tmp_path / "bin" / "gpusetup"
    command.parent.mkdir()
    command.write_text(COMMAND.format(cases=" ".join(f"{name}) exit {code} ;;" for name, code in codes.items())))
    command.chmod(0o755)
    for stamp in (".light", ".tools", ".full"):
        (tmp_path / stamp).touch()
        os.utime(tmp_path / stamp, (2**32, 2**32))  # newer than pyproject.toml: the environment is there
    argv = [tool("make"), "-C", str(ROOT), f"VENV={tmp_path}", f"RESULTS={tmp_path}/results", "prove"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode == 0) == made, done.stdout + done.stderr
    assert (command.parent / "ran").read_text().split() == ["detect", "doctor", "plan", "selftest"]

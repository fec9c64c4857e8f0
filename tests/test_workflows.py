"""The workflows are valid, take actions by their commit alone, and have no more rights than they need."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support import ROOT

yaml = pytest.importorskip("yaml")
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


@pytest.mark.slow
@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_it_is_valid_by_the_schema(path: Path) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_is_named_by_its_commit_and_nothing_of_an_event_enters_a_shell(path: Path) -> None:
    text = path.read_text()
    used = re.findall(r"uses: *(\S+)(.*)", text)
    assert used
    assert all(
        re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action) and version.startswith(" # v") for action, version in used
    )
    assert not re.search(r"run:.*\$\{\{", text), "a name of a branch or tag would be shell text"
    assert "pull_request_target" not in text
    assert "secrets." not in text


def jobs(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    told = yaml.safe_load((ROOT / ".github/workflows" / name).read_text())
    return told, told["jobs"]


def test_only_the_job_that_publishes_can_write_and_it_runs_nothing_of_the_source() -> None:
    told, _ = jobs("ci.yml")
    assert told["permissions"] == {"contents": "read"}
    told, found = jobs("release.yml")
    assert told["permissions"] == {}
    assert found["build"]["permissions"] == {"contents": "read"}
    assert found["publish"]["permissions"] == {"id-token": "write", "attestations": "write"}
    assert not [step for step in found["publish"]["steps"] if "run" in step]
    assert found["publish"]["environment"] == "pypi"

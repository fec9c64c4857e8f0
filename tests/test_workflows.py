"""Workflows and forms are valid; workflows take actions by their commit and have no more rights than they need."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from gpusetup import __version__
from gpusetup.cli import COMMANDS
from tests.support import ROOT
from tools.subject import fault

yaml = pytest.importorskip("yaml")
URLS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
FORMS = sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml"))
SCHEMAS = dict.fromkeys(WORKFLOWS, "vendor.github-workflows")
SCHEMAS |= {path: f"vendor.github-issue-{'config' if path.stem == 'config' else 'forms'}" for path in FORMS}
SCHEMAS[ROOT / "action.yml"] = "vendor.github-actions"
SCHEMAS[ROOT / "examples/torch/.github/workflows/reproduce.yml"] = "vendor.github-workflows"
SCHEMAS[ROOT / "CITATION.cff"] = "vendor.citation-file-format"


@pytest.mark.slow
@pytest.mark.parametrize(("path", "schema"), SCHEMAS.items(), ids=lambda value: getattr(value, "name", ""))
def test_it_is_valid_by_its_schema(path: Path, schema: str) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_is_named_by_its_commit_and_nothing_of_an_event_enters_a_shell(path: Path) -> None:
    text = path.read_text()
    used = re.findall(r"uses: *(\S+)(.*)", text)
    assert used
    assert all(
        action.startswith("./") or (re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action) and version.startswith(" # v"))
        for action, version in used
    )
    steps = [step for job in yaml.safe_load(text)["jobs"].values() for step in job.get("steps", ())]
    shell = [step["run"] for step in steps if "run" in step]
    assert not [script for script in shell if "${{" in script], "a name of a branch or tag would be shell text"
    assert "pull_request_target" not in text
    assert "secrets." not in text


def jobs(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    told = yaml.safe_load((ROOT / ".github/workflows" / name).read_text())
    return told, told["jobs"]


def test_only_jobs_that_publish_can_write_and_they_run_nothing_of_the_source() -> None:
    told, _ = jobs("ci.yml")
    assert told["permissions"] == {"contents": "read"}
    told, found = jobs("release.yml")
    assert told["permissions"] == {}
    assert found["build"]["permissions"] == {"contents": "read"}
    assert found["publish"]["permissions"] == {"id-token": "write", "attestations": "write"}
    assert found["publish"]["environment"] == "pypi"
    told, site = jobs("docs.yml")
    assert told["permissions"] == {"contents": "read"}
    assert "permissions" not in site["build"]
    assert site["publish"]["permissions"] == {"pages": "write", "id-token": "write"}
    assert site["publish"]["if"] == "github.event_name == 'push'"
    for job in (found["publish"], site["publish"]):
        assert not [step for step in job["steps"] if "run" in step]


def release_step(name: str, folder: Path, **environment: str) -> int:
    """Return how the shell of that step of the release ends in `folder`."""
    _, found = jobs("release.yml")
    (step,) = [step for step in found["build"]["steps"] if step.get("name", "").startswith(name)]
    return subprocess.run(
        ["bash", "-ec", step["run"]], cwd=folder, env=os.environ | environment, check=False
    ).returncode


def test_a_release_is_refused_under_another_tag_or_address() -> None:
    assert release_step("Refuse a tag", ROOT, TAG=f"v{__version__}") == 0
    assert release_step("Refuse a tag", ROOT, TAG="v9.9.9") != 0
    server, owner, name = URLS["Homepage"].rsplit("/", 2)
    there = {"GITHUB_SERVER_URL": server, "GITHUB_REPOSITORY": f"{owner}/{name}"}
    assert release_step("Refuse an address", ROOT, **there) == 0
    assert release_step("Refuse an address", ROOT, **there | {"GITHUB_REPOSITORY": f"somebody/{name}"}) != 0


def test_the_forms_ask_for_the_redacted_report_and_name_commands_that_there_are() -> None:
    for path in FORMS:
        text = path.read_text()
        if path.stem != "config":
            assert "--format markdown`" in text, "the report without names and secrets"
        for command in re.findall(r"`gpusetup (\w+)[^`]*`", text):
            assert command in COMMANDS


def test_the_citation_is_of_this_version() -> None:
    told = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert (told["version"], told["repository-code"]) == (__version__, URLS["Homepage"])


@pytest.mark.parametrize(
    ("message", "refused"),
    [
        ("Know every card\n\nThe why.\n", False),
        ("x" * 72, False),
        ("x" * 73, True),
        ("Know every card\nand go on\n", True),
        ("# only a comment\n", True),
        (f"Merge branch '{'x' * 90}'\n", False),
    ],
)
def test_the_hook_refuses_a_long_subject(message: str, refused: bool) -> None:
    assert bool(fault(message)) is refused


def test_every_hook_runs_a_program_that_there_is() -> None:
    told = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    for hook in told["repos"][0]["hooks"]:
        program, *words = hook["entry"].split()
        assert program in {".venv/bin/ruff", ".venv/bin/python", ".venv/bin/gpusetup"}
        for file in words:
            assert not file.startswith("tests/") or (ROOT / file).exists()
        if words[:2] == ["-m", "tools.subject"]:
            assert (ROOT / "tools/subject.py").exists()


def test_the_refresh_of_facts_writes_only_where_it_runs_nothing_of_the_source() -> None:
    told, found = jobs("facts.yml")
    assert told["permissions"] == {}
    assert found["read"]["permissions"] == {"contents": "read"}
    assert found["propose"]["permissions"] == {"contents": "write", "pull-requests": "write"}
    shell = "\n".join(step.get("run", "") for step in found["propose"]["steps"])
    assert "git apply --include='gpusetup/facts/*.toml'" in shell
    assert not re.search(
        r"\b(python|make|pip|gpusetup (facts|doctor|plan))\b", shell.replace("### gpusetup facts check", "")
    )
    shell = "\n".join(step.get("run", "") for step in found["read"]["steps"])
    for tool in re.findall(r"for tool in (.*); do", shell)[0].split():
        assert (ROOT / "tools" / f"{tool}.py").exists()


def facts_proposal(folder: Path, patch: str) -> tuple[int, list[str]]:
    """Return how the shell of the proposal ends in a small repository at `folder`, and what it asked gh to do."""
    origin, work, temp, programs = (folder / name for name in ("origin", "work", "temp", "bin"))
    (temp / "changes").mkdir(parents=True)
    programs.mkdir()
    asked = folder / "asked"
    (programs / "gh").write_text(f'#!/bin/sh\necho "$@" >>{asked}\n[ "$2" != view ] || exit 1\n')
    (programs / "gh").chmod(0o755)
    (temp / "changes" / "facts.patch").write_text(patch)
    (temp / "changes" / "body.md").write_text("torch-9.9.0: python unknown → 3.13\n")
    (temp / "changes" / "check.txt").write_text("no contradiction\n")
    environment = os.environ | {"GITHUB_WORKSPACE": str(work), "RUNNER_TEMP": str(temp),
                                "PATH": f"{programs}:{os.environ['PATH']}", "HOME": str(folder)}  # fmt: skip
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main"]
    subprocess.run([*git, "init", "--quiet", "--bare", str(origin)], check=True)
    subprocess.run([*git, "clone", "--quiet", str(origin), str(work)], check=True, capture_output=True)
    (work / "gpusetup/facts").mkdir(parents=True)
    (work / "gpusetup/facts/torch.toml").write_text("old\n")
    (work / "setup.py").write_text("old\n")
    subprocess.run([*git, "-C", str(work), "add", "."], check=True)
    subprocess.run([*git, "-C", str(work), "commit", "--quiet", "--message", "x"], check=True)
    _, found = jobs("facts.yml")
    (step,) = [step for step in found["propose"]["steps"] if "run" in step]
    done = subprocess.run(["bash", "-eo", "pipefail", "-c", step["run"]], cwd=work, env=environment, check=False,
                          capture_output=True)  # fmt: skip
    return done.returncode, asked.read_text().splitlines() if asked.exists() else []


def _patch(*paths: str) -> str:
    return "".join(f"diff --git a/{one} b/{one}\n--- a/{one}\n+++ b/{one}\n@@ -1 +1 @@\n-old\n+new\n" for one in paths)


def test_a_proposal_changes_tables_of_facts_and_nothing_else(tmp_path: Path) -> None:
    code, asked = facts_proposal(tmp_path, _patch("gpusetup/facts/torch.toml", "setup.py"))
    assert code == 0
    assert [line.split()[1] for line in asked] == ["view", "create"]
    show = ["git", "-C", str(tmp_path / "origin"), "show", "--stat", "--format=%s", "refresh-facts"]
    told = subprocess.run(show, capture_output=True, text=True, check=True).stdout
    assert "gpusetup/facts/torch.toml" in told
    assert "setup.py" not in told
    assert "torch-9.9.0" in (tmp_path / "temp/body.md").read_text()


def test_without_a_change_nothing_is_proposed(tmp_path: Path) -> None:
    assert facts_proposal(tmp_path, "") == (0, [])

"""The steps that only the releases of the RHEL family have: run in a folder, found done, and taken back."""

from __future__ import annotations

import subprocess
from datetime import date
from pathlib import Path

import pytest

from gpusetup.facts import facts
from gpusetup.render.steps import recipe
from gpusetup.resolve import attempt
from gpusetup.resolve.model import Card, Request, Stack

PASCAL = Card(name="GeForce GTX 1080", arch="Pascal", compute_capability="6.1", known_by="name")
REPOSITORIES = "[crb]\nname=CRB\nenabled=0\ngpgcheck=1\n\n[other]\nenabled=0\n"
DNF = """#!/bin/bash
[[ " $* " == *" enable "* ]] || exit 0
mkdir -p "$GPUSETUP_ROOT/etc/dnf/modules.d"
printf '[nvidia-driver]\\nname=nvidia-driver\\nstream=%s\\nstate=enabled\\n' "${!##*:}" \\
  >"$GPUSETUP_ROOT/etc/dnf/modules.d/nvidia-driver.module"
"""
"""What ``dnf module enable`` leaves."""
FILES = {
    "builder-repository": ("etc/yum.repos.d/rocky-extras.repo", REPOSITORIES.replace("enabled=0", "enabled=1", 1)),
    "module-stream": ("etc/dnf/modules.d/nvidia-driver.module", "stream=580-dkms"),
}
"""Step → the file it changes, and what is in it then."""


class Host:
    """A folder as the root of Rocky Linux 9, with a dnf that enables module streams."""

    def __init__(self, folder: Path, repositories: str) -> None:
        request = Request(distro="rocky", release="9", cards=(PASCAL,), frameworks=("torch",))
        stack = attempt(request, facts(), date(2026, 12, 1))
        assert isinstance(stack, Stack)
        self.recipe = recipe(stack)
        self.root, self.programs = folder / "root", folder / "bin"
        (self.root / "etc/yum.repos.d").mkdir(parents=True)
        (self.root / "var/lib/gpusetup").mkdir(parents=True)
        (self.root / "etc/yum.repos.d/rocky-extras.repo").write_text(repositories)
        self.programs.mkdir()
        (self.programs / "dnf").write_text(DNF)
        (self.programs / "dnf").chmod(0o755)

    def run(self, name: str, phase: str) -> subprocess.CompletedProcess[str]:
        step = next(one for one in self.recipe.steps if one.id == name)
        parts = ("set -euo pipefail", self.recipe.library, "wait_for_rpm() { :; }", step.define, getattr(step, phase))
        environment = {"PATH": f"{self.programs}:/usr/bin:/bin", "GPUSETUP_ROOT": str(self.root)}
        return subprocess.run(
            ["bash", "-c", "\n".join(parts)], env=environment, capture_output=True, text=True, check=False
        )

    def text(self, file: str) -> str | None:
        path = self.root / file
        return path.read_text() if path.exists() else None


@pytest.mark.parametrize("step", FILES)
def test_it_is_done_found_done_and_taken_back(tmp_path: Path, step: str) -> None:
    host, (file, has) = Host(tmp_path, REPOSITORIES), FILES[step]
    before = host.text(file)
    assert host.run(step, "check").returncode != 0
    for phase in ("apply", "check"):
        done = host.run(step, phase)
        assert done.returncode == 0, done.stderr
        assert has in (host.text(file) or "")
    assert host.run(step, "undo").returncode == 0
    assert host.text(file) == before
    assert host.run(step, "check").returncode != 0


def test_another_stream_is_not_the_one(tmp_path: Path) -> None:
    host = Host(tmp_path, REPOSITORIES)
    assert host.run("module-stream", "apply").returncode == 0
    path = host.root / FILES["module-stream"][0]
    path.write_text(path.read_text().replace("580-dkms", "open-dkms"))
    assert host.run("module-stream", "check").returncode != 0


def test_without_a_repository_of_that_name_nothing_is_done(tmp_path: Path) -> None:
    host = Host(tmp_path, REPOSITORIES.replace("[crb]", "[house-mirror]"))
    assert host.run("builder-repository", "check").returncode == 0


@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("powertools", True),
        ("codeready-builder-for-rhel-9-x86_64-rpms", True),
        ("codeready-builder-for-rhel-9-rhui-rpms", True),
        ("codeready-builder-for-rhel-9-x86_64-rhui-rpms", True),
        ("rhui-codeready-builder-for-rhel-9-x86_64-rhui-rpms", True),
        ("codeready-builder-for-rhel-9-x86_64-rhui-debug-rpms", False),
        ("codeready-builder-for-rhel-9-x86_64-source-rpms", False),
        ("codeready-builder-for-rhel-8-x86_64-rpms", False),
    ],
)
def test_it_has_one_name_for_each_way_to_get_it(tmp_path: Path, name: str, theirs: bool) -> None:
    host = Host(tmp_path, REPOSITORIES.replace("[crb]", f"[{name}]"))
    assert (host.run("builder-repository", "check").returncode != 0) is theirs


@pytest.mark.parametrize("phases", [("apply", "check", "undo"), ("undo",)])
def test_a_stream_that_was_enabled_as_the_run_was_killed_is_taken_back(tmp_path: Path, phases: tuple[str, ...]) -> None:
    host, (file, has) = Host(tmp_path, REPOSITORIES), FILES["module-stream"]
    (host.programs / "dnf").write_text(f"{DNF}[[ ! -e {tmp_path}/kill ]] || kill -KILL $PPID\n")
    (tmp_path / "kill").touch()
    assert host.run("module-stream", "apply").returncode < 0
    assert has in (host.text(file) or "")
    assert host.run("module-stream", "check").returncode != 0
    (tmp_path / "kill").unlink()
    for phase in phases:
        done = host.run("module-stream", phase)
        assert done.returncode == 0, done.stderr
    assert host.text(file) is None

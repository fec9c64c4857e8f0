"""A pretended Fedora in a folder: real bash, recording stand-ins for every tool that looks at or changes a system."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from gpusetup.apply.state_dir import StateDir
from gpusetup.errors import RefusedError
from gpusetup.render.formats import render
from gpusetup.render.steps import recipe
from gpusetup.resolve.model import Stack

TOOLS = ("rpm", "dnf", "rpmkeys", "curl", "gpg", "akmods", "modinfo", "modprobe", "grubby", "mokutil",
         "kmodgenca", "python3.13", "rpm-ostree", "bootc", "podman", "nvidia-ctk", "systemctl", "setsebool",
         "ldconfig", "runuser", "getent", "id", "uname", "df", "pgrep")  # fmt: skip
CHANGING = ("dnf ", "rpm -e", "rpmkeys --import", "rpmkeys --delete", "akmods", "modprobe", "grubby --update",
            "mokutil --import", "kmodgenca", "curl", "python3.13", "python -m pip install --disable",
            "nvidia-ctk", "setsebool", "systemctl")  # fmt: skip


@dataclass
class Fedora:
    """The pretended system: `root` is what the script may write to, `shim` what the stand-ins know."""

    root: Path
    shim: Path
    tools: Path

    def render(self, stack: Stack, *only: str) -> str:
        """Return the script for `stack`, or for some of its steps; the stand-in for gpg then knows its keys."""
        (self.shim / "fingerprints").write_text(
            "".join(f"{repo.key.url} {repo.key.fingerprint}\n" for repo in stack.repositories)
        )
        if stack.driver is not None:
            self.build("Dual MIT/GPL" if stack.driver.flavour == "open" else "NVIDIA")
        made = recipe(stack)
        steps = tuple(step for step in made.steps if not only or step.id in only)
        return render(msgspec.structs.replace(made, steps=steps), "bash", "2026-11-22")

    def build(self, licence: str) -> None:
        """Let whatever is built from now on have this licence."""
        (self.shim / "licence").write_text(f"{licence}\n")

    def run(self, script: str, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run `script` under bash in a process group of its own, without a terminal."""
        path = self.root.parent / "recipe.sh"
        path.write_text(script)
        (self.shim / "log").write_text("")
        done = subprocess.run(
            ["bash", path, *args],
            env={"PATH": f"{self.tools}:/usr/bin:/bin", "GPUSETUP_ROOT": str(self.root), "SHIM": str(self.shim), **env},
            capture_output=True,
            text=True,
            timeout=60,
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        if done.returncode == -signal.SIGKILL:
            wait_until_free(self.root)
        return done

    @property
    def calls(self) -> list[str]:
        return (self.shim / "log").read_text().splitlines()

    @property
    def changes(self) -> list[str]:
        return [call for call in self.calls if call.startswith(CHANGING)]

    def tree(self) -> dict[str, str]:
        """Return what there is to compare: every file but the journal and the lock, and what the stand-ins know."""
        kept = {"log", "journal.jsonl", "lock", "version", "tmpdir"}  # a loaded module stays loaded
        files = [path for place in (self.root, self.shim) for path in sorted(place.rglob("*")) if path.is_file()]
        return {str(path): path.read_text() for path in files if path.name not in kept and "/bin/" not in str(path)}

    def events(self) -> list[tuple[str, str]]:
        lines = (self.root / "var/lib/gpusetup/journal.jsonl").read_text().splitlines()
        return [(row["step"], row["event"]) for row in map(json.loads, lines)]


def wait_until_free(root: Path) -> None:
    """Wait for the end of the step of a run that was killed with it: the kernel ends them one after another."""
    end = time.monotonic() + 60
    while True:
        try:
            with StateDir(root).locked():
                return
        except RefusedError:
            assert time.monotonic() < end, "the step of a killed run goes on"
            time.sleep(0.02)


@pytest.fixture
def fedora(tmp_path: Path) -> Fedora:
    return pretended(tmp_path)


def pretended(place: Path) -> Fedora:
    """Return a pretended system in a folder."""
    root, shim, tools = place / "root", place / "shim", place / "tools"
    for folder in (root / "etc/yum.repos.d", shim, tools):
        folder.mkdir(parents=True)
    (root / "etc/os-release").write_text('NAME="Fedora Linux"\nID=fedora\nVERSION_ID=44\n')
    (shim / "packages").write_text("bash.x86_64\nrpm.x86_64\n")
    for name in ("keys", "arguments", "fingerprints"):
        (shim / name).write_text("")
    (shim / "secure-boot").write_text("SecureBoot disabled\n")
    (shim / "mok").write_text("is not enrolled\n")
    (shim / "licence").write_text("NVIDIA\n")
    for tool in TOOLS:
        (tools / tool).symlink_to(Path(__file__).with_name("stand_in"))
    return Fedora(root, shim, tools)

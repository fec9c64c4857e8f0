"""What a hook of apt builds within a step is taken back with it, and what was built before stays."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from gpusetup.content_dirs import content_root

AROUND = """
set -euo pipefail
step=one
say() { printf '%s\\n' "$@"; }
keep() { cat >"$1"; }
only_roots() { :; }
package_names() { :; }
remember_packages_before() { :; }
remove_packages() { :; }
"""
BEFORE = "nvidia-current/550.163.01, 6.12.48+deb13-amd64, x86_64: installed"
AFTER = "nvidia-current/550.163.01, 6.12.57+deb13-amd64, x86_64: installed"


def test_the_builds_of_apts_own_hook_leave_with_the_step(tmp_path: Path) -> None:
    built, log, state = tmp_path / "built", tmp_path / "log", tmp_path / "state"
    built.write_text(f"{BEFORE}\n")
    state.mkdir()
    dkms = f'[[ $1 == status ]] && cat {built} || echo "$*" >>{log}'
    programs = {"dkms": dkms, "apt-get": f'echo "{AFTER}" >>{built}'}
    for name, does in programs.items():
        (tmp_path / name).write_text(f"#!/bin/bash\n{does}\n")
        (tmp_path / name).chmod(0o755)
    recipes = content_root() / "recipes/doctor"
    text = AROUND + (recipes / "undo.sh").read_text() + (recipes / "packages.sh").read_text()
    env = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "state": str(state)}
    asked = ["bash", "-c", f"{text}\napt install linux-headers-amd64\ntake_back\n"]
    done = subprocess.run(asked, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert log.read_text() == "remove nvidia-current/550.163.01 -k 6.12.57+deb13-amd64\n"

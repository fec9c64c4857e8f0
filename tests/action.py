"""The steps of ``action.yml``, run as GitHub's runner runs them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import yaml

from tests.support import ROOT

ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
SHELL = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c")
"""What ``shell: bash`` is (docs.github.com: workflow syntax)."""


def run_step(name: str, project: Path, **inputs: str) -> tuple[subprocess.CompletedProcess[str], Path]:
    """Run that step of the Action in `project`, and return how it ended and the folder of the runner's files.

    Expressions that are names are replaced, and others are an error: the runner alone can evaluate them.
    """
    (step,) = [step for step in ACTION["runs"]["steps"] if step["name"] == name]
    temp = project.parent / "runner"
    temp.mkdir(exist_ok=True)
    defaults = {key: str(value["default"]) for key, value in ACTION["inputs"].items()}
    known = {f"inputs.{key}": value for key, value in (defaults | {"python": sys.executable} | inputs).items()}
    known |= {"github.action_path": str(ROOT), "runner.temp": str(temp)}
    told = {
        key: re.sub(r"\$\{\{ ([^}]*) \}\}", lambda match: known[match[1]], value) for key, value in step["env"].items()
    }
    files = {"GITHUB_OUTPUT": str(temp / "output"), "GITHUB_STEP_SUMMARY": str(temp / "summary")}
    path = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}  # `python` is the one with the frameworks
    env = os.environ | {"GITHUB_ACTIONS": "true"} | files | told | path
    done = subprocess.run([*SHELL, step["run"]], cwd=project, env=env, capture_output=True, text=True, check=False)
    return done, temp

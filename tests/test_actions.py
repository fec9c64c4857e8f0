"""The ready-made CI: the Action, the reusable workflow, the GitLab component and the hook, run on small projects."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from gpusetup import __version__
from tests.action import ACTION, run_step
from tests.support import ROOT

WORKFLOW = yaml.safe_load((ROOT / ".github/workflows/reproduce.yml").read_text())
COMPONENT = ROOT / "templates/reproduce.yml"
EXAMPLE = ROOT / "examples/numpy"
SEEDED = "np.random.default_rng(SEED)"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return Path(shutil.copytree(EXAMPLE, tmp_path / "project"))


def drop_the_seed(project: Path) -> None:
    program = project / "train.py"
    assert SEEDED in program.read_text()
    program.write_text(program.read_text().replace(SEEDED, "np.random.default_rng()"))


def test_the_action_is_green_on_a_program_that_reproduces(project: Path) -> None:
    done, temp = run_step("Run gpusetup", project, run="python train.py", options="--compare '*.npz' --ignore '*.txt'")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("REPRODUCES: 2 runs gave the same (1 file and ")
    assert "::error" not in done.stderr
    assert (temp / "output").read_text() == f"reports={project}/gpusetup-reports\n"
    assert "REPRODUCES" in (temp / "summary").read_text()


def test_with_the_seed_dropped_it_is_red_and_names_the_cause(project: Path) -> None:
    drop_the_seed(project)
    done, temp = run_step("Run gpusetup", project, run="python train.py")
    assert done.returncode == 1
    (annotation,) = [line for line in done.stderr.splitlines() if line.startswith("::error")]
    for said in (annotation, (temp / "summary").read_text(), (project / "gpusetup-reports/junit.xml").read_text()):
        plain = said.replace("\\", "")
        assert "it depends on a generator of NumPy that nothing seeds" in plain
        assert "numpy.random.default_rng(0)" in plain


def test_what_is_given_to_the_action_is_no_shell_text(project: Path) -> None:
    options = "--ignore '$(touch gone)' --ignore `touch\\ gone` ; touch gone"
    done, _ = run_step("Run gpusetup", project, run="true", options=options)
    assert done.returncode != 0
    assert not (project / "gone").exists()


def test_the_action_installs_what_it_is_and_keeps_no_input_in_a_script() -> None:
    install = next(step for step in ACTION["runs"]["steps"] if step["name"] == "Install gpusetup")
    assert install["env"]["ACTION"] == "${{ github.action_path }}"
    for step in [*ACTION["runs"]["steps"], *WORKFLOW["jobs"]["reproduce"]["steps"]]:
        assert "${{" not in step.get("run", "")
        uses = step.get("uses", "./")
        assert uses.startswith("./") or re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", uses)


def test_each_input_of_the_workflow_reaches_the_action() -> None:
    (step,) = [step for step in WORKFLOW["jobs"]["reproduce"]["steps"] if step.get("uses") == "./.gpusetup"]
    assert set(step["with"]) <= set(ACTION["inputs"])
    inputs = WORKFLOW[True]["workflow_call"]["inputs"]  # YAML 1.1 reads `on` as true
    assert set(step["with"].values()) <= {f"${{{{ inputs.{name} }}}}" for name in inputs}


def component(project: Path, **inputs: str) -> tuple[dict[str, str], list[str]]:
    """Return the variables of the component's job as GitLab expands its inputs, and its script."""
    spec, jobs = COMPONENT.read_text().split("---\n")
    declared = yaml.safe_load(spec)["spec"]["inputs"]
    known = {name: str(value.get("default", "")) for name, value in declared.items()}
    text = re.sub(r"\$\[\[ inputs\.(\w+) \]\]", lambda match: (known | inputs)[match[1]], jobs)
    job: dict[str, Any] = yaml.safe_load(text)["reproduce"]
    return job["variables"], job["script"]


@pytest.mark.parametrize("seeded", [True, False])
def test_the_component_for_gitlab_says_the_same(project: Path, seeded: bool) -> None:
    if not seeded:
        drop_the_seed(project)
    variables, script = component(project, run="python train.py")
    (project / ".gpusetup-env/bin").mkdir(parents=True)  # stands for the environment that pip fills
    (project / ".gpusetup-env/bin/gpusetup").symlink_to(Path(sys.executable).with_name("gpusetup"))
    (project / ".gpusetup-env/bin/python").symlink_to(sys.executable)
    shell = "\n".join(["set -eo pipefail", *(line for line in script if "venv" not in line and " pip " not in line)])
    none = dict.fromkeys(variables, "") | {key: value or "" for key, value in variables.items()}
    done = subprocess.run(
        ["bash", "-c", shell], cwd=project, env=os.environ | none, capture_output=True, text=True, check=False
    )
    assert done.returncode == (0 if seeded else 1), done.stderr
    assert ("REPRODUCES" if seeded else "a generator of NumPy") in done.stdout
    assert (project / "gpusetup-reports/junit.xml").exists()


def test_versions_in_the_ready_made_files_are_this_one() -> None:
    assert f"default: gpusetup=={__version__}\n" in COMPONENT.read_text()
    assert f"rev: v{__version__}\n" in (ROOT / "examples/torch/.pre-commit-config.yaml").read_text()


def test_the_hook_runs_the_command_that_is_there(project: Path, gpusetup: Any) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    (repo,) = yaml.safe_load((ROOT / "examples/torch/.pre-commit-config.yaml").read_text())["repos"]
    assert [one["id"] for one in repo["hooks"]] == [hook["id"]]
    words = [*hook["entry"].split()[1:], *repo["hooks"][0]["args"]]
    done = subprocess.run([sys.executable, "-m", "gpusetup", *words], cwd=project, capture_output=True, check=False)
    assert done.returncode == 0

"""What runs images, read by the very programs it is for: every word of a command gets there as it was given."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from gpusetup.errors import WrongInputError
from gpusetup.facts import facts
from gpusetup.render.container import render
from gpusetup.resolve.model import Requirement
from tests.render import container_readers as readers
from tests.render.test_container_formats import JOB, chosen, made
from tests.support import tool

HERE = Path(__file__).parent
DOLLAR = "${localEnv:HOME}"


def text_of(kind: str, *words: str) -> str:
    return made("fedora", kind, msgspec.structs.replace(JOB, command=words)).text


def told(folder: Path, *command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_dev_container_tool_reads_the_command_as_it_was_given(tmp_path: Path) -> None:
    words = tuple(word for word in readers.NASTY if "${" not in word)
    assert dev_container(tmp_path, text_of("devcontainer", *words))["postCreateCommand"] == list(words)
    assert dev_container(tmp_path, json.dumps({"image": "x", "name": DOLLAR}))["name"] == os.environ["HOME"]
    with pytest.raises(WrongInputError, match="would replace with a variable"):
        text_of("devcontainer", DOLLAR)


def dev_container(folder: Path, text: str) -> dict[str, object]:
    """Return what Microsoft's own tool reads; of docker it asks only which containers there are."""
    (folder / ".devcontainer").mkdir(exist_ok=True)
    (folder / ".devcontainer/devcontainer.json").write_text(text)
    asked = ("read-configuration", "--workspace-folder", str(folder), "--docker-path", "/bin/true")
    found: dict[str, object] = json.loads(told(folder, tool("devcontainer"), *asked))["configuration"]
    return found


def test_docker_compose_reads_the_command_as_it_was_given(tmp_path: Path) -> None:
    """Its first version shows what it read as YAML that does not keep odd ends of lines."""
    words = [word for word in readers.NASTY if word.isprintable()]
    service = composed(tmp_path, text_of("compose", *words))
    assert [readers.undoubled(word) for word in service["command"]] == words
    assert service["deploy"]["resources"]["reservations"]["devices"][0]["count"] == 2
    plain = text_of("compose", "echo", "$$HOME").replace("$$$$HOME", "$HOME")
    assert composed(tmp_path, plain)["command"] == ["echo", os.environ["HOME"]]


def composed(folder: Path, text: str) -> dict[str, Any]:
    (folder / "compose.yaml").write_text(text)
    found: dict[str, Any] = yaml.safe_load(told(folder, tool("docker-compose"), "-f", "compose.yaml", "config"))[
        "services"
    ]["train"]
    return found


def test_slurm_takes_the_script_and_starts_the_command_as_it_was_given(tmp_path: Path) -> None:
    words = [word for word in readers.NASTY if word.isprintable()]
    on_cluster(tmp_path, text_of("slurm", *words), driver="610.43.03")
    assert "Job 1 to start" in (tmp_path / "verdict").read_text()
    assert (tmp_path / "status").read_text() == "0\n"
    seen = (tmp_path / "seen").read_bytes().decode().split("\0")[:-1]
    assert seen[:3] == ["apptainer", "exec", "--nv"]
    assert seen[-len(words) :] == words
    assert (tmp_path / "processors").read_text() == "8\n"


def test_slurm_refuses_more_gpus_than_a_node_has_and_the_script_an_old_driver(tmp_path: Path) -> None:
    text = text_of("slurm", "python").replace("--gres=gpu:2", "--gres=gpu:1")
    on_cluster(tmp_path, text, driver="550.54.14")
    assert (tmp_path / "status").read_text() == "1\n"
    (log,) = tmp_path.glob("train-*.log")
    assert "lab: driver 550.54.14 is older than 580" in log.read_text()
    many = tmp_path / "many"
    many.mkdir()
    on_cluster(many, text.replace("--gres=gpu:1", "--gres=gpu:9"), driver="610.43.03")
    assert "Requested node configuration is not available" in (many / "verdict").read_text()


def test_buildah_reads_labels_as_they_were_given(tmp_path: Path) -> None:
    """They hold what a plan holds; a plan that was saved, and changed, can hold anything."""
    (tmp_path / "own/formats").mkdir(parents=True)
    (tmp_path / "own/formats/labels.Containerfile.j2").write_text(
        "FROM scratch\n{% for name, value in labels %}\nLABEL {{ name | sh }}={{ value | sh }}\n{% endfor %}\n"
    )
    words = [word for word in readers.NASTY if word.isprintable()]
    stack, base = chosen("fedora")
    (environment,) = stack.environments
    hostile = msgspec.structs.replace(environment, requirements=tuple(Requirement(text=word) for word in words))
    stack = msgspec.structs.replace(stack, environments=(hostile,))
    container = render(stack, base, JOB, facts(), made="2026-11-27", kind="labels", own=tmp_path / "own")
    (tmp_path / "Containerfile").write_text(container.text)
    buildah = (tool("buildah"), "--root", f"{tmp_path}/root", "--runroot", f"{tmp_path}/run", "--storage-driver=vfs")
    told(tmp_path, *buildah, "build", "--tag=localhost/labels:1", str(tmp_path))
    inspected = json.loads(told(tmp_path, *buildah, "inspect", "--type=image", "localhost/labels:1"))
    labels = inspected["OCIv1"]["config"]["Labels"]
    assert labels["io.gpusetup.requirements"] == " ".join(words)
    assert container.labels.items() <= labels.items()


def on_cluster(folder: Path, job: str, driver: str) -> None:
    """Run `job` under a real Slurm of one node, in namespaces of its own."""
    if os.geteuid() != 0:
        pytest.skip("a cluster of one's own needs root, for namespaces")
    for name in ("munged", "slurmctld", "slurmd", "sbatch"):
        tool(name)
    (folder / "job.sh").write_text(job)
    configuration = (HERE / "slurm/slurm.conf").read_text().replace("@FOLDER@", str(folder))
    (folder / "slurm.conf").write_text(configuration)
    command = ("unshare", "--net", "--uts", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
    told(folder, *command, "bash", str(HERE / "slurm/cluster.sh"), str(folder), driver)

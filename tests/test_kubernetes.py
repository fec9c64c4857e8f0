"""``examples/kubernetes``: the API's own schemas, and every script in them run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "examples/kubernetes"
VERSIONS = {"preflight-dra.yaml": ("1.34", "1.37")}
"""Where an API is newer than the oldest version that the others are held to."""
NPD = {
    "": {"plugin", "pluginConfig", "source", "metricsReporting", "conditions", "rules"},
    "pluginConfig": {"invoke_interval", "timeout", "max_output_length", "concurrency",
                     "enable_message_change_based_condition_update", "skip_initial_status"},
    "conditions": {"type", "reason", "message"},
    "rules": {"type", "condition", "reason", "path", "args", "timeout", "invoke_interval"},
}  # fmt: skip
"""The detector's fields. Source: node-problem-detector, pkg/custompluginmonitor/types/config.go, types.go."""


def documents(name: str) -> list[dict[str, Any]]:
    return [*yaml.safe_load_all((FOLDER / name).read_text())]


def script(name: str, kind: str, part: str = "initContainers") -> str:
    pod = next(one for one in documents(name) if one["kind"] == kind)["spec"]["template"]["spec"]
    return str(pod[part][0]["args"][0])


def stub(folder: Path, text: str) -> dict[str, str]:
    """Return an environment whose ``gpusetup`` is a script."""
    (folder / "bin").mkdir()
    (folder / "bin/gpusetup").write_text(f"#!/bin/sh\n{text}\n")
    (folder / "bin/gpusetup").chmod(0o755)
    return {"PATH": f"{folder}/bin:/usr/bin:/bin", "NODE_NAME": "node-7"}


@pytest.mark.parametrize("name", sorted(path.name for path in FOLDER.glob("*.yaml")))
def test_the_manifests_fit_the_apis_own_schemas(name: str) -> None:
    found = documents(name)
    for version in VERSIONS.get(name, ("1.28", "1.37")):
        for document in found:
            kubernetes_validate.validate(document, version, strict=True)
    found[-1]["spec"]["template"]["spec"]["restartPolicies"] = "x"
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(found[-1], "1.37", strict=True)


def test_what_a_node_prints_is_a_host_of_the_fleet(tmp_path: Path) -> None:
    machine, report = ROOT / "tests/doctor/hosts/h100_server.json", '{"made": 1}'
    env = stub(tmp_path, f"case $1 in detect) cat {machine} ;; doctor) echo '{report}'; exit 1 ;; esac")
    done = subprocess.run(["sh", "-c", script("collect.yaml", "DaemonSet")], env=env, capture_output=True, check=True)
    (line,) = done.stdout.splitlines()
    found = json.loads(line)
    assert (found["host"], found["report"]) == ("node-7", {"made": 1})
    assert found["machine"] == json.loads(machine.read_text())


def test_a_node_where_nothing_runs_says_so(tmp_path: Path) -> None:
    env = stub(tmp_path, "exit 70")
    done = subprocess.run(["sh", "-c", script("collect.yaml", "DaemonSet")], env=env, capture_output=True, check=True)
    assert json.loads(done.stdout) == {"host": "node-7", "error": "gpusetup gave nothing"}


@pytest.mark.parametrize("name", ["preflight.yaml", "preflight-dra.yaml"])
@pytest.mark.parametrize(("doctor", "selftest", "code"), [(0, 0, 0), (1, 0, 1), (3, 0, 3), (0, 1, 1), (0, 3, 3)])
def test_a_preflight_passes_only_what_is_fine(tmp_path: Path, name: str, doctor: int, selftest: int, code: int) -> None:
    env = stub(tmp_path, f"case $1 in doctor) exit {doctor} ;; selftest) exit {selftest} ;; esac")
    done = subprocess.run(["sh", "-c", script(name, "Job")], env=env, check=False)
    assert done.returncode == code


def test_the_preflight_asks_for_what_there_is() -> None:
    for words in (["doctor", "--require-gpu"], ["selftest", "--check", "exact", "--device", "cuda"]):
        assert f"gpusetup {' '.join(words)}" in script("preflight.yaml", "Job")
    command = ["gpusetup", "selftest", "--check", "exact", "--device", "cuda", "--help"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_the_detectors_configuration_has_its_fields_alone() -> None:
    found = json.loads(documents("node-problem-detector.yaml")[0]["data"]["gpusetup.json"])
    assert found.keys() <= NPD[""]
    assert found["pluginConfig"].keys() <= NPD["pluginConfig"]
    assert all(one.keys() <= NPD[part] for part in ("conditions", "rules") for one in found[part])
    (rule,) = found["rules"]
    assert rule["condition"] in {one["type"] for one in found["conditions"]}
    assert float(rule["timeout"][:-1]) <= float(found["pluginConfig"]["timeout"][:-1])
    assert rule["path"].rpartition("/")[2] in documents("node-problem-detector.yaml")[0]["data"]


@pytest.mark.parametrize(
    ("verdict", "code", "said"),
    [
        ("0 {now} nothing is wrong", 0, "nothing is wrong"),
        ("1 {now} 1 error: GPU 3 fell off the bus", 1, "1 error: GPU 3 fell off the bus"),
        ("2 {now} the driver did not answer", 2, "the driver did not answer"),
        ("0 {old} nothing is wrong", 2, "gpusetup looked at this node longer ago than 1800 s"),
        ("0 {late} nothing is wrong", 2, "the verdict is of a time that is still to come"),
        ("0 $(reboot) x", 2, "the verdict cannot be read"),
        ("x {now} y", 2, "the verdict cannot be read"),
        (None, 2, "gpusetup has not looked at this node yet"),
        ("", 2, "gpusetup has not looked at this node yet"),
    ],
)
def test_the_condition_is_what_the_doctor_said_and_never_healthy_unseen(
    tmp_path: Path, verdict: str | None, code: int, said: str
) -> None:
    plugin, file = tmp_path / "plugin.sh", tmp_path / "verdict"
    plugin.write_text(documents("node-problem-detector.yaml")[0]["data"]["gpusetup-verdict.sh"])
    if verdict is not None:
        now = int(time.time())
        file.write_text(verdict.format(now=now, old=now - 3600, late=now + 3600) + "\n" * bool(verdict))
    done = subprocess.run(["sh", plugin, file, "1800"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (code, said)


def test_a_doctor_that_breaks_is_no_problem_of_the_node(tmp_path: Path) -> None:
    assert _verdict(tmp_path, "exit 1")[0] == "2"


@pytest.mark.parametrize(("exits", "code"), [(0, 0), (1, 1), (3, 2), (70, 2)])
def test_the_doctor_leaves_its_verdict_on_the_node(tmp_path: Path, exits: int, code: int) -> None:
    first, at, line = _verdict(tmp_path, f"echo 'the first line'; echo more; exit {exits}")
    assert (int(first), line) == (code, "the first line")
    assert abs(time.time() - int(at)) < 60


def _verdict(tmp_path: Path, doctor: str) -> list[str]:
    env = stub(tmp_path, doctor) | {"VERDICTS": str(tmp_path), "EVERY": "60"}
    words = ["sh", "-c", script("node-problem-detector.yaml", "DaemonSet", "containers")]
    with subprocess.Popen(words, env=env, start_new_session=True) as running:
        end = time.monotonic() + 20
        while not (tmp_path / "verdict").exists() and time.monotonic() < end:
            time.sleep(0.02)
        os.killpg(running.pid, signal.SIGKILL)
    return (tmp_path / "verdict").read_text().rstrip("\n").split(" ", 2)

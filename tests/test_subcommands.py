"""Subcommands, grouped help, completion and names: one option stands once, and is found by whoever looks for it."""

from __future__ import annotations

import json

import pytest

from tests.support import Run

HOST = "tests/doctor/hosts/desktop.json"
SAME = [
    (["doctor", "rules"], ["doctor", "--list"]),
    (["doctor", "explain", "DRV004"], ["doctor", "--explain", "DRV004"]),
    (["doctor", "fix", "--machine", HOST], ["doctor", "--machine", HOST, "--fix"]),
    (["install", "undo"], ["install", "--undo"]),
    (
        ["container", "check", "--gpu", "4090", "--release", "44", "--machine", HOST],
        ["container", "--check-host", "--gpu", "4090", "--release", "44", "--machine", HOST],
    ),
]


@pytest.mark.parametrize(("branch", "flag"), SAME, ids=lambda words: " ".join(words[:2]))
def test_a_subcommand_does_what_its_flag_does(branch: list[str], flag: list[str], gpusetup: Run) -> None:
    one, other = gpusetup(*branch), gpusetup(*flag)
    assert (one.returncode, one.stdout, one.stderr) == (other.returncode, other.stdout, other.stderr)
    assert one.stdout


def test_a_rule_is_explained_by_its_slug_in_any_case(gpusetup: Run) -> None:
    by_id, by_slug = (gpusetup("doctor", "explain", name) for name in ("KRN203", "MSI-disabled"))
    assert by_id.returncode == 0
    assert by_id.stdout == by_slug.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["doctr"], "did you mean doctor?"),
        (["doctor", "explain", "nouveau-bond"], "did you mean nouveau-bound?"),
        (["doctor", "fix", "--redact"], "No such option"),
        (["doctor", "image"], "Missing argument 'IMAGE'"),
        (["doctor", "watch", "0"], "is not in the range"),
        (["doctor", "--apply"], "need --fix"),
    ],
)
def test_what_is_not_understood_is_one_message(words: list[str], said: str, gpusetup: Run) -> None:
    done = gpusetup(*words)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_an_option_stands_once_and_under_a_title(gpusetup: Run) -> None:
    told = gpusetup("doctor", "--help").stdout
    for title in ("What is examined:", "What counts:", "Output:", "Subcommands:"):
        assert title in told
    assert "--yes" not in told
    assert "--yes" in gpusetup("doctor", "fix", "--help").stdout
    assert "--builder-option" not in gpusetup("container", "--help").stdout
    assert "--builder-option" in gpusetup("container", "build", "--help").stdout


def test_a_variable_serves_the_command_and_its_subcommands(gpusetup: Run) -> None:
    env = {"GPUSETUP_DOCTOR_FORMAT": "json"}
    assert json.loads(gpusetup("doctor", "rules", env=env).stdout)
    assert json.loads(gpusetup("doctor", "--list", env=env).stdout)
    wrong = gpusetup("doctor", "rules", env={"GPUSETUP_DOCTOR_FORMT": "json"})
    assert wrong.returncode == 2
    assert "did you mean GPUSETUP_DOCTOR_FORMAT?" in wrong.stderr


@pytest.mark.parametrize("name", ["torch", "PyTorch", "PYTORCH"])
def test_a_framework_has_the_same_names_everywhere(name: str, gpusetup: Run) -> None:
    done = gpusetup("plan", "--gpu", "4090", "--release", "44", "--framework", name, "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["request"]["frameworks"] == ["torch"]
    listed = gpusetup("selftest", "--framework", name, "--list")
    assert listed.returncode == 0


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("gpusetup doctor wa", "watch"),
        ("gpusetup doctor --only DRV001,nouveau-b", "DRV001,nouveau-bound"),
        ("gpusetup doctor explain KRN20", "KRN203"),
        ("gpusetup plan --framework tens", "tensorflow"),
        ("gpusetup plan --gpu 4060", "GeForce RTX 4060"),
        ("gpusetup container build --format kub", "kubernetes-job"),
        ("gpusetup install --format ans", "ansible"),
    ],
)
def test_the_shell_completes(typed: str, completed: str, gpusetup: Run) -> None:
    env = {"_GPUSETUP_COMPLETE": "bash_complete", "COMP_WORDS": typed, "COMP_CWORD": str(typed.count(" "))}
    assert f"plain,{completed}\n" in gpusetup(env=env).stdout

"""The command line as a whole: help without imports, exit codes, one clear message for every error."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import click
import pytest

import gpusetup as package
from gpusetup.cli import COMMANDS
from tests.support import Run


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_in_the_table_exists_and_helps(name: str, gpusetup: Run) -> None:
    shown = gpusetup(name, "--help")
    assert shown.returncode == 0
    assert f"Usage: gpusetup {name}" in shown.stdout


def test_the_version_is_the_packages(gpusetup: Run) -> None:
    assert package.__version__ in gpusetup("--version").stdout


def test_an_unknown_command_is_wrong_usage(gpusetup: Run) -> None:
    run = gpusetup("instal")
    assert run.returncode == 2
    assert "instal" in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("module", ["torch", "tensorflow", "jax", "numpy", "jinja2", "packaging", "pynvml", "rich"])
def test_help_imports_nothing_heavy(module: str) -> None:
    code = (
        "import sys, click.testing, gpusetup.cli as cli\n"
        "click.testing.CliRunner().invoke(cli.root, ['--help'])\n"
        f"sys.exit({module!r} in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("module", ["rich", "jinja2", "packaging", "numpy", "pathlib", "pynvml"])
def test_the_doctor_loads_nothing_slow(module: str) -> None:
    code = (
        f"import sys, click; before = {module!r} in sys.modules\n"
        "sys.argv = ['gpusetup', 'doctor']\n"
        "import gpusetup.cli as cli; cli.main()\n"
        f"sys.exit({module!r} in sys.modules and not before)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0


def test_a_closed_pipe_is_no_fault() -> None:
    script = Path(sys.executable).with_name("gpusetup")
    run = subprocess.run(
        ["bash", "-c", '"$0" facts list | head -1', script], capture_output=True, text=True, timeout=60, check=False
    )
    assert run.stderr == ""


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ('"$0" doctor --machine - <&-', 2, "is not a saved machine"),
        ('"$0" doctor >&-', 0, ""),
        ('"$0" doctor <&- >&- 2>&-', 0, ""),
        ('"$0" --version >/dev/full', 2, "gpusetup: the output cannot be written: No space left on device"),
        ('"$0" doctor >/dev/full', 2, "gpusetup: the output cannot be written: No space left on device"),
        ('set -o pipefail; "$0" doctor --json | true', 141, ""),
        ('set -o pipefail; "$0" facts list 2>&- | true', 141, ""),
        ('set -o pipefail; "$0" plan --gpu RTX4090 --distro fedora | true', 141, ""),
    ],
)
def test_streams_may_be_closed_full_or_unread(line: str, code: int, said: str) -> None:
    script = Path(sys.executable).with_name("gpusetup")
    run = subprocess.run(["bash", "-c", line, script], stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert run.returncode == code
    assert said in run.stderr
    assert run.stderr.count("\n") <= 2
    assert "a fault of gpusetup" not in run.stderr


def test_a_fault_of_ours_is_owned_and_short(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cli = importlib.import_module("gpusetup.cli")

    @click.command()
    def broken() -> None:
        raise ZeroDivisionError("by hand")

    monkeypatch.setattr(cli, "root", broken)
    monkeypatch.setattr(sys, "argv", ["gpusetup"])
    assert cli.main() == 70
    said = capsys.readouterr().err
    assert "a fault of gpusetup itself: ZeroDivisionError: by hand" in said
    assert "Traceback" not in said

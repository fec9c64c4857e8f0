"""The command line as a whole: help without imports, exit codes, one clear message for every error."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

import gpusetup as package
from gpusetup.cli import COMMANDS
from tests.support import Run

pytestmark = pytest.mark.slow


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
        "import sys, click.testing, gpusetup.cli._root as cli\n"
        "click.testing.CliRunner().invoke(cli.root, ['--help'])\n"
        f"sys.exit({module!r} in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


SLOW = {"rich", "jinja2", "packaging", "numpy", "pathlib", "pynvml", "click", "inspect", "typing_extensions"}


def test_the_doctor_loads_nothing_slow() -> None:
    code = (
        "import sys; before = set(sys.modules)\n"
        "import atexit, gpusetup.__main__ as program\n"
        "said = sys.stderr\n"
        "atexit.register(lambda: print(*set(sys.modules) - before, file=said))\n"
        "sys.argv = ['gpusetup', 'doctor']\n"
        "program.main()\n"
    )
    plain = {name: value for name, value in os.environ.items() if not name.startswith("GPUSETUP")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=plain, check=False)
    loaded = set(done.stderr.split())
    assert "gpusetup.doctor.examine" in loaded
    assert sorted(SLOW & loaded) == []


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
        ('"$0" --version >/dev/full', 2, "gpusetup: cannot write the output: No space left on device"),
        ('"$0" doctor >/dev/full', 2, "gpusetup: cannot write the output: No space left on device"),
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
    assert "internal error" not in run.stderr


def test_a_fault_of_ours_is_owned_and_short(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cli = importlib.import_module("gpusetup.cli")
    above = importlib.import_module("gpusetup.cli._root")

    @click.command()
    def broken() -> None:
        raise ZeroDivisionError("by hand")

    monkeypatch.setattr(above, "root", broken)
    monkeypatch.setattr(sys, "argv", ["gpusetup"])
    assert cli.main() == 70
    said = capsys.readouterr().err
    assert "internal error: ZeroDivisionError: by hand" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("args", "named"),
    [
        (["doctor", "--machine", "a", "--machine", "b"], "--machine"),
        (["plan", "--release", "44", "--release", "43"], "--release"),
        (["selftest", "--quick", "--full"], "--quick/--full"),
        (["facts", "stale", "--on", "2026-01-01", "--on", "2027-01-01"], "--on"),
    ],
)
def test_an_option_given_twice_is_refused_and_not_half_ignored(args: list[str], named: str, gpusetup: Run) -> None:
    run = gpusetup(*args)
    assert run.returncode == 2
    assert f"{named} is given 2 times" in run.stderr


def test_a_flag_given_twice_is_no_contradiction(gpusetup: Run) -> None:
    assert gpusetup("facts", "list", "--json", "--json").returncode == 0


@pytest.mark.parametrize(
    ("name", "value", "code", "said"),
    [
        ("GPUSETUP_DOCTOR_FAIL_ON", "nothing", 2, "Invalid value for the environment variable GPUSETUP_DOCTOR_FAIL_ON"),
        ("GPUSETUP_DOCTOR_MACHINE", "/no/such", 2, "/no/such"),
        ("GPUSETUP_DOCTOR_FAILON", "warning", 2, "did you mean GPUSETUP_DOCTOR_FAIL_ON?"),
        ("GPUSETUP_DOCTOR_XYZZY", "1", 2, "unset it"),
        ("GPUSETUP_DOKTOR_FAIL_ON", "warning", 0, "GPUSETUP_DOKTOR_FAIL_ON belongs to no gpusetup command"),
        ("GPUSETUP_PLAN_RELEASE", "nonsense", 0, ""),
    ],
)
def test_a_variable_is_heeded_or_named(name: str, value: str, code: int, said: str, gpusetup: Run) -> None:
    run = gpusetup("doctor", "--only", "PYT", env={name: value})
    assert run.returncode == code
    assert said in run.stderr
    assert "--fail-on" not in run.stderr


def test_a_terminal_that_lacks_letters_gets_escapes(gpusetup: Run, tmp_path: Path) -> None:
    ascii_only = {"PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    assert "Stack for" in gpusetup("plan", "--gpu", "RTX 4090", "--distro", "fedora", env=ascii_only).stdout
    whole = json.loads(gpusetup("facts", "show", "branch-580", "--json", env=ascii_only).stdout)
    assert whole == json.loads(gpusetup("facts", "show", "branch-580", "--json").stdout)
    for args in (["--machine", tmp_path / "é"], ["--only", "é\udcff"]):
        run = gpusetup("doctor", *args, env=ascii_only)
        assert run.returncode == 2
        assert "\\u00e9" in run.stderr.lower() or "\\u00c9" in run.stderr
        assert run.stderr.isascii()


HOSTILE = "\n::error file=a::forged\r\n::stop-commands::t\x1b]0;owned\x07\u202e##[group]x"
"""What a file, a name or a host may say: line breaks, a runner's commands in both forms, a terminal's sequences."""


def hostile_files(folder: Path) -> dict[str, Path]:
    """Files of every kind that a command reads, each with `HOSTILE` where its reader will quote it."""
    text = json.dumps(HOSTILE)
    made = {
        "key": f"{{{text}: 1}}",
        "value": f'{{"system": {text}}}',
        "toml": f"[[silence]]\n{text} = 1\n",
        "lock": f"version = 1\n{text} = 2\n",
        "wheels": f"x {HOSTILE}\n",
    }
    for name, content in made.items():
        (folder / name).write_text(content, encoding="utf-8")
    return {name: folder / name for name in made}


@pytest.mark.parametrize(
    "door",
    [
        ["doctor", "--machine", "{key}"],
        ["doctor", "--machine", "{value}", "--format", "github"],
        ["doctor", "--machine", "/no" + HOSTILE],
        ["doctor", "--silences", "{toml}"],
        ["doctor", "--only", HOSTILE],
        ["doctor", "--explain", HOSTILE],
        ["doctor", "--image", "./" + HOSTILE],
        ["doctor", "--sysroot", "/no" + HOSTILE],
        ["doctor", "--format", HOSTILE],
        ["plan", "--machine", "{key}"],
        ["plan", "--gpu", HOSTILE],
        ["plan", "--release", HOSTILE, "--gpu", "none"],
        ["plan", "--gpu", "T4", "--format", "toml", "--output", "{lock}"],
        ["plan", "--gpu", "T4", "--output", "/no/folder" + HOSTILE],
        ["why", HOSTILE],
        ["install", "--recipes", "/no" + HOSTILE],
        ["install", "--apply", "--plan", "{key}"],
        ["container", "--gpu", "T4", "--framework", "torch", "--requirements", "{wheels}"],
        ["container", "--gpu", "T4", "--base-image", HOSTILE],
        ["selftest", "--baseline", "{key}", "--framework", "pytorch"],
        ["selftest", "--checks", "/no" + HOSTILE],
        ["selftest", "--check", HOSTILE],
        ["selftest", "--python", HOSTILE],
        ["facts", "show", HOSTILE],
        ["facts", "list", HOSTILE],
        [HOSTILE],
    ],
)
def test_a_hostile_word_is_quoted_harmlessly_at_every_door(door: list[str], gpusetup: Run, tmp_path: Path) -> None:
    """Each of these ends in an error that quotes what it was given; nothing of it may act on a terminal or a runner."""
    files = hostile_files(tmp_path)
    args = [word.format(**files) if word[:1] == "{" and word[-1:] == "}" else word for word in door]
    run = gpusetup(*args)
    assert run.returncode not in {0, 70}, run.stderr
    for line in (run.stdout + run.stderr).split("\n"):
        assert line.isprintable(), line
        assert not line.lstrip().startswith("::") or line.startswith("::error title="), line
        assert "##[" not in line

"""``--reports``, ``--format`` and ``--preset``: what a CI server is told of a command, and that it can be told."""

from __future__ import annotations

import contextlib
import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from gpusetup.cli import repro, selftest, verify
from gpusetup.cli._presets import NAMES
from tests.support import Run

UNSEEDED = "import json, os; json.dump([os.urandom(8).hex()], open('out.json', 'w'))"
SEEDED = "import json; json.dump([1, 2], open('out.json', 'w'))"


def reports(gpusetup: Run, folder: Path, program: str, *options: str, **env: str) -> tuple[int, str, str]:
    (folder / "train.py").write_text(program)
    command = ("repro", "--no-search", *options, "--", "python", "train.py")
    with contextlib.chdir(folder):
        done = gpusetup(*command, env=env)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(("program", "code", "failures"), [(UNSEEDED, 1, 1), (SEEDED, 0, 0)])
def test_every_report_says_the_same(
    gpusetup: Run, tmp_path: Path, program: str, code: int, failures: int
) -> None:  # fmt: skip
    done, out, _ = reports(gpusetup, tmp_path, program, "--reports", "told/here")
    assert done == code
    folder = tmp_path / "told" / "here"
    headline = "DOES NOT REPRODUCE" if failures else "REPRODUCES"
    assert out.startswith(headline)
    assert json.loads((folder / "result.json").read_text())["reproduces"] is not bool(failures)
    assert ET.parse(folder / "junit.xml").getroot().attrib["failures"] == str(failures)
    (run,) = json.loads((folder / "report.sarif").read_text())["runs"]
    assert [one["level"] for one in run["results"]] == ["error"] * failures
    assert headline in (folder / "summary.md").read_text()


def test_githubs_runner_is_told_as_well(gpusetup: Run, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("of an earlier step\n")
    told = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(page)}
    code, out, err = reports(gpusetup, tmp_path, UNSEEDED, "--preset", "ci", "--json", **told)
    assert (code, json.loads(out)["reproduces"]) == (1, False)
    assert any(line.startswith("::error title=reproduces python train.py::two runs differ") for line in err.split("\n"))
    assert page.read_text().startswith("of an earlier step\n**gpusetup repro:** DOES NOT REPRODUCE")
    assert (tmp_path / "gpusetup-reports" / "junit.xml").exists()


def test_a_format_of_a_ci_server_is_printed_whole(gpusetup: Run, tmp_path: Path) -> None:
    _, out, _ = reports(gpusetup, tmp_path, UNSEEDED, "--format", "github")
    assert out.startswith("::error title=reproduces")


def test_a_folder_that_cannot_be_made_is_refused_before_the_work(gpusetup: Run, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code, out, err = reports(gpusetup, tmp_path, SEEDED, "--reports", "file/told")
    assert (code, out) == (2, "")
    assert "cannot make the folder file/told" in err
    assert "run 1" not in err


def test_presets_are_defaults_of_options_that_exist() -> None:
    import tomllib

    from gpusetup.cli import _presets

    table = tomllib.loads(Path(_presets.__file__).with_name("presets.toml").read_text())
    assert tuple(table) == NAMES
    commands = (repro.repro, selftest.selftest, verify.verify)
    options = {command.name: {param.name for param in command.params} for command in commands}
    for preset in table.values():
        for command, defaults in preset.items():
            assert set(defaults) <= options[command]


def test_what_is_given_on_the_command_line_overrides_a_preset(gpusetup: Run, tmp_path: Path) -> None:
    code, _, err = reports(gpusetup, tmp_path, SEEDED, "--preset", "nightly", "--runs", "2", "--vary", "timezone")
    assert code == 0
    assert sum("as it is" in line for line in err.splitlines()) == 2
    assert sum("varied" in line for line in err.splitlines()) == 1

"""A command that is run in a fork says what a started one says."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.warm_command import Warm

SCRIPT = str(Path(sys.executable).with_name("gpusetup"))


@pytest.fixture(scope="module")
def warm() -> Iterator[Warm]:
    process = Warm()
    yield process
    process.end()


@pytest.mark.parametrize(
    "words",
    [
        ("--version",),
        ("doctor", "--list"),
        ("plan", "--gpu", "4090", "--distro", "fedora", "--release", "44", "--json"),
        ("plan", "--gpu", "nothing of the sort"),
        ("why", "--nonesuch"),
    ],
)
def test_it_says_what_a_started_one_says(warm: Warm, words: tuple[str, ...]) -> None:
    env = os.environ | {"COLUMNS": "100"}
    started = subprocess.run([SCRIPT, *words], capture_output=True, text=True, env=env, check=False)
    forked = warm.run([SCRIPT, *words], env, 60)
    assert (forked.returncode, forked.stdout, forked.stderr) == (started.returncode, started.stdout, started.stderr)


def test_its_environment_and_folder_are_those_of_the_call(
    warm: Warm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert warm.run([SCRIPT, "doctor", "--machine", "gone.json"], {**os.environ}, 60).returncode == 2
    assert warm.run([SCRIPT, "detect", "--output", "here.json"], {**os.environ}, 60).returncode == 0
    assert (tmp_path / "here.json").is_file()


def test_one_that_takes_too_long_is_ended(warm: Warm) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        warm.run([SCRIPT, "doctor", "--watch"], {**os.environ}, 0.5)
    assert warm.run([SCRIPT, "--version"], {**os.environ}, 60).returncode == 0


def test_what_is_read_at_the_start_of_a_process_needs_a_start(warm: Warm) -> None:
    assert warm.can_run(os.environ | {"NO_COLOR": "1"})
    assert not warm.can_run(os.environ | {"PYTHONPATH": "/elsewhere"})
    assert not warm.can_run(os.environ | {"LC_ALL": "POSIX"})

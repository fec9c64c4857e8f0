"""The watch over processes that outlive their test sees them, however they hide."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.leftovers import children
from tests.support import ROOT

pytestmark = pytest.mark.slow

HIDES = {
    "child": "subprocess.Popen(['sleep', '600'])",
    "grandchild": "subprocess.run(['bash', '-c', 'sleep 600 &'])",
    "session of its own, no environment": "subprocess.run(['bash', '-c', 'setsid sleep 600 &'], env={})",
}


def ran(folder: Path, body: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_it.py").write_text(f"import subprocess, pytest\nfrom tests import leftovers\n{body}\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.leftovers", "-p", "no:cacheprovider", "test_it.py"]
    return subprocess.run(
        command, cwd=folder, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("how", "end"), [*((how, "pass") for how in HIDES), ("child", "assert False"), ("child", "raise KeyboardInterrupt")]
)
def test_a_process_that_outlives_its_test_is_named_and_ended(tmp_path: Path, how: str, end: str) -> None:
    before = children()
    done = ran(tmp_path, f"leftovers.GRACE = 0.1\ndef test_it():\n    {HIDES[how]}\n    {end}")
    assert done.returncode != 0
    assert "left processes behind" in done.stdout + done.stderr
    assert "sleep 600" in done.stdout + done.stderr
    assert children() == before


def test_what_ends_in_time_or_belongs_to_a_wider_fixture_is_no_fault(tmp_path: Path) -> None:
    done = ran(
        tmp_path,
        "@pytest.fixture(scope='module')\n"
        "def server():\n    with subprocess.Popen(['sleep', '600']) as made:\n        yield made\n        made.kill()\n"
        "def test_short():\n    subprocess.Popen(['sleep', '0.2'])\n"
        "def test_served(server):\n    pass\ndef test_served_still(server):\n    assert server.poll() is None",
    )
    assert done.returncode == 0, done.stdout

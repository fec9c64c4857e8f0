"""What a test computes is counted with its fixtures and processes, here and in parallel; what it waits for is not."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import ROOT

pytestmark = pytest.mark.slow

TESTS = """
import subprocess, sys, time, pytest
def burn():
    subprocess.run([sys.executable, "-c", "import time\\nwhile time.process_time() < 0.5: pass"], check=True)
@pytest.fixture
def made():
    burn()
def test_waits(): time.sleep(1)
def test_starts(): burn()
def test_is_given(made): pass
def test_fails(made): assert False
@pytest.mark.own_process
def test_apart(): burn()
"""


@pytest.mark.parametrize("workers", ["0", "2"])
def test_the_sum_is_of_all_and_the_most_expensive_are_named(tmp_path: Path, workers: str) -> None:
    (tmp_path / "test_it.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = own_process\n")
    plugins = [f"-p{one}" for one in ("tests.processor_time", "tests.leftovers", "tests.own_process")]
    command = [sys.executable, "-m", "pytest", *plugins, "-pno:cacheprovider", "-n", workers, "--processor-time", "4"]
    done = subprocess.run(
        command, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    assert re.search(r"processor time: [2-9] s in 5 tests", done.stdout), done.stdout + done.stderr
    named = {name: seconds for seconds, name in re.findall(r"([\d.]+) s  test_it\.py::(\w+)", done.stdout)}
    assert set(named) == {"test_starts", "test_is_given", "test_fails", "test_apart"}
    assert all(float(seconds) >= 0.5 for seconds in named.values())
    files = re.findall(r"([\d.]+) s  test_it\.py$", done.stdout, re.MULTILINE)
    assert len(files) == 1
    assert float(files[0]) >= 4 * 0.5

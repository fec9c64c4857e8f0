"""What a file with the mark loads and opens is gone when it ends; its tests fail, skip and die as any other."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import ROOT

pytestmark = pytest.mark.slow

BEFORE = """
import os, pytest
@pytest.fixture(scope='session')
def shared():
    yield os.getpid()
    print('torn down by', 'the first' if os.getpid() == int(os.environ['FIRST']) else 'another')
def test_before(shared):
    os.environ['FIRST'] = str(os.getpid())
"""
LOADS = """
import os, sys, pytest
pytestmark = pytest.mark.own_process
@pytest.fixture(scope='module')
def once():
    yield os.getpid()
    print('module torn down')
def test_loads(once, shared):
    sys.modules['a framework'] = os
    os.environ['LOADED'] = '1'
    assert once == os.getpid() != shared
def test_has_it_still(once):
    assert 'a framework' in sys.modules and once == os.getpid()
def test_skips():
    pytest.skip('for a reason')
def test_fails():
    assert os.environ['LOADED'] == '2'
def test_dies():
    os.kill(os.getpid(), 9)
def test_is_in_a_new_one():
    assert 'a framework' not in sys.modules
"""
AFTER = """
import os, sys
def test_after(shared):
    assert 'a framework' not in sys.modules and 'LOADED' not in os.environ
    assert shared == os.getpid()
"""


def ran(folder: Path, **files: str) -> subprocess.CompletedProcess[str]:
    (folder / "conftest.py").write_text(BEFORE.partition("def test_before")[0])
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = own_process\n")
    for name, text in files.items():
        (folder / f"test_{name}.py").write_text(text)
    plugins = ("-p", "tests.leftovers", "-p", "tests.own_process", "-p", "no:cacheprovider")
    command = [sys.executable, "-m", "pytest", "-rA", *plugins]
    return subprocess.run(
        command, cwd=folder, env={"PYTHONPATH": str(ROOT), "FIRST": "0"}, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("last", [False, True])
def test_it_is_run_apart_and_leaves_nothing(tmp_path: Path, last: bool) -> None:
    before = "def test_before" + BEFORE.partition("def test_before")[2]
    files = {"a_before": f"import os\n{before}", "b_loads": LOADS} | ({} if last else {"c_after": AFTER})
    done = ran(tmp_path, **files)
    said = done.stdout
    assert f"2 failed, {4 if last else 5} passed, 1 skipped" in said, said
    assert "assert '1' == '2'" in said
    assert "the process of this file ended, with status -9" in said
    assert "for a reason" in said
    assert said.count("torn down by the first") == 1
    assert "torn down by another" not in said


def test_alone_it_tears_down_what_it_set_up(tmp_path: Path) -> None:
    alone = "import pytest\npytestmark = pytest.mark.own_process\n@pytest.fixture(scope='session')\ndef made():\n"
    alone += "    yield 1\n    print('the session torn down')\ndef test_it(made):\n    assert made\n"
    done = ran(tmp_path, alone=alone)
    assert "1 passed" in done.stdout
    assert done.stdout.count("the session torn down") == 1

"""`pytest tests/gpu` on a machine without a card, and on one whose frameworks cannot use it: each is said in a line."""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
import sys

import pytest

from tests.fake_driver import FakeDriver
from tests.gpu import usable
from tests.support import ROOT

CARD_TESTS = ROOT / "tests" / "gpu"


def test_without_a_card_one_line_says_that_nothing_was_tested(fake_driver: FakeDriver) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", str(CARD_TESTS)]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | fake_driver(""), capture_output=True, text=True, check=False
    )
    assert "gpu: nothing was tested, as there is no NVIDIA card here (the driver lists no card)" in done.stdout
    assert done.returncode == pytest.ExitCode.NO_TESTS_COLLECTED


def test_each_framework_is_asked_by_this_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bare machine has no program called ``python``."""
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(usable, "MODULES", dict.fromkeys(usable.MODULES, "json") | {"tensorflow": "no_such_module"})
    monkeypatch.setattr(usable, "_ASK", {"pytorch": "", "jax": "print('a warning\\nno card')"})
    assert usable.obstacles() == {"pytorch": "", "jax": "no card", "tensorflow": "not installed"}
    monkeypatch.setattr(usable, "_ASK", {"pytorch": "1 / 0", "jax": "import sys; sys.exit(3)"})
    found = {"pytorch": "ZeroDivisionError: division by zero", "jax": "ended with 3", "tensorflow": "not installed"}
    assert usable.obstacles() == found


@pytest.mark.frameworks
def test_a_build_without_cuda_is_named() -> None:
    version = importlib.metadata.version("torch")
    if not version.endswith("+cpu"):
        pytest.skip(f"torch {version} may be built for CUDA")
    assert usable.obstacles(("pytorch",)) == {"pytorch": f"torch {version} is built without CUDA"}


def test_what_was_tested_and_what_not_is_one_line() -> None:
    assert usable.describe({"pytorch": "", "jax": ""}) == "with pytorch, jax"
    assert usable.describe({"pytorch": "", "jax": "not installed"}) == "with pytorch; not with jax: not installed"
    assert usable.describe({"jax": "it ended"}) == "with no framework; not with jax: it ended"


def test_the_limits_of_time_add_up_to_less_than_ten_minutes() -> None:
    text = (CARD_TESTS / "test_gpu_selftest.py").read_text("utf-8")
    limits = [int(number) for number in re.findall(r"timeout=(\d+)\)", text)]
    precisions = len(re.findall(r'"(\w+)"', text.partition('parametrize("precision", [')[2].partition("]")[0]))
    assert (len(limits), precisions) == (4, 4)
    assert sum(limits) + (precisions - 1) * 45 + usable.SECONDS < 600

"""The fresh processes of a marked test, and what is held in them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from gpusetup.repro import trial
from gpusetup.testing.fresh import fault_of

pytestmark = pytest.mark.slow

WAITS = """
import json, os, random, time
if os.environ.get("_GPUSETUP_REPRO_DURATIONS"):
    time.sleep(600)
with open(os.environ["_GPUSETUP_TEST_RESULT"] + "/returned.json", "w") as file:
    json.dump({"value": random.random()}, file)
"""


def test_a_test_that_waits_for_a_held_clock_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The axis is left as it is, and the cause is still named."""
    monkeypatch.setattr(trial, "LEAST", 5)
    (tmp_path / "it.py").write_text(WAITS)
    said = "\n".join(fault_of([sys.executable, "it.py"], tmp_path, 2, 300))
    assert "Python's random module, which nothing seeds" in said
    assert "the command fails with fixed measured durations: they were left as they are" in said


def test_a_test_that_takes_too_long_as_it_is_cannot_be_compared(tmp_path: Path) -> None:
    (tmp_path / "it.py").write_text("import time; time.sleep(600)")
    (first, *_) = fault_of([sys.executable, "it.py"], tmp_path, 2, 1)
    assert first == "cannot compare fresh processes: the test did not end within 1 s"

"""The fixture of the tests that run a check through the engine without a framework."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.selftest.small_world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "checks")

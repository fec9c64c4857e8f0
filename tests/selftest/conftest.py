"""The fixture every test of the engine starts from."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.selftest.small_world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "checks")

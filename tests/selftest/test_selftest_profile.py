"""Which checks a run takes when none is named: those of its profile, and it says which it leaves out."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from gpusetup.errors import WrongInputError
from gpusetup.selftest.registry import Check, checks
from gpusetup.selftest.schedule import Selection
from gpusetup.selftest.selection import choose_checks
from gpusetup.selftest.unproven import gaps
from tests.selftest.small_world import DESCRIPTION, World

Run = Callable[..., subprocess.CompletedProcess[str]]
LONG = 'profile = "full"\n' + DESCRIPTION


@pytest.fixture
def found(world: World) -> dict[str, Check]:
    """Return the small world's own checks, one of either profile."""
    world.add("long", pytorch="")
    world.add("short", pytorch="")
    (world.folder / "long" / "check.toml").write_text(LONG)
    every = checks(world.folder)
    return {name: every[name] for name in ("long", "short")}


def test_a_run_takes_the_checks_of_its_profile_and_any_that_is_named(found: dict[str, Check]) -> None:
    assert choose_checks((), found, "quick") == ("short",)
    assert choose_checks((), found, "full") == ("long", "short")
    assert choose_checks(("long",), found, "quick") == ("long",)
    with pytest.raises(WrongInputError, match="unknown check 'longer'"):
        choose_checks(("longer",), found, "quick")


def test_a_quick_run_says_what_it_left_to_the_full_one(found: dict[str, Check]) -> None:
    quick = Selection(checks=("short",), pythons={"pytorch": "python"})
    left = "long: included with --full or --check NAME"
    assert left in list(gaps(quick, found))
    assert left not in list(gaps(Selection(checks=("short",), pythons={}, named=("checks",)), found))
    assert left not in list(gaps(Selection(checks=("long", "short"), pythons={}, profile="full"), found))


def test_the_list_has_every_check_with_its_profile(gpusetup: Run, found: dict[str, Check], world: World) -> None:
    assert set(found) == {"long", "short"}
    text = gpusetup("selftest", "--list", "--checks", world.folder).stdout
    assert text.count("runs with --full, or with --check long") == 1
    assert "--check short" not in text
    rows = json.loads(gpusetup("selftest", "--list", "--json", "--checks", world.folder).stdout)
    profiles = {row["name"]: row["profile"] for row in rows}
    assert (profiles["long"], profiles["short"], profiles["gru"]) == ("full", "quick", "quick")


def test_another_profile_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "check.toml").write_text(DESCRIPTION.replace("version", 'profile = "nightly"\nversion'))
    with pytest.raises(WrongInputError, match="does not describe a check"):
        checks(tmp_path)

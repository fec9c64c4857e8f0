"""Workers and their children killed at random moments: the suite always ends, and what it says is true."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from gpusetup.errors import CannotLookError
from tests.selftest.killing import prove_under_fire, untruths
from tests.selftest.small_world import RIGHT, World, failed
from tests.support import chance


@pytest.mark.parametrize("seed", chance("kills").sample(range(10**6), 3))
def test_the_suite_ends_with_a_true_report(world: World, seed: int) -> None:
    started = time.monotonic()
    proof, _ = prove_under_fire(world, seed)
    assert time.monotonic() - started < 60
    assert untruths(proof) == []


def interpreter(folder: Path, dies: int) -> str:
    """Return an interpreter that is killed the first `dies` times it is to compare."""
    path = folder / "python"
    path.write_text(
        f"""#!/bin/bash
if [[ $* == *compare.py ]]; then
  echo once more >> {folder}/compared
  (($(wc -l < {folder}/compared) > {dies})) || kill -KILL $$
fi
exec {sys.executable} "$@"
"""
    )
    path.chmod(0o755)
    return str(path)


def test_a_comparison_that_is_killed_is_made_again(world: World, tmp_path: Path) -> None:
    world.add("small", reference=RIGHT, pytorch=RIGHT, tensorflow=RIGHT)
    proof = world.prove("small", python=interpreter(tmp_path, dies=2))
    assert not failed(proof)
    assert {one.state for one in proof.verdicts if one.kind == "parity"} == {"passed"}


def test_a_comparison_that_is_always_killed_proves_nothing(world: World, tmp_path: Path) -> None:
    world.add("small", reference=RIGHT, pytorch=RIGHT, tensorflow=RIGHT)
    with pytest.raises(CannotLookError, match="SIGKILL"):
        world.prove("small", python=interpreter(tmp_path, dies=99))

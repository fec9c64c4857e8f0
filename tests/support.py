"""What tests import by name: where the checkout is, the command's type, tools that may be missing, drawn samples."""

from __future__ import annotations

import importlib.util
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.facts.model.distribution import Release

T = TypeVar("T")

ROOT = Path(__file__).resolve().parent.parent
ELSEWHERE = (str(Path(sys.executable).parent), "/usr/local/sbin", "/usr/sbin", "/sbin")
"""Where tools lie beside PATH: the development extra's, and those that an ordinary user's PATH leaves out."""

SEED = os.environ.setdefault("GPUSETUP_TESTS_SEED", str(random.SystemRandom().randrange(10**6)))
"""What every drawn sample depends on. Parallel workers inherit it, so that all of them collect the same tests."""
EVERYTHING = bool(os.environ.get("GPUSETUP_TESTS_ALL"))
"""Whether a sample is all there is to draw from."""
SHARE = float(os.environ.get("GPUSETUP_TESTS_SHARE", "1"))
"""Which part of each sample is drawn: `make test` draws it whole, `make fast` a fifth."""

Run = Callable[..., subprocess.CompletedProcess[str]]


def found(name: str) -> str | None:
    """Return the path of the program `name`, None when it is not installed."""
    return shutil.which(name) or shutil.which(name, path=os.pathsep.join(ELSEWHERE))


def tool(name: str) -> str:
    """Return the path of the program `name`; skip the test, with the reason, where it is not installed."""
    path = found(name)
    if path is None:
        pytest.skip(f"{name} is not installed")
    return path


def module(name: str) -> None:
    """Skip the test where Python has no module `name`, which is not imported: the test starts what imports it."""
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"{name} is not installed")


def fedoras(facts: Facts) -> list[Release]:
    """Return the rows about releases of Fedora, the newest first."""
    rows = (row for row in facts.release if row.distribution == "fedora")
    return sorted(rows, key=lambda row: int(row.release), reverse=True)


def chance(name: str) -> random.Random:
    """Return the source of what is drawn under `name`: the same draws whenever the seed is the same."""
    return random.Random(f"{SEED} {name}")


def share(count: int) -> int:
    """Return how many of a sample of `count` are drawn."""
    return max(1, round(count * SHARE))


def examples(count: int) -> settings:
    """Return the settings of a hypothesis test: `count` examples in `make evidence`, a part of them each time else."""
    return settings(max_examples=count if EVERYTHING else max(min(count, 10), share(count) // 2), deadline=None)


def drawn(name: str, every: Sequence[T], count: int | None = None) -> list[T]:
    """Return `count` of `every` in their order, drawn under `name`; without a count all.

    `make fast` draws a share of that; with ``GPUSETUP_TESTS_ALL=1`` it is all of them, whatever the count.
    """
    count = share(len(every) if count is None else count)
    if EVERYTHING or count >= len(every):
        return list(every)
    return [every[index] for index in sorted(chance(name).sample(range(len(every)), count))]

"""`assert_close_to_baseline`: compares with the file beside the test, or writes it when that is asked for."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Literal

from gpusetup.errors import WrongInputError
from gpusetup.repro.compare import differ
from gpusetup.selftest.changes import changes
from gpusetup.testing.baselines import load, save
from gpusetup.testing.closeness import Limits, beyond
from gpusetup.testing.message import beyond_lines
from gpusetup.testing.surroundings import surroundings
from gpusetup.testing.values import parts

if TYPE_CHECKING:
    from pathlib import Path

    from gpusetup.testing.baselines import Baseline

Outcome = Literal["same", "written"]


def fault_of(value: object, path: Path, limits: Limits, test: str) -> list[str]:
    """Return what is wrong as lines of text, none where `value` is close to the baseline at `path`."""
    again = f"pytest --gpusetup-update '{test}'"
    if not path.exists():
        return [f"there is no baseline {path.name}: write it with {again}, look at it, and commit it"]
    baseline = load(path)
    found = beyond(parts(value), baseline.items, limits)
    if found is None:
        return []
    return [
        f"the result is not that of its baseline, {path.parent.name}/{path.name}",
        *beyond_lines(found),
        *_changed(baseline),
        f"  if it is meant to change: {again}",
    ]


def write(value: object, path: Path) -> Outcome:
    """Write the baseline, unless the one that is there has the same bits: an update changes no file without need."""
    items = parts(value)
    with contextlib.suppress(WrongInputError):  # what is no baseline is replaced
        if path.exists() and differ("", load(path).items, items) is None:
            return "same"
    save(path, items, surroundings())
    return "written"


def _changed(baseline: Baseline) -> list[str]:
    """Return what is different in the environment since, the likeliest cause first."""
    found = changes(surroundings(), baseline.environment)
    if not found:
        return ["  nothing that is known of the environment has changed since: the program has, or it does not repeat"]
    return [
        f"  changed since: {one.key}: {one.before} -> {one.now}" + (f" ({one.why})" if one.why else "") for one in found
    ]

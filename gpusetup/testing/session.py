"""What one run of pytest has noted of baselines; with xdist each worker notes its part, and one process adds all."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from gpusetup.testing.baselines import SUFFIX
from gpusetup.testing.places import unused


@dataclass
class Session:
    """The baselines that were used and written, and the tests that were collected, by the path of their file."""

    used: set[str] = field(default_factory=set)
    written: set[str] = field(default_factory=set)
    collected: dict[str, set[str]] = field(default_factory=dict)
    partial: set[str] = field(default_factory=set)
    """Files of which single tests were asked for, so that others were not collected."""
    owners: dict[str, str] = field(default_factory=dict)

    def note_items(self, items: Iterable[pytest.Item], args: Sequence[str]) -> None:
        """Note what was collected, before tests are deselected."""
        for item in items:
            self.collected.setdefault(str(item.path), set()).add(test_of(item.nodeid))
        self.partial |= {os.path.abspath(arg.partition("::")[0]) for arg in args if "::" in arg}

    def packed(self) -> dict[str, Any]:
        """Return it as plain lists, which xdist can send."""
        return {
            "used": sorted(self.used), "written": sorted(self.written), "partial": sorted(self.partial),
            "collected": {path: sorted(names) for path, names in self.collected.items()},
        }  # fmt: skip

    def take(self, packed: dict[str, Any]) -> None:
        """Add what another process has noted."""
        self.used |= set(packed["used"])
        self.written |= set(packed["written"])
        self.partial |= set(packed["partial"])
        for path, names in packed["collected"].items():
            self.collected.setdefault(path, set()).update(names)

    def summary(self, passed: Iterable[str]) -> Iterator[str]:
        """Yield lines about baselines that were written, and those that no test uses; `passed` are ids of tests."""
        if self.written:
            yield f"gpusetup: {_count(self.written)} written: look at the change, and commit it"
        ran = {test_of(nodeid) for nodeid in passed}
        left = [path for module in sorted(self.collected) for path in self._unused(Path(module), ran)]
        if left:
            yield f"gpusetup: {_count(left)} that no test uses, remove what is not needed:"
            yield from (f"  {os.path.relpath(path)}" for path in left)

    def _unused(self, module: Path, ran: set[str]) -> list[Path]:
        folder, names = module.with_suffix(""), self.collected[str(module)]
        if not folder.is_dir():
            return []
        if str(module) in self.partial:  # one without a test may be that of a test that was not asked for
            names = names | {path.name.partition(".")[0] for path in folder.glob(f"*{SUFFIX}")}
        return unused(folder, names, ran & names, self.used)


def test_of(nodeid: str) -> str:
    """Return what follows the file in a test's id."""
    return nodeid.partition("::")[2]


def _count(paths: Iterable[object]) -> str:
    number = len(list(paths))
    return f"{number} baseline{'' if number == 1 else 's'}"

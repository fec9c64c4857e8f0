"""A folder of many hosts' results is one fleet, and no page for each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.fleet.gather import host_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gpusetup.fleet.model import Fleet

_STREAMS = ("*.jsonl", "*.ndjson", "*/*.json")
_HEAD = 400
_OF_A_HOST = (b'"read_at"', b'"made_at"', b'"verdict"')
"""How a machine, a proof and a report of the doctor begin."""


def is_fleet(folder: Path, files: Sequence[Path]) -> bool:
    """Say whether a folder has results of several hosts: in folders, in streams, or by the names of its `files`."""
    if any(True for pattern in _STREAMS for _ in folder.glob(pattern)):
        return True
    return len({host_of(one.name, "") for one in files if _is_of_host(one)}) > 1


def fleet_in(folder: Path) -> Fleet:
    """Return the judgement over the hosts in a folder."""
    from datetime import UTC, datetime

    from gpusetup.fleet.gather import gather
    from gpusetup.fleet.judge import judge

    return judge(gather([folder]), datetime.now(UTC))


def _is_of_host(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(_HEAD)
    return any(mark in head for mark in _OF_A_HOST)

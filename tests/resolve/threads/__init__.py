"""Public threads of people installing, each with its established answer: what the program says is held against it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec

from tests.doctor.machines import machine

HERE = Path(__file__).parent
Verdict = Literal["right", "partly", "wrong"]


class Thread(NamedTuple):
    """What somebody has and asks, and the patterns that an answer has (all of `must`, none of `never`)."""

    name: str
    args: tuple[str, ...]
    must: tuple[str, ...]
    never: tuple[str, ...]
    exit: tuple[int, ...]
    host: str = ""
    change: dict[str, Any] = {}  # noqa: RUF012 - never changed


class Said(NamedTuple):
    """What the program answered."""

    code: int
    text: str


def threads() -> list[Thread]:
    """Return all threads, in the order of the files."""
    files = sorted(HERE.glob("*.toml"))
    return [_thread(name, row) for file in files for name, row in tomllib.loads(file.read_text()).items()]


def _thread(name: str, row: dict[str, Any]) -> Thread:
    lists = {key: tuple(row[key]) for key in ("args", "must", "never", "exit")}
    return Thread(name, host=row.get("host", ""), change=row.get("change", {}), **lists)


def arguments(thread: Thread, place: Path) -> tuple[str, ...]:
    """Return the command line; a host that the thread has is saved in the folder `place`."""
    if not thread.host:
        return thread.args
    file = place / f"{thread.name}.json"
    file.write_bytes(msgspec.json.encode(machine(thread.host, thread.change)))
    return (*thread.args, "--machine", str(file))


def shortcomings(thread: Thread, said: Said) -> list[str]:
    """Return what is wrong with an answer: its exit code, what it should not say, what it does not say."""
    found = _finder(said.text)
    return [
        *([f"exit {said.code}"] if said.code not in thread.exit else []),
        *(f"says {one!r}" for one in thread.never if found(one)),
        *(f"does not say {one!r}" for one in thread.must if not found(one)),
    ]


def verdict(thread: Thread, said: Said) -> Verdict:
    """Return ``partly`` where nothing wrong is said, but something is missing."""
    short = shortcomings(thread, said)
    if not short:
        return "right"
    return "partly" if all(one.startswith("does not say") for one in short) else "wrong"


def _finder(text: str) -> Callable[[str], bool]:
    folded = " ".join(text.split())
    return lambda pattern: re.search(pattern, folded, re.IGNORECASE) is not None

"""What was done to one place: one JSON line per event, on disk before the next thing is done."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec

from gpusetup.apply.generations.place import ORIGINAL, Place
from gpusetup.apply.owned_files import make_folder, open_ours, read_ours
from gpusetup.errors import RefusedError
from gpusetup.value import Value

Event = Literal["begun", "built", "proven", "failed", "switching", "switched", "returning", "returned"]
GENERATION = rf"\A(?:[0-9a-f]{{12}}|{ORIGINAL}|)\Z"
Name = Annotated[str, msgspec.Meta(pattern=GENERATION)]
"""A generation's name; it becomes part of a path."""


class Entry(Value):
    """One event; `at` is UTC in ISO 8601, `before` what the place led to when it was switched."""

    at: Annotated[str, msgspec.Meta(max_length=40)]
    generation: Name
    event: Event
    before: Name = ""


class History:
    """The journal of one place, and the lock that allows one run at a time."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.path = place.store / "journal.jsonl"
        self.held: int | None = None
        """The descriptor of the lock. Programs that build inherit it, so that one which outlives its run keeps it."""

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the place; raises `RefusedError` where another run does, or where another user could change it."""
        make_folder(self.place.store)
        handle = open_ours(self.place.store / "lock", os.O_WRONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.held = handle
            yield
        except BlockingIOError as error:
            raise RefusedError(f"another run works on {self.place.folder}", "wait until it ends") from error
        finally:
            self.held = None
            os.close(handle)

    def note(self, generation: str, event: Event, before: str = "") -> None:
        """Append one event, on a new line even if a crash left the last one incomplete."""
        at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        line = msgspec.json.encode(Entry(at=at, generation=generation, event=event, before=before))
        handle = open_ours(self.path, os.O_RDWR | os.O_APPEND)
        try:
            size = os.fstat(handle).st_size
            torn = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
            os.write(handle, (b"\n" if torn else b"") + line + b"\n")
            os.fsync(handle)
        finally:
            os.close(handle)

    def entries(self) -> list[Entry]:
        """Return every complete event, oldest first."""
        found = (_entry(line) for line in (read_ours(self.path) or b"").splitlines())
        return [one for one in found if one is not None]

    def last(self, generation: str) -> Event | None:
        """Return the last event of a generation."""
        return next((one.event for one in reversed(self.entries()) if one.generation == generation), None)

    def standing(self) -> Entry | None:
        """Return the last switch that was not taken back: each one taken back uncovers the one before it."""
        made: list[Entry] = []
        for entry in self.entries():
            if entry.event == "switched":
                made.append(entry)
            elif entry.event == "returned" and made:
                made.pop()
        return made[-1] if made else None


def _entry(line: bytes) -> Entry | None:
    try:
        return msgspec.json.decode(line, type=Entry)
    except msgspec.DecodeError:  # half a line, left by a power failure
        return None

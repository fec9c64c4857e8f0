"""The journal: one JSON line per event of a step, written before it starts and after it ends.

The rendered script writes the same file in the same form, so that either can continue where the other stopped.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from gpusetup.apply.owned_files import open_ours, read_ours
from gpusetup.value import Value

Event = Literal["started", "applied", "failed", "waiting", "undone"]
DIGEST = r"\A[0-9a-f]{64}\Z"
STEP = r"\A[a-z][a-z0-9-]{0,199}\Z"
"""A step's id, which names files and functions."""


class Entry(Value):
    """`at` UTC in ISO 8601, `recipe` the digest; `waiting` is for a reboot."""

    at: Annotated[str, msgspec.Meta(max_length=40)]
    recipe: Annotated[str, msgspec.Meta(pattern=DIGEST)]
    step: Annotated[str, msgspec.Meta(pattern=STEP)]
    event: Event


class Journal:
    """Appends to and reads the journal at `path`; an entry is on disk before `note` returns."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def note(self, recipe: str, step: str, event: Event) -> None:
        """Append one entry, on a new line even if a crash left the last line incomplete."""
        entry = Entry(at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), recipe=recipe, step=step, event=event)
        handle = open_ours(self.path, os.O_RDWR | os.O_APPEND)
        try:
            size = os.fstat(handle).st_size
            # a power failure may leave half a line, to which the next entry must not be appended
            torn = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
            os.write(handle, (b"\n" if torn else b"") + msgspec.json.encode(entry) + b"\n")
            os.fsync(handle)  # else a step could have changed the system without a trace in the journal
        finally:
            os.close(handle)

    def entries(self) -> list[Entry]:
        """Return every complete entry, oldest first; incomplete or invalid lines are ignored."""
        text = read_ours(self.path) or b""
        return [entry for line in text.splitlines() if (entry := _entry(line)) is not None]

    def last(self, step: str) -> Event | None:
        """Return the last event of `step`, in any recipe."""
        # in any recipe: a new plan after a reboot has another digest and the same steps
        return next((entry.event for entry in reversed(self.entries()) if entry.step == step), None)

    def standing(self) -> list[Entry]:
        """Return the last entry of each step that was started and not undone, latest start first."""
        last = {entry.step: entry for entry in self.entries()}
        begun: dict[str, None] = {}
        for entry in self.entries():
            if entry.event == "undone":
                begun.pop(entry.step, None)
            else:
                # the first start decides the order: what was begun last is undone first
                begun.setdefault(entry.step)
        return [last[step] for step in reversed(begun)]


def _entry(line: bytes) -> Entry | None:
    try:
        return msgspec.json.decode(line, type=Entry)
    except msgspec.DecodeError:
        return None

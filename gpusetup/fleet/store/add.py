"""One collection: a judged fleet goes into the store, and what is too old goes out."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import datetime

from gpusetup.fleet.host import Host
from gpusetup.fleet.model import Fleet
from gpusetup.fleet.store.keep import Kept, Writer, note_collection, prune
from gpusetup.fleet.store.observed import Notes, observed


def add(
    database: sqlite3.Connection, fleet: Fleet, hosts: Mapping[str, Host], notes: Notes, now: datetime, days: int
) -> Kept:
    """Add a fleet that was judged at `now`; `days` is how long what has ended stays."""
    writer, seconds = Writer(database), int(now.timestamp())
    writer.add(observed(fleet, hosts, notes, now))
    note_collection(database, seconds, len(fleet.hosts), fleet.verdict)
    return Kept(
        hosts=len(fleet.hosts), verdict=fleet.verdict, changed=writer.changed, same=writer.same, older=writer.older,
        samples=writer.samples, pruned=prune(database, seconds, days),
    )  # fmt: skip

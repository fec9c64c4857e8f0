"""Asks all hosts, some at a time, and hands on what each gave as it comes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator

import msgspec

from gpusetup.fleet.collect.model import Collected, Target, Wanted
from gpusetup.fleet.collect.ssh import ask


async def ask_all(hosts: Iterable[Target], wanted: Wanted, done: Callable[[Collected], None]) -> None:
    """Ask every host; `done` gets what each gave, in the order in which they end.

    An `OSError` of `done` ends it. All ends after the deadline of one host, times the number of turns that
    `Wanted.at_once` makes of them.
    """
    left = iter(hosts)  # shared: each line takes the next host when it is free
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(wanted.at_once):
                group.create_task(_line(left, wanted, done))
    except* OSError as errors:  # a full disk is one error, in whichever lines it shows
        raise errors.exceptions[0] from None


async def _line(left: Iterator[Target], wanted: Wanted, done: Callable[[Collected], None]) -> None:
    for target in left:
        done(await ask(target, wanted))


def envelope(found: Collected) -> bytes:
    """Return one line of JSON, as `gpusetup fleet` reads it; the parts were decoded before, so they are JSON."""
    fields = [b'"host": ' + msgspec.json.encode(found.name)]
    fields += [b'"%s": %s' % (name.encode(), raw) for name, raw in found.parts.items()]
    if found.error:
        fields.append(b'"error": ' + msgspec.json.encode(found.error))
    return b"{" + b", ".join(fields) + b"}\n"

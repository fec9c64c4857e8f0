"""Run parts of a job in forked children, so that a crash ends one case and not the rest."""

from __future__ import annotations

import json
import os
import signal
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from checks.common.needs import Unsupported
from checks.common.worker import die_with_parent
from checks.operations.watch import SECONDS, Watch

_LATE = {signal.SIGALRM: ": it hung", signal.SIGPROF: ": it computed without end"}
_POLL = 0.02  # seconds between two questions whether a child has ended


class Item(NamedTuple):
    """What one piece of work recorded: fields of a case and the arrays that belong to it."""

    fields: dict[str, Any]
    arrays: dict[str, NDArray[Any]]


class Ended(NamedTuple):
    """How a child ended: what it wrote, and the signal or error that ended it, or ""."""

    items: list[Item]
    why: str


def in_children(
    parts: Sequence[Callable[[Callable[[Item], None]], None]],
    folder: Path,
    at_once: int,
    ended: Callable[[int], None],
    seconds: float = SECONDS,
) -> list[Ended]:
    """Run each part in a child of its own, at most `at_once` at a time, and return how each ended, in order.

    One that is idle for so many `seconds` is ended.
    """
    files = [folder / f"{os.getpid()}-{number}.part" for number in range(len(parts))]
    running: dict[int, tuple[int, Watch]] = {}
    codes: dict[int, int] = {}
    for number, part in enumerate(parts):
        while len(running) >= at_once:
            _wait_for_one(running, codes, ended)
        pid = os.fork()
        if pid == 0:
            _work(part, files[number])
        running[pid] = number, Watch(pid, seconds)
    while running:
        _wait_for_one(running, codes, ended)
    return [_read(file, codes[number]) for number, file in enumerate(files)]


def _wait_for_one(running: dict[int, tuple[int, Watch]], codes: dict[int, int], ended: Callable[[int], None]) -> None:
    while True:
        for pid, (number, watch) in running.items():
            found, status = os.waitpid(pid, os.WNOHANG)
            if found:
                del running[pid]
                codes[number] = os.waitstatus_to_exitcode(status)
                ended(number)
                return
            watch.look()
        time.sleep(_POLL)


def _work(part: Callable[[Callable[[Item], None]], None], file: Path) -> None:
    """Do the part in this child and exit, without the framework's teardown."""
    code = 1
    for number in _LATE:
        signal.signal(number, signal.SIG_DFL)  # it must end a thread that waits inside a library as well
    try:
        die_with_parent()
        with file.open("wb") as stream:
            part(lambda item: _write(stream, item))
        code = 0
    except Unsupported as error:
        (file.with_suffix(".why")).write_text(f"unsupported: {error}")
    except BaseException as error:
        traceback.print_exception(error)
        (file.with_suffix(".why")).write_text(f"{type(error).__name__}: {error}")
    finally:
        os._exit(code)


def _write(stream: BinaryIO, item: Item) -> None:
    stream.write(json.dumps([item.fields, list(item.arrays)]).encode() + b"\n")
    for one in item.arrays.values():
        np.save(stream, one, allow_pickle=False)
    stream.flush()


def _read(file: Path, code: int) -> Ended:
    items: list[Item] = []
    if file.exists():
        with file.open("rb") as stream:
            while line := stream.readline():
                try:
                    fields, names = json.loads(line)
                    items.append(Item(fields, {name: np.load(stream, allow_pickle=False) for name in names}))
                except (ValueError, EOFError):  # the child died while it wrote this one
                    break
        file.unlink()
    why = file.with_suffix(".why")
    if code < 0:
        number = signal.Signals(-code)
        return Ended(items, f"killed by {number.name}{_LATE.get(number, '')}")
    if code == 0:
        return Ended(items, "")
    text = why.read_text() if why.exists() else f"exit code {code}"
    why.unlink(missing_ok=True)
    return Ended(items, text)

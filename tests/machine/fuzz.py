"""Whatever reads a stranger's data, met with spoilt copies of real samples, in a child that may take little.

``benchmarks/fuzz_readers.py SECONDS`` goes round for an hour; the tests take a short slice.
"""

from __future__ import annotations

import random
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple, NoReturn

from gpusetup.errors import GpusetupError
from gpusetup.machine.worker import Channel, Worker

MEMORY = 512 << 20
SECONDS = 2.0
"""Processor time for one input; a machine that has much else to do is not to be taken for a slow reader."""
LONG = 1 << 18
"""Bytes to which an input may be made to grow."""


class Target(NamedTuple):
    """One reader: real samples, and how it reads the bytes that are given to it."""

    name: str
    samples: tuple[bytes, ...]
    read: Callable[[bytes], object]


class Outcome(NamedTuple):
    """What became of a target: how many inputs it was given, and how the last one ended if that was wrong."""

    tried: int
    wrong: str = ""
    """``crash``, ``hang`` or ``memory``."""
    detail: str = ""
    seconds: float = 0.0
    """Of the slowest input."""


class _HangError(BaseException):
    """An input took too long."""


_TOKENS = (
    b"\0", b"\n", b"\xff", b"\xff" * 8, b"\0" * 64, b"-1", b"9" * 30, b"0x", b"{", b"[", b'"', b"'", b": ", b"=", b"/",
    b"../", b"null", b"1e999", b"\xed\xa0\x80", b"\x1b[2J", "\u202e".encode(), b"%s", b"NaN", b"\r\n", b"[" * 999,
)  # fmt: skip
_KINDS = ("cut", "put", "over", "double", "repeat", "swap", "drop", "bits")
MOST_CHANGES = 6


def spoilt(samples: tuple[bytes, ...], chance: random.Random) -> bytes:
    """Return a sample with a few changes: of its own parts, of its words again and again, and of noise."""
    raw = chance.choice(samples)
    words = [word for word in raw[:4096].split() if len(word) < 40]
    for _ in range(chance.randrange(MOST_CHANGES + 1)):
        noise = chance.choice((chance.choice(words or [b"x"]), chance.choice(_TOKENS), chance.randbytes(4)))
        at, end = sorted((chance.randrange(len(raw) + 1), chance.randrange(len(raw) + 1)))
        raw = _changed(raw, chance.choice(_KINDS), at, end, noise)[: 2 * LONG]
    return raw


def _changed(raw: bytes, kind: str, at: int, end: int, noise: bytes) -> bytes:
    match kind:
        case "cut":
            return raw[:at]
        case "put":
            return raw[:at] + noise + raw[at:]
        case "over":
            return raw[:at] + noise + raw[at + len(noise) :]
        case "double":
            return raw[:end] + raw[at:end] + raw[end:]
        case "repeat":
            return raw[:at] + noise * (LONG // len(noise)) + raw[at:]
        case "swap":
            return raw[end:] + raw[at:end] + raw[:at]
        case "bits":
            return raw[:at] + bytes(byte ^ noise[0] for byte in raw[at : at + 4]) + raw[at + 4 :]
    return raw[:at] + raw[end:]


def meet(target: Target, number: int, examples: int, kept: Path) -> Outcome:
    """Give `target` as many inputs as `examples`, drawn by the seed `number`; the last one is left in `kept`."""
    outcome = Worker(partial(_child, target, number, examples, kept), examples * SECONDS + 60).wait()
    told = {str(line[1]): line[2:] for line in outcome.lines}
    tried, seconds = (told.get("tried") or [0, 0.0])[:2]
    if "wrong" in told:
        kind, detail = told["wrong"]
        return Outcome(tried, kind, detail, seconds)
    if outcome.ended != "fine":
        return Outcome(tried, "hang" if outcome.ended == "timeout" else "crash", outcome.detail, seconds)
    return Outcome(tried, seconds=seconds)


def _child(target: Target, number: int, examples: int, kept: Path, tell: Channel) -> None:
    count, slowest = 0, 0.0

    def attempt(raw: bytes) -> None:
        nonlocal count, slowest
        count += 1
        kept.write_bytes(raw)
        start = time.thread_time()
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        try:
            target.read(raw)
        except GpusetupError:
            pass  # refused, in a sentence
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        slowest = max(slowest, time.thread_time() - start)

    signal.signal(signal.SIGPROF, _hang)
    _limit()
    chance = random.Random(f"{target.name} {number}")
    try:
        for _ in range(examples):
            attempt(spoilt(target.samples, chance))
    except _HangError:
        tell("read", "wrong", "hang", f"more than {SECONDS:g} s")
    except MemoryError:
        tell("read", "wrong", "memory", f"more than {MEMORY >> 20} MiB")
    except Exception:
        tell("read", "wrong", "crash", traceback.format_exc()[-1500:])
    tell("read", "tried", count, slowest)


def _limit() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MEMORY, hard))
    sys.setrecursionlimit(1000)


def _hang(*_: object) -> NoReturn:
    raise _HangError

"""Memory: what is written must be read again, by every way there is, in a buffer of bounded size.

Patterns that stuck or coupled cells and lines show in: all zeros and ones, alternating bits both ways, a walking one, a
walking zero, each word its own address (so that two places that are one give themselves away), and drawn words. All
pieces of a pattern are written before the first is read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from checks.common.draw import integers

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.common.record import Recorder
    from checks.numerics import Engine

Words = NDArray[np.int32]
PIECES, WORDS = 4, {"quick": 2**18, "full": 2**22}
"""Four pieces of 1 MiB in a quick run, of 16 MiB in a full one."""
_VIEWED = (96, 130)


def check_memory(engine: Engine, job: Job, record: Recorder) -> None:
    """Record for every pattern whether it came back from the device, and from a copy made there."""
    words = WORDS[job.profile]
    for name in PATTERNS:
        pieces = [draw_pattern(name, job.seed, piece, words) for piece in range(PIECES)]
        there = [engine.to_device(piece) for piece in pieces]
        copies = [engine.copy(one) for one in there]
        for what, theirs in (("device", there), ("copy on the device", copies)):
            _check(f"memory, {name}, {what}", pieces, [engine.to_host(one) for one in theirs], record)
    matrix = draw_pattern("drawn words", job.seed, 0, int(np.prod(_VIEWED))).reshape(_VIEWED)
    expected = {"transposed": matrix.T, "every second column": matrix[:, ::2], "rows reversed": matrix[::-1]}
    for name, theirs in engine.views(engine.to_device(matrix)).items():
        _check(f"memory, copy of a view: {name}", [expected[name]], [engine.to_host(theirs)], record)


def draw_pattern(name: str, seed: int, piece: int, words: int) -> Words:
    """Return piece number `piece` of a pattern, `words` words of 32 bits."""
    place = np.arange(piece * words, (piece + 1) * words, dtype=np.uint32)
    if name == "drawn words":
        return integers(seed, f"memory {piece}", (words,), bits=32).astype(np.uint32).view(np.int32)
    return PATTERNS[name](place).astype(np.uint32).view(np.int32)


def _walk(place: NDArray[np.uint32]) -> NDArray[np.uint32]:
    return np.left_shift(np.uint32(1), place % 32, dtype=np.uint32)


PATTERNS: dict[str, Callable[[NDArray[np.uint32]], NDArray[np.uint32]]] = {
    "zeros": lambda place: 0 * place,
    "ones": lambda place: ~(0 * place),
    "0xAA": lambda place: 0 * place + np.uint32(0xAAAAAAAA),
    "0x55": lambda place: 0 * place + np.uint32(0x55555555),
    "walking one": _walk,
    "walking zero": lambda place: ~_walk(place),
    "own address": lambda place: place,
    "drawn words": lambda place: place,
}


def _check(name: str, written: list[Words], read: list[Words], record: Recorder) -> None:
    wrong = [
        int(np.count_nonzero(one != two)) if one.shape == two.shape else one.size
        for one, two in zip(written, read, strict=True)
    ]
    record.invariant(name, not any(wrong), f"{sum(wrong)} of {sum(one.size for one in written)} words differ")

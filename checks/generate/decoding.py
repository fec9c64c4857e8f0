"""Decoding letter by letter: the cache, top-k and top-p with ties, sampling, and beams."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from checks.common.draw import integers
from checks.transformer.text import LETTERS, encode

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.common.record import Recorder
    from checks.generate import Array, Backend, Writer
    from checks.transformer.text import Integers

_CELLS = 1024
_ROUNDINGS, _ROUNDED = 128, 8
"""Between two orders of computation: three sums of 32 products, up to 48 values, and softmax."""


def prove_decoding(backend: Backend, writer: Writer, letters: Integers, job: Job, record: Recorder) -> None:
    """Record which letters are allowed and drawn where scores tie, and that the cache changes nothing."""
    _cache(writer, letters, job, record)
    tied = integers(job.seed, "tied scores", (16, LETTERS), bits=2) / 2.0
    for count, mass in ((5, 1.0), (LETTERS, 0.625), (12, 0.75), (1, 1.0)):
        found = backend.allowed(tied, count, mass, job)
        record.tensor("exact", f"allowed: the best {count}, mass {mass}", found)
        wrong = int((found != _by_definition(tied, count, mass)).any(axis=1).sum())
        record.invariant(
            f"ties go to the lower letter: the best {count}, mass {mass}", not wrong, f"{wrong} rows differ"
        )
    _law(backend, tied, job, record)


def _cache(writer: Writer, letters: Integers, job: Job, record: Recorder) -> None:
    """Compare the scores of decoding with a cache with those of one pass over the whole."""
    writer.begin()
    cached = np.stack([writer.next(column) for column in letters.T], axis=1)
    whole = writer.scores(letters)
    apart, allowed = (
        float(np.abs(cached - whole).max()),
        job.rounding(_ROUNDINGS, _ROUNDED) * float(np.abs(whole).max()),
    )
    record.tensor("forward", "scores by the cache", cached)
    record.invariant("cached decoding gives the full pass", apart <= allowed, f"{apart:.2e}, allowed {allowed:.2e}")


def _by_definition(scores: Array, count: int, mass: float) -> NDArray[np.bool_]:
    """Return what is allowed, row by row in Python: the best first, ties by number, until there is enough."""
    found = np.zeros(scores.shape, bool)
    for row, one in enumerate(scores):
        order = sorted(range(len(one)), key=lambda place: (-one[place], place))
        shares = np.exp(one - one.max()) / np.exp(one - one.max()).sum()
        before = 0.0
        for place in order[:count]:
            if before >= mass - 1e-9:
                break
            found[row, place] = True
            before += shares[place]
    return found


def _law(backend: Backend, scores: Array, job: Job, record: Recorder) -> None:
    """Draw once for each of 1024 even numbers: each letter must come as often as its probability says, ± 1."""
    row, allowed = np.repeat(scores[:1], _CELLS, axis=0), backend.allowed(scores[:1], 12, 1.0, job)
    numbers = (np.arange(_CELLS) + 0.5) / _CELLS
    counts = np.bincount(backend.drawn(row, np.repeat(allowed, _CELLS, axis=0), numbers, job), minlength=LETTERS)
    shares = np.where(allowed[0], np.exp(scores[0]), 0)
    worst = float(np.abs(counts - _CELLS * shares / shares.sum()).max())
    record.tensor("exact", "letters drawn by even numbers", counts)
    record.invariant(
        "letters are drawn as often as their probability says", worst <= 1, f"at most {worst:.3f} of 1024 off"
    )


def sample(backend: Backend, writer: Writer, count: int, length: int, stream: str, job: Job) -> Integers:
    """Return `count` replies (n, length) of letters drawn from the 8 best that have a mass of 7/8, seeded."""
    numbers = integers(job.seed, stream, (length, count), bits=32) / 2.0**32
    writer.begin()
    letters = np.repeat(encode("\n"), count)
    reply = []
    for row in numbers:
        scores = writer.next(letters)
        letters = backend.drawn(scores, backend.allowed(scores, 8, 0.875, job), row, job)
        reply.append(letters)
    return np.stack(reply, axis=1)


def beam(writer: Writer, width: int, length: int) -> tuple[Integers, float]:
    """Return the reply that a search with so many beams finds, and the logarithm of its probability."""
    writer.begin()
    replies, totals = np.repeat(encode("\n"), 1)[None], np.zeros(1)
    for _ in range(length):
        scores = writer.next(replies[:, -1])
        shifted = scores - scores.max(axis=1, keepdims=True)
        logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        sums = (totals[:, None] + logs).reshape(-1)
        best = np.argsort(-sums, kind="stable")[:width]
        rows, letters = np.divmod(best, LETTERS)
        writer.reorder(rows)
        replies, totals = np.concatenate([replies[rows], letters[:, None]], axis=1), sums[best]
    return replies[0, 1:], float(totals[0])

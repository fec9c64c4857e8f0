"""What the ranks have got, and who is to blame where it is wrong."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from checks.collective import digits

if TYPE_CHECKING:
    from checks.common.record import Recorder

Array = NDArray[Any]
_LATE = 0.5
"""Seconds by which a rank that comes last, in the middle of all exchanges, keeps the others waiting too long."""
_MOST = 0.25
"""Part of the ranks that may be to blame: if more are, it is the rank that has got it."""


class Answers(NamedTuple):
    """Per rank: exchange → what it got, and exchange → when it came and when it left (seconds on this host's clock)."""

    got: list[dict[str, Array]]
    times: list[dict[str, tuple[float, float]]]
    lacks: dict[str, str]

    @property
    def world(self) -> int:
        return len(self.got)

    def of(self, exchange: str, rank: int) -> Array:
        """Return what `rank` has got in an exchange."""
        return self.got[rank][exchange]

    def blame(self, kind: str, size: int, speakers: range, turn: int, seed: int) -> list[str]:
        """Return one line per rank that is to blame for what is wrong in one exchange of digits."""
        first = speakers[0]
        exchange = digits.name(kind, size, first, turn)
        spoken = [digits.said(kind, size, first, turn, rank, self.world, seed) for rank in range(self.world)]
        apart = {}
        for rank in range(self.world):
            right = digits.right(kind, spoken, rank)
            if not np.array_equal(self.of(exchange, rank), right):
                apart[rank] = self._speakers(kind, self.of(exchange, rank), right, speakers)
        return _name(kind, size, apart, self.world)

    def _speakers(self, kind: str, got: Array, right: Array, speakers: range) -> tuple[int, ...]:
        """Return the ranks whose numbers are wrong in what a rank has got."""
        if got.shape != right.shape:
            return ()
        if kind == "all-gather":
            parts = zip(np.split(got, self.world), np.split(right, self.world), strict=True)
            return tuple(rank for rank, (one, two) in enumerate(parts) if not np.array_equal(one, two))
        if kind == "broadcast":
            return (0,)
        first, whole, truth = speakers[0], got.astype(np.float64), right.astype(np.float64)
        return tuple(
            rank for rank in speakers if (digits.heard(whole, rank, first) != digits.heard(truth, rank, first)).any()
        )


def _name(kind: str, size: int, apart: dict[int, tuple[int, ...]], world: int) -> list[str]:
    """Say who is to blame: a rank whose numbers are wrong with all who hear it, else those that have got it wrong."""
    hear = world - 1 if kind in {"all-gather", "broadcast"} else world  # there a rank may keep its own from itself
    heard_by = {speaker: [rank for rank, wrong in apart.items() if speaker in wrong] for speaker in range(world)}
    culprits = [speaker for speaker, ranks in heard_by.items() if len(ranks) >= max(2, hear)]
    if kind == "reduce-scatter":  # every sum is with one rank alone
        culprits = [
            speaker for speaker, ranks in heard_by.items() if ranks and all(apart[one] == (speaker,) for one in ranks)
        ]
    lines = [f"rank {one} said something wrong in {kind} of {size} numbers" for one in culprits]
    for rank, wrong in apart.items():
        if not set(wrong) or set(wrong) - set(culprits):
            lines.append(f"rank {rank} got something wrong in {kind} of {size} numbers")
    return lines


def late(answers: Answers, record: Recorder) -> None:
    """Hold against a rank that in most exchanges it comes last, by long; list how long each comes after the first."""
    exchanges = [name for name in answers.times[0] if all(name in times for times in answers.times)]
    came = {name: [times[name][0] for times in answers.times] for name in exchanges}
    behind = [median(came[name][rank] - min(came[name]) for name in exchanges) for rank in range(answers.world)]
    slowest = int(np.argmax(behind))
    others = max(one for rank, one in enumerate(behind) if rank != slowest)
    detail = f"rank {slowest} comes {behind[slowest]:.3f} s after the first, in the middle; the next {others:.3f} s"
    record.invariant("no rank keeps the others waiting", behind[slowest] - others < _LATE, detail)
    for rank, one in enumerate(behind):
        took = median(answers.times[rank][name][1] - answers.times[rank][name][0] for name in exchanges)
        record.observe(
            "ranks", f"rank {rank}", f"{one * 1e3:.1f} ms after the first, {took * 1e3:.1f} ms in an exchange"
        )

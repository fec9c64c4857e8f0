"""The record of links as the ranks measured them, and `Links`: what is wrong with which host, rank or pair."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from gpusetup.value import Value

Text = Annotated[str, Meta(max_length=4096)]
MOST_RANKS = 200_000
MOST_PAIRS = 4_000_000
_Seconds = Annotated[float, Meta(ge=0)]
_Rank = Annotated[int, Meta(ge=0, lt=MOST_RANKS)]
_Pair = Annotated[tuple[_Rank, ...], Meta(min_length=2, max_length=2)]
_Ranks = Annotated[tuple[_Rank, ...], Meta(max_length=MOST_RANKS)]
_Wrong = tuple[()] | tuple[int, int, Text]
Kind = Literal["within", "between"]
"""Within one host, or between two."""


class Place(Struct, frozen=True):
    """Where a rank ran."""

    rank: _Rank
    host: Annotated[str, Meta(min_length=1, max_length=255)]
    device: Text
    card: Text = ""


class Gone(Struct, frozen=True):
    """A rank that ended or gave no answer in time, and what it was doing last."""

    rank: _Rank
    why: Text
    doing: Text = ""


class Exchange(Struct, frozen=True):
    """One meeting of two ranks; values of directions: from the first to the second, then back."""

    of: _Pair
    kind: Kind
    latency: _Seconds
    waited: Annotated[tuple[_Seconds, ...], Meta(min_length=2, max_length=2)]
    """Seconds that each rank waited for the other at the start."""
    rate: Annotated[tuple[_Seconds, ...], Meta(min_length=2, max_length=2)]
    """Bytes per second, the best of the turns; 0 where none arrived."""
    wrong: Annotated[tuple[tuple[int | Text, ...], ...], Meta(min_length=2, max_length=2)]
    """Empty, or how many numbers and bits arrived wrong, and what it looks like."""
    error: Annotated[tuple[Text, ...], Meta(min_length=2, max_length=2)]
    """Why it failed, at the first and at the second rank."""
    alone: bool = False
    """Measured again, with nothing else on the network."""


class Total(Struct, frozen=True):
    """One sum over a group of ranks, and who got a wrong one or none."""

    ranks: _Ranks
    seconds: _Seconds
    wrong: _Ranks = ()
    failed: _Ranks = ()


class Record(Struct, frozen=True):
    """What ``links.pyz`` writes; read as data from anywhere, so every part has bounds."""

    links: Literal[1]
    made_at: Annotated[str, Meta(max_length=40)]
    torch: Annotated[str, Meta(max_length=64)]
    backend: Literal["gloo", "nccl"]
    size: int
    deadline: float
    world: int
    rounds: int
    of_rounds: int
    ranks: Annotated[tuple[Place, ...], Meta(max_length=MOST_RANKS)]
    gone: Annotated[tuple[Gone, ...], Meta(max_length=MOST_RANKS)]
    pairs: Annotated[tuple[Exchange, ...], Meta(max_length=MOST_PAIRS)]
    totals: Annotated[tuple[Total, ...], Meta(max_length=100_000)]


class LinkFault(Value, omit_defaults=True):
    """What is wrong, and with whom. `level` ``pair``: nothing says which of the two, or the path between them."""

    kind: Literal["gone", "wrong", "failed", "slow", "latency", "late"]
    level: Literal["host", "rank", "pair", "group"]
    hosts: tuple[str, ...]
    ranks: tuple[int, ...] = ()
    direction: Literal["", "sends", "receives", "both"] = ""
    """What of it is wrong: of a pair ``sends`` is from the first to the second."""
    text: str
    """Without the name of what it is about: ``sends at 9% of the usual rate``"""

    @property
    def subject(self) -> str:
        """What it is about, in words: a host, a rank with its host, two of them, or a group."""
        if self.level == "host":
            return self.hosts[0]
        if self.level == "rank":
            return f"rank {self.ranks[0]}" + (f" on {self.hosts[0]}" if self.hosts else "")
        if self.level == "pair":
            ends = self.hosts if len(set(self.hosts)) == 2 else tuple(f"rank {one}" for one in self.ranks)
            inside = "" if len(set(self.hosts)) == 2 or not self.hosts else f" on {self.hosts[0]}"
            return f"{ends[0]} {'→' if self.direction == 'sends' else '–'} {ends[1]}{inside}"
        return f"{len(self.ranks)} ranks together"


class LinkFigure(Value, omit_defaults=True):
    """A rate or a latency over all pairs of a kind, and why nothing can be said of outliers, if so."""

    kind: Kind
    measure: Literal["bytes per second", "seconds"]
    pairs: int
    median: float
    lowest: float
    highest: float
    unsaid: str = ""


class Links(Value, omit_defaults=True):
    """The judgement over one record."""

    version: Literal[1] = 1
    made_at: str
    backend: str
    hosts: int
    ranks: int
    pairs: int
    rounds: int
    of_rounds: int
    """How many rounds there would be until every host had met every other."""
    sums: int
    verdict: Literal["ok", "faults", "unknown"]
    faults: tuple[LinkFault, ...] = ()
    figures: tuple[LinkFigure, ...] = ()
    notes: tuple[str, ...] = ()
    alarm_rate: float
    """The chance that any link of a sound network is called slow."""

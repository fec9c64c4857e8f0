"""The values of a history. Times are UTC in ISO 8601; between two collections nobody looked."""

from __future__ import annotations

from typing import Literal

from gpusetup.fleet.model import State, Weight
from gpusetup.value import Value


class Change(Value, omit_defaults=True):
    """Something that is otherwise at `at` than when it was last seen, at `after`."""

    at: str
    after: str
    text: str
    """``driver 565.57.01 → 580.65.06``"""
    kind: Literal["machine", "card", "finding", "state", "moved", "damage"]


class Standing(Value, omit_defaults=True):
    """A reason that holds now. `since` is the first collection that had it, `after` the last one before without it."""

    text: str
    weight: Weight | Literal["unknown"]
    since: str
    after: str = ""
    """"" where it was there from the first collection on."""
    before: tuple[str, ...] = ()
    """What changed on the host between the two."""


class Flapping(Value, omit_defaults=True):
    """Something that came again and again within the days of `FlapRule`."""

    subject: str
    what: str
    times: int
    last: str


class Trend(Value, omit_defaults=True):
    """A figure that gets worse."""

    subject: str
    where: str = ""
    """Of a GPU: the host and place that it has now."""
    series: str
    kind: Literal["damage", "event", "level"]
    text: str
    first: str
    last: str
    chance: float = 0.0
    """How likely a sound subject shows as much; 0 for damage, which is counted and not judged."""


class Place(Value, omit_defaults=True):
    """Where a GPU was, from the first to the last collection that saw it there."""

    host: str
    place: str
    pci: str = ""
    first: str
    last: str


class Followed(Value, omit_defaults=True):
    """What was said of a GPU before it was moved, and what became of it."""

    what: str
    fate: Literal["goes with the card", "stays at the place", "is at both", "is gone since", "not looked since"]
    moved: str


class CardHistory(Value, omit_defaults=True):
    """One GPU."""

    gpu: str
    model: str = ""
    serial: str = ""
    places: tuple[Place, ...]
    said: tuple[str, ...] = ()
    """Rules and properties that hold now."""
    followed: tuple[Followed, ...] = ()
    changes: tuple[Change, ...] = ()
    flapping: tuple[Flapping, ...] = ()
    trends: tuple[Trend, ...] = ()


class HostHistory(Value, omit_defaults=True):
    """One host."""

    host: str
    state: State
    since: str
    """Since when it is in this state."""
    first: str
    last: str
    """The last judgement."""
    standing: tuple[Standing, ...] = ()
    changes: tuple[Change, ...] = ()
    flapping: tuple[Flapping, ...] = ()
    trends: tuple[Trend, ...] = ()
    cards: tuple[tuple[str, str], ...] = ()
    """Place and GPU, as last seen."""


class Moved(Value):
    """A GPU that was in two places."""

    gpu: str
    was: str
    now: str
    at: str


class Overview(Value, omit_defaults=True):
    """All hosts and GPUs: what stands out over time."""

    hosts: int
    gpus: int
    collections: int
    first: str = ""
    last: str = ""
    silent: tuple[tuple[str, str], ...] = ()
    """Hosts of which nothing was kept in the last day, each with its last judgement."""
    flapping: tuple[Flapping, ...] = ()
    trends: tuple[Trend, ...] = ()
    moved: tuple[Moved, ...] = ()
    series: int = 0
    """Figures whose trend was judged; the rate of false alarms is over all of them together."""
    unjudged: int = 0
    """Figures with too few days for one, where those that resemble the one before count as fewer, or too few equals."""


class History(Value, omit_defaults=True):
    """What the store remembers: of one host, of one GPU, or of all."""

    version: Literal[1] = 1
    gpusetup: str
    store: str
    alarm_rate: float
    """The chance that anything sound is said to get worse by its events or levels, if its days resemble each
    other no more than those of half its equals."""
    hosts: tuple[HostHistory, ...] = ()
    cards: tuple[CardHistory, ...] = ()
    overview: Overview | None = None

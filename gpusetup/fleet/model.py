"""`Fleet`: what many hosts have in common, which of them differ and in what, and what a scheduler should do."""

from __future__ import annotations

from typing import Literal

from gpusetup.fleet.links.model import Links
from gpusetup.value import Value

State = Literal["ok", "attention", "drain", "unknown"]
"""``drain``: take no new work. ``attention``: something for its administrator. ``unknown``: something about the host
could not be judged, and nothing speaks for draining it; never ``ok``."""
Kind = Literal[
    "finding", "difference", "bits", "proof", "speed", "expectation", "missing", "unreadable", "clock", "identity",
    "link",
]  # fmt: skip
Weight = Literal["drain", "warn", "note"]
RANK = {"drain": 0, "unknown": 1, "warn": 2, "note": 3}
"""The order of reasons: the first one decides what a host's state is."""


class Reason(Value, omit_defaults=True):
    """Why a host is not ``ok``, or something to know of it (``note``)."""

    kind: Kind
    weight: Weight | Literal["unknown"]
    text: str
    """``GPU 3: PCIe lanes 8, 799 of 800 GPUs have 16``"""
    where: str = ""
    """What `text` begins with where it is about some GPUs of the host: ``GPU 3``."""
    of: str = ""
    """The rule, property, check or expectation it is about: ``PCI003``, ``gpu.pcie_width``, ``exact``."""
    remedy: str = ""


class HostResult(Value, omit_defaults=True):
    """One host. `drain` is the reason for a scheduler, on one line, "" unless the state is ``drain``."""

    name: str
    state: State
    group: str = ""
    """Its equals, by name; "" where nothing says which GPUs it has."""
    drain: str = ""
    reasons: tuple[Reason, ...] = ()
    read_at: str = ""
    cards: int = 0
    has: tuple[Literal["machine", "report", "proof"], ...] = ()
    called: str = ""
    """What the host calls itself, where that is another name."""


class Common(Value, omit_defaults=True):
    """What most of a group have: `count` of the `of` hosts or GPUs whose value is known."""

    property: str
    title: str
    topic: str
    value: str
    count: int
    of: int


class Group(Value, omit_defaults=True):
    """Hosts with the same product of GPU and the same role."""

    name: str
    product: str
    role: str = ""
    hosts: int
    cards: int = 0
    common: tuple[Common, ...] = ()


class Minority(Value, omit_defaults=True):
    """A value that is not the majority's, and where: hosts, or GPUs as ``node7: GPU 3``."""

    value: str
    places: tuple[str, ...]
    hosts: tuple[str, ...]


class Difference(Value, omit_defaults=True):
    """One property in which the hosts or GPUs of a group differ.

    `most` is what more than half of them have; "" when there is no such majority, so that nobody can be named.
    """

    group: str
    property: str
    title: str
    topic: str
    weight: Weight
    unit: Literal["host", "GPU"]
    most: str
    count: int
    of: int
    others: tuple[Minority, ...]
    why: str = ""
    source: str = ""


class SharedFinding(Value, omit_defaults=True):
    """A rule's finding and the hosts that have it. `everywhere`: more than half of the group's examined hosts do."""

    group: str
    rule: str
    slug: str
    state: Literal["error", "warning"]
    summary: str
    """Of the first host."""
    hosts: tuple[str, ...]
    of: int
    everywhere: bool = False


class BitMinority(Value, omit_defaults=True):
    """A pattern of bits that is not the majority's, and which devices of which hosts computed it."""

    fingerprint: str
    places: tuple[str, ...]
    hosts: tuple[str, ...]


class Bits(Value, omit_defaults=True):
    """One run of a check (framework, kind of device, precision, seed) in one environment, on several hosts.

    ``majority``: more than half of at least three devices have the bits of `most`. ``no majority``: they disagree and
    nothing says who is right. ``alone``: one device, with nothing to compare it with. ``unsteady``: most devices do not
    give the same bits twice themselves.
    """

    check: str
    framework: str
    device: str
    precision: str
    seed: int
    environment: str
    state: Literal["agree", "majority", "no majority", "alone", "unsteady"]
    most: str = ""
    count: int = 0
    of: int
    others: tuple[BitMinority, ...] = ()

    @property
    def run(self) -> str:
        """The run in words."""
        return f"{self.check} in {self.framework} on {self.device}, {self.precision}, seed {self.seed}"


class Outlier(Value, omit_defaults=True):
    """A device that is slower, or faster, than what its equals' spread explains."""

    host: str
    device: str
    value: float
    share: float
    """Of the median."""
    distance: float
    """From the median, in the half-spread on that side."""


class Figure(Value, omit_defaults=True):
    """One measured rate on devices of one role, in one environment.

    `limit_low` and `limit_high` are where a device is called an outlier; None where the group is too small, or too
    uneven, for anything to be said (`unsaid` says why).
    """

    role: str = ""
    check: str
    framework: str
    precision: str
    measure: str
    environment: str
    devices: int
    hosts: int
    median: float
    lowest: float
    highest: float
    limit_low: float | None = None
    limit_high: float | None = None
    unsaid: str = ""
    slow: tuple[Outlier, ...] = ()
    fast: tuple[Outlier, ...] = ()
    values: tuple[tuple[str, float], ...] = ()
    """Place (``node7: cuda:3``) and value: the outliers, and of the others at most 400, evenly by rank."""


class Inventory(Value, omit_defaults=True):
    """What was expected of the fleet, by the file of ``--expect``; `file` is "" without one."""

    file: str = ""
    expected: int = 0
    missing: tuple[str, ...] = ()
    """Expected hosts of which nothing was given."""
    unexpected: tuple[str, ...] = ()
    """Hosts that the file does not name."""


class Spoilt(Value, omit_defaults=True):
    """An input that could not be used, and the host it is of."""

    file: str
    why: str
    host: str = ""


class Fleet(Value, omit_defaults=True):
    """The judgement over all hosts; hosts in the order of their names, natural numbers compared as such."""

    version: Literal[1] = 1
    gpusetup: str
    at: str
    """When it was judged, UTC in ISO 8601."""
    verdict: Literal["ok", "attention", "drain", "unknown"]
    """The worst state of a host, or what is wrong with all of them."""
    hosts: tuple[HostResult, ...]
    groups: tuple[Group, ...]
    differences: tuple[Difference, ...] = ()
    findings: tuple[SharedFinding, ...] = ()
    bits: tuple[Bits, ...] = ()
    figures: tuple[Figure, ...] = ()
    links: tuple[Links, ...] = ()
    inventory: Inventory = Inventory()
    spoilt: tuple[Spoilt, ...] = ()
    notes: tuple[str, ...] = ()
    alarm_rate: float = 0.0
    """The chance that any device of a fleet without an outlier is called one by its speed."""

"""`Evidence`: a proof without what changes from day to day, as a lock holds it; `Comparison`: two of them compared."""

from __future__ import annotations

from typing import Literal

import msgspec

from gpusetup.selftest.model import Precision, Profile
from gpusetup.selftest.proof import Tensor
from gpusetup.selftest.registry import Tolerance
from gpusetup.selftest.verdict import Changed, Divergence
from gpusetup.value import Value


class Installed(Value):
    """The Python of a framework, and what is installed beside it."""

    python: str
    packages: dict[str, str]
    """Name → ``VERSION sha256:…``: the beginning of the digest over its files, as its RECORD lists them."""


class Source(Value, omit_defaults=True):
    """One check: its source, the data files it read, and how far each kind of tensor may be from float64."""

    source: str
    """Version and digest of its files."""
    data: dict[str, str] = msgspec.field(default_factory=dict)
    """Data file → the beginning of its SHA-256."""
    tolerance: dict[str, Tolerance] = msgspec.field(default_factory=dict)
    """By kind of tensor, in ulps of its largest magnitude, with the derivation."""


class Result(Value, omit_defaults=True):
    """What one check computed in one framework, on one device, with one seed."""

    check: str
    framework: str
    device: str
    precision: Precision
    seed: int
    processes: int
    """How many processes gave these bits."""
    environment: str
    """Its name in `Evidence.environment`."""
    fingerprint: str
    """SHA-256 over all tensors in order."""
    repeats: bool = True
    """False where another process gave other bits: only the tolerance is promised then."""
    group: dict[str, str] = msgspec.field(default_factory=dict)
    """Kind of tensor → the beginning of the SHA-256 over all tensors of that kind."""
    trajectory: dict[str, tuple[float, ...]] = msgspec.field(default_factory=dict)
    """Name → its value at each recorded step, for single numbers such as the loss."""
    from_float64: dict[str, float] = msgspec.field(default_factory=dict)
    """Kind of tensor → ulps to the float64 trajectory of the same seed, measured at the elements that are kept."""


class Spread(Value):
    """How far the seed moves the last value of a trajectory: the lowest and highest over `seeds`."""

    check: str
    framework: str
    device: str
    precision: Precision
    name: str
    seeds: int
    low: float
    high: float


class Evidence(Value):
    """What a stack computed. Made of the same runs in the same environment it is the same, byte for byte."""

    digest: str = ""
    """SHA-256 over everything else, as the lock checks it. It is no signature."""
    profile: Profile
    threads: int
    minutes: float = 0.0
    data: str = ""
    """The user's data folder, relative to the lock where it is below it."""
    model: str = ""
    """The user's own model, ``FILE:FUNCTION``, likewise."""
    left_out: tuple[str, ...] = ()
    """Runs that gave no result, with the reason."""
    known: tuple[str, ...] = ()
    """Known upstream defects that showed, by id and release; nothing of theirs is compared."""
    check: dict[str, Source]
    installed: dict[str, Installed]
    """Framework → its Python; empty where the proof was made elsewhere."""
    environment: dict[str, dict[str, str]]
    run: tuple[Result, ...]
    spread: tuple[Spread, ...] = ()
    layout: dict[str, tuple[Tensor, ...]]
    """The tensors of runs that record the same ones, as in a proof."""
    packed: dict[str, tuple[str, str, str]]
    """Run → layout, digests, and a few values of each tensor, as in a proof."""


Verdict = Literal["identical", "within tolerance", "drifted", "not compared", "same parts", "other parts"]
"""The last two are of sides that hold no results, such as two machines."""
State = Literal["identical", "within tolerance", "beyond tolerance", "other bits", "not judged", "missing"]
"""``other bits``: nothing changed in the environment, and the bits did. ``not judged``: no tolerance is known."""
Standing = Literal["settled", "alone", "possible", "ruled out", "no effect"]
"""``settled``: shown by running without it. ``alone``: nothing else changed. ``ruled out``: without it the bits are the
same. ``no effect``: every result that it could have changed is bit-identical."""


class Moved(Value, omit_defaults=True):
    """One result of the first side beside the second's."""

    check: str
    framework: str
    device: str
    precision: Precision
    seed: int
    state: State
    why: str = ""
    """Why it is missing or not judged."""
    groups: tuple[str, ...] = ()
    """The kinds of tensors whose bits differ."""
    tensors: int = 0
    """How many tensors differ, of all that were recorded."""
    of: int = 0
    first: Divergence | None = None
    """The first tensor that differs; beyond its tolerance, where one is."""
    worst: float | None = None
    """The largest distance in ulps, of tensors that have a tolerance."""
    share: float = 0.0
    """The largest share of a tolerance that is used; above 1 it is beyond."""
    trajectory: str = ""
    """The trajectory that moved most, and where it ended before and now."""
    of_spread: float | None = None
    """That move in units of the spread over the first side's seeds; None for fewer than two seeds."""

    @property
    def name(self) -> str:
        """Return ``gru in pytorch on cpu, seed 0``."""
        kind = "" if self.precision == "float32" else f" in {self.precision}"
        return f"{self.check} in {self.framework}{kind} on {self.device}, seed {self.seed}"


class Cause(Value, omit_defaults=True):
    """One change that may have moved results."""

    change: Changed
    standing: Standing
    moved: int = 0
    """How many results that it could change have other bits."""
    of: int = 0
    brings: tuple[Changed, ...] = ()
    """Changes that follow from it."""
    source: str = ""
    """Who documents that it may."""
    known: tuple[str, ...] = ()
    """Upstream defects of the release of now that the release of before has not, by the table of facts."""
    shown: str = ""
    """What was run in order to settle it, and what came of it."""


class Comparison(Value):
    """Two sides compared. `causes` come most likely first."""

    version: Literal[1] = 1
    verdict: Verdict
    before: str
    now: str
    """What the two sides are: ``the lock gpusetup.lock``."""
    causes: tuple[Cause, ...]
    results: tuple[Moved, ...]
    missing: tuple[str, ...] = ()
    """What was to be compared and could not be, with the reason."""
    notes: tuple[str, ...] = ()

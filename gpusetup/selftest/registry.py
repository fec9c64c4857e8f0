"""The available checks: one folder each, described by its ``check.toml``. None of its code is imported here."""

from __future__ import annotations

import fnmatch
import hashlib
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from gpusetup.content_dirs import content_dirs
from gpusetup.errors import WrongInputError
from gpusetup.selftest.frameworks import FRAMEWORKS
from gpusetup.selftest.model import Precision, Profile
from gpusetup.value import Value

if TYPE_CHECKING:
    from collections.abc import Iterable

EXACT = "exact"
FLOAT32_DIGITS = 24
DIGITS: dict[Precision, int] = {"float32": FLOAT32_DIGITS, "tf32": 11, "bf16": 8, "fp16": 11, "float64": 53}
"""Significant bits of each precision."""


class Tolerance(Value, omit_defaults=True):
    """How far a tensor of one kind may be from the reference at a step: ``ulps + growth × step``, and why.

    An ulp is the distance between neighbouring numbers of `digits` significant bits (24: float32, 53: float64) at the
    tensor's largest magnitude. 24 means the precision of the run: at bf16 it becomes 8, since the same number of
    roundings costs as many of the coarser ulps. `at` gives another number of ulps where that is not so.
    """

    ulps: float
    growth: float = 0.0
    at: dict[Precision, float] = msgspec.field(default_factory=dict)
    digits: int = FLOAT32_DIGITS
    why: str


Module = Literal["numpy", "tensorflow", "keras", "torch", "jax", "jaxlib", "optax"]
"""A module that a worker imports, and that may be too old for a check."""

_NEEDED = ("__init__.py", "reference.py")
_NOTHING = Tolerance(ulps=0, why="integers have one right answer")


class Cause(Value):
    """The usual fault when the first difference is in a tensor whose name matches `tensor` (a glob)."""

    tensor: str
    text: str


class Operation(Value):
    """What an operation of the table of known defects is called in this check: globs of invariants and tensors."""

    id: str
    names: tuple[str, ...]


class Listed(Value):
    """One check in the output of ``--list --json``."""

    name: str
    title: str
    version: int
    proves: tuple[str, ...]
    frameworks: tuple[str, ...]
    precisions: dict[Precision, tuple[str, ...]]
    """Precision other than float32 → the frameworks that support it."""
    profile: Profile
    """The shortest profile that includes it: ``full`` for a check that runs with --full, or when it is named."""
    data: str
    """The files that it reads from the user's data folder (a glob); "" when it takes none."""
    folder: str
    digest: str


class Check(Value):
    """One workload as its ``check.toml`` describes it; `folder`, `frameworks` and `digest` are computed."""

    title: str
    version: int
    proves: tuple[str, ...]
    timed: bool = False
    """Whether it runs for as long as ``--minutes`` says."""
    profile: Profile = "quick"
    """The shortest profile that includes it: ``full`` for a check that runs with --full, or when it is named."""
    data: str = ""
    """The files that it reads from the user's data folder (a glob); "" when it takes none."""
    precisions: dict[Precision, tuple[str, ...]] = msgspec.field(default_factory=dict)
    """Precision other than float32 → the frameworks that support it in this check."""
    tolerance: dict[str, Tolerance] = msgspec.field(default_factory=dict)
    cause: tuple[Cause, ...] = ()
    operation: tuple[Operation, ...] = ()
    needs: dict[Module, str] = msgspec.field(default_factory=dict)
    """Module → the oldest version this check runs on, where it is newer than in ``checks/common/needs.toml``."""
    fingerprint: dict[str, str] = msgspec.field(default_factory=dict)
    """``quick, seed 0`` → the one SHA-256 that every run must have, for a check with one right answer."""
    name: str = ""
    folder: str = ""
    frameworks: tuple[str, ...] = ()
    digest: str = ""

    def listed(self) -> Listed:
        """Return its row in a list of checks."""
        return Listed(**{name: getattr(self, name) for name in Listed.__struct_fields__})

    def in_profile(self, profile: Profile) -> bool:
        """Return whether a run of this profile includes the check when none is named."""
        return profile in {self.profile, "full"}

    def runs_in(self, framework: str, precision: Precision, device: str) -> bool:
        """Return whether the check supports them; TF32 exists only on NVIDIA's tensor cores."""
        if framework not in self.frameworks or (precision == "tf32" and device == "cpu"):
            return False
        return precision == "float32" or framework in self.precisions.get(precision, ())

    def lacks(self, kinds: Iterable[str]) -> tuple[str, ...]:
        """Return those of the `kinds` of tensors that have no tolerance."""
        return tuple(sorted({*kinds} - {EXACT, *self.tolerance}))

    def limit(self, kind: str, step: int, precision: Precision = "float32") -> float:
        """Return how far a tensor of `kind` may be off at `step`; ``exact`` is always 0."""
        tolerance = self._tolerance(kind)
        return tolerance.at.get(precision, tolerance.ulps) + tolerance.growth * step

    def digits(self, kind: str, precision: Precision = "float32") -> int:
        """Return the significant bits whose spacing is the unit for tensors of `kind`."""
        digits = self._tolerance(kind).digits
        return DIGITS[precision] if digits == FLOAT32_DIGITS else digits

    def operation_of(self, name: str) -> Operation | None:
        """Return the operation that an invariant or tensor of this name is about, if it is one that may be known."""
        return next((one for one in self.operation if any(fnmatch.fnmatch(name, glob) for glob in one.names)), None)

    def usual_cause(self, tensor: str) -> str:
        """Return the usual fault when the first difference is in `tensor`, or ""."""
        return next((cause.text for cause in self.cause if fnmatch.fnmatch(tensor, cause.tensor)), "")

    def _tolerance(self, kind: str) -> Tolerance:
        return _NOTHING if kind == EXACT else self.tolerance[kind]


def checks(own: Path | None = None) -> dict[str, Check]:
    """Return every check by name. A check in the user's `own` folder replaces the built-in one of that name."""
    found: dict[str, Check] = {}
    for folder in content_dirs("checks", own):
        for description in sorted(folder.glob("*/check.toml")):
            found.setdefault(description.parent.name, _read(description))
    return dict(sorted(found.items()))


def _read(description: Path) -> Check:
    folder = description.parent
    try:
        check = msgspec.convert(tomllib.loads(description.read_text("utf-8")), Check)
    except (OSError, msgspec.ValidationError, ValueError, RecursionError) as error:
        raise WrongInputError(f"{description} does not describe a check: {error}") from error
    frameworks = tuple(name for name in FRAMEWORKS if (folder / f"{name}.py").is_file())
    missing = [name for name in _NEEDED if not (folder / name).is_file()]
    if missing or not frameworks:
        lacks = missing[0] if missing else "backend: " + ", ".join(f"{name}.py" for name in FRAMEWORKS)
        raise WrongInputError(f"the check {folder} has no {lacks}", "checks/README.md says what a check consists of")
    sources = sorted(path for path in folder.rglob("*") if path.suffix in {".py", ".toml", ".tsv", ".txt"})
    return msgspec.structs.replace(
        check,
        name=folder.name,
        folder=str(folder),
        frameworks=frameworks,
        digest=hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16],
    )

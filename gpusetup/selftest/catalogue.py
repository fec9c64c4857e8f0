"""Which checks there are: one folder each, described by its ``check.toml``; nothing in it is imported here."""

from __future__ import annotations

import fnmatch
import hashlib
import tomllib
from pathlib import Path

import msgspec

from gpusetup.content import content_dirs
from gpusetup.errors import WrongInputError
from gpusetup.selftest.model import REFERENCE
from gpusetup.value import Value

EXACT = "exact"


class Tolerance(Value):
    """How far a tensor of one kind may be from the reference at `step`: ``ulps + growth × step``, and why."""

    ulps: float
    growth: float = 0.0
    why: str

    def limit(self, step: int) -> float:
        """Return the limit at `step`, in float32 spacings of the tensor's largest magnitude."""
        return self.ulps + self.growth * step


class Cause(Value):
    """What usually is wrong when the first difference is in a tensor whose name matches `tensor` (a glob)."""

    tensor: str
    text: str


class Check(Value):
    """One workload as its ``check.toml`` describes it; `folder`, `frameworks` and `digest` are found, not written."""

    title: str
    version: int
    proves: tuple[str, ...]
    tolerance: dict[str, Tolerance] = msgspec.field(default_factory=dict)
    cause: tuple[Cause, ...] = ()
    name: str = ""
    folder: str = ""
    frameworks: tuple[str, ...] = ()
    digest: str = ""

    def limit(self, kind: str, step: int) -> float:
        """Return how far a tensor of `kind` may be off at `step`; ``exact`` is always 0."""
        if kind == EXACT:
            return 0.0
        if kind not in self.tolerance:
            raise WrongInputError(f"check {self.name} recorded a tensor of kind {kind!r}, which its check.toml lacks")
        return self.tolerance[kind].limit(step)

    def usual_cause(self, tensor: str) -> str:
        """Return what usually is wrong when the first difference shows in `tensor`, or ""."""
        return next((cause.text for cause in self.cause if fnmatch.fnmatch(tensor, cause.tensor)), "")


def checks(own: Path | None = None) -> dict[str, Check]:
    """Return every check by name, the user's `own` folder first: a name found there hides the built-in one."""
    found: dict[str, Check] = {}
    for folder in content_dirs("checks", own):
        for description in sorted(folder.glob("*/check.toml")):
            found.setdefault(description.parent.name, _read(description))
    return dict(sorted(found.items()))


def _read(description: Path) -> Check:
    folder = description.parent
    try:
        check = msgspec.convert(tomllib.loads(description.read_text("utf-8")), Check)
    except (OSError, tomllib.TOMLDecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise WrongInputError(f"{description} does not describe a check: {error}") from error
    helpers = {"__init__", REFERENCE}
    sources = sorted(path for path in folder.iterdir() if path.suffix in {".py", ".toml", ".tsv"})
    return msgspec.structs.replace(
        check,
        name=folder.name,
        folder=str(folder),
        frameworks=tuple(path.stem for path in sources if path.suffix == ".py" and path.stem not in helpers),
        digest=hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16],
    )

"""What the user asked for, as constraints of this one request."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from gpusetup.resolve.candidates import Release, ToolkitOffer, TorchWheel
from gpusetup.resolve.model import OWNERS, Reason, Request
from gpusetup.resolve.problem import Constraint, ConstraintResult, because, fails, holds

PINNED = ("driver", "cuda", "torch", "tensorflow", "python", "cudnn")
NAMES = {"cuda": "CUDA", "cudnn": "cuDNN", "tensorflow": "TensorFlow", "python": "Python"}
"""How people write them."""


def wishes(request: Request, release: Release, today: date) -> tuple[Constraint, ...]:
    """Return one constraint for everything that `request` pins, and one that the release is still maintained."""
    return (_maintained(request, today), *_pins(request), *_of_its_day(request, release), *_variant(request))


def _maintained(request: Request, today: date) -> Constraint:
    def check(release: Release) -> ConstraintResult:
        eol = release.row.eol
        if eol is None or eol >= today or request.allow_eol:
            return holds()
        return fails(because(release.row, f"{release} has had no updates since {eol}"))

    return Constraint("wish_allow_eol", ("release",), check)


def _pins(request: Request) -> Iterator[Constraint]:
    if request.repo == "wheels":
        what = "CUDA from the wheels alone"
        yield _pin("repo", "driver", f"a packaged driver and {what}", lambda one: one.repo != "runfile")
        yield _pin("repo", "toolkit", what, lambda one: one.series is None)
    elif request.repo:
        what = f"the driver of {OWNERS[request.repo]}"
        yield _pin("repo", "driver", what, lambda one: one.repo in ("", request.repo))
    for option in PINNED:
        wanted = getattr(request, option)
        for kind, fits in _fits(option, wanted) if wanted else ():
            if option == "driver" and request.wsl:
                yield _required(option, kind, Reason(fact="request:wsl", text=f"Windows' driver is {wanted}"), fits)
            else:
                yield _pin(option, kind, f"{NAMES.get(option, option)} {wanted}", fits)


def _of_its_day(request: Request, release: Release) -> Iterator[Constraint]:
    """Pin, for an old release that gets its stack from NVIDIA's installer, what people ran on it in its day.

    What the user pins goes before; what else would be allowed by the tables was never tried on so old a kernel. CUDA
    and cuDNN on the host are what TensorFlow of that day loads; nothing else needs them.
    """
    unneeded = () if "tensorflow" in request.frameworks else ("cuda", "cudnn")
    for option, wanted in release.row.of_its_day.items() if request.repo == "runfile" else ():
        if option not in unneeded and not getattr(request, option):
            reason = because(release.row, f"{NAMES.get(option, option)} {wanted} is what {release} had in its day")
            for kind, fits in _fits(option, wanted):
                if kind != "torch" or option != "cudnn":  # the wheel brings its own
                    yield _required(f"{option}_of_its_day", kind, reason, fits)


def _variant(request: Request) -> Iterator[Constraint]:
    """Demand for an image-based system what can be put into an image: akmods' driver, and nothing under /usr/local."""
    if not request.variant:
        return
    reason = Reason(fact="request:variant", text=f"you asked for an image-based system ({request.variant})")
    yield _required("variant", "driver", reason, lambda one: one.repo in ("", "rpmfusion"))
    yield _required("variant", "toolkit", reason, lambda one: one.tier > 0)


def _fits(option: str, wanted: str) -> Iterator[tuple[str, Callable[[Any], bool]]]:
    """Yield each kind of candidate that a pin is about, and whether one of them is what it asks for."""
    match option:
        case "driver":
            yield "driver", lambda one: covers(wanted, one.version)
        case "cuda":
            yield "toolkit", lambda one: _has_series(one, wanted)
        case "torch":
            yield "torch", lambda one: _is_torch(one, wanted)
        case "tensorflow":
            yield "tensorflow", lambda one: covers(wanted, one.row.release)
        case "python":
            yield "python", lambda one: covers(wanted, one.version)
        case "cudnn":
            yield "torch", lambda one: one.build is None or covers(wanted, one.build.cudnn)
            yield "cudnn", lambda one: covers(wanted, one.row.version)
            yield "toolkit_cudnn", lambda one: one.row is None or covers(wanted, one.row.version)


def _pin(option: str, kind: str, what: str, fits: Callable[[Any], bool]) -> Constraint:
    return _required(option, kind, Reason(fact=f"request:{option}", text=f"you asked for {what}"), fits)


def _required(name: str, kind: str, reason: Reason, fits: Callable[[Any], bool]) -> Constraint:
    def check(candidate: Any) -> ConstraintResult:
        return ConstraintResult(fits(candidate), (reason,))

    return Constraint(f"wish_{name}", (kind,), check)


def covers(wanted: str, version: str) -> bool:
    """Say whether `version` is the one wanted or one of its series: ``2.14`` covers ``2.14.1``, not ``2.1.4``."""
    return version == wanted or version.startswith(f"{wanted}.")


def _has_series(toolkit: ToolkitOffer, wanted: str) -> bool:
    if toolkit.series is None:
        return False
    return covers(wanted, toolkit.series.series) or covers(toolkit.series.series, wanted)


def _is_torch(torch: TorchWheel, wanted: str) -> bool:
    release, plus, variant = wanted.partition("+")
    return covers(release, torch.row.release) and (not plus or variant == torch.variant)

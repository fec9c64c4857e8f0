"""The constraints of one request: its pins, the origin of the driver, the kind of system, the release's end of life."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

from gpusetup.resolve.candidates import Release
from gpusetup.resolve.model import GIVEN, INSTALLER, WHEELS, Reason, Request
from gpusetup.resolve.parts import FABRIC, needs_version
from gpusetup.resolve.pins import BY_FIELD, PINS, Pin
from gpusetup.resolve.solver.problem import Constraint, ConstraintResult, because, fails, holds

if TYPE_CHECKING:
    from gpusetup.resolve.candidates import Interpreter, TorchWheel


def demands(request: Request, release: Release, today: date) -> tuple[Constraint, ...]:
    """Return one constraint per pin of `request`, and one that the release is still maintained."""
    return (_maintained(request, today), *_owner(request, release), *_pins(request), *_of_its_day(request, release),
            *_variant(request), *_fabric(request, release))  # fmt: skip


def _maintained(request: Request, today: date) -> Constraint:
    def check(release: Release) -> ConstraintResult:
        eol = release.row.eol
        if eol is None or eol >= today or request.allow_eol:
            return holds()
        return fails(because(release.row, f"{release} reached its end of life on {eol}"))

    return Constraint("request_allow_eol", ("release",), check)


def _owner(request: Request, release: Release) -> Iterator[Constraint]:
    if request.repo == WHEELS:
        what = "CUDA from the wheels alone"
        yield _asked("repo", "driver", f"a packaged driver and {what}", lambda one: one.repo != INSTALLER)
        yield _asked("repo", "toolkit", what, lambda one: one.series is None)
    elif request.repo:
        what = f"the driver of {_title(release, request.repo)}"
        yield _asked("repo", "driver", what, lambda one: one.repo in ("", request.repo))


def _title(release: Release, owner: str) -> str:
    return next((one.title for one in release.owners if one.name == owner), owner)


def _pins(request: Request) -> Iterator[Constraint]:
    for pin in PINS:
        wanted = getattr(request, pin.field)
        for kind, fits in _fits(pin, wanted) if wanted else ():
            if pin.field == "driver" and request.driver == request.present_driver:
                continue  # not asked for: it is there, and the only one on offer
            if pin.field == "driver" and request.driver_of:
                reason = Reason(fact="request:driver_of", text=f"driver {wanted} is {GIVEN[request.driver_of]}")
                yield _required(pin.field, kind, reason, fits)
            elif pin.field in request.packages.fixes:
                reason = Reason(fact="request:with", text=f"your packages need {pin.name} {wanted}")
                yield _required(pin.field, kind, reason, fits)
            else:
                yield _asked(pin.field, kind, f"{pin.name} {wanted}", fits)


def _of_its_day(request: Request, release: Release) -> Iterator[Constraint]:
    """Pin, for an old release that gets its stack from NVIDIA's installer, the versions of its own time.

    The user's pins take precedence. Newer versions that the tables would allow were never tested on such an old kernel.
    CUDA and cuDNN on the host are needed only by TensorFlow releases of that time.
    """
    unneeded = () if "tensorflow" in request.frameworks else ("cuda", "cudnn")
    for field, wanted in release.row.of_its_day.items() if request.repo == INSTALLER else ():
        if field not in unneeded and not getattr(request, field):
            pin = BY_FIELD[field]
            reason = because(release.row, f"{pin.name} {wanted} is from the time of {release}")
            for kind, fits in _fits(pin, wanted):
                if kind != "torch" or field != "cudnn":  # the wheel brings its own
                    yield _required(f"{field}_of_its_day", kind, reason, fits)


def _variant(request: Request) -> Iterator[Constraint]:
    """Demand for an image-based system what can be layered on an image: some owners' drivers, and no toolkit."""
    if not request.variant:
        return
    reason = Reason(fact="request:variant", text=f"you asked for an image-based system ({request.variant})")
    yield _required("variant", "driver", reason, lambda one: one.owner is None or one.owner.on_images)
    yield _required("variant", "toolkit", reason, lambda one: one.tier > 0)


def _fabric(request: Request, release: Release) -> Iterator[Constraint]:
    """Demand NVIDIA's driver packages where a part must have exactly the driver's version: only they have it."""
    if request.cards and needs_version(request):
        have = " and ".join(f"{one.title}'s" for one in release.owners if one.parts)
        among = f"they are among {have} packages alone" if have else f"no packages of them are known for {release}"
        text = f"the fabric manager and IMEX must have exactly the driver's version: {among}"
        reason = Reason(fact=FABRIC, text=text)
        yield _required("parts", "driver", reason, lambda one: one.owner is None or one.owner.parts)


def _fits(pin: Pin, wanted: str) -> Iterator[tuple[str, Callable[[Any], bool]]]:
    """Yield each kind of candidate that `pin` constrains, with a predicate for candidates that satisfy it."""
    for kind, fits in pin.fits.items():
        yield kind, partial(_fits_pin, fits, wanted)


def _fits_pin(fits: Callable[[Any, str], bool], wanted: str, candidate: Any) -> bool:
    return fits(candidate, wanted)


def _cudnn_of(torch: TorchWheel) -> Reason:
    assert torch.build is not None  # a build for the CPU has no cuDNN that could be asked for
    return because(torch.build, f"torch {torch} pins cuDNN {torch.build.cudnn}")


def _python_of(python: Interpreter) -> Reason | None:
    """Speak of the system's own, the newest there is: an older one was not asked for either."""
    text = f"the newest Python of this release is {python.version}"
    return None if python.packages else because(python.row, text)


HAS: dict[tuple[str, str], Callable[[Any], Reason | None]] = {
    ("cudnn", "torch"): _cudnn_of,
    ("python", "python"): _python_of,
}
"""Pin and kind of candidate → what the candidate has instead of what was asked for."""


def _asked(name: str, kind: str, what: str, fits: Callable[[Any], bool]) -> Constraint:
    return _required(name, kind, Reason(fact=f"request:{name}", text=f"you asked for {what}"), fits)


def _required(name: str, kind: str, reason: Reason, fits: Callable[[Any], bool]) -> Constraint:
    has = HAS.get((name, kind))

    def check(candidate: Any) -> ConstraintResult:
        if fits(candidate):
            return holds(reason)
        return fails(reason, *filter(None, (has(candidate),) if has else ()))

    return Constraint(f"request_{name}", (kind,), check)

"""What the user asked for, as constraints of this one request."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from gpusetup.resolve.candidates import DriverOffer, Release, ToolkitOffer, TorchWheel
from gpusetup.resolve.model import Reason, Request
from gpusetup.resolve.problem import Constraint, Verdict, because, fails, holds


def wishes(request: Request, today: date) -> tuple[Constraint, ...]:
    """Return one constraint for everything that `request` pins, and one that the release is still maintained."""
    return (_maintained(request, today), *_pins(request))


def _maintained(request: Request, today: date) -> Constraint:
    def check(release: Release) -> Verdict:
        eol = release.row.eol
        if eol is None or eol >= today or request.allow_eol:
            return holds()
        return fails(because(release.row, f"{release} has had no updates since {eol}"))

    return Constraint("wish_allow_eol", ("release",), check)


def _pins(request: Request) -> Iterator[Constraint]:
    if request.repo:
        owner = {"rpmfusion": "RPM Fusion", "nvidia": "NVIDIA"}[request.repo]
        yield _pin("repo", "driver", f"the driver of {owner}", lambda one: one.repo in ("", request.repo))
    if request.driver:
        yield _pin("driver", "driver", f"driver {request.driver}", lambda one: _offers(one, request.driver))
    if request.cuda:
        yield _pin("cuda", "toolkit", f"CUDA {request.cuda}", lambda one: _has_series(one, request.cuda))
    if request.torch:
        yield _pin("torch", "torch", f"torch {request.torch}", lambda one: _is_torch(one, request.torch))
    if request.tensorflow:
        wanted = request.tensorflow
        yield _pin("tensorflow", "tensorflow", f"TensorFlow {wanted}", lambda one: covers(wanted, one.row.release))
    if request.python:
        yield _pin("python", "python", f"Python {request.python}", lambda one: covers(request.python, one.version))
    if request.cudnn:
        what = f"cuDNN {request.cudnn}"
        yield _pin("cudnn", "torch", what, lambda one: one.build is None or covers(request.cudnn, one.build.cudnn))
        yield _pin("cudnn", "cudnn", what, lambda one: covers(request.cudnn, one.row.version))
        yield _pin(
            "cudnn", "toolkit_cudnn", what, lambda one: one.row is None or covers(request.cudnn, one.row.version)
        )


def _pin(option: str, kind: str, what: str, fits: Callable[[Any], bool]) -> Constraint:
    reason = Reason(fact=f"request:{option}", text=f"you asked for {what}")

    def check(candidate: Any) -> Verdict:
        return Verdict(fits(candidate), (reason,))

    return Constraint(f"wish_{option}", (kind,), check)


def covers(wanted: str, version: str) -> bool:
    """Say whether `version` is the one wanted or one of its series: ``2.14`` covers ``2.14.1``, not ``2.1.4``."""
    return version == wanted or version.startswith(f"{wanted}.")


def _offers(driver: DriverOffer, wanted: str) -> bool:
    return covers(wanted, driver.version)


def _has_series(toolkit: ToolkitOffer, wanted: str) -> bool:
    if toolkit.series is None:
        return False
    return covers(wanted, toolkit.series.series) or covers(toolkit.series.series, wanted)


def _is_torch(torch: TorchWheel, wanted: str) -> bool:
    release, plus, variant = wanted.partition("+")
    return covers(release, torch.row.release) and (not plus or variant == torch.variant)

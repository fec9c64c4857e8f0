"""The versions a user can pin: one row per option, with its spelling, its known values, and the candidates it allows.

A new pin is a field of `Pinned` and a row of `PINS`; the command-line options, their validation, the constraints of a
request and ``gpusetup why`` follow from them. Nothing heavy is imported here, since every command that offers the
options loads this module.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from gpusetup.errors import WrongInputError
from gpusetup.value import Value

if TYPE_CHECKING:
    from gpusetup.facts import Facts
    from gpusetup.resolve.candidates import ToolkitOffer, TorchWheel

FRAMEWORKS = ("torch", "tensorflow", "jax")
"""What can be planned: each is a table of facts, a field of `Pinned` and a component of a stack."""
SHOWN = 12
"""How many known versions a refusal lists."""


class Pinned(Value):
    """The versions that a user has pinned; "" where the solver may choose."""

    driver: str = ""
    """An installed driver that must stay, or the branch or version to install."""
    cuda: str = ""
    """Series of the CUDA toolkit (nvcc); the wheels bring their own CUDA."""
    cudnn: str = ""
    torch: str = ""
    """``2.14.1``, or with its CUDA variant, ``2.14.1+cu126``."""
    tensorflow: str = ""
    jax: str = ""
    python: str = ""


class Pin(msgspec.Struct, frozen=True):
    """One field of `Pinned`: its option, its spelling, its known values, and the candidates it allows."""

    field: str
    name: str
    metavar: str
    help: str
    known: Callable[[Facts, str], None]
    """Raises `WrongInputError` where no table knows the version."""
    fits: Mapping[str, Callable[[Any, str], bool]]
    """Kind of candidate → whether a candidate of that kind satisfies the pin."""
    aliases: tuple[str, ...] = ()
    """Other common names."""


def covers(wanted: str, version: str) -> bool:
    """Return whether `version` equals `wanted` or is of its series: ``2.14`` covers ``2.14.1``, not ``2.1.4``."""
    return version == wanted or version.startswith(f"{wanted}.")


def require_known(what: str, wanted: str, known: Iterable[str], listed: str = "", short: Iterable[str] = ()) -> None:
    """Raise `WrongInputError` where `wanted` is not among the `known` names; the message lists `short`."""
    names = tuple(known)
    if wanted and wanted not in names:
        shown = tuple(short) or names
        raise WrongInputError(f"no {what} {wanted} in the tables", f"known: {listed or what} {', '.join(shown)}")


def _require_version(what: str, wanted: str, known: Iterable[str]) -> None:
    names = tuple(known)
    if not any(covers(wanted, name) for name in names):
        shown = ", ".join(names[:SHOWN]) + (f" … {names[-1]}" if len(names) > SHOWN else "")
        raise WrongInputError(f"no {what} {wanted} in the tables", f"known: {shown}")


def _known_driver(facts: Facts, wanted: str) -> None:
    from gpusetup.versions import driver  # only for a pin

    require_known("driver branch", driver(wanted).branch, [row.branch for row in facts.branch])


def _known_cuda(facts: Facts, wanted: str) -> None:
    series = {row.series for row in facts.cuda_series}
    names = series | {one.partition(".")[0] for one in series} | {row.release for row in facts.cuda}
    require_known("CUDA", wanted, names, "CUDA series", [row.series for row in facts.cuda_series])


def _known_cudnn(facts: Facts, wanted: str) -> None:
    _require_version("cuDNN", wanted, [row.version for row in facts.cudnn])


def _known_torch(facts: Facts, wanted: str) -> None:
    release, plus, variant = wanted.partition("+")
    _require_version("torch", release, [row.release for row in facts.torch])
    variants = [*(row.variant for row in facts.variant), "cpu"]
    require_known("variant of torch", variant if plus else "", variants)


def _known_tensorflow(facts: Facts, wanted: str) -> None:
    _require_version("TensorFlow", wanted, [row.release for row in facts.tensorflow])


def _known_jax(facts: Facts, wanted: str) -> None:
    _require_version("JAX", wanted, [row.release for row in facts.jax])


def known_pythons(facts: Facts) -> list[str]:
    """Return the Pythons that some framework has wheels for, newest first."""
    from gpusetup.versions import dotted  # only for a pin, and for own packages

    pythons = {one for name in FRAMEWORKS for row in getattr(facts, name) for one in row.python}
    return sorted(pythons, key=dotted, reverse=True)


def _known_python(facts: Facts, wanted: str) -> None:
    _require_version("Python", wanted, known_pythons(facts))


def _has_series(toolkit: ToolkitOffer, wanted: str) -> bool:
    if toolkit.series is None:
        return False
    return covers(wanted, toolkit.series.series) or covers(toolkit.series.series, wanted)


def _is_torch(torch: TorchWheel, wanted: str) -> bool:
    release, plus, variant = wanted.partition("+")
    return covers(release, torch.row.release) and (not plus or variant == torch.variant)


PINS = (
    Pin(
        "driver", "driver", "V", "Driver: the installed one to keep, or a version or branch to install.",
        known=_known_driver, fits={"driver": lambda one, wanted: covers(wanted, one.version)},
    ),
    Pin(
        "cuda", "CUDA", "X.Y", "CUDA toolkit series to compile with (wheels bring their own CUDA).",
        known=_known_cuda, fits={"toolkit": _has_series},
    ),
    Pin(
        "torch", "torch", "V", "PyTorch release, optionally with its variant: 2.14.1+cu126.",
        known=_known_torch, fits={"torch": _is_torch}, aliases=("pytorch",),
    ),
    Pin(
        "tensorflow", "TensorFlow", "V", "TensorFlow release.",
        known=_known_tensorflow, fits={"tensorflow": lambda one, wanted: covers(wanted, one.row.release)},
        aliases=("tf",),
    ),
    Pin(
        "jax", "JAX", "V", "JAX release.",
        known=_known_jax, fits={"jax": lambda one, wanted: covers(wanted, one.row.release)},
    ),
    Pin(
        "python", "Python", "X.Y", "Python version of the environments.",
        known=_known_python, fits={"python": lambda one, wanted: covers(wanted, one.version)},
    ),
    Pin(
        "cudnn", "cuDNN", "V", "cuDNN version of every component.",
        known=_known_cudnn,
        fits={
            "torch": lambda one, wanted: one.build is None or covers(wanted, one.build.cudnn),
            "cudnn": lambda one, wanted: covers(wanted, one.row.version),
            "jax_cudnn": lambda one, wanted: covers(wanted, one.row.version),
            "toolkit_cudnn": lambda one, wanted: one.row is None or covers(wanted, one.row.version),
        },
    ),
)  # fmt: skip
"""In the order in which their constraints are checked."""
BY_FIELD = {pin.field: pin for pin in PINS}


def pinned(value: Pinned) -> dict[str, Any]:
    """Return the fields of `Pinned` and their values in `value`."""
    return {pin.field: getattr(value, pin.field) for pin in PINS}


def check_pins(facts: Facts, value: Pinned) -> None:
    """Raise `WrongInputError` for the first pinned version that no table knows."""
    for pin in PINS:
        if wanted := getattr(value, pin.field):
            pin.known(facts, wanted)

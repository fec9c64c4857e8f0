"""Which devices ``--device`` means: ``cpu``, ``cuda:N``, or ``all``."""

from __future__ import annotations

import re
from pathlib import Path

from gpusetup.errors import CannotLookError, WrongInputError

_DEADLINE = 10.0


def devices(wanted: tuple[str, ...]) -> tuple[str, ...]:
    """Return the devices to run on, without repeats; ``all`` is the CPU and every GPU the driver lists."""
    for name in wanted:
        if not re.fullmatch(r"all|cpu|cuda|cuda:\d+", name):
            raise WrongInputError(f"unknown device {name!r}", "there are: cpu, cuda:0, cuda:1, …, all")
    found: list[str] = []
    for name in wanted or ("all",):
        found += ["cpu", *_gpus()] if name == "all" else ["cuda:0" if name == "cuda" else name]
    return tuple(dict.fromkeys(found))


def _gpus() -> list[str]:
    """Return ``cuda:N`` for each GPU; none when there is no driver to ask, an error when it does not answer."""
    from gpusetup.machine.model import Unread  # noqa: PLC0415 - only when someone wants to know
    from gpusetup.machine.read import read  # noqa: PLC0415

    gpus = read(Path("/"), _DEADLINE).gpus
    if not isinstance(gpus, Unread):
        return [f"cuda:{gpu.index}" for gpu in gpus]
    if gpus.unread == "absent":
        return []
    raise CannotLookError(f"the GPUs cannot be listed: {gpus.detail}", "see `gpusetup doctor`, or use --device cpu")

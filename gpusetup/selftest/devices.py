"""Which devices ``--device`` means: ``cpu``, ``cuda:N``, or ``all``; and what a worker may see of them."""

from __future__ import annotations

import os
import re
from pathlib import Path

from gpusetup.errors import CannotLookError, WrongInputError

_DEADLINE = 10.0
_VISIBLE = "CUDA_VISIBLE_DEVICES"


def devices(wanted: tuple[str, ...]) -> tuple[str, ...]:
    """Return the devices to run on, without repeats; ``all`` is the CPU and every GPU the driver and the user show."""
    found: list[str] = []
    for name in wanted or ("all",):
        if not re.fullmatch(r"all|cpu|cuda|cuda:\d{1,4}", name):
            raise WrongInputError(f"unknown device {name!r}", "there are: cpu, cuda:0, cuda:1, …, all")
        found += ["cpu", *_gpus()] if name == "all" else ["cuda:0" if name == "cuda" else name]
    shown = _shown()
    for name in found:
        if name != "cpu" and shown is not None and int(name[5:]) >= len(shown):
            raise WrongInputError(f"{name} is hidden: {_VISIBLE} shows {len(shown)} GPUs", f"unset {_VISIBLE}")
    return tuple(dict.fromkeys(found))


def visible(device: str) -> str:
    """Return what CUDA may see in a worker: nothing for the CPU, for ``cuda:1`` the second of those the user shows."""
    if device == "cpu":
        return ""
    number, shown = int(device.removeprefix("cuda:")), _shown()
    return str(number) if shown is None else shown[number]


def _shown() -> list[str] | None:
    """Return the GPUs the user's environment shows, by whatever they are called there; None when it shows all.

    As CUDA reads it: the list ends before the first that is negative or empty.
    """
    text = os.environ.get(_VISIBLE)
    if text is None:
        return None
    shown = []
    for name in map(str.strip, text.split(",")):
        if not name or name.startswith("-"):
            break
        shown.append(name)
    return shown


def _gpus() -> list[str]:
    """Return ``cuda:N`` for each GPU; none when there is no driver to ask, an error when it does not answer."""
    from gpusetup.machine.model import Unread  # only when someone wants to know
    from gpusetup.machine.read import read

    shown, gpus = _shown(), read(Path("/"), _DEADLINE).gpus
    if not isinstance(gpus, Unread):
        count = len(gpus) if shown is None else min(len(shown), len(gpus))
        return [f"cuda:{number}" for number in range(count)]
    if gpus.unread == "absent":
        return []
    raise CannotLookError(f"the GPUs cannot be listed: {gpus.detail}", "see `gpusetup doctor`, or use --device cpu")

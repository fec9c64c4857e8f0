"""The devices that ``--device`` selects (``cpu``, ``cuda:N``, ``all``), and those that are visible to a worker."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from gpusetup.errors import CannotLookError, WrongInputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gpusetup.machine.model import Gpu

_DEADLINE = 10.0
_VISIBLE = "CUDA_VISIBLE_DEVICES"


def devices(wanted: tuple[str, ...]) -> tuple[str, ...]:
    """Return the devices to run on, without repeats; ``all`` is the CPU and every GPU visible to this process."""
    found: list[str] = []
    for name in wanted or ("all",):
        if not re.fullmatch(r"all|cpu|cuda|cuda:\d{1,4}", name):
            raise WrongInputError(f"unknown device {name!r}", "use cpu, cuda:0, cuda:1, … or all")
        found += ["cpu", *_gpus()] if name == "all" else ["cuda:0" if name == "cuda" else name]
    shown = _shown()
    for name in found:
        if name != "cpu" and shown is not None and int(name[5:]) >= len(shown):
            raise WrongInputError(f"{name} is hidden: {_VISIBLE} shows {len(shown)} GPUs", f"unset {_VISIBLE}")
    return tuple(dict.fromkeys(found))


def visible(device: str) -> str:
    """Return CUDA_VISIBLE_DEVICES for a worker: "" for the CPU, for ``cuda:1`` the second GPU visible to the user."""
    if device == "cpu":
        return ""
    number, shown = int(device.removeprefix("cuda:")), _shown()
    return str(number) if shown is None else shown[number]


def _shown() -> list[str] | None:
    """Return the entries of the user's CUDA_VISIBLE_DEVICES (numbers or UUIDs); None when it is not set.

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


def _require_whole(gpus: Sequence[Gpu]) -> None:
    """Raise `WrongInputError` where a GPU is divided: CUDA numbers no instances, and shows a process one of them.

    Source: CUDA environment variables, CUDA_VISIBLE_DEVICES; MIG user guide, "CUDA Device Enumeration".
    """
    divided = [gpu for gpu in gpus if gpu.mig is True]
    if not divided:
        return
    instances = divided[0].mig_devices
    uuids = [one.uuid for one in instances if isinstance(one.uuid, str)] if isinstance(instances, tuple) else []
    name = uuids[0] if uuids else "MIG-…"
    raise WrongInputError(
        f"GPU {divided[0].index} is divided (MIG), and an instance has no number",
        f"{_VISIBLE}={name} gpusetup selftest tests one instance; `nvidia-smi -L` lists them",
    )


def _gpus() -> list[str]:
    """Return ``cuda:N`` for each GPU; none without a driver; `CannotLookError` when the driver does not answer."""
    from gpusetup.machine.model import Unread  # only for --device all
    from gpusetup.machine.read import read

    shown, gpus = _shown(), read(Path("/"), _DEADLINE).gpus
    if not isinstance(gpus, Unread):
        if shown is None:
            _require_whole(gpus)
        count = len(gpus) if shown is None else min(len(shown), len(gpus))
        return [f"cuda:{number}" for number in range(count)]
    if gpus.unread == "absent":
        return []
    raise CannotLookError(f"cannot list the GPUs: {gpus.detail}", "see `gpusetup doctor`, or use --device cpu")

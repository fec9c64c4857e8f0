"""The packages that are compiled against PyTorch or CUDA (`compiled.toml`), beside what their own metadata says."""

from __future__ import annotations

import functools
from datetime import date
from pathlib import Path

import msgspec

from gpusetup.value import Value


class Compiled(Value):
    """One package with code for GPUs."""

    name: str
    """Normalised."""
    against: tuple[str, ...]
    """What it has to match: ``torch``, ``cuda``."""
    card_needs: str = ""
    """The lowest compute capability that its documentation names, "" where it names none, ``none`` without kernels."""
    source: tuple[str, ...]
    read_on: date


@functools.cache
def compiled() -> tuple[Compiled, ...]:
    """Return the rows of the table that comes with gpusetup."""
    text = Path(__file__).with_name("compiled.toml").read_text(encoding="utf-8")
    return msgspec.toml.decode(text, type=dict[str, tuple[Compiled, ...]])["package"]

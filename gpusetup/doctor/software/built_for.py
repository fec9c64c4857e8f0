"""What a framework was compiled for: as its own files say, else as the tables do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import msgspec

from gpusetup.doctor.gpu.cards import cite
from gpusetup.doctor.rule import listed
from gpusetup.facts import facts
from gpusetup.facts.find import arch_of, targets
from gpusetup.versions import capability

if TYPE_CHECKING:
    from gpusetup.facts.model.frameworks import Tensorflow, TorchBuild
    from gpusetup.machine.model import Distribution


class Compiled(msgspec.Struct, frozen=True):
    """Machine code by capability (``8.6``, ``10.0a``), the newest PTX ("" without), and how we know."""

    code: tuple[str, ...]
    ptx: str
    known_by: str


def compiled(
    framework: Distribution, rows: Callable[[], Iterable[TorchBuild | Tensorflow]], of_tables: str
) -> Compiled:
    """Return what `framework` has code for: as its files say, else as the first of the `rows` of the tables does.

    Raises `UnreadError` when neither is known; `of_tables` names the row in question.
    """
    names = framework.architectures
    code = tuple(_dotted(name) for name in names if name.startswith("sm_"))
    if code:
        ptx = [_dotted(name) for name in names if name.startswith("compute_")]
        return Compiled(code, max(ptx, key=capability, default=""), f"by its own files: {', '.join(names)}")
    row = listed((row for row in rows() if row.cc), f"what {of_tables} is compiled for, and its files do not say")
    says = f"compiled for {', '.join(row.cc)}" + (f" and PTX {row.ptx}" if row.ptx else "")
    return Compiled(tuple(row.cc), row.ptx, cite(row, says))


def has_target(series: str, capability: str) -> bool:
    """Say whether a CUDA series can have code for a card; raises `UnreadError` for one that no table knows."""
    row = arch_of(facts(), capability)
    listed([row] if row else [], f"compute capability {capability}")
    return targets(facts(), series, capability)


def _dotted(name: str) -> str:
    """Return ``9.0`` of ``sm_90`` and ``10.0a`` of ``sm_100a``."""
    number = name.partition("_")[2]
    digits = number.rstrip("af")
    return f"{digits[:-1]}.{digits[-1:]}{number[len(digits) :]}"

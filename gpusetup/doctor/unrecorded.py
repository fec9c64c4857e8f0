"""Readings that the version which saved a machine did not make yet.

A saved machine that lacks a field holds `NOT_RECORDED` there; a machine read now holds it nowhere (a test sees to it).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import msgspec

from gpusetup.machine.model import NOT_RECORDED, Machine


def not_recorded(machine: Machine) -> tuple[str, ...]:
    """Return the fields that are not recorded, each once: ``gpus.recovery_action``, ``system.uptime``."""
    return tuple(dict.fromkeys(_below(machine, "")))


def _below(value: msgspec.Struct, path: str) -> Iterator[str]:
    """Yield what is missing in `value`; in a list only where its entries have such readings (packages have none)."""
    for (name, newer), one in zip(_fields(type(value)).items(), msgspec.structs.astuple(value), strict=True):
        if newer and one == NOT_RECORDED:
            yield path + name
        elif isinstance(one, msgspec.Struct):
            yield from _below(one, f"{path}{name}.")
        elif isinstance(one, tuple):
            for part in one:
                if isinstance(part, msgspec.Struct) and any(_fields(type(part)).values()):
                    yield from _below(part, f"{path}{name}.")


@cache
def _fields(kind: type[msgspec.Struct]) -> dict[str, bool]:
    """Return the fields of `kind`, True for those that later versions added."""
    # as msgspec.structs.fields does, which evaluates the annotation of each field beside: 1 ms for all of them
    names, defaults = kind.__struct_fields__, kind.__struct_defaults__
    without = (msgspec.NODEFAULT,) * (len(names) - len(defaults))
    return {name: default == NOT_RECORDED for name, default in zip(names, without + defaults, strict=True)}

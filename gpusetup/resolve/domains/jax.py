"""The wheels of JAX: each release with its plugin for each CUDA major, and without for the CPU."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gpusetup.facts.min_driver import driver_floor
from gpusetup.resolve.candidates import CudnnWheel, JaxWheel
from gpusetup.resolve.domains.wheels import cudnn_wheels, series
from gpusetup.versions import dotted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gpusetup.facts import Facts
    from gpusetup.facts.model.frameworks import JaxPlugin


APART = "rule-jax-environment"


def wheels(facts: Facts, machine: str = "x86_64") -> tuple[JaxWheel, ...]:
    """Return the releases, newest first, each with the plugin for the newest CUDA first, and the CPU's last."""
    return tuple(_wheels(facts, machine))


def _wheels(facts: Facts, machine: str) -> Iterator[JaxWheel]:
    apart = next(row for row in facts.rule if row.id == APART)
    for row in sorted(facts.jax, key=lambda row: dotted(row.release), reverse=True):
        for plugin in row.plugins if machine in row.machines else ():
            yield JaxWheel(row=row, apart=apart, plugin=plugin, floor=driver_floor(facts, built_with(plugin)))
        yield JaxWheel(row=row, apart=apart)


def built_with(plugin: JaxPlugin) -> str:
    """Return the series of the oldest CUDA runtime that the plugin accepts, ``13.0``."""
    found = re.search(r"[0-9][0-9.]*", plugin.runtime.partition(">=")[2])
    return series(found[0]) if found else f"{plugin.cuda}.0"


def cudnn(facts: Facts) -> tuple[CudnnWheel, ...]:
    """Return the cuDNN wheels that some plugin requires, newest first."""
    return cudnn_wheels(facts, {plugin.cudnn for row in facts.jax for plugin in row.plugins})

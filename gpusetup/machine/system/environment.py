"""The variables that change how CUDA or a framework behaves: which are recorded, and in which form."""

from __future__ import annotations

import os
from collections.abc import Mapping

from gpusetup.machine.host import Host, clean
from gpusetup.machine.system.variable_shapes import SET
from gpusetup.machine.system.variables import FAMILIES, KEPT


def read_environment(host: Host, variables: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return those of `variables`, this process's, that are recorded; none for a host that is a folder."""
    return kept({clean(name): clean(value) for name, value in variables.items()}) if host.live else {}


def kept(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what of `environment` is recorded: a value only where its name is on the list and its form is expected.

    Of every other variable of the families it is told that it is set (``<set>``), since a name alone can explain what a
    framework does; a value can be anything, a password too.
    """
    return {
        name: KEPT[name](value) if name in KEPT else SET
        for name, value in sorted(environment.items())
        if name in KEPT or (name.startswith(FAMILIES) and _is_name(name))
    }


def _is_name(name: str) -> bool:
    """Say whether it is a name as programs give them; another could itself hold what is secret."""
    return len(name) <= 64 and name.isascii() and name.replace("_", "a").isalnum() and name == name.upper()

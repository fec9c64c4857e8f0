"""`gpusetup.seed_everything`: one seed for every generator of this process, for scripts and notebooks."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

from gpusetup.determinism.audit import audit_switches
from gpusetup.determinism.generators import MOST_SEED, SEEDERS, Seeder
from gpusetup.determinism.later import when_imported
from gpusetup.determinism.model import DeterminismWarning, Settings, Switch
from gpusetup.determinism.remains import remains
from gpusetup.errors import WrongInputError

if TYPE_CHECKING:
    from collections.abc import Sequence


OWNER = "seed"
"""Of what is to be seeded when it is imported: a later seed replaces an earlier one."""


class Seeded(NamedTuple):
    """What was seeded, and what will be when it is imported."""

    done: list[str]
    waiting: list[str]


def seed_everything(seed: int = 0) -> Settings:
    """Seed the generators of Python, NumPy, PyTorch, TensorFlow and Keras, now or when each is imported.

    `seed` is between 0 and 2³²-1. Returns what was done, which prints as a table. Raises `WrongInputError` for another
    seed, and warns (`DeterminismWarning`) of switches of this process that have no effect.
    """
    seeded = seed_all(seed)
    switches = audit_switches()
    warn(switches, 3)
    return Settings(
        seed=seed, done=tuple(seeded.done), waiting=tuple(seeded.waiting), switches=switches, remains=remains("seed")
    )


def seed_all(seed: int) -> Seeded:
    """Seed what is imported, and have the rest seeded when it is; raises `WrongInputError` for what is no seed."""
    if type(seed) is not int or not 0 <= seed <= MOST_SEED:  # True is an int, and a slip
        raise WrongInputError(f"{seed!r} is not a seed", f"give a whole number from 0 to {MOST_SEED}")
    found = Seeded([], [])
    for seeder in SEEDERS:
        _seed(seeder, seed, found)
    return found


def _seed(seeder: Seeder, seed: int, found: Seeded) -> None:
    def run(module: Any) -> None:
        found.done.append(seeder.seed(module, seed))

    if not when_imported(seeder.module, OWNER, run):
        found.waiting.append(seeder.title)


def warn(switches: Sequence[Switch], stacklevel: int) -> None:
    """Warn of each switch without effect, at the line `stacklevel` calls above the caller of this."""
    for switch in switches:
        if switch.state not in {"limited", "unknown"}:
            warnings.warn(str(switch), DeterminismWarning, stacklevel=stacklevel)

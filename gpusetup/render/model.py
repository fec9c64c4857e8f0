"""`Recipe`: ordered steps, each with three phases."""

from __future__ import annotations

from typing import Literal

from gpusetup.resolve.model import Stack
from gpusetup.value import Value


class Step(Value):
    """One step. The phases are shell text, run by bash with ``set -euo pipefail``.

    What they share comes before them: the recipe's `library`, then the step's own `define` (its values as variables,
    its functions). `check` exits 0 exactly when there is nothing (left) to do; `apply` may be run again after it
    failed half way; `undo` restores what was there before `apply`.
    """

    id: str
    """File name without order and ending: ``driver`` for ``30-driver.sh.j2``."""
    title: str
    why: str
    define: str = ""
    check: str
    apply: str
    undo: str
    root: bool = True
    reboot_after: bool = False
    """Its check may pass only after a reboot: the run stops there, and the same command continues it later."""
    manual: str = ""
    """What only a person can do after this step (a MOK password at the console), or ""."""


class Origin(Value):
    """The host that a recipe was planned on, as far as the plan depends on it; None where it could not be read."""

    arch: str
    cards: tuple[str, ...] | None
    """PCI ids of the NVIDIA display devices, sorted, with repeats."""
    kernel: str | None
    driver: str | None
    """Version of the loaded kernel module, "" when none is loaded."""
    secure_boot: bool | None


class Recipe(Value):
    """The steps that install a Stack, or repair what the doctor found, on one machine of one distribution.

    `library` has the shell functions for all phases. `digest` is the SHA-256 over library and steps, so
    that a journal knows which recipe it belongs to.
    """

    version: Literal[1] = 1
    distro: str
    """ID of os-release, such as ``fedora``."""
    release: str
    """VERSION_ID of os-release, "" where the distribution has none."""
    stack: Stack | None = None
    """What it installs; None for a repair."""
    origin: Origin | None = None
    """The machine it was planned for; None if that was given by options. Not part of the digest."""
    library: str = ""
    steps: tuple[Step, ...]
    digest: str

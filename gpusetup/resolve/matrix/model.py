"""`Matrix`: which build of a framework runs on which card with which Python, and why each other one does not."""

from __future__ import annotations

from typing import Literal

from gpusetup.resolve.model import Arch, Reason
from gpusetup.value import Value


class MatrixCard(Value):
    """A card, or a generation of cards, and the processor architecture of the host that it is in."""

    name: str
    arch: str
    compute_capability: str
    machine_arch: Arch
    first_driver: str = ""
    """The driver that its generation came with, "" where the tables do not have it; no older branch drives it."""
    last_driver_branch: str = ""
    """The last branch that drives it, "" while new branches do."""


class RefusedPythons(Value):
    """Pythons that a build does not run with on a card, and the places of the reasons in `Matrix.reasons`."""

    pythons: tuple[str, ...]
    because: tuple[int, ...]


class MatrixRow(Value):
    """One build of a framework on one card: every Python of the matrix is either possible or refused."""

    card: int
    """Its place in `Matrix.cards`."""
    framework: str
    release: str
    build: str
    """The release with what tells its builds apart: ``2.14.1+cu126``, ``0.12.0[cuda13]``."""
    cuda: str
    """The CUDA that it brings: a series, for JAX a major."""
    driver_floor: str
    """The oldest driver that runs this CUDA on this card, "" where the tables do not have it."""
    pythons: tuple[str, ...]
    refused: tuple[RefusedPythons, ...] = ()


class Matrix(Value):
    """Cards × builds × Pythons, as the solver decides each cell."""

    version: Literal[1] = 1
    releases: tuple[str, ...]
    """The releases of the distribution that were tried, the preferred first."""
    pythons: tuple[str, ...]
    """The Pythons of these releases, oldest first."""
    cards: tuple[MatrixCard, ...]
    rows: tuple[MatrixRow, ...]
    """By card, framework and release, the newest first."""
    reasons: tuple[Reason, ...]
    """Each once; the card of a row is called ``this card``."""

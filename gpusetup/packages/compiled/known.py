"""The packages that are compiled against PyTorch or CUDA (`compiled.toml`), beside what their own metadata says."""

from __future__ import annotations

import functools
from datetime import date
from pathlib import Path
from typing import Literal

import msgspec

from gpusetup.value import Value


class Source(Value):
    """What building a package takes, where its index has the source alone."""

    isolated: bool = True
    """False: its build imports torch, so the environment has to have that first."""
    tools: tuple[str, ...] = ()
    """Packages that the build imports, where it is not isolated."""
    compiler: Literal["", "cc", "nvcc"] = ""
    needs: tuple[str, ...] = ()
    """What it depends on at run time."""


class Compiled(Value):
    """Packages with code for GPUs, in some of their releases."""

    names: tuple[str, ...]
    """Normalised."""
    versions: str = ""
    """The releases that the row is about (PEP 440), "" for all."""
    against: tuple[str, ...]
    """What it has to match: ``torch``, ``cuda``."""
    card_needs: str = ""
    """The lowest compute capability that its documentation names, "" where it names none, ``none`` without kernels."""
    optional: bool = False
    """What asks for it does without where the card is older: it is told of, and never a reason to refuse."""
    built: Source | None = None
    """What its build takes; None where every release has wheels, or nothing is known."""
    source: tuple[str, ...]
    read_on: date


@functools.cache
def compiled() -> tuple[Compiled, ...]:
    """Return the rows of the table that comes with gpusetup."""
    text = Path(__file__).with_name("compiled.toml").read_text(encoding="utf-8")
    return msgspec.toml.decode(text, type=dict[str, tuple[Compiled, ...]])["package"]


def sources() -> dict[str, Source]:
    """Return what builds take, by the name of the package."""
    return {name: one.built for one in compiled() if one.built for name in one.names}


def of(name: str, version: str) -> Compiled | None:
    """Return the row about a release of a package."""
    from packaging.specifiers import SpecifierSet  # only where there are own packages

    rows = (one for one in compiled() if name in one.names)
    return next((one for one in rows if SpecifierSet(one.versions).contains(version, prereleases=True)), None)

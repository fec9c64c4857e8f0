"""Versions, each compared by its own rules and never as strings.

``driver("580.65.06") < driver("580.159.04")``, though the text sorts the other way round. A version keeps the text it
was read from (``06`` stays ``06``); comparing two kinds of versions with each other is a `TypeError`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Self, TypeVar

from gpusetup.errors import WrongInputError

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet
    from packaging.version import Version as Pep440

V = TypeVar("V", bound="Ordered")

TEGRA = {"5.3", "6.2", "7.2", "8.7", "10.1"}
"""Capabilities of the Tegra line up to Orin, and of Thor as CUDA 12 numbered it."""


class Ordered:
    """A version of one kind: `text` as it was read, `key` to compare by."""

    __slots__ = ("key", "text")

    def __init__(self, text: str, key: tuple[Any, ...]) -> None:
        self.text = text
        self.key = key

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.key == other.key

    def __lt__(self, other: Self) -> bool:
        return self.key < other.key if type(self) is type(other) else NotImplemented

    def __le__(self, other: Self) -> bool:
        return self.key <= other.key if type(self) is type(other) else NotImplemented

    def __gt__(self, other: Self) -> bool:
        return self.key > other.key if type(self) is type(other) else NotImplemented

    def __ge__(self, other: Self) -> bool:
        return self.key >= other.key if type(self) is type(other) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.key)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.text!r})"


class DriverVersion(Ordered):
    """A Linux driver version, ``580.159.04``; a bare branch, ``580``, is older than each of its releases."""

    __slots__ = ()

    @property
    def branch(self) -> str:
        return str(self.key[0])


class CudaVersion(Ordered):
    """A CUDA release, ``12.6.3``, or series, ``12.6``; a series is older than each of its releases."""

    __slots__ = ()

    @property
    def major(self) -> int:
        return int(self.key[0])

    @property
    def series(self) -> str:
        return ".".join(map(str, self.key[:2]))


class CudnnVersion(Ordered):
    """A cuDNN version, ``9.10.2.21`` or ``9.10.2``."""

    __slots__ = ()

    @property
    def major(self) -> int:
        return int(self.key[0])


class Dotted(Ordered):
    """Any other version of dotted numbers: Python ``3.13``, gcc ``15.2.1``, glibc ``2.42``."""

    __slots__ = ()


class Capability(Ordered):
    """A compute capability, ``8.9``, with the suffix of a target: ``9.0a`` (this one only), ``10.0f`` (its family)."""

    __slots__ = ()

    @property
    def major(self) -> int:
        return int(self.key[0])

    @property
    def minor(self) -> int:
        return int(self.key[1])

    @property
    def suffix(self) -> str:
        return str(self.key[2])


class Rpm(Ordered):
    """An RPM ``epoch:version-release``."""

    __slots__ = ()


@functools.cache
def driver(text: str) -> DriverVersion:
    """Parse a driver version; raises `WrongInputError` when it is none."""
    return _dotted(DriverVersion, text, "driver version")


@functools.cache
def cuda(text: str) -> CudaVersion:
    """Parse a CUDA release or series; raises `WrongInputError` when it is none."""
    return _dotted(CudaVersion, text, "CUDA version")


@functools.cache
def cudnn(text: str) -> CudnnVersion:
    """Parse a cuDNN version; raises `WrongInputError` when it is none."""
    return _dotted(CudnnVersion, text, "cuDNN version")


@functools.cache
def dotted(text: str) -> Dotted:
    """Parse any version of dotted numbers; raises `WrongInputError` when it is none."""
    return _dotted(Dotted, text, "version")


@functools.cache
def capability(text: str) -> Capability:
    """Parse ``8.9``, ``9.0a`` or ``12.0f``; raises `WrongInputError` when it is none of these."""
    match = re.fullmatch(r"(\d{1,2})\.(\d)([af]?)", text, re.ASCII)
    if match is None:
        raise WrongInputError(f"{text!r} is not a compute capability", "write it like 8.9")
    return Capability(text, (int(match[1]), int(match[2]), match[3]))


@functools.cache
def pep440(text: str) -> Pep440:
    """Parse a Python package version; raises `WrongInputError` when it is none."""
    from packaging.version import InvalidVersion, Version  # doctor compares few of them

    try:
        return Version(text)
    except InvalidVersion as error:
        raise WrongInputError(f"{text!r} is not a version of a Python package") from error


@functools.cache
def specifier(text: str) -> SpecifierSet:
    """Parse a set of PEP 440 conditions, ``>=12.5,<13``; raises `WrongInputError` when it is none."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet  # as above

    try:
        return SpecifierSet(text)
    except InvalidSpecifier as error:
        raise WrongInputError(f"{text!r} is not a set of version conditions", "write it like >=12.5,<13") from error


def within(version: str, conditions: str) -> bool:
    """Return whether a dotted `version` meets ``>=12.5,<13`` or ``==9.3.0.75``; a bare version means equality."""
    found = re.findall(r"(?:(>=|<=|==|<|>)\s*+)?(\d++(?:\.\d++)*+)", conditions)
    return bool(found) and all(_meets(dotted(version), sign, dotted(bound)) for sign, bound in found)


def _meets(version: Dotted, sign: str, bound: Dotted) -> bool:
    return {
        ">=": version >= bound,
        "<=": version <= bound,
        "<": version < bound,
        ">": version > bound,
    }.get(sign, version == bound)


def rpm(text: str) -> Rpm:
    """Parse ``[epoch:]version[-release]`` for comparison as ``rpmvercmp`` would.

    Each part becomes a list of segments, digits or letters, everything else only separates. A number is newer than
    letters, letters than nothing. ``~`` sorts before the end of the text (``1.0~rc1 < 1.0``) and ``^`` after the end
    but before any further segment (``1.0 < 1.0^git1 < 1.0.1``). Source: rpmio/rpmvercmp.c.
    """
    epoch, colon, rest = text.rpartition(":")
    if (colon and not epoch.isdecimal()) or not rest or any(char.isspace() for char in text):
        raise WrongInputError(f"{text!r} is not an RPM version", "write it like 3:580.159.03-1.fc44")
    version, _, release = rest.partition("-")
    return Rpm(text, (int(epoch or 0), _segments(version), _segments(release)))


def runs_on(compiled: Iterable[str], ptx: str, card: str) -> str:
    """Return what a card of capability `card` would run of a library, "" when there is nothing.

    `compiled` are the capabilities of its machine code, `ptx` the one whose PTX it carries ("" for none). The answer is
    ``machine code for 6.0`` or ``PTX for 12.0``. Machine code for X.y runs on X.z with z ≥ y, never on another major;
    a suffix ``a`` ties it to that very capability, ``f`` keeps it within the major. PTX is compiled by the driver for
    any equal or newer capability, with a suffix as bound as machine code. Nothing but its own machine code runs on
    Tegra. Source: CUDA C++ Programming Guide, binary and PTX compatibility; compute capabilities.
    """
    target = capability(card)
    fits = [code for code in map(capability, compiled) if _machine_code_runs(code, target)]
    if fits:
        return f"machine code for {max(fits)}"
    if ptx and _ptx_runs(capability(ptx), target):
        return f"PTX for {ptx}"
    return ""


def _machine_code_runs(code: Capability, card: Capability) -> bool:
    same = code.key[:2] == card.key[:2]
    tegra = f"{code.major}.{code.minor}" in TEGRA or f"{card.major}.{card.minor}" in TEGRA
    if code.suffix == "a" or tegra:
        return same
    return code.major == card.major and code.minor <= card.minor


def _ptx_runs(ptx: Capability, card: Capability) -> bool:
    return _machine_code_runs(ptx, card) if ptx.suffix else ptx.key[:2] <= card.key[:2]


def _dotted(kind: type[V], text: str, what: str) -> V:
    parts = text.split(".")
    if not text.isascii() or not all(part.isdecimal() and len(part) < 10 for part in parts):
        raise WrongInputError(f"{text!r} is not a {what}", "write numbers with dots between them")
    return kind(text, tuple(map(int, parts)))


_TILDE, _END, _CARET, _LETTERS, _DIGITS = range(-1, 4)


def _segments(text: str) -> tuple[tuple[int, int | str], ...]:
    found: list[tuple[int, int | str]] = []
    for part in re.findall(r"\d+|[A-Za-z]+|~|\^", text, re.ASCII):
        if part.isdecimal():
            found.append((_DIGITS, int(part)))
        else:
            found.append(({"~": _TILDE, "^": _CARET}.get(part, _LETTERS), part))
    return (*found, (_END, ""))

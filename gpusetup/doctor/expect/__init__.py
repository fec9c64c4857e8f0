"""Compares a machine with what its file of expectations says (``doctor --expect FILE``)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from gpusetup.doctor.expect.making import each_expected_gpu
from gpusetup.doctor.expect.model import Expectations, Expected
from gpusetup.doctor.expect.ranges import check_range
from gpusetup.doctor.expect.rules import gpus, host, links
from gpusetup.doctor.rule import HERE, Rule, Subject
from gpusetup.errors import WrongInputError
from gpusetup.files import read
from gpusetup.machine.model import Machine

KEYS = {
    "EXP001": ("gpus",),
    "EXP002": ("model",),
    "EXP003": ("memory_gib",),
    "EXP004": ("ecc", "mig", "persistence", "compute_mode"),
    "EXP005": ("power_limit_watts",),
    "EXP006": ("vbios",),
    "EXP011": ("pcie",),
    "EXP012": ("nvlink",),
    "EXP021": ("driver", "cuda"),
    "EXP022": ("services",),
    "EXP023": ("host",),
}
"""Which keys of the file each rule speaks of: a rule without any of them has nothing to say, and asks for nothing."""


def load(path: Path) -> Expected:
    """Read a file of expectations; raises `WrongInputError` naming the file and the place inside it."""
    return parse(read(path, "the expectations"), path)


def parse(raw: bytes, path: Path) -> Expected:
    """Return what the content `raw` of a file of expectations says; raises `WrongInputError` as `load` does."""
    try:
        said = msgspec.toml.decode(raw, type=Expectations)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise WrongInputError(
            f"{path} is not a file of expectations: {error}", "docs/expectations.md lists what can be expected"
        ) from error
    if said == Expectations():
        raise WrongInputError(f"{path} expects nothing", "docs/expectations.md lists what can be expected")
    expected = Expected(said, str(path))
    check_ranges(expected)
    return expected


def check_ranges(expected: Expected) -> None:
    """Raise `WrongInputError` for a range of versions that is none."""
    for name in ("driver", "cuda"):
        _check(expected.file, name, getattr(expected.said, name))


def _check(path: str, name: str, wanted: str | None) -> None:
    if wanted is not None:
        try:
            check_range(wanted)
        except WrongInputError as error:
            raise WrongInputError(f"{path}: {name}: {error.message}", error.remedy) from error


def expectation_rules() -> dict[str, Rule]:
    """Return the rules over expectations, by id."""
    values = [value for module in (gpus, host, links) for value in vars(module).values()]
    return {one.id: one for one in sorted((one for one in values if isinstance(one, Rule)), key=lambda one: one.id)}


def rules_for(expected: Expected) -> dict[str, Rule]:
    """Return the rules over these very expectations, as rules over a machine, without those that none concerns."""

    def whole(_machine: Machine) -> Iterator[Subject]:
        yield HERE, expected

    def each(machine: Machine) -> Iterator[Subject]:
        return each_expected_gpu(machine, expected)

    return {
        name: msgspec.structs.replace(one, over=each if one.over is each_expected_gpu else whole)
        for name, one in expectation_rules().items()
        if any(getattr(expected.said, key) != getattr(Expectations(), key) for key in KEYS[name])
    }

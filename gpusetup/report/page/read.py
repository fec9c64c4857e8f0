"""Tells results in files apart by their fields, and reads each as what it is."""

from __future__ import annotations

import os.path
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import msgspec

from gpusetup.errors import WrongInputError
from gpusetup.files import read
from gpusetup.report.page.fleets import fleet_in, is_fleet
from gpusetup.report.page.model import Result
from gpusetup.text import neutral
from gpusetup.value import decoded

if TYPE_CHECKING:
    from pathlib import Path

    from gpusetup.value import Value

WHAT = (
    "give files that gpusetup saved: a machine (detect), a doctor's report (doctor --json), a plan, a gpusetup.lock, "
    "a proof (selftest --save), a matrix (facts matrix --json), a comparison (compare --json), a repro (repro --json), "
    "a fleet (fleet --json), or a folder of them, of one host or of many"
)


def read_results(paths: Iterable[Path]) -> list[Result]:
    """Return what is in the files and folders `paths`; raises `WrongInputError` for anything that is no result."""
    found = [one for path in paths for one in (_of_folder(path) if path.is_dir() else [_of_file(path)])]
    return list({os.path.realpath(one.name): one for one in found}.values())  # a proof beside itself would be identical


def _of_folder(folder: Path) -> Iterator[Result]:
    found = sorted(path for path in folder.glob("*.json") if path.is_file())
    if is_fleet(folder, found):
        yield Result(str(folder), fleet_in(folder))
        return
    if not found:
        raise WrongInputError(f"the folder {folder} holds no .json file", WHAT)
    yield from map(_of_file, found)


def _of_file(path: Path) -> Result:
    raw = read(path, "the result")
    if not raw.strip():
        raise WrongInputError(f"{path} is empty", WHAT)
    if path.suffix != ".json" and not raw.lstrip().startswith(b"{"):  # a TOML document never begins so
        from gpusetup.resolve import lock

        return Result(str(path), lock.parse(raw, path, WHAT))
    try:
        fields = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise WrongInputError(f"{path} is no result of gpusetup: {error}", WHAT) from error
    kind = _kind(fields.keys())
    if kind is None:
        known = ", ".join(neutral(one) for one in list(fields)[:5]) or "none"
        raise WrongInputError(f"{path} is no result of gpusetup: its fields are {known}", WHAT)
    return Result(str(path), decoded(raw, kind, path))


def _kind(fields: Iterable[str]) -> type[Value] | None:
    """Return the value that has these fields, None for none of ours."""
    from gpusetup.doctor.finding import Report
    from gpusetup.evidence.model import Comparison
    from gpusetup.fleet.model import Fleet
    from gpusetup.machine.model import Machine
    from gpusetup.render.model import Recipe
    from gpusetup.repro.model import Repro
    from gpusetup.resolve.matrix.model import Matrix
    from gpusetup.resolve.model import Refusal, Stack
    from gpusetup.selftest.proof import Proof

    by_field: dict[str, type[Value]] = {
        "groups": Fleet,  # has findings as well
        "verdicts": Proof, "findings": Report, "device_nodes": Machine, "steps": Recipe, "choices": Stack,
        "ways_out": Refusal, "pythons": Matrix, "reproduces": Repro, "causes": Comparison,
    }  # fmt: skip
    return next((kind for field, kind in by_field.items() if field in fields), None)

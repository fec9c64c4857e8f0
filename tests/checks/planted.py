"""Planted faults: copies of the checks with one thing broken, all run in one go."""

from __future__ import annotations

import shutil
import sys
import tempfile
import tomllib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import msgspec

from gpusetup.content_dirs import content_dirs
from gpusetup.selftest.known.leave_out import leave_out
from gpusetup.selftest.known.suspects import explain
from gpusetup.selftest.model import Precision
from gpusetup.selftest.prove import judge
from gpusetup.selftest.registry import checks
from gpusetup.selftest.schedule import RunLimits, Selection, plan
from gpusetup.selftest.verdict import Verdict
from gpusetup.selftest.workers.execute import execute
from gpusetup.value import Value
from tests.checks.references import FRAMEWORKS, lent, reference, without

ROOT = Path(__file__).resolve().parents[2]
TABLES = Path(__file__).with_name("faults")


class Fault(Value):
    """One row of a table; `check` is the table's name, `framework` the file's unless the row says which to run."""

    name: str
    file: str
    find: str
    put: str
    caught_by: tuple[str, ...]
    tensor: str = ""
    step: int | None = None
    check: str = ""
    framework: str = ""
    precision: Precision = "float32"
    shared: str = ""
    """The folder that several checks share and the file is in, where it is not the check's own."""

    @property
    def spares_reference(self) -> bool:
        """Return whether it is in a file of its framework alone, which the reference never reads."""
        return Path(self.file).stem in FRAMEWORKS

    @property
    def title(self) -> str:
        return f"{self.check}, {self.framework}: {self.name}"


def faults() -> list[Fault]:
    """Return every fault of every table."""
    return [
        msgspec.convert({"framework": Path(row["file"]).stem} | row | {"check": table.stem}, Fault)
        for table in sorted(TABLES.glob("*.toml"))
        for row in tomllib.loads(table.read_text("utf-8"))["fault"]
    ]


def plant(fault: Fault, copy: str, folder: Path) -> None:
    """Write the check with this one fault as `folder`/`copy`."""
    copies = {fault.check: copy} | ({fault.shared: f"{copy}_{fault.shared}"} if fault.shared else {})
    for original, other in copies.items():
        shutil.copytree(ROOT / "checks" / original, folder / other, ignore=shutil.ignore_patterns("__pycache__"))
    for source in (source for other in copies.values() for source in (folder / other).rglob("*.py")):
        text = source.read_text("utf-8")
        for original, other in copies.items():
            text = text.replace(f"checks.{original}", f"checks.{other}")
        source.write_text(text, "utf-8")
    file = folder / copies[fault.shared or fault.check] / fault.file
    text = file.read_text("utf-8")
    assert text.count(fault.find) == 1, f"{fault.title}: {fault.find!r} stands {text.count(fault.find)} times in it"
    file.write_text(text.replace(fault.find, fault.put), "utf-8")


def run(
    planted: Sequence[Fault], folder: Path, jobs: int = 2, references: Callable[[str], Path] | None = None
) -> dict[str, list[Verdict]]:
    """Run each fault in its framework and return the failed verdicts of each, by its title.

    Only faults that are caught as a difference between processes need the second round. `references` says where the
    reference of a check is kept.
    """
    found: dict[str, list[Verdict]] = {}
    for repeat in (1, 2):
        copies = {
            f"fault_{number}": fault
            for number, fault in enumerate(planted)
            if (2 if "determinism" in fault.caught_by else 1) == repeat
        }
        for framework, precision in sorted({(fault.framework, fault.precision) for fault in copies.values()}):
            chosen = {
                copy: fault
                for copy, fault in copies.items()
                if (fault.framework, fault.precision) == (framework, precision)
            }
            for copy, fault in chosen.items():
                plant(fault, copy, folder)
            verdicts = _verdicts(chosen, folder, repeat, jobs, references or (lambda _: folder / ".references"))
            for copy, fault in chosen.items():
                found[fault.title] = [one for one in verdicts if one.check == copy and one.state == "failed"]
    return found


def caught(fault: Fault, failures: Sequence[Verdict]) -> bool:
    """Return whether one of the verdicts that should catch the fault does, and says where."""
    for verdict in failures:
        if verdict.kind not in fault.caught_by:
            continue
        place = verdict.divergence
        if not fault.tensor or verdict.kind != "parity" or place is None:
            return True
        if place.tensor == fault.tensor and fault.step in {None, place.step}:
            return True
    return False


def _verdicts(
    planted: dict[str, Fault], folder: Path, repeat: int, jobs: int, references: Callable[[str], Path]
) -> tuple[Verdict, ...]:
    """Run copies of one framework and precision as `prove` does, with references that are run once for all."""
    one = next(iter(planted.values()))
    pythons = {one.framework: sys.executable}
    chosen = Selection(checks=tuple(planted), pythons=pythons, repeat=repeat, precisions=(one.precision,))
    found = checks(folder)
    limits, folders = RunLimits(seconds=3600), content_dirs("checks", folder)
    sharing = {copy: fault.check for copy, fault in planted.items() if fault.spares_reference}
    with tempfile.TemporaryDirectory() as scratch:
        lanes = without(plan(chosen, found, Path(scratch)), tuple(sharing))
        run = partial(execute, folders=folders, jobs=jobs, limits=limits, watch=lambda _: None)
        runs = [*run(lanes), *(lent(reference(check, references(check)), copy) for copy, check in sharing.items())]
        known = explain(runs, lanes, run, found)
        return tuple(judge(leave_out(runs, known), found, sys.executable, known))

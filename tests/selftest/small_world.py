"""A world of small checks that need no framework, so that the engine is tested in fractions of a second."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from gpusetup.selftest.model import Precision
from gpusetup.selftest.proof import Proof
from gpusetup.selftest.prove import Baseline, prove
from gpusetup.selftest.registry import checks
from gpusetup.selftest.schedule import RunLimits, Selection

ROOT = Path(__file__).resolve().parents[2]

STUB = """
from checks.common.host import host

def prepare(job): pass
def environment(job): return host(job) | {"framework": "a stand-in"}
"""
DESCRIPTION = """
title = "a small check"
version = 1
proves = ["nothing"]
[tolerance.value]
ulps = 4
why = "two roundings"
[[cause]]
tensor = "second"
text = "the second one is hard"
"""
PROVE = "def prove(backend, job, record):\n    backend.run(job, record)\n"
RIGHT = """
import numpy as np

def run(job, record):
    record.tensor("value", "first", np.arange(4) / 3, 1)
    record.tensor("value", "second", np.arange(6).reshape(2, 3) / 7, 1)
    record.invariant("one is one", 1 == 1, "1, expected 1")
    record.progress(1, 1)
"""


class World:
    """A folder of checks; `add` writes one, `prove` runs them with stand-ins for both frameworks."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(ROOT / "checks" / "common", folder / "common")
        for name in ("pytorch", "tensorflow"):
            (folder / "common" / f"{name}.py").write_text(STUB)

    def add(self, name: str, reference: str = RIGHT, **backends: str) -> None:
        folder = self.folder / name
        folder.mkdir()
        (folder / "check.toml").write_text(DESCRIPTION)
        (folder / "__init__.py").write_text(PROVE)
        for backend, source in {"reference": reference, **backends}.items():
            (folder / f"{backend}.py").write_text(source)

    def prove(
        self,
        *names: str,
        python: str = sys.executable,
        baseline: Proof | None = None,
        jobs: int = 4,
        deadline: float = 30,
        memory: int = 0,
        repeat: int = 2,
        threads: int = 1,
        data: str = "",
        seeds: tuple[int, ...] = (0,),
        precisions: tuple[Precision, ...] = ("float32",),
        frameworks: tuple[str, ...] = ("pytorch", "tensorflow"),
    ) -> Proof:
        selection = Selection(
            checks=names,
            pythons=dict.fromkeys(frameworks, python),
            repeat=repeat,
            threads=threads,
            data=data,
            seeds=seeds,
            precisions=precisions,
        )
        found = checks(self.folder)
        return prove(
            selection,
            found,
            own_checks=self.folder,
            baseline=Baseline(baseline) if baseline is not None else None,
            jobs=jobs,
            limits=RunLimits(seconds=deadline, memory=memory),
        )


def failed(proof: Proof) -> list[tuple[str, str, str]]:
    """Return the failed verdicts as (kind, framework, summary)."""
    return [(one.kind, one.framework, one.summary) for one in proof.verdicts if one.state == "failed"]

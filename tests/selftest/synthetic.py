"""Runs as workers would have left them, made in this process: two frameworks on two devices, twice, and the reference.

`Scene` holds them with a saved proof; tests take something away and ask what is still claimed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from checks.common.record import Recorder
from gpusetup.report.selftest_headline import headline, promise
from gpusetup.selftest.conclusion import Conclusion
from gpusetup.selftest.model import REFERENCE, Job, Result, Run
from gpusetup.selftest.proof import Proof
from gpusetup.selftest.proof_codec import pack
from gpusetup.selftest.prove import Held, hold, judge
from gpusetup.selftest.registry import Check, Tolerance
from gpusetup.selftest.schedule import Selection
from gpusetup.selftest.unproven import gaps, missed
from gpusetup.selftest.verdict import Verdict

FRAMEWORKS, DEVICES = ("pytorch", "tensorflow"), ("cpu", "cuda:0")
Tensors = dict[str, tuple[str, NDArray[Any]]]
TENSORS: Tensors = {
    "first": ("value", np.arange(4) / 3),
    "second": ("value", np.arange(6).reshape(2, 3) / 7),
    "count": ("exact", np.arange(3)),
}
LAWS = ("one is one", "two is two")
ENVIRONMENT = {"torch": "2.13.0", "threads": "1", "numpy": "2.0.0"}
SELECTION = Selection(
    checks=("one",), pythons=dict.fromkeys(FRAMEWORKS, sys.executable), devices=DEVICES,
    named=("checks", "frameworks", "devices"),
)  # fmt: skip


@dataclass(frozen=True)
class Scene:
    """What there is to judge: the runs, the saved ones, the checks whose source is unchanged, the published answer."""

    runs: tuple[Run, ...]
    saved: tuple[Run, ...] | None
    check: Check
    unchanged: bool = True
    speed_asked: bool = True

    def without(self, dropped: Callable[[Job], bool]) -> Scene:
        """Return it without the runs of now that `dropped` names."""
        return replace(self, runs=tuple(run for run in self.runs if not dropped(run.job)))

    def changed(self, which: Callable[[Job], bool], **fields: object) -> Scene:
        """Return it with these fields of the runs that `which` names, such as the outcome of one that crashed."""
        runs = tuple(msgspec.structs.replace(run, **fields) if which(run.job) else run for run in self.runs)
        return replace(self, runs=runs)

    def judged(self) -> Proof:
        """Return the proof, through the same functions as `prove` has."""
        checks = {"one": self.check}
        verdicts: list[Verdict] = judge(self.runs, checks, sys.executable)
        if self.saved is not None:
            held = Held(self.saved, {"one"} if self.unchanged else set(), 0.25, self.speed_asked)
            verdicts += hold(self.runs, held, checks, SELECTION)
        packed = pack(self.runs)
        return Proof(
            gpusetup="0", made_at="", profile="quick", seconds=1.0, checks={"one": "version 1"},
            environments=packed.environments, layouts=packed.layouts, runs=packed.runs, verdicts=tuple(verdicts),
            unproven=tuple(gaps(SELECTION, checks)), missed=tuple(missed(SELECTION, [run.job for run in self.runs])),
        )  # fmt: skip


def scene(folder: Path) -> Scene:
    """Return the whole scene, in which nothing is wrong."""
    jobs = [job(framework, device, number) for framework in FRAMEWORKS for device in DEVICES for number in (1, 2)]
    runs = tuple(recorded(one, folder) for one in [*jobs, job(REFERENCE, "cpu", 1)])
    assert runs[0].result is not None
    check = Check(
        title="one", version=1, proves=(), name="one", frameworks=FRAMEWORKS,
        tolerance={"value": Tolerance(ulps=4, why="two roundings")},
        fingerprint={"quick, seed 0": runs[0].result.fingerprint},
    )  # fmt: skip
    return Scene(runs=runs, saved=runs, check=check)


def job(framework: str, device: str, number: int) -> Job:
    return Job(
        check="one", framework=framework, device=device, seed=0, round=number, profile="quick", threads=1,
        precision="float64" if framework == REFERENCE else "float32",
    )  # fmt: skip


def recorded(
    one: Job,
    folder: Path,
    tensors: Tensors = TENSORS,
    laws: tuple[str, ...] = LAWS,
    environment: Mapping[str, str] = ENVIRONMENT,
) -> Run:
    """Return the run of `one` that recorded these tensors and laws, with its arrays in `folder`."""
    record = Recorder(lambda done, total: None)
    for name, (kind, value) in tensors.items():
        record.tensor(kind, name, value, 1)
    for law in laws:
        record.invariant(law, True, "as expected")
    record.measure("names per second", 100.0)
    trace = folder / f"{one.framework}-{one.device}-{one.round}-{len(list(folder.iterdir()))}.npz"
    record.save(str(trace))
    result = msgspec.convert({"environment": dict(environment), **record.result()}, Result)
    return Run(job=msgspec.structs.replace(one, trace=str(trace)), outcome="finished", seconds=1.0, result=result)


def told(proof: Proof) -> tuple[Conclusion, str]:
    """Return what the proof comes to, and the two sentences that claim it."""
    found = proof.concluded()
    return found, f"{headline(proof, found)}\n{promise(found)}"

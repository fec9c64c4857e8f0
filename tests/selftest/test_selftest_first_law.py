"""The first law, under an instrument: take away one thing at a time, and nothing that rested on it is claimed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from checks.common.compare import compare as compare_traces
from gpusetup.selftest.model import REFERENCE, Job, Run
from gpusetup.selftest.verdict import Verdict
from tests.selftest.synthetic import DEVICES, FRAMEWORKS, TENSORS, Scene, Tensors, recorded, scene, told

Which = Callable[[Job], bool]
Rests = Callable[[Verdict], bool]


@dataclass(frozen=True)
class Loss:
    """One thing that is taken away; verdicts for which `rests` is true rested on it."""

    name: str
    scene: Scene
    rests: Rests
    only_told: bool = False
    """It takes away a part of what is compared: what is left still proves, and the report says what was not."""


def losses(whole: Scene, folder: Path) -> list[Loss]:
    """Return the whole scene with one thing less, for each thing that there is."""
    return [
        *_of_the_reference(whole, folder),
        *_of_a_run(whole, folder),
        *_of_the_baseline(whole),
        *_of_everything(whole, folder),
    ]


def kind(*kinds: str) -> Rests:
    return lambda one: one.kind in kinds


def about(framework: str, device: str, *kinds: str) -> Rests:
    return lambda one: one.kind in kinds and (one.framework, one.device) == (framework, device)


def truth(job: Job) -> bool:
    return job.framework == REFERENCE


def remade(whole: Scene, folder: Path, which: Which, tensors: Tensors = TENSORS, **more: object) -> Scene:
    """Return the scene in which the runs that `which` names recorded other things."""
    runs = [recorded(run.job, folder, tensors, **more) if which(run.job) else run for run in whole.runs]  # type: ignore[arg-type]
    return replace(whole, runs=tuple(runs))


def _of_the_reference(whole: Scene, folder: Path) -> Iterator[Loss]:
    yield Loss("the reference", whole.without(truth), kind("parity"))
    for outcome in ("crashed", "unsupported", "hung"):
        fields = {"outcome": outcome, "cause": "gone", "result": None}
        yield Loss(f"the reference: {outcome}", whole.changed(truth, **fields), kind("parity"))
    yield Loss("all of the reference's records", remade(whole, folder, truth, {}), kind("parity"))
    for name in TENSORS:
        rest = {other: value for other, value in TENSORS.items() if other != name}
        own = about(REFERENCE, "cpu", "published")
        yield Loss(f"the reference's {name}", remade(whole, folder, truth, rest), own, only_told=True)


def _of_a_run(whole: Scene, folder: Path) -> Iterator[Loss]:
    for framework in FRAMEWORKS:
        for device in DEVICES:
            for number in (1, 2):
                yield from _of_one(whole, framework, device, number)
            both = _named(framework, device)
            proofs = about(framework, device, "parity", "agreement", "published", "determinism", "baseline")
            where = f"{framework} on {device}"
            yield Loss(f"every run of {where}", whole.without(both), about(framework, device, *_KINDS))
            yield Loss(f"all records of {where}", remade(whole, folder, both, {}), proofs)
            for name in TENSORS:
                rest = {other: value for other, value in TENSORS.items() if other != name}
                least = remade(whole, folder, both, rest)
                yield Loss(f"{name} of {where}", least, about(framework, device, "parity", "published", "baseline"))
            lawless = remade(whole, folder, both, laws=())
            yield Loss(f"all invariants of {where}", lawless, about(framework, device, "invariant"))


def _of_one(whole: Scene, framework: str, device: str, number: int) -> Iterator[Loss]:
    which, where = _named(framework, device, number), f"round {number} of {framework} on {device}"
    kinds = ("determinism",) if number == 2 else ("parity", "published", "baseline")
    for outcome in ("crashed", "unsupported", "out of memory"):
        fields = {"outcome": outcome, "cause": "gone", "result": None}
        yield Loss(f"{where}: {outcome}", whole.changed(which, **fields), about(framework, device, *kinds))


def _of_the_baseline(whole: Scene) -> Iterator[Loss]:
    saved = whole.saved or ()
    gate = kind("baseline")
    yield Loss("every saved run", replace(whole, saved=()), gate)
    yield Loss("the source that was saved", replace(whole, unchanged=False), kind("baseline", "speed"))
    yield Loss("the saved profile", replace(whole, saved=_jobs(saved, profile="full")), gate)
    yield Loss("the saved seed", replace(whole, saved=_jobs(saved, seed=7)), gate)
    yield Loss("the saved data", replace(whole, saved=_jobs(saved, data="/elsewhere")), gate)
    for run in saved:
        job = run.job
        if job.round == 1 and job.framework != REFERENCE:
            where = f"{job.framework} on {job.device}"
            rests = about(job.framework, job.device, "baseline")
            rest = tuple(one for one in saved if one is not run)
            yield Loss(f"the saved run of {where}", replace(whole, saved=rest), rests)
            empty = _results(saved, run, records=(), fingerprint="of nothing")
            yield Loss(f"all saved records of {where}", replace(whole, saved=empty), rests)
            rates = tuple(one for one in _results(saved, run, environment={"threads": "9"}))
            yield Loss(f"the saved environment of {where}", replace(whole, saved=rates), _speed(where))
    drifted = tuple(_drifted(run) for run in saved)
    yield Loss("the samples that tell how far bits are apart", replace(whole, saved=drifted), gate)


def _of_everything(whole: Scene, folder: Path) -> Iterator[Loss]:
    proofs = kind("parity", "agreement", "published", "determinism", "baseline")
    nothing = remade(whole, folder, everywhere, {})
    yield Loss("all records of everybody", nothing, proofs)
    yield Loss("all records of everybody, then and now", replace(nothing, saved=nothing.runs), proofs)
    empty = {name: (of, value.reshape(-1)[:0]) for name, (of, value) in TENSORS.items()}
    yield Loss("all elements of everybody", remade(whole, folder, everywhere, empty), proofs)
    nan = {name: ("value", np.full(value.shape, math.nan)) for name, (_, value) in TENSORS.items()}
    yield Loss("all numbers of everybody", remade(whole, folder, everywhere, nan), kind("parity", "agreement"))
    yield Loss("every run", whole.without(everywhere), kind(*_KINDS))
    for device in DEVICES:
        gone = whole.without(lambda job, device=device: job.device == device and not truth(job))  # type: ignore[misc]
        yield Loss(f"the device {device}, no baseline", replace(gone, saved=None), kind("baseline"))
        yield Loss(f"the device {device}", gone, lambda one, device=device: one.device == device and _real(one))  # type: ignore[misc]
    for framework in FRAMEWORKS:
        gone = whole.without(lambda job, name=framework: job.framework == name)  # type: ignore[misc]
        yield Loss(f"the framework {framework}, no baseline", replace(gone, saved=None), kind("baseline"))
        yield Loss(f"the framework {framework}", gone, lambda one, name=framework: one.framework == name)  # type: ignore[misc]


def everywhere(_: Job) -> bool:
    return True


_KINDS = ("parity", "agreement", "published", "invariant", "determinism", "baseline", "speed")


def _real(verdict: Verdict) -> bool:
    return verdict.framework != REFERENCE


def _speed(where: str) -> Rests:
    return lambda one: one.kind == "speed" and f"{one.framework} on {one.device}" == where


def _named(framework: str, device: str, number: int | None = None) -> Which:
    return lambda job: (job.framework, job.device) == (framework, device) and number in {None, job.round}


def _jobs(saved: tuple[Run, ...], **fields: object) -> tuple[Run, ...]:
    return tuple(msgspec.structs.replace(run, job=msgspec.structs.replace(run.job, **fields)) for run in saved)


def _results(saved: tuple[Run, ...], which: Run, **fields: object) -> tuple[Run, ...]:
    assert which.result is not None
    other = msgspec.structs.replace(which, result=msgspec.structs.replace(which.result, **fields))
    return tuple(other if one is which else one for one in saved)


def _drifted(run: Run) -> Run:
    """Return a saved run of other bits in another environment, with nothing kept that says how far they are apart."""
    assert run.result is not None
    records = tuple(msgspec.structs.replace(one, digest="0" * 16, sample=()) for one in run.result.records)
    fields = {"records": records, "fingerprint": "another", "environment": {"torch": "2.12.0"}}
    return msgspec.structs.replace(run, result=msgspec.structs.replace(run.result, **fields))


@pytest.fixture(autouse=True)
def compared_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare in this process, by the same functions: a hundred interpreters would take a minute to start."""

    def compare(_python: str, question: bytes) -> bytes:
        pairs = [compare_traces(*traces) for traces in msgspec.json.decode(question)]
        return msgspec.json.encode(pairs)

    monkeypatch.setattr("gpusetup.selftest.ulps._compare", compare)


@pytest.fixture(scope="module")
def instrument(tmp_path_factory: pytest.TempPathFactory) -> list[Loss]:
    folder = tmp_path_factory.mktemp("traces")
    return losses(scene(folder), folder)


def test_with_nothing_taken_away_everything_is_proven(tmp_path: Path) -> None:
    proof = scene(tmp_path).judged()
    assert {(one.kind, one.state) for one in proof.verdicts} == {(name, "passed") for name in _KINDS}
    found, said = told(proof)
    assert (found.state, found.exit_code, found.open, found.aside) == ("proven", 0, (), ())
    right = "PROVEN: pytorch and tensorflow computed the right numbers on cpu and cuda:0"
    assert said.startswith(f"{right}, with the same bits in every process")
    assert "\nL2: " in said
    assert "L0 for one" in said


def test_nothing_is_claimed_that_rested_on_what_is_gone(instrument: list[Loss]) -> None:
    """Every loss is tried before anything is said, so that a failure shows all of its kind."""
    wrong = [f"{loss.name}: {one}" for loss in instrument for one in _untrue(loss)]
    assert wrong == []
    assert len(instrument) >= 80


def _untrue(loss: Loss) -> Iterator[str]:
    proof = loss.scene.judged()
    found, said = told(proof)
    for one in proof.verdicts:
        if one.state == "passed" and not one.basis.count:
            yield f"{one.kind} of {one.framework} passed on nothing"
        if one.state == "passed" and loss.rests(one):
            yield f"{one.kind} of {one.framework} on {one.device} still passes: {one.summary}"
    if loss.only_told:
        if not found.aside:
            yield f"nobody says what was not compared: {said}"
        return
    if found.exit_code == 0 or said.startswith("PROVEN"):
        yield f"exit {found.exit_code}, {said}"
    if "same bits in every process" in said and any(loss.rests(one) for one in proof.verdicts if _repeats(one)):
        yield f"claims repetition: {said}"
    if found.state == "not proven" and not said.endswith("nothing"):
        yield f"promises something: {said}"


def _repeats(verdict: Verdict) -> bool:
    return verdict.kind == "determinism"


def test_a_verdict_that_passed_on_nothing_cannot_be_made() -> None:
    verdict = Verdict(
        kind="parity", check="one", framework="jax", device="cpu", precision="float32", seed=0, state="passed",
        summary="at most 3%",
    )  # fmt: skip
    assert (verdict.state, verdict.summary) == ("unproven", "nothing was compared: at most 3%")

"""A proof is small, holds nothing of the scratch folder, and gives back what the runs recorded."""

from __future__ import annotations

import base64
import re
import zlib

import msgspec
import numpy as np
import pytest

from checks.common.record import Recorder
from gpusetup.errors import WrongInputError
from gpusetup.selftest.model import Case, Invariant, Job, Picture, Record, Result, Run
from gpusetup.selftest.proof import KeptResult, Proof
from gpusetup.selftest.proof_codec import pack, unpack
from gpusetup.value import to_json
from tests.selftest.small_world import RIGHT, World


def record(name: str, *sample: float | None, dtype: str = "float32") -> Record:
    largest = None if None in sample else max((abs(one) for one in sample if one is not None), default=0.0)
    return Record(
        step=1,
        kind="value",
        name=name,
        dtype=dtype,
        shape=(len(sample),),
        digest=f"{hash((name, sample)) % 2**64:016x}",
        largest=largest,
        sample=sample,
    )


def run(framework: str, *records: Record, number: int = 1) -> Run:
    job = Job(
        check="one", framework=framework, device="cpu", seed=0, round=number, profile="quick", threads=1,
        trace="/tmp/gpusetup-selftest-x/one.npz", log="/tmp/gpusetup-selftest-x/one.log",
    )  # fmt: skip
    result = Result(
        environment={"python": "3.11"},
        records=records,
        invariants=(Invariant(name="holds", holds=True, detail="yes"),),
        measures={"seconds": 0.25},
        fingerprint=str(hash(records)),
    )
    return Run(job=job, outcome="finished", seconds=1.0, result=result)


def proof(*runs: Run) -> Proof:
    packed = pack(runs)
    return Proof(
        gpusetup="0",
        made_at="now",
        profile="quick",
        seconds=1.0,
        checks={},
        environments=packed.environments,
        layouts=packed.layouts,
        runs=packed.runs,
        verdicts=(),
        unproven=(),
    )


SINGLE = record("a", 1.5, -2.25, None)
DOUBLE = record("b", 1 / 3, dtype="float64")
NOTHING = record("c")


def test_what_was_recorded_comes_back() -> None:
    runs = [
        run("pytorch", SINGLE, DOUBLE, NOTHING),
        run("pytorch", SINGLE, DOUBLE, NOTHING, number=2),
        run("tensorflow", SINGLE),
        Run(job=run("jax").job, outcome="crashed", seconds=2.0, cause="killed", log=("the last word",)),
    ]
    saved = msgspec.json.decode(to_json(proof(*runs), indent=0), type=Proof)
    blank = [msgspec.structs.replace(one, job=msgspec.structs.replace(one.job, trace="", log="")) for one in runs]
    assert unpack(saved) == blank


def test_a_proof_of_an_older_gpusetup_is_a_baseline_still_and_claims_nothing(world: World) -> None:
    world.add("one", pytorch=RIGHT)
    whole = msgspec.json.decode(to_json(world.prove("one", frameworks=("pytorch",)), indent=0))
    for new in ("conclusion", "missed"):
        del whole[new]
    for verdict in whole["verdicts"]:
        for new in ("basis", "level", "required", "changed"):
            verdict.pop(new, None)
    old = msgspec.convert(whole, Proof)
    assert old.concluded().state == "not proven"
    now = world.prove("one", frameworks=("pytorch",), baseline=old)
    assert {one.state for one in now.verdicts if one.kind == "baseline"} == {"passed"}
    assert now.concluded().state == "proven"


def test_what_is_the_same_stands_once() -> None:
    saved = proof(run("pytorch", SINGLE), run("pytorch", SINGLE, number=2), run("tensorflow", SINGLE))
    assert (len(saved.layouts), len(saved.environments)) == (1, 1)
    assert [bool(one.result and one.result.digests) for one in saved.runs] == [True, False, False]


@pytest.mark.parametrize(
    "broken",
    [
        {"digests": "00"},
        {"values": ""},
        {"values": "AAAA"},
        {"values": "not base64"},
        {"layout": "none"},
        {"environment": "none"},
    ],
)  # fmt: skip
def test_a_proof_that_does_not_hold_together_is_one_clear_error(broken: dict[str, str]) -> None:
    whole = proof(run("pytorch", SINGLE))
    [kept] = whole.runs
    assert isinstance(kept.result, KeptResult)
    torn = msgspec.structs.replace(kept, result=msgspec.structs.replace(kept.result, **broken))
    with pytest.raises(WrongInputError, match="is inconsistent"):
        unpack(msgspec.structs.replace(whole, runs=(torn,)))


def test_a_proof_is_small_and_names_no_scratch_file(world: World) -> None:
    many = RIGHT.replace(
        "    record.invariant",
        "    for step in range(2, 200):\n"
        "        record.tensor('value', 'weights of the layer', np.arange(64) / step, step)\n    record.invariant",
    )
    world.add("many", reference=many, pytorch=many, tensorflow=many)
    saved = world.prove("many")
    text = to_json(saved, indent=0)
    assert not re.search(r"gpusetup-selftest-|\.npz", text)
    assert not any(one.job.trace or one.job.log for one in saved.runs)
    assert [len(layout) for layout in saved.layouts.values()] == [200]  # of all five runs
    assert len(text) < 200 * 5 * 40


def test_a_picture_is_kept_once_and_given_back() -> None:
    """Two rounds drew the same: the proof has it in the first, and holds what was drawn."""
    recorder = Recorder(lambda *_: None)
    recorder.picture("plane", np.array([[0, 1], [2, 255]]), "y, x")
    recorder.picture("path", np.array([0.5, -1.25, 1e9]), "step")
    drawn = msgspec.convert(recorder.result()["pictures"], tuple[Picture, ...])
    rounds = [run("pytorch", record("a", 1.0), number=number) for number in (1, 2)]
    pairs = [(one, one.result) for one in rounds if one.result is not None]
    runs = [msgspec.structs.replace(one, result=msgspec.structs.replace(it, pictures=drawn)) for one, it in pairs]
    kept = [one.result for one in pack(runs).runs if one.result is not None]
    assert [len(one.pictures) for one in kept] == [2, 0]
    plane, path = kept[0].pictures
    assert zlib.decompress(base64.b64decode(plane.data)) == bytes([0, 1, 2, 255])
    assert np.frombuffer(zlib.decompress(base64.b64decode(path.data)), "<f2").tolist() == [0.5, -1.25, np.inf]
    assert (plane.shape, path.shape) == ((2, 2), (3,))


def test_what_two_frameworks_have_alike_is_kept_of_each() -> None:
    """Only a later round of the same job may leave out what came of the first."""
    picture = Picture(name="plane", about="y, x", dtype="uint8", shape=(1,), data="eJxjAAAAAQAB")
    where = {"direction": "forward", "mode": "eager", "dtype": "float32", "device": "cpu"}
    case = msgspec.convert({"case": "einsum.outer", "drawn": "a (3,)", "outcome": "passed", **where}, Case)
    runs = [run(framework, record("a", 1.0), number=number) for framework in ("pytorch", "jax") for number in (1, 2)]
    alike = [
        msgspec.structs.replace(one, result=msgspec.structs.replace(one.result, pictures=(picture,), cases=(case,)))
        for one in runs
        if one.result is not None
    ]
    kept = [one.result for one in pack(alike).runs if one.result is not None]
    assert [(len(one.pictures), len(one.cases)) for one in kept] == [(1, 1), (0, 0), (1, 1), (0, 0)]

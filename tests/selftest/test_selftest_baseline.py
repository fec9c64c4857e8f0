"""A saved proof holds: bit for bit in the same environment, within tolerance in another, never across other checks."""

from __future__ import annotations

from pathlib import Path

import pytest

from gpusetup.errors import WrongInputError
from gpusetup.files import write
from gpusetup.selftest.proof import Proof
from gpusetup.selftest.verdict import Verdict
from gpusetup.value import load, to_json
from tests.selftest.small_world import RIGHT, World

ONE_BIT, FAR = " + 2.0**-26", " + 2.0**-10"


def verdicts(proof: Proof) -> list[Verdict]:
    return [one for one in proof.verdicts if one.kind == "baseline" and one.framework == "pytorch"]


def drifted(world: World, amount: str, *, threads: int = 1) -> Verdict:
    """Save a proof, let the numbers drift without a change of the check, and hold the new run against it."""
    drift = world.folder / "drift"
    drift.write_text("0")
    world.add("one", pytorch=RIGHT.replace("/ 7", f"/ 7{amount} * float(open({str(drift)!r}).read())"))
    file = world.folder / "proof.json"
    write(file, to_json(world.prove("one", frameworks=("pytorch",), repeat=1)))
    drift.write_text("1")
    before = load(file, Proof)
    [verdict] = verdicts(world.prove("one", frameworks=("pytorch",), repeat=1, baseline=before, threads=threads))
    return verdict


def test_the_same_bits_pass(world: World) -> None:
    assert drifted(world, " + 0").state == "passed"


def test_one_bit_fails_in_the_same_environment_and_is_placed(world: World) -> None:
    verdict = drifted(world, ONE_BIT)
    assert verdict.state == "failed"
    assert verdict.divergence is not None
    assert verdict.divergence.tensor == "second"


def test_one_bit_passes_in_another_environment_and_a_large_step_does_not(world: World) -> None:
    assert drifted(world, ONE_BIT, threads=2).state == "passed"


def test_more_than_tolerance_fails_in_any_environment(world: World) -> None:
    verdict = drifted(world, FAR, threads=2)
    assert verdict.state == "failed"
    assert "threads" in verdict.summary


def test_another_check_is_never_compared(world: World) -> None:
    world.add("one", pytorch=RIGHT)
    before = world.prove("one", frameworks=("pytorch",), repeat=1)
    (world.folder / "one" / "pytorch.py").write_text(RIGHT + "\n# changed\n")
    [verdict] = verdicts(world.prove("one", frameworks=("pytorch",), repeat=1, baseline=before))
    assert verdict.state == "unproven"


def test_a_run_the_baseline_lacks_is_unproven(world: World) -> None:
    world.add("one", pytorch=RIGHT)
    world.add("two", pytorch=RIGHT)
    before = world.prove("one", frameworks=("pytorch",), repeat=1)
    found = verdicts(world.prove("two", frameworks=("pytorch",), repeat=1, baseline=before))
    assert [(one.check, one.state, one.summary) for one in found] == [
        ("two", "unproven", "the saved proof has no two in pytorch, seed 0"),
        ("one", "unproven", "the saved proof has this run, and here it did not run, seed 0"),
    ]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 1}', '{"version": 9}', "\0\xff"])
def test_a_corrupt_baseline_is_one_clear_error(tmp_path: Path, text: str) -> None:
    file = tmp_path / "proof.json"
    file.write_text(text)
    with pytest.raises(WrongInputError, match="not a saved proof") as caught:
        load(file, Proof)
    assert "\n" not in str(caught.value)

"""What changed is named first, what moved is measured, and what can be put back is settled by running."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from gpusetup.evidence.again import Narrowed, narrowed
from gpusetup.evidence.codec import to_table
from gpusetup.evidence.compare import compare, exit_code
from gpusetup.evidence.made import evidence
from gpusetup.evidence.model import Comparison
from gpusetup.selftest.registry import checks
from tests.evidence.conftest import NAMES, REFERENCE, ULP, Ground


def causes(found: Comparison) -> list[tuple[str, str]]:
    return [(one.change.key, one.standing) for one in found.causes]


def test_the_same_runs_give_the_same_lock_byte_for_byte(ground: Ground) -> None:
    ground.write()
    first, second = ground.evidence(), ground.evidence()
    assert to_table(first) == to_table(second)
    found = compare(first, second, NAMES)
    assert (found.verdict, exit_code(found), found.causes) == ("identical", 0, ())


def test_threads_are_named_with_what_follows_from_them_and_the_ulps(ground: Ground) -> None:
    ground.write(threads=ULP)
    found = compare(ground.evidence(), ground.evidence(threads=2), NAMES)
    assert (found.verdict, exit_code(found), exit_code(found, bits=True)) == ("within tolerance", 0, 1)
    assert causes(found) == [("threads", "alone")]
    assert "OMP_NUM_THREADS" in {one.key for one in found.causes[0].brings}
    [moved] = [one for one in found.results if one.framework == "pytorch"]
    assert (moved.groups, moved.tensors, moved.of, moved.worst) == (("value",), 2, 3, 1.0)
    counted = [one for one in found.results if one.framework != "reference"]
    assert (found.causes[0].moved, found.causes[0].of) == (1, len(counted)), "as many as the headline counts"


def test_of_two_changes_the_one_that_counts_is_settled_by_running(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    ground.write(cbwr=ULP)
    before = ground.evidence()
    monkeypatch.setenv("MKL_CBWR", "COMPATIBLE")
    now = ground.evidence(threads=2)
    assert causes(compare(before, now, NAMES)) == [("MKL_CBWR", "possible"), ("threads", "possible")]
    found = ground.settled(before, now, sys.executable)
    assert causes(found) == [("MKL_CBWR", "settled"), ("threads", "ruled out")]


def test_two_causes_that_only_together_explain_it_are_both_settled(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    ground.write(cbwr=ULP, threads=f"2 * {ULP}")
    before = ground.evidence()
    monkeypatch.setenv("MKL_CBWR", "COMPATIBLE")
    found = ground.settled(before, ground.evidence(threads=2), sys.executable)
    assert causes(found) == [("MKL_CBWR", "settled"), ("threads", "settled")]
    assert "put back: the bits of before" in found.causes[0].shown


def test_another_seed_data_file_or_source_is_the_first_cause(ground: Ground, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "rows.txt").write_text("0")
    ground.write(threads=ULP)
    before = ground.evidence(data=str(data))
    found = compare(before, ground.evidence(seeds=(1,), data=str(data)), NAMES)
    assert (found.verdict, exit_code(found), causes(found)) == ("drifted", 1, [("seed", "alone")])
    (data / "rows.txt").write_text("0.25")
    found = compare(before, ground.evidence(data=str(data), threads=2), NAMES)
    assert (found.verdict, causes(found)[0][0]) == ("drifted", "data rows.txt")
    (data / "rows.txt").write_text("0")
    ground.write(threads="0.5")
    found = compare(before, ground.evidence(data=str(data), threads=2), NAMES)
    assert (found.verdict, causes(found)[0][0]) == ("drifted", "check source")


def test_other_bits_with_nothing_changed_are_drift(ground: Ground) -> None:
    ground.write()
    before = ground.evidence()
    ground.write(more="\n# changed\n", threads=ULP)
    now = replace(ground.evidence(threads=2), check=before.check, environment=before.environment)
    found = compare(before, now, NAMES)
    assert (found.verdict, found.causes) == ("drifted", ())


def test_a_tensor_that_cancelled_is_measured_in_the_unit_of_what_was_added(ground: Ground) -> None:
    tiny = "\n_run = run\ndef run(job, record):\n    _run(job, record)\n    record.tensor('value', 'rest', {}, 9{})\n"
    ground.write(more=tiny.format("np.float32(2.0**-20 + 2.0**-22 * (job.threads > 1))", ""))
    reference = ground.world.folder / "one" / "reference.py"
    reference.write_text(REFERENCE + tiny.format("np.float64(2.0**-20)", ", unit=1.0"))
    found = compare(ground.evidence(), ground.evidence(threads=2), NAMES)
    [moved] = [one for one in found.results if one.framework == "pytorch"]
    assert (found.verdict, moved.worst) == ("within tolerance", 2.0)  # of 1.0, where its own would be 2^21


def test_a_change_without_effect_is_said_to_have_none(ground: Ground) -> None:
    ground.write()
    found = compare(ground.evidence(), ground.evidence(threads=2), NAMES)
    assert (found.verdict, causes(found)) == ("identical", [("threads", "no effect")])


def test_a_run_that_is_gone_is_not_compared_and_not_forgotten(ground: Ground) -> None:
    ground.write()
    before, now = ground.evidence(seeds=(0, 1)), ground.evidence()
    found = compare(before, now, NAMES)
    assert (found.verdict, exit_code(found)) == ("identical", 3)
    assert found.missing == ("one in pytorch on cpu, seed 1: the other side has no such run",)


def test_a_part_of_a_lock_stands_alone_though_two_frameworks_have_the_same_bits(ground: Ground) -> None:
    ground.write()
    ground.world.folder.joinpath("one", "tensorflow.py").write_text(REFERENCE)
    proof = ground.world.prove("one", repeat=1, jobs=1)
    whole = evidence(proof, checks(ground.world.folder), {})
    for framework in ("pytorch", "tensorflow"):
        part = narrowed(whole, Narrowed(frameworks=(framework,)))
        assert compare(part, whole, NAMES).verdict == "identical"


def test_seeds_give_the_spread_that_a_move_is_measured_in(ground: Ground) -> None:
    ground.write(threads="0.5")
    before = ground.evidence(seeds=(0, 1, 2))
    [spread] = [one for one in before.spread if one.framework == "pytorch"]
    assert (spread.seeds, round(spread.high - spread.low, 5)) == (3, 2.0)
    found = compare(before, ground.evidence(seeds=(0, 1, 2), threads=2), NAMES)
    assert found.verdict == "drifted"
    assert {round(one.of_spread or 0, 3) for one in found.results if one.framework == "pytorch"} == {0.25}


def test_what_does_not_repeat_promises_no_bits(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    ground.write(more="\nimport time\n_run = run\ndef run(job, record):\n    _run(job, record)\n"
                      "    record.tensor('value', 'clock', np.float32(1 + time.time_ns() % 7 * 2.0**-23), 9)\n"
                      "    time.sleep(0.001)\n")  # fmt: skip
    before, now = ground.evidence(repeat=3), ground.evidence(repeat=3)
    rows = [row for one in (before, now) for row in one.run if row.framework == "pytorch"]
    assert not all(row.repeats for row in rows)
    found = compare(before, now, NAMES)
    assert found.verdict == "within tolerance"
    assert "gives other bits in each process" in " ".join(found.notes)

"""Precision is a dimension of a run: which forms there are, what is compared with what, and in whose ulps."""

from __future__ import annotations

import pytest

from gpusetup.errors import WrongInputError
from gpusetup.report.selftest_headline import headline
from gpusetup.selftest.registry import Check, Tolerance
from gpusetup.selftest.selection import require_precisions
from tests.selftest.small_world import RIGHT, World, failed

FORMS = '[precisions]\nbf16 = ["pytorch"]\nfloat64 = ["pytorch", "tensorflow"]\ntf32 = ["pytorch"]\n'
BY_PRECISION = RIGHT.replace("np.arange(4) / 3", "np.arange(4) / 3 + ERROR[job.precision]")


def described(world: World, name: str, **backends: str) -> None:
    world.add(name, **backends)
    file = world.folder / name / "check.toml"
    file.write_text(file.read_text("utf-8") + FORMS, "utf-8")


def test_only_the_forms_there_are_run_and_the_reference_once(world: World) -> None:
    described(world, "one", pytorch=RIGHT, tensorflow=RIGHT)
    proof = world.prove("one", repeat=1, precisions=("float32", "bf16", "float64", "tf32"))
    ran = {(run.job.framework, run.job.precision) for run in proof.runs}
    assert ran == {
        ("pytorch", "float32"), ("pytorch", "bf16"), ("pytorch", "float64"),
        ("tensorflow", "float32"), ("tensorflow", "float64"), ("reference", "float64"),
    }  # fmt: skip
    assert failed(proof) == []
    assert "tensorflow in bf16: does not support one" in proof.unproven
    agreements = {(one.precision, one.against) for one in proof.verdicts if one.kind == "agreement"}
    assert {precision for precision, _ in agreements} == {"float32", "float64"}
    assert len(agreements) == 2


def test_the_reference_of_a_check_without_the_precision_is_not_run(world: World) -> None:
    described(world, "one", pytorch=RIGHT)
    world.add("two", pytorch=RIGHT)
    proof = world.prove("one", "two", frameworks=("pytorch",), repeat=1, precisions=("bf16",))
    assert {(run.job.check, run.job.framework) for run in proof.runs} == {("one", "pytorch"), ("one", "reference")}


def test_an_error_counts_in_the_ulps_of_the_precision(world: World) -> None:
    """Three ulps of each precision are within the four allowed, and one finer precision up they are thousands."""
    right = "ERROR = {'float32': 3 * 2.0**-24, 'bf16': 3 * 2.0**-8, 'float64': 3 * 2.0**-53}\n" + BY_PRECISION
    wrong = "ERROR = {'float32': 3 * 2.0**-11, 'bf16': 9 * 2.0**-8, 'float64': 3 * 2.0**-24}\n" + BY_PRECISION
    described(world, "right", pytorch=right)
    described(world, "wrong", pytorch=wrong)
    proof = world.prove("right", "wrong", frameworks=("pytorch",), repeat=1, precisions=("float32", "bf16", "float64"))
    states = {(one.check, one.precision): one.state for one in proof.verdicts if one.kind == "parity"}
    assert states == {
        (name, precision): state
        for name, state in (("right", "passed"), ("wrong", "failed"))
        for precision in ("float32", "bf16", "float64")
    }
    ulps = {one.precision: one.divergence.ulps for one in proof.verdicts if one.divergence is not None}
    # the largest is 3/3 = 1, where numbers of eight digits are 2^-7 apart
    assert ulps["bf16"] == pytest.approx(4.5)


def test_a_tolerance_may_say_another_number_for_a_precision() -> None:
    check = Check(
        title="t", version=1, proves=(), name="one",
        tolerance={
            "value": Tolerance(ulps=4, growth=1, at={"bf16": 12}, why=""),
            "fine": Tolerance(ulps=1, digits=53, why=""),
        },
    )  # fmt: skip
    assert (check.limit("value", 2), check.limit("value", 2, "bf16"), check.limit("value", 2, "fp16")) == (6, 14, 6)
    assert [check.digits("value", one) for one in ("float32", "tf32", "bf16", "fp16", "float64")] == [24, 11, 8, 11, 53]
    assert check.digits("fine", "bf16") == 53


def test_a_precision_that_nothing_runs_in_is_refused() -> None:
    check = Check(title="t", version=1, proves=(), frameworks=("pytorch",), precisions={"tf32": ("pytorch",)})
    require_precisions(("float32",), ("one",), ("cpu",), {"one": check})
    require_precisions(("tf32",), ("one",), ("cpu", "cuda:0"), {"one": check})
    with pytest.raises(WrongInputError, match="TF32 needs a GPU"):
        require_precisions(("tf32",), ("one",), ("cpu",), {"one": check})
    with pytest.raises(WrongInputError, match="bf16 is not supported on cpu by one"):
        require_precisions(("float32", "bf16"), ("one",), ("cpu",), {"one": check})


def test_a_baseline_of_another_precision_is_none(world: World) -> None:
    described(world, "one", pytorch=RIGHT)
    before = world.prove("one", frameworks=("pytorch",), repeat=1)
    now = world.prove("one", frameworks=("pytorch",), repeat=1, precisions=("bf16",), baseline=before)
    assert {(one.framework, one.state) for one in now.verdicts if one.kind == "baseline"} == {
        ("pytorch", "unproven"), ("reference", "passed"),
    }  # fmt: skip


def test_half_precision_without_a_kernel_is_unproven_and_float32_without_one_is_a_fault(world: World) -> None:
    missing = 'def run(job, record):\n    raise RuntimeError("\\"addmm\\" not implemented for \'BFloat16\'")'
    described(world, "one", pytorch=missing)
    halves = world.prove("one", frameworks=("pytorch",), repeat=1, precisions=("bf16",))
    assert (failed(halves), halves.concluded().exit_code) == ([], 3)
    assert [(one.kind, one.state) for one in halves.verdicts if one.framework == "pytorch"] == [("run", "unproven")]
    assert "unsupported: RuntimeError" in halves.verdicts[0].summary
    assert headline(halves, halves.concluded()).startswith("NOT PROVEN: nothing that was requested could be run")
    whole = world.prove("one", frameworks=("pytorch",), repeat=1)
    assert [kind for kind, *_ in failed(whole)] == ["run"]

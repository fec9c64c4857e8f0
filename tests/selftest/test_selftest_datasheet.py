"""What is achieved stands beside the datasheet's figure of the card and precision that ran, or why there is none."""

from __future__ import annotations

import fnmatch
import tomllib
from pathlib import Path

import msgspec
import pytest

from checks.common.record import Recorder
from checks.cost import Bill, Cost, report
from gpusetup.facts import facts
from gpusetup.facts.peaks import peak_by_name
from gpusetup.report import selftest as reported
from gpusetup.selftest import datasheet
from gpusetup.selftest.datasheet import TABLE, with_datasheet
from gpusetup.selftest.model import Job, Precision, Result, Run
from gpusetup.selftest.proof_codec import pack
from tests.selftest.small_world import RIGHT, ROOT, World

MEASURES = {
    "product of large matrices: FLOP/s": 15.6e12,
    "gru: FLOP/s": 1.95e12,
    "gru: share of the ceiling": 0.125,
    "seconds": 3.0,
}


def noted(
    *, gpu: str = "NVIDIA A100-SXM4-80GB", count: str = "108", precision: Precision = "float32",
    check: str = "cost", device: str = "cuda:0", measures: dict[str, float] = MEASURES,
) -> dict[str, str]:  # fmt: skip
    """Return the lines that a run of this card gets."""
    found = noted_run(gpu, count, precision, check, device, measures).result
    assert found is not None
    assert {one.table for one in found.observations} <= {TABLE}
    return {one.row: one.text for one in found.observations}


def noted_run(gpu: str, count: str, precision: Precision, check: str, device: str, measures: dict[str, float]) -> Run:
    """Return a stub's run, of which nothing but the observations has changed."""
    job = Job(
        check=check, framework="pytorch", device=device, seed=0, round=1, profile="full", threads=1, precision=precision
    )
    environment = {} if device == "cpu" else {"gpu": gpu, "multiprocessors": count}
    result = Result(environment=environment, records=(), invariants=(), measures=measures, fingerprint="")
    [run] = with_datasheet([Run(job=job, outcome="finished", seconds=1.0, result=result)])
    assert run.result is not None
    assert msgspec.structs.replace(run.result, observations=()) == result
    return run


def test_a_card_of_the_table_has_the_share_of_its_peak_beside_that_of_the_ceiling() -> None:
    assert noted() == {
        "product of large matrices": "15.6 TFLOP/s, 80% of 19.5 (float32, peak-a100-sxm4-80gb)",
        "gru": "1.95 TFLOP/s, 10% of 19.5 (float32, peak-a100-sxm4-80gb), 12.5% of the measured ceiling",
    }


def test_the_precision_that_ran_decides() -> None:
    assert "10% of 19.5 (float32" in noted()["gru"]
    assert "1.25% of 156 (tf32" in noted(precision="tf32")["gru"]
    assert "0.625% of 312 (bf16" in noted(precision="bf16")["gru"]
    assert "10% of 19.5 (float64" in noted(precision="float64")["gru"]


def test_a_figure_that_is_not_stated_is_not_made_up() -> None:
    shown = noted(gpu="Tesla T4", count="40", precision="tf32")
    assert shown["gru"] == "1.95 TFLOP/s; peak-t4 states nothing for tf32"


def test_products_and_copies_of_numerics_are_held_against_their_own_figures() -> None:
    measures = {
        "float16 matmul: Gflop/s": 280_800.0,
        "copy on the device: GB/s": 1835.1,
        "copy to the host: GB/s": 20.0,
        "float16 matmul: share of the run's best": 0.9,
    }
    assert noted(check="numerics", measures=measures) == {
        "float16 matmul": "280.8 TFLOP/s, 90% of 312 (fp16, peak-a100-sxm4-80gb)",
        "copy on the device": "1835 GB/s, 90% of 2039 (bandwidth, peak-a100-sxm4-80gb)",
    }


def test_a_cpu_and_an_unknown_card_have_no_row_and_say_so() -> None:
    assert noted(device="cpu") == {"no row": "a CPU: the table has NVIDIA's cards alone"}
    assert noted(gpu="NVIDIA Example 9000")["no row"].startswith("NVIDIA Example 9000 with 108 multiprocessors: ")
    assert noted(gpu="")["no row"].startswith("a card without a name")


def test_part_of_a_card_has_no_row() -> None:
    """A product there takes a seventh of the multiprocessors, whatever the name says."""
    assert list(noted(count="14")) == ["no row"]
    assert list(noted(gpu="NVIDIA A100-SXM4-40GB MIG 1g.5gb", count="14")) == ["no row"]


def test_a_check_without_such_measures_gets_nothing() -> None:
    assert noted(check="gru") == {}
    assert noted(measures={"seconds": 3.0}) == {}


def test_the_measures_of_the_content_are_those_that_the_checks_record() -> None:
    recorder = Recorder(lambda *_: None)
    report(Cost("gru", 1, 10**6), Bill(10, 1.0, None, (2.0, 1.0)), 1e12, 0.0, recorder)
    measures = recorder.result()["measures"]
    assert noted(measures=measures)["gru"].endswith("0.001% of the measured ceiling")
    content = tomllib.loads(Path(datasheet.__file__).with_suffix(".toml").read_text("utf-8"))["figure"]
    source = (ROOT / "checks/numerics/throughput.py").read_text("utf-8")
    for one in (one for one in content if one["check"] == "numerics"):
        word = one["measure"].partition(" matmul")[0]
        assert one["measure"] in source or f'"{word}"' in source, one
    assert any(fnmatch.fnmatch("gru: FLOP/s", one["measure"]) for one in content)


def test_a_proof_has_the_lines_and_the_reference_none(world: World) -> None:
    world.add("cost", pytorch=RIGHT + "    record.measure('gru: FLOP/s', 1e9)\n")
    proof = world.prove("cost", frameworks=("pytorch",), repeat=1)
    found = {run.job.framework: run.result.observations for run in proof.runs if run.result}
    assert [one.row for one in found["pytorch"]] == ["no row"]
    assert found["reference"] == ()


def test_the_report_of_one_check_shows_them_also_in_a_quick_run(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gpusetup.report.console.WIDTH_WHEN_PIPED", 160)
    world.add("cost", pytorch=RIGHT)
    proof = world.prove("cost", frameworks=("pytorch",), repeat=1)
    packed = pack([noted_run("NVIDIA A100-SXM4-80GB", "108", "float32", "cost", "cuda:0", MEASURES)])
    stub = msgspec.structs.replace(
        proof, runs=packed.runs, environments=packed.environments, layouts=packed.layouts, verdicts=()
    )
    assert stub.profile == "quick"
    reported.show(stub)
    shown = capsys.readouterr().out
    assert f"cost · {TABLE}" in shown
    assert "15.6 TFLOP/s, 80% of 19.5 (float32, peak-a100-sxm4-80gb)" in shown


def test_every_figure_is_one_that_a_row_can_have() -> None:
    row = peak_by_name(facts(), "NVIDIA A100-SXM4-80GB")
    for one in datasheet._figures():
        assert one.against == "precision" or getattr(row, one.against) > 0

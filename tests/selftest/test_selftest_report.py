"""The report: one line per check and framework however many seeds, failures in full, and formats for programs."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import msgspec
import pytest

from gpusetup.report import selftest as report
from gpusetup.report.formats.junit import junit
from gpusetup.report.selftest_formats import outcomes
from gpusetup.selftest.proof import Proof
from gpusetup.value import schema, to_json
from tests.selftest.small_world import RIGHT, World

ODD = RIGHT.replace("np.arange(4) / 3", "np.arange(4) / 3 + (job.seed == 2) * 1e-3")


def text(proof: Proof, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int = 110) -> str:
    monkeypatch.setattr("gpusetup.report.console.WIDTH_WHEN_PIPED", width)
    report.show(proof)
    return capsys.readouterr().out


def test_many_seeds_are_one_line_and_the_failure_is_told_in_full(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    world.add("fine", pytorch=RIGHT, tensorflow=RIGHT)
    world.add("odd", pytorch=ODD, tensorflow=RIGHT)
    proof = world.prove("fine", "odd", seeds=(0, 1, 2, 3), repeat=1)
    shown = text(proof, capsys, monkeypatch)
    table = shown.split("\n\n")[1].splitlines()
    assert [line.split()[:2] for line in table[1:]] == [
        ["fine", "pytorch"], ["fine", "tensorflow"], ["odd", "pytorch"], ["odd", "tensorflow"],
    ]  # fmt: skip
    assert "FAILED 1/4" in table[3]
    assert "ok 4" in table[1]
    assert shown.count("PARITY odd · pytorch · cpu") == 1
    assert "first[" in shown
    assert "seed 2" in shown


def test_it_fits_eighty_columns_with_every_verdict(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rate = RIGHT + "    record.measure('letters per second', 123456.0)\n"
    world.add("transformer", pytorch=rate, tensorflow=rate)
    before = world.prove("transformer")
    shown = text(world.prove("transformer", baseline=before), capsys, monkeypatch, 80)
    assert max(map(len, shown.splitlines())) <= 80
    assert "…" not in shown
    assert "123k letters/s" in shown


def test_what_nobody_asked_for_only_counts_unless_there_is_nothing_else(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    world.add("one", pytorch=RIGHT)
    [answer] = {run.result.fingerprint for run in world.prove("one", repeat=1).runs if run.result}
    file = world.folder / "one" / "check.toml"
    file.write_text(file.read_text("utf-8") + f'[fingerprint]\n"quick, seed 0" = "{answer}"\n', "utf-8")
    proof = world.prove("one", frameworks=("pytorch",), seeds=(0, 1), repeat=1)
    shown = text(proof, capsys, monkeypatch)
    assert "ok 1/2" in shown
    assert "open 2/2" in shown
    assert "published: no fingerprint is published for seed 1 of a quick run (one in pytorch)" in shown
    assert (proof.concluded().exit_code, proof.concluded().exact) == (0, ())


def test_an_agreement_is_shown_for_both_sides(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    world.add("fine", pytorch=RIGHT, tensorflow=RIGHT)
    lines = text(world.prove("fine", repeat=1), capsys, monkeypatch).split("\n\n")[1].splitlines()
    assert [line.split()[2:5] for line in lines[1:]] == [["ok", "ok", "ok"]] * 2


def test_the_reference_has_a_line_only_when_something_is_wrong_with_it(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    world.add("fine", pytorch=RIGHT)
    world.add("lawless", reference=RIGHT.replace("1 == 1, ", "1 == 2, "), pytorch=RIGHT)
    proof = world.prove("fine", "lawless", frameworks=("pytorch",), repeat=1)
    lines = text(proof, capsys, monkeypatch).split("\n\n")[1].splitlines()
    subjects = [line.split()[:2] for line in lines[1:]]
    assert subjects == [["fine", "pytorch"], ["lawless", "pytorch"], ["lawless", "reference"]]


def test_junit_has_a_case_for_every_verdict(world: World) -> None:
    world.add("odd", pytorch=ODD, tensorflow=RIGHT)
    proof = world.prove("odd", seeds=(0, 2), repeat=1)
    suite = ET.fromstring(junit(outcomes(proof)))
    cases = suite.findall("testcase")
    assert len(cases) == len(proof.verdicts) == int(suite.attrib["tests"])
    broken = [case for case in cases if case.find("failure") is not None]
    assert {(case.attrib["classname"], case.attrib["name"]) for case in broken} >= {
        ("odd · pytorch · cpu", "parity, seed 2")
    }
    said = next(case.find("failure") for case in broken)
    assert said is not None
    assert "ulps" in (said.text or "")
    for element, required in (("error", True), ("skipped", False)):
        told = [one for one in proof.verdicts if one.state == "unproven" and one.required is required]
        assert len(suite.findall(f"testcase/{element}")) == len(told)


def test_every_proof_is_what_its_published_schema_says(world: World) -> None:
    world.add("odd", pytorch=ODD, tensorflow="def run(job, record): raise ValueError('gone')")
    proof = world.prove("odd", seeds=(0, 2), baseline=world.prove("odd", seeds=(0,)))
    from jsonschema import Draft202012Validator

    validator = Draft202012Validator(schema(Proof))
    whole = msgspec.json.decode(to_json(proof, indent=0))
    assert list(validator.iter_errors(whole)) == []
    del whole["runs"][0]["job"]["seed"]
    assert list(validator.iter_errors(whole)) != []

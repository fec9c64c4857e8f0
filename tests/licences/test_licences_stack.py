"""The licences of a planned stack, and the freer ones that stand in for it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import msgspec
import pytest

from gpusetup.facts import facts
from gpusetup.licences.cyclonedx import bill
from gpusetup.licences.freer import freer, not_free
from gpusetup.licences.judge import judge
from gpusetup.licences.model import Licences, Part
from gpusetup.licences.of_stack import parts_of
from gpusetup.resolve import resolve
from gpusetup.resolve.model import Built, Request, Stack
from tests.stacks import ADA, PASCAL
from tests.support import Run

ON_GPU = Request(release="44", cards=(ADA,))


def stack(request: Request) -> Stack:
    return resolve(request, facts())


def keys(request: Request) -> dict[str, Part]:
    return {part.key: part for part in judge(parts_of(stack(request), facts()), facts())}


def test_every_part_of_a_planned_stack_has_a_licence_on_record() -> None:
    for request in (ON_GPU, Request(release="44", cards=(PASCAL,)), Request(release="44")):
        for part in keys(request).values():
            if part.key != "host/nvidia-container-toolkit-base":
                assert part.fact, part
                assert part.free is not None


def test_what_is_built_on_the_host_is_listed_too() -> None:
    made = stack(Request(release="44", frameworks=("torch",)))
    (one,) = made.environments
    built = (Built(text="flash-attn==2.8.3"), Built(text="odd_name"))
    made = msgspec.structs.replace(made, environments=(msgspec.structs.replace(one, built=built),))
    found = {part.key: part.version for part in judge(parts_of(made, facts()), facts())}
    assert (found["pypi/flash-attn"], found["pypi/odd-name"]) == ("2.8.3", "")


def test_pascal_has_proprietary_modules_and_ada_open_ones_with_firmware() -> None:
    assert {"host/nvidia-modules-proprietary"} == {
        key for key in keys(Request(release="44", cards=(PASCAL,))) if "modules" in key
    }
    ada = keys(ON_GPU)
    assert ada["host/nvidia-modules-open"].free is True
    assert ada["host/nvidia-gsp-firmware"].free is False


def test_a_cpu_wheel_of_torch_holds_what_its_metadata_does_not_name() -> None:
    assert keys(Request(release="44", frameworks=("torch",)))["inside/torch-x86_64"].free is False
    assert "inside/torch-x86_64" not in keys(Request(release="44", frameworks=("tensorflow",)))
    assert "inside/torch-x86_64" not in keys(Request(release="44", frameworks=("torch",), machine_arch="aarch64"))


def test_a_wheel_whose_hash_a_fact_knows_bears_it() -> None:
    part = keys(Request(release="44", frameworks=("tensorflow",)))["pypi/tensorflow-cpu"]
    (sha256,) = (row.sha256 for row in facts().wheel if (row.package, row.release) == ("tensorflow-cpu", part.version)
                 and row.python == stack(Request(release="44", frameworks=("tensorflow",))).environments[0].python
                 and row.machine == "x86_64")  # fmt: skip
    assert part.sha256 == sha256
    assert part.purl == f"pkg:pypi/tensorflow-cpu@{part.version}"


def test_freer_stacks_have_ever_fewer_parts_that_are_not_free_and_say_what_they_give_up() -> None:
    found = freer(stack(ON_GPU), facts())
    counts = [len(not_free(stack(ON_GPU), facts())), *(len(one.not_free) for one in found)]
    assert counts == sorted(counts, reverse=True)
    assert len(set(counts)) == len(counts)
    assert found[-1].not_free == ()
    assert "GPU" in found[-1].gives_up
    assert all(one.options for one in found)


def test_a_stack_that_is_free_has_no_freer_one() -> None:
    assert freer(stack(Request(release="44", frameworks=("tensorflow",))), facts()) == ()


@pytest.mark.slow
@pytest.mark.parametrize("request_", [ON_GPU, Request(release="44")], ids=["gpu", "cpu"])
def test_the_bill_of_materials_is_valid_by_the_official_schema(request_: Request) -> None:
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    report = Licences(subject="Stack", parts=judge(parts_of(stack(request_), facts()), facts()))
    text = bill(report)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text.replace('"library"', '"librar"')) is not None
    said = {one["name"]: one for one in json.loads(text)["components"]}
    assert said.keys() == {part.name for part in report.parts}
    assert said["torch"]["licenses"] == [{"license": {"id": "BSD-3-Clause"}}]


def test_one_report_gives_one_bill_on_a_fixed_day(monkeypatch: pytest.MonkeyPatch) -> None:
    report = Licences(subject="x", parts=judge(parts_of(stack(ON_GPU), facts()), facts()))
    monkeypatch.setitem(os.environ, "SOURCE_DATE_EPOCH", "1700000000")
    assert bill(report) == bill(report)
    assert json.loads(bill(report))["metadata"]["timestamp"].startswith("2023-11-14T22:13:20")


def test_the_command_shows_what_is_not_free_first_and_how_to_be_freer(gpusetup: Run, tmp_path: Path) -> None:
    done = gpusetup("licences", "--gpu", "RTX 4090", "--release", "44", "--sbom", tmp_path / "bom.json")
    assert done.returncode == 0, done.stderr
    first = done.stdout.splitlines()[2]
    assert " no " in first
    assert "--gpu none --framework tensorflow — everything is free" in done.stdout
    assert json.loads((tmp_path / "bom.json").read_text())["bomFormat"] == "CycloneDX"
    report = json.loads(gpusetup("licences", "--gpu", "RTX 4090", "--release", "44", "--json").stdout)
    assert {part["free"] for part in report["parts"]} >= {True, False}


def test_this_host_is_listed_from_its_wheels_own_metadata(gpusetup: Run) -> None:
    parts = {part["key"]: part for part in json.loads(gpusetup("licences", "--installed", "--json").stdout)["parts"]}
    assert (parts["pypi/pytest"]["spdx"], parts["pypi/pytest"]["free"]) == ("MIT", True)
    assert parts["inside/torch-x86_64"]["free"] is False


def test_another_host_is_listed_as_far_as_it_was_read(gpusetup: Run, tmp_path: Path) -> None:
    saved = tmp_path / "machine.json"
    gpusetup("detect", "--output", saved)
    machine = json.loads(saved.read_text())
    machine["distributions"] = [{"name": "torch", "version": "2.13.0", "location": "/somewhere/else"},
                                {"name": "unheard-of", "version": "1", "location": "/somewhere/else"}]  # fmt: skip
    saved.write_text(json.dumps(machine))
    done = gpusetup("licences", "--installed", "--machine", saved, "--json")
    parts = {part["key"]: part["free"] for part in json.loads(done.stdout)["parts"]}
    assert (parts["pypi/torch"], parts["pypi/unheard-of"]) == (True, None)

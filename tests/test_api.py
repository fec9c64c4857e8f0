"""The public API: its page is run, it is lazy, and it says what the commands say."""

from __future__ import annotations

import doctest
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import gpusetup as api
from gpusetup.errors import WrongInputError
from gpusetup.selftest.model import REFERENCE
from tests.support import ROOT, Run, module
from tools.samples import laptop

PAGE = ROOT / "docs/api.md"
FRAMEWORKS = "# doctest: +FRAMEWORKS"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "laptop.json").write_text(laptop())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def examples(*, frameworks: bool) -> doctest.DocTest:
    """Return the page's examples, those that train in a framework or all others."""
    found = doctest.DocTestParser().get_doctest(PAGE.read_text().replace(FRAMEWORKS, "# slow"), {}, "api", str(PAGE), 0)
    found.examples = [
        one
        for one in found.examples
        if one.source.startswith(("import", "from")) or ("# slow" in one.source) == frameworks
    ]
    return found


def run(examples: doctest.DocTest) -> doctest.TestResults:
    told: list[str] = []
    result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(examples, out=told.append)
    assert not result.failed, "".join(told)
    return result


def test_the_examples_of_the_page_give_what_it_shows(folder: Path) -> None:
    assert run(examples(frameworks=False)).attempted > 12


@pytest.mark.frameworks
def test_the_examples_that_train_give_what_the_page_shows(folder: Path) -> None:
    module("torch")
    assert run(examples(frameworks=True)).attempted == 6
    proof = api.load(folder / "proof.json", api.Proof)
    assert {one.job.framework for one in proof.runs} == {"pytorch", REFERENCE}


def test_a_wrong_page_would_fail() -> None:
    wrong = doctest.DocTestParser().get_doctest(">>> 1 + 1\n3\n", {}, "wrong", None, 0)
    assert doctest.DocTestRunner().run(wrong, out=lambda _: None).failed == 1


def test_every_public_name_is_there_and_on_the_page() -> None:
    page = PAGE.read_text()
    for name in api.__all__:
        assert getattr(api, name) is not None
        assert name in {"__version__", "Finding"} or name in page
    assert set(api.__all__) <= set(dir(api))


def test_every_field_that_the_page_names_is_there() -> None:
    named = re.findall(r"`([A-Z]\w+)\.(\w+)`", PAGE.read_text())
    assert len(named) > 20
    assert [(kind, field) for kind, field in named if not hasattr(getattr(api, kind), field)] == []


def test_a_name_that_does_not_exist_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = api.nothing  # type: ignore[attr-defined]


def test_importing_the_package_loads_nothing_else() -> None:
    code = "import sys; before = set(sys.modules); import gpusetup; print(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["gpusetup"]


def test_it_says_what_the_commands_say(folder: Path, gpusetup: Run) -> None:
    machine = api.load(folder / "laptop.json", api.Machine)
    said = json.loads(gpusetup("doctor", "--machine", "laptop.json", "--json").stdout)
    told = json.loads(api.to_json(api.examine(machine)))
    assert {**told, "findings": 0} == {**said, "findings": 0}
    assert [one for one in told["findings"] if one["state"] != "ok"] == [
        one for one in said["findings"] if one["state"] != "ok"
    ]
    planned = json.loads(gpusetup("plan", "--machine", "laptop.json", "--json").stdout)
    assert json.loads(api.to_json(api.plan(machine))) == planned


def test_a_machine_without_a_gpu_is_planned_for_with_a_warning() -> None:
    machine = api.load(ROOT / "tests/doctor/hosts/no_gpu.json", api.Machine)
    with pytest.warns(api.AssumptionWarning, match="no NVIDIA GPU"):
        assert api.plan(machine).driver is None
    assert api.examine(machine, require_gpu=True).findings[0].state == "error"
    assert api.examine(machine).verdict == "no-gpu"


def test_deep_is_of_this_host_alone(tmp_path: Path) -> None:
    with pytest.raises(WrongInputError, match="this host"):
        api.detect(sysroot=str(tmp_path), deep=1)

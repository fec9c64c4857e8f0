"""`seed_everything`, `deterministic` and the audit, each in a process of its own, as a script uses them."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from gpusetup.determinism.effects import SETTINGS, VARIABLES
from gpusetup.determinism.generators import SEEDERS
from gpusetup.determinism.later import forget, when_imported
from gpusetup.determinism.remains import rows
from gpusetup.determinism.startup import started_with
from gpusetup.determinism.table import Variable, table
from tests.support import module

HEAD = "import json, os, random, sys, warnings\nwarnings.simplefilter('ignore')\nimport gpusetup\n"


def script(body: str, **variables: str) -> Any:
    """Run the lines of a script; return what its last line prints, as JSON."""
    found = subprocess.run(
        [sys.executable, "-c", HEAD + body], capture_output=True, text=True, check=False,
        env={"PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"} | variables,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    return json.loads(found.stdout.splitlines()[-1])


def switches(body: str = "", **variables: str) -> dict[str, list[str]]:
    """Return the switches without effect of a script: name → state and what to do."""
    lines = f"{body}\nprint(json.dumps({{one.name: [one.state, one.instead] for one in gpusetup.audit_switches()}}))"
    found: dict[str, list[str]] = script(lines, **variables)
    return found


DRAWN = "print(json.dumps([random.random(), numpy.random.rand()]))"


def test_what_is_imported_later_is_seeded_then() -> None:
    module("numpy")
    early, late, other = (
        script(f"{before}gpusetup.seed_everything({seed})\nimport numpy\n{DRAWN}")
        for before, seed in (("import numpy.random\n", 3), ("", 3), ("", 4))
    )
    assert early == late
    assert all(one != another for one, another in zip(early, other, strict=True))


def test_who_only_asks_whether_there_is_a_module_does_not_take_its_seed_away() -> None:
    """Libraries probe for others, and an import may fail the first time."""
    module("numpy")
    probe = "import importlib.util\nimportlib.util.find_spec('numpy.random')\nimport numpy\n"
    asked, plain = (
        script(f"{before}gpusetup.seed_everything(3)\n{after}{DRAWN}")
        for before, after in (("", probe), ("import numpy\n", ""))
    )
    assert asked == plain


def test_an_owner_of_many_blocks_is_kept_once() -> None:
    body = """
from gpusetup.repro.injected._gpusetup_repro import imports
for _ in range(20):
    with gpusetup.deterministic():
        pass
print(json.dumps([len(hooks) for hooks in imports._WANTED.values()]))
"""
    counts = script(body)
    assert counts
    assert set(counts) == {1}


def test_the_last_seed_counts() -> None:
    module("numpy")
    body = f"gpusetup.seed_everything(1)\ngpusetup.seed_everything({{}})\nimport numpy\n{DRAWN}"
    assert script(body.format(2)) == script(body.format(2)) != script(body.format(1))


def test_what_is_no_seed_is_refused() -> None:
    body = """
found = []
for seed in (-1, 2**32, 1.5, True, "0", None):
    try:
        gpusetup.seed_everything(seed)
    except gpusetup.GpusetupError as error:
        found.append(str(error))
print(json.dumps(found))
"""
    assert len(script(body)) == 6


def test_it_says_what_it_did_and_what_it_cannot_promise() -> None:
    body = (
        "found = gpusetup.seed_everything(0)\nprint(json.dumps([found.done, found.waiting, found.remains, str(found)]))"
    )
    done, waiting, remains, text = script(body)
    assert done == ["random.seed(0)"]
    assert waiting == [seeder.title for seeder in SEEDERS[1:]]
    assert any("PYTHONHASHSEED=0" in one for one in remains)
    assert all(one in text for one in (*done, *waiting, *remains))
    assert not any("PYTHONHASHSEED" in one for one in script(body, PYTHONHASHSEED="0")[2])


def test_importing_the_package_loads_none_of_it() -> None:
    assert script("print(json.dumps([one for one in sys.modules if one.startswith('gpusetup.')]))") == []


TORCH = """
early = gpusetup.deterministic()
import torch
later = torch.are_deterministic_algorithms_enabled()
early.restore()
def state():
    return [torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.benchmark,
            torch.backends.cudnn.deterministic, os.environ.get("CUBLAS_WORKSPACE_CONFIG")]
torch.backends.cudnn.benchmark = True
before = state()
with gpusetup.deterministic() as settings:
    inside = state()
after = state()
@gpusetup.deterministic(seed=5)
def decorated():
    return [state(), torch.rand(1).item()]
try:
    gpusetup.deterministic(lambda: 1 / 0)()
except ZeroDivisionError:
    pass
kept = gpusetup.deterministic()
held = state()
kept.restore()
kept.restore()
print(json.dumps([later, before, inside, after, state(), decorated() == decorated(), decorated()[0], held, state()]))
"""


@pytest.mark.frameworks
def test_switches_hold_inside_and_are_taken_back() -> None:
    module("torch")
    later, before, inside, after, decorating, same, within, held, restored = script(TORCH)
    assert before == after == decorating == restored == [False, True, False, None]
    assert inside == within == held == [True, False, True, ":4096:8"]
    assert same
    assert later


def test_what_is_imported_after_the_end_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "toy_library.py").write_text("")
    (tmp_path / "other_library.py").write_text("")
    seen: list[object] = []
    owner = object()
    assert not when_imported("toy_library", owner, seen.append)
    assert not when_imported("other_library", owner, seen.append)
    toy = importlib.import_module("toy_library")
    forget(owner)
    importlib.import_module("other_library")
    assert seen == [toy]
    assert when_imported("toy_library", owner, seen.append)
    assert seen == [toy, toy]


@pytest.mark.frameworks
def test_tensorflow_s_switch_is_taken_back_too() -> None:
    module("tensorflow")
    body = """
from tensorflow.python.framework import config
import tensorflow
with gpusetup.deterministic(seed=1):
    inside = [config.is_op_determinism_enabled(), float(tensorflow.random.uniform([]))]
with gpusetup.deterministic(seed=1):
    again = [config.is_op_determinism_enabled(), float(tensorflow.random.uniform([]))]
after = config.is_op_determinism_enabled()
os.environ["TF_DETERMINISTIC_OPS"] = "1"
print(json.dumps([inside, again, after, {one.name: one.state for one in gpusetup.audit_switches()}]))
"""
    inside, again, after, audited = script(body, TF_CUDNN_DETERMINISTIC="1")
    assert audited == {"TF_CUDNN_DETERMINISTIC": "limited", "TF_DETERMINISTIC_OPS": "too late"}
    assert inside == again
    assert inside[0]
    assert not after


@pytest.mark.frameworks
def test_jax_s_flag_is_too_late_once_it_has_a_backend() -> None:
    module("jax")
    body = """
import jax
with gpusetup.deterministic() as early:
    flags = os.environ["XLA_FLAGS"]
jax.numpy.zeros(1)
late = gpusetup.deterministic()
print(json.dumps([flags, "XLA_FLAGS" in os.environ, [one.state for one in early.switches],
                  [[one.name, one.state] for one in late.settings.switches]]))
"""
    flags, kept, early, late = script(body, JAX_PLATFORMS="cpu")
    assert flags == "--xla_gpu_deterministic_ops=true"
    assert not kept
    assert early == []
    assert ["XLA_FLAGS", "too late"] in late


@pytest.mark.parametrize(
    ("body", "variables", "name", "state"),
    [
        ("os.environ['PYTHONHASHSEED'] = '0'", {}, "PYTHONHASHSEED", "too late"),
        ("", {"CUBLAS_WORKSPACE_CONFIG": "4096:8"}, "CUBLAS_WORKSPACE_CONFIG", "no effect"),
        ("", {"CUBLAS_WORKSPACE_CONF": ":4096:8"}, "CUBLAS_WORKSPACE_CONF", "misspelt"),
        ("", {"PYTHON_HASHSEED": "0"}, "PYTHON_HASHSEED", "misspelt"),
        ("", {"TORCH_DETERMINISTIC": "1"}, "TORCH_DETERMINISTIC", "unknown"),
        ("", {"ATEN_CPU_CAPABILITY": "AVX2"}, "ATEN_CPU_CAPABILITY", "no effect"),
        ("", {"OMP_NUM_THREADS": "two"}, "OMP_NUM_THREADS", "no effect"),
    ],
)  # fmt: skip
def test_a_switch_without_effect_is_found(body: str, variables: dict[str, str], name: str, state: str) -> None:
    assert switches(body, **variables)[name][0] == state


GOOD = {
    "PYTHONHASHSEED": "0", "CUBLAS_WORKSPACE_CONFIG": ":16:8", "ATEN_CPU_CAPABILITY": "default",
    "TF_DETERMINISTIC_OPS": "1", "OMP_NUM_THREADS": "1", "JAX_ENABLE_XLA": "1", "FLASH_ATTENTION_DETERMINISTIC": "1",
    "PL_GLOBAL_SEED": "3", "TF_XLA_FLAGS": "", "OMP_NUM_TEAMS": "1",
}  # fmt: skip
AUDITED = """
import torch
def found():
    return {one.name: one.state for one in gpusetup.audit_switches()}
torch.use_deterministic_algorithms(True)
good = found()
torch.use_deterministic_algorithms(True, warn_only=True)
torch.backends.cudnn.deterministic = torch.backends.cudnn.benchmark = True
os.environ |= {"OMP_NUM_THREADS": "2", "MKL_CBWR": "AVX2"}
bad = found()
torch.use_deterministic_algorithms(True)
torch.utils.deterministic.fill_uninitialized_memory = False
print(json.dumps([good, bad, found()["torch.use_deterministic_algorithms"]]))
"""


@pytest.mark.frameworks
def test_switches_that_work_are_not_accused_and_others_are() -> None:
    module("torch")
    good, bad, unfilled = script(AUDITED, **GOOD)
    assert good == {}
    assert bad == {
        "torch.use_deterministic_algorithms": "limited", "torch.backends.cudnn.deterministic": "limited",
        "OMP_NUM_THREADS": "too late", "MKL_CBWR": "unknown",
    }  # fmt: skip
    assert unfilled == "limited"


def test_every_row_of_the_tables_can_be_used() -> None:
    assert {row.effect for row in table().variable} - {""} == set(VARIABLES)
    assert {row.id for row in table().setting} == set(SETTINGS)
    for sourced in (*table().variable, *table().setting, *rows()):
        assert getattr(sourced, "source", "")
    assert started_with() is not None
    text = (Path(__file__).parents[2] / "gpusetup/determinism/switches.toml").read_text()
    assert len(tomllib.loads(text)["variable"]) == len({row.name for row in table().variable})


@pytest.mark.parametrize(
    ("pairs", "whole", "value", "accepted"),
    [(True, False, ":4096:8:16:8", True), (True, False, ":4096", False), (True, False, "4096:8", False),
     (True, False, ":a:8", False), (False, True, "4,2", True), (False, True, "0", False), (False, True, "", False)],
)  # fmt: skip
def test_values_are_read_as_the_libraries_read_them(pairs: bool, whole: bool, value: str, accepted: bool) -> None:
    row = next(row for row in table().variable if row.pairs is pairs and row.whole is whole and not row.values)
    assert isinstance(row, Variable)
    assert row.accepts(value) is accepted

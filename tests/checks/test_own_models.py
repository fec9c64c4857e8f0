"""The list on five models as people write them, in PyTorch, and on one of Keras or JAX: what it says of each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.checks.planted import ROOT
from tests.support import drawn

MODELS = Path(__file__).with_name("models")
PROGRAM = """
import importlib, json, sys
from dataclasses import replace
from checks import training_recipe
from checks.common.job import Job
from checks.common.record import Recorder

framework, *files = sys.argv[1:]
where = dict(framework=framework, device="cpu", seed=0, round=1, profile="quick", threads=1, trace="", log="")
importlib.import_module(f"checks.common.{framework}").prepare(Job(check="training_recipe", **where))
backend, found = importlib.import_module(f"checks.training_recipe.{framework}"), {}
for file in files:
    record = Recorder(lambda *_: None)
    training_recipe.prove(backend, Job(check="training_recipe", model=file + ":build", **where), record)
    found[file] = record.result()
print(json.dumps(found))
"""


def looked_at(framework: str, *names: str) -> dict[str, dict[str, tuple[bool, str]]]:
    """Return of each model what was looked at, whether it holds, and what was measured."""
    files = [str(MODELS / f"{name}_{framework}.py") for name in names]
    variables = {"KERAS_BACKEND": "tensorflow", "CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM, framework, *files],
        env=os.environ | variables | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return {
        name: {one["name"]: (one["holds"], one["detail"]) for one in result["invariants"]}
        for name, result in zip(names, json.loads(done.stdout.splitlines()[-1]).values(), strict=True)
    }


LOST = "float32 loses nothing that float64 keeps"


def wrong(found: dict[str, tuple[bool, str]]) -> list[str]:
    return [name for name, (holds, _) in found.items() if not holds]


Looked = dict[str, dict[str, tuple[bool, str]]]
SOUND, TOO_NARROW = ("cnn", "lstm", "transformer", "gnn", "view"), ("variance", "half", "written")


@pytest.fixture(scope="module")
def of_pytorch() -> Looked:
    """Return what was looked at in each model of PyTorch: one process loads it for all."""
    return looked_at("pytorch", *SOUND, *TOO_NARROW)


@pytest.mark.frameworks
@pytest.mark.slow
def test_sound_models_are_not_accused_and_a_view_for_a_permute_is_found(of_pytorch: Looked) -> None:
    found = {name: of_pytorch[name] for name in SOUND}
    assert {name: wrong(one) for name, one in found.items() if name != "view"} == {
        "cnn": [], "lstm": [], "transformer": [], "gnn": []
    }  # fmt: skip
    assert "output i depends on input i alone" in wrong(found["view"])
    assert "the gradient of output 0 reaches input 1" in found["view"]["output i depends on input i alone"][1]
    assert "not their shares" in found["transformer"]["accumulated gradients are those of the large batch"][1]
    assert "output i depends on input i alone" not in found["gnn"]
    assert all(LOST in one for one in found.values()), "each was compared with itself in float64"


@pytest.mark.frameworks
@pytest.mark.slow
def test_a_model_that_float32_does_not_suffice_for_is_found(of_pytorch: Looked) -> None:
    found = {name: of_pytorch[name] for name in TOO_NARROW}
    assert LOST in wrong(found["variance"])
    assert LOST in wrong(found["half"])
    assert LOST not in found["written"], "float32 is written into it, so that it cannot be compared"


@pytest.mark.frameworks
@pytest.mark.slow
def test_models_of_keras_and_jax_are_not_accused() -> None:
    for framework, name in drawn("own models", [("tensorflow", "cnn"), ("jax", "mlp")], 1):
        assert wrong(looked_at(framework, name)[name]) == []

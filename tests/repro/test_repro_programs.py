"""Small programs that do not reproduce, or do so only here, each with its cause in its first line; and some that do."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from gpusetup.repro.axes import axes, chosen, usable
from gpusetup.repro.model import Repro
from gpusetup.repro.search import Search
from gpusetup.repro.trial import Bench, Command

PROGRAMS = Path(__file__).parent / "programs"
RACE, ELSEWHERE = "threads that race", "a file elsewhere"

pytestmark = pytest.mark.slow


def programs(kind: str) -> list[str]:
    return sorted(path.stem for path in (PROGRAMS / kind).glob("*.py"))


def expected(path: Path) -> str:
    found = re.search(r'Depends on: (.*)"""', path.read_text())
    assert found, f"{path} names no cause"
    return found[1]


@pytest.fixture
def find(tmp_path: Path):  # type: ignore[no-untyped-def]
    """Search the results of one program for what they depend on."""

    def run(path: Path, *, vary: str = "", bisect: bool = False) -> Repro:
        folder, scratch = tmp_path / "folder", tmp_path / "scratch"
        folder.mkdir()
        scratch.mkdir()
        (folder / "program.py").write_bytes(path.read_bytes())
        command = Command((sys.executable, "program.py"), folder, 60)
        found = Search(
            command, Bench(command, scratch, lambda _: None), vary=chosen(vary), bisect=bisect, search=not bisect
        ).find()
        assert os.listdir(folder) == ["program.py"], "the user's folder is as it was"
        return found

    return run


@pytest.mark.parametrize("name", programs("differing"))
def test_what_differs_is_found_and_its_cause_named(name: str, find, tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("STATE", str(tmp_path))
    path = PROGRAMS / "differing" / f"{name}.py"
    cause = expected(path)
    found = find(path)
    assert not found.reproduces
    assert found.difference is not None
    if cause in {RACE, ELSEWHERE}:
        assert found.fixed is False, "none of the axes can hold it"
        assert found.trials[0].threads == (cause == RACE)
        assert found.trials[0].elsewhere == ((str(tmp_path / "counter"),) if cause == ELSEWHERE else ())
        return
    for axis in cause.split():
        if why := usable(axes()[axis].fixed.prefix):
            pytest.skip(f"{axis}: {why}")
    assert found.fixed
    assert set(found.causes()) == set(cause.split())


@pytest.mark.parametrize("name", programs("latent"))
def test_what_would_differ_elsewhere_is_found_by_varying(name: str, find) -> None:  # type: ignore[no-untyped-def]
    path = PROGRAMS / "latent" / f"{name}.py"
    found = find(path, vary=expected(path))
    assert found.reproduces
    assert found.causes() == (expected(path),)


@pytest.mark.parametrize("name", programs("same"))
def test_what_reproduces_is_not_accused(name: str, find) -> None:  # type: ignore[no-untyped-def]
    found = find(PROGRAMS / "same" / f"{name}.py")
    assert found.reproduces
    assert found.items
    assert len(found.trials) == 2, "nothing more is run"


def test_each_axis_of_chance_has_a_program() -> None:
    named = {axis for kind in ("differing", "latent") for name in programs(kind)
             for axis in expected(PROGRAMS / kind / f"{name}.py").split()}  # fmt: skip
    of_frameworks = {"torch-random", "tensorflow-random", "kernels"}
    missing = {axis.name for axis in axes().values() if axis.kind == "chance"} - named - of_frameworks
    assert not missing


@pytest.mark.frameworks
def test_the_line_that_first_differs_is_found_in_a_training(find, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    program = tmp_path / "train.py"
    program.write_text(TRAINING)
    found = find(program, bisect=True)
    assert found.difference.output == "model.pt"
    assert found.difference.item == "model.weight"
    assert found.operation is not None
    assert found.operation.callers[0] == "program.py:7 <module>"


TRAINING = """
import numpy as np
import torch

torch.manual_seed(0)
layer = torch.nn.Linear(4, 1)
x = torch.from_numpy(np.random.default_rng().random((8, 4), dtype=np.float32))
optimiser = torch.optim.SGD(layer.parameters(), 0.1)
layer(x).sum().backward()
optimiser.step()
torch.save({"model": layer.state_dict()}, "model.pt")
"""


KERAS = """
import keras
import numpy as np

keras.utils.set_random_seed(0)
x = np.random.default_rng().random((16, 4), dtype=np.float32)
model = keras.Sequential([keras.layers.Dense(1)])
model.compile("sgd", "mse")
model.fit(x, x[:, :1], epochs=1, batch_size=8, verbose=0)
np.savez("model.npz", *model.get_weights())
"""


@pytest.mark.frameworks
def test_the_operation_that_first_differs_is_found_in_a_fit(find, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    program = tmp_path / "train.py"
    program.write_text(KERAS)
    found = find(program, bisect=True)
    assert found.operation is not None
    assert found.operation.inputs_same is False
    assert found.operation.callers[0] == "program.py:9 <module>"

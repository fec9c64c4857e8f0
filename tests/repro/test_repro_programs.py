"""Small programs that do not reproduce, or do so only here, each with its cause in its first line; and some that do."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from gpusetup.repro.axes import axes, chosen, usable
from gpusetup.repro.model import Operation, Repro
from gpusetup.repro.operations import first_operation
from gpusetup.repro.search import Search
from gpusetup.repro.trial import PREFIX, Bench, Command
from tests.repro.causes import EVIDENCE, KINDS, Program, programs
from tests.support import drawn

pytestmark = pytest.mark.slow


def sample(kind: str, count: int) -> list[Program]:
    """Draw some of the programs that need no framework; benchmarks/repro_programs.py runs them all."""
    return drawn(f"programs for repro: {kind}", [one for one in programs(kind) if not one.heavy], count)


@pytest.fixture
def find(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Search the results of one program for what they depend on."""
    monkeypatch.setenv("STATE", str(tmp_path))

    def run(path: Path, *, vary: str = "", bisect: bool = False) -> Repro:
        folder, scratch = tmp_path / "folder", tmp_path / "scratch"
        folder.mkdir()
        scratch.mkdir()
        (folder / "program.py").write_bytes(path.read_bytes())
        command = Command((sys.executable, "program.py"), folder, 120)
        found = Search(
            command, Bench(command, scratch, lambda _: None), vary=chosen(vary), bisect=bisect, search=not bisect
        ).find()
        assert os.listdir(folder) == ["program.py"], "the user's folder is as it was"
        return found

    return run


@pytest.mark.parametrize("program", sample("differing", 4) + sample("threads", 1), ids=lambda one: one.path.stem)
def test_what_differs_is_found_and_its_cause_named(program: Program, find) -> None:  # type: ignore[no-untyped-def]
    for axis in program.cause.split() if program.cause not in EVIDENCE else ():
        if why := usable(axes()[axis].fixed.prefix):
            pytest.skip(f"{axis}: {why}")
    found = find(program.path, vary=",".join(program.asked))
    assert program.found(found)
    assert program.named(found), (program.cause, found.causes(), found.effects, found.notes)


@pytest.mark.parametrize("program", sample("latent", 2), ids=lambda one: one.path.stem)
def test_what_would_differ_elsewhere_is_found_by_varying(program: Program, find) -> None:  # type: ignore[no-untyped-def]
    found = find(program.path, vary=",".join(program.asked))
    assert found.reproduces
    assert program.named(found), (program.cause, found.causes(), found.effects)


@pytest.mark.parametrize("program", sample("same", 3), ids=lambda one: one.path.stem)
def test_what_reproduces_is_not_accused(program: Program, find) -> None:  # type: ignore[no-untyped-def]
    found = find(program.path)
    assert found.reproduces, found.difference
    assert found.items
    assert len(found.trials) == 2, "nothing more is run"


def test_what_goes_on_with_all_of_its_state_may_be_interrupted(find, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (whole,) = (one for one in programs("same") if one.path.stem == "full_resume")
    slow = tmp_path / "slow.py"
    step = '    state["step"] += 1\n'
    slow.write_text("import time\n" + whole.path.read_text().replace(step, f"{step}    time.sleep(0.05)\n"))
    assert slow.read_text().count("time.sleep") == 1
    (effect,) = find(slow, vary="interruption").effects
    assert (effect.state, effect.why) == ("none", "")


def test_each_axis_has_a_program() -> None:
    named = {axis for kind in KINDS for one in programs(kind) if one.cause not in EVIDENCE
             for axis in one.cause.split()}  # fmt: skip
    elsewhere = {"device", "processor", "workers"}
    """No GPU, no other processor and few workers are at hand."""
    assert set(axes()) - named == elsewhere


def test_there_are_as_many_programs_as_the_page_says() -> None:
    page = (Path(__file__).parents[2] / "docs" / "repro.md").read_text()
    assert len({one.path for kind in ("differing", "latent") for one in programs(kind)}) >= 20
    assert len(programs("same")) >= 20
    for kind in KINDS:
        assert f"| {len(programs(kind))} | `{kind}` |" in page


@pytest.mark.frameworks
def test_the_line_that_first_differs_is_found_in_a_training(find, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    program = tmp_path / "train.py"
    program.write_text(TRAINING)
    found = find(program, bisect=True)
    assert found.difference.output == "model.pt"
    assert found.difference.item == "model.weight"
    assert found.operation is not None
    assert found.operation.callers[0] == "program.py:7 <module>"


@pytest.mark.frameworks
@pytest.mark.parametrize("name", drawn("frameworks that are traced", ["KERAS", "JAX"], 1))
def test_the_operation_that_first_differs_is_found(name: str, tmp_path: Path) -> None:
    """As `Search` traces it; the two runs before, which tell that the program differs, are the same for all."""
    folder, scratch = tmp_path / "folder", tmp_path / "scratch"
    folder.mkdir()
    scratch.mkdir()
    (folder / "program.py").write_text({"KERAS": KERAS, "JAX": JAX}[name])
    bench, traces = Bench(Command((sys.executable, "program.py"), folder, 240), scratch, lambda _: None), []
    for number in (1, 2):
        traces.append(tmp_path / f"trace-{number}")
        traces[-1].mkdir()
        ended = bench.run("traced", extra={f"{PREFIX}TRACE": str(traces[-1])})
        assert (ended.trial.code, ended.trial.failed) == (0, {}), ended.said
    found = first_operation(traces[0], traces[1], str(scratch / "work"))
    expected = {"KERAS": (False, "program.py:9 <module>"), "JAX": (False, "program.py:12 <lambda>")}[name]
    assert isinstance(found, Operation)
    assert (found.inputs_same, found.callers[0]) == expected


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


JAX = """
import jax
import jax.numpy as jnp
import numpy as np
import optax

x = np.random.default_rng().random((8, 2), dtype=np.float32)
params = {"w": jnp.ones((2, 1)), "steps": jnp.arange(3.0)}
optimiser = optax.sgd(0.1)
state = optimiser.init(params)
same = jax.jit(lambda p: p["steps"].sum())(params)
loss = jax.jit(lambda p, x: jax.lax.scan(lambda c, r: (c + jnp.tanh(r @ p["w"]).sum(), None), 0.0, x)[0])
gradient = jax.jit(jax.grad(loss))(params, jnp.asarray(np.zeros((8, 2), np.float32)))
gradient = jax.jit(jax.grad(loss))(params, x)
updates, state = optimiser.update(gradient, state)
np.savez("params.npz", **{name: np.asarray(value) for name, value in optax.apply_updates(params, updates).items()})
"""

"""``--model FILE:FUNCTION``: what is read of a file before it is run, and what a proof of it may claim."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from gpusetup.errors import RefusedError, WrongInputError
from gpusetup.report.selftest_headline import headline
from gpusetup.selftest.own_model import CHECK, choose_frameworks, identify, read_model, require_alone
from gpusetup.selftest.proof import Proof
from gpusetup.selftest.prove import prove
from gpusetup.selftest.registry import checks
from gpusetup.selftest.schedule import Selection
from tests.each import each
from tests.selftest.small_world import World
from tests.strangers import MALLORY, give, needs_root
from tests.support import Run

SOURCE = "import torch\n\ndef build(): ...\n\ndef other(): ...\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/net.py").write_text(SOURCE)
    return tmp_path / "mine/net.py"


def test_a_file_is_read_and_not_run(file: Path) -> None:
    file.write_text(SOURCE + f"open({str(file.parent / 'ran')!r}, 'w')\n")
    found = read_model(f"{file}:other")
    assert (found.name, found.frameworks) == (f"{file}:other", ("pytorch",))
    assert not (file.parent / "ran").exists()


def test_without_a_name_the_function_is_build(file: Path) -> None:
    assert read_model(str(file)).function == "build"


WRONG = [
    ("net.py:nothing", SOURCE, "net.py has no function nothing: it has build, other"),
    ("net.py:build", "x = 1\n", "it has no function at all"),
    ("net.py:build", "import torch\ndef build(:\n", "net.py line 2 is not Python: "),
    ("net.py:build", "\0", "is not Python: "),
    ("net.py:two words", SOURCE, "'two words' is not the name of a function"),
    ("gone.py:build", SOURCE, "cannot read the model's file .*gone.py: No such file"),
    (".:build", SOURCE, "cannot read the model's file .*: Is a directory"),
]


@each("text, source, says", WRONG)
def test_a_wrong_file_is_named_with_what_is_wrong(text: str, source: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(source)
    with pytest.raises(WrongInputError, match=says):
        read_model(f"{tmp_path}/{text}")


@each(
    "source",
    ["from net import build\n", "from net import make as build\n", "build = print\n", "class build: ...\n",
     "from net import *\n"],
)  # fmt: skip
def test_a_function_may_come_from_elsewhere(source: str, tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(source)
    assert read_model(f"{tmp_path}/net.py:build").function == "build"


def test_the_framework_is_the_one_that_the_file_imports(file: Path) -> None:
    assert choose_frameworks(read_model(str(file)), ()) == ("pytorch",)
    file.write_text("def build():\n    from keras import layers\n    import tensorflow.nn\n")
    assert choose_frameworks(read_model(str(file)), ()) == ("tensorflow",)
    file.write_text("import torch, jax.numpy\ndef build(): ...\n")
    with pytest.raises(WrongInputError, match="imports pytorch and jax"):
        choose_frameworks(read_model(str(file)), ())
    assert choose_frameworks(read_model(str(file)), ("jax",)) == ("jax",)
    file.write_text("from .torch import x\nfrom mine import build\n")
    with pytest.raises(WrongInputError, match="imports no framework itself"):
        choose_frameworks(read_model(str(file)), ())


def test_another_check_and_data_are_refused(tmp_path: Path) -> None:
    require_alone((), None)
    require_alone((CHECK,), None)
    with pytest.raises(WrongInputError, match="and not gru"):
        require_alone(("gru",), None)
    with pytest.raises(WrongInputError, match="brings its own batch"):
        require_alone((), tmp_path)


def test_the_check_exists() -> None:
    assert CHECK in checks()


def test_a_changed_file_is_another_model(file: Path) -> None:
    check = checks()[CHECK]
    before = identify(check, f"{file}:build")
    assert before != identify(check, "")
    assert before == identify(check, f"{file}:other")
    file.write_text(SOURCE + "\n")
    assert before != identify(check, f"{file}:build")


@each("change", ["file", "beside", "folder"])
def test_what_everybody_can_write_is_not_run(change: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("mine")
    for name in ("net.py", "beside.py"):
        (folder / name).write_text(SOURCE)
    read_model(f"{folder}/net.py")
    {"file": folder / "net.py", "beside": folder / "beside.py", "folder": folder}[change].chmod(0o777)
    with pytest.raises(RefusedError, match="is world-writable"):
        read_model(f"{folder}/net.py")


def test_data_beside_a_model_may_be_anybodys(file: Path) -> None:
    (file.parent / "pictures.npz").write_text("")
    (file.parent / "pictures.npz").chmod(0o666)
    (file.parent / "link.npz").symlink_to(file.parent / "pictures.npz")
    read_model(str(file))


@needs_root
def test_root_runs_no_model_of_another_user(file: Path) -> None:
    give(file, MALLORY)
    with pytest.raises(RefusedError, match=f"belongs to user {MALLORY}"):
        read_model(str(file))


BACKEND = """
def run(job, record):
    assert job.model == "/a/net.py:build", job
    record.tensor("value", "outputs", [1.0, 2.0])
    record.invariant("it learns", {holds}, "measured")
"""


def proved(world: World, source: str) -> Proof:
    """Run a check with a user's model in a stand-in for PyTorch."""
    world.add("small", reference="raise SystemExit('a reference was run')", pytorch=source)
    selection = Selection(checks=("small",), pythons={"pytorch": sys.executable}, model="/a/net.py:build")
    found = {name: msgspec.structs.replace(one, digest="") for name, one in checks(world.folder).items()}
    return prove(selection, found, own_checks=world.folder)


@pytest.fixture(autouse=True)
def _no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gpusetup.selftest.prove.identify", lambda check, model: model)


def test_a_model_that_holds_is_proven_without_a_reference(world: World) -> None:
    proof = proved(world, BACKEND.format(holds=True))
    found = proof.concluded()
    assert (found.state, found.exit_code, found.level) == ("proven", 0, "L2")
    assert {run.job.framework for run in proof.runs} == {"pytorch"}
    assert headline(proof, found).startswith("PROVEN: net.py:build passes the sanity list in pytorch on cpu, with the ")
    assert not any("tensorflow" in gap for gap in proof.unproven)


def test_a_model_that_does_not_hold_fails(world: World) -> None:
    assert proved(world, BACKEND.format(holds=False)).concluded().exit_code == 1


def test_a_model_of_which_nothing_was_looked_at_is_not_proven(world: World) -> None:
    proof = proved(world, "def run(job, record):\n    record.tensor('value', 'outputs', [1.0])\n")
    assert (proof.concluded().state, proof.concluded().exit_code) == ("not proven", 3)


def test_a_file_that_is_wrong_ends_the_command_before_anything_runs(gpusetup: Run, tmp_path: Path) -> None:
    done: subprocess.CompletedProcess[str] = gpusetup("selftest", "--model", tmp_path / "gone.py")
    assert (done.returncode, done.stdout) == (2, "")
    assert "gone.py: No such file" in done.stderr

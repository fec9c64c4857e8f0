"""A framework that is older than a check needs is unsupported, and says so; one that is broken still fails."""

from __future__ import annotations

import sys
import tomllib
import types
from collections.abc import Callable
from pathlib import Path

import pytest

from checks.common import needs
from checks.common.draw import uniform
from gpusetup.content_dirs import content_root
from gpusetup.errors import WrongInputError
from gpusetup.selftest.registry import checks
from gpusetup.selftest.workers.exit_causes import of_error
from tests.selftest.small_world import DESCRIPTION, STUB, World

CHECKS = content_root() / "checks"
FOLDERS = [str(CHECKS)]
HERE = [str(Path(__file__).parent)]


@pytest.fixture
def old(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], types.ModuleType]:
    """Return what puts a module of a name and a version where imports look first."""

    def put(name: str, version: str) -> types.ModuleType:
        module = types.ModuleType(name)
        module.__version__ = version  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, name, module)
        return module

    return put


@pytest.mark.parametrize(
    ("here", "said"),
    [
        ("2.14.1", "needs TensorFlow 2.15 or newer, this is 2.14.1"),
        ("2.9", "needs TensorFlow 2.15 or newer, this is 2.9"),
        ("1.15.5", "needs TensorFlow 2.15 or newer, this is 1.15.5"),
        ("2.15", ""),
        ("2.15.0", ""),
        ("2.15.1+local", ""),
        ("2.16.0rc1", ""),
        ("2.20.0", ""),
        ("3.0.0.dev20270101", ""),
    ],
)
def test_versions_are_compared_as_numbers(old: Callable[[str, str], object], here: str, said: str) -> None:
    old("tensorflow", here)
    assert needs.lacking({"tensorflow": "2.15"}) == said


def test_all_that_is_too_old_is_said_and_what_is_not_imported_does_not_count(
    old: Callable[[str, str], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    old("jax", "0.4.20")
    old("optax", "0.1.9")
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    said = needs.lacking({"jax": "0.4.30", "optax": "0.2.2", "torch": "9"})
    assert said == "needs JAX 0.4.30 or newer, this is 0.4.20; optax 0.2.2 or newer, this is 0.1.9"


def test_a_check_may_need_a_newer_one_than_the_others() -> None:
    for_any, for_one = needs.oldest(FOLDERS), needs.oldest(FOLDERS, "transformer")
    assert (for_any["keras"], for_one["keras"]) == ("2.15", "3.6")
    assert for_any["numpy"] == for_one["numpy"]
    assert needs.oldest(FOLDERS, "exact") == for_any


def test_what_is_needed_is_stated_for_every_framework_and_never_older_than_for_all() -> None:
    for_any = needs.oldest(FOLDERS)
    assert set(for_any) == set(needs.NAMES)
    for check in checks().values():
        for module, version in check.needs.items():
            assert needs._older(for_any[module], version), f"{check.name}: {module}"


def test_a_need_of_something_else_is_one_clear_error(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "check.toml").write_text(f'{DESCRIPTION.split("[tolerance")[0]}\n[needs]\nscipy = "1.0"\n')
    with pytest.raises(WrongInputError, match="scipy"):
        checks(tmp_path)


def test_a_module_without_a_version_is_a_broken_installation(old: Callable[[str, str], types.ModuleType]) -> None:
    del old("tensorflow", "1").__version__
    with pytest.raises(RuntimeError, match="only parts of it are installed"):
        needs.lacking({"tensorflow": "2.15"})


def _raised(action: Callable[[], object]) -> BaseException:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever it is
        action()
    return caught.value


def test_what_a_check_asks_of_a_framework_in_vain_is_told_from_a_fault(
    old: Callable[[str, str], types.ModuleType],
) -> None:
    keras, jax = old("keras", "2.15.0"), old("jax", "0.4.30")
    exec("def loss(): ...\nclass Optimiser: ...", keras.__dict__)
    exec("def lookup(name):\n raise AttributeError(f\"module 'jax' has no attribute {name!r}\")", jax.__dict__)
    exec("def __getattr__(name):\n return lookup(name)", jax.__dict__)
    exec("def inside():\n import keras\n return keras.ops", keras.__dict__)
    asked: list[Callable[[], object]] = [
        lambda: keras.ops,
        lambda: keras.Optimiser().scale_loss,
        lambda: keras.loss(dtype="float64"),
        lambda: __import__("jax.extend.backend"),
    ]
    for ask in asked:
        said = needs.missing(_raised(ask), HERE)
        assert said.startswith("asks for what is not in "), ask
        assert "Keras 2.15.0" in said
    faults: list[Callable[[], object]] = [
        lambda: None.ops,  # type: ignore[attr-defined]
        keras.inside,
        lambda: uniform(0, "", (), dtype="float64"),  # type: ignore[call-arg]
        lambda: 1 / 0,
        lambda: __import__("a_package_that_is_not_there"),
    ]
    for fault in faults:
        assert needs.missing(_raised(fault), HERE) == ""
    assert needs.missing(_raised(lambda: keras.ops), ["/somewhere/else"]) == ""


def test_a_lookup_that_the_framework_does_itself_still_counts_as_ours(
    old: Callable[[str, str], types.ModuleType],
) -> None:
    """JAX answers for its modules' names in a function of its own, which is then the last frame."""
    jax = old("jax", "0.4.30")
    exec("def __getattr__(name):\n raise AttributeError(f\"module 'jax' has no attribute {name!r}\")", jax.__dict__)
    said = needs.missing(_raised(lambda: jax.enable_x64), HERE)
    assert said.endswith("module 'jax' has no attribute 'enable_x64'")


def test_the_engine_takes_the_workers_word_for_it() -> None:
    assert of_error("unsupported: needs JAX 1") == ("unsupported", "needs JAX 1")
    assert of_error("ValueError: unsupported: it")[0] == "failed"
    assert of_error(f"unsupported: {'x' * 500}")[1].endswith("…")


USES = "import tensorflow\nasked = tensorflow.new_in_2_15\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("framework", "prepares", "outcome", "cause"),
    [
        ("__version__ = '2.10.1'\n", USES, "unsupported", "needs TensorFlow 2.15 or newer, this is 2.10.1"),
        ("__version__ = '2.10.1'\n", "import tensorflow\n", "unsupported", "needs TensorFlow 2.15 or newer"),
        ("__version__ = '2.15.0'\n", USES, "unsupported", "module 'tensorflow' has no attribute 'new_in_2_15'"),
        ("__version__ = '2.15.0'\nnew_in_2_15 = 1\n", USES, "finished", ""),
        ("raise AttributeError('of its own')\n", USES, "failed", "importing tensorflow failed"),
        ("", "import tensorflow\n", "failed", "only parts of it are installed"),
    ],
)
def test_a_worker_with_an_older_framework_ends_unsupported(
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    framework: str,
    prepares: str,
    outcome: str,
    cause: str,
) -> None:
    (tmp_path / "installed").mkdir()
    (tmp_path / "installed" / "tensorflow.py").write_text(framework)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "installed"))
    (world.folder / "common" / "tensorflow.py").write_text(prepares + STUB)
    world.add("small", tensorflow="from checks.small.reference import run\n")
    proof = world.prove("small", frameworks=("tensorflow",), repeat=1)
    (run,) = [run for run in proof.runs if run.job.framework == "tensorflow"]
    assert (run.outcome, cause in run.cause) == (outcome, True), run.cause
    assert all(one.state != "failed" for one in proof.verdicts) == (outcome != "failed")


def test_a_check_of_ones_own_says_what_it_needs_and_may_refuse_by_itself(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "installed").mkdir()
    (tmp_path / "installed" / "torch.py").write_text("__version__ = '2.5.0'\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "installed"))
    (world.folder / "common" / "pytorch.py").write_text("import torch\n" + STUB)
    refuses = "from checks.common.needs import Unsupported\ndef run(job, record): raise Unsupported('needs more')\n"
    world.add("refuses", pytorch=refuses)
    world.add("needs", pytorch="from checks.needs.reference import run\n")
    description = world.folder / "needs" / "check.toml"
    description.write_text(description.read_text().replace("[tolerance", '[needs]\ntorch = "2.6"\n[tolerance', 1))
    assert tomllib.loads(description.read_text())["needs"] == {"torch": "2.6"}
    proof = world.prove("refuses", "needs", frameworks=("pytorch",), repeat=1)
    ends = {run.job.check: (run.outcome, run.cause) for run in proof.runs if run.job.framework == "pytorch"}
    assert ends == {
        "refuses": ("unsupported", "needs more"),
        "needs": ("unsupported", "needs PyTorch 2.6 or newer, this is 2.5.0"),
    }

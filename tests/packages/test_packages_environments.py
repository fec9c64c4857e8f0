"""Several named environments on one host: planned, rendered, locked, read back, and compared with a machine."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from gpusetup.errors import WrongInputError
from gpusetup.facts import facts
from gpusetup.packages.files.named_file import of_requirements, read_environments
from gpusetup.resolve import attempt, lock
from gpusetup.resolve.asked.cards import named
from gpusetup.resolve.asked.named import alone, together
from gpusetup.resolve.host.drift import drifts
from gpusetup.resolve.model import NamedEnvironment, Refusal, Request, Stack
from tests.doctor.machines import machine
from tests.packages.test_packages_fit import TODAY
from tests.support import Run

CARD = ("--gpu", "RTX 4090", "--release", "44")
PROJECT = """\
[environments.train]
frameworks = ["torch"]
python = "3.12"
with = ["plain[fast]"]

[environments.serve]
requirements = ["serve.txt"]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "serve.txt").write_text("seer\n")
    (tmp_path / "gpusetup.toml").write_text(PROJECT)
    return tmp_path


def request(*environments: NamedEnvironment, gpu: str = "RTX 4090") -> Request:
    return Request(release="44", cards=named(facts(), (gpu,), ()), environments=environments)


def solved(asked: Request) -> Stack | Refusal:
    return attempt(asked, facts(), TODAY)


@pytest.mark.usefixtures("index")
def test_a_file_is_planned_locked_and_read_back(gpusetup: Run, project: Path) -> None:
    where = ("--environments", project / "gpusetup.toml")
    done = gpusetup("plan", *CARD, *where, "--format", "toml", "--wheels", "-o", project / "gpusetup.lock")
    assert done.returncode == 0, done.stderr
    (profile,) = lock.load(project / "gpusetup.lock").profile.values()
    made = {one.name: one for one in profile.environment}
    assert [(one.name, one.python) for one in made.values()] == [("train", "3.12"), ("serve", "3.14")]
    assert [one.text for one in made["train"].requirements] == ["torch==2.15.0", "numpy", "plain[fast]==1.2"]
    assert [one.text for one in made["serve"].requirements] == ["torch==2.14.0", "numpy", "seer==0.3"]
    recipe = gpusetup("install", "--plan", project / "gpusetup.lock")
    assert recipe.returncode == 0, recipe.stderr
    assert "make_environment train 3.12" in recipe.stdout
    assert "make_environment serve 3.14" in recipe.stdout
    assert all(line in recipe.stdout for one in made.values() for line in one.wheels)


@pytest.mark.usefixtures("index")
def test_one_of_a_file_is_picked_and_another_named_on_the_command_line(gpusetup: Run, project: Path) -> None:
    done = gpusetup("plan", *CARD, "--environments", project / "gpusetup.toml", "--environment", "train",
                    "--environment", f"own={project / 'serve.txt'}")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert [line.split()[1] for line in done.stdout.splitlines() if line.startswith("env ")] == ["train", "own"]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--environment", "nope"), "known: train, serve"),
        (("--torch", "2.14"), "--torch is given beside named environments"),
        (("--with", "plain"), "a package is given beside named environments"),
        (("--environment", "train", "--environment", "train"), "two environments have one name"),
    ],
)
def test_what_cannot_be_meant_is_refused(gpusetup: Run, project: Path, words: tuple[str, ...], why: str) -> None:
    done = gpusetup("plan", *CARD, "--environments", project / "gpusetup.toml", *words)
    assert done.returncode == 2
    assert why in done.stderr


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("x = 1", "has no table"),
        ("[environments.Train]\nframeworks=['torch']", "cannot be the name"),
        ("[environments.train]", "neither frameworks nor packages"),
        ("[environments.train]\nframework=['torch']", "unknown field"),
        ("[environments.train]\nframeworks=['theano']", "no framework theano"),
        ("environments = [", "cannot be read"),
    ],
)
def test_a_file_that_is_not_right_says_why(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "gpusetup.toml").write_text(text)
    with pytest.raises(WrongInputError) as caught:
        list(read_environments(tmp_path / "gpusetup.toml", []))
    assert why in str(caught.value) + str(caught.value.remedy)


def test_a_pyproject_has_them_in_its_own_table(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.gpusetup.environments.train]\njax = '0.12.0.1'\n")
    (found,) = read_environments(tmp_path / "pyproject.toml", [])
    assert (found.name, found.frameworks, found.jax) == ("train", ("jax",), "0.12.0.1")


def test_what_is_left_out_of_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "r.txt").write_text("plain\n-e .\n")
    left: list[tuple[str, str]] = []
    assert of_requirements("x", tmp_path / "r.txt", left, pre=False).packages.wanted == ("plain",)
    assert left == [(".", "is built from source")]


def test_each_has_its_own_choices_and_one_host() -> None:
    found = solved(request(
        NamedEnvironment(name="new", frameworks=("torch",)),
        NamedEnvironment(name="old", frameworks=("torch",), torch="2.7.1", python="3.12"),
    ))  # fmt: skip
    assert isinstance(found, Stack)
    assert [(one.name, one.requirements[0].text) for one in found.environments] == [
        ("new", "torch==2.15.0"), ("old", "torch==2.7.1"),
    ]  # fmt: skip
    components = [one.component for one in found.choices]
    assert len(set(components)) == len(components)
    assert {"driver", "new/torch", "old/torch"} <= set(components)


def test_two_frameworks_that_cannot_share_get_two_folders() -> None:
    found = solved(request(NamedEnvironment(name="all", frameworks=("torch", "tensorflow"))))
    assert isinstance(found, Stack)
    assert [one.name for one in found.environments] == ["all-torch", "all-tensorflow"]


def test_where_the_best_drivers_differ_one_that_suits_all_is_taken() -> None:
    asked = request(NamedEnvironment(name="a", frameworks=("torch",)), NamedEnvironment(name="b", frameworks=("jax",)))
    best = solved(alone(asked, asked.environments[0]))
    assert isinstance(best, Stack)
    assert best.driver is not None
    older = msgspec.structs.replace(best, driver=msgspec.structs.replace(best.driver, version="580.1"))

    def solve(one: Request) -> Stack | Refusal:
        if one.driver:
            return best if one.driver == best.driver.version else older  # type: ignore[union-attr]
        return older if one.frameworks == ("jax",) else best

    found = together(asked, solve)
    assert isinstance(found, Stack)
    assert found.driver == best.driver


def test_without_a_common_driver_each_says_what_it_needs() -> None:
    asked = request(NamedEnvironment(name="a", frameworks=("torch",)), NamedEnvironment(name="b", frameworks=("jax",)))
    best = solved(alone(asked, asked.environments[0]))
    assert isinstance(best, Stack)
    assert best.driver is not None
    older = msgspec.structs.replace(best, driver=msgspec.structs.replace(best.driver, version="470.1"))
    found = together(asked, lambda one: older if one.frameworks == ("jax",) else best)
    assert isinstance(found, Refusal)
    assert [one.text.partition(" on")[0] for one in found.because] == [
        f"the environment a needs driver {best.driver.version}", "the environment b needs driver 470.1",
    ]  # fmt: skip
    assert found.ways_out


def test_an_environment_without_a_stack_is_named() -> None:
    old = NamedEnvironment(name="old", frameworks=("torch",), torch="1.8.0")
    found = solved(request(NamedEnvironment(name="new", frameworks=("torch",)), old, gpu="RTX 5090"))
    assert isinstance(found, Refusal)
    assert found.because[0].text == "the environment old has no stack"


def test_each_is_compared_with_its_own_folder() -> None:
    found = solved(request(*(NamedEnvironment(name=one, frameworks=("torch",)) for one in ("train", "serve"))))
    assert isinstance(found, Stack)
    desktop = machine("desktop")
    one = desktop.distributions[0]
    there = [
        msgspec.structs.replace(
            one, name="torch", version=version, location=f"/opt/{name}/lib/python3.14/site-packages"
        )
        for name, version in (("train", "2.15.0"), ("serve", "2.13.0"))
    ]
    now = msgspec.structs.replace(desktop, distributions=tuple(there))
    said = drifts(lock.profile(found, facts()), now, facts())
    assert [(each.component, each.now) for each in said if "env" in each.component] == [("env serve: torch", "2.13.0")]

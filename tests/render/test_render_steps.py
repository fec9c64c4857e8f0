"""Step files become a recipe: which steps, in which order, and what a wrong file says."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from gpusetup.content_dirs import content_dirs
from gpusetup.errors import RefusedError, WrongInputError
from gpusetup.render.steps import lookup, read_library, recipe, step_files
from gpusetup.resolve.model import Stack
from tests.each import each
from tests.stacks import cardless, desktop, laptop

RECIPES = content_dirs("recipes")[0]
SMALL = """{% extends "step.sh.j2" %}
{% block title %}T{% endblock %}{% block why %}W{% endblock %}
{% block check %}true{% endblock %}{% block apply %}true{% endblock %}
"""


NEED_A_CARD = {
    "repositories", "kernel-headers", "secure-boot", "driver", "nouveau", "load", "cdi",
    "toolkit", "toolkit-container", "container-toolkit", "cudnn-archive",
}  # fmt: skip
"""Steps that install, build, sign or load a driver, or what compiles for it."""


def ids(stack: Stack, own: Path | None = None) -> list[str]:
    return [step.id for step in recipe(stack, own).steps]


def own_step(folder: Path, name: str, text: str = SMALL) -> Path:
    path = folder / "fedora" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return folder


def test_an_old_card_gets_the_legacy_driver_and_compiles_in_a_container() -> None:
    made = recipe(laptop())
    steps = {step.id: step for step in made.steps}
    assert "akmod-nvidia-580xx" in steps["driver"].define
    assert "toolkit-container" in steps
    assert "toolkit" not in steps
    assert "MOK" in steps["secure-boot"].manual


def test_a_new_card_gets_the_toolkit_with_a_compiler_that_nvcc_accepts() -> None:
    steps = {step.id: step for step in recipe(desktop()).steps}
    assert "compiler=g++-15" in steps["toolkit"].define
    assert "toolkit-container" not in steps


def test_the_driver_is_loaded_after_everything_that_needs_no_driver() -> None:
    order = ids(desktop())
    assert order.index("environments") < order.index("load") < order.index("verify") == len(order) - 1


def test_a_stack_without_a_card_gets_neither_driver_nor_toolkit() -> None:
    here = ids(cardless())
    assert set(here) < set(ids(desktop())) | set(ids(laptop()))
    assert {"preflight", "python", "environments", "verify"} <= set(here)
    assert not NEED_A_CARD & set(here)


def test_known_secure_boot_off_leaves_its_step_out() -> None:
    stack = desktop()
    off = msgspec.structs.replace(stack, request=msgspec.structs.replace(stack.request, secure_boot=False))
    assert "secure-boot" in ids(stack)
    assert "secure-boot" not in ids(off)


def test_an_unknown_distribution_is_refused() -> None:
    stack = desktop()
    other = msgspec.structs.replace(stack, request=msgspec.structs.replace(stack.request, distro="plan9"))
    with pytest.raises(RefusedError, match="plan9"):
        recipe(other)


def test_an_own_step_is_added_in_its_place_and_one_of_the_same_name_replaces(tmp_path: Path) -> None:
    own_step(tmp_path, "55-own.sh.j2")
    own_step(tmp_path, "30-driver.sh.j2")
    made = recipe(desktop(), tmp_path)
    order = [step.id for step in made.steps]
    assert order[order.index("own") + 1] == "python"
    assert next(step for step in made.steps if step.id == "driver").title == "T"


@pytest.mark.parametrize("block", ["title", "why", "check", "apply"])
def test_a_missing_block_is_named(tmp_path: Path, block: str) -> None:
    own_step(tmp_path, "55-own.sh.j2", SMALL.replace(f"block {block} ", f"block no{block} "))
    with pytest.raises(WrongInputError, match=rf"55-own\.sh\.j2, block {block}: .* missing"):
        recipe(cardless(), tmp_path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (SMALL.replace("true", "{{ stack.nothing | sh }}"), "nothing"),
        (SMALL.replace("true", "echo {{ stack.release }}"), "unquoted"),
        (SMALL.replace("true", "{% if %}"), "line 3"),
        (SMALL.replace("true", "{{ stack.environments[0].x | sh }}"), "x"),
        (SMALL.replace("true", "{{ none | sh }}"), "NoneType"),
    ],
)
def test_a_faulty_template_is_one_clear_error(tmp_path: Path, text: str, says: str) -> None:
    own_step(tmp_path, "55-own.sh.j2", text)
    with pytest.raises(WrongInputError, match=r"55-own\.sh\.j2") as caught:
        recipe(cardless(), tmp_path)
    assert says in str(caught.value)


def test_a_file_that_is_not_named_like_a_step_is_refused(tmp_path: Path) -> None:
    own_step(tmp_path, "driver.sh.j2")
    with pytest.raises(WrongInputError, match=r"30-driver\.sh\.j2"):
        step_files([tmp_path / "fedora"])


def test_the_digest_is_of_what_is_done(tmp_path: Path) -> None:
    assert recipe(desktop()).digest == recipe(desktop()).digest
    assert recipe(desktop()).digest != recipe(laptop()).digest
    assert recipe(desktop()).digest != recipe(desktop(), own_step(tmp_path, "55-own.sh.j2")).digest


@each(
    "path",
    sorted(path for kind in lookup("fedora") for path in (RECIPES / kind).glob("*.sh.j2")),
    ids=lambda path: path.name,
)
def test_no_step_uses_what_dnf_4_and_dnf_5_do_not_share(path: Path) -> None:
    text = path.read_text() + read_library("fedora")
    text = text.replace("gpusetup-bundle-more.gpgcheck=0", "")  # what signed metadata vouched for when it was gathered
    for word in ("config-manager", "versionlock", "dnf mark", "dnf module list", "--nogpgcheck", "gpgcheck=0"):
        assert word not in text


@pytest.mark.parametrize("name", ["../../etc/passwd", "a b", "", "$(id)", "-rf"])
def test_a_name_that_becomes_a_file_cannot_point_elsewhere(name: str) -> None:
    stack = laptop()
    repository = msgspec.structs.replace(stack.repositories[0], id=name)
    environment = msgspec.structs.replace(stack.environments[0], name=name)
    for bad in ({"repositories": (repository,)}, {"environments": (environment,)}):
        with pytest.raises(WrongInputError, match="cannot be a name"):
            recipe(msgspec.structs.replace(stack, **bad))


def test_a_step_and_a_part_of_the_library_come_from_the_nearest_folder(tmp_path: Path) -> None:
    for name, text in {
        "gecko/inherits.json": '["scales", "shared"]',
        "shared/50-one.sh.j2": SMALL.replace("true", "echo shared"),
        "shared/60-two.sh.j2": SMALL.replace("true", "echo shared"),
        "scales/50-one.sh.j2": SMALL.replace("true", "echo scales"),
        "gecko/70-three.sh.j2": SMALL,
        "shared/library/20-say.sh": "tell() { echo shared; }\n",
        "scales/library/20-say.sh": "tell() { echo scales; }\n",
        "shared/library/10-first.sh": "first() { :; }\n",
        "gecko/library.sh": "last() { :; }\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert lookup("gecko", own=tmp_path) == ("gecko", "scales", "shared")
    assert lookup("gecko", "ostree", own=tmp_path)[0] == "gecko-ostree"
    made = recipe(
        msgspec.structs.replace(cardless(), request=msgspec.structs.replace(cardless().request, distro="gecko")),
        tmp_path,
    )
    assert [(step.id, step.check) for step in made.steps[:2]] == [("one", "echo scales\n"), ("two", "echo shared\n")]
    library = read_library("gecko", tmp_path)
    assert library.endswith("first() { :; }\n\ntell() { echo scales; }\n\nlast() { :; }\n")


@pytest.mark.parametrize("text", ["{", "{}", '["../../etc"]', '["/etc"]', "[1]", '"common"'])
def test_what_a_distribution_inherits_is_a_list_of_names(tmp_path: Path, text: str) -> None:
    (tmp_path / "gecko").mkdir()
    (tmp_path / "gecko/inherits.json").write_text(text)
    with pytest.raises(WrongInputError, match="inherits"):
        lookup("gecko", own=tmp_path)

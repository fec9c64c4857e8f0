"""The lock: TOML that reads back as it was, several profiles in one file, and no other file overwritten."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpusetup.errors import WrongInputError
from gpusetup.facts import Facts
from gpusetup.resolve import lock
from gpusetup.resolve.chosen.locked_requirements import LockedRequirement
from gpusetup.resolve.toml import to_toml
from tests.resolve.conftest import Plan
from tests.support import Run

SCALARS = st.text() | st.integers(-(2**53), 2**53) | st.booleans()
DOCUMENTS = st.recursive(
    st.dictionaries(st.text(), SCALARS | st.lists(st.text()), max_size=4),
    lambda inner: st.dictionaries(st.text(), inner | st.lists(inner, min_size=1, max_size=3) | SCALARS, max_size=4),
    max_leaves=12,
)


@given(DOCUMENTS)
def test_toml_reads_back_as_it_was_written(document: dict[str, Any]) -> None:
    assert tomllib.loads(to_toml(document)) == document


def test_a_lock_reads_back_with_every_version_and_fingerprint(plan: Plan, tables: Facts, tmp_path: Path) -> None:
    stack = plan("GTX 1050 Mobile", release="44")
    locked = lock.with_profile(None, lock.profile_name(stack), lock.profile(stack, tables))
    file = tmp_path / "gpusetup.lock"
    file.write_text(lock.dump(locked))
    again = lock.load(file)
    assert again == locked
    profile = again.profile["geforce-gtx-1050-mobile-fedora-44"]
    assert profile.driver == stack.driver
    assert profile.toolkit.cudnn_archive == stack.toolkit.cudnn_archive
    assert all(len(one.key.fingerprint) == 40 for one in profile.repository)
    assert "arch-pascal" in profile.facts["driver"]


def test_profiles_are_kept_beside_each_other(gpusetup: Run, tmp_path: Path) -> None:
    file = tmp_path / "gpusetup.lock"
    for gpu, name in (("RTX 4090", "desktop"), ("GTX 1050 Mobile", "laptop"), ("RTX 4090", "desktop")):
        done = gpusetup("plan", "--distro", "fedora", "--gpu", gpu, "--format", "toml", "-o", file, "--profile", name)
        assert done.returncode == 0, done.stderr
    locked = lock.load(file)
    assert list(locked.profile) == ["desktop", "laptop"]
    assert locked.profile["laptop"].cards[0].compute_capability == "6.1"


def test_a_file_that_is_no_lock_is_not_overwritten(gpusetup: Run, tmp_path: Path) -> None:
    file = tmp_path / "precious.toml"
    file.write_text("mine = true\n")
    done = gpusetup("plan", "--distro", "fedora", "--gpu", "RTX 4090", "--format", "toml", "--output", file)
    assert done.returncode == 2
    assert file.read_text() == "mine = true\n"


def test_a_lock_that_is_saved_is_not_printed_as_well(gpusetup: Run, tmp_path: Path) -> None:
    asked = ("plan", "--distro", "fedora", "--gpu", "RTX 4090", "--format", "toml")
    saved = gpusetup(*asked, "--output", tmp_path / "gpusetup.lock")
    assert "[[profile" not in saved.stdout
    assert "torch" in saved.stdout
    assert gpusetup(*asked).stdout == (tmp_path / "gpusetup.lock").read_text()


def test_a_driver_that_stays_is_in_the_lock(plan: Plan, tables: Facts) -> None:
    assert lock.profile(plan("H100", driver="550.54.15"), tables).driver_stays == "550.54.15"


def test_a_missing_lock_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(WrongInputError, match="cannot read the lock"):
        lock.load(tmp_path / "none")


def requirements(profile: lock.Profile) -> dict[str, LockedRequirement]:
    return {one.text: one for environment in profile.environment for one in environment.requirements}


def test_a_requirement_has_the_hash_of_the_wheel_for_its_python(plan: Plan, tables: Facts) -> None:
    found = requirements(lock.profile(plan("RTX 4090", release="44"), tables))
    wheels = {
        "torch==2.15.0": "torch-2.15.0-cp314-cp314-manylinux_2_28_x86_64.whl",
        "tensorflow[and-cuda]==2.21.0": "tensorflow-2.21.0-cp313-cp313-manylinux_2_27_x86_64.whl",
        "nvidia-cudnn-cu12==9.28.0.42": "nvidia_cudnn_cu12-9.28.0.42-py3-none-manylinux_2_27_x86_64.whl",
    }
    numpy = found.pop("numpy")
    assert "names no version" in str(numpy.without_hash)
    assert {text: one.file for text, one in found.items()} == wheels
    hashes = {row.file: row.sha256 for row in tables.wheel}
    assert all(one.sha256 == hashes[wheels[text]] and one.without_hash is None for text, one in found.items())


def test_wheels_of_pytorchs_own_index_have_no_hash_and_say_so(plan: Plan, tables: Facts) -> None:
    found = requirements(lock.profile(plan("GTX 1050 Mobile", release="44"), tables))
    (torch,) = [one for text, one in found.items() if "+cu126" in text]
    assert (torch.sha256, torch.file, torch.fact) == (None, None, None)
    assert "PyTorch's own index" in str(torch.without_hash)
    assert found["nvidia-cudnn-cu12==9.10.2.21"].sha256


def test_a_wheel_that_no_row_knows_has_no_hash_and_says_so(plan: Plan) -> None:
    empty = Facts()
    empty.wheel = ()
    found = requirements(lock.profile(plan("RTX 4090"), empty))
    exact = [one for text, one in found.items() if "==" in text]
    assert all(one.sha256 is None and "not in the facts" in str(one.without_hash) for one in exact)


def test_a_lock_from_before_there_were_hashes_still_loads(plan: Plan, tables: Facts, tmp_path: Path) -> None:
    stack = plan("RTX 4090")
    document = msgspec.to_builtins(lock.with_profile(None, "desktop", lock.profile(stack, tables)))
    document["profile"]["desktop"].pop("digest")
    for environment in document["profile"]["desktop"]["environment"]:
        for requirement in environment["requirements"]:
            requirement.pop("sha256", None)
    file = tmp_path / "gpusetup.lock"
    file.write_text(to_toml(document))
    assert {one.sha256 for one in requirements(lock.load(file).profile["desktop"]).values()} == {None}


@pytest.mark.parametrize(
    ("args", "reads"),
    [
        (["doctor"], False),
        (["why", "torch==2.14.1", "--distro", "fedora", "--gpu", "RTX 4090"], True),
        (["install", "--distro", "fedora", "--gpu", "RTX 4090"], True),
    ],
)
def test_only_what_plans_reads_the_table_of_wheels(args: list[str], reads: bool) -> None:
    code = (
        "import sys, click.testing, gpusetup.cli._root as cli\n"
        f"done = click.testing.CliRunner().invoke(cli.root, {args!r})\n"
        "assert done.output and done.exit_code in (0, 1), done.output\n"
        "from gpusetup.facts import facts\n"
        "print('wheel' in vars(facts()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == f"{reads}\n", done.stderr

"""The lock: TOML that reads back as it was, several profiles in one file, and no other file overwritten."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpusetup.errors import WrongInputError
from gpusetup.resolve import lock
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


def test_a_lock_reads_back_with_every_version_and_fingerprint(plan: Plan, tmp_path: Path) -> None:
    stack = plan("GTX 1050 Mobile", release="44")
    locked = lock.with_profile(None, lock.profile_name(stack), lock.profile(stack))
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


def test_a_driver_that_stays_is_in_the_lock(plan: Plan) -> None:
    assert lock.profile(plan("H100", driver="550.54.15")).driver_stays == "550.54.15"


def test_a_missing_lock_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(WrongInputError, match="cannot read the lock"):
        lock.load(tmp_path / "none")

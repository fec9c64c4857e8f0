"""A lock against a machine: nothing differs from the host it was made of, and each of ten changes is named."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from gpusetup.facts import Facts, facts
from gpusetup.machine.model import Machine
from gpusetup.resolve import lock
from gpusetup.resolve.host.drift import Drift, drifts
from gpusetup.value import to_json
from tests.doctor.machines import machine
from tests.resolve.conftest import Plan
from tests.support import Run

PLACE = "/home/ada/env/lib/python3.13/site-packages"


@pytest.fixture(scope="module")
def locked(plan: Plan) -> lock.Profile:
    """The lock of the desktop: its driver, and everything in its environment."""
    stack = plan("RTX 4090", release="44", repo="wheels", frameworks=("torch",), torch="2.14.1", python="3.13",
                 driver="595.91.07")  # fmt: skip
    there = [one for one in machine("desktop").distributions if one.location == PLACE]
    wheels = tuple(f"{one.name}=={one.version} --hash=sha256:{'0' * 64}" for one in there)
    assert len(wheels) > 3
    made = lock.profile(replace(stack, environments=(replace(stack.environments[0], wheels=wheels),)), facts())
    assert made.driver is None
    return made


def found(locked: lock.Profile, now: Machine) -> dict[str, Drift]:
    return {one.component: one for one in drifts(locked, now, facts())}


def without(name: str) -> dict[str, Any]:
    return {"distributions-": [f"'name': '{name}'"]}


def put(name: str, version: str) -> dict[str, Any]:
    return {**without(name), "distributions+": [{"name": name, "version": version, "location": PLACE}]}


DRIFTS: list[tuple[dict[str, Any], str, str]] = [
    ({"gpus": {"0": {"name": "NVIDIA GeForce RTX 3060", "compute_capability": "8.6"}}}, "cards", "breaks"),
    ({"system": {"release": "43"}}, "system", "differs"),
    ({"driver": {"nvml": "595.99.01"}}, "driver", "differs"),
    ({"driver": {"nvml": "535.183.01"}}, "driver", "breaks"),
    (put("torch", "2.14.0"), "env torch: torch", "differs"),
    (put("torch", "2.14.1+cu126"), "", ""),
    (put("numpy", "2.5.0"), "env torch: numpy", "differs"),
    (without("numpy"), "env torch: numpy", "breaks"),
    (put("nvidia-cudnn-cu13", "9.20.0.48"), "env torch: nvidia-cudnn-cu13", "differs"),
    (put("nvidia-cudnn-cu12", "9.20.0.48"), "env torch: nvidia-cudnn-cu12", "breaks"),
    (without("torch"), "env torch", "unknown"),
]


def test_each_drift_says_since_when_where_something_says_so(locked: lock.Profile) -> None:
    torch = {"name": "torch", "version": "2.14.0", "location": PLACE, "installed": 1_796_000_000}
    driver = {"manager": "rpm", "name": "akmod-nvidia", "version": "3:595.99.01-1.fc44", "installed": 1_795_000_000}
    other = driver | {"name": "nvidia-settings", "version": "3:580.1-1.fc44", "installed": 1_796_999_999}
    change = {
        **without("torch"),
        "distributions+": [torch],
        "driver": {"nvml": "595.99.01"},
        "packages": [driver, other],
    }
    now = found(locked, machine("desktop", change))
    assert now["env torch: torch"].since == 1_796_000_000
    assert now["driver"].since == 1_795_000_000, "packages of another version say nothing of the one that runs"
    assert found(locked, machine("desktop", {"driver": {"nvml": "595.99.01"}}))["driver"].since == 0


def test_the_host_itself_does_not_differ(locked: lock.Profile) -> None:
    assert found(locked, machine("desktop")) == {}


@pytest.mark.parametrize(("change", "component", "weight"), DRIFTS, ids=[f"{one}-{how}" for _, one, how in DRIFTS])
def test_each_drift_is_named_and_weighed(
    locked: lock.Profile, change: dict[str, Any], component: str, weight: str
) -> None:
    differing = found(locked, machine("desktop", change))
    if not component:  # the plain release in the lock, a build of it on the machine
        assert differing == {}
        return
    assert set(differing) == {component}
    assert differing[component].weight == weight
    assert differing[component].why


def test_a_driver_of_another_flavour_and_a_missing_toolkit_are_named(plan: Plan, tables: Facts) -> None:
    profile = lock.profile(plan("RTX 4090", release="44"), tables)
    assert profile.driver is not None
    differing = found(profile, machine("desktop", {"driver": {"module_license": "NVIDIA"}}))
    assert differing["kernel modules"].now == "proprietary"
    assert differing["nvcc"].locked == f"CUDA {profile.toolkit.series}"


def test_the_command_exits_by_what_it_found(gpusetup: Run, locked: lock.Profile, tmp_path: Path) -> None:
    file = tmp_path / "gpusetup.lock"
    file.write_text(lock.dump(lock.with_profile(None, "desktop", locked)))
    for change, code, says in (
        ({}, 0, "nothing differs"),
        ({"driver": {"nvml": "595.99.01"}}, 1, "driver: 595.91.07 →"),
    ):
        (tmp_path / "m.json").write_text(to_json(machine("desktop", change)))
        done = gpusetup("doctor", "--machine", tmp_path / "m.json", "--against", file)
        assert done.returncode == code, done.stderr
        assert says in done.stdout


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("595.91.07", "595.91.08"), "was changed after it was written"),
        (("version = 1\n", "version = 3\n"), "is a lock of version 3"),
        (("[profile.desktop]", "[profile"), "is not a gpusetup lock"),
        (("[profile.desktop]", "[profile.desktop]\nsurprise = 1"), "is not a gpusetup lock"),
    ],
)
def test_a_lock_that_was_changed_is_refused(
    gpusetup: Run, locked: lock.Profile, tmp_path: Path, change: tuple[str, str], why: str
) -> None:
    file = tmp_path / "gpusetup.lock"
    text = lock.dump(lock.with_profile(None, "desktop", locked))
    assert change[0] in text
    file.write_text(text.replace(*change, 1))
    done = gpusetup("install", "--plan", file)
    assert done.returncode == 2
    assert why in done.stderr


def test_a_profile_is_chosen_by_name(gpusetup: Run, locked: lock.Profile, tmp_path: Path) -> None:
    file = tmp_path / "gpusetup.lock"
    two = lock.with_profile(lock.with_profile(None, "desktop", locked), "other", locked)
    file.write_text(lock.dump(two))
    done = gpusetup("install", "--plan", file)
    assert done.returncode == 2
    assert "2 profiles" in done.stderr
    assert gpusetup("install", "--plan", file, "--profile", "other").returncode == 0


def test_the_recipe_of_a_lock_installs_its_wheels(gpusetup: Run, locked: lock.Profile, tmp_path: Path) -> None:
    file = tmp_path / "gpusetup.lock"
    file.write_text(lock.dump(lock.with_profile(None, "desktop", locked)))
    done = gpusetup("install", "--plan", file)
    assert done.returncode == 0, done.stderr
    assert f"numpy==2.4.0 --hash=sha256:{'0' * 64}" in done.stdout
    assert "torch.txt" in done.stdout


def test_a_lock_may_come_from_a_pipe(locked: lock.Profile) -> None:
    script = Path(sys.executable).with_name("gpusetup")
    text = lock.dump(lock.with_profile(None, "desktop", locked))
    done = subprocess.run([script, "install", "--plan", "-"], input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "torch.txt" in done.stdout


def test_a_lock_that_the_tables_no_longer_give_is_refused(gpusetup: Run, locked: lock.Profile, tmp_path: Path) -> None:
    file = tmp_path / "gpusetup.lock"
    other = replace(locked, driver_stays="595.91.08", digest="")
    file.write_text(lock.dump(lock.with_profile(None, "desktop", replace(other, digest=lock.digest(other)))))
    done = gpusetup("install", "--plan", file)
    assert done.returncode == 4
    assert "differs from what its request gives here: driver stays" in done.stderr


def test_a_line_that_is_no_wheel_reaches_no_recipe(gpusetup: Run, locked: lock.Profile, tmp_path: Path) -> None:
    bad = replace(locked.environment[0], wheels=("numpy==1; touch /tmp/x --hash=sha256:0",))
    other = replace(locked, environment=(bad,), digest="")
    file = tmp_path / "gpusetup.lock"
    file.write_text(lock.dump(lock.with_profile(None, "desktop", replace(other, digest=lock.digest(other)))))
    done = gpusetup("install", "--plan", file)
    assert done.returncode == 4
    assert "is no wheel with a hash" in done.stderr

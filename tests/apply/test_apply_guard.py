"""A recipe is carried out on the machine it was planned on, as long as that is the same machine."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from gpusetup.apply.preconditions import refuse_changed_host, refuse_other_host
from gpusetup.apply.state_dir import StateDir
from gpusetup.errors import RefusedError
from gpusetup.machine.model import Machine
from gpusetup.machine.read import read
from gpusetup.render.model import Origin, Recipe
from gpusetup.render.origin import changes, origin
from gpusetup.render.steps import recipe
from tests.stacks import desktop
from tests.support import Run

HERE = Origin(arch="x86_64", cards=("10de:2684",), kernel="6.19.8", driver="", secure_boot=True)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"arch": "aarch64"}, "architecture: x86_64 then, aarch64 now"),
        ({"cards": ()}, "graphics cards: 10de:2684 then, none now"),
        ({"cards": ("10de:2684", "10de:2684")}, "10de:2684 10de:2684 now"),
        ({"cards": None}, "not readable now"),
        ({"kernel": "6.20.0"}, "kernel: 6.19.8 then, 6.20.0 now"),
        ({"driver": "580.1"}, "driver: none then, 580.1 now"),
        ({"secure_boot": False}, "Secure Boot: on then, off now"),
    ],
)
def test_each_change_is_named(change: dict[str, object], says: str) -> None:
    assert changes(HERE, HERE, begun=False) == ()
    found = changes(HERE, msgspec.structs.replace(HERE, **change), begun=False)
    assert len(found) == 1
    assert says in found[0]


def test_what_the_recipe_itself_brings_about_is_expected_once_it_has_begun() -> None:
    after = msgspec.structs.replace(HERE, kernel="6.20.0", driver="610.43.03", secure_boot=False)
    assert changes(HERE, after, begun=True) == ()
    assert len(changes(HERE, after, begun=False)) == 3
    turned_on = changes(msgspec.structs.replace(HERE, secure_boot=False), HERE, begun=True)
    assert turned_on == ("Secure Boot: off then, on now",)
    assert changes(HERE, msgspec.structs.replace(HERE, cards=("10de:1234",)), begun=True)


def test_what_could_not_be_read_when_planning_is_no_change() -> None:
    nothing = Origin(arch="x86_64", cards=None, kernel=None, driver=None, secure_boot=None)
    assert changes(nothing, HERE, begun=False) == ()


def planned(root: Path) -> Recipe:
    return msgspec.structs.replace(recipe(desktop()), origin=origin(read(root, 1.0)))


@pytest.fixture
def place(tmp_path: Path) -> StateDir:
    for name, text in (("etc/os-release", "ID=fedora\nVERSION_ID=44\n"), ("proc/sys/kernel/osrelease", "6.19.8\n")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "sys/module").mkdir(parents=True)
    (tmp_path / "lib64").mkdir()
    (tmp_path / "lib64/ld-linux-x86-64.so.2").touch()
    card(tmp_path, "0000:01:00.0", "0x2684")
    return StateDir(tmp_path)


def card(root: Path, address: str, device: str) -> None:
    folder = root / "sys/bus/pci/devices" / address
    folder.mkdir(parents=True)
    for name, text in (("vendor", "0x10de"), ("device", device), ("class", "0x030000")):
        (folder / name).write_text(f"{text}\n")


def test_another_card_on_the_bus_is_another_machine(place: StateDir) -> None:
    made = planned(place.root)
    assert made.origin is not None
    assert made.origin.cards == ("10de:2684",)
    refuse_changed_host(made, place)
    card(place.root, "0000:02:00.0", "0x1b80")
    with pytest.raises(RefusedError, match="10de:1b80 10de:2684 now") as caught:
        refuse_changed_host(made, place)
    assert caught.value.exit_code == 4


def test_a_driver_that_was_loaded_since_is_expected_only_from_the_recipe_itself(place: StateDir) -> None:
    made = planned(place.root)
    (place.root / "sys/module/nvidia").mkdir()
    (place.root / "sys/module/nvidia/version").write_text("610.43.03\n")
    with pytest.raises(RefusedError, match=r"none then, 610\.43\.03 now"):
        refuse_changed_host(made, place)
    with place.locked():
        place.journal.note(made.digest, "driver", "applied")
    refuse_changed_host(made, place)


def test_a_recipe_for_another_machine_is_held_to_its_release_only(place: StateDir) -> None:
    made = recipe(desktop())
    assert made.origin is None
    refuse_changed_host(made, place)
    refuse_other_host(made, place.root)


# ── the command ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_plan_carries_where_it_was_made_and_is_carried_out_there_alone(gpusetup: Run, place: StateDir) -> None:
    saved, root = place.root / "machine.json", {"GPUSETUP_ROOT": str(place.root)}
    assert gpusetup("detect", "--sysroot", place.root, "--output", saved).returncode == 0
    machine = msgspec.json.decode(saved.read_bytes(), type=Machine)
    plan = place.root / "plan.json"
    made = gpusetup("install", "--machine", saved, "--gpu", "RTX 4090", "--json", "--output", plan)
    assert made.returncode == 0, made.stderr
    assert json.loads(plan.read_text())["origin"]["cards"] == ["10de:2684"]
    assert origin(machine) == msgspec.json.decode(plan.read_bytes(), type=Recipe).origin
    dry = ("install", "--apply", "--plan", plan, "--dry-run")
    there = gpusetup(*dry, env=root)
    assert there.returncode == 0, there.stderr
    assert "to do" in there.stdout
    (place.root / "proc/sys/kernel/osrelease").write_text("6.20.1\n")
    elsewhere = gpusetup(*dry, env=root)
    assert elsewhere.returncode == 4
    assert "the running kernel: 6.19.8 then, 6.20.1 now" in elsewhere.stderr


def test_a_plan_allows_no_other_wish_and_only_apply(gpusetup: Run, place: StateDir) -> None:
    saved = place.root / "recipe.json"
    saved.write_text("{}")
    for options, says in (
        (("--plan", "nowhere"), "cannot read the plan nowhere"),
        (("--plan", str(saved)), "--apply"),
        (("--apply", "--plan", str(saved), "--cuda", "13.0"), "cuda"),
    ):
        done = gpusetup("install", *options)
        assert done.returncode == 2
        assert says in done.stderr

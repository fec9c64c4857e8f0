"""Every remedy that has a step, under real bash on a pretended system: done, done twice, failing, killed, undone."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gpusetup.apply.run import apply, undo
from gpusetup.apply.state_dir import StateDir
from gpusetup.doctor.finding import Finding
from gpusetup.doctor.remedies.fixes import remedy, table
from gpusetup.doctor.remedies.repair import Repair, RepairOptions, repair
from gpusetup.doctor.rule import Fix
from gpusetup.errors import StepFailedError
from gpusetup.files import write
from gpusetup.render.model import Recipe
from gpusetup.value import to_json
from tests.doctor.machines import machine
from tests.shims.conftest import wait_until_free
from tests.support import drawn

HERE = Path(__file__).parent
CASES: dict[str, dict[str, Any]] = tomllib.loads((HERE / "remedies.toml").read_text())
DISTRIBUTIONS = {
    "fedora": "fedora", "debian": "debian", "ubuntu": "ubuntu", "suse": "opensuse-leap", "any": "slackware",
}  # fmt: skip
STEPS = [(name, key) for name, row in table().items() for key in row.step or ()]
TOOLS = (
    "rpm", "dpkg-query", "dpkg", "dnf", "apt-get", "zypper", "apt-mark", "akmods", "dkms", "modprobe", "modinfo",
    "dracut", "update-initramfs", "grub2-mkconfig", "update-grub", "grubby", "ldconfig", "kmodgenca", "mokutil",
    "systemctl", "timedatectl", "getsebool", "setsebool", "stat", "restorecon", "chcon", "usermod", "gpasswd", "id",
    "getent", "uname", "runuser", "nvidia-smi", "nvidia-modprobe", "nvidia-ctk", "python-of-gpusetup",
    "update-alternatives",
)  # fmt: skip
LISTS = ("packages", "held", "owned", "builds", "arguments", "enabled", "active", "groups", "cache", "log", "labels")
SETTINGS = {
    "mok": "is not enrolled", "target": "graphical.target", "ntp": "yes", "clocks": "877, 1200",
    "booleans": "container_use_devices off", "initramfs": "blacklist pcspkr",
}  # fmt: skip
GRUB = 'GRUB_CMDLINE_LINUX_DEFAULT="quiet"\nGRUB_CMDLINE_LINUX=""\n'


@dataclass
class World:
    """A pretended system: `root` is its root, `shim` what the stand-ins know."""

    folder: Path

    @property
    def root(self) -> Path:
        return self.folder / "root"

    @property
    def shim(self) -> Path:
        return self.folder / "shim"

    @property
    def place(self) -> StateDir:
        return StateDir(self.root)

    def build(self, case: dict[str, Any], key: str) -> None:
        for path in ("root/etc/modprobe.d", "root/etc/default", "root/etc/profile.d", "root/proc", "root/dev/char",
                     "root/etc/modules-load.d", "root/etc/udev/rules.d", "root/etc/ld.so.conf.d", "root/usr/local/lib",
                     "shim/env/site", "shim/env/bin", "tools"):  # fmt: skip
            (self.folder / path).mkdir(parents=True)
        for name in LISTS:
            (self.shim / name).write_text("")
        for name, text in SETTINGS.items():
            (self.shim / name).write_text(f"{text}\n")
        (self.shim / "packages").write_text("bash\n")
        (self.shim / "arguments").write_text("quiet\n")
        (self.shim / "menu").write_text(GRUB)
        (self.root / "etc/default/grub").write_text(GRUB)
        (self.root / "etc/modprobe.d/sound.conf").write_text("blacklist pcspkr\n")
        (self.root / "proc/modules").write_text("nvidia 1 0 - Live 0x0\n")
        for tool in TOOLS:
            (self.folder / "tools" / tool).symlink_to(HERE / "stand_in_remedies")
        (self.shim / "env/bin/python3").symlink_to(HERE / "stand_in_remedies")
        (self.shim / "env/pyvenv.cfg").write_text("home = /usr/bin\n")
        said = case.get("mended", "false")
        (self.shim / "mended").write_text(f"ROOT=$GPUSETUP_ROOT; {said[key] if isinstance(said, dict) else said}\n")
        subprocess.run(["bash", "-euc", case.get("before", ":")], check=True, env=self.env)

    @property
    def env(self) -> dict[str, str]:
        path = f"{self.folder / 'tools'}:/usr/bin:/bin"
        return {"PATH": path, "SHIM": str(self.shim), "ROOT": str(self.root), "GPUSETUP_ROOT": str(self.root)}

    def tree(self, stays: tuple[str, ...] = ()) -> dict[str, str]:
        """Return every file and link but the journal, the lock and the log; files named in `stays` do no harm."""
        ours = {"log", "journal.jsonl", "lock", "recipes", *stays}
        found = {}
        for place in (self.root, self.shim):
            for path in sorted(place.rglob("*")):
                if not ours & set(path.relative_to(place).parts) and (path.is_symlink() or path.is_file()):
                    found[str(path)] = os.readlink(path) if path.is_symlink() else path.read_text()
        return found

    @property
    def changes(self) -> list[str]:
        return (self.shim / "log").read_text().splitlines()

    def forget(self) -> None:
        (self.shim / "log").write_text("")

    def events(self) -> list[str]:
        return [entry.event for entry in self.place.journal.entries()]


def recipe_of(name: str, key: str, python: str = "python-of-gpusetup", values: dict[str, str] | None = None) -> Recipe:
    """Return the recipe that the doctor makes of a finding whose remedy is `name`, in the world that is set up."""
    host = machine("desktop", {"system": {"distro": DISTRIBUTIONS[key]}})
    given = CASES[name].get("values", {}) if values is None else values
    shim = os.environ.get("SHIM", "")
    finding = Finding(
        rule="TST001",
        state="error",
        subject="this machine",
        summary="broken",
        remedy=remedy(Fix(name, {one: said.replace("$SHIM", shim) for one, said in given.items()}), host),
    )
    made: Repair = repair([finding], host, RepairOptions(python=python, wishes=("TST001",), person="ada"), [])
    assert [left.reason for left in made.by_hand] == []
    return made.recipe


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    made = World(tmp_path)
    for name, value in made.env.items():
        monkeypatch.setenv(name, value)
    return made


def test_every_step_has_a_case() -> None:
    assert {name for name, _ in STEPS} == set(CASES)


@pytest.mark.parametrize(("name", "key"), STEPS)
def test_it_mends_once_and_is_taken_back_to_what_was_there(world: World, name: str, key: str) -> None:
    case = CASES[name]
    world.build(case, key)
    made = recipe_of(name, key)
    before = world.tree()
    assert apply(made, world.place, print) == "done"
    assert world.events() == ["started", "applied"]
    after = world.tree()
    assert after != before
    world.forget()
    assert apply(made, world.place, print) == "done"
    assert (world.changes, world.tree()) == ([], after)
    assert undo(world.place, print) == 1
    stays = tuple(case.get("stays", ()))
    assert world.tree(stays) == {path: text for path, text in before.items() if Path(path).name not in stays}


@pytest.mark.parametrize(("name", "key"), drawn("failures", STEPS, 12))
def test_a_failure_anywhere_is_taken_back_or_gone_on_from(
    tmp_path: Path, name: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = CASES[name]
    for call in changes_of(tmp_path / "whole", name, key, monkeypatch):
        for go_on in (False, True):
            world = world_at(tmp_path / f"{abs(hash((call, go_on)))}", case, key, monkeypatch)
            made = recipe_of(name, key)
            before = world.tree()
            monkeypatch.setenv("FAIL_ON", call.replace(str(tmp_path / "whole"), str(world.folder)))
            with pytest.raises(StepFailedError):
                apply(made, world.place, print)
            assert world.events() == ["started", "failed"]
            monkeypatch.delenv("FAIL_ON")
            if go_on:
                assert apply(made, world.place, print) == "done"
            undo(world.place, print)
            stays = tuple(case.get("stays", ()))
            assert world.tree(stays) == {path: text for path, text in before.items() if Path(path).name not in stays}


@pytest.mark.parametrize(("name", "key"), drawn("kills", STEPS, 3))
def test_killed_anywhere_it_goes_on_and_is_taken_back(
    tmp_path: Path, name: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = CASES[name]
    for number, call in enumerate(changes_of(tmp_path / "whole", name, key, monkeypatch)):
        world = world_at(tmp_path / str(number), case, key, monkeypatch)
        made = recipe_of(name, key)
        write(tmp_path / "recipe.json", to_json(made))
        before = world.tree()
        program = (
            "import sys; from pathlib import Path; from gpusetup.apply.state_dir import StateDir; "
            "from gpusetup.apply.run import apply; from gpusetup.render.model import Recipe; "
            "from gpusetup.value import load; "
            "apply(load(Path(sys.argv[1]), Recipe), StateDir(Path(sys.argv[2])), print)"
        )
        killed = subprocess.run(
            [sys.executable, "-c", program, tmp_path / "recipe.json", world.root],
            env={**os.environ, "KILL_ON": call.replace(str(tmp_path / "whole"), str(world.folder))},
            start_new_session=True, capture_output=True, check=False,
        )  # fmt: skip
        assert killed.returncode == -9
        assert world.events() == ["started"]
        wait_until_free(world.root)
        assert apply(made, world.place, print) == "done"
        undo(world.place, print)
        stays = tuple(case.get("stays", ()))
        assert world.tree(stays) == {path: text for path, text in before.items() if Path(path).name not in stays}


def world_at(folder: Path, case: dict[str, Any], key: str, monkeypatch: pytest.MonkeyPatch) -> World:
    world = World(folder)
    for name, value in world.env.items():
        monkeypatch.setenv(name, value)
    world.build(case, key)
    return world


def changes_of(folder: Path, name: str, key: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the calls that change something in an undisturbed run."""
    world = world_at(folder, CASES[name], key, monkeypatch)
    apply(recipe_of(name, key), world.place, print)
    return list(dict.fromkeys(world.changes))


@pytest.mark.parametrize(("name", "key"), [one for one in STEPS if CASES[one[0]].get("values")])
def test_a_hostile_value_is_never_run(world: World, name: str, key: str) -> None:
    mark = world.folder / "was-here"
    poison = f"'\"$(touch {mark})`touch {mark}`;touch {mark}&|/e;s/^/touch {mark}/e #"
    world.build(CASES[name], key)
    for value in CASES[name]["values"]:
        made = recipe_of(name, key, values={**CASES[name]["values"], value: CASES[name]["values"][value] + poison})
        with contextlib.suppress(StepFailedError):  # most of these values lead nowhere
            apply(made, world.place, print)
        undo(world.place, print)
        assert not mark.exists(), value


def test_undo_keeps_what_was_there_and_what_came_since(world: World) -> None:
    world.build(CASES["smi"], "debian")
    (world.shim / "packages").write_text("bash\nnvidia-smi\n")
    (world.shim / "mended").write_text("false")
    with pytest.raises(StepFailedError):  # what it would bring is there already
        apply(recipe_of("smi", "debian"), world.place, print)
    with (world.shim / "packages").open("a") as packages:
        packages.write("blender\n")
    undo(world.place, print)
    assert (world.shim / "packages").read_text().split() == ["bash", "nvidia-smi", "blender"]


def test_a_service_that_was_enabled_and_only_stood_still_stays_enabled(world: World) -> None:
    world.build(CASES["persistence"], "any")
    (world.shim / "enabled").write_text("nvidia-persistenced\n")
    made = recipe_of("persistence", "any")
    apply(made, world.place, print)
    assert (world.shim / "active").read_text() == "nvidia-persistenced\n"
    undo(world.place, print)
    assert (world.shim / "enabled").read_text() == "nvidia-persistenced\n"
    assert (world.shim / "active").read_text() == ""


def test_a_module_that_is_in_use_stays_loaded_and_undo_goes_on(world: World) -> None:
    world.build(CASES["load-uvm"], "any")
    apply(recipe_of("load-uvm", "any"), world.place, print)
    (world.root / "proc/modules").write_text("nvidia_uvm 1 4 - Live 0x0\n")
    assert undo(world.place, print) == 1
    assert "modprobe -r nvidia_uvm" not in world.changes
    assert not (world.root / "etc/modules-load.d/nvidia-uvm.conf").exists()


@pytest.mark.parametrize(
    ("name", "key", "change", "says"),
    [
        ("forbid-nouveau", "fedora", "rm $SHIM/nvidia-current", "build it first"),
        ("module-option", "debian", "rm $ROOT/etc/modprobe.d/own.conf", "/proc/cmdline"),
        ("allow-module", "suse", "rm $ROOT/etc/default/grub", "where your boot loader"),
        ("allow-module", "debian", "sed -i s/modprobe.*nvidia// $ROOT/etc/default/grub", "remove it from where"),
        ("remove-compat", "any", "rm $ROOT/etc/ld.so.conf.d/cuda.conf", "contains /usr/local/cuda/compat"),
        ("stray-library", "fedora", "echo /usr/local/lib/libcuda.so.1 >$SHIM/owned", "belongs to a package"),
        ("unset", "any", "rm -r $ROOT/etc/profile.d $ROOT/etc/environment $ROOT/home", "remove it where you set it"),
    ],
)  # fmt: skip
def test_where_it_would_do_harm_or_nothing_it_says_so_and_changes_nothing(
    world: World, name: str, key: str, change: str, says: str
) -> None:
    world.build(CASES[name], key)
    subprocess.run(["bash", "-euc", change], check=True, env=world.env)
    before = world.tree()
    with pytest.raises(StepFailedError, match=says):
        apply(recipe_of(name, key), world.place, print)
    undo(world.place, print)
    assert world.tree() == before


def test_a_check_that_cannot_look_does_not_pass(world: World) -> None:
    world.build(CASES["persistence"], "any")
    (world.folder / "tools/python-of-gpusetup").unlink()
    blind = world.folder / "tools/python-of-gpusetup"
    blind.write_text("#!/bin/bash\necho '" + json.dumps({"findings": [{"state": "unknown"}]}, indent=2) + "'\n")
    blind.chmod(0o755)
    with pytest.raises(StepFailedError, match="its check phase"):
        apply(recipe_of("persistence", "any"), world.place, print)

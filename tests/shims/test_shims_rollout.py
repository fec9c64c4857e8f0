"""A roll-out by real ansible-playbook over pretended hosts: waves, a canary that fails, undo, check mode."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from gpusetup.fleet.rollout.model import Rollout, RolloutGroup
from gpusetup.fleet.rollout.playbook import files
from tests.shims.conftest import Fedora, pretended
from tests.stacks import laptop
from tests.support import tool

NAMES = ("alpha", "bravo", "charlie")


class Fleet(NamedTuple):
    """Pretended hosts and the folder of the roll-out."""

    hosts: dict[str, Fedora]
    folder: Path

    def run(
        self, *words: str, fail_on: dict[str, str] | None = None, lost: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run the playbook; ``sick`` in a host's folder makes its self-test fail, `fail_on` a step of its recipe.

        The host `lost` is not reached any more once its recipe has done something.
        """
        for name, one in self.hosts.items():
            (one.shim / "log").write_text("")
            variables: dict[str, object] = {
                "ansible_connection": "local", "ansible_python_interpreter": "/usr/bin/python3",
                "gpusetup_folder": str(one.root / "rollout"),
                "gpusetup_environment": {
                    "PATH": f"{one.tools}:/usr/bin:/bin", "GPUSETUP_ROOT": str(one.root), "SHIM": str(one.shim),
                    "FAIL_ON": (fail_on or {}).get(name, "nothing fails"),
                },
                "gpusetup_selftest": ["test", "!", "-e", str(one.root / "sick")],
            }  # fmt: skip
            if name == lost:
                done = one.root / "var/lib/gpusetup/journal.jsonl"
                variables["ansible_connection"] = f"{{{{ 'ssh' if '{done}' is exists else 'local' }}}}"
                variables |= {"ansible_host": "127.0.0.1", "ansible_port": 1}
            (self.folder / "host_vars").mkdir(exist_ok=True)
            (self.folder / f"host_vars/{name}.json").write_text(json.dumps(variables))
        return subprocess.run(
            ["ansible-playbook", "-i", "inventory.json", "rollout.yml", "-e", "ansible_become=false", *words],
            cwd=self.folder, capture_output=True, text=True, check=False, timeout=300,
            env={"PATH": "/usr/bin:/bin", "HOME": str(self.folder), "ANSIBLE_NOCOLOR": "1", "LC_ALL": "C.UTF-8",
                 "ANSIBLE_PIPELINING": "1"},
        )  # fmt: skip

    def states(self) -> dict[str, str]:
        """Return what each host is: untouched, applied, or undone."""
        return {name: _state(one) for name, one in self.hosts.items()}


def _state(host: Fedora) -> str:
    if not (host.root / "var/lib/gpusetup/journal.jsonl").exists():
        return "untouched"
    last = dict(host.events())
    return "undone" if {*last.values()} == {"undone"} else "applied" if "undone" not in last.values() else "mixed"


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    tool("ansible-playbook")
    hosts = {name: pretended(tmp_path / name) for name in NAMES}
    scripts = {one.render(laptop(), "preflight", "repositories", "driver") for one in hosts.values()}
    (script,) = scripts
    group = RolloutGroup(
        name="group_1", hosts=NAMES, what="pretended", stack=("a driver",), script="recipes/group_1.sh",
        sha256=hashlib.sha256(script.encode()).hexdigest(),
    )  # fmt: skip
    plan = Rollout(gpusetup="1", made_at="2026-12-01T00:00:00Z", waves=("1", "100%"), groups=(group,))
    folder = tmp_path / "rollout"
    for name, text in files(plan, {group.script: script}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return Fleet(hosts, folder)


def test_a_sound_roll_out_goes_wave_after_wave_and_proves_each_host(fleet: Fleet) -> None:
    done = fleet.run()
    assert done.returncode == 0, done.stdout[-3000:]
    assert fleet.states() == dict.fromkeys(NAMES, "applied")
    proofs = re.findall(r"TASK \[Prove that it computes right\] \**\n((?:ok: .*\n)+)", done.stdout)
    waves = [sorted(re.findall(r"\[(\w+)\]", one)) for one in proofs]
    assert waves == [["alpha"], ["bravo", "charlie"]]


def test_a_canary_whose_self_test_fails_is_undone_and_nobody_else_is_begun(fleet: Fleet) -> None:
    before = fleet.hosts["alpha"].tree()
    (fleet.hosts["alpha"].root / "sick").touch()
    done = fleet.run()
    assert done.returncode != 0
    assert fleet.states() == {"alpha": "undone", "bravo": "untouched", "charlie": "untouched"}
    told = "Prove that it computes right: failed. What the recipe did is undone; no other host is begun"
    assert told in done.stdout
    after = fleet.hosts["alpha"].tree()
    assert {name for name in after if "/rollout/" not in name and not name.endswith("sick")} >= {*before}


def test_a_step_that_fails_in_a_later_wave_is_undone_there(fleet: Fleet) -> None:
    done = fleet.run("--limit", "bravo,charlie", fail_on={"bravo": "dnf -y install akmod"})
    assert done.returncode != 0
    assert fleet.states() == {"alpha": "untouched", "bravo": "undone", "charlie": "untouched"}
    assert "Apply the recipe: failed. What the recipe did is undone" in done.stdout


def test_a_host_that_is_not_reached_any_more_stops_the_roll_out(fleet: Fleet) -> None:
    book = fleet.folder / "rollout.yml"
    text = book.read_text()
    assert text.count('serial: [1, "100%"]') == 1
    book.write_text(text.replace('serial: [1, "100%"]', "serial: [2, 1]"))
    done = fleet.run(lost="bravo")
    assert done.returncode != 0
    assert fleet.states() == {"alpha": "applied", "bravo": "applied", "charlie": "untouched"}
    assert "bravo: not reached any more since its recipe was begun; no other host is begun" in done.stdout


def test_a_failed_host_can_be_left_to_be_looked_at(fleet: Fleet) -> None:
    (fleet.hosts["alpha"].root / "sick").touch()
    done = fleet.run("-e", "gpusetup_undo=false")
    assert (done.returncode != 0, fleet.states()["alpha"], fleet.states()["bravo"]) == (True, "applied", "untouched")
    assert "It is NOT undone" in done.stdout


def test_check_mode_says_what_is_to_do_and_changes_nothing(fleet: Fleet) -> None:
    done = fleet.run("--check", "--limit", "alpha")
    assert done.returncode == 0, done.stdout[-3000:]
    assert "to do  driver: " in done.stdout
    assert fleet.states() == dict.fromkeys(NAMES, "untouched")
    assert not any(one.changes for one in fleet.hosts.values())


def test_a_recipe_that_was_changed_is_not_carried_out(fleet: Fleet) -> None:
    with (fleet.folder / "recipes/group_1.sh").open("a") as script:
        script.write("true\n")
    assert fleet.run().returncode != 0
    assert fleet.states() == dict.fromkeys(NAMES, "untouched")

"""The recipe's other forms, really run: by the command, at a first boot, from cloud-init's and Kickstart's own text."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from gpusetup.render.formats import render
from gpusetup.render.model import Origin
from gpusetup.render.steps import recipe
from gpusetup.value import to_json
from tests.lab.fedora import Lab
from tests.lab.world import ADA, DAY, DRIVER_ALONE, PASCAL, World
from tests.support import drawn, tool

ANYWHERE = Origin(arch="x86_64", cards=None, kernel=None, driver=None, secure_boot=None)
UNIT = "/etc/systemd/system/gpusetup-recipe.service"


def boot(lab: Lab) -> subprocess.CompletedProcess[str]:
    """Do what systemd would do with the unit at this boot: its condition, its program, and what comes after that."""
    return lab.sh(f"""
        value() {{ sed -n "s/^$1=//p" {UNIT}; }}
        [[ ! -e $(value ConditionPathExists | tr -d '!') ]] || {{ echo skipped; exit 0; }}
        $(value ExecStart)
        export EXIT_STATUS=$?
        $(value ExecStopPost)
    """)


def cloud_init(text: str) -> str:
    """Return as shell text what cloud-init does with the user data `text`."""
    yaml = pytest.importorskip("yaml", reason="the lab reads user data with PyYAML")
    data = yaml.safe_load(text)
    files = [
        f"install -D -m {file['permissions']} /dev/stdin {file['path']} <<'CLOUD_END'\n{file['content']}CLOUD_END"
        for file in data["write_files"]
    ]
    return "\n".join(["set -eu", *files, *(" ".join(command) for command in data["runcmd"])])


def kickstart(text: str) -> str:
    """Return the text of the %post section, as Anaconda gives it to a shell in the new root."""
    return re.split(r"^%post.*$", text, flags=re.MULTILINE)[1].partition("\n%end")[0]


FIRST_BOOTS: tuple[tuple[str, Callable[[str], str]], ...] = (("cloud-init", cloud_init), ("kickstart", kickstart))
BOOTED = drawn("first boots", FIRST_BOOTS, 1)
PLAYED: list[dict[str, Any]] = drawn("recipes that Ansible plays", ({}, DRIVER_ALONE), 1)
"""Four runs of a playbook take a minute of processor time, half of it for the environments."""


@pytest.mark.parametrize(("kind", "extract"), FIRST_BOOTS)
def test_what_is_put_there_for_the_first_boot_is_the_script_itself(
    world: World, lab: Lab, kind: str, extract: Callable[[str], str]
) -> None:
    made = recipe(world.small(ADA))
    put = lab.sh(extract(render(made, kind, DAY)))
    assert put.returncode == 0, put.stderr
    assert "enable gpusetup-recipe.service" in lab.sh("cat /var/log/lab-calls").stdout
    assert lab.sh("cat /usr/local/sbin/gpusetup-recipe").stdout == render(made, "bash", DAY)


@pytest.mark.parametrize(("kind", "extract"), BOOTED)
def test_at_the_first_boots_the_recipe_runs_until_it_is_done(
    world: World, lab: Lab, kind: str, extract: Callable[[str], str]
) -> None:
    made = recipe(world.small(ADA, **DRIVER_ALONE))
    lab.sh("mkdir /sys/module/nouveau")
    lab.sh(extract(render(made, kind, DAY)))
    first = boot(lab)
    assert lab.sh("test -e /srv/rebooted").returncode == 0, first.stdout + first.stderr
    lab.sh("rm /srv/rebooted")
    lab.reboot()
    second = boot(lab)
    assert "all steps are done" in second.stdout, second.stdout + second.stderr
    assert lab.sh("test -e /srv/rebooted").returncode != 0
    assert boot(lab).stdout == "skipped\n"


def test_a_first_boot_that_needs_a_second_reboot_does_not_reboot_for_ever(world: World, lab: Lab) -> None:
    lab.sh("mkdir /sys/module/nouveau")
    lab.sh(kickstart(render(recipe(world.small(ADA, **DRIVER_ALONE)), "kickstart", DAY)))
    boot(lab)
    lab.sh("rm /srv/rebooted")  # but the machine comes up with nouveau again
    boot(lab)
    assert lab.sh("test -e /srv/rebooted").returncode != 0


@pytest.mark.parametrize("wishes", PLAYED, ids=lambda wishes: "the driver" if wishes else "all steps")
def test_the_playbook_does_what_the_script_does_over_a_reboot(world: World, lab: Lab, wishes: dict[str, Any]) -> None:
    tool("ansible-playbook")
    made = recipe(world.small(ADA, **wishes))
    text = render(made, "ansible", DAY)
    assert text.count("ansible.builtin.reboot:") == sum(step.reboot_after for step in made.steps)
    # a connection to the very machine cannot be lost and found again: its reboot is done by a program of the lab
    lab.write("/root/play.yml", text.replace("ansible.builtin.reboot:", "ansible.builtin.command: lab-reboot"))
    lab.write("/usr/local/sbin/lab-reboot", "#!/bin/sh\nrm -rf /sys/module/*\nmodprobe nvidia\n", mode="755")
    lab.sh("mkdir /sys/module/nouveau")
    play = (
        "ANSIBLE_PIPELINING=1 "
        "ansible-playbook -i localhost, -c local -e ansible_become=false -e ansible_python_interpreter=/usr/bin/python3"
    )
    lab.sh("mkdir -p ~/.ansible && mkdir -p -m 700 ~/.ansible/tmp")  # Ansible's own, on a machine where it never ran
    before = lab.state()
    dry = lab.sh(f"{play} --check /root/play.yml")
    assert lab.state() == before
    assert "failed=0" in dry.stdout, dry.stdout
    first = lab.sh(f"{play} /root/play.yml")
    assert "failed=0" in first.stdout, first.stdout + first.stderr
    assert "lab-reboot" not in first.stdout
    assert re.search(r"TASK \[load: reboot this host.*\nok", first.stdout)
    assert not re.search(r"TASK \[verify: ", first.stdout)  # what needs the new driver waits for it
    # what comes before the reboot was done just now, and the last run below asks for all of it again
    start = "-e gpusetup_reboot=true --start-at-task 'load: is it done?'"
    second = lab.sh(f"{play} {start} /root/play.yml")
    assert "failed=0" in second.stdout, second.stdout + second.stderr
    assert re.search(r"TASK \[load: reboot\] \*+\nchanged", second.stdout)
    # every check of the recipe holds, and nothing is left that a further run would change
    assert lab.recipe(render(made, "bash", DAY), "--check").returncode == 0
    assert "changed=0 " in lab.sh(f"{play} /root/play.yml").stdout


CARRIES_OUT = """
import sys
from pathlib import Path
from gpusetup.cli._apply import host_state
from gpusetup.cli.install import _apply
from gpusetup.render.model import Recipe
from gpusetup.value import load
sys.exit(_apply(load(Path("/root/plan.json"), Recipe), host_state(), None, dry_run={dry_run}, yes=True))
"""
"""What ``install --apply`` does with a recipe. By ``--plan`` it would not take one with the keys of the lab."""


def test_the_command_applies_a_recipe_with_a_reboot_and_takes_it_back(world: World, lab: Lab) -> None:
    made = msgspec.structs.replace(recipe(world.small(PASCAL)), origin=ANYWHERE)
    lab.write("/root/plan.json", to_json(made))
    lab.sh("mkdir /sys/module/nouveau")
    before = lab.state(strict=True)
    refused = lab.gpusetup("install", "--apply", "--plan", "/root/plan.json", "--yes")
    assert refused.returncode == 4
    assert "different repositories" in refused.stderr
    dry = lab.python(CARRIES_OUT.format(dry_run=True))
    assert dry.returncode == 0, dry.stderr
    assert "to do  driver" in dry.stdout
    assert lab.state(strict=True) == before  # to the last byte of the disk
    start = {path: what for path, what in lab.state().items() if path != "/root/plan.json"}
    first = lab.python(CARRIES_OUT.format(dry_run=False))
    assert (first.returncode, first.stdout) == (7, "reboot now, then run the same command again\n"), first.stderr
    lab.reboot()
    second = lab.gpusetup("install", "--apply", "--yes")  # it remembers which recipe waits
    assert (second.returncode, second.stdout) == (0, "all steps are done\n"), second.stderr
    events = [json.loads(line) for line in lab.sh("cat /var/lib/gpusetup/journal.jsonl").stdout.splitlines()]
    assert {event["recipe"] for event in events} == {made.digest}
    assert [event["event"] for event in events if event["step"] == "load"] == ["started", "waiting", "applied"]
    assert lab.recipe(render(made, "bash", DAY)).returncode == 0  # the script goes on where the command stopped
    undone = lab.gpusetup("install", "--undo", "--yes")
    assert undone.returncode == 0, undone.stderr
    assert {path: what for path, what in lab.state().items() if path != "/root/plan.json"} == start

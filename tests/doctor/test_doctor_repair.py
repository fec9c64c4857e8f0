"""``--fix``: remedies as steps with three doors, carried out under real bash with stand-ins, and taken back."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gpusetup.apply.run import apply, undo
from gpusetup.apply.state_dir import StateDir
from gpusetup.doctor.examine import examine
from gpusetup.doctor.registry import all_rules
from gpusetup.doctor.remedies.fixes import chosen, table
from gpusetup.doctor.remedies.repair import Repair, RepairOptions, repair
from gpusetup.errors import EXIT_REBOOT, StepFailedError
from gpusetup.files import write
from gpusetup.machine.model import Machine, System
from gpusetup.render.model import Recipe, Step
from gpusetup.render.steps import digest
from gpusetup.value import to_json
from tests.doctor.machines import cases, machine
from tests.fake_host import WHOLE, grow
from tests.stacks import desktop
from tests.support import Run, tool

pytestmark = pytest.mark.slow

RULES = all_rules()
BROKEN: dict[str, Any] = {"gpus": {"0": {"compute_mode": 2}}, "system": {"kernel": {"modules-": ["nvidia_uvm"]}}}


def repaired(
    change: dict[str, Any], host: str = "desktop", python: str = sys.executable, wishes: tuple[str, ...] = ()
) -> Repair:
    made = machine(host, change)
    return repair(examine(made, RULES.values()), made, RepairOptions(python=python, wishes=wishes))


def left(found: Repair) -> set[tuple[str, str]]:
    return {(one.reason, one.finding.rule) for one in found.by_hand}


def test_what_can_be_taken_back_becomes_a_step_and_the_rest_is_left_to_a_person() -> None:
    found = repaired({**BROKEN, "system": {**BROKEN["system"], "secure_boot": {"unread": "denied", "source": "x"}}})
    assert [step.id for step in found.recipe.steps] == [
        "doctor-prm003-default-compute-mode",
        "doctor-krn006-load-uvm",
    ]
    assert left(found) == {("unseen", "SEC002"), ("unseen", "SEC003")}
    mode = found.recipe.steps[0]
    assert "sudo nvidia-smi --id=0 --compute-mode=DEFAULT" in mode.apply
    assert "undo_by nvidia-smi --id=0 --compute-mode=2" in mode.apply
    assert "compute mode is prohibited" in mode.why


def test_a_container_is_left_alone_where_its_host_has_to_be_mended() -> None:
    found = repaired({**BROKEN, "system": {**BROKEN["system"], "container": "docker"}})
    assert not found.recipe.steps
    assert ("elsewhere", "PRM003") in left(found)


def test_one_step_mends_every_gpu_that_one_rule_accuses() -> None:
    modes = {str(index): {"compute_mode": 2 + index % 2} for index in (1, 4)}
    (step,) = repaired({"gpus": modes}, "h100_server").recipe.steps
    assert sorted(re.findall(r"--id=(\d) --compute-mode=DEFAULT", step.apply)) == ["1", "4"]
    assert "--id=1 --compute-mode=3" in step.apply
    assert "--id=4 --compute-mode=2" in step.apply


LOWERED: dict[str, Any] = {"gpus": {"0": {"power_limit": 200.0, "power_limit_default": 450.0}}}


def test_what_may_be_wanted_is_changed_only_where_its_rule_was_named() -> None:
    assert left(repaired(LOWERED)) == {("choice", "PWR007")}
    (step,) = repaired(LOWERED, wishes=("PWR007",)).recipe.steps
    assert "--power-limit=450" in step.apply
    assert "undo_by nvidia-smi --id=0 --power-limit=200" in step.apply


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"system": {"kernel": {"command_line": "modprobe.blacklist=nvidia"}, "distro": "arch"}}, "distribution"),
        ({"system": {"kernel": {"command_line": "modprobe.blacklist=nvidia"}, "image": "ostree"}}, "image"),
        ({"system": {"kernel": {"command_line": "modprobe.blacklist=nvidia,\u202e"}}}, "strange"),
        ({"pci": {"0": {"bars": [0, 0, 0, 0, 0, 0]}}}, "hardware"),
    ],
)
def test_what_cannot_be_carried_out_says_why(change: dict[str, Any], reason: str) -> None:
    found = repaired(change)
    assert reason in {why for why, _ in left(found)}
    assert not found.recipe.steps


def test_an_image_can_still_have_its_files_changed() -> None:
    found = repaired({**BROKEN, "system": {**BROKEN["system"], "image": "bootc"}})
    assert [step.id for step in found.recipe.steps] == [
        "doctor-prm003-default-compute-mode",
        "doctor-krn006-load-uvm",
    ]


def test_what_only_an_import_shows_is_asked_again_by_one() -> None:
    broken = {"unread": "failed", "source": "import", "detail": "ImportError: libcudnn.so.9: cannot open shared object"}
    steps = repaired({"frameworks": {"0": {"version": broken}}, **BROKEN}).recipe.steps
    asked = {step.id: step.define.partition("asked=")[2].strip() for step in steps}
    imported = next(step for step in steps if "fwk" in step.id)
    assert "--deep --python pytorch=" in asked[imported.id]
    assert "torch==" in imported.apply
    assert asked["doctor-krn006-load-uvm"] == "()"


def test_a_finding_of_a_login_is_looked_for_again_in_a_login() -> None:
    here, there = (
        machine("desktop", BROKEN),
        machine("desktop", {"device_nodes": {"3": {"usable": False, "mode": "crw-rw----"}}}),
    )
    theirs = [one for one in examine(there, RULES.values()) if one.state == "error"]
    found = repair(examine(here, RULES.values()), here, RepairOptions(python="python", person="ada"), theirs)
    whose = {step.id: "person=ada" in step.define for step in found.recipe.steps}
    assert whose == {
        "doctor-prm003-default-compute-mode": False,
        "doctor-krn006-load-uvm": False,
        "doctor-prm002-device-permission": True,
    }


def of_all_cases(distro: str) -> list[Repair]:
    """Return what is made of the finding of each case on such a system; its own rule alone is asked."""
    asked = RepairOptions(python=sys.executable, wishes=tuple(RULES))
    hosts = [
        (RULES[case.rule], msgspec.structs.replace(case.fires, system=with_distro(case.fires, distro)))
        for case in cases()
    ]
    return [repair(examine(host, [rule]), host, asked) for rule, host in hosts]


def with_distro(host: Machine, distro: str) -> System:
    return msgspec.structs.replace(host.system, distro=distro)


@pytest.mark.parametrize("distro", ["fedora", "debian", "opensuse-leap"])
def test_every_step_is_reached_reboots_nobody_and_is_shell_text(distro: str) -> None:
    texts: dict[str, str] = {}
    for found in of_all_cases(distro):
        for step in found.recipe.steps:
            doors = f"{step.define}\n{step.check}\n{step.apply}\n{step.undo}"
            assert not {"reboot", "journalctl"} & set(re.findall(r"\w+", step.apply))
            assert step.why.strip()
            assert step.apply.strip(), f"{step.id} would do nothing"
            texts.setdefault(step.id, doors)
        library = found.recipe.library
    reached = {name.split("-", 2)[2] for name in texts}
    host = machine("desktop", {"system": {"distro": distro}})
    printed = {name: chosen(one, host) for name, one in table().items()}
    assert reached == {name for name, one in table().items() if printed[name] in (one.step or ())}
    doors = "\n".join(f"step_{name.replace('-', '_')}() {{\n{text}}}" for name, text in texts.items())
    # SC2032, SC2033: sudo is a function of ours here, and can run functions
    done = subprocess.run(
        [tool("shellcheck"), "--shell=bash", "--exclude=SC2317,SC2034,SC2329,SC2032,SC2033", "-"],
        input=f"{library}\n{doors}", text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_a_hostile_host_is_quoted_in_every_door(tmp_path: Path) -> None:
    evil = f"6.1; touch {tmp_path}/was-here $(touch {tmp_path}/was-here) `touch {tmp_path}/was-here`'\""
    nothing = {"unread": "absent", "source": "nvmlInit", "code": 9}
    gone = {"unread": "absent", "source": "/proc/driver/nvidia/version", "code": 2}
    found = repaired(
        {
            "gpus": nothing,
            "driver": {"nvml": nothing, "cuda": nothing, "kernel_module": gone, "module_license": gone},
            "system": {"kernel": {"release": evil, "next_release": evil, "modules!": [], "headers": False}},
            "device_nodes!": [],
            "pci": {"0": {"driver": ""}},
        }
    )
    (step,) = [step for step in found.recipe.steps if step.id == "doctor-krn001-build-module"]
    tools = shims(tmp_path, ("dnf", "akmods", "rpm"))
    place = StateDir(tmp_path / "root")
    with_tools(tools, lambda: apply(one_step(found, step), place, print), tmp_path)
    assert f"akmods --force --kernels {evil}" in (tmp_path / "log").read_text()
    with_tools(tools, lambda: undo(place, print), tmp_path)
    assert not (tmp_path / "was-here").exists()


def one_step(found: Repair, step: Step) -> Recipe:
    quiet = msgspec.structs.replace(
        step, check='test -e "$root/../mended"\n', apply=step.apply + 'touch "$root/../mended"\n'
    )
    return msgspec.structs.replace(found.recipe, steps=(quiet,), digest=digest(found.recipe.library, (quiet,)))


def shims(folder: Path, names: tuple[str, ...]) -> Path:
    """Write stand-ins that record their arguments, one line a call."""
    tools = folder / "tools"
    tools.mkdir(exist_ok=True)
    for name in names:
        (tools / name).write_text(f'#!/bin/bash\necho "{name} $*" >> {shlex.quote(str(folder / "log"))}\n')
        (tools / name).chmod(0o755)
    return tools


def with_tools(tools: Path, act: Any, folder: Path) -> None:
    old = os.environ["PATH"]
    os.environ["PATH"] = f"{tools}:{old}"
    try:
        act()
    finally:
        os.environ["PATH"] = old


@pytest.fixture
def fedora(tmp_path: Path) -> Path:
    """A Fedora whose nvidia_uvm is not loaded; the stand-in for modprobe loads and unloads it."""
    root = grow(tmp_path / "root", {**WHOLE, "/proc/modules": "nvidia 3000000 2 - Live 0x0 (OE)\n"})
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "modprobe").write_text(
        '#!/bin/bash\nif [[ $1 == -r ]]; then sed -i "/^$2 /d" "$GPUSETUP_ROOT/proc/modules"\n'
        'else echo "$1 1 0 - Live 0x0" >> "$GPUSETUP_ROOT/proc/modules"; fi\n'
    )
    (tools / "modprobe").chmod(0o755)
    return root


def test_the_command_mends_only_when_it_is_told_to_and_takes_it_back(fedora: Path, gpusetup: Run) -> None:
    env = {"GPUSETUP_ROOT": str(fedora), "PATH": f"{fedora.parent / 'tools'}:{os.environ['PATH']}"}
    only = ("doctor", "--only", "KRN006", "--fix")
    modules, file = fedora / "proc/modules", fedora / "etc/modules-load.d/nvidia-uvm.conf"

    printed = gpusetup(*only, "--sysroot", fedora, env=env)
    assert "STEP doctor-krn006-load-uvm" in printed.stdout
    assert "nvidia_uvm" not in modules.read_text()
    assert not (fedora / "var/lib/gpusetup").exists()

    refused = gpusetup(*only, "--apply", env=env)
    assert (refused.returncode, "no terminal for the confirmation" in refused.stderr) == (4, True)

    done = gpusetup(*only, "--apply", "--yes", env=env)
    assert (done.returncode, done.stdout) == (0, "all steps are done\n"), done.stderr
    assert "nvidia_uvm" in modules.read_text()
    assert file.read_text() == "nvidia_uvm\n"
    journal = [json.loads(line)["event"] for line in (fedora / "var/lib/gpusetup/journal.jsonl").open()]
    assert journal == ["started", "applied"]

    again = gpusetup(*only, "--apply", "--yes", env=env)
    assert (again.returncode, "there is no step to apply" in again.stdout) == (0, True)

    back = gpusetup("doctor", "--fix", "--undo", "--yes", env=env)
    assert (back.returncode, back.stdout) == (0, "1 step undone\n"), back.stderr
    assert "nvidia_uvm" not in modules.read_text()
    assert not file.exists()
    assert gpusetup("doctor", "--fix", "--undo", "--yes", env=env).stdout == "there is nothing to undo\n"


def test_a_step_that_waits_for_a_restart_keeps_no_other_rule_from_being_mended(fedora: Path, gpusetup: Run) -> None:
    env = {"GPUSETUP_ROOT": str(fedora), "PATH": f"{fedora.parent / 'tools'}:{os.environ['PATH']}"}
    (made,) = repaired({"gpus": {"0": {"compute_mode": 2}}}).recipe.steps
    step = msgspec.structs.replace(made, id="doctor-krn202-modeset", check="false\n", apply=":\n", reboot_after=True)
    whole = repaired(BROKEN).recipe
    waiting = msgspec.structs.replace(whole, steps=(step,), digest=digest(whole.library, (step,)))
    assert apply(waiting, StateDir(fedora), print) == "reboot"
    same = gpusetup("doctor", "--only", "KRN202", "--fix", "--apply", "--yes", env=env)
    assert same.returncode == EXIT_REBOOT
    other = gpusetup("doctor", "--only", "KRN006", "--fix", "--apply", "--yes", env=env)
    assert (other.returncode, other.stdout) == (0, "all steps are done\n"), other.stderr
    assert "doctor-krn202-modeset: a restart is needed" in other.stderr
    assert "nvidia_uvm" in (fedora / "proc/modules").read_text()
    back = gpusetup("doctor", "--fix", "--undo", "--yes", env=env)
    assert (back.returncode, back.stdout) == (0, "2 steps undone\n"), back.stderr


def test_a_step_that_does_not_mend_fails_and_says_so(fedora: Path, gpusetup: Run) -> None:
    (fedora.parent / "tools/modprobe").write_text("#!/bin/bash\n")
    env = {"GPUSETUP_ROOT": str(fedora), "PATH": f"{fedora.parent / 'tools'}:{os.environ['PATH']}"}
    done = gpusetup("doctor", "--only", "KRN006", "--fix", "--apply", "--yes", env=env)
    assert done.returncode == StepFailedError.exit_code
    assert "its check phase still fails" in done.stderr


def test_the_doctor_takes_back_its_own_steps_alone(tmp_path: Path) -> None:
    place = StateDir(tmp_path / "root")
    (mine,) = repaired({"gpus": {"0": {"compute_mode": 2}}}).recipe.steps
    ours = one_step(repaired(BROKEN), msgspec.structs.replace(mine, apply="", undo=":\n"))
    step = msgspec.structs.replace(
        mine, id="driver", check='test -e "$root/../driver"\n', apply='touch "$root/../driver"\n'
    )
    theirs = Recipe(
        distro="fedora", release="44", stack=desktop(), library=ours.library, steps=(step,),
        digest=digest(ours.library, (step,)),
    )  # fmt: skip
    apply(theirs, place, print)
    apply(ours, place, print)
    assert undo(place, print, lambda entry: place.is_repair(entry.recipe)) == 1
    assert [entry.step for entry in place.journal.standing()] == ["driver"]


@pytest.mark.parametrize(
    "options",
    [
        ["--apply"],
        ["--undo"],
        ["--fix", "--apply", "--machine", "m.json"],
        ["--fix", "--apply", "--sysroot", "/tmp"],
        ["--fix", "--format", "junit"],
    ],
)
def test_what_does_not_go_together_is_refused(options: list[str], gpusetup: Run) -> None:
    done = gpusetup("doctor", *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr


def test_the_printed_repair_is_plain_and_its_json_is_a_repair(gpusetup: Run, tmp_path: Path) -> None:
    write(tmp_path / "m.json", to_json(machine("desktop", BROKEN)))
    text = gpusetup("doctor", "--machine", tmp_path / "m.json", "--fix")
    assert text.returncode == 1
    assert text.stdout.startswith("2 steps can be applied; nothing has been changed yet\n")
    said = json.loads(gpusetup("doctor", "--machine", tmp_path / "m.json", "--fix", "--json").stdout)
    assert [step["id"] for step in said["recipe"]["steps"]] == [
        "doctor-prm003-default-compute-mode",
        "doctor-krn006-load-uvm",
    ]

"""Every output format carries the same recipe and passes its own tool."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from gpusetup.content_dirs import content_dirs
from gpusetup.errors import RefusedError, WrongInputError
from gpusetup.render.formats import formats, render
from gpusetup.render.steps import recipe
from gpusetup.resolve.model import Stack
from tests.render.kinds import KINDS, stack
from tests.stacks import cardless, desktop, laptop
from tests.support import Run, chance, tool

LINTERS = {
    "ansible": ("ansible-playbook", "--syntax-check", "-i", "localhost,"),
    "bash": ("shellcheck",),
    "bundle": ("shellcheck",),
    "cloud-init": ("cloud-init", "schema", "--config-file"),
    "kickstart": ("ksvalidator", "--version", "F43"),
}
PARTS = content_dirs("recipes")[0] / "formats/parts"


def lint(kind: str, text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    tool(LINTERS[kind][0])
    path = folder / f"recipe.{kind}"
    path.write_text(text)
    return subprocess.run([*LINTERS[kind], path], capture_output=True, text=True, check=False)


def test_every_format_has_a_linter_here() -> None:
    assert set(formats()) == set(LINTERS)


@pytest.mark.slow
@pytest.mark.parametrize("kind", LINTERS)
@pytest.mark.parametrize("make", [laptop, desktop, cardless])
def test_each_format_passes_its_tool(kind: str, make: Callable[[], Stack], tmp_path: Path) -> None:
    done = lint(kind, render(recipe(make()), kind, "2026-11-22"), tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("kind", [kind for kind in LINTERS if kind != "bash"])
def test_a_machine_taken_by_chance_passes_its_tool_too(kind: str, tmp_path: Path) -> None:
    machine = chance(f"{kind} for a machine").choice(
        [name for name, asked in KINDS.items() if kind != "bundle" or not asked.variant]
    )
    done = lint(kind, render(recipe(stack(machine)), kind, "2026-11-22"), tmp_path)
    assert done.returncode == 0, machine + done.stdout + done.stderr


@pytest.mark.parametrize("variant", ["ostree", "bootc"])
def test_a_bundle_of_packages_is_not_for_an_image(variant: str) -> None:
    with pytest.raises(RefusedError, match="image"):
        render(recipe(stack(variant)), "bundle", "2026-11-22")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [
        ("ansible", "ansible.builtin.shell:", "ansible.builtin.shel:"),
        ("cloud-init", "runcmd:", "runcmd: 3\nx:"),
        ("kickstart", "%post --erroronfail", "%post --erroronfial"),
    ],
)
def test_the_tools_would_see_a_mistake(kind: str, right: str, wrong: str, tmp_path: Path) -> None:
    text = render(recipe(desktop()), kind, "2026-11-22")
    assert lint(kind, text.replace(right, wrong), tmp_path).returncode != 0


def test_cloud_init_and_kickstart_carry_the_script_byte_for_byte() -> None:
    made = recipe(laptop())
    script = render(made, "bash", "2026-11-22")
    contents = re.findall(r"^    content: (.*)$", render(made, "cloud-init", "2026-11-22"), re.MULTILINE)
    assert json.loads(contents[0]) == script
    kickstart = render(made, "kickstart", "2026-11-22")
    assert f"<<'GPUSETUP_END'\n{script}GPUSETUP_END\n" in kickstart
    for name in ("first-boot.sh", "first-boot.service"):
        assert (PARTS / name).read_text() in kickstart
        assert (PARTS / name).read_text() in map(json.loads, contents)


def test_no_line_of_the_script_is_a_kickstart_section() -> None:
    script = render(recipe(desktop()), "bash", "2026-11-22")
    assert not [line for line in script.splitlines() if line.startswith("%")]


def test_the_playbook_holds_every_phase_as_data_and_as_it_is_written() -> None:
    """`!unsafe` keeps Ansible from taking braces in a phase as its own, and a block needs no escapes."""
    made = recipe(desktop())
    playbook = render(made, "ansible", "2026-11-22")
    for step in made.steps:
        name = f'    "define_{step.id.replace("-", "_")}": !unsafe'
        assert name + (" |\n" + indent(step.define, 6) if step.define else ' ""\n') in playbook
        assert playbook.count("        phase: !unsafe |\n" + indent(step.check, 10)) >= 1
    assert not re.search(r"(?:phase|library|define_\w+\"): (?!!unsafe)", playbook)


def indent(text: str, by: int) -> str:
    return "".join(f"{' ' * by}{line}\n" if line else "\n" for line in text.splitlines())


@pytest.mark.parametrize("make", [laptop, desktop])
def test_the_playbook_uses_modules_where_there_are_some(make: Callable[[], Stack]) -> None:
    playbook = render(recipe(make()), "ansible", "2026-11-22")
    for module in ("dnf", "yum_repository", "rpm_key", "copy"):
        assert f"ansible.builtin.{module}:" in playbook
    for step in ("repositories", "kernel-headers", "driver", "nouveau"):
        assert f'"{step}: is it done?"' not in playbook
        assert f'"{step}: is it done now?"' in playbook


def test_a_step_of_the_users_own_never_becomes_the_modules_of_the_one_it_replaces() -> None:
    made = recipe(desktop())
    mine = msgspec.structs.replace(made.steps[2], apply="echo mine\n")
    steps = (*made.steps[:2], mine, *made.steps[3:])
    playbook = render(msgspec.structs.replace(made, steps=steps), "ansible", "2026-11-22")
    assert f'"{mine.id}: is it done?"' in playbook
    assert "          echo mine\n" in playbook


def test_the_playbook_goes_on_by_some_hosts_at_a_time_and_reboots_none_unasked() -> None:
    playbook = render(recipe(desktop()), "ansible", "2026-11-22")
    assert '  serial: [1, "25%"]\n  max_fail_percentage: 0\n' in playbook
    before, _, after = playbook.partition("ansible.builtin.meta: end_host\n")
    assert "not (gpusetup_reboot | default(false) | bool)" in after.splitlines()[0]
    assert "ansible.builtin.reboot:" not in before
    assert after.count("ansible.builtin.reboot:") == 1


def test_hostile_text_stays_inside_its_string(tmp_path: Path) -> None:
    made = recipe(desktop())
    hostile = 'x"\n- hosts: all # {{ lookup("pipe", "id") }} \u2028 ☃'
    step = msgspec.structs.replace(made.steps[0], title=hostile, check=hostile)
    text = render(msgspec.structs.replace(made, steps=(step,)), "ansible", "2026-11-22")
    assert text.count("\n- ") == 1
    assert lint("ansible", text, tmp_path).returncode == 0


def test_an_unknown_format_is_named(gpusetup: Run) -> None:
    with pytest.raises(WrongInputError, match="known: ansible, bash, bundle"):
        render(recipe(desktop()), "floppy", "today")
    done = gpusetup("install", "--release", "44", "--gpu", "RTX 4090", "--format", "floppy")
    assert done.returncode == 2
    assert "floppy" in done.stderr


@pytest.mark.parametrize(("status", "file"), [("0", "complete"), ("7", "rebooted"), ("6", "")])
def test_the_first_boot_ends_once_and_reboots_once(tmp_path: Path, status: str, file: str) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "systemctl").write_text('#!/bin/sh\necho "$*" >>"$CALLS"\n')
    (tools / "systemctl").chmod(0o755)
    state, calls = tmp_path / "state", tmp_path / "calls"
    state.mkdir()
    text = (PARTS / "first-boot.sh").read_text().replace("/var/lib/gpusetup", str(state))
    for _ in range(2):
        environment = {"PATH": f"{tools}:/usr/bin:/bin", "EXIT_STATUS": status, "CALLS": str(calls)}
        assert subprocess.run(["bash", "-c", text], env=environment, check=False).returncode == 0
    assert [path.name for path in state.iterdir()] == ([file] if file else [])
    assert calls.exists() == (status == "7")
    if status == "7":
        assert calls.read_text() == "--no-block reboot\n"

"""Applying a small real recipe, whose steps write files, with failures, kills, resumption and undo."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import msgspec
import pytest

from gpusetup.apply.journal import Journal
from gpusetup.apply.preconditions import refuse_other_host
from gpusetup.apply.run import apply, look, undo
from gpusetup.apply.state_dir import StateDir
from gpusetup.content_dirs import content_dirs
from gpusetup.errors import MissingError, RefusedError, StepFailedError
from gpusetup.files import write
from gpusetup.render.model import Recipe, Step
from gpusetup.render.steps import digest, lookup, step_files
from gpusetup.value import to_json
from tests.stacks import desktop
from tests.support import Run


def step(name: str, **changes: str | bool) -> Step:
    """Return a step that writes its own name into a file, by way of a half-written one."""
    text = {
        "define": f"file=$GPUSETUP_ROOT/{name}",
        "check": '[[ $(cat "$file" 2>/dev/null) == whole ]]',
        "apply": 'echo half >"$file"\necho "writing $file"\necho whole >"$file"',
        "undo": 'rm -f "$file"',
    }
    return msgspec.convert({"id": name, "title": name, "why": "for the test"} | text | changes, Step)


def recipe(*steps: Step) -> Recipe:
    return Recipe(distro="fedora", release="44", stack=desktop(), steps=steps, digest=digest("", steps))


@pytest.fixture
def place(tmp_path: Path) -> StateDir:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/os-release").write_text("ID=fedora\nVERSION_ID=44\n")
    return StateDir(tmp_path)


def files(place: StateDir) -> dict[str, str]:
    return {path.name: path.read_text().strip() for path in place.root.iterdir() if path.is_file()}


def events(place: StateDir) -> list[tuple[str, str]]:
    return [(entry.step, entry.event) for entry in place.journal.entries()]


def quiet(_: str) -> None:
    return None


THREE = ("one", "two", "three")


def test_steps_run_in_order_and_a_second_run_does_nothing(place: StateDir) -> None:
    made = recipe(*map(step, THREE))
    assert look(made, place) == dict.fromkeys(THREE, False)
    assert events(place) == []
    assert apply(made, place, quiet) == "done"
    assert events(place) == [(name, event) for name in THREE for event in ("started", "applied")]
    before = events(place)
    assert apply(made, place, quiet) == "done"
    assert events(place) == before
    assert look(made, place) == dict.fromkeys(THREE, True)


def test_a_failing_step_stops_the_run_with_its_last_words_and_the_next_run_goes_on(place: StateDir) -> None:
    broken = step("two", apply="echo fine; echo 'no such package' >&2; false; echo never")
    with pytest.raises(StepFailedError, match=r"the step two failed .*: no such package") as caught:
        apply(recipe(step("one"), broken, step("three")), place, quiet)
    assert caught.value.exit_code == 6
    assert files(place) == {"one": "whole"}
    assert events(place)[-1] == ("two", "failed")
    assert apply(recipe(*map(step, THREE)), place, quiet) == "done"
    assert files(place) == dict.fromkeys(THREE, "whole")
    assert events(place).count(("one", "started")) == 1


def test_a_step_whose_check_says_no_after_it_ran_is_a_failure(place: StateDir) -> None:
    with pytest.raises(StepFailedError, match="its check phase still fails"):
        apply(recipe(step("one", apply="true")), place, quiet)


def test_a_failure_in_the_middle_of_a_check_is_seen(place: StateDir) -> None:
    """Under `if` or `&&` bash would ignore -e and look at the last command only."""
    with pytest.raises(StepFailedError):
        apply(recipe(step("one", check="false\ntrue", apply="true")), place, quiet)


def test_what_only_a_reboot_finishes_waits_for_it(place: StateDir) -> None:
    load = step("load", check="[[ -e $GPUSETUP_ROOT/booted ]]", apply="echo reboot", undo=":", reboot_after=True)
    made = recipe(load, step("after"))
    assert apply(made, place, quiet) == "reboot"
    assert events(place)[-1] == ("load", "waiting")
    assert "after" not in files(place)
    assert place.waiting() == made
    (place.root / "booted").touch()
    assert apply(made, place, quiet) == "done"
    assert events(place)[2:] == [("load", "applied"), ("after", "started"), ("after", "applied")]
    assert place.waiting() is None


def test_undo_goes_backwards_and_leaves_what_was_not_ours(place: StateDir) -> None:
    (place.root / "mine").write_text("whole")
    mine = step("mine")
    made = recipe(step("one"), mine, step("three"))
    apply(made, place, quiet)
    assert undo(place, quiet) == 2
    assert files(place) == {"mine": "whole"}
    assert [step for step, event in events(place) if event == "undone"] == ["three", "one"]
    assert undo(place, quiet) == 0


def test_each_step_is_undone_by_the_recipe_that_did_it(place: StateDir) -> None:
    apply(recipe(step("one"), step("old")), place, quiet)
    changed = step("one", check="false", apply='echo newer >"$file"', undo='echo undone >"$file"', reboot_after=True)
    apply(recipe(changed), place, quiet)
    assert undo(place, quiet) == 2
    assert files(place) == {"one": "undone"}


def test_a_failing_undo_is_said_and_can_be_run_again(place: StateDir) -> None:
    apply(recipe(step("one"), step("two", undo='[[ -e $GPUSETUP_ROOT/key ]]\nrm "$file"')), place, quiet)
    with pytest.raises(StepFailedError, match="undoing the step two"):
        undo(place, quiet)
    assert files(place) == {"one": "whole", "two": "whole"}
    (place.root / "key").touch()
    assert undo(place, quiet) == 2


def test_steps_of_a_script_are_undone_by_the_script(place: StateDir) -> None:
    apply(recipe(step("one")), place, quiet)
    place.journal.note("5" * 64, "two", "applied")
    with pytest.raises(MissingError, match="--undo"):
        undo(place, quiet)


def test_two_runs_at_once_are_refused(place: StateDir) -> None:
    with place.locked(), pytest.raises(RefusedError, match="another run"):
        apply(recipe(step("one")), place, quiet)
    assert apply(recipe(step("one")), place, quiet) == "done"


def test_a_torn_line_in_the_journal_costs_nothing_but_itself(place: StateDir) -> None:
    apply(recipe(step("one")), place, quiet)
    with place.journal.path.open("ab") as file:
        file.write(b'{"at":"2026-11-22T0')
    assert apply(recipe(step("one"), step("two")), place, quiet) == "done"
    assert events(place) == [(name, event) for name in ("one", "two") for event in ("started", "applied")]


def test_the_journal_is_read_by_the_script_too(tmp_path: Path) -> None:
    """Both sides of the format: what Python wrote is found by the very function of the script."""
    journal = Journal(tmp_path / "journal.jsonl")
    for event in ("started", "failed"):
        journal.note("d1", "kernel-headers", event)
    engine = (content_dirs("recipes")[0] / "formats/parts/engine.sh").read_text()
    function = engine[engine.index("last_event()") : engine.index("# run_phase STEP PHASE")]
    text = f"journal={journal.path}\n{function}\nlast_event kernel-headers; last_event kernel"
    assert subprocess.run(["bash", "-euc", text], capture_output=True, text=True, check=True).stdout == "failed\n"


KILLS = """
import os, signal, sys
from pathlib import Path
from gpusetup.apply import run
from gpusetup.apply.journal import Journal
from gpusetup.apply.state_dir import StateDir
from gpusetup.render.model import Recipe
from gpusetup.value import load

count, root, file = int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
real_note, real_run = Journal.note, run.phases.run

def tick():
    global count
    count -= 1
    if count < 0:
        os.kill(os.getpid(), signal.SIGKILL)

def note(*args):
    tick()
    real_note(*args)
    tick()

def phase(*args):
    tick()
    return real_run(*args)

Journal.note, run.phases.run = note, phase
run.apply(load(file, Recipe), StateDir(root), lambda line: None)
"""


@pytest.mark.slow
def test_killed_at_every_boundary_it_resumes_to_the_same_state(tmp_path: Path) -> None:
    """SIGKILL before and after each journal entry and before each phase, until a run is not killed any more."""
    made = recipe(*map(step, THREE))
    file = tmp_path / "recipe.json"
    write(file, to_json(made))
    kills = 0
    while True:
        root = tmp_path / f"root{kills}"
        root.mkdir()
        done = subprocess.run([sys.executable, "-c", KILLS, str(kills), str(root), str(file)], check=False)
        place = StateDir(root)
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL
        assert apply(made, place, quiet) == "done"
        assert files(place) == dict.fromkeys(THREE, "whole")
        assert undo(place, quiet) >= 0
        assert files(place) == {}
        kills += 1
    assert kills == 3 * (3 + 2 * 2)  # each step: check, apply, check, and two entries with a boundary on either side


def test_a_door_killed_half_way_is_a_failure_and_is_done_again(place: StateDir) -> None:
    half = step("one", apply='echo half >"$file"; kill -KILL $$')
    with pytest.raises(StepFailedError, match="killed by signal 9"):
        apply(recipe(half), place, quiet)
    assert files(place) == {"one": "half"}
    apply(recipe(step("one")), place, quiet)
    assert files(place) == {"one": "whole"}


@pytest.mark.parametrize("text", ["ID=fedora\nVERSION_ID=43\n", "ID=debian\nVERSION_ID=44\n", ""])
def test_another_system_is_refused(place: StateDir, text: str) -> None:
    refuse_other_host(recipe(), place.root)
    (place.root / "etc/os-release").write_text(text)
    with pytest.raises(RefusedError, match="fedora 44"):
        refuse_other_host(recipe(), place.root)


# ── the command ───────────────────────────────────────────────────────────────────────────────────────────────────

FOR_4090 = ("install", "--distro", "fedora", "--release", "44", "--gpu", "RTX 4090")


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Return a recipes folder that turns every built-in step off and has one that writes a file."""
    folder = tmp_path / "own/fedora"
    folder.mkdir(parents=True)
    for name in step_files([content_dirs("recipes")[0] / kind for kind in lookup("fedora")]):
        (folder / name).write_text('{% extends "step.sh.j2" %}{% block when %}{% endblock %}')
    (folder / "50-note.sh.j2").write_text(
        textwrap.dedent("""\
        {% extends "step.sh.j2" %}
        {% block title %}Write a note{% endblock %}
        {% block why %}To see that it is written.{% endblock %}
        {% block check %}[[ -e $root/note ]]{% endblock %}
        {% block apply %}
        release={{ stack.release | sh }}
        echo "release $release" | write_file note /note 600
        {% endblock %}
        {% block undo %}restore_files note{% endblock %}
        """)
    )
    return folder.parent


def test_the_command_asks_applies_and_takes_back(gpusetup: Run, place: StateDir, own: Path) -> None:
    env = {"GPUSETUP_ROOT": str(place.root)}
    apply_it = (*FOR_4090, "--recipes", own, "--apply")
    unasked = gpusetup(*apply_it, env=env)
    assert unasked.returncode == 4
    assert "--yes" in unasked.stderr
    dry = gpusetup(*apply_it, "--dry-run", env=env)
    assert (dry.returncode, dry.stdout) == (0, "to do  note\n")
    assert not (place.root / "var").exists()
    done = gpusetup(*apply_it, "--yes", env=env)
    assert (done.returncode, done.stdout) == (0, "all steps are done\n")
    assert (place.root / "note").read_text() == "release 44\n"
    assert (place.root / "note").stat().st_mode & 0o777 == 0o600
    undone = gpusetup("install", "--undo", "--yes", env=env)
    assert (undone.returncode, undone.stdout) == (0, "1 step undone\n")
    assert not (place.root / "note").exists()
    assert "nothing to undo" in gpusetup("install", "--undo", env=env).stdout


def test_the_command_goes_on_after_a_reboot_with_the_recipe_it_began(gpusetup: Run, place: StateDir, own: Path) -> None:
    env = {"GPUSETUP_ROOT": str(place.root)}
    note = own / "fedora/50-note.sh.j2"
    text = note.read_text().replace("[[ -e $root/note ]]", "[[ -e $root/booted ]]")
    note.write_text(text + "{% block reboot_after %}yes{% endblock %}")
    waiting = gpusetup(*FOR_4090, "--recipes", own, "--apply", "--yes", env=env)
    assert (waiting.returncode, waiting.stdout) == (7, "reboot now, then run the same command again\n")
    (place.root / "booted").touch()
    note.write_text("changed since: does not even render")
    assert gpusetup(*FOR_4090, "--recipes", own, "--apply", "--yes", env=env).stdout == "all steps are done\n"


def test_the_command_refuses_this_machine_for_another_ones_recipe(gpusetup: Run, place: StateDir, own: Path) -> None:
    (place.root / "etc/os-release").write_text("ID=debian\nVERSION_ID=12\n")
    done = gpusetup(*FOR_4090, "--recipes", own, "--apply", "--yes", env={"GPUSETUP_ROOT": str(place.root)})
    assert done.returncode == 4
    assert "debian 12" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_command_prints_a_script_the_recipe_or_why(gpusetup: Run, tmp_path: Path) -> None:
    script = gpusetup(*FOR_4090)
    assert script.returncode == 0
    assert script.stdout.startswith("#!/usr/bin/env bash")
    made = json.loads(gpusetup(*FOR_4090, "--json").stdout)
    assert made["digest"] in script.stdout
    why = gpusetup(*FOR_4090, "--explain").stdout
    assert "https://" in why
    assert "#!/usr/bin" not in why
    saved = tmp_path / "recipe.sh"
    assert gpusetup(*FOR_4090, "--output", saved).stdout == ""
    assert saved.read_text() == script.stdout
    assert saved.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (("--distro", "plan9"), 2, "plan9"),
        (("--release", "99"), 2, "99"),
        (("--gpu", "Voodoo 2"), 2, "Voodoo 2"),
        (("--cuda", "99.9", "--release", "44", "--gpu", "RTX 4090"), 2, "99.9"),
        (("--recipes", "/nonexistent", "--release", "44", "--gpu", "RTX 4090"), 2, "/nonexistent"),
        (("--apply", "--machine", "/dev/null"), 2, "--machine"),
        (("--machine", "/nonexistent"), 2, "/nonexistent"),
    ],
)
def test_bad_input_is_one_clear_line(gpusetup: Run, options: tuple[str, ...], code: int, says: str) -> None:
    done = gpusetup("install", *options)
    assert done.returncode == code, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""

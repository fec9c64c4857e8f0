"""What is built in holds to the check as a whole, and an own step is told where it does not."""

from __future__ import annotations

import json
import re
import shlex
import string
from functools import cache
from pathlib import Path

import msgspec
import pytest

from gpusetup.content_dirs import content_dirs
from gpusetup.doctor.remedies import repair
from gpusetup.doctor.remedies.fixes import table
from gpusetup.errors import WrongInputError
from gpusetup.render import environment
from gpusetup.render.blocks import SHELL, Blocks
from gpusetup.render.formats import render
from gpusetup.render.quoting import sh
from gpusetup.render.quoting_check import check_shell, check_values
from gpusetup.render.quoting_check.commands import check
from gpusetup.render.quoting_check.values import evaluations
from gpusetup.render.steps import lookup, read_library, recipe, step_files
from gpusetup.resolve.model import Stack
from tests.render import kinds
from tests.render.bash_oracle import MARK, run
from tests.stacks import cardless, desktop, laptop
from tests.support import Run

pytestmark = pytest.mark.slow

FAMILIES = ("fedora", "debian", "suse")
HOSTS = Path(__file__).parents[1] / "doctor/hosts"
RECIPES = content_dirs("recipes")[0]
STACKS = dict.fromkeys(kinds.KINDS, kinds.stack) | {
    "written laptop": laptop,
    "written desktop": desktop,
    "no card": cardless,
}
RUNNERS = {"as_owner": 1, "as_person": 1, "renew": 1, "undo_by": 1, "with_packages": 1, "as_its_owner": 3}
"""Functions that run words as a command, all behind so many: each call of theirs is looked at."""
RUN_WORDS = {("as_owner", "first"), ("as_person", "first"), ("renew", "first"), ("with_packages", "first")}
"""They run what they are given, which is looked at where they are called."""
RUN_NOTES = {("take_back", "words")}
"""It runs the commands that `undo_by` and `renew` have noted, and their calls are looked at."""
RUN_INTERPRETERS = {
    ("found_nothing", "python"),  # the interpreter that has gpusetup: ours (`Asked.python`)
    ("as_its_owner", "python"),  # the same, which finds out whose the environment is and becomes that user
    ("run_module", "first"),  # the environment's own, and we are its owner by now; `in_environment` has seen its name
}
"""They run the interpreter that a variable names: that is what they are there for."""
RUN = RUN_WORDS | RUN_NOTES | RUN_INTERPRETERS
CARD = "NVIDIA GeForce GTX 1050 $(touch X)"
STEP = """{{% extends "step.sh.j2" %}}
{{% block title %}}T{{% endblock %}}{{% block why %}}W{{% endblock %}}
{{% block check %}}
false
{{% endblock %}}
{{% block apply %}}
{apply}
{{% endblock %}}
"""
NAME = "{{ stack.request.cards[0].name | sh }}"


def stack(name: str) -> Stack:
    make = STACKS[name]
    return kinds.stack(name) if make is kinds.stack else make()


@pytest.mark.parametrize("name", STACKS)
def test_no_built_in_step_evaluates_what_may_hold_a_value(name: str) -> None:
    made = stack(name)
    distro, variant = made.request.distro, made.request.variant
    folders = [RECIPES / kind for kind in lookup(distro, variant)]
    templates = environment.steps([*folders, RECIPES])
    tried = 0
    for file in step_files(folders):
        blocks = Blocks(file, templates, made)
        if blocks("when").replace("\ue002", "").strip():
            blocks.prove(read_library(distro))
            tried += 1
    assert tried == len(recipe(made).steps)


@pytest.mark.parametrize("path", sorted(RECIPES.rglob("*.sh")), ids=lambda path: f"{path.parent.name}-{path.name}")
def test_every_library_is_understood_as_a_whole(path: Path) -> None:
    assert check_shell(path.read_text(), whole=True) == path.read_text()


@cache
def remedies(family: str) -> str:
    """Return the commands of all remedies under the functions that they call, as the steps of a repair have them."""
    library = "\n".join((read_library(family), *repair._functions()))
    given = f"step={sh('x')} rule={sh('x')} python={sh('x')} person={sh('x')}\nasked=({sh(['a'])})\n"
    commands = []
    for row in table().values():
        for name, own in (row.step or {}).items():
            printed = [one for one in row.commands[name] if "sudo " in one and not repair._only_looks(one)]
            commands += [*(own or printed), *(f"undo_by {one}" for one in row.undo)]
    filled = [
        one.format_map({name: sh("v") for _, name, _, _ in string.Formatter().parse(one) if name}) for one in commands
    ]
    return "\n".join((library, given, "found_nothing", *dict.fromkeys(filled), "take_back\n"))


@cache
def evaluated(family: str) -> tuple[set[tuple[str, str]], list[str]]:
    """Return which functions run what a variable names, and what else evaluates something that may hold a value."""
    text = remedies(family)
    functions = check(text, whole=True).functions
    run, else_ = set(), []
    for error in evaluations(text, RUNNERS):
        inside = [one.name for one in functions if one.start <= error.at < one.end]
        found = re.search(r", evaluates \$(\w+), which may hold a value, as the name of a command$", error.what)
        if found and inside:
            run.add((inside[-1], found[1]))
        else:
            else_.append(str(error))
    return run, else_


@pytest.mark.parametrize("family", FAMILIES)
def test_no_remedy_evaluates_what_may_hold_a_value(family: str) -> None:
    run, else_ = evaluated(family)
    assert else_ == []
    assert run <= RUN


def test_each_function_that_may_run_what_a_variable_names_does() -> None:
    assert set().union(*(evaluated(family)[0] for family in FAMILIES)) == RUN


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.parametrize("given", [f"given={sh('v')}\n{{}}", f"more() {{{{ {{}}; }}}}\nmore {sh('v')}"])
def test_a_value_that_a_remedy_would_run_is_found_where_a_runner_is_called(runner: str, given: str) -> None:
    name = '"$given"' if given.startswith("given") else '"$1"'
    call = given.format(" ".join([runner, *["x"] * (RUNNERS[runner] - 1), name]))
    text = f"{remedies('debian')}{call}\n"
    start = len(remedies("debian"))
    assert [one for one in evaluations(text, RUNNERS) if one.at >= start and "name of a command" in one.what]


@pytest.mark.parametrize(
    "text", ["f() { (( $1 )); }", 'f() { eval "$1"; }', "f() { local -n to=$1; to=x; }", "f() { [[ $1 -gt 2 ]]; }"]
)
def test_a_function_that_evaluates_its_argument_would_be_found(text: str) -> None:
    with pytest.raises(WrongInputError, match="may hold a value"):
        check_values(f"{text}\nf {sh('v')}\n")


@pytest.mark.parametrize(
    ("apply", "says"),
    [
        (f"cat << EOF\ncard: \n\n{NAME}\nEOF", "line 10: .* into a here-document"),
        (f"say `echo {NAME}`", "line 7: .* inside backquotes"),
        (f"if true; then\n  (( cards[{NAME}] = 1 ))\nfi", "line 8: .* into arithmetic"),
        (f"card={NAME}\nsay x\n(( card ))", "line 9: .* evaluates .card, which may hold a value"),
        (f"look() {{ [[ $1 -gt 2 ]]; }}\nlook {NAME}", "line 7: .* evaluates .1, which may hold a value"),
        (f"say {NAME}\nsay \"open", "line 8: .* double quote without its end"),
        ("say {{ stack.release }}", "line 7: .* unquoted value '44'"),
    ],
)  # fmt: skip
def test_an_own_step_is_refused_with_its_line(apply: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "fedora").mkdir()
    (tmp_path / "fedora/33-mine.sh.j2").write_text(STEP.format(apply=apply))
    with pytest.raises(WrongInputError, match=rf"33-mine\.sh\.j2, {says}"):
        recipe(laptop(), tmp_path)


def run_own_step(script: str, work: Path) -> int:
    """Carry out the step `mine` of a script, in `work`, on a host that is a folder; return the exit status."""
    state = work / "host/var/lib/gpusetup"  # which a script makes before its first step
    state.mkdir(parents=True, mode=0o700)
    functions = script.rpartition("case ${1:-} in")[0]
    return run(f"export GPUSETUP_ROOT={shlex.quote(str(work / 'host'))}\n{functions}\nstep_mine apply", work)


def test_a_hostile_card_of_a_saved_machine_is_data_in_an_own_step(tmp_path: Path) -> None:
    """The way the guide teaches: through a variable, and as an argument."""
    (tmp_path / "fedora").mkdir()
    (tmp_path / "fedora/33-mine.sh.j2").write_text(STEP.format(apply=f'card={NAME}\nsay "$card" {NAME} >told'))
    base = laptop()
    card = msgspec.structs.replace(base.request.cards[0], name=CARD)
    made = recipe(msgspec.structs.replace(base, request=msgspec.structs.replace(base.request, cards=(card,))), tmp_path)
    work = tmp_path / "work"
    assert run_own_step(render(made, "bash", "2026-11-22"), work) == 0
    assert (work / "told").read_text() == f"{CARD} {CARD}\n"
    assert not (work / MARK).exists()


def test_the_command_refuses_or_keeps_whole_the_card_of_a_saved_machine(gpusetup: Run, tmp_path: Path) -> None:
    machine = (HOSTS / "pascal_laptop.json").read_text()
    name = json.loads(machine)["gpus"][0]["name"]
    (tmp_path / "machine.json").write_text(machine.replace(json.dumps(name), json.dumps(CARD)))
    own = tmp_path / "own/fedora"
    own.mkdir(parents=True)
    command = ("install", "--machine", tmp_path / "machine.json", "--recipes", own.parent)
    (own / "33-mine.sh.j2").write_text(STEP.format(apply=f"cat << EOF\ncard: \n\n{NAME}\nEOF"))
    done = gpusetup(*command)
    assert done.returncode == 2
    assert "33-mine.sh.j2, line 10" in done.stderr
    assert "here-document" in done.stderr
    (own / "33-mine.sh.j2").write_text(STEP.format(apply=f'card={NAME}\nsay "$card" >told'))
    done = gpusetup(*command)
    assert done.returncode == 0
    work = tmp_path / "work"
    assert run_own_step(done.stdout, work) == 0
    assert (work / "told").read_text() == f"{CARD}\n"
    assert not (work / MARK).exists()


def test_a_line_of_a_recipe_cannot_end_a_section_of_a_kickstart() -> None:
    made = recipe(laptop())
    assert "%post" in render(made, "kickstart", "2026-11-22")
    step = msgspec.structs.replace(made.steps[0], define="names=(\n%end\n)\n")
    with pytest.raises(WrongInputError, match="may end a section of a kickstart"):
        render(msgspec.structs.replace(made, steps=(step,)), "kickstart", "2026-11-22")


@pytest.mark.parametrize(("kind", "line"), [("kickstart", "GPUSETUP_END"), ("bundle", "GPUSETUP_END")])
def test_a_line_of_a_recipe_cannot_end_the_here_document_it_is_carried_in(kind: str, line: str) -> None:
    made = recipe(laptop())
    step = msgspec.structs.replace(made.steps[0], define=f"names=(\n{line}\n)\n")
    with pytest.raises(WrongInputError, match="here-document of that name"):
        render(msgspec.structs.replace(made, steps=(step,)), kind, "2026-11-22")


def test_the_blocks_that_are_shell_text_are_those_of_a_step() -> None:
    assert set(SHELL) == {"define", "check", "apply", "undo"}

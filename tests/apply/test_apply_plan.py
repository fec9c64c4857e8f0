"""A plan is a wish: whatever was changed in the file, nothing of its shell text is run, and only facts are used."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gpusetup.apply.saved_plan import agreed, own_steps
from gpusetup.apply.state_dir import StateDir
from gpusetup.cli._apply import carry_out
from gpusetup.errors import RefusedError
from gpusetup.facts import facts
from gpusetup.render.model import Origin, Recipe
from gpusetup.render.steps import digest, recipe
from gpusetup.resolve import resolve
from gpusetup.resolve.model import Card, Request, Stack
from gpusetup.value import to_json
from tests.support import Run

HERE = Origin(arch="x86_64", cards=(), kernel=None, driver=None, secure_boot=None)
ADA = Card(name="GeForce RTX 4090", arch="Ada Lovelace", compute_capability="8.9", known_by="option --gpu")
replace = msgspec.structs.replace


@pytest.fixture(scope="module")
def saved() -> Recipe:
    """What `install --json` saves, of a request whose stack has repositories, keys, archives and wheels."""
    made = recipe(resolve(Request(release="44", cards=(ADA,)), facts()))
    return replace(made, origin=HERE)


def again(made: Recipe, **changes: Any) -> Recipe:
    """Return `made` changed, with a digest that fits, as whoever forges a plan makes it."""
    forged = replace(made, **changes)
    return replace(forged, digest=digest(forged.library, forged.steps))


def with_stack(made: Recipe, path: str, value: object) -> Recipe:
    """Return `made` with a value deep inside its stack changed, and its steps rendered from that."""
    stack = json.loads(to_json(made.stack))
    *way, last = path.split(".")
    place: Any = stack
    for name in way:
        place = place[int(name) if name.isdecimal() else name]
    assert last.isdecimal() or last in place
    place[int(last) if last.isdecimal() else last] = value
    forged = msgspec.convert(stack, Stack, strict=False)
    return again(made, stack=forged, steps=recipe(forged).steps)


def test_an_honest_plan_is_made_anew_and_is_the_same(saved: Recipe) -> None:
    assert agreed(saved, None, facts()) == saved


def test_what_is_carried_out_is_never_the_files_own_text(saved: Recipe) -> None:
    """Even where nothing differs, the steps are those that were rendered here."""
    made = agreed(saved, None, facts())
    assert made.steps is not saved.steps
    assert made.library is not saved.library


def forged_step(made: Recipe) -> Recipe:
    evil = replace(made.steps[3], apply="id >/tmp/pwned\n")
    return again(made, steps=(*made.steps[:3], evil, *made.steps[4:]))


FORGED: dict[str, tuple[Callable[[Recipe], Recipe], str]] = {
    "a step's commands": (forged_step, "differs in its apply"),
    "a step more": (lambda m: again(m, steps=(*m.steps, replace(m.steps[0], id="more"))), "more is only in the file"),
    "a step less": (lambda m: again(m, steps=m.steps[1:]), "preflight is not in the file"),
    "a step twice": (lambda m: again(m, steps=(*m.steps, m.steps[0])), "repeated"),
    "the order": (lambda m: again(m, steps=m.steps[::-1]), "order"),
    "a title": (lambda m: again(m, steps=(replace(m.steps[0], title="x\r\x1b[2K"), *m.steps[1:])), "in its title"),
    "a function": (lambda m: again(m, library=m.library + "say() { id; }\n"), "functions"),
    "no origin": (lambda m: again(m, origin=None), "record the machine"),
    "no stack": (lambda m: again(m, stack=None), "has no request"),
    "another system": (lambda m: again(m, distro="debian"), "its system differs"),
    "a repository": (lambda m: with_stack(m, "repositories.0.metalink", "https://evil.example/"), "repositories"),
    "a key's address": (lambda m: with_stack(m, "repositories.0.key.url", "https://evil.example/k"), "repositories"),
    "a fingerprint": (lambda m: with_stack(m, "repositories.0.key.fingerprint", "A" * 40), "repositories"),
    "unsigned": (lambda m: with_stack(m, "repositories.0.signed_packages", False), "repositories"),
    "a package": (lambda m: with_stack(m, "driver.packages.0", "evil"), "different driver"),
    "an index": (
        lambda m: with_stack(m, "environments.0.requirements.0.index", "https://evil.example"),
        "environments",
    ),
    "a wheel's digest": (lambda m: with_stack(m, "environments.0.requirements.0.sha256", "0" * 64), "environments"),
    "a compiler": (lambda m: with_stack(m, "toolkit.host_compiler", "/tmp/evil"), "different toolkit"),
    "a distribution": (lambda m: with_request(m, distro="../../tmp/evil"), "requests something unknown"),
    "a release": (lambda m: with_request(m, release="1"), "requests something unknown"),
    "a driver": (lambda m: with_request(m, driver="1.2"), "requests something unknown"),
    "a framework": (lambda m: with_request(m, frameworks=("evil",)), "in no table"),
    "a capability": (lambda m: with_request(m, cards=(replace(ADA, compute_capability="$(id)"),)), "in no table"),
    "an architecture": (lambda m: with_request(m, machine_arch="x86_64; id"), "in no table"),
}


def with_request(made: Recipe, **changes: Any) -> Recipe:
    assert made.stack is not None
    return again(made, stack=replace(made.stack, request=replace(made.stack.request, **changes)))


@pytest.mark.parametrize("what", FORGED)
def test_a_plan_that_was_changed_is_refused_and_says_where(saved: Recipe, what: str) -> None:
    forge, says = FORGED[what]
    with pytest.raises(RefusedError, match=says) as caught:
        agreed(forge(saved), None, facts())
    assert caught.value.exit_code == 4
    assert caught.value.message.isprintable()
    assert "plan" in caught.value.remedy


def test_another_request_is_another_plan(saved: Recipe) -> None:
    """A request that the tables allow, under the steps of the first one."""
    with pytest.raises(RefusedError, match="the step environments differs"):
        agreed(with_request(saved, python_env="uv"), None, facts())


# ── own steps ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "own/fedora"
    folder.mkdir(parents=True)
    (folder / "33-mine.sh.j2").write_text(
        '{% extends "step.sh.j2" %}{% block title %}Mine{% endblock %}{% block why %}Why.{% endblock %}'
        "{% block check %}false{% endblock %}{% block apply %}touch /mine\nprintf '\\r'{% endblock %}"
    )
    return folder.parent


def test_own_steps_need_their_folder_here_too(saved: Recipe, own: Path) -> None:
    assert saved.stack is not None
    mine = replace(recipe(saved.stack, own), origin=HERE)
    with pytest.raises(RefusedError, match="mine is only in the file") as caught:
        agreed(mine, None, facts())
    assert "--recipes DIR" in caught.value.remedy
    assert agreed(mine, own, facts()) == mine
    assert [step.id for step in own_steps(mine, own)] == ["mine"]
    assert own_steps(saved, None) == ()
    note = own / "fedora/33-mine.sh.j2"
    note.write_text(note.read_text().replace("touch /mine", "touch /other"))
    with pytest.raises(RefusedError, match="mine differs in its apply"):
        agreed(mine, own, facts())


def test_an_own_library_makes_every_step_ones_own(saved: Recipe, own: Path) -> None:
    assert saved.stack is not None
    (own / "library.sh").write_text("say() { id; }\n")
    made = recipe(saved.stack, own)
    assert own_steps(made, own) == made.steps


# ── the command ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    for name, text in (("etc/os-release", "ID=fedora\nVERSION_ID=44\n"), ("tmp/.keep", "")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_the_command_runs_nothing_of_a_forged_plan(gpusetup: Run, saved: Recipe, root: Path) -> None:
    """The proof of the review: `id` ran as root, and the digest fitted."""
    evil = replace(saved.steps[0], check="false\n", apply="id >$GPUSETUP_ROOT/tmp/pwned\n")
    file = root / "plan.json"
    for origin in (None, HERE):
        file.write_text(to_json(again(saved, steps=(evil,), origin=origin)))
        for more in ((), ("--dry-run",)):
            done = gpusetup("install", "--apply", "--plan", file, "--yes", *more, env={"GPUSETUP_ROOT": str(root)})
            assert done.returncode == 4, done.stderr
            assert "plan again" in done.stderr or "plan on this machine" in done.stderr
            assert "Traceback" not in done.stderr
    assert not (root / "tmp/pwned").exists()
    assert not (root / "var").exists()


def test_a_saved_plan_may_come_from_a_pipe(saved: Recipe, root: Path) -> None:
    words = [str(Path(sys.executable).with_name("gpusetup")), "install", "--apply", "--plan", "-", "--dry-run"]
    there = os.environ | {"GPUSETUP_ROOT": str(root)}
    text = to_json(again(saved, origin=None))
    done = subprocess.run(words, input=text, env=there, capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert "does not record the machine" in done.stderr  # it was read as a plan


def test_the_command_shows_own_steps_in_full_and_harmless_before_it_asks(gpusetup: Run, root: Path, own: Path) -> None:
    asked = ("install", "--gpu", "RTX 4090", "--release", "44", "--recipes", own, "--apply")
    done = gpusetup(*asked, env={"GPUSETUP_ROOT": str(root)})
    assert done.returncode == 4  # nobody to ask
    assert "touch /mine" in done.stderr
    assert "touch /mine" in done.stderr.split("there is no terminal")[0]
    assert "\r" not in done.stderr
    assert not (root / "var").exists()


@pytest.mark.parametrize("title", ["a\rDo nothing", "a\x1b[2Kb", "a\n::stop-commands::x"])
def test_a_title_cannot_rewrite_the_question(
    capsys: pytest.CaptureFixture[str], saved: Recipe, root: Path, title: str
) -> None:
    with pytest.raises(RefusedError):
        carry_out(replace(saved, steps=(replace(saved.steps[0], title=title),)), StateDir(root), yes=False)
    said = capsys.readouterr().err
    assert all(line.isprintable() for line in said.splitlines())
    assert len(said.splitlines()) == 1

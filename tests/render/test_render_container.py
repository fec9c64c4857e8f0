"""The Containerfile: built upon an image that is named in full, clean to its linter, closed to hostile values."""

from __future__ import annotations

import subprocess
from pathlib import Path

import msgspec
import pytest

from gpusetup.content_dirs import content_dirs
from gpusetup.errors import RefusedError, WrongInputError
from gpusetup.facts import facts
from gpusetup.render.container import Container, ContainerJob
from gpusetup.render.container import render as render_container
from gpusetup.render.container.bases import base, base_row, own_base
from gpusetup.render.container.wheels import read_wheels
from gpusetup.resolve.model import Requirement, Stack
from tests.stacks import desktop, laptop
from tests.support import tool

JOB = ContainerJob(image="localhost/t:1", name="t", command=("python",))
BASE = "registry.fedoraproject.org/fedora:44"


def with_floor(stack: Stack, *floors: str) -> Stack:
    environments = zip(stack.environments, floors, strict=True)
    return msgspec.structs.replace(
        stack, environments=tuple(msgspec.structs.replace(one, driver_floor=floor) for one, floor in environments)
    )


def render(stack: Stack, reference: str = BASE, own: Path | None = None, name: str = "fedora") -> Container:
    chosen = own_base(reference, base_row(facts(), name))
    return render_container(stack, chosen, JOB, facts(), made="2026-11-22", own=own)


@pytest.mark.parametrize("stack", [laptop(), desktop()], ids=["laptop", "desktop"])
def test_every_requirement_and_no_driver_goes_in(stack: Stack) -> None:
    text = render(stack).text
    for environment in stack.environments:
        assert f"-m venv /opt/gpusetup/{environment.name} " in text
        for requirement in environment.requirements:
            assert requirement.text in text
    assert stack.driver is not None
    assert not [name for name in stack.driver.packages if name in text]


def test_the_floor_is_the_highest_of_the_environments() -> None:
    stack = desktop()
    floors = ["525.60.13", "1000.5"][: len(stack.environments)]
    built = render(with_floor(stack, *floors))
    assert built.driver_floor == floors[-1]
    assert f"LABEL io.gpusetup.driver-floor={floors[-1]}" in built.text


@pytest.mark.parametrize("stack", [laptop(), desktop()], ids=["laptop", "desktop"])
def test_hadolint_finds_nothing(stack: Stack, tmp_path: Path) -> None:
    hadolint = tool("hadolint")
    path = tmp_path / "Containerfile"
    path.write_text(render(with_floor(stack, *["580"] * len(stack.environments))).text)
    found = subprocess.run([hadolint, path], capture_output=True, text=True, check=False)
    assert found.stdout == ""
    path.write_text("FROM fedora\nRUN cd /tmp && sudo dnf install x\n")
    assert subprocess.run([hadolint, path], capture_output=True, check=False).returncode != 0  # it can find something


@pytest.mark.parametrize("hostile", ["torch==1 && touch /pwned", "$(touch /pwned)", "a'; touch /pwned; '", "`id`"])
def test_a_hostile_requirement_stays_one_word_for_the_shell(hostile: str) -> None:
    stack = laptop()
    first = msgspec.structs.replace(stack.environments[0], requirements=(Requirement(text=hostile),))
    text = render(msgspec.structs.replace(stack, environments=(first,))).text
    install = text.partition("--only-binary=:all:")[2].partition(" \\\n    && ")[0]
    words = subprocess.run(
        ["bash", "-c", f"printf '%s\\n' {install}"], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert words[-1] == hostile
    assert all(word.startswith("-") or word.endswith(".json") for word in words[:-1])


@pytest.mark.parametrize("base", ["fedora", "fedora:44 AS x\nRUN id", "", "a:b c", "fedora:44@sha256:short"])
def test_a_base_that_is_no_whole_image_name_is_refused(base: str) -> None:
    with pytest.raises(WrongInputError):
        render(laptop(), base)


def test_a_digest_pins_the_base() -> None:
    pinned = f"{BASE}@sha256:{'0' * 64}"
    assert f"FROM {pinned} AS python\n" in render(laptop(), pinned).text


def test_an_unknown_base_and_an_unknown_release_are_refused() -> None:
    with pytest.raises(WrongInputError, match="known: fedora, "):
        base_row(facts(), "plan9")
    with pytest.raises(RefusedError, match="fedora 12"):
        base_row(facts(), "fedora", "12")


def test_your_own_template_comes_first(tmp_path: Path) -> None:
    (tmp_path / "formats").mkdir()
    (tmp_path / "formats" / "containerfile.j2").write_text("FROM {{ base.reference | sh }}\n")
    assert render(laptop(), own=tmp_path).text == f"FROM {BASE}\n"


LISTED = f"""# made by pip-compile
torch==2.14.0+cu130 --hash=sha256:{"a" * 64}
numpy==2.4.6 \\
    --hash=sha256:{"b" * 64} --hash=sha256:{"c" * 64}  # via torch
"""


def test_a_list_of_wheels_is_installed_by_its_hashes_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "wheels.txt").write_text(LISTED)
    wheels = read_wheels(tmp_path / "wheels.txt", desktop().environments[0])
    assert wheels == (
        f"torch==2.14.0+cu130 --hash=sha256:{'a' * 64}",
        f"numpy==2.4.6 --hash=sha256:{'b' * 64} --hash=sha256:{'c' * 64}",
    )
    job = msgspec.structs.replace(JOB, wheels=wheels)
    chosen = own_base(BASE, base_row(facts(), "fedora"))
    text = render_container(desktop(), chosen, job, facts(), made="2026-11-22").text
    assert text.count("pip install") == 1
    assert "--no-deps --require-hashes" in text
    assert f"'{wheels[0]}' '{wheels[1]}' >/tmp/hashed.txt" in text


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("torch==2.14.0+cu130\n", WrongInputError),
        (LISTED + "numpy --hash=sha256:x\n", WrongInputError),
        (LISTED + "-r other.txt\n", WrongInputError),
        (LISTED.replace("2.14.0", "2.13.0"), RefusedError),
        (LISTED.replace("torch==", "torchvision=="), RefusedError),
    ],
)
def test_a_list_that_is_not_whole_is_refused(text: str, error: type[Exception], tmp_path: Path) -> None:
    (tmp_path / "wheels.txt").write_text(text)
    with pytest.raises(error):
        read_wheels(tmp_path / "wheels.txt", desktop().environments[0])


def test_a_list_has_what_the_stack_asks_for_in_any_version(tmp_path: Path) -> None:
    made = desktop().environments[0]
    made = msgspec.structs.replace(made, requirements=(*made.requirements, Requirement(text="numpy")))
    (tmp_path / "wheels.txt").write_text(LISTED)
    assert len(read_wheels(tmp_path / "wheels.txt", made)) == 2
    (tmp_path / "wheels.txt").write_text(LISTED.replace("numpy==", "sympy=="))
    with pytest.raises(RefusedError, match="none of numpy"):
        read_wheels(tmp_path / "wheels.txt", made)


def test_the_tables_of_bases_hold_together() -> None:
    for row in facts().container_base:
        assert (content_dirs("containers")[0] / "bases" / f"{row.family}.j2").is_file()
        assert bool(row.image) != bool(row.on), row.id
    for tag in facts().image_tag:
        assert set(tag.digests) <= set(tag.tags), tag.id
        assert all(name.startswith(f"{tag.cuda}-") for name in tag.tags), tag.id


DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(("reference", "said"), [
    (BASE, f"# Not pinned: {BASE}, whose content can change; to pin it: --base IMAGE@sha256:DIGEST"),
    (f"{BASE}@{DIGEST}", f"# Pinned by digest: {BASE}"),
])  # fmt: skip
def test_the_file_says_whether_its_base_is_pinned(reference: str, said: str) -> None:
    lines = render(laptop(), reference).text.splitlines()
    assert [line for line in lines if line.startswith(("# Pinned", "# Not pinned"))] == [said]


def test_a_digest_that_the_facts_know_is_used_unless_it_is_not_wanted() -> None:
    row = next(one for one in facts().container_base if one.digest)
    assert base(facts(), row, "").reference == f"{row.image}@{row.digest}"
    assert base(facts(), row, "", pin=False).reference == row.image

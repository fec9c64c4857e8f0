"""Every call of dnf in every recipe uses only what both dnf 4 and dnf 5 understand, by the table of their words."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gpusetup.facts import facts
from gpusetup.render.formats import render
from gpusetup.render.steps import read_library, recipe
from tests.render.kinds import KINDS, stack

WORDS = {row.word: row for row in facts().command_word}
# dnf where a command can stand, up to where the command ends; so is advice such as "sudo dnf install gnupg2"
CALL = re.compile(
    r"(?:^[ \t]*|[;&|({][ \t]*|\b(?:sudo|then|do|else|if|command)[ \t]+|![ \t]+)dnf[ \t]+((?:[^\n;&|)`#\\]|\\\n)*)",
    re.MULTILINE,
)
ARRAY = re.compile(r"^\s*options\+?=\(([^)]*)\)", re.MULTILINE)


def calls(text: str) -> Iterator[list[str]]:
    """Yield the words of each call of dnf in shell text that speak to dnf itself: its command and its options."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    for match in CALL.finditer("\n".join(lines)):
        words = [word.strip("\"'") for word in match[1].replace("\\\n", " ").split()]
        options = [word.partition("=")[0] for word in words if re.fullmatch(r"--?[a-zA-Z][a-z0-9-]*(=.*)?", word)]
        command = next((word for word in words if re.fullmatch(r"[a-z][a-z-]*", word)), "")
        if command:
            yield [command, *options]


def library_calls(library: str, tmp_path: Path, **env: str) -> list[list[str]]:
    """Return what `dnf_install` says to dnf, run under bash with a recording dnf."""
    log = tmp_path / "log"
    script = f'{library}\ndnf() {{ printf "%s\\n" "$@" >>{log}; echo >>{log}; }}\ndnf_install a-package'
    subprocess.run(["bash", "-euo", "pipefail", "-c", script], check=True, env={"PATH": "/usr/bin:/bin", **env})
    words = log.read_text().split()
    return [[word.partition("=")[0] for word in words if word.startswith("-")] + ["install"]]


def problems(found: Iterator[list[str]] | list[list[str]]) -> list[str]:
    """Return what only one of the two understands, and what the table does not know."""
    wrong = []
    for word in {word for words in found for word in words}:
        row = WORDS.get(word)
        if row is None:
            wrong.append(f"{word} is not in the table")
        elif set(row.known_to) != {"dnf4", "dnf5"} or word in ("config-manager", "--nogpgcheck"):
            wrong.append(f"{word} is not the same in both")
    return wrong


@pytest.mark.parametrize("kind", KINDS)
def test_every_recipe_speaks_to_both(kind: str) -> None:
    made = recipe(stack(kind))
    for name in ("bash",) if KINDS[kind].variant else ("bash", "bundle"):
        text = render(made, name, "2026-11-22")
        assert problems(calls(text)) == []
    for array in ARRAY.findall(made.library):
        assert problems([re.findall(r"(?<!\S)(--[a-z-]+)", array)]) == []


@pytest.mark.parametrize("bundle", [False, True])
def test_what_the_library_says_to_dnf_is_understood_by_both(tmp_path: Path, bundle: bool) -> None:
    (tmp_path / "bundle/rpms-by-metadata").mkdir(parents=True)
    env = {"GPUSETUP_BUNDLE": str(tmp_path / "bundle")} if bundle else {}
    said = library_calls(read_library("fedora"), tmp_path, **env)
    assert "-y" in said[0]
    assert ("--repofrompath" in said[0]) == bundle
    assert problems(said) == []


@pytest.mark.parametrize(
    ("planted", "named"),
    [
        ("dnf config-manager --add-repo https://x", "config-manager"),
        ("dnf -y install --skip-unavailable a", "--skip-unavailable"),
        ("dnf install -y --downloaddir=/tmp a", "--downloaddir"),
        ("if ! dnf --use-host-config install a; then x; fi", "--use-host-config"),
        ("sudo dnf erase a", "erase"),
        ("dnf -y groupinstall b", "groupinstall"),
        ("x=$(dnf -y --nogpgcheck install a)", "--nogpgcheck"),
        ("dnf -y \\\n  --color=never install a", "--color"),
        ('fail "first: sudo dnf --frobnicate install a"', "--frobnicate"),
    ],
)
def test_what_only_one_understands_is_found(planted: str, named: str) -> None:
    assert any(problem.startswith(named) for problem in problems(calls(planted))), problems(calls(planted))


def test_a_comment_and_another_program_are_no_calls() -> None:
    assert list(calls("# dnf --color\ndnf5-plugins --color\n/usr/lib/dnf --color\necho dnf\n")) == []


def test_the_table_agrees_with_the_dnf_at_hand() -> None:
    """Where this machine has a dnf, its help lists what the table says it has."""
    told = subprocess.run(
        ["bash", "-c", "dnf --version && dnf install --help"], capture_output=True, text=True, check=False
    )
    if told.returncode:
        pytest.skip("dnf is not installed")
    version = "dnf5" if told.stdout.startswith("dnf5") else "dnf4"
    listed = set(re.findall(r"(?<![\w-])--?[a-zA-Z0-9][a-z0-9-]*", told.stdout))
    has = {row.word for row in WORDS.values() if row.word.startswith("-") and version in row.known_to}
    shared = {row.word for row in WORDS.values() if row.word.startswith("--") and len(row.known_to) > 1}
    assert shared <= listed, (version, shared - listed)
    assert not (listed & {row.word for row in WORDS.values() if row.word.startswith("--")}) - has - {"--repo"}

"""What the README and the pages tell people to type exists, and what they list is there."""

from __future__ import annotations

import re
import shlex
from itertools import takewhile

import click
import pytest

from gpusetup import errors
from gpusetup.cli import COMMANDS, root
from tests.support import ROOT

PAGES = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "checks/README.md"]
PAGES += sorted(str(page.relative_to(ROOT)) for page in (ROOT / "docs").glob("*.md"))
TYPED = re.compile(r"`(?:sudo )?(gpusetup [^`]+)`|^\$ (gpusetup .+)$", re.MULTILINE)


def typed() -> list[tuple[str, str]]:
    texts = {page: (ROOT / page).read_text() for page in PAGES}
    return [(page, match[1] or match[2]) for page, text in texts.items() for match in TYPED.finditer(text)]


def test_enough_is_found_to_be_worth_looking_at() -> None:
    assert len(typed()) > 20
    assert {text.split()[1] for _, text in typed()} >= set(COMMANDS)


@pytest.mark.parametrize(("page", "text"), typed())
def test_every_command_and_option_that_is_told_exists(page: str, text: str) -> None:
    words = shlex.split(text.partition(" → ")[0])[1:]
    command = root.get_command(click.Context(root), words[0]) if words else None
    if command is None:
        assert words[0].startswith("-") or words[0] == "…", f"{page}: {text}"
        return
    if isinstance(command, click.Group) and len(words) > 1:
        command = command.get_command(click.Context(command), words[1])
        assert command is not None, f"{page}: {text}"
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    for word in takewhile(lambda word: word != "--", words[1:]):  # what follows is a command of the user's own
        if word.startswith("--"):
            assert word.split("=")[0] in known | {"--help"}, f"{page}: {text}"


def test_every_link_inside_the_repository_leads_somewhere() -> None:
    for page in PAGES:
        folder = (ROOT / page).parent
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", (ROOT / page).read_text()):
            assert (folder / target).exists(), f"{page}: {target}"


def test_every_exit_code_is_in_the_table() -> None:
    told = (ROOT / "docs/architecture.md").read_text()
    codes = {kind.exit_code for kind in errors.GpusetupError.__subclasses__()}
    codes |= {errors.EXIT_FINE, errors.EXIT_PROBLEMS, errors.EXIT_REBOOT, errors.EXIT_INTERRUPTED, errors.EXIT_FAULT}
    codes |= {errors.EXIT_UNREAD}
    for code in codes:
        assert f"\n| {code} | " in told, code

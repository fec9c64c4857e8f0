"""What the README and the pages tell people to type exists, what they show is what is printed, and no link is dead."""

from __future__ import annotations

import re
import shlex
import tomllib
from itertools import takewhile

import click
import pytest

from gpusetup import errors
from gpusetup.cli import COMMANDS
from gpusetup.cli._branches import Branching
from gpusetup.cli._root import root
from gpusetup.cli.selftest import selftest
from tests.each import each
from tests.support import ROOT
from tools import samples
from tools.rule_pages import pages as rule_pages

PAGES = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "checks/README.md"]
WRITTEN = {"rules", "matrix"}
"""Folders of docs/ that are made when the site is."""
PAGES += sorted(
    str(page.relative_to(ROOT)) for page in (ROOT / "docs").rglob("*.md") if page.parent.name not in WRITTEN
)
TYPED = re.compile(r"`(?:sudo )?(gpusetup [^`]+)`|^\$ (gpusetup .+)$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")
URLS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]
MOST_WORDS = 600


def typed() -> list[tuple[str, str]]:
    texts = {page: (ROOT / page).read_text() for page in PAGES}
    return [(page, match[1] or match[2]) for page, text in texts.items() for match in TYPED.finditer(text)]


def test_enough_is_found_to_be_worth_looking_at() -> None:
    assert len(typed()) > 20
    assert {text.split()[1] for _, text in typed()} >= set(COMMANDS)


@each("page, text", typed())
def test_every_command_and_option_that_is_told_exists(page: str, text: str) -> None:
    words = shlex.split(text.partition(" → ")[0], comments=True)[1:]
    command = root.get_command(click.Context(root), words[0]) if words else None
    if command is None:
        assert words[0].startswith("-") or words[0] == "…", f"{page}: {text}"
        return
    if isinstance(command, click.Group) and len(words) > 1:
        command = command.get_command(click.Context(command), words[1])
        assert command is not None, f"{page}: {text}"
    subcommands: dict[str, click.Command] = getattr(command, "subcommands", {})  # of a command that also runs alone
    if subcommands and len(words) > 1 and not words[1].startswith("-"):
        assert words[1] in subcommands, f"{page}: {text}"
        command = subcommands[words[1]]
    if isinstance(command, Branching) and len(words) > 1 and words[1] in command.branches:
        command = command.branch(words[1])
    takers = [command]
    if command.context_settings.get("ignore_unknown_options"):  # `lock` passes options on, as its usage says
        takers.append(selftest)
    known = {
        option for one in takers for parameter in one.params for option in (*parameter.opts, *parameter.secondary_opts)
    }
    for word in takewhile(lambda word: word != "--", words[1:]):  # what follows is a command of the user's own
        if word.startswith("--"):
            assert word.split("=")[0] in known | {"--help"}, f"{page}: {text}"


@pytest.mark.parametrize("page", samples.pages(), ids=lambda page: page.name)
def test_every_sample_is_what_the_program_prints(page: str) -> None:
    text = (ROOT / page).read_text()
    assert samples.rewritten(text) == text, "run python -m tools.samples"


def test_the_readme_shows_a_machine_a_plan_a_proof_and_a_training_and_a_wrong_sample_would_be_seen() -> None:
    text = (ROOT / "README.md").read_text()
    assert samples.count(text) == 4
    wrong = text.replace("1 error: ", "2 errors: ")
    assert wrong != text == samples.rewritten(wrong)


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().split()) <= MOST_WORDS


def leads_somewhere(target: str) -> bool:
    """Say whether an address of the project, as the README has it, is a file here or a page of the site."""
    path = target.partition("#")[0]
    if path.startswith(files := f"{URLS['Homepage']}/blob/main/"):
        return (ROOT / path.removeprefix(files)).is_file()
    if not path.startswith(site := URLS["Documentation"]):
        return False
    if not path.endswith("/"):  # no page, but a picture that the site carries
        return path.endswith(".png") and (ROOT / "docs" / path.removeprefix(site)).is_file()
    page = path.removeprefix(site).rstrip("/")
    return page in WRITTEN or any((ROOT / "docs" / one).is_file() for one in (f"{page}.md", f"{page}/index.md"))


def test_links_of_the_readme_work_wherever_it_is_shown() -> None:
    found = LINK.findall((ROOT / "README.md").read_text())
    assert len(found) > 10
    assert [target for target in found if not leads_somewhere(target)] == []
    assert not leads_somewhere("docs/doctor.md")
    assert not leads_somewhere(f"{URLS['Documentation']}images/none.png")
    assert not leads_somewhere(f"{URLS['Documentation']}nothing/")


def test_the_project_has_one_address() -> None:
    """It is a placeholder until the repository has a home; then each place has to change."""
    home, site = URLS["Homepage"], URLS["Documentation"].rstrip("/")
    places = [*PAGES, "mkdocs.yml", "CITATION.cff", "pyproject.toml", ".github/ISSUE_TEMPLATE/config.yml"]
    for place in places:
        text = (ROOT / place).read_text()
        found = re.findall(r"https://(?:github\.com/[\w-]+/gpusetup\b|[\w-]+\.github\.io/gpusetup\b)", text)
        assert set(found) <= {home, site}, place


def test_every_link_inside_the_repository_leads_somewhere() -> None:
    rules = rule_pages()
    for page in PAGES:
        folder = (ROOT / page).parent
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", (ROOT / page).read_text()):
            place = (folder / target).resolve()
            written = {ROOT / "docs/rules": rules, ROOT / "docs/matrix": {"README.md"}}.get(place.parent, ())
            assert place.name in written or place.exists(), f"{page}: {target}"


def test_every_exit_code_is_in_the_table() -> None:
    told = (ROOT / "docs/architecture.md").read_text()
    codes = {kind.exit_code for kind in errors.GpusetupError.__subclasses__()}
    codes |= {errors.EXIT_FINE, errors.EXIT_PROBLEMS, errors.EXIT_REBOOT, errors.EXIT_INTERRUPTED, errors.EXIT_FAULT}
    codes |= {errors.EXIT_UNREAD}
    for code in codes:
        assert f"\n| {code} | " in told, code

"""Subcommands with options of their own: found by the first word, imported late, with one set of variables."""

from __future__ import annotations

import sys
from types import ModuleType

import click
import pytest
from click.testing import CliRunner

from gpusetup.cli._branches import Branch, Branching
from gpusetup.cli._command import Group


@pytest.fixture
def root(monkeypatch: pytest.MonkeyPatch) -> Group:
    """Return a group with one command, `herd`, which has the subcommand `feed`."""

    @click.command(cls=Branching, branches={"feed": "Feed the herd."})
    @click.argument("paths", nargs=-1, required=True)
    @click.option("--colour", default="red")
    def herd(paths: tuple[str, ...], colour: str) -> None:
        click.echo(f"herd {' '.join(paths)} {colour}")

    @click.command(cls=Branch)
    @click.argument("what")
    @click.option("--amount", default=1)
    def feed(what: str, amount: int) -> None:
        """Feed the herd."""
        click.echo(f"feed {what} {amount}")

    module = ModuleType("gpusetup.cli._herd_feed")
    module.feed = feed  # type: ignore[attr-defined]  # made here
    monkeypatch.setitem(sys.modules, module.__name__, module)
    group = Group(context_settings={"auto_envvar_prefix": "GPUSETUP"})
    group.add_command(herd)
    return group


def _run(root: Group, *words: str, **env: str) -> tuple[int, str]:
    done = CliRunner().invoke(root, list(words), env=env)
    return done.exit_code, done.output.strip()


def test_the_first_word_decides(root: Group) -> None:
    assert _run(root, "herd", "feed", "hay", "--amount", "3") == (0, "feed hay 3")
    assert _run(root, "herd", "folder", "feed") == (0, "herd folder feed red")
    assert _run(root, "herd", "./feed") == (0, "herd ./feed red"), "how a folder of that name is given"


def test_it_may_be_the_whole_program(root: Group) -> None:
    herd = root.commands["herd"]
    assert CliRunner().invoke(herd, ["feed", "hay"]).output == "feed hay 1\n"
    assert CliRunner().invoke(herd, ["folder"]).output == "herd folder red\n"


def test_each_takes_its_own_options_alone(root: Group) -> None:
    for words in (("herd", "feed", "hay", "--colour", "blue"), ("herd", "folder", "--amount", "3")):
        code, said = _run(root, *words)
        assert (code, "No such option" in said) == (2, True)


def test_the_help_lists_them(root: Group) -> None:
    assert "feed  Feed the herd." in _run(root, "herd", "--help")[1]
    told = _run(root, "herd", "feed", "--help")[1]
    assert "herd feed [OPTIONS] WHAT" in told
    assert "--amount" in told


def test_a_variable_serves_whoever_has_the_option_and_a_misspelt_one_nobody(root: Group) -> None:
    both = {"GPUSETUP_HERD_COLOUR": "blue", "GPUSETUP_HERD_AMOUNT": "7"}
    assert _run(root, "herd", "folder", **both) == (0, "herd folder blue")
    assert _run(root, "herd", "feed", "hay", **both) == (0, "feed hay 7")
    for words in (("herd", "folder"), ("herd", "feed", "hay")):
        code, said = _run(root, *words, GPUSETUP_HERD_AMONT="7")
        assert code == 2
        assert "did you mean GPUSETUP_HERD_AMOUNT?" in said

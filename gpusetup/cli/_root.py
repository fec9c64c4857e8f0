"""The root of the command line: its commands, each imported when it is asked for."""

from __future__ import annotations

import importlib

import click

from gpusetup import __version__
from gpusetup.cli import COMMANDS
from gpusetup.cli._command import PREFIX, Group, note_unknown_variables


class LazyGroup(Group):
    """A group whose commands are imported on demand, so that ``doctor`` does not load what ``install`` needs."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(f"gpusetup.cli.{cmd_name}"), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list of commands from the table, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": PREFIX})
@click.version_option(__version__, package_name="gpusetup", prog_name="gpusetup")
def root() -> None:
    """Take an NVIDIA GPU from bare metal to a deep-learning stack that is proven correct and reproducible."""
    note_unknown_variables(COMMANDS)

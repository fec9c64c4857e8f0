"""Subcommands with options of their own: ``gpusetup fleet keep`` is the function `keep` in ``cli/_fleet_keep.py``.

A new one is that file and its line in the command's table. It is imported only when it runs, or when a variable is set
that may belong to it. Subcommands that share most options with their command are `_subcommands`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from gpusetup.cli._command import PREFIX, Command

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class Branch(Command):
    """A subcommand. One variable serves an option of that name in the command and in each of its subcommands."""

    family: Branching | None = None

    def variables(self) -> Sequence[click.Parameter]:
        """Return its own parameters, and those of the command and of its other subcommands."""
        return [*self.params, *(self.family.variables() if self.family is not None else ())]


class Branching(Command):
    """A command whose first word may name a subcommand; if it names none, the command itself runs."""

    def __init__(self, *args: Any, branches: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.branches = branches
        """Names, each with its line in the help."""

    def branch(self, name: str) -> Branch:
        """Return the subcommand of that name."""
        found = getattr(import_module(f"gpusetup.cli._{self.name}_{name}"), name)
        assert isinstance(found, Branch)
        found.family = self
        return found

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Return the context of the subcommand that the first word names, else the command's own."""
        if not args or args[0] not in self.branches:
            return super().make_context(info_name, args, parent, **extra)
        if parent is not None and parent.auto_envvar_prefix:
            extra["auto_envvar_prefix"] = f"{parent.auto_envvar_prefix}_{str(info_name).upper()}"
        return self.branch(args[0]).make_context(f"{info_name} {args[0]}", args[1:], parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run what the context is of: where this command is the whole program, click asks it to run a subcommand."""
        return super().invoke(ctx) if ctx.command is self else ctx.command.invoke(ctx)

    def variables(self) -> Sequence[click.Parameter]:
        """Return the parameters that variables may set: with those of all subcommands, where there is a variable."""
        prefix = f"{PREFIX}_{str(self.name).upper()}_"
        if not any(name.startswith(prefix) for name in os.environ):
            return self.params
        return [*self.params, *(param for name in self.branches for param in self.branch(name).params)]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the subcommands after the options."""
        super().format_options(ctx, formatter)
        if self.branches:
            with formatter.section("Subcommands"):
                formatter.write_dl(list(self.branches.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete the names of subcommands as well."""
        from click.shell_completion import CompletionItem  # only where the shell asks

        names = [CompletionItem(name) for name in self.branches if name.startswith(incomplete)]
        return [*names, *super().shell_complete(ctx, incomplete)]

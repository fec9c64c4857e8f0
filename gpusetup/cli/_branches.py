"""Subcommands that share options: ``gpusetup doctor fix`` is ``doctor`` with one parameter set.

A `Branch` names the parameter it decides and the options that make sense with it. Each option stays defined once, at
the command; the option behind a subcommand is hidden from ``--help`` but still accepted (``doctor --fix``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click
import msgspec

from gpusetup.cli._command import Command

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class Branch(msgspec.Struct, frozen=True):
    """One subcommand: what it is for, the parameter it decides, and the options it takes by their parameters' names.

    With a `metavar` the parameter is taken as an argument, else it is a flag that is set.
    """

    name: str
    help: str
    decides: str
    options: tuple[str, ...]
    alone: tuple[str, ...] = ()
    """Options that only this branch takes: they are listed in its help and not in the command's."""
    metavar: str = ""
    default: Any = None
    """Default of the argument; without one the argument is required."""
    complete: Callable[[click.Context, click.Parameter, str], list[Any]] | None = None
    """Shell completion of the argument."""


class Family(Command):
    """A command with branches: if the first word names none, the command itself runs."""

    def __init__(self, *args: Any, branches: Sequence[Branch] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._elsewhere = {name for one in branches for name in (one.decides, *one.alone)}
        self.branches = {one.name: _BranchCommand(self, one) for one in branches}

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Return the context of the branch that the first word names, else the command's own."""
        branch = self.branches.get(args[0]) if args else None
        if branch is None:
            return super().make_context(info_name, args, parent, **extra)
        if parent is not None and parent.auto_envvar_prefix:  # one environment variable per option, in every branch
            extra["auto_envvar_prefix"] = f"{parent.auto_envvar_prefix}_{str(info_name).upper()}"
        return branch.make_context(f"{info_name} {args[0]}", args[1:], parent, **extra)

    def shown(self, ctx: click.Context) -> list[click.Parameter]:
        """Omit the options of the branches."""
        return [param for param in super().shown(ctx) if param.name not in self._elsewhere]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the branches after the options."""
        super().format_options(ctx, formatter)
        with formatter.section("Subcommands"):
            formatter.write_dl([(name, branch.get_short_help_str(200)) for name, branch in self.branches.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete the names of branches as well."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415 - only where the shell asks

        names = [CompletionItem(name) for name in self.branches if name.startswith(incomplete)]
        return [*names, *super().shell_complete(ctx, incomplete)]


class _BranchCommand(Command):
    """Runs the family's function with the branch's parameter set, and defaults for the options it does not take."""

    def __init__(self, family: Family, branch: Branch) -> None:
        taken = {*branch.options, *branch.alone}
        params: list[click.Parameter] = [param for param in family.params if param.name in taken]
        unknown = taken - {param.name for param in params}
        assert not unknown, f"{branch.name} takes options that {family.name} does not have: {unknown}"
        if branch.metavar:
            params.append(_argument(family, branch))
        super().__init__(branch.name, callback=family.callback, help=branch.help, params=params)
        self._family, self._branch = family, branch

    def variables(self) -> Sequence[click.Parameter]:
        """Return the parameters whose environment variables are accepted: those of the whole family."""
        return self._family.params

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse `args`, and give every other parameter of the family its default."""
        rest = super().parse_args(ctx, args)
        usual = self._family.make_context(ctx.info_name, [], ctx.parent, auto_envvar_prefix=ctx.auto_envvar_prefix)
        ctx.params = usual.params | ctx.params | ({} if self._branch.metavar else {self._branch.decides: True})
        return rest


def _argument(family: Family, branch: Branch) -> click.Argument:
    kind = next(param.type for param in family.params if param.name == branch.decides)
    usual = {"required": True} if branch.default is None else {"required": False, "default": branch.default}
    return click.Argument([branch.decides], type=kind, metavar=branch.metavar, shell_complete=branch.complete, **usual)

"""Subcommands that share options: ``gpusetup doctor fix`` is ``doctor`` with one parameter set.

A `Subcommand` names the parameter it decides and the options that make sense with it. Each option is defined once, at
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


class Subcommand(msgspec.Struct, frozen=True):
    """One subcommand: what it is for, the parameter it decides, and the options it takes by their parameters' names.

    With a `metavar` the parameter is taken as an argument, else it is a flag that is set.
    """

    name: str
    help: str
    decides: str
    options: tuple[str, ...]
    alone: tuple[str, ...] = ()
    """Options that only this subcommand takes: they are listed in its help and not in the command's."""
    metavar: str = ""
    default: Any = None
    """Default of the argument; without one the argument is required."""
    complete: Callable[[click.Context, click.Parameter, str], list[Any]] | None = None
    """Shell completion of the argument."""


class Family(Command):
    """A command with subcommands: if the first word names none, the command itself runs."""

    def __init__(self, *args: Any, subcommands: Sequence[Subcommand] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._elsewhere = {name for one in subcommands for name in (one.decides, *one.alone)}
        self.subcommands = {one.name: _SubcommandRunner(self, one) for one in subcommands}

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Return the context of the subcommand that the first word names, else the command's own."""
        chosen = self.subcommands.get(args[0]) if args else None
        if chosen is None:
            return super().make_context(info_name, args, parent, **extra)
        if parent is not None and parent.auto_envvar_prefix:  # one environment variable per option, in every subcommand
            extra["auto_envvar_prefix"] = f"{parent.auto_envvar_prefix}_{str(info_name).upper()}"
        return chosen.make_context(f"{info_name} {args[0]}", args[1:], parent, **extra)

    def shown(self, ctx: click.Context) -> list[click.Parameter]:
        """Omit the options of the subcommands."""
        return [param for param in super().shown(ctx) if param.name not in self._elsewhere]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the subcommands after the options."""
        super().format_options(ctx, formatter)
        with formatter.section("Subcommands"):
            formatter.write_dl([(name, chosen.get_short_help_str(200)) for name, chosen in self.subcommands.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete the names of subcommands as well."""
        from click.shell_completion import CompletionItem  # only where the shell asks

        names = [CompletionItem(name) for name in self.subcommands if name.startswith(incomplete)]
        return [*names, *super().shell_complete(ctx, incomplete)]


class _SubcommandRunner(Command):
    """Runs the family's function with the subcommand's parameter set, and defaults for the options it does not take."""

    def __init__(self, family: Family, chosen: Subcommand) -> None:
        taken = {*chosen.options, *chosen.alone}
        params: list[click.Parameter] = [param for param in family.params if param.name in taken]
        unknown = taken - {param.name for param in params}
        assert not unknown, f"{chosen.name} takes options that {family.name} does not have: {unknown}"
        if chosen.metavar:
            params.append(_argument(family, chosen))
        super().__init__(chosen.name, callback=family.callback, help=chosen.help, params=params)
        self._family, self._branch = family, chosen

    def variables(self) -> Sequence[click.Parameter]:
        """Return the parameters whose environment variables are accepted: those of the whole family."""
        return self._family.params

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse `args`, and give every other parameter of the family its default."""
        rest = super().parse_args(ctx, args)
        usual = self._family.make_context(ctx.info_name, [], ctx.parent, auto_envvar_prefix=ctx.auto_envvar_prefix)
        ctx.params = usual.params | ctx.params | ({} if self._branch.metavar else {self._branch.decides: True})
        return rest


def _argument(family: Family, chosen: Subcommand) -> click.Argument:
    kind = next(param.type for param in family.params if param.name == chosen.decides)
    usual = {"required": True} if chosen.default is None else {"required": False, "default": chosen.default}
    return click.Argument([chosen.decides], type=kind, metavar=chosen.metavar, shell_complete=chosen.complete, **usual)

"""Commands that reject what click would silently ignore.

An option with one value may be given once. Each option has a variable named after it (``--fail-on`` of ``doctor``:
``GPUSETUP_DOCTOR_FAIL_ON``). An error in its value names the variable, and a variable that matches no option is an
error.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from gpusetup.cli._streams import notify
from gpusetup.text import nearest

F = TypeVar("F", bound="Callable[..., Any]")

PREFIX = "GPUSETUP"
OTHERS = {"DEBUG", "ROOT", "TRUST_KEY", "BUNDLE", "ENVIRONMENTS", "IMAGE", "SIGN"}
"""GPUSETUP_ variables that are not options: DEBUG and ROOT of this program, the others of the scripts in recipes/."""


class Command(click.Command):
    """A command that rejects repeated options and unknown variables."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse `args`; raises `click.UsageError` for a repeated option or an unknown variable."""
        _name_variables(ctx, self.variables())
        if not ctx.resilient_parsing:
            _refuse_unknown_variables(ctx, self.variables())
            _refuse_repeated(ctx, self.make_parser(ctx).parse_args(list(args))[2])
        return super().parse_args(ctx, args)

    def variables(self) -> Sequence[click.Parameter]:
        """Return the parameters that environment variables may set."""
        return self.params

    def shown(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the parameters that the help lists."""
        return self.get_params(ctx)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options under the titles given by `section`, in order of first appearance."""
        titled: dict[str, list[tuple[str, str]]] = {}
        for param in self.shown(ctx):
            record = param.get_help_record(ctx)
            if record is not None and isinstance(param, click.Option):  # arguments are in the usage line
                titled.setdefault(getattr(param, "section", "Options"), []).append(record)
        for title, records in titled.items():
            with formatter.section(title):
                formatter.write_dl(records)


def section(title: str, *options: Callable[[F], F]) -> Callable[[F], F]:
    """Return a decorator that adds `options` in their order, under `title` in the command's help."""

    def add(command: F) -> F:
        for option in reversed(options):
            before = len(getattr(command, "__click_params__", ()))
            command = option(command)
            for param in command.__click_params__[before:]:  # type: ignore[attr-defined]  # click keeps them there
                param.section = title
        return command

    return add


class Group(click.Group):
    """A group whose commands are `Command`, and which suggests the nearest name for a misspelt one."""

    command_class = Command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the first word names; raises `click.UsageError` with a suggestion."""
        names = self.list_commands(ctx)
        if args and args[0] not in names and not args[0].startswith("-") and (guess := nearest(args[0], names)):
            raise click.UsageError(f"no such command {args[0]!r}; did you mean {guess}?", ctx)
        return super().resolve_command(ctx, args)


def note_unknown_variables(commands: Iterable[str]) -> None:
    """Print a note on stderr for GPUSETUP_ variables that belong to no command."""
    for name in sorted(os.environ):
        first = name.removeprefix(f"{PREFIX}_").partition("_")[0]
        ours = name.startswith(f"{PREFIX}_") and first != "TESTS"
        if ours and first.lower() not in commands and name.removeprefix(f"{PREFIX}_") not in OTHERS:
            notify(f"note: the environment variable {name} belongs to no gpusetup command and is ignored")


def blame_variable(error: click.ClickException) -> None:
    """Name the environment variable in the message where the wrong value came from one."""
    if not isinstance(error, click.BadParameter) or error.ctx is None or error.param is None:
        return
    if error.ctx.get_parameter_source(error.param.name or "") is ParameterSource.ENVIRONMENT:
        error.param_hint = f"the environment variable {error.param.envvar}"


def _name_variables(ctx: click.Context, params: Iterable[click.Parameter]) -> None:
    """Derive each option's variable from its longest name, not from the function's argument."""
    for param in params:
        if isinstance(param, click.Option) and param.envvar is None and ctx.auto_envvar_prefix:
            name = max(param.opts, key=len).lstrip("-").replace("-", "_").upper()
            param.envvar = f"{ctx.auto_envvar_prefix}_{name}"


def _refuse_unknown_variables(ctx: click.Context, params: Iterable[click.Parameter]) -> None:
    known = [str(param.envvar) for param in params if param.envvar]
    options = [name.removeprefix(f"{ctx.auto_envvar_prefix}_") for name in known]
    # a misspelt variable must not be ignored: whoever set it relies on its effect
    for name in sorted(os.environ):
        if name.startswith(f"{ctx.auto_envvar_prefix}_") and name not in known:
            guess = nearest(name.removeprefix(f"{ctx.auto_envvar_prefix}_"), options)
            raise click.UsageError(
                f"the environment variable {name} matches no option of {ctx.command_path}"
                + (f"; did you mean {ctx.auto_envvar_prefix}_{guess}?" if guess else ": unset it"),
                ctx,
            )


def _refuse_repeated(ctx: click.Context, given: Iterable[click.Parameter]) -> None:
    for param, times in Counter(given).items():
        several = param.multiple or getattr(param, "count", False) or param.nargs == -1
        plain = getattr(param, "is_flag", False) and not param.secondary_opts
        if times > 1 and not several and not plain:
            name = "/".join(param.opts + param.secondary_opts)
            raise click.UsageError(f"{name} is given {times} times, but takes one value", ctx)

"""Shell completion, and names with several spellings.

`eval "$(_GPUSETUP_COMPLETE=bash_source gpusetup)"` enables completion in bash; for zsh and fish see
(https://click.palletsprojects.com/en/stable/shell-completion/).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

SAME = (("torch", "pytorch"), ("tensorflow", "tf"), ("jax",))
"""Names of one framework: its module, then its aliases."""


class FrameworkName(click.Choice[str]):
    """A framework by any of its names, in any case: ``torch`` and ``PyTorch`` are the same."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name used in the choices."""
        name = str(value).lower()
        same = next((names for names in SAME if name in names), (name,))
        return super().convert(next((one for one in self.choices if one in same), value), param, ctx)


class OwnerName(click.ParamType[str]):
    """Whose driver it is, by its name in the tables, which are read only where the option is given or shown."""

    name = "owner"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name, which some distribution knows; the request says whether its own does."""
        return self._choice().convert(value, param, ctx)

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str | None:
        """Return the names, as they stand in --help."""
        return self._choice().get_metavar(param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Complete a name."""
        return self._choice().shell_complete(ctx, param, incomplete)

    def _choice(self) -> click.Choice[str]:
        from gpusetup.facts import facts  # only where the option is given or shown
        from gpusetup.resolve.model import WHEELS

        return click.Choice(list(dict.fromkeys([*(row.name for row in facts().driver_owner), WHEELS])))


class BaseName(click.ParamType[str]):
    """The base of an image, by its name in the tables; what knows them all judges a wrong one."""

    name = "base"

    def convert(self, value: Any, _param: click.Parameter | None, _ctx: click.Context | None) -> str:
        """Return the name."""
        return str(value)

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str | None:
        """Return the names, as they stand in --help."""
        return click.Choice(base_names()).get_metavar(param, ctx)

    def shell_complete(self, _ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Complete a name."""
        return _starting(base_names(), incomplete)


def base_names(*, of_nvidia: bool = False) -> list[str]:
    """Return the names of the bases, or of those alone that have a build stage with nvcc."""
    from gpusetup.facts import facts  # only where one is given or shown

    return list(dict.fromkeys(row.base for row in facts().container_base if row.on or not of_nvidia))


def rule_names(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the last of several rules: ids after a capital letter, slugs otherwise."""
    from gpusetup.doctor.registry import explained_rules  # only where the shell asks

    before, comma, last = incomplete.rpartition(",")
    wanted = (one.id if last[:1].isupper() else one.slug for one in explained_rules().values())
    return [_item(before + comma + name) for name in wanted if name.startswith(last)]


def gpu_names(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete a card's name from any part of it."""
    from gpusetup.facts import facts  # only where the shell asks

    low = incomplete.lower()
    return [_item(row.name) for row in facts().gpu if low in row.name.lower()]


def recipe_formats(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete a recipe format."""
    from gpusetup.render.formats import formats  # only where the shell asks

    return _starting((*formats(), "json"), incomplete)


def container_formats(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete a container format."""
    from gpusetup.content_dirs import content_dirs  # only where the shell asks
    from gpusetup.render.container.formats import formats

    return _starting(formats(content_dirs("containers")), incomplete)


def _starting(names: Iterable[str], incomplete: str) -> list[CompletionItem]:
    return [_item(name) for name in sorted(names) if name.startswith(incomplete)]


def _item(name: str) -> CompletionItem:
    from click.shell_completion import CompletionItem  # it costs every other start 3 ms

    return CompletionItem(name)

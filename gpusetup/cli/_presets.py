"""``--preset``: defaults for a purpose, from ``presets.toml``; what is given on the command line still holds."""

from __future__ import annotations

import click

NAMES = ("ci", "nightly")
"""The tables of ``presets.toml``, which is not read to print the help."""


def _set(ctx: click.Context, _option: click.Parameter, name: str | None) -> None:
    if name is not None:
        import tomllib
        from pathlib import Path

        table = tomllib.loads(Path(__file__).with_name("presets.toml").read_text())[name]
        ctx.default_map = {**(ctx.default_map or {}), **table.get(ctx.info_name, {})}


preset_option = click.option(
    "--preset", type=click.Choice(NAMES), is_eager=True, expose_value=False, callback=_set,
    help="Defaults for a purpose: ci, every change in some minutes; nightly, everything.",
)  # fmt: skip

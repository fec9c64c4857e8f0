"""A `Recipe` as one bash script."""

from __future__ import annotations

from gpusetup import __version__
from gpusetup.content import content_dirs
from gpusetup.render import environment
from gpusetup.render.model import Recipe
from gpusetup.render.settle import settle

TEMPLATE, ENGINE = "bash.sh.j2", "engine.sh"


def bash(recipe: Recipe, made: str) -> str:
    """Return the script for `recipe`; `made` is the day it was made, for its header."""
    (built_in,) = content_dirs("recipes")
    formats = built_in / "formats"
    template = environment.get(environment.scripts([formats]), TEMPLATE)
    engine = (formats / ENGINE).read_text()
    with environment.template_faults(TEMPLATE):
        text = template.render(recipe=recipe, stack=recipe.stack, engine=engine, made=made, version=__version__)
        return settle(text)
